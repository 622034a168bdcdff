/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request presents: reads header values, no request_rec (RFC 6750 section 2, RFC 9110
 * section 11). A certificate and a browser's login are no text that a request carries: whether they
 * count here stands beside, who they are is found elsewhere (tls.h, browser.h).
 */
#ifndef MOD_ZTA_IDENTITY_CREDENTIAL_H
#define MOD_ZTA_IDENTITY_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/bytes.h"

enum mod_zta_presented {
    MOD_ZTA_PRESENTED_NONE = 0, /* nothing, or a scheme that is not ours (Basic …) */
    MOD_ZTA_PRESENTED_TOKEN,    /* Bearer token */
    MOD_ZTA_PRESENTED_DPOP,     /* DPoP scheme */
    MOD_ZTA_PRESENTED_APIKEY,   /* in its header, or as Bearer zta_… */
    MOD_ZTA_PRESENTED_BAD,      /* malformed, two credentials, two headers: 400 invalid_request */
};

/* Where this place looks (ZTACredentials). */
struct mod_zta_credential_sources {
    bool has_authorization;
    bool has_query;            /* the access_token parameter */
    bool has_mtls;             /* the client certificate alone, where no other credential is */
    bool has_openidc;          /* the login of mod_auth_openidc, likewise */
    const char *apikey_header; /* NULL: none */
    const char *cookie;        /* name of the cookie with a token; NULL: none */
};

enum mod_zta_credential_place {
    MOD_ZTA_PLACE_NONE = 0,
    MOD_ZTA_PLACE_AUTHORIZATION,
    MOD_ZTA_PLACE_APIKEY,
    MOD_ZTA_PLACE_COOKIE,
    MOD_ZTA_PLACE_QUERY,
};

/* What a request has in these places, as httpd merged the headers; NULL when absent. */
struct mod_zta_credential_fields {
    const char *authorization;
    const char *apikey;
    const char *cookie;           /* the Cookie header */
    const char *query_token;      /* decoded, as mod_zta_query_take found it */
    enum zta_status query_status; /* of mod_zta_query_take; means nothing without query_token */
};

struct mod_zta_credential {
    enum mod_zta_presented presented;
    enum mod_zta_credential_place place; /* BAD: of the first that is wrong */
    struct zta_text value;               /* token or key; borrowed from its field */
    const char *detail;                  /* BAD: why, for the operator */
};

/*
 * Reads the places that are sources. A comma in a credential of ours, or one of ours behind
 * another's comma, means that the header stood twice; two places with a credential are BAD, even
 * where both hold the same. Cookie and query hold tokens only.
 */
void mod_zta_credential_read(const struct mod_zta_credential_sources *sources,
                             const struct mod_zta_credential_fields *fields,
                             struct mod_zta_credential *credential);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request presents: reads header values, no request_rec (RFC 6750 section 2, RFC 9110
 * section 11).
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
    const char *apikey_header; /* NULL: none */
};

struct mod_zta_credential {
    enum mod_zta_presented presented;
    struct zta_text value; /* token or key; borrowed from the header value */
    const char *detail;    /* BAD: why, for the operator */
};

/*
 * authorization and apikey are the header values as httpd merged them, NULL when absent. A comma in
 * a credential of ours, or one of ours behind another's comma, means that the header stood twice.
 */
void mod_zta_credential_read(const struct mod_zta_credential_sources *sources,
                             const char *authorization, const char *apikey,
                             struct mod_zta_credential *credential);

#endif

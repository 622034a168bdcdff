/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An issuer's metadata (OpenID Connect Discovery 1.0, RFC 8414): where it stands and what of it
 * counts. Pure: fetching is http.h.
 */
#ifndef MOD_ZTA_IDENTITY_DISCOVERY_H
#define MOD_ZTA_IDENTITY_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define MOD_ZTA_URL_MAX 2000

/* The places of one document, in the order in which they are tried. */
enum mod_zta_discovery_form {
    MOD_ZTA_DISCOVERY_OIDC = 0, /* appended to the issuer */
    MOD_ZTA_DISCOVERY_OAUTH,    /* RFC 8414 section 3.1: inserted before the issuer's path */
    MOD_ZTA_N_DISCOVERY_FORMS,
    /* Of a transmitter of signals: SSF 1.0 section 7.2, and what RISC had before it. */
    MOD_ZTA_DISCOVERY_SSF = MOD_ZTA_N_DISCOVERY_FORMS,
    MOD_ZTA_DISCOVERY_RISC,
    MOD_ZTA_N_DISCOVERY_PLACES
};

/*
 * A URL that keys may come from: https, or http where the host is loopback; no user, no fragment,
 * printable ASCII without spaces, quotes and brackets, at most MOD_ZTA_URL_MAX bytes.
 */
bool mod_zta_url_is_fetchable(struct zta_text url);
/* Is it http, which fetchable URLs are on loopback only? */
bool mod_zta_url_is_plain(struct zta_text url);
/* Scheme, host and port are the same as written (RFC 6454, without case in scheme and host). */
bool mod_zta_url_is_same_origin(struct zta_text a, struct zta_text b);

/* ZTA_INVALID: no URL to discover from (not fetchable, or with a query); ZTA_TOO_LARGE. */
enum zta_status mod_zta_discovery_url(struct zta_text issuer, enum mod_zta_discovery_form form,
                                      char *out, size_t size) ZTA_MUST_CHECK;

struct mod_zta_discovery {
    char jwks_uri[MOD_ZTA_URL_MAX + 1];
    char introspection_endpoint[MOD_ZTA_URL_MAX + 1]; /* "": none that can be used */
};

/*
 * ZTA_INVALID when it is no such document: the issuer it names differs from issuer by one byte, or
 * jwks_uri is missing or not fetchable, or http for an issuer that is not. The error says what was
 * found, in safe text.
 */
enum zta_status mod_zta_discovery_parse(struct zta_text document, struct zta_text issuer,
                                        struct mod_zta_discovery *discovery,
                                        struct zta_error *error) ZTA_MUST_CHECK;

#endif

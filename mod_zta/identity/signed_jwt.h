/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tokens that are messages to the proxy (logout tokens, security events) have in common: a
 * compact JWS of an issuer that is looked up by iss, read strictly, verified by the issuer's keys.
 * httpd-free, no I/O.
 */
#ifndef MOD_ZTA_IDENTITY_SIGNED_JWT_H
#define MOD_ZTA_IDENTITY_SIGNED_JWT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/keyring.h"
#include "shared/base/bytes.h"

#define MOD_ZTA_DETAIL_SIZE 160

/* One on its way through judgement; begins as zeros but for token and detail. */
struct mod_zta_signed {
    struct zta_text token;
    char *detail; /* MOD_ZTA_DETAIL_SIZE bytes: why not, safe text */
    json_t *header;
    json_t *claims;
    const struct mod_zta_issuer *issuer; /* set by who knows it, before the signature is checked */
    struct zta_held keys;
    bool is_unavailable; /* refused, but only because nothing could be checked */
    bool is_key_unknown; /* refused, but with newer keys it could be good */
};

/* Notes why; always false. */
bool mod_zta_signed_refuse(struct mod_zta_signed *jwt, const char *fmt, ...) ZTA_PRINTF(2, 3);

/* Shape, strict JSON, and a header without extensions. */
bool mod_zta_signed_parse(struct mod_zta_signed *jwt);
/* By typ, with or without "application/", in any case (RFC 7515 section 4.1.9). */
bool mod_zta_signed_is_type(const struct mod_zta_signed *jwt, struct zta_text type);
/* An algorithm and a key of the issuer, and a good signature. */
bool mod_zta_signed_check(struct mod_zta_signed *jwt, int64_t now_s);
/* aud holds one of these, and nothing that is no text. */
bool mod_zta_signed_is_for(struct mod_zta_signed *jwt, const struct zta_text *audiences, size_t n,
                           const char *directive);
/* Releases what it holds. */
void mod_zta_signed_clear(struct mod_zta_signed *jwt);

#endif

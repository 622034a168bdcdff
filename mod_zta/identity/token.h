/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens (RFC 9068, RFC 8725): strict own parse and policy before any cryptography, one
 * signature check, own checks of the claims after. httpd-free, no I/O, no allocation that outlives
 * the call.
 */
#ifndef MOD_ZTA_IDENTITY_TOKEN_H
#define MOD_ZTA_IDENTITY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/identity.h"

struct mod_zta_token_request {
    struct zta_text token;
    const struct mod_zta_issuer *const *issuers; /* those that this place accepts */
    size_t n_issuers;
    const struct zta_text *audiences; /* of this place; none: the issuer's own */
    size_t n_audiences;
    const struct zta_text
        *claims; /* that rules, headers or logs name: kept in the identity; sorted */
    size_t n_claims;
    int64_t now_s;
};

struct mod_zta_token_result {
    enum zta_reason reason;              /* ok, or why not */
    const struct mod_zta_issuer *issuer; /* known as soon as iss matched; NULL before */
    bool is_bad_for_good;                /* shape or signature: may stand in the negative cache */
    bool is_verified;                    /* the signature was checked and was good */
    bool is_key_unknown;                 /* bad_credential, but with newer keys it could be good */
    uint64_t keys_hash;                  /* of the key set it was judged with; 0: with none */
    uint16_t account;                    /* of the subject it names, verified or not (record.h) */
    char detail
        [160]; /* for the operator, safe text: "aud holds 'x', expected 'y'"; never the token */
};

/*
 * Judges a token. On reason ok *identity is filled; its text points into storage (size bytes,
 * ZTA_IDENTITY_SIZE_MAX suffices or the token is refused as bad_credential). The token's aud values
 * are kept as claims named "aud", so that another place can check them on a cached identity. What a
 * cnf binds the token to stands in the identity: nobody proved possession of it yet. A cnf that
 * names nothing that could be proved here gives binding_failed.
 */
void mod_zta_token_judge(const struct mod_zta_token_request *request, char *storage, size_t size,
                         struct zta_identity *identity, struct mod_zta_token_result *result);

/* Does a (cached) identity's aud hold one of these? */
bool mod_zta_token_has_audience(const struct zta_identity *identity,
                                const struct zta_text *audiences, size_t n_audiences);
/* Time checks that a cached identity needs again: exp with leeway. */
bool mod_zta_token_is_expired(const struct zta_identity *identity, int64_t leeway_s, int64_t now_s);

#endif

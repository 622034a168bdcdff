/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DPoP proofs (RFC 9449 section 4.3): whether one shows, for this request and this access token,
 * possession of the token's key. Everything but whether it was used before: that is the caller's to
 * ask of the shared memory, by what is found here. httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_DPOP_H
#define MOD_ZTA_IDENTITY_DPOP_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/proof_keys.h"
#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/live/jti.h"

/* What a challenge offers: every asymmetric algorithm that is known at all. */
#define MOD_ZTA_DPOP_ALGS    "ES256 ES384 ES512 EdDSA Ed25519 PS256 PS384 PS512 RS256 RS384 RS512"
#define MOD_ZTA_DPOP_JTI_MAX 256

enum mod_zta_dpop_verdict {
    MOD_ZTA_DPOP_BAD = 0,     /* the proof is none, or not of this request */
    MOD_ZTA_DPOP_OTHER_KEY,   /* it is of another key than the token */
    MOD_ZTA_DPOP_WANTS_NONCE, /* it needs a nonce of ours, or a newer one */
    MOD_ZTA_DPOP_UNKNOWN,     /* no memory to find out */
    MOD_ZTA_DPOP_GOOD,
};

struct mod_zta_dpop_request {
    struct zta_text proof;  /* the DPoP header as httpd merged it; absent: there is none */
    struct zta_text method; /* as sent */
    struct zta_text uri;    /* of the request, as mod_zta_htu_normalise writes it */
    struct zta_text token;  /* the access token as sent */
    struct zta_text jkt;    /* its cnf.jkt */
    bool needs_nonce;
    const struct zta_siphash_key *nonce_key;
    int64_t now_s;                   /* real time */
    int64_t now_ns;                  /* monotonic */
    struct mod_zta_proof_keys *keys; /* may be NULL */
};

struct mod_zta_dpop_result {
    enum mod_zta_dpop_verdict verdict;
    bool has_nonce;     /* GOOD: it carries a nonce of ours */
    struct zta_jti use; /* GOOD: what must not have been used before: key, jti, htu */
    char detail[160];   /* for the operator, safe text; never the proof */
};

/*
 * A proof with a nonce of ours is as old as the nonce, whatever its iat: the server's clock decides
 * (RFC 9449 section 11.3). One with any other nonce wants a new one: were it judged by its iat
 * instead, it could pass again when its nonce is over.
 */
void mod_zta_dpop_judge(const struct mod_zta_dpop_request *request,
                        struct mod_zta_dpop_result *result);

#endif

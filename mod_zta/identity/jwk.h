/* SPDX-License-Identifier: Apache-2.0 */
/* One public JSON Web Key (RFC 7517, 7518 section 6, 8037): whether it may verify, and what. */
#ifndef MOD_ZTA_IDENTITY_JWK_H
#define MOD_ZTA_IDENTITY_JWK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "shared/base/status.h"

#define MOD_ZTA_RSA_BITS_MIN 2048
#define MOD_ZTA_RSA_BITS_MAX 8192
/* The required members of the largest key, RSA of 8192 bits, in base64url. */
#define MOD_ZTA_JWK_TEXT_MAX 1536
/* The order of P-521. */
#define MOD_ZTA_EC_ORDER_MAX 66
#define MOD_ZTA_ED25519_SIZE 32

struct mod_zta_jwk {
    unsigned algs;           /* what its type, curve and own alg leave */
    size_t signature_size;   /* exact, of each of these algorithms */
    bool has_small_exponent; /* e = 3: sound with strict padding, but a sign of an old key */
    uint8_t order[MOD_ZTA_EC_ORDER_MAX];   /* EC: of the curve, signature_size / 2 bytes */
    uint8_t ed25519[MOD_ZTA_ED25519_SIZE]; /* OKP: the public key */
    char text[MOD_ZTA_JWK_TEXT_MAX];       /* its required members only (RFC 7638 form) */
};

/* ZTA_INVALID for a key that must not verify; the error says why. */
enum zta_status mod_zta_jwk_read(const json_t *object, struct mod_zta_jwk *jwk,
                                 struct zta_error *error) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, JWKs and signed tokens for tests, made by OpenSSL alone. Any failure ends the program. */
#ifndef TESTS_UNIT_JOSE_SIGN_H
#define TESTS_UNIT_JOSE_SIGN_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/keyring.h"
#include "shared/base/bytes.h"

#define JOSE_TEXT_MAX 32768

/* "RSA" with its bits, else a curve: "P-256", "P-384", "P-521", "secp256k1", "Ed25519". */
EVP_PKEY *jose_key(const char *type, unsigned bits);
/* The public JWK; more is raw JSON behind the last member, with its comma, or "". */
void jose_jwk(const EVP_PKEY *key, const char *kid, const char *more, char out[JOSE_TEXT_MAX]);
/* One part: base64url of text. */
void jose_part(const char *text, size_t len, char out[JOSE_TEXT_MAX]);
/*
 * header.payload and the signature over it. The algorithm is chosen by alg, whatever the header
 * says: RS*, PS*, ES* (raw r and s), EdDSA. Returns the length of token.
 */
size_t jose_sign(EVP_PKEY *key, const char *alg, struct zta_text header, struct zta_text payload,
                 char token[JOSE_TEXT_MAX]);
/* The same with an HMAC of any secret. */
size_t jose_sign_mac(const void *secret, size_t size, struct zta_text header,
                     struct zta_text payload, char token[JOSE_TEXT_MAX]);
/* The same with a signature that is given. */
size_t jose_attach(const uint8_t *signature, size_t size, struct zta_text header,
                   struct zta_text payload, char token[JOSE_TEXT_MAX]);
/*
 * A good token with bytes exchanged: each three of changes say where, and which byte instead.
 * Returns its length.
 */
size_t jose_change(const char *good, const uint8_t *changes, size_t size,
                   char token[JOSE_TEXT_MAX]);

/* A key that is the same in every run, and a ring with it alone: kid "k", EdDSA. Never closed. */
struct jose_fixed {
    EVP_PKEY *key;
    struct mod_zta_keyring *ring;
};
void jose_fixed_open(int64_t now_s, struct jose_fixed *fixed);

#endif

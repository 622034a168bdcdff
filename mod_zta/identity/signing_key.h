/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys of ours and signatures by them (JWS): what shows an issuer who asks, and APIs who
 * lets a request through. httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_SIGNING_KEY_H
#define MOD_ZTA_IDENTITY_SIGNING_KEY_H

#include <openssl/types.h>

#include "shared/base/base64.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define MOD_ZTA_SIGNING_PEM_MAX      16384 /* bytes of PEM */
#define MOD_ZTA_SIGNING_RSA_BITS_MAX 8192
/* Of the largest signature in base64url. */
#define MOD_ZTA_SIGNING_LEN_MAX ZTA_BASE64URL_LEN(MOD_ZTA_SIGNING_RSA_BITS_MAX / 8)

/*
 * A private key in PEM, without a passphrase: RSA of 2048 to 8192 bits signs by RS256, P-256 by
 * ES256. ZTA_INVALID for any other; the error never holds a part of it. The caller frees it.
 */
enum zta_status mod_zta_signing_key_load(struct zta_text pem, EVP_PKEY **key,
                                         struct zta_error *error) ZTA_MUST_CHECK;
/* "RS256" or "ES256". */
const char *mod_zta_signing_alg(const EVP_PKEY *key);
/*
 * Signs input and writes the signature in base64url, NUL-terminated, into size bytes: ZTA_TOO_LARGE
 * when it does not fit; ZTA_IO: OpenSSL made none. Several threads may sign by one key at once.
 */
enum zta_status mod_zta_signing_sign(EVP_PKEY *key, struct zta_text input, char *out,
                                     size_t size) ZTA_MUST_CHECK;

#endif

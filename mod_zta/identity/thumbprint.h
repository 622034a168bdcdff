/* SPDX-License-Identifier: Apache-2.0 */
/* Thumbprints as they stand in tokens: SHA-256 in base64url, of one spelling (RFC 7638, 8705). */
#ifndef MOD_ZTA_IDENTITY_THUMBPRINT_H
#define MOD_ZTA_IDENTITY_THUMBPRINT_H

#include <stdbool.h>

#include "mod_zta/identity/jwk.h"
#include "shared/base/base64.h"
#include "shared/base/hash.h"

#define MOD_ZTA_THUMBPRINT_LEN ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE)

/* base64url of SHA-256 of size bytes. */
void mod_zta_thumbprint_of(const void *data, size_t size, char out[MOD_ZTA_THUMBPRINT_LEN + 1]);
/* Of a key (RFC 7638): a key that mod_zta_jwk_read took has one spelling only. */
void mod_zta_thumbprint_of_key(const struct mod_zta_jwk *jwk, char out[MOD_ZTA_THUMBPRINT_LEN + 1]);
/* Has it the shape of a thumbprint? */
bool mod_zta_thumbprint_is_good(struct zta_text text);

#endif

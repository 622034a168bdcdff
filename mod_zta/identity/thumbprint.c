/* SPDX-License-Identifier: Apache-2.0 */
/* Making thumbprints and knowing one. */
#include "mod_zta/identity/thumbprint.h"

#include <string.h>

void mod_zta_thumbprint_of(const void *data, size_t size, char out[MOD_ZTA_THUMBPRINT_LEN + 1])
{
    struct zta_sha256 digest;
    zta_sha256(data, size, &digest);
    zta_base64url_encode(digest.bytes, sizeof digest.bytes, out);
}

void mod_zta_thumbprint_of_key(const struct mod_zta_jwk *jwk, char out[MOD_ZTA_THUMBPRINT_LEN + 1])
{
    mod_zta_thumbprint_of(jwk->text, strlen(jwk->text), out);
}

bool mod_zta_thumbprint_is_good(struct zta_text text)
{
    uint8_t digest[ZTA_SHA256_SIZE];
    size_t size;
    return text.len == MOD_ZTA_THUMBPRINT_LEN &&
           zta_base64url_decode(text, digest, sizeof digest, &size) == ZTA_OK &&
           size == sizeof digest;
}

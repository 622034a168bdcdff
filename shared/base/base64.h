/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding, strict (RFC 7515 section 2, RFC 4648 section 3.5); base62. */
#ifndef ZTA_BASE_BASE64_H
#define ZTA_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* Characters that n bytes encode to, and bytes that n characters hold at most. */
#define ZTA_BASE64URL_LEN(n)  (((n)*4 + 2) / 3)
#define ZTA_BASE64URL_SIZE(n) ((n)*3 / 4)

/* out has ZTA_BASE64URL_LEN(size) + 1 bytes. */
void zta_base64url_encode(const uint8_t *data, size_t size, char *out);
/*
 * ZTA_INVALID for padding, any other character, a length of 1 mod 4, and trailing bits that are not
 * zero, so that one value has one spelling. ZTA_TOO_LARGE when out is too small. May decode in
 * place; what out holds after a failure is undefined.
 */
enum zta_status zta_base64url_decode(struct zta_text text, uint8_t *out, size_t size,
                                     size_t *out_size) ZTA_MUST_CHECK;
/* n random base62 characters (0-9A-Za-z), unbiased, fit for secrets; out has n + 1 bytes. */
void zta_base62_random(char *out, size_t n);
/* The last n base62 digits of value, most significant first, padded by 0; out has n + 1 bytes. */
void zta_base62_encode(uint64_t value, char *out, size_t n);

#endif

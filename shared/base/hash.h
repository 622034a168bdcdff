/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (libcrypto), SipHash-2-4 for keyed tables, CRC-32 (ISO-HDLC) for typing errors. */
#ifndef ZTA_BASE_HASH_H
#define ZTA_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"

struct zta_sha256 {
    uint8_t bytes[ZTA_SHA256_SIZE];
};
struct zta_siphash_key {
    uint64_t k0;
    uint64_t k1;
};

void zta_sha256(const void *data, size_t size, struct zta_sha256 *digest);
/*
 * Over the parts, each behind its length as u32 big-endian (absent: 0xffffffff), so that no two
 * lists of parts collide.
 */
void zta_sha256_parts(const struct zta_text *parts, size_t n_parts, struct zta_sha256 *digest);
uint64_t zta_siphash(const struct zta_siphash_key *key, const void *data, size_t size);
uint32_t zta_crc32(const void *data, size_t size);
/* Time does not depend on the contents. NULL and zero bytes equal nothing. */
bool zta_secret_equal(const void *a, const void *b, size_t size);

#endif

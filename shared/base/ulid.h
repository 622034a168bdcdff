/* SPDX-License-Identifier: Apache-2.0 */
/* ULIDs: 48 bits of milliseconds, 80 random bits; sort by time; 26 Crockford characters as text. */
#ifndef ZTA_BASE_ULID_H
#define ZTA_BASE_ULID_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"

struct zta_ulid {
    uint8_t bytes[ZTA_ULID_SIZE];
};

/* Random bits come from the process's buffered CSPRNG (base/random.h), reseeded after fork. */
void zta_ulid_make(int64_t real_ns, struct zta_ulid *ulid);
void zta_ulid_print(const struct zta_ulid *ulid, char out[ZTA_ULID_TEXT_LEN + 1]);
/* Exactly 26 characters, either case; I, L, O, U and values above 2^128 are ZTA_INVALID. */
enum zta_status zta_ulid_parse(struct zta_text text, struct zta_ulid *ulid) ZTA_MUST_CHECK;
int64_t zta_ulid_time_ms(const struct zta_ulid *ulid);

#endif

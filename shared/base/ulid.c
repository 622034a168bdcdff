/* SPDX-License-Identifier: Apache-2.0 */
/* ULIDs and their Crockford base32 text. */
#include "shared/base/ulid.h"

#include "shared/base/random.h"

#include <string.h>

#define TIME_SIZE 6
#define TIME_MAX  ((UINT64_C(1) << 48) - 1)
#define NS_PER_MS 1000000

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void zta_ulid_make(int64_t real_ns, struct zta_ulid *ulid)
{
    uint64_t ms = real_ns < 0 ? 0 : (uint64_t)(real_ns / NS_PER_MS);
    if (ms > TIME_MAX) {
        ms = TIME_MAX;
    }
    zta_put_u16(ulid->bytes, (uint16_t)(ms >> 32));
    zta_put_u32(ulid->bytes + 2, (uint32_t)ms);
    zta_random_fast(ulid->bytes + TIME_SIZE, ZTA_ULID_SIZE - TIME_SIZE);
}

/* 26 digits of 5 bits hold 130: the first digit has the top 3 bits only. */
void zta_ulid_print(const struct zta_ulid *ulid, char out[ZTA_ULID_TEXT_LEN + 1])
{
    uint64_t high = zta_get_u64(ulid->bytes);
    uint64_t low = zta_get_u64(ulid->bytes + 8);
    const uint64_t middle = high << 4 | low >> 60;
    out[0] = alphabet[high >> 61];
    out[1] = alphabet[high >> 56 & 31];
    for (unsigned i = 0; i < 12; i++) {
        out[2 + i] = alphabet[middle >> (55 - 5 * i) & 31];
        out[14 + i] = alphabet[low >> (55 - 5 * i) & 31];
    }
    out[ZTA_ULID_TEXT_LEN] = '\0';
}

static int digit_of(char c)
{
    char upper = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    const char *at = memchr(alphabet, upper, sizeof(alphabet) - 1);
    return at == NULL ? -1 : (int)(at - alphabet);
}

enum zta_status zta_ulid_parse(struct zta_text text, struct zta_ulid *ulid)
{
    if (text.data == NULL || text.len != ZTA_ULID_TEXT_LEN || digit_of(text.data[0]) > 7) {
        return ZTA_INVALID;
    }
    uint64_t high = 0;
    uint64_t low = 0;
    for (size_t i = 0; i < ZTA_ULID_TEXT_LEN; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0) {
            return ZTA_INVALID;
        }
        high = high << 5 | low >> 59;
        low = low << 5 | (unsigned)digit;
    }
    zta_put_u64(ulid->bytes, high);
    zta_put_u64(ulid->bytes + 8, low);
    return ZTA_OK;
}

int64_t zta_ulid_time_ms(const struct zta_ulid *ulid)
{
    return (int64_t)((uint64_t)zta_get_u16(ulid->bytes) << 32 | zta_get_u32(ulid->bytes + 2));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* base64url and base62. */
#include "shared/base/base64.h"

#include "shared/base/random.h"

#include <string.h>

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#define BASE62 62
/* The largest multiple of 62 in a byte: bytes from here on would favour the first digits. */
#define BASE62_FAIR (256 / BASE62 * BASE62)

void zta_base64url_encode(const uint8_t *data, size_t size, char *out)
{
    size_t i = 0;
    for (; i + 3 <= size; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];
        *out++ = base64url[group >> 18];
        *out++ = base64url[group >> 12 & 63];
        *out++ = base64url[group >> 6 & 63];
        *out++ = base64url[group & 63];
    }
    if (size - i == 1) {
        *out++ = base64url[data[i] >> 2];
        *out++ = base64url[data[i] << 4 & 63];
    }
    else if (size - i == 2) {
        *out++ = base64url[data[i] >> 2];
        *out++ = base64url[(data[i] << 4 | data[i + 1] >> 4) & 63];
        *out++ = base64url[data[i + 1] << 2 & 63];
    }
    *out = '\0';
}

/* Value of each character plus one, zero for all that are none. */
#define RANGE_1(c, v) [c] = (v) + 1
#define RANGE_2(c, v) RANGE_1(c, v), RANGE_1((c) + 1, (v) + 1)
#define RANGE_10(c, v)                                                                             \
    RANGE_2(c, v), RANGE_2((c) + 2, (v) + 2), RANGE_2((c) + 4, (v) + 4),                           \
        RANGE_2((c) + 6, (v) + 6), RANGE_2((c) + 8, (v) + 8)
#define RANGE_26(c, v)                                                                             \
    RANGE_10(c, v), RANGE_10((c) + 10, (v) + 10), RANGE_2((c) + 20, (v) + 20),                     \
        RANGE_2((c) + 22, (v) + 22), RANGE_2((c) + 24, (v) + 24)

static const uint8_t base64url_value[256] = {
    RANGE_26('A', 0), RANGE_26('a', 26), RANGE_10('0', 52), RANGE_1('-', 62), RANGE_1('_', 63),
};

enum zta_status zta_base64url_decode(struct zta_text text, uint8_t *out, size_t size,
                                     size_t *out_size)
{
    if (text.data == NULL || text.len % 4 == 1) {
        return ZTA_INVALID;
    }
    size_t n_out = text.len / 4 * 3 + (text.len % 4 == 0 ? 0 : text.len % 4 - 1);
    if (n_out > size) {
        return ZTA_TOO_LARGE;
    }
    uint32_t group = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t value = base64url_value[(unsigned char)text.data[i]];
        if (value == 0) {
            return ZTA_INVALID;
        }
        group = group << 6 | (uint32_t)(value - 1);
        if (i % 4 == 3) {
            out[n++] = (uint8_t)(group >> 16);
            out[n++] = (uint8_t)(group >> 8);
            out[n++] = (uint8_t)group;
            group = 0;
        }
    }
    /* What is left: 2 characters are 8 bits and 4 of padding, 3 are 16 and 2. */
    if ((text.len % 4 == 2 && (group & 15) != 0) || (text.len % 4 == 3 && (group & 3) != 0)) {
        return ZTA_INVALID;
    }
    if (text.len % 4 == 2) {
        out[n++] = (uint8_t)(group >> 4);
    }
    else if (text.len % 4 == 3) {
        out[n++] = (uint8_t)(group >> 10);
        out[n++] = (uint8_t)(group >> 2);
    }
    *out_size = n;
    return ZTA_OK;
}

void zta_base62_random(char *out, size_t n)
{
    uint8_t bytes[64];
    for (size_t made = 0; made < n;) {
        zta_random_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes) && made < n; i++) {
            if (bytes[i] < BASE62_FAIR) {
                out[made++] = base62[bytes[i] % BASE62];
            }
        }
    }
    explicit_bzero(bytes, sizeof(bytes)); /* they are the secret, nearly */
    out[n] = '\0';
}

void zta_base62_encode(uint64_t value, char *out, size_t n)
{
    out[n] = '\0';
    for (size_t i = n; i-- > 0; value /= BASE62) {
        out[i] = base62[value % BASE62];
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Byte by byte: what is no UTF-8 comes through as well. */
#include "shared/base/percent.h"

#include <string.h>

#define ONES UINT64_C(0x0101010101010101)

/* A byte below 0x80 in each: is one of them this one? */
static bool has_byte(uint64_t bytes, unsigned char byte)
{
    return ((ONES * 0x80 - (bytes ^ ONES * byte)) & ONES * 0x80) != 0;
}

static const bool is_plain[UINT8_MAX + 1] = {
    [0x21 ... '%' - 1] = true,
    ['%' + 1 ... 0x7e] = true,
};

/* Eight bytes as they are: none of them is to be encoded. */
static bool are_plain(uint64_t bytes, char separator)
{
    const uint64_t above_7f = bytes & ONES * 0x80;
    const uint64_t above_20 = (bytes + ONES * 0x5f) & ONES * 0x80;
    return above_7f == 0 && above_20 == ONES * 0x80 && !has_byte(bytes, 0x7f) &&
           !has_byte(bytes, '%') && !has_byte(bytes, (unsigned char)separator);
}

size_t zta_percent_encode(struct zta_text text, char separator, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    size_t i = 0;
    for (uint64_t bytes; text.len - i >= sizeof(bytes); i += sizeof(bytes), at += sizeof(bytes)) {
        memcpy(&bytes, text.data + i, sizeof(bytes));
        if (!are_plain(bytes, separator)) {
            break;
        }
        memcpy(out + at, &bytes, sizeof(bytes));
    }
    for (; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (is_plain[c] && text.data[i] != separator) {
            out[at++] = text.data[i];
            continue;
        }
        out[at++] = '%';
        out[at++] = digits[c >> 4];
        out[at++] = digits[c & 0xf];
    }
    return at;
}

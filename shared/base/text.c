/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text: comparison, UTF-8, numbers and hex. */
#include "shared/base/bytes.h"

#include <string.h>

/* tolower() would follow the locale of the process. */
static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool zta_text_equal_nocase(struct zta_text a, struct zta_text b)
{
    if (a.data == NULL || b.data == NULL || a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] != b.data[i] && fold(a.data[i]) != fold(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool zta_text_starts_with(struct zta_text text, struct zta_text prefix)
{
    return text.data != NULL && prefix.data != NULL && text.len >= prefix.len &&
           memcmp(text.data, prefix.data, prefix.len) == 0;
}

int zta_text_compare(struct zta_text a, struct zta_text b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/*
 * Unicode table 3-7: what the second byte may be depends on the first; that alone excludes overlong
 * forms, surrogates and values above U+10FFFF.
 */
size_t zta_utf8_len(const char *data, size_t len)
{
    const uint8_t *at = (const uint8_t *)data;
    if (len == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        return 1;
    }
    size_t n = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len < n) {
        return 0;
    }
    uint8_t low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

bool zta_text_is_utf8(struct zta_text text)
{
    if (text.data == NULL) {
        return false;
    }
    for (size_t i = 0; i < text.len;) {
        bool is_ascii = text.data[i] > 0 && text.data[i] < 0x7f;
        size_t n = is_ascii ? 1 : zta_utf8_len(text.data + i, text.len - i);
        if (n == 0 || text.data[i] == '\0') {
            return false;
        }
        i += n;
    }
    return true;
}

enum zta_status zta_text_to_u64(struct zta_text text, uint64_t max, uint64_t *value)
{
    if (text.data == NULL || text.len == 0 || (text.len > 1 && text.data[0] == '0')) {
        return ZTA_INVALID;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c < '0' || c > '9') {
            return ZTA_INVALID;
        }
        unsigned digit = (unsigned)(c - '0');
        if (sum > (UINT64_MAX - digit) / 10) {
            return ZTA_INVALID;
        }
        sum = sum * 10 + digit;
    }
    if (sum > max) {
        return ZTA_INVALID;
    }
    *value = sum;
    return ZTA_OK;
}

/* One more than the value of a hex digit; 0: it is none. A request has the hex of its trace. */
static const uint8_t hex_marks[UINT8_MAX + 1] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

int zta_hex_digit(char c)
{
    return hex_marks[(uint8_t)c] - 1;
}

/* Eight digits at once, each in a byte of its own: a request has the hex of three ids. */
static void encode_four(const uint8_t *data, char *out)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t bytes = zta_get_u32(data);
    bytes = (bytes | bytes << 16) & UINT64_C(0x0000ffff0000ffff);
    bytes = (bytes | bytes << 8) & UINT64_C(0x00ff00ff00ff00ff);
    const uint64_t values = (bytes << 4 | bytes) & (ones * 0x0f);
    const uint64_t are_letters = (values + ones * 6) >> 4 & ones;
    zta_put_u64((uint8_t *)out, values + ones * '0' + are_letters * ('a' - '9' - 1));
}

void zta_hex_encode(const uint8_t *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t i = 0;
    for (; size - i >= 4; i += 4) {
        encode_four(data + i, out + 2 * i);
    }
    for (; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = '\0';
}

enum zta_status zta_hex_decode(struct zta_text text, uint8_t *out, size_t size)
{
    if (text.data == NULL || text.len / 2 != size || text.len % 2 != 0) {
        return ZTA_INVALID;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (hex_marks[(uint8_t)text.data[i]] == 0) {
            return ZTA_INVALID;
        }
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_marks[(uint8_t)text.data[2 * i]] - 1;
        int low = hex_marks[(uint8_t)text.data[2 * i + 1]] - 1;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return ZTA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Byte by byte: what is no UTF-8 comes through as well. */
#include "shared/base/percent.h"

size_t zta_percent_encode(struct zta_text text, char separator, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c > 0x20 && c < 0x7f && c != '%' && (separator == '\0' || text.data[i] != separator)) {
            out[at++] = text.data[i];
            continue;
        }
        out[at++] = '%';
        out[at++] = digits[c >> 4];
        out[at++] = digits[c & 0xf];
    }
    return at;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Names and versions of operating systems; numbers of any length, as text. */
#include "shared/rules/os.h"

#include "shared/base/limits.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct zta_text text_from(struct zta_text text, size_t offset)
{
    return (struct zta_text){.data = text.data + offset, .len = text.len - offset};
}

static bool is_name(struct zta_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        const bool is_mark = c == '.' || c == '_' || c == '-';
        if (!(c >= 'a' && c <= 'z') && !(i > 0 && (is_digit(c) || is_mark))) {
            return false;
        }
    }
    return text.len > 0 && text.len <= ZTA_NAME_MAX;
}

bool zta_os_is_version(struct zta_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        const bool is_dot = text.data[i] == '.' && i > 0 && text.data[i - 1] != '.';
        if (!is_digit(text.data[i]) && !is_dot) {
            return false;
        }
    }
    return text.len > 0 && text.len <= ZTA_NAME_MAX && text.data[text.len - 1] != '.';
}

enum zta_status zta_os_parse(struct zta_text text, struct zta_os *os)
{
    struct zta_os found = {.name = text, .op = ZTA_OP_ANY_OF};
    size_t len = 0;
    while (len < text.len && text.data[len] != '<' && text.data[len] != '>') {
        len++;
    }
    found.name.len = len;
    if (len < text.len) {
        const bool is_less = text.data[len] == '<';
        const bool has_equal = len + 1 < text.len && text.data[len + 1] == '=';
        found.op =
            is_less ? (has_equal ? ZTA_OP_LE : ZTA_OP_LT) : (has_equal ? ZTA_OP_GE : ZTA_OP_GT);
        found.version = text_from(text, len + (has_equal ? 2 : 1));
        if (!zta_os_is_version(found.version)) {
            return ZTA_INVALID;
        }
    }
    if (!is_name(found.name)) {
        return ZTA_INVALID;
    }
    *os = found;
    return ZTA_OK;
}

/* Cuts the first number off, without its leading zeros; "" at the end. */
static struct zta_text next_number(struct zta_text *rest)
{
    size_t start = 0;
    size_t end = 0;
    while (end < rest->len && rest->data[end] != '.') {
        start += start == end && rest->data[end] == '0' ? 1 : 0;
        end++;
    }
    const struct zta_text number = {.data = rest->data + start, .len = end - start};
    *rest = text_from(*rest, end < rest->len ? end + 1 : end);
    return number;
}

int zta_os_compare_versions(struct zta_text a, struct zta_text b)
{
    while (a.len > 0 || b.len > 0) {
        const struct zta_text left = next_number(&a);
        const struct zta_text right = next_number(&b);
        if (left.len != right.len) {
            return left.len < right.len ? -1 : 1;
        }
        const int order = zta_text_compare(left, right);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

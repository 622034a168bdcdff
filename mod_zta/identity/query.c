/* SPDX-License-Identifier: Apache-2.0 */
/* A token in a query is taken out before anything else could log it or send it on. */
#include "mod_zta/identity/query.h"

#include <stdbool.h>
#include <string.h>

static const struct zta_text parameter = ZTA_TEXT("access_token");

/* One byte of a form-encoded text, and how many characters it took; 0 for a broken escape. */
static size_t decode_byte(const char *text, size_t len, char *byte)
{
    if (text[0] == '+') {
        *byte = ' ';
        return 1;
    }
    if (text[0] != '%') {
        *byte = text[0];
        return 1;
    }
    int high = len > 2 ? zta_hex_digit(text[1]) : -1;
    int low = len > 2 ? zta_hex_digit(text[2]) : -1;
    if (high < 0 || low < 0) {
        return 0;
    }
    *byte = (char)(high << 4 | low);
    return 3;
}

/* Does the parameter have our name, however it is written? Some readers ignore case, too. */
static bool is_ours(const char *name, size_t len)
{
    size_t matched = 0;
    while (len > 0) {
        char byte[1];
        size_t used = decode_byte(name, len, byte);
        if (used == 0 || matched == parameter.len ||
            !zta_text_equal_nocase((struct zta_text){.data = byte, .len = 1},
                                   (struct zta_text){.data = parameter.data + matched, .len = 1})) {
            return false;
        }
        matched++;
        name += used;
        len -= used;
    }
    return matched == parameter.len;
}

/* The value is a token, which has no byte that would need NUL or space. */
static bool decode_value(const char *value, size_t len, char *token)
{
    size_t at = 0;
    while (len > 0) {
        size_t used = decode_byte(value, len, &token[at]);
        if (used == 0 || token[at] == '\0') {
            return false;
        }
        at++;
        value += used;
        len -= used;
    }
    token[at] = '\0';
    return true;
}

enum zta_status mod_zta_query_take(const char *query, char *token, char *rest)
{
    enum zta_status status = ZTA_NOT_FOUND;
    size_t at = 0;
    token[0] = '\0';
    for (const char *p = query; p != NULL;) {
        /* Some readers end a parameter at a semicolon. */
        size_t len = strcspn(p, "&;");
        size_t name_len = strcspn(p, "=&;");
        if (is_ours(p, name_len)) {
            bool has_value =
                p[name_len] == '=' && decode_value(p + name_len + 1, len - name_len - 1, token);
            status = status == ZTA_NOT_FOUND && has_value ? ZTA_OK : ZTA_INVALID;
        }
        else {
            if (at > 0) {
                rest[at] = p[-1];
                at++;
            }
            memcpy(rest + at, p, len);
            at += len;
        }
        p = p[len] == '\0' ? NULL : p + len + 1;
    }
    rest[at] = '\0';
    return status;
}

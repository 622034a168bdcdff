/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies are looked for as every reader of them would, so that none sees another than we do. */
#include "mod_zta/identity/cookie.h"

#include <stdbool.h>
#include <string.h>

static struct zta_text trim(struct zta_text text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* Is `pair` the cookie of that name? *value is what stands behind its first '='. */
static bool is_named(struct zta_text pair, struct zta_text name, struct zta_text *value)
{
    const char *equals = memchr(pair.data, '=', pair.len);
    size_t len = equals == NULL ? pair.len : (size_t)(equals - pair.data);
    if (!zta_text_equal(trim((struct zta_text){.data = pair.data, .len = len}), name)) {
        return false;
    }
    size_t used = equals == NULL ? len : len + 1;
    *value = trim((struct zta_text){.data = pair.data + used, .len = pair.len - used});
    return true;
}

/*
 * Does what stands between two semicolons hold our cookie, as a reader sees it who ends cookies at
 * commas, too?
 */
static bool holds(struct zta_text part, struct zta_text name, struct zta_text *value)
{
    while (true) {
        const char *comma = memchr(part.data, ',', part.len);
        size_t len = comma == NULL ? part.len : (size_t)(comma - part.data);
        if (is_named((struct zta_text){.data = part.data, .len = len}, name, value)) {
            return true;
        }
        if (comma == NULL) {
            return false;
        }
        part = (struct zta_text){.data = comma + 1, .len = part.len - len - 1};
    }
}

enum zta_status mod_zta_cookie_find(const char *header, struct zta_text name,
                                    struct zta_text *value)
{
    enum zta_status status = ZTA_NOT_FOUND;
    for (const char *p = header; p != NULL;) {
        struct zta_text found;
        struct zta_text part = {.data = p, .len = strcspn(p, ";")};
        if (holds(part, name, &found)) {
            if (status != ZTA_NOT_FOUND || memchr(part.data, ',', part.len) != NULL) {
                return ZTA_INVALID;
            }
            *value = found;
            status = ZTA_OK;
        }
        p = p[part.len] == '\0' ? NULL : p + part.len + 1;
    }
    return status;
}

void mod_zta_cookie_remove(const char *header, struct zta_text name, char *out)
{
    size_t at = 0;
    for (const char *p = header; p != NULL;) {
        struct zta_text ignored;
        struct zta_text part = {.data = p, .len = strcspn(p, ";")};
        if (trim(part).len > 0 && !holds(part, name, &ignored)) {
            /* As it was sent, never longer; the first loses the blanks that parted it. */
            struct zta_text kept = at > 0 ? part : trim(part);
            if (at > 0) {
                out[at++] = ';';
            }
            memcpy(out + at, kept.data, kept.len);
            at += kept.len;
        }
        p = p[part.len] == '\0' ? NULL : p + part.len + 1;
    }
    out[at] = '\0';
}

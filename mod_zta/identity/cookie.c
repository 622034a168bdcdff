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

/* Cookies that are looked for: of that name, or of all names that begin with it. */
struct wanted {
    struct zta_text name;
    bool is_prefix;
};

/* Is `pair` such a cookie? *value is what stands behind its first '='. */
static bool is_named(struct zta_text pair, const struct wanted *wanted, struct zta_text *value)
{
    const char *equals = memchr(pair.data, '=', pair.len);
    size_t len = equals == NULL ? pair.len : (size_t)(equals - pair.data);
    struct zta_text name = trim((struct zta_text){.data = pair.data, .len = len});
    if (wanted->is_prefix && name.len > wanted->name.len) {
        name.len = wanted->name.len;
    }
    if (!zta_text_equal(name, wanted->name)) {
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
static bool holds(struct zta_text part, const struct wanted *wanted, struct zta_text *value)
{
    while (true) {
        const char *comma = memchr(part.data, ',', part.len);
        size_t len = comma == NULL ? part.len : (size_t)(comma - part.data);
        if (is_named((struct zta_text){.data = part.data, .len = len}, wanted, value)) {
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
    const struct wanted wanted = {.name = name};
    enum zta_status status = ZTA_NOT_FOUND;
    for (const char *p = header; p != NULL;) {
        struct zta_text found;
        struct zta_text part = {.data = p, .len = strcspn(p, ";")};
        if (holds(part, &wanted, &found)) {
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

static void remove_all(const char *header, const struct wanted *wanted, char *out)
{
    size_t at = 0;
    for (const char *p = header; p != NULL;) {
        struct zta_text ignored;
        struct zta_text part = {.data = p, .len = strcspn(p, ";")};
        if (trim(part).len > 0 && !holds(part, wanted, &ignored)) {
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

void mod_zta_cookie_remove(const char *header, struct zta_text name, char *out)
{
    const struct wanted wanted = {.name = name};
    remove_all(header, &wanted, out);
}

void mod_zta_cookie_remove_prefixed(const char *header, struct zta_text prefix, char *out)
{
    const struct wanted wanted = {.name = prefix, .is_prefix = true};
    remove_all(header, &wanted, out);
}

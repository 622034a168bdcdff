/* SPDX-License-Identifier: Apache-2.0 */
/* Reading dotted claim names, and following them. */
#include "mod_zta/identity/claim_name.h"

#include <stdbool.h>
#include <string.h>

/* The segment in quotes at the start of text; *used counts both quotes. */
static enum zta_status read_quoted(struct zta_text text, char *storage, size_t *len, size_t *used)
{
    *len = 0;
    for (size_t i = 1; i < text.len; i++) {
        char c = text.data[i];
        if (c == '"') {
            *used = i + 1;
            return ZTA_OK;
        }
        if (c == '\\') {
            c = ++i < text.len ? text.data[i] : '\0';
            if (c != '"' && c != '\\') {
                return ZTA_INVALID;
            }
        }
        if (*len == MOD_ZTA_CLAIM_SEGMENT_MAX) {
            return ZTA_TOO_LARGE;
        }
        storage[(*len)++] = c;
    }
    return ZTA_INVALID;
}

static enum zta_status read_plain(struct zta_text text, size_t *used)
{
    const char *dot = memchr(text.data, '.', text.len);
    *used = dot != NULL ? (size_t)(dot - text.data) : text.len;
    if (memchr(text.data, '"', *used) != NULL) {
        return ZTA_INVALID;
    }
    return *used > MOD_ZTA_CLAIM_SEGMENT_MAX ? ZTA_TOO_LARGE : ZTA_OK;
}

enum zta_status mod_zta_claim_name_next(struct zta_text *rest,
                                        char storage[MOD_ZTA_CLAIM_SEGMENT_MAX],
                                        struct zta_text *segment)
{
    if (zta_text_is_absent(*rest) || rest->len == 0) {
        return ZTA_INVALID;
    }
    size_t used;
    struct zta_text found = {.data = rest->data};
    enum zta_status status;
    if (rest->data[0] == '"') {
        found.data = storage;
        status = read_quoted(*rest, storage, &found.len, &used);
    }
    else {
        status = read_plain(*rest, &used);
        found.len = used;
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (found.len == 0 || (used < rest->len && rest->data[used] != '.')) {
        return ZTA_INVALID;
    }
    *segment = found;
    *rest = used == rest->len
                ? (struct zta_text){.data = NULL}
                : (struct zta_text){.data = rest->data + used + 1, .len = rest->len - used - 1};
    return ZTA_OK;
}

const json_t *mod_zta_claim_find(const json_t *claims, struct zta_text name)
{
    const json_t *value = claims;
    struct zta_text rest = name;
    if (zta_text_is_absent(name)) {
        return NULL;
    }
    while (!zta_text_is_absent(rest)) {
        char storage[MOD_ZTA_CLAIM_SEGMENT_MAX];
        struct zta_text segment;
        if (mod_zta_claim_name_next(&rest, storage, &segment) != ZTA_OK) {
            return NULL;
        }
        value = json_object_getn(value, segment.data, segment.len);
    }
    return json_is_null(value) ? NULL : value;
}

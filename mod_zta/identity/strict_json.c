/* SPDX-License-Identifier: Apache-2.0 */
/* jansson does the parsing; its bounds and ours are checked before it allocates anything. */
#include "mod_zta/identity/strict_json.h"

#include <stdbool.h>
#include <string.h>

#include "shared/base/limits.h"

/* Metadata of authorization servers has 60 members today. */
#define DOCUMENT_MEMBERS_MAX 256

/*
 * Depth and members in one pass. In valid JSON a colon outside a text stands once for each member;
 * what is not valid is left to the parser.
 */
static const char *find_excess(struct zta_text text, unsigned members_max)
{
    unsigned n_members[ZTA_JSON_DEPTH_MAX];
    unsigned depth = 0;
    bool is_in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (is_in_string) {
            if (c == '\\') {
                i++;
            }
            is_in_string = c != '"';
        }
        else if (c == '"') {
            is_in_string = true;
        }
        else if (c == '{' || c == '[') {
            if (depth == ZTA_JSON_DEPTH_MAX) {
                return "nested too deep";
            }
            n_members[depth++] = 0;
        }
        else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        else if (c == ':' && depth > 0 && ++n_members[depth - 1] > members_max) {
            return "too many members";
        }
    }
    return NULL;
}

static const char *fault_of(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "a member stands twice";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "NUL in a text";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_end_of_input_expected:
        return "more than one value";
    case json_error_numeric_overflow:
        return "a number is out of range";
    default:
        return "not JSON";
    }
}

static enum zta_status load(struct zta_text text, unsigned members_max, json_t **root,
                            const char **fault)
{
    const char *excess = find_excess(text, members_max);
    if (excess != NULL) {
        *fault = excess;
        return ZTA_INVALID;
    }
    json_error_t error;
    json_t *value = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        *fault = fault_of(&error);
        return json_error_code(&error) == json_error_out_of_memory ? ZTA_NO_MEMORY : ZTA_INVALID;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        *fault = "not an object";
        return ZTA_INVALID;
    }
    *root = value;
    return ZTA_OK;
}

enum zta_status mod_zta_json_load(struct zta_text text, json_t **root, const char **fault)
{
    return load(text, ZTA_JSON_MEMBERS_MAX, root, fault);
}

enum zta_status mod_zta_json_load_document(struct zta_text text, json_t **root, const char **fault)
{
    return load(text, DOCUMENT_MEMBERS_MAX, root, fault);
}

struct zta_text mod_zta_json_text_of(const json_t *value)
{
    if (!json_is_string(value)) {
        return (struct zta_text){.data = NULL};
    }
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}

struct zta_text mod_zta_json_text(const json_t *object, const char *name)
{
    return mod_zta_json_text_of(json_object_get(object, name));
}

const char *mod_zta_excerpt(struct zta_text text, char out[MOD_ZTA_EXCERPT_SIZE])
{
    static const struct zta_text dots = ZTA_TEXT("...");
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, MOD_ZTA_EXCERPT_SIZE - dots.len);
    zta_buffer_safe(&buffer, text);
    if (buffer.is_overflowed) {
        memcpy(out + buffer.len, dots.data, dots.len + 1);
    }
    return out;
}

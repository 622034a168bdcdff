/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the parser: filled in one place, printed in one place, safe for a terminal. */
#include "shared/rules/parse_priv.h"

#include <stdio.h>
#include <string.h>

static size_t character_len(struct zta_text text)
{
    size_t len = 1;
    while (len < text.len && len < 4 && ((uint8_t)text.data[len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

void zta_parse_safe(struct zta_text text, char *out, size_t size)
{
    static const char dots[] = "...";
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size - (sizeof dots - 1));
    for (size_t i = 0; i < text.len;) {
        size_t kept = buffer.len;
        struct zta_text rest = {.data = text.data + i, .len = text.len - i};
        struct zta_text character = {.data = rest.data, .len = character_len(rest)};
        zta_buffer_safe(&buffer, character);
        if (buffer.is_overflowed) {
            memcpy(out + kept, dots, sizeof dots);
            return;
        }
        i += character.len;
    }
}

static void fill(struct zta_parser *parser, const struct zta_rules_place *place,
                 struct zta_text found, const struct zta_nearest *nearest)
{
    struct zta_rules_error *error = parser->error;
    memset(error, 0, sizeof *error);
    zta_parse_safe(zta_rules_source_shown(&parser->sources[place->source]), error->source,
                   sizeof error->source);
    error->line = place->line;
    error->column = place->column;
    zta_parse_safe(found, error->found, sizeof error->found);
    if (nearest && !zta_text_is_absent(nearest->best)) {
        zta_parse_safe(nearest->best, error->nearest, sizeof error->nearest);
    }
}

enum zta_status zta_parse_fail(struct zta_parser *parser, const struct zta_token *found,
                               const struct zta_nearest *nearest, const char *fmt, ...)
{
    bool is_bad = found->kind == ZTA_TOKEN_BAD;
    fill(parser, &found->place, found->raw, is_bad ? NULL : nearest);
    if (is_bad) {
        (void)snprintf(parser->error->expected, sizeof parser->error->expected, "%s",
                       found->expected);
        return ZTA_INVALID;
    }
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(parser->error->expected, sizeof parser->error->expected, fmt, args);
    va_end(args);
    return ZTA_INVALID;
}

enum zta_status zta_parse_fail_at(struct zta_parser *parser, const struct zta_rules_place *place,
                                  struct zta_text found, const struct zta_nearest *nearest,
                                  const char *fmt, ...)
{
    fill(parser, place, found, nearest);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(parser->error->expected, sizeof parser->error->expected, fmt, args);
    va_end(args);
    return ZTA_INVALID;
}

void zta_rules_error_print(const struct zta_rules_error *error, struct zta_buffer *out)
{
    zta_buffer_printf(out, "%s:%lu:%lu: found ", error->source, (unsigned long)error->line,
                      (unsigned long)error->column);
    if (error->found[0] == '\0') {
        zta_buffer_string(out, "end of line");
    }
    else {
        zta_buffer_printf(out, "'%s'", error->found);
    }
    zta_buffer_printf(out, ", expected %s", error->expected);
    if (error->nearest[0] != '\0') {
        zta_buffer_printf(out, "; did you mean '%s'?", error->nearest);
    }
}

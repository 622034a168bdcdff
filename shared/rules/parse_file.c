/* SPDX-License-Identifier: Apache-2.0 */
/* Items of lists from files: which files rules name, and what stands in them. */
#include "shared/rules/parse_priv.h"

#include <string.h>

/* Longer than any path of a file can be. */
#define NAME_SIZE 8192

static const char file_prefix[] = ZTA_RULES_FILE_PREFIX;
enum {
    PREFIX_LEN = sizeof file_prefix - 1,
};

bool zta_parse_is_file(const struct zta_token *token)
{
    return token->kind == ZTA_TOKEN_WORD &&
           zta_text_starts_with(token->raw, zta_text_of(file_prefix));
}

bool zta_rules_source_is_file(const struct zta_rules_source *source)
{
    return zta_text_starts_with(source->name, zta_text_of(file_prefix));
}

struct zta_text zta_rules_source_shown(const struct zta_rules_source *source)
{
    const size_t skipped = zta_rules_source_is_file(source) ? PREFIX_LEN : 0;
    return (struct zta_text){.data = source->name.data + skipped,
                             .len = source->name.len - skipped};
}

/*
 * The name of the source that has the text of the file that a file:PATH names: relative paths go
 * from the naming file on.
 */
static struct zta_text name_of(struct zta_text from, const struct zta_token *token,
                               char storage[NAME_SIZE])
{
    struct zta_buffer out;
    zta_buffer_init(&out, storage, NAME_SIZE);
    const struct zta_text path = {.data = token->raw.data + PREFIX_LEN,
                                  .len = token->raw.len - PREFIX_LEN};
    const char *slash = from.len > 0 ? memrchr(from.data, '/', from.len) : NULL;
    zta_buffer_string(&out, file_prefix);
    if (path.len > 0 && path.data[0] != '/' && slash != NULL) {
        zta_buffer_append(&out, from.data, (size_t)(slash - from.data) + 1);
    }
    zta_buffer_text(&out, path);
    return (struct zta_text){.data = storage, .len = out.is_overflowed ? 0 : out.len};
}

enum zta_status zta_rules_each_file(const struct zta_rules_source *source, zta_rules_file_fn fn,
                                    void *context)
{
    struct zta_lexer lexer;
    struct zta_token token;
    char storage[NAME_SIZE];
    enum zta_status status = ZTA_OK;
    bool is_list = false;
    if (source->text.len > ZTA_RULES_SOURCE_MAX || !zta_lex_check(source->text, 0, &token)) {
        return ZTA_OK; /* the parser will say what is wrong */
    }
    zta_lex_init(&lexer, source->text, 0);
    while (status == ZTA_OK && zta_lex_line(&lexer, &token)) {
        is_list = token.place.column == 1
                      ? token.kind == ZTA_TOKEN_WORD && zta_text_equal(token.raw, ZTA_TEXT("list"))
                      : is_list;
        while (status == ZTA_OK && is_list && token.kind != ZTA_TOKEN_END_OF_LINE &&
               token.kind != ZTA_TOKEN_BAD) {
            if (zta_parse_is_file(&token) &&
                name_of(source->name, &token, storage).len > PREFIX_LEN) {
                status = fn(context, storage);
            }
            zta_lex_token(&lexer, &token);
        }
    }
    return status;
}

static enum zta_status fail_too_many(struct zta_parser *parser)
{
    return zta_parse_fail(parser, &parser->token, NULL, "at most %d items in a file",
                          ZTA_RULES_ITEMS_MAX);
}

/* Each line is an item, written as it would be in the list. */
static enum zta_status parse_lines(struct zta_parser *parser)
{
    for (size_t n = 0; parser->has_line; n++) {
        if (n == ZTA_RULES_ITEMS_MAX) {
            return fail_too_many(parser);
        }
        if (zta_parse_is_file(&parser->token)) {
            return zta_parse_fail(parser, &parser->token, NULL,
                                  "a value: files of items do not name other files");
        }
        struct zta_ast_value *item = zta_vector_push(&parser->values);
        enum zta_status status = item ? zta_parse_item(parser, item) : ZTA_NO_MEMORY;
        if (status != ZTA_OK) {
            return status;
        }
        if (parser->token.kind != ZTA_TOKEN_END_OF_LINE) {
            return zta_parse_fail(parser, &parser->token, NULL,
                                  "the end of the line: one item a line, with spaces in quotes");
        }
        parser->has_line = zta_lex_line(&parser->lexer, &parser->token);
    }
    return ZTA_OK;
}

static enum zta_status parse_source(struct zta_parser *parser, uint16_t source)
{
    const struct zta_text text = parser->sources[source].text;
    struct zta_token bad;
    if (text.len > ZTA_RULES_SOURCE_MAX) {
        const struct zta_rules_place start = {.source = source, .line = 1, .column = 1};
        return zta_parse_fail_at(parser, &start, ZTA_TEXT("a larger text"), NULL,
                                 "at most %u bytes of items", ZTA_RULES_SOURCE_MAX);
    }
    if (!zta_lex_check(text, source, &bad)) {
        return zta_parse_fail(parser, &bad, NULL, "%s", bad.expected);
    }
    /* The rules go on behind it. */
    const struct zta_lexer lexer = parser->lexer;
    const struct zta_token token = parser->token;
    const bool has_line = parser->has_line;
    zta_lex_init(&parser->lexer, text, source);
    parser->has_line = zta_lex_line(&parser->lexer, &parser->token);
    const enum zta_status status = parse_lines(parser);
    parser->lexer = lexer;
    parser->token = token;
    parser->has_line = has_line;
    return status;
}

enum zta_status zta_parse_file(struct zta_parser *parser, const struct zta_token *token)
{
    char storage[NAME_SIZE];
    const struct zta_text name = name_of(parser->sources[token->place.source].name, token, storage);
    if (parser->sources[token->place.source].is_live) {
        return zta_parse_fail(parser, token, NULL,
                              "values: lists of live rules read no files, those of ZTARules do");
    }
    if (token->raw.len == PREFIX_LEN) {
        return zta_parse_fail(parser, token, NULL, "file:PATH");
    }
    for (size_t i = 0; i < parser->n_sources; i++) {
        if (zta_text_equal(parser->sources[i].name, name)) {
            return parse_source(parser, (uint16_t)i);
        }
    }
    return zta_parse_fail(parser, token, NULL, "a file of items that was read with the rules");
}

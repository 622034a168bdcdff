/* SPDX-License-Identifier: Apache-2.0 */
/* Sources to a tree: headers, lists, heads of rules (bodies: parse_rule.c, parse_cond.c). */
#include "shared/rules/parse.h"

#include "shared/rules/parse_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    enum zta_rule_kind kind;
} kinds[] = {
    {.word = "allow", .kind = ZTA_RULE_ALLOW},     {.word = "deny", .kind = ZTA_RULE_DENY},
    {.word = "require", .kind = ZTA_RULE_REQUIRE}, {.word = "limit", .kind = ZTA_RULE_LIMIT},
    {.word = "signal", .kind = ZTA_RULE_SIGNAL},   {.word = "respond", .kind = ZTA_RULE_RESPOND},
};
enum {
    N_KINDS = sizeof kinds / sizeof kinds[0]
};

void zta_parse_next(struct zta_parser *parser)
{
    zta_lex_token(&parser->lexer, &parser->token);
}

bool zta_parse_is_word(const struct zta_parser *parser, const char *word)
{
    return parser->token.kind == ZTA_TOKEN_WORD &&
           zta_text_equal(parser->token.raw, zta_text_of(word));
}

enum zta_status zta_parse_end_line(struct zta_parser *parser)
{
    if (parser->token.kind != ZTA_TOKEN_END_OF_LINE) {
        return zta_parse_fail(parser, &parser->token, NULL, "the end of the line");
    }
    parser->has_line = zta_lex_line(&parser->lexer, &parser->token);
    return ZTA_OK;
}

enum zta_status zta_parse_copy(struct zta_parser *parser, const struct zta_token *token,
                               struct zta_text *text)
{
    char *copy = zta_arena_alloc(parser->arena, token->raw.len);
    if (!copy) {
        return ZTA_NO_MEMORY;
    }
    size_t len = token->raw.len;
    if (token->kind == ZTA_TOKEN_STRING) {
        len = zta_lex_unquote(token->raw, copy);
    }
    else {
        memcpy(copy, token->raw.data, len);
    }
    *text = (struct zta_text){.data = copy, .len = len};
    return ZTA_OK;
}

static enum zta_status parse_name(struct zta_parser *parser, struct zta_text *name,
                                  struct zta_rules_place *place)
{
    struct zta_token token = parser->token;
    *place = token.place;
    if (token.kind != ZTA_TOKEN_WORD || !zta_value_is_name(token.raw)) {
        return zta_parse_fail(parser, &token, NULL, "%s", zta_value_expected(ZTA_VALUE_NAME));
    }
    zta_parse_next(parser);
    return zta_parse_copy(parser, &token, name);
}

static enum zta_status parse_items(struct zta_parser *parser)
{
    while (parser->token.kind != ZTA_TOKEN_END_OF_LINE) {
        if (zta_parse_is_file(&parser->token)) {
            struct zta_token *file = zta_vector_push(&parser->files);
            if (!file) {
                return ZTA_NO_MEMORY;
            }
            *file = parser->token;
            zta_parse_next(parser);
            continue;
        }
        struct zta_ast_value *item = zta_vector_push(&parser->values);
        enum zta_status status = item ? zta_parse_item(parser, item) : ZTA_NO_MEMORY;
        if (status != ZTA_OK) {
            return status;
        }
    }
    return zta_parse_end_line(parser);
}

/* Items from files stand behind the list's own, in whatever order they were named. */
static enum zta_status parse_files(struct zta_parser *parser, struct zta_ast_list *list)
{
    const struct zta_token *tokens = (const void *)parser->files.items;
    list->n_own = parser->values.n;
    list->n_files = parser->files.n;
    list->files = zta_arena_alloc(parser->arena, parser->files.n * sizeof *list->files);
    enum zta_status status = list->files ? ZTA_OK : ZTA_NO_MEMORY;
    for (size_t i = 0; status == ZTA_OK && i < list->n_files; i++) {
        status = zta_parse_file(parser, &tokens[i]);
        if (status == ZTA_OK) {
            status = zta_parse_copy(parser, &tokens[i], &list->files[i]);
        }
    }
    parser->files.n = 0;
    return status;
}

static enum zta_status parse_list(struct zta_parser *parser)
{
    struct zta_ast_list *list = zta_vector_push(&parser->lists);
    if (!list) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = parse_name(parser, &list->name, &list->place);
    if (status == ZTA_OK) {
        status = parse_items(parser);
    }
    while (status == ZTA_OK && parser->has_line && parser->token.place.column > 1) {
        status = parse_items(parser);
    }
    if (status == ZTA_OK) {
        status = parse_files(parser, list);
    }
    if (status != ZTA_OK) {
        return status;
    }
    list->n_items = parser->values.n;
    list->items = zta_vector_move(&parser->values, parser->arena);
    return list->items ? ZTA_OK : ZTA_NO_MEMORY;
}

static enum zta_status parse_rule_head(struct zta_parser *parser, enum zta_rule_kind kind,
                                       const struct zta_token *keyword)
{
    struct zta_ast_rule *rule = zta_vector_push(&parser->rules);
    if (!rule) {
        return ZTA_NO_MEMORY;
    }
    rule->kind = kind;
    const struct zta_token name = parser->token;
    enum zta_status status = parse_name(parser, &rule->name, &rule->place);
    if (status == ZTA_OK && kind == ZTA_RULE_SIGNAL) {
        status = zta_parse_tuning(parser, &name, rule);
    }
    if (status == ZTA_OK) {
        status = zta_parse_end_line(parser);
    }
    return status == ZTA_OK ? zta_parse_rule(parser, rule, keyword) : status;
}

static enum zta_status parse_case_head(struct zta_parser *parser, const struct zta_token *keyword)
{
    struct zta_ast_case *item = zta_vector_push(&parser->cases);
    if (!item) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = parse_name(parser, &item->name, &item->place);
    if (status == ZTA_OK) {
        status = zta_parse_end_line(parser);
    }
    return status == ZTA_OK ? zta_parse_case(parser, item, keyword) : status;
}

static enum zta_status fail_statement(struct zta_parser *parser)
{
    const char *expected =
        "list, allow, deny, require, limit, signal, respond or case at the start of a "
        "line";
    if (zta_parse_is_word(parser, "zta")) {
        return zta_parse_fail(parser, &parser->token, NULL, "zta 1 once, before anything else");
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, parser->token.raw);
    zta_nearest_offer(&nearest, ZTA_TEXT("list"));
    zta_nearest_offer(&nearest, ZTA_TEXT("case"));
    for (size_t i = 0; i < N_KINDS; i++) {
        zta_nearest_offer(&nearest, zta_text_of(kinds[i].word));
    }
    return zta_parse_fail(parser, &parser->token, &nearest, "%s", expected);
}

static enum zta_status parse_statement(struct zta_parser *parser)
{
    struct zta_token keyword = parser->token;
    if (keyword.place.column > 1) {
        return fail_statement(parser);
    }
    if (zta_parse_is_word(parser, "list")) {
        zta_parse_next(parser);
        return parse_list(parser);
    }
    if (zta_parse_is_word(parser, "case")) {
        zta_parse_next(parser);
        return parse_case_head(parser, &keyword);
    }
    for (size_t i = 0; i < N_KINDS; i++) {
        if (zta_parse_is_word(parser, kinds[i].word)) {
            zta_parse_next(parser);
            return parse_rule_head(parser, kinds[i].kind, &keyword);
        }
    }
    return fail_statement(parser);
}

static enum zta_status parse_header(struct zta_parser *parser)
{
    if (!parser->has_line || !zta_parse_is_word(parser, "zta") || parser->token.place.column > 1) {
        return ZTA_OK;
    }
    zta_parse_next(parser);
    if (!zta_parse_is_word(parser, "1")) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "1, the version of the language that is known here");
    }
    zta_parse_next(parser);
    return zta_parse_end_line(parser);
}

static enum zta_status parse_source(struct zta_parser *parser, uint16_t source)
{
    struct zta_text text = parser->sources[source].text;
    struct zta_token bad;
    if (text.len > ZTA_RULES_SOURCE_MAX) {
        const struct zta_rules_place start = {.source = source, .line = 1, .column = 1};
        return zta_parse_fail_at(parser, &start, ZTA_TEXT("a larger text"), NULL,
                                 "at most %u bytes of rules", ZTA_RULES_SOURCE_MAX);
    }
    if (!zta_lex_check(text, source, &bad)) {
        return zta_parse_fail(parser, &bad, NULL, "%s", bad.expected);
    }
    zta_lex_init(&parser->lexer, text, source);
    parser->has_line = zta_lex_line(&parser->lexer, &parser->token);
    enum zta_status status = parse_header(parser);
    while (status == ZTA_OK && parser->has_line) {
        status = parse_statement(parser);
    }
    return status;
}

/* The tree over what was parsed, itself in the arena. */
static enum zta_status make_ast(struct zta_parser *parser, size_t n_sources,
                                struct zta_rules_ast **made)
{
    struct zta_rules_ast *ast = zta_arena_alloc(parser->arena, sizeof *ast);
    struct zta_text *names = zta_arena_alloc(parser->arena, n_sources * sizeof *names);
    if (!ast || !names) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < n_sources; i++) {
        struct zta_text name = zta_rules_source_shown(&parser->sources[i]);
        char *copy = zta_arena_alloc(parser->arena, name.len);
        if (!copy) {
            return ZTA_NO_MEMORY;
        }
        if (name.len > 0) {
            memcpy(copy, name.data, name.len);
        }
        names[i] = (struct zta_text){.data = copy, .len = name.len};
    }
    *ast = (struct zta_rules_ast){
        .n_lists = parser->lists.n,
        .n_rules = parser->rules.n,
        .n_cases = parser->cases.n,
        .source_names = names,
        .n_sources = n_sources,
        .arena = parser->arena,
    };
    ast->lists = zta_vector_move(&parser->lists, parser->arena);
    ast->rules = zta_vector_move(&parser->rules, parser->arena);
    ast->cases = zta_vector_move(&parser->cases, parser->arena);
    *made = ast;
    return ast->lists && ast->rules && ast->cases ? ZTA_OK : ZTA_NO_MEMORY;
}

static enum zta_status parse_all(struct zta_parser *parser, size_t n_sources,
                                 struct zta_rules_ast **made)
{
    const struct zta_rules_place start = {.source = 0, .line = 1, .column = 1};
    if (n_sources > UINT16_MAX) {
        return zta_parse_fail_at(parser, &start, ZTA_TEXT("more sources"), NULL,
                                 "at most %d sources of rules", UINT16_MAX);
    }
    for (size_t i = 0; i < n_sources; i++) {
        enum zta_status status = zta_rules_source_is_file(&parser->sources[i])
                                     ? ZTA_OK
                                     : parse_source(parser, (uint16_t)i);
        if (status != ZTA_OK) {
            return status;
        }
    }
    enum zta_status status = make_ast(parser, n_sources, made);
    if (status == ZTA_OK) {
        status = zta_parse_replace(parser, *made);
    }
    return status == ZTA_OK ? zta_parse_check(parser, *made) : status;
}

static enum zta_status parse(const struct zta_rules_source *sources, size_t n_sources, bool is_part,
                             struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    memset(error, 0, sizeof *error);
    struct zta_parser parser = {
        .is_part = is_part,
        .sources = sources,
        .n_sources = n_sources,
        .error = error,
        .arena = zta_arena_open(),
        .lists = {.item_size = sizeof(struct zta_ast_list)},
        .rules = {.item_size = sizeof(struct zta_ast_rule)},
        .cases = {.item_size = sizeof(struct zta_ast_case)},
        .givens = {.item_size = sizeof(struct zta_ast_given)},
        .groups = {.item_size = sizeof(struct zta_ast_group)},
        .conds = {.item_size = sizeof(struct zta_ast_cond)},
        .values = {.item_size = sizeof(struct zta_ast_value)},
        .files = {.item_size = sizeof(struct zta_token)},
        .keys = {.item_size = sizeof(uint16_t)},
        .key_claims = {.item_size = sizeof(struct zta_text)},
    };
    struct zta_rules_ast *made = NULL;
    enum zta_status status = parser.arena ? parse_all(&parser, n_sources, &made) : ZTA_NO_MEMORY;
    zta_vector_clear(&parser.lists);
    zta_vector_clear(&parser.rules);
    zta_vector_clear(&parser.cases);
    zta_vector_clear(&parser.givens);
    zta_vector_clear(&parser.groups);
    zta_vector_clear(&parser.conds);
    zta_vector_clear(&parser.values);
    zta_vector_clear(&parser.files);
    zta_vector_clear(&parser.keys);
    zta_vector_clear(&parser.key_claims);
    if (status != ZTA_OK) {
        zta_arena_close(&parser.arena);
        return status;
    }
    *ast = made;
    return ZTA_OK;
}

enum zta_status zta_rules_parse(const struct zta_rules_source *sources, size_t n_sources,
                                struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    return parse(sources, n_sources, false, ast, error);
}

enum zta_status zta_rules_parse_part(const struct zta_rules_source *sources, size_t n_sources,
                                     struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    return parse(sources, n_sources, true, ast, error);
}

void zta_rules_ast_close(struct zta_rules_ast **ast)
{
    if (*ast) {
        struct zta_arena *arena = (*ast)->arena;
        zta_arena_close(&arena); /* the tree lies in it too */
        *ast = NULL;
    }
}

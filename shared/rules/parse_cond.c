/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and their values: attribute, operator, and what the attribute's type admits. */
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/identity.h"
#include "shared/rules/parse_priv.h"

#include <string.h>

static const char claim_prefix[] = "claim:";
static const char list_prefix[] = "list:";

static bool starts_with(struct zta_text text, const char *prefix)
{
    return zta_text_starts_with(text, zta_text_of(prefix));
}

static struct zta_text without(struct zta_text text, const char *prefix)
{
    size_t len = strlen(prefix);
    return (struct zta_text){.data = text.data + len, .len = text.len - len};
}

static bool is_keyword(struct zta_text text)
{
    return zta_text_equal(text, ZTA_TEXT("known")) || zta_text_equal(text, ZTA_TEXT("unknown"));
}

static bool has_quote(struct zta_text text)
{
    return memchr(text.data, '"', text.len) != NULL;
}

/* Length of the segment that text begins with; 0: none. The lexer saw that quotes pair up. */
static size_t segment_len(struct zta_text text)
{
    if (text.len > 0 && text.data[0] == '"') {
        return zta_lex_quoted_len(text);
    }
    size_t len = 0;
    while (len < text.len && text.data[len] != '.') {
        len++;
    }
    return len;
}

enum zta_status zta_parse_claim(struct zta_parser *parser, const struct zta_token *token,
                                struct zta_text *name)
{
    struct zta_text rest = without(token->raw, claim_prefix);
    size_t size = token->raw.len + 1; /* the canonical name is never longer than what was written */
    char *storage = zta_arena_alloc(parser->arena, size);
    char *unquoted = zta_arena_alloc(parser->arena, token->raw.len);
    if (!storage || !unquoted) {
        return ZTA_NO_MEMORY;
    }
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, storage, size);
    for (size_t n_segments = 1;; n_segments++) {
        struct zta_text segment = {.data = rest.data, .len = segment_len(rest)};
        bool is_end = segment.len == rest.len;
        if (rest.len > 0 && rest.data[0] == '"') {
            rest =
                (struct zta_text){.data = rest.data + segment.len, .len = rest.len - segment.len};
            segment =
                (struct zta_text){.data = unquoted, .len = zta_lex_unquote(segment, unquoted)};
        }
        else {
            rest =
                (struct zta_text){.data = rest.data + segment.len, .len = rest.len - segment.len};
        }
        if (segment.len == 0 || n_segments > ZTA_JSON_DEPTH_MAX ||
            (!is_end && rest.data[0] != '.')) {
            return zta_parse_fail(parser, token, NULL,
                                  "claim:NAME, at most %d names joined by dots, "
                                  "a name with a dot or space in quotes",
                                  ZTA_JSON_DEPTH_MAX);
        }
        zta_claim_name_append(&buffer, segment);
        if (is_end) {
            break;
        }
        rest = without(rest, ".");
    }
    *name = (struct zta_text){.data = storage, .len = buffer.len};
    return ZTA_OK;
}

bool zta_parse_value_fits(enum zta_value_type type, const struct zta_ast_value *value)
{
    /* An asterisk that is no pattern would quietly match nothing but itself. */
    bool is_mistaken = !value->is_quoted && !zta_value_is_pattern(type) && value->text.len > 0 &&
                       memchr(value->text.data, '*', value->text.len) != NULL;
    bool is_text = value->is_quoted && type == ZTA_VALUE_NUMBER;
    return !is_mistaken && !is_text && zta_value_check(type, value->text) == ZTA_OK;
}

/* What is wrong with the prefix; the fault quotes the text, which the error shows anyway. */
static enum zta_status fail_network(struct zta_parser *parser, const struct zta_token *token)
{
    struct zta_cidr cidr;
    struct zta_error error = {.text = ""};
    const char *why =
        zta_cidr_parse(token->raw, &cidr, &error) != ZTA_OK ? strrchr(error.text, '"') : NULL;
    return zta_parse_fail(parser, token, NULL, "%s%s%s", zta_value_expected(ZTA_VALUE_NETWORK),
                          why != NULL ? "; this" : "", why != NULL ? why + 1 : "");
}

static enum zta_status fail_value(struct zta_parser *parser, const struct zta_token *token,
                                  enum zta_value_type type)
{
    bool is_text = type == ZTA_VALUE_TEXT || type == ZTA_VALUE_CLAIM || type == ZTA_VALUE_ACR;
    if (token->kind == ZTA_TOKEN_WORD && is_text) {
        return zta_parse_fail(parser, token, NULL,
                              "a value; '*' is no pattern here, quotes make it a character");
    }
    if (type == ZTA_VALUE_NETWORK && memchr(token->raw.data, '/', token->raw.len) != NULL) {
        return fail_network(parser, token);
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token->raw);
    for (size_t i = 0; zta_value_word(type, i); i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_value_word(type, i)));
    }
    zta_nearest_offer(&nearest, ZTA_TEXT("known"));
    zta_nearest_offer(&nearest, ZTA_TEXT("unknown"));
    return zta_parse_fail(parser, token, &nearest, "%s", zta_value_expected(type));
}

enum zta_status zta_parse_value(struct zta_parser *parser, const char *expected,
                                struct zta_ast_value *value)
{
    struct zta_token token = parser->token;
    if (token.kind != ZTA_TOKEN_WORD && token.kind != ZTA_TOKEN_STRING) {
        return zta_parse_fail(parser, &token, NULL, "%s", expected);
    }
    if (token.kind == ZTA_TOKEN_WORD && has_quote(token.raw)) {
        return zta_parse_fail(parser, &token, NULL, "%s; quotes go around all of it", expected);
    }
    enum zta_status status = zta_parse_copy(parser, &token, &value->text);
    if (status != ZTA_OK) {
        return status;
    }
    /* Quotes that change nothing are not kept, so that what is printed is equal. */
    value->is_quoted = token.kind == ZTA_TOKEN_STRING && zta_value_needs_quotes(value->text);
    value->place = token.place;
    zta_parse_next(parser);
    return ZTA_OK;
}

bool zta_parse_is_special(const struct zta_token *token)
{
    return token->kind == ZTA_TOKEN_WORD &&
           (starts_with(token->raw, list_prefix) || is_keyword(token->raw));
}

enum zta_status zta_parse_item(struct zta_parser *parser, struct zta_ast_value *item)
{
    struct zta_token token = parser->token;
    if (zta_parse_is_special(&token)) {
        return zta_parse_fail(parser, &token, NULL,
                              "a value: known, unknown and list: cannot be items, "
                              "in quotes they are plain text");
    }
    return zta_parse_value(parser, "a value", item);
}

static enum zta_status parse_list_name(struct zta_parser *parser, const struct zta_token *token,
                                       struct zta_ast_value *value)
{
    value->text = without(value->text, list_prefix);
    value->is_list = true;
    if (!zta_value_is_name(value->text)) {
        return zta_parse_fail(parser, token, NULL, "list:NAME");
    }
    return ZTA_OK;
}

/* One alternative of a line without operator. */
static enum zta_status parse_alternative(struct zta_parser *parser, enum zta_value_type type,
                                         struct zta_ast_value *value)
{
    struct zta_token token = parser->token;
    enum zta_status status = zta_parse_value(parser, zta_value_expected(type), value);
    if (status != ZTA_OK) {
        return status;
    }
    bool is_word = token.kind == ZTA_TOKEN_WORD;
    if (is_word && is_keyword(value->text)) {
        return ZTA_OK;
    }
    if (type == ZTA_VALUE_DURATION || type == ZTA_VALUE_RISK) {
        /* "exactly 300 seconds old" is true for a second: nobody means it. */
        return fail_value(parser, &token, type);
    }
    if (is_word && starts_with(value->text, list_prefix)) {
        return parse_list_name(parser, &token, value);
    }
    return zta_parse_value_fits(type, value) ? ZTA_OK : fail_value(parser, &token, type);
}

static const char *operand_expected(enum zta_value_type type)
{
    switch (type) {
    case ZTA_VALUE_DURATION:
        return "a duration such as 300s, 15m, 8h or 7d";
    case ZTA_VALUE_RISK:
        return "a number from 0 to 100";
    case ZTA_VALUE_THREAT_LEVEL:
    case ZTA_VALUE_ACR:
        return zta_value_expected(type);
    default:
        return "a number";
    }
}

static enum zta_status parse_operand(struct zta_parser *parser, enum zta_value_type type,
                                     struct zta_ast_value *value)
{
    const char *expected = operand_expected(type);
    struct zta_token token = parser->token;
    enum zta_status status = zta_parse_value(parser, expected, value);
    if (status != ZTA_OK) {
        return status;
    }
    double number;
    bool is_number = type != ZTA_VALUE_CLAIM || zta_value_number(value->text, &number) == ZTA_OK;
    bool is_word = !value->is_quoted || type == ZTA_VALUE_ACR;
    if (is_word && is_number && !zta_parse_is_special(&token) &&
        zta_parse_value_fits(type, value)) {
        return ZTA_OK;
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token.raw);
    for (size_t i = 0; zta_value_word(type, i); i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_value_word(type, i)));
    }
    return zta_parse_fail(parser, &token, &nearest, "%s", expected);
}

static enum zta_status parse_each(struct zta_parser *parser, const struct zta_attribute_info *info,
                                  bool has_op)
{
    do {
        struct zta_ast_value *value = zta_vector_push(&parser->values);
        if (!value) {
            return ZTA_NO_MEMORY;
        }
        enum zta_status status = has_op ? parse_operand(parser, info->type, value)
                                        : parse_alternative(parser, info->type, value);
        if (status != ZTA_OK) {
            return status;
        }
    } while (!has_op && parser->token.kind != ZTA_TOKEN_END_OF_LINE);
    return ZTA_OK;
}

static enum zta_status parse_values(struct zta_parser *parser, struct zta_ast_cond *cond)
{
    const struct zta_attribute_info *info = zta_attribute_info(cond->attribute);
    bool has_op = parser->token.kind == ZTA_TOKEN_OP;
    if (has_op && !(info->traits & ZTA_TRAIT_ORDERED)) {
        return zta_parse_fail(parser, &parser->token, NULL, "%s", zta_value_expected(info->type));
    }
    if (has_op) {
        cond->op = parser->token.op;
        zta_parse_next(parser);
    }
    enum zta_status status =
        info->type == ZTA_VALUE_HOURS ? zta_parse_hours(parser) : parse_each(parser, info, has_op);
    if (status != ZTA_OK) {
        return status;
    }
    cond->n_values = parser->values.n;
    cond->values = zta_vector_move(&parser->values, parser->arena);
    return cond->values ? ZTA_OK : ZTA_NO_MEMORY;
}

enum zta_status zta_parse_attribute(struct zta_parser *parser, uint16_t *attribute,
                                    struct zta_text *claim)
{
    struct zta_token token = parser->token;
    bool is_claim = token.kind == ZTA_TOKEN_WORD && starts_with(token.raw, claim_prefix);
    struct zta_text name = is_claim ? ZTA_TEXT("claim") : token.raw;
    bool is_bare_claim = !is_claim && zta_text_equal(name, ZTA_TEXT("claim"));
    if (token.kind != ZTA_TOKEN_WORD || is_bare_claim ||
        zta_attribute_find(name, attribute) != ZTA_OK) {
        struct zta_nearest nearest;
        zta_nearest_init(&nearest, token.raw);
        for (unsigned i = 0; i < ZTA_N_ATTRIBUTES; i++) {
            zta_nearest_offer(&nearest, i == ZTA_ATTRIBUTE_CLAIM
                                            ? ZTA_TEXT("claim:")
                                            : zta_text_of(zta_attribute_info(i)->name));
        }
        return zta_parse_fail(parser, &token, &nearest,
                              is_bare_claim ? "claim:NAME" : "an attribute");
    }
    enum zta_status status = is_claim ? zta_parse_claim(parser, &token, claim) : ZTA_OK;
    zta_parse_next(parser);
    return status;
}

static const char *expected_of(enum zta_rule_kind kind)
{
    return kind == ZTA_RULE_SIGNAL ? "an attribute of request, credential or circumstances: risk "
                                     "comes of signals, not they of it"
           : kind == ZTA_RULE_RESPOND
               ? "an attribute that every event tells: not a role, group, scope, claim or how a "
                 "login was made"
               : "an attribute of request or credential: context belongs in a require rule";
}

enum zta_status zta_parse_cond(struct zta_parser *parser, enum zta_rule_kind kind,
                               struct zta_ast_cond *cond)
{
    if (zta_parse_is_word(parser, "not")) {
        cond->is_negated = true;
        zta_parse_next(parser);
    }
    struct zta_token name = parser->token;
    cond->place = name.place;
    enum zta_status status = zta_parse_attribute(parser, &cond->attribute, &cond->claim);
    if (status == ZTA_OK && !(zta_attribute_info(cond->attribute)->kinds & 1u << kind)) {
        return zta_parse_fail(parser, &name, NULL, "%s", expected_of(kind));
    }
    if (status == ZTA_OK) {
        status = parse_values(parser, cond);
    }
    return status == ZTA_OK ? zta_parse_end_line(parser) : status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Cases: the facts of one request, and what the rules should say of it. */
#include "shared/base/clock.h"
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/identity.h"
#include "shared/rules/os.h"
#include "shared/rules/parse_priv.h"

#include <string.h>

enum {
    N_OUTCOMES = ZTA_OUTCOME_CHALLENGE + 1,
    NAMES_SIZE = 96,
};

/* One case under construction. */
struct body {
    struct zta_parser *parser;
    struct zta_ast_case *item;
    size_t n_list_values; /* what an identity has room for is counted */
    size_t n_claim_values;
};

typedef enum zta_status (*line_fn)(struct body *body, const struct zta_token *keyword);

/* An identity has room for a number of these. */
static bool is_counted(unsigned attribute)
{
    return attribute == ZTA_ATTRIBUTE_ROLE || attribute == ZTA_ATTRIBUTE_GROUP ||
           attribute == ZTA_ATTRIBUTE_SCOPE || attribute == ZTA_ATTRIBUTE_AMR ||
           attribute == ZTA_ATTRIBUTE_CLAIM;
}

static bool is_many(unsigned attribute)
{
    return is_counted(attribute) || attribute == ZTA_ATTRIBUTE_DEVICE ||
           attribute == ZTA_ATTRIBUTE_OS || attribute == ZTA_ATTRIBUTE_NETWORK ||
           attribute == ZTA_ATTRIBUTE_BEHAVIOUR || attribute == ZTA_ATTRIBUTE_SIGNAL;
}

static enum zta_status fail_if_given(struct body *body, const struct zta_token *token,
                                     const struct zta_ast_given *given)
{
    const struct zta_ast_given *givens = (const void *)body->parser->givens.items;
    for (size_t i = 0; i < body->parser->givens.n; i++) {
        if (givens[i].attribute == given->attribute &&
            (given->attribute != ZTA_ATTRIBUTE_CLAIM ||
             zta_text_equal(givens[i].claim, given->claim))) {
            return zta_parse_fail(body->parser, token, NULL, "each attribute once in a case");
        }
    }
    return ZTA_OK;
}

/* A request has no patterns: what would be one in a rule is a mistake here. */
static bool is_fact(enum zta_value_type type, const struct zta_ast_value *value)
{
    bool is_pattern = !value->is_quoted && memchr(value->text.data, '*', value->text.len) != NULL;
    bool is_relative = type == ZTA_VALUE_PATH && !zta_text_starts_with(value->text, ZTA_TEXT("/"));
    return !is_pattern && !is_relative && zta_parse_value_fits(type, value);
}

static bool is_os(const struct zta_ast_value *values, size_t n)
{
    struct zta_os os;
    bool is_name = zta_os_parse(values[0].text, &os) == ZTA_OK && os.op == ZTA_OP_ANY_OF;
    return is_name && (n == 1 || (n == 2 && zta_os_is_version(values[1].text)));
}

/* An address, a number of an autonomous system, or one of each. */
static bool is_network(const struct zta_ast_value *values, size_t n)
{
    size_t n_addrs = 0;
    size_t n_asns = 0;
    for (size_t i = 0; i < n; i++) {
        struct zta_addr addr;
        uint32_t asn;
        n_addrs += zta_addr_parse(values[i].text, &addr) == ZTA_OK;
        n_asns += zta_value_asn(values[i].text, &asn) == ZTA_OK;
    }
    return n_addrs <= 1 && n_asns <= 1 && n_addrs + n_asns == n;
}

/* A habit cannot be usual and unusual. */
static bool is_behaviour(const struct zta_ast_value *values, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        struct zta_text a = values[i].text;
        struct zta_text b = values[n - 1].text;
        struct zta_text shorter = a.len < b.len ? a : b;
        struct zta_text longer = a.len < b.len ? b : a;
        if (longer.len == shorter.len + 2 && zta_text_starts_with(longer, ZTA_TEXT("un")) &&
            memcmp(longer.data + 2, shorter.data, shorter.len) == 0) {
            return false;
        }
    }
    return zta_value_check(ZTA_VALUE_BEHAVIOUR, values[n - 1].text) == ZTA_OK;
}

/* The last value, after those before it. */
static bool is_fact_of(unsigned attribute, const struct zta_ast_value *values, size_t n)
{
    if (attribute == ZTA_ATTRIBUTE_OS) {
        return is_os(values, n);
    }
    if (attribute == ZTA_ATTRIBUTE_NETWORK) {
        return is_network(values, n);
    }
    if (attribute == ZTA_ATTRIBUTE_BEHAVIOUR) {
        return is_behaviour(values, n);
    }
    bool is_known = attribute == ZTA_ATTRIBUTE_DEVICE && !values[n - 1].is_quoted &&
                    zta_text_equal(values[n - 1].text, ZTA_TEXT("known"));
    return is_known || is_fact(zta_attribute_info(attribute)->type, &values[n - 1]);
}

/* Where it is not what a rule expects. */
static const char *const expectations[ZTA_N_VALUE_TYPES] = {
    [ZTA_VALUE_TEXT] = "a value; '*' is no pattern here, quotes make it a character",
    [ZTA_VALUE_HOST] = "the host name of a request, without wildcards and port",
    [ZTA_VALUE_PATH] = "the path of a request, from / on, decoded, without query and wildcards",
    [ZTA_VALUE_MEDIA_TYPE] =
        "the media type of a request such as application/json, without parameters",
    [ZTA_VALUE_DURATION] = "a duration such as 300s, 15m, 8h or 7d",
    [ZTA_VALUE_CLAIM] = "a value; '*' is no pattern here, quotes make it a character",
    [ZTA_VALUE_PATTERN] = "a value; '*' is no pattern here, quotes make it a character",
    [ZTA_VALUE_OS] = "an operating system and its version, such as macos 14.2",
    [ZTA_VALUE_NETWORK] = "one address such as 192.0.2.7, and one asn:NUMBER",
    [ZTA_VALUE_ACR] = "a value; '*' is no pattern here, quotes make it a character",
    [ZTA_VALUE_RISK] = "a number from 0 to 100",
    [ZTA_VALUE_BEHAVIOUR] = "usual- or unusual- and one of network, country, device, agent, "
                            "hours, route, rate, each once",
};

static const char *expected_of(enum zta_value_type type)
{
    return expectations[type] ? expectations[type] : zta_value_expected(type);
}

static enum zta_status parse_fact(struct body *body, const struct zta_ast_given *given)
{
    struct zta_parser *parser = body->parser;
    struct zta_token token = parser->token;
    enum zta_value_type type = zta_attribute_info(given->attribute)->type;
    size_t *n =
        given->attribute == ZTA_ATTRIBUTE_CLAIM ? &body->n_claim_values : &body->n_list_values;
    size_t max =
        given->attribute == ZTA_ATTRIBUTE_CLAIM ? ZTA_IDENTITY_CLAIMS_MAX : ZTA_IDENTITY_VALUES_MAX;
    bool is_trait = given->attribute == ZTA_ATTRIBUTE_DEVICE && zta_parse_is_word(parser, "known");
    if (zta_parse_is_special(&token) && !is_trait) {
        return zta_parse_fail(parser, &token, NULL,
                              "a value: what a case does not give is unknown, "
                              "and there are no lists in a request");
    }
    if (parser->values.n > 0 && !is_many(given->attribute)) {
        return zta_parse_fail(parser, &token, NULL, "one value: a request has no more of it");
    }
    if (is_counted(given->attribute) && ++*n > max) {
        return zta_parse_fail(parser, &token, NULL, "at most %u values in all, as a request has",
                              (unsigned)max);
    }
    struct zta_ast_value *value = zta_vector_push(&parser->values);
    if (!value) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = zta_parse_value(parser, expected_of(type), value);
    if (status != ZTA_OK ||
        is_fact_of(given->attribute, (const void *)parser->values.items, parser->values.n)) {
        return status;
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token.raw);
    for (size_t i = 0; !zta_parse_value_fits(type, value) && zta_value_word(type, i); i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_value_word(type, i)));
    }
    return zta_parse_fail(parser, &token, &nearest, "%s", expected_of(type));
}

static enum zta_status parse_given(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    struct zta_token name = parser->token;
    struct zta_ast_given given = {.claim = {.data = NULL}};
    enum zta_status status = zta_parse_attribute(parser, &given.attribute, &given.claim);
    if (status == ZTA_OK && given.attribute == ZTA_ATTRIBUTE_HOURS) {
        return zta_parse_fail(parser, &name, NULL, "a line `at TIME`: it says what time it is");
    }
    if (status == ZTA_OK) {
        status = fail_if_given(body, &name, &given);
    }
    do {
        if (status == ZTA_OK) {
            status = parse_fact(body, &given);
        }
    } while (status == ZTA_OK && parser->token.kind != ZTA_TOKEN_END_OF_LINE);
    if (status != ZTA_OK) {
        return status;
    }
    given.n_values = parser->values.n;
    given.values = zta_vector_move(&parser->values, parser->arena);
    struct zta_ast_given *added = zta_vector_push(&parser->givens);
    if (!given.values || !added) {
        return ZTA_NO_MEMORY;
    }
    *added = given;
    return zta_parse_end_line(parser);
}

static enum zta_status fail_twice(struct body *body, const struct zta_token *keyword)
{
    return zta_parse_fail(body->parser, keyword, NULL, "one such line in a case");
}

static enum zta_status parse_at(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    if (!zta_text_is_absent(body->item->at)) {
        return fail_twice(body, keyword);
    }
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_time_parse(parser->token.raw, &body->item->at_s) != ZTA_OK) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "a time such as 2027-01-31T18:00Z or 2027-01-31T18:00:00+01:00");
    }
    enum zta_status status = zta_parse_copy(parser, &parser->token, &body->item->at);
    if (status != ZTA_OK) {
        return status;
    }
    zta_parse_next(parser);
    return zta_parse_end_line(parser);
}

static enum zta_status parse_stage(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    uint64_t stage;
    if (body->item->has_stage) {
        return fail_twice(body, keyword);
    }
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_text_to_u64(parser->token.raw, ZTA_STAGE_MAX, &stage) != ZTA_OK) {
        return zta_parse_fail(parser, &parser->token, NULL, "a stage from 0 to %d", ZTA_STAGE_MAX);
    }
    body->item->stage = (uint8_t)stage;
    body->item->has_stage = true;
    zta_parse_next(parser);
    return zta_parse_end_line(parser);
}

static enum zta_status parse_outcome(struct body *body)
{
    struct zta_parser *parser = body->parser;
    struct zta_token token = parser->token;
    if (token.kind == ZTA_TOKEN_WORD &&
        zta_outcome_parse(token.raw, &body->item->outcome) == ZTA_OK) {
        zta_parse_next(parser);
        return ZTA_OK;
    }
    char names[NAMES_SIZE];
    struct zta_buffer expected;
    struct zta_nearest nearest;
    zta_buffer_init(&expected, names, sizeof names);
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = 0; i < N_OUTCOMES; i++) {
        const char *name = zta_outcome_name((enum zta_outcome)i);
        zta_buffer_printf(&expected, "%s%s",
                          i == 0                ? ""
                          : i + 1 == N_OUTCOMES ? " or "
                                                : ", ",
                          name);
        zta_nearest_offer(&nearest, zta_text_of(name));
    }
    return zta_parse_fail(parser, &token, &nearest, "%s", names);
}

static enum zta_status parse_reason(struct body *body)
{
    struct zta_parser *parser = body->parser;
    struct zta_token token = parser->token;
    if (token.kind == ZTA_TOKEN_END_OF_LINE || zta_parse_is_word(parser, "by")) {
        return ZTA_OK;
    }
    if (token.kind == ZTA_TOKEN_WORD &&
        zta_reason_parse(token.raw, &body->item->reason) == ZTA_OK) {
        body->item->has_reason = true;
        zta_parse_next(parser);
        return ZTA_OK;
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_reason_name((enum zta_reason)i)));
    }
    return zta_parse_fail(parser, &token, &nearest,
                          "a reason such as rule_denied, by NAME, "
                          "or the end of the line");
}

static enum zta_status parse_by(struct body *body)
{
    struct zta_parser *parser = body->parser;
    if (!zta_parse_is_word(parser, "by")) {
        return ZTA_OK;
    }
    zta_parse_next(parser);
    if (parser->token.kind != ZTA_TOKEN_WORD || !zta_value_is_name(parser->token.raw)) {
        return zta_parse_fail(parser, &parser->token, NULL, "the name of a rule");
    }
    enum zta_status status = zta_parse_copy(parser, &parser->token, &body->item->by);
    zta_parse_next(parser);
    return status;
}

static enum zta_status parse_expect(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    enum zta_status status = parse_outcome(body);
    if (status == ZTA_OK) {
        status = parse_reason(body);
    }
    if (status == ZTA_OK) {
        status = parse_by(body);
    }
    if (status == ZTA_OK) {
        status = zta_parse_end_line(parser);
    }
    if (status == ZTA_OK && parser->has_line && parser->token.place.column > 1) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "the next statement: expect is the last line of a case");
    }
    return status;
}

static const struct {
    const char *word;
    line_fn parse;
} lines[] = {
    {.word = "given", .parse = parse_given},
    {.word = "at", .parse = parse_at},
    {.word = "stage", .parse = parse_stage},
    {.word = "expect", .parse = parse_expect},
};
enum {
    N_LINES = sizeof lines / sizeof lines[0]
};

/* *is_end: it was the line that ends a case. */
static enum zta_status parse_line(struct body *body, bool *is_end)
{
    struct zta_parser *parser = body->parser;
    struct zta_token keyword = parser->token;
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, keyword.raw);
    for (size_t i = 0; i < N_LINES; i++) {
        if (zta_parse_is_word(parser, lines[i].word)) {
            *is_end = lines[i].parse == parse_expect;
            zta_parse_next(parser);
            return lines[i].parse(body, &keyword);
        }
        zta_nearest_offer(&nearest, zta_text_of(lines[i].word));
    }
    return zta_parse_fail(parser, &keyword, &nearest, "given, at, stage or expect in this case");
}

enum zta_status zta_parse_case(struct zta_parser *parser, struct zta_ast_case *item,
                               const struct zta_token *keyword)
{
    struct body body = {.parser = parser, .item = item};
    bool is_end = false;
    while (!is_end && parser->has_line && parser->token.place.column > 1) {
        enum zta_status status = parse_line(&body, &is_end);
        if (status != ZTA_OK) {
            return status;
        }
    }
    if (!is_end) {
        return zta_parse_fail(parser, keyword, NULL, "an expect line at the end of this case");
    }
    item->n_givens = parser->givens.n;
    item->givens = zta_vector_move(&parser->givens, parser->arena);
    return item->givens ? ZTA_OK : ZTA_NO_MEMORY;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a rule: which may stand where, how often, and what a rule must have. */
#include "shared/base/clock.h"
#include "shared/rules/parse_priv.h"

#include <stdio.h>
#include <string.h>

enum {
    COUNT_MAX = 1000000000,              /* of a rate and a burst */
    WINDOW_MAX_S = 366 * 24 * 3600,      /* of a rate */
    REFILL_MAX_S = 10 * 366 * 24 * 3600, /* an empty bucket's: its nanoseconds fit 64 bits */
    TEXT_SIZE = 128,
};

static const char *const kind_names[] = {
    [ZTA_RULE_ALLOW] = "allow", [ZTA_RULE_DENY] = "deny",     [ZTA_RULE_REQUIRE] = "require",
    [ZTA_RULE_LIMIT] = "limit", [ZTA_RULE_SIGNAL] = "signal", [ZTA_RULE_RESPOND] = "respond",
};

/* One rule under construction. */
struct body {
    struct zta_parser *parser;
    struct zta_ast_rule *rule;
    bool has_when;
    bool has_need;
    bool can_or; /* the line above is a when, need or or */
};

typedef enum zta_status (*line_fn)(struct body *body, const struct zta_token *keyword);

static enum zta_status fail_twice(struct body *body, const struct zta_token *keyword)
{
    return zta_parse_fail(body->parser, keyword, NULL, "one such line in a rule");
}

/* The group that was last begun gets the alternatives that were collected for it. */
static enum zta_status close_group(struct body *body)
{
    struct zta_parser *parser = body->parser;
    if (parser->conds.n == 0) {
        return ZTA_OK;
    }
    struct zta_ast_group *groups = (struct zta_ast_group *)(void *)parser->groups.items;
    struct zta_ast_group *group = &groups[parser->groups.n - 1];
    group->n_conds = parser->conds.n;
    group->conds = zta_vector_move(&parser->conds, parser->arena);
    return group->conds ? ZTA_OK : ZTA_NO_MEMORY;
}

static enum zta_status parse_alternative(struct body *body)
{
    struct zta_ast_cond *cond = zta_vector_push(&body->parser->conds);
    if (!cond) {
        return ZTA_NO_MEMORY;
    }
    body->can_or = true;
    return zta_parse_cond(body->parser, body->rule->kind, cond);
}

static enum zta_status begin_group(struct body *body, bool is_need)
{
    enum zta_status status = close_group(body);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_ast_group *group = zta_vector_push(&body->parser->groups);
    if (!group) {
        return ZTA_NO_MEMORY;
    }
    group->is_need = is_need;
    return parse_alternative(body);
}

static enum zta_status parse_when(struct body *body, const struct zta_token *keyword)
{
    body->has_when = true;
    return begin_group(body, false);
}

static enum zta_status parse_need(struct body *body, const struct zta_token *keyword)
{
    body->has_need = true;
    return begin_group(body, true);
}

static enum zta_status parse_or(struct body *body, const struct zta_token *keyword)
{
    if (!body->can_or) {
        return zta_parse_fail(body->parser, keyword, NULL,
                              "a when or need line above: or is an alternative to it");
    }
    return parse_alternative(body);
}

static enum zta_status fail_key(struct zta_parser *parser, const struct zta_token *token)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token->raw);
    for (unsigned i = 0; i < ZTA_N_KEYS; i++) {
        zta_nearest_offer(&nearest, i == ZTA_KEY_CLAIM ? ZTA_TEXT("claim:")
                                                       : zta_text_of(zta_limit_key_info(i)->name));
    }
    return zta_parse_fail(parser, token, &nearest,
                          "a key: ip, net, subject, client, session, apikey, issuer, route, "
                          "claim:NAME or all");
}

static enum zta_status fail_if_known(struct zta_parser *parser, const struct zta_token *token,
                                     uint16_t key, struct zta_text claim)
{
    const uint16_t *keys = (const uint16_t *)(const void *)parser->keys.items;
    const struct zta_text *claims = (const struct zta_text *)(const void *)parser->key_claims.items;
    for (size_t i = 0; i < parser->keys.n; i++) {
        if (keys[i] == key && (key != ZTA_KEY_CLAIM || zta_text_equal(claims[i], claim))) {
            return zta_parse_fail(parser, token, NULL, "each key once");
        }
    }
    return ZTA_OK;
}

static enum zta_status take_key(struct zta_parser *parser)
{
    struct zta_token token = parser->token;
    bool is_claim =
        token.kind == ZTA_TOKEN_WORD && zta_text_starts_with(token.raw, ZTA_TEXT("claim:"));
    struct zta_text claim = {.data = NULL};
    uint16_t key = ZTA_KEY_CLAIM;
    enum zta_status status = ZTA_OK;
    if (is_claim) {
        status = zta_parse_claim(parser, &token, &claim);
    }
    else if (token.kind != ZTA_TOKEN_WORD || zta_limit_key_find(token.raw, &key) != ZTA_OK ||
             key == ZTA_KEY_CLAIM) {
        status = fail_key(parser, &token);
    }
    if (status == ZTA_OK) {
        status = fail_if_known(parser, &token, key, claim);
    }
    if (status != ZTA_OK) {
        return status;
    }
    uint16_t *next_key = zta_vector_push(&parser->keys);
    struct zta_text *next_claim = zta_vector_push(&parser->key_claims);
    if (!next_key || !next_claim) {
        return ZTA_NO_MEMORY;
    }
    *next_key = key;
    *next_claim = claim;
    zta_parse_next(parser);
    return ZTA_OK;
}

static enum zta_status parse_key(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    struct zta_ast_rule *rule = body->rule;
    if (rule->n_keys > 0) {
        return fail_twice(body, keyword);
    }
    do {
        enum zta_status status = take_key(parser);
        if (status != ZTA_OK) {
            return status;
        }
    } while (parser->token.kind != ZTA_TOKEN_END_OF_LINE);
    rule->n_keys = parser->keys.n;
    rule->keys = zta_vector_move(&parser->keys, parser->arena);
    rule->key_claims = zta_vector_move(&parser->key_claims, parser->arena);
    return rule->keys && rule->key_claims ? zta_parse_end_line(parser) : ZTA_NO_MEMORY;
}

/* "100/s" or "5/10m"; false for anything else. */
static bool read_rate(struct zta_text text, struct zta_ast_rate *rate)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {
        {.unit = 's', .seconds = 1},
        {.unit = 'm', .seconds = 60},
        {.unit = 'h', .seconds = 3600},
        {.unit = 'd', .seconds = 86400},
    };
    const char *slash = memchr(text.data, '/', text.len);
    if (!slash || text.len < 3) {
        return false;
    }
    struct zta_text count = {.data = text.data, .len = (size_t)(slash - text.data)};
    struct zta_text span = {.data = slash + 1, .len = text.len - count.len - 1};
    if (span.len == 0 || zta_text_to_u64(count, COUNT_MAX, &rate->count) != ZTA_OK) {
        return false;
    }
    rate->unit = span.data[--span.len];
    rate->n_units = 1;
    if (span.len > 0 && zta_text_to_u64(span, WINDOW_MAX_S, &rate->n_units) != ZTA_OK) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == rate->unit) {
            rate->window_s = rate->n_units * units[i].seconds;
        }
    }
    return rate->count > 0 && rate->window_s > 0 && rate->window_s <= WINDOW_MAX_S;
}

static enum zta_status parse_burst(struct zta_parser *parser, struct zta_ast_rate *rate,
                                   bool is_limit)
{
    if (parser->token.kind == ZTA_TOKEN_END_OF_LINE ||
        (is_limit && zta_parse_is_word(parser, "fleet"))) {
        return ZTA_OK;
    }
    if (!zta_parse_is_word(parser, "burst")) {
        struct zta_nearest nearest;
        zta_nearest_init(&nearest, parser->token.raw);
        zta_nearest_offer(&nearest, ZTA_TEXT("burst"));
        if (is_limit) {
            zta_nearest_offer(&nearest, ZTA_TEXT("fleet"));
        }
        return zta_parse_fail(parser, &parser->token, &nearest, "burst%s or the end of the line",
                              is_limit ? ", fleet" : "");
    }
    zta_parse_next(parser);
    rate->has_burst = true;
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_text_to_u64(parser->token.raw, COUNT_MAX, &rate->burst) != ZTA_OK || rate->burst == 0) {
        return zta_parse_fail(parser, &parser->token, NULL, "a number from 1 to %d", COUNT_MAX);
    }
    if (rate->burst * rate->window_s / rate->count > REFILL_MAX_S) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "a burst that is regained within ten years");
    }
    zta_parse_next(parser);
    return ZTA_OK;
}

enum zta_status zta_parse_rate(struct zta_parser *parser, struct zta_ast_rate *rate)
{
    struct zta_ast_rate taken = {.count = 0};
    if (parser->token.kind != ZTA_TOKEN_WORD || !read_rate(parser->token.raw, &taken)) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "a rate such as 100/s or 5/10m: from 1 to %d, in at most 366 days",
                              COUNT_MAX);
    }
    taken.burst = taken.count;
    *rate = taken;
    zta_parse_next(parser);
    return ZTA_OK;
}

/* RATE ["burst" COUNT], and of a limit ["fleet"], up to the end of the line. */
static enum zta_status take_rate(struct body *body, bool is_limit)
{
    struct zta_parser *parser = body->parser;
    struct zta_ast_rate rate;
    enum zta_status status = zta_parse_rate(parser, &rate);
    if (status == ZTA_OK) {
        status = parse_burst(parser, &rate, is_limit);
    }
    if (status == ZTA_OK && is_limit && zta_parse_is_word(parser, "fleet")) {
        rate.is_fleets = true;
        zta_parse_next(parser);
    }
    if (status != ZTA_OK) {
        return status;
    }
    body->rule->rate = rate;
    return zta_parse_end_line(parser);
}

static enum zta_status parse_rate(struct body *body, const struct zta_token *keyword)
{
    return body->rule->rate.count > 0 ? fail_twice(body, keyword) : take_rate(body, true);
}

static enum zta_status parse_else(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    struct zta_token token = parser->token;
    if (body->rule->otherwise != ZTA_ELSE_NONE) {
        return fail_twice(body, keyword);
    }
    if (zta_parse_is_word(parser, "deny")) {
        body->rule->otherwise = ZTA_ELSE_DENY;
        zta_parse_next(parser);
        return zta_parse_end_line(parser);
    }
    if (zta_parse_is_word(parser, "throttle")) {
        body->rule->otherwise = ZTA_ELSE_THROTTLE;
        zta_parse_next(parser);
        return take_rate(body, false);
    }
    if (zta_parse_is_word(parser, "step-up")) {
        body->rule->otherwise = ZTA_ELSE_STEP_UP;
        zta_parse_next(parser);
        enum zta_status status = zta_parse_step_up(parser, &body->rule->step_up);
        return status == ZTA_OK ? zta_parse_end_line(parser) : status;
    }
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token.raw);
    zta_nearest_offer(&nearest, ZTA_TEXT("deny"));
    zta_nearest_offer(&nearest, ZTA_TEXT("throttle"));
    zta_nearest_offer(&nearest, ZTA_TEXT("step-up"));
    return zta_parse_fail(parser, &token, &nearest,
                          "deny, throttle with a rate such as 5/m, or step-up with acr=VALUE, "
                          "max-age=DURATION or both");
}

static enum zta_status parse_mode(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    struct zta_token token = parser->token;
    if (body->rule->has_mode) {
        return fail_twice(body, keyword);
    }
    if (token.kind != ZTA_TOKEN_WORD || zta_mode_parse(token.raw, &body->rule->mode) != ZTA_OK) {
        struct zta_nearest nearest;
        zta_nearest_init(&nearest, token.raw);
        for (unsigned i = 0; i <= ZTA_MODE_ENFORCE; i++) {
            zta_nearest_offer(&nearest, zta_text_of(zta_mode_name((enum zta_mode)i)));
        }
        return zta_parse_fail(parser, &token, &nearest, "enforce, monitor or off");
    }
    body->rule->has_mode = true;
    zta_parse_next(parser);
    return zta_parse_end_line(parser);
}

/* Half-open: from the first on, before the second. The tree has 0 for neither. */
static enum zta_status parse_time(struct body *body, const struct zta_token *keyword,
                                  int64_t *time_s)
{
    struct zta_parser *parser = body->parser;
    struct zta_token token = parser->token;
    if (*time_s != 0) {
        return fail_twice(body, keyword);
    }
    if (token.kind != ZTA_TOKEN_WORD || zta_time_parse(token.raw, time_s) != ZTA_OK ||
        *time_s <= 0) {
        return zta_parse_fail(parser, &token, NULL,
                              "a time since 1970 such as 2027-01-31T18:00Z or "
                              "2027-01-31T18:00:00+01:00");
    }
    const struct zta_ast_rule *rule = body->rule;
    if (rule->from_s != 0 && rule->until_s != 0 && rule->from_s >= rule->until_s) {
        return zta_parse_fail(parser, &token, NULL, "until after from");
    }
    zta_parse_next(parser);
    return zta_parse_end_line(parser);
}

static enum zta_status parse_from(struct body *body, const struct zta_token *keyword)
{
    return parse_time(body, keyword, &body->rule->from_s);
}

static enum zta_status parse_until(struct body *body, const struct zta_token *keyword)
{
    return parse_time(body, keyword, &body->rule->until_s);
}

static enum zta_status parse_note(struct body *body, const struct zta_token *keyword)
{
    struct zta_parser *parser = body->parser;
    if (!zta_text_is_absent(body->rule->note)) {
        return fail_twice(body, keyword);
    }
    if (parser->token.kind != ZTA_TOKEN_STRING) {
        return zta_parse_fail(parser, &parser->token, NULL, "a text in quotes");
    }
    enum zta_status status = zta_parse_copy(parser, &parser->token, &body->rule->note);
    if (status != ZTA_OK) {
        return status;
    }
    zta_parse_next(parser);
    return zta_parse_end_line(parser);
}

static enum zta_status parse_on(struct body *body, const struct zta_token *keyword)
{
    return zta_parse_on(body->parser, body->rule);
}

static enum zta_status parse_do(struct body *body, const struct zta_token *keyword)
{
    return zta_parse_do(body->parser, body->rule);
}

enum {
    EVERY_RULE = 1u << ZTA_RULE_ALLOW | 1u << ZTA_RULE_DENY | 1u << ZTA_RULE_REQUIRE |
                 1u << ZTA_RULE_LIMIT | 1u << ZTA_RULE_SIGNAL | 1u << ZTA_RULE_RESPOND,
};

static const struct {
    const char *word;
    unsigned kinds;
    line_fn parse;
} lines[] = {
    {.word = "when", .kinds = EVERY_RULE, .parse = parse_when},
    {.word = "need", .kinds = 1u << ZTA_RULE_ALLOW | 1u << ZTA_RULE_REQUIRE, .parse = parse_need},
    {.word = "or", .kinds = EVERY_RULE, .parse = parse_or},
    {.word = "key", .kinds = 1u << ZTA_RULE_LIMIT, .parse = parse_key},
    {.word = "rate", .kinds = 1u << ZTA_RULE_LIMIT, .parse = parse_rate},
    {.word = "else", .kinds = 1u << ZTA_RULE_REQUIRE, .parse = parse_else},
    {.word = "on", .kinds = 1u << ZTA_RULE_RESPOND, .parse = parse_on},
    {.word = "do", .kinds = 1u << ZTA_RULE_RESPOND, .parse = parse_do},
    {.word = "mode", .kinds = EVERY_RULE, .parse = parse_mode},
    {.word = "from", .kinds = EVERY_RULE, .parse = parse_from},
    {.word = "until", .kinds = EVERY_RULE, .parse = parse_until},
    {.word = "note", .kinds = EVERY_RULE, .parse = parse_note},
};
enum {
    N_LINES = sizeof lines / sizeof lines[0]
};

static enum zta_status fail_line(struct body *body)
{
    struct zta_parser *parser = body->parser;
    enum zta_rule_kind kind = body->rule->kind;
    char words[TEXT_SIZE];
    struct zta_buffer expected;
    struct zta_nearest nearest;
    zta_buffer_init(&expected, words, sizeof words);
    zta_nearest_init(&nearest, parser->token.raw);
    for (size_t i = 0; i < N_LINES; i++) {
        if (lines[i].kinds & 1u << kind) {
            const char *between = i + 1 == N_LINES ? " or " : ", ";
            zta_buffer_printf(&expected, "%s%s", expected.len > 0 ? between : "", lines[i].word);
            zta_nearest_offer(&nearest, zta_text_of(lines[i].word));
        }
    }
    return zta_parse_fail(parser, &parser->token, &nearest, "%s in this %s rule", words,
                          kind_names[kind]);
}

static enum zta_status parse_line(struct body *body)
{
    struct zta_parser *parser = body->parser;
    struct zta_token keyword = parser->token;
    for (size_t i = 0; i < N_LINES; i++) {
        if ((lines[i].kinds & 1u << body->rule->kind) && zta_parse_is_word(parser, lines[i].word)) {
            zta_parse_next(parser);
            bool could_or = body->can_or;
            body->can_or = lines[i].parse == parse_or && could_or;
            return lines[i].parse(body, &keyword);
        }
    }
    return fail_line(body);
}

static enum zta_status check_complete(const struct body *body, const struct zta_token *keyword)
{
    const struct zta_ast_rule *rule = body->rule;
    const char *missing = NULL;
    switch (rule->kind) {
    case ZTA_RULE_ALLOW:
        missing = rule->n_groups > 0 ? NULL : "a when or need line in this allow rule";
        break;
    case ZTA_RULE_DENY:
        missing = body->has_when ? NULL : "a when line in this deny rule";
        break;
    case ZTA_RULE_REQUIRE:
        missing = body->has_need ? NULL : "a need line in this require rule";
        break;
    case ZTA_RULE_LIMIT:
        missing = rule->n_keys == 0       ? "a key line in this limit rule"
                  : rule->rate.count == 0 ? "a rate line in this limit rule"
                                          : NULL;
        break;
    case ZTA_RULE_SIGNAL:
        missing = zta_parse_tuning_lacks(&rule->tuning, body->has_when);
        break;
    case ZTA_RULE_RESPOND:
        return zta_parse_respond_check(body->parser, body->rule, keyword);
    }
    return missing ? zta_parse_fail(body->parser, keyword, NULL, "%s", missing) : ZTA_OK;
}

enum zta_status zta_parse_rule(struct zta_parser *parser, struct zta_ast_rule *rule,
                               const struct zta_token *keyword)
{
    struct body body = {.parser = parser, .rule = rule};
    rule->mode = ZTA_MODE_ENFORCE;
    while (parser->has_line && parser->token.place.column > 1) {
        enum zta_status status = parse_line(&body);
        if (status != ZTA_OK) {
            return status;
        }
    }
    enum zta_status status = close_group(&body);
    if (status != ZTA_OK) {
        return status;
    }
    rule->n_groups = parser->groups.n;
    rule->groups = zta_vector_move(&parser->groups, parser->arena);
    return rule->groups ? check_complete(&body, keyword) : ZTA_NO_MEMORY;
}

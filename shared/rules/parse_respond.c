/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a respond rule: what is counted, and what is done about it. */
#include "shared/base/clock.h"
#include "shared/rules/parse_priv.h"
#include "shared/rules/respond.h"

#include <string.h>

#define NUMBER_MAX  INT64_MAX
#define SIGNAL_WORD "signal:"

enum {
    PERCENT_MAX = 100,
    WINDOW_MAX_S = 24 * 3600,
    FOR_MAX_S = 366 * 24 * 3600,
    TEXT_SIZE = 128,
};

/* The rule's, made with its first line. The group is none until a line names it. */
static struct zta_respond *respond_of(struct zta_parser *parser, struct zta_ast_rule *rule)
{
    if (rule->respond == NULL) {
        rule->respond = zta_arena_alloc(parser->arena, sizeof *rule->respond);
        if (rule->respond != NULL) {
            rule->respond->group = ZTA_N_GROUPS;
        }
    }
    return rule->respond;
}

static enum zta_status fail_signal(struct zta_parser *parser, const struct zta_token *token,
                                   struct zta_text name)
{
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, name);
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_risk_signal_info(i)->name));
    }
    return zta_parse_fail(parser, token, &nearest, "%s", zta_value_expected(ZTA_VALUE_SIGNAL));
}

static enum zta_status take_duration(struct zta_parser *parser, int64_t max_s, int64_t *duration_s)
{
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_duration_parse(parser->token.raw, duration_s) != ZTA_OK || *duration_s <= 0 ||
        *duration_s > max_s) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "a duration such as 60s, 15m, 8h or 7d, at most %d days",
                              (int)(max_s / (24 * 3600)));
    }
    zta_parse_next(parser);
    return ZTA_OK;
}

/* ---- on ---- */

static enum zta_status take_metric(struct zta_parser *parser, struct zta_respond_on *on)
{
    const struct zta_token token = parser->token;
    const struct zta_text prefix = ZTA_TEXT(SIGNAL_WORD);
    struct zta_nearest nearest;
    on->place = token.place;
    if (token.kind == ZTA_TOKEN_WORD && zta_text_starts_with(token.raw, prefix)) {
        const struct zta_text name = {.data = token.raw.data + prefix.len,
                                      .len = token.raw.len - prefix.len};
        on->metric = ZTA_METRIC_OF_SIGNAL;
        if (zta_risk_signal_find(name, &on->signal) != ZTA_OK) {
            return fail_signal(parser, &token, name);
        }
        zta_parse_next(parser);
        return ZTA_OK;
    }
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = 0; i < ZTA_N_METRICS; i++) {
        const char *name = i == ZTA_METRIC_OF_SIGNAL ? SIGNAL_WORD : zta_metric_info(i)->name;
        if (i != ZTA_METRIC_OF_SIGNAL && zta_parse_is_word(parser, name)) {
            on->metric = (enum zta_metric)i;
            zta_parse_next(parser);
            return ZTA_OK;
        }
        zta_nearest_offer(&nearest, zta_text_of(name));
    }
    return zta_parse_fail(parser, &token, &nearest,
                          "a metric such as requests, denials, auth-failures, error-ratio, risk or "
                          "signal:NAME");
}

/* Ratios are in percent, and nothing else is. */
static enum zta_status take_number(struct zta_parser *parser, struct zta_respond_on *on)
{
    const bool is_ratio = zta_metric_info(on->metric)->counting == ZTA_METRIC_RATIO;
    const struct zta_token token = parser->token;
    struct zta_text text = token.raw;
    const bool has_sign = text.len > 1 && text.data[text.len - 1] == '%';
    const bool is_small = is_ratio || on->metric == ZTA_METRIC_OF_RISK;
    text.len -= has_sign ? 1 : 0;
    if (token.kind != ZTA_TOKEN_WORD ||
        zta_text_to_u64(text, is_small ? PERCENT_MAX : NUMBER_MAX, &on->number) != ZTA_OK ||
        has_sign != is_ratio) {
        return zta_parse_fail(parser, &token, NULL, "%s",
                              is_ratio   ? "a share such as 20%, from 0% to 100%"
                              : is_small ? "a number from 0 to 100"
                                         : "a number without %");
    }
    zta_parse_next(parser);
    return ZTA_OK;
}

static enum zta_status take_group(struct zta_parser *parser, struct zta_respond *respond)
{
    const struct zta_token token = parser->token;
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = 0; i < ZTA_N_GROUPS; i++) {
        const char *name = zta_group_name((enum zta_group)i);
        if (!zta_parse_is_word(parser, name)) {
            zta_nearest_offer(&nearest, zta_text_of(name));
            continue;
        }
        if (respond->group != ZTA_N_GROUPS && respond->group != (enum zta_group)i) {
            return zta_parse_fail(parser, &token, NULL, "%s: all lines are of one group",
                                  zta_group_name(respond->group));
        }
        respond->group = (enum zta_group)i;
        zta_parse_next(parser);
        return ZTA_OK;
    }
    return zta_parse_fail(parser, &token, &nearest,
                          "a group: ip, net, session, subject, client, apikey, route or all");
}

static enum zta_status take_min(struct zta_parser *parser, struct zta_respond_on *on)
{
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_text_to_u64(parser->token.raw, UINT32_MAX, &on->min) != ZTA_OK || on->min == 0) {
        return zta_parse_fail(parser, &parser->token, NULL, "a number of requests from 1 on");
    }
    zta_parse_next(parser);
    return ZTA_OK;
}

static enum zta_status fail_on(struct zta_parser *parser)
{
    static const char *const words[] = {"in", "by", "min"};
    struct zta_nearest nearest;
    bool is_again = false;
    zta_nearest_init(&nearest, parser->token.raw);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        is_again = is_again || zta_parse_is_word(parser, words[i]);
        zta_nearest_offer(&nearest, zta_text_of(words[i]));
    }
    return zta_parse_fail(parser, &parser->token, is_again ? NULL : &nearest,
                          "in DURATION, by GROUP, min NUMBER, each once, or the end of the line");
}

/* In any order. */
static enum zta_status take_rest(struct zta_parser *parser, struct zta_respond *respond,
                                 struct zta_respond_on *on)
{
    enum zta_status status = ZTA_OK;
    bool has_group = false;
    while (status == ZTA_OK && parser->token.kind != ZTA_TOKEN_END_OF_LINE) {
        if (zta_parse_is_word(parser, "in") && on->window_s == 0) {
            zta_parse_next(parser);
            status = take_duration(parser, WINDOW_MAX_S, &on->window_s);
        }
        else if (zta_parse_is_word(parser, "by") && !has_group) {
            has_group = true;
            zta_parse_next(parser);
            status = take_group(parser, respond);
        }
        else if (zta_parse_is_word(parser, "min") && on->min == 0) {
            zta_parse_next(parser);
            status = take_min(parser, on);
        }
        else {
            status = fail_on(parser);
        }
    }
    return status;
}

/* What the metric asks for beside its number. */
static enum zta_status check_on(struct zta_parser *parser, const struct zta_respond_on *on)
{
    const struct zta_metric_info *info = zta_metric_info(on->metric);
    const bool is_now = info->counting == ZTA_METRIC_NOW;
    const bool takes_min = info->counting == ZTA_METRIC_RATIO || info->counting == ZTA_METRIC_P95;
    const char *expected = NULL;
    if (is_now != (on->window_s == 0)) {
        expected = is_now ? "no `in`: it is of the request itself"
                          : "in DURATION: the time in which is counted";
    }
    else if (!takes_min && on->min > 0) {
        expected = "no `min`: it is for ratios and latency-p95";
    }
    else if (takes_min && on->min == 0) {
        expected = "min NUMBER: of how many requests it says something";
    }
    return expected == NULL ? ZTA_OK
                            : zta_parse_fail_at(parser, &on->place, zta_text_of(info->name), NULL,
                                                "%s", expected);
}

static enum zta_status fail_many(struct zta_parser *parser)
{
    return zta_parse_fail(parser, &parser->token, NULL, "at most %d such lines in a rule",
                          ZTA_RESPOND_LINES_MAX);
}

enum zta_status zta_parse_on(struct zta_parser *parser, struct zta_ast_rule *rule)
{
    struct zta_respond *respond = respond_of(parser, rule);
    struct zta_respond_on on = {.window_s = 0};
    if (respond == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (respond->n_ons == ZTA_RESPOND_LINES_MAX) {
        return fail_many(parser);
    }
    enum zta_status status = take_metric(parser, &on);
    if (status == ZTA_OK && parser->token.kind != ZTA_TOKEN_OP) {
        return zta_parse_fail(parser, &parser->token, NULL, "<, <=, > or >=");
    }
    if (status == ZTA_OK) {
        on.op = parser->token.op;
        zta_parse_next(parser);
        status = take_number(parser, &on);
    }
    if (status == ZTA_OK) {
        status = take_rest(parser, respond, &on);
    }
    if (status == ZTA_OK) {
        status = check_on(parser, &on);
    }
    if (status != ZTA_OK) {
        return status;
    }
    respond->ons[respond->n_ons++] = on;
    return zta_parse_end_line(parser);
}

/* ---- do ---- */

static enum zta_status take_target(struct zta_parser *parser, struct zta_respond_do *act)
{
    const struct zta_token token = parser->token;
    char words[TEXT_SIZE];
    struct zta_buffer expected;
    struct zta_nearest nearest;
    zta_buffer_init(&expected, words, sizeof words);
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = 0; i < ZTA_N_GROUPS; i++) {
        const char *name = zta_group_name((enum zta_group)i);
        if (!zta_act_takes(act->act, (enum zta_group)i)) {
            continue;
        }
        if (zta_parse_is_word(parser, name)) {
            act->target = (enum zta_group)i;
            zta_parse_next(parser);
            return ZTA_OK;
        }
        zta_buffer_printf(&expected, "%s%s", expected.len > 0 ? ", " : "", name);
        zta_nearest_offer(&nearest, zta_text_of(name));
    }
    return zta_parse_fail(parser, &token, &nearest, "whom to %s: one of %s", zta_act_name(act->act),
                          words);
}

static enum zta_status take_name(struct zta_parser *parser, const char *expected,
                                 struct zta_respond_do *act)
{
    const struct zta_token token = parser->token;
    act->place = token.place;
    if (token.kind != ZTA_TOKEN_WORD || !zta_value_is_name(token.raw)) {
        return zta_parse_fail(parser, &token, NULL, "%s", expected);
    }
    zta_parse_next(parser);
    return zta_parse_copy(parser, &token, &act->name);
}

static enum zta_status take_word(struct zta_parser *parser, const char *word, const char *expected)
{
    if (!zta_parse_is_word(parser, word)) {
        return zta_parse_fail(parser, &parser->token, NULL, "%s", expected);
    }
    zta_parse_next(parser);
    return ZTA_OK;
}

static enum zta_status take_limit(struct zta_parser *parser, struct zta_respond_do *act)
{
    enum zta_status status = take_name(parser, "the name of a limit", act);
    if (status == ZTA_OK) {
        status = take_word(parser, "to", "to RATE");
    }
    return status == ZTA_OK ? zta_parse_rate(parser, &act->rate) : status;
}

static enum zta_status take_level(struct zta_parser *parser, struct zta_respond_do *act)
{
    const struct zta_token token = parser->token;
    struct zta_nearest nearest;
    if (token.kind == ZTA_TOKEN_WORD && zta_threat_level_parse(token.raw, &act->level) == ZTA_OK &&
        act->level != ZTA_THREAT_NORMAL) {
        zta_parse_next(parser);
        return ZTA_OK;
    }
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = ZTA_THREAT_ELEVATED; i < ZTA_N_THREAT_LEVELS; i++) {
        zta_nearest_offer(&nearest, zta_text_of(zta_threat_level_name((enum zta_threat_level)i)));
    }
    return zta_parse_fail(parser, &token, &nearest,
                          "elevated, high or critical: rules raise the level, time lowers it");
}

static enum zta_status take_signal(struct zta_parser *parser, struct zta_respond_do *act)
{
    const struct zta_token token = parser->token;
    act->place = token.place;
    if (token.kind != ZTA_TOKEN_WORD || zta_risk_signal_find(token.raw, &act->signal) != ZTA_OK) {
        return fail_signal(parser, &token, token.raw);
    }
    zta_parse_next(parser);
    return ZTA_OK;
}

/* Programs run with the rights of httpd: only who writes its configuration says which. */
static enum zta_status take_notify(struct zta_parser *parser, struct zta_respond_do *act)
{
    if (parser->sources[parser->token.place.source].is_live) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "another measure: live rules notify nobody, those of ZTARules do");
    }
    return take_name(parser, "the name of a ZTANotify", act);
}

static enum zta_status take_step_up(struct zta_parser *parser, struct zta_respond_do *act)
{
    const enum zta_status status = zta_parse_step_up(parser, &act->step_up);
    return status == ZTA_OK ? take_target(parser, act) : status;
}

static const struct {
    enum zta_status (*take)(struct zta_parser *parser, struct zta_respond_do *act);
    bool has_end;
} acts[ZTA_N_ACTS] = {
    [ZTA_ACT_BLOCK] = {.take = take_target, .has_end = true},
    [ZTA_ACT_QUARANTINE] = {.take = take_target, .has_end = true},
    [ZTA_ACT_STEP_UP] = {.take = take_step_up, .has_end = true},
    [ZTA_ACT_SIGNAL] = {.take = take_signal},
    [ZTA_ACT_LIMIT] = {.take = take_limit, .has_end = true},
    [ZTA_ACT_THREAT_LEVEL] = {.take = take_level, .has_end = true},
    [ZTA_ACT_NOTIFY] = {.take = take_notify},
};

static enum zta_status take_act(struct zta_parser *parser, struct zta_respond_do *act)
{
    const struct zta_token token = parser->token;
    struct zta_nearest nearest;
    act->place = token.place;
    zta_nearest_init(&nearest, token.raw);
    for (unsigned i = 0; i < ZTA_N_ACTS; i++) {
        if (!zta_parse_is_word(parser, zta_act_name((enum zta_act)i))) {
            zta_nearest_offer(&nearest, zta_text_of(zta_act_name((enum zta_act)i)));
            continue;
        }
        act->act = (enum zta_act)i;
        zta_parse_next(parser);
        enum zta_status status = acts[i].take(parser, act);
        if (status == ZTA_OK && acts[i].has_end) {
            status = take_word(parser, "for", "for DURATION: every measure ends");
        }
        return status == ZTA_OK && acts[i].has_end ? take_duration(parser, FOR_MAX_S, &act->for_s)
                                                   : status;
    }
    return zta_parse_fail(parser, &token, &nearest,
                          "block, quarantine, step-up, signal, limit, threat-level or notify");
}

enum zta_status zta_parse_do(struct zta_parser *parser, struct zta_ast_rule *rule)
{
    struct zta_respond *respond = respond_of(parser, rule);
    struct zta_respond_do act = {.step_up = {.max_age_s = -1}};
    if (respond == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (respond->n_dos == ZTA_RESPOND_LINES_MAX) {
        return fail_many(parser);
    }
    const enum zta_status status = take_act(parser, &act);
    if (status != ZTA_OK) {
        return status;
    }
    respond->dos[respond->n_dos++] = act;
    return zta_parse_end_line(parser);
}

/* ---- what the whole rule shows ---- */

/* Outsiders choose whose name they fail with: that may cost nobody but themselves. */
static enum zta_status check_metric(struct zta_parser *parser, const struct zta_respond *respond,
                                    const struct zta_respond_on *on)
{
    const struct zta_metric_info *info = zta_metric_info(on->metric);
    if ((info->traits & ZTA_METRIC_ANONYMOUS) == 0 || !zta_group_is_verified(respond->group)) {
        return ZTA_OK;
    }
    return zta_parse_fail_at(parser, &on->place, zta_text_of(info->name), NULL,
                             "a metric of verified requests: by %s this one would let outsiders "
                             "lock others out; it counts by ip, net, route or all",
                             zta_group_name(respond->group));
}

static enum zta_status check_signal(struct zta_parser *parser, enum zta_group group,
                                    const struct zta_respond_do *act)
{
    const struct zta_risk_signal_info *info = zta_risk_signal_info(act->signal);
    const unsigned needed = group == ZTA_GROUP_SESSION ? ZTA_RISK_KEPT_FOR_SESSION
                            : group == ZTA_GROUP_IP    ? ZTA_RISK_KEPT_FOR_ADDRESS
                                                       : 0;
    if (((unsigned)info->kept_for & needed) != 0) {
        return ZTA_OK;
    }
    return zta_parse_fail_at(parser, &act->place, zta_text_of(info->name), NULL, "%s",
                             needed == 0 ? "a rule by session or by ip, of which signals are kept"
                             : group == ZTA_GROUP_IP ? "a signal that is kept for addresses"
                                                     : "a signal that is kept for sessions");
}

static enum zta_status check_act(struct zta_parser *parser, enum zta_group group,
                                 const struct zta_respond_do *act)
{
    const bool has_target =
        act->act == ZTA_ACT_BLOCK || act->act == ZTA_ACT_QUARANTINE || act->act == ZTA_ACT_STEP_UP;
    if (act->act == ZTA_ACT_SIGNAL) {
        return check_signal(parser, group, act);
    }
    if (!has_target || zta_group_implies(group, act->target)) {
        return ZTA_OK;
    }
    return zta_parse_fail_at(parser, &act->place, zta_text_of(zta_act_name(act->act)), NULL,
                             "a target that follows from the group: by %s there is no %s",
                             zta_group_name(group), zta_group_name(act->target));
}

enum zta_status zta_parse_respond_check(struct zta_parser *parser, struct zta_ast_rule *rule,
                                        const struct zta_token *keyword)
{
    struct zta_respond *respond = respond_of(parser, rule);
    if (respond == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (respond->n_ons == 0 || respond->n_dos == 0) {
        return zta_parse_fail(parser, keyword, NULL, "%s",
                              respond->n_ons == 0 ? "an on line in this respond rule"
                                                  : "a do line in this respond rule");
    }
    respond->group = respond->group == ZTA_N_GROUPS ? ZTA_GROUP_ALL : respond->group;
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < respond->n_ons; i++) {
        status = check_metric(parser, respond, &respond->ons[i]);
    }
    for (size_t i = 0; status == ZTA_OK && i < respond->n_dos; i++) {
        status = check_act(parser, respond->group, &respond->dos[i]);
    }
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of a signal rule: which signal, and what is other than in the table. */
#include "shared/base/clock.h"
#include "shared/risk_signals.h"
#include "shared/rules/parse_priv.h"

#include <string.h>

enum {
    POINTS_MAX = 100,
    HALF_LIFE_MAX_S = 366 * 24 * 3600,
};

static enum zta_status take_points(struct zta_parser *parser, bool *has, uint8_t *points)
{
    uint64_t number;
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_text_to_u64(parser->token.raw, POINTS_MAX, &number) != ZTA_OK) {
        return zta_parse_fail(parser, &parser->token, NULL, "points from 0 to %d", POINTS_MAX);
    }
    *has = true;
    *points = (uint8_t)number;
    zta_parse_next(parser);
    return ZTA_OK;
}

static enum zta_status take_weight(struct zta_parser *parser, struct zta_ast_tuning *tuning)
{
    return take_points(parser, &tuning->has_weight, &tuning->weight);
}

static enum zta_status take_floor(struct zta_parser *parser, struct zta_ast_tuning *tuning)
{
    return take_points(parser, &tuning->has_floor, &tuning->floor);
}

static enum zta_status take_half_life(struct zta_parser *parser, struct zta_ast_tuning *tuning)
{
    if (parser->token.kind != ZTA_TOKEN_WORD ||
        zta_duration_parse(parser->token.raw, &tuning->half_life_s) != ZTA_OK ||
        tuning->half_life_s > HALF_LIFE_MAX_S) {
        return zta_parse_fail(parser, &parser->token, NULL,
                              "a duration such as 30m, 8h or 7d, at most 366 days");
    }
    tuning->has_half_life = true;
    zta_parse_next(parser);
    return ZTA_OK;
}

static const struct {
    const char *word;
    enum zta_status (*take)(struct zta_parser *parser, struct zta_ast_tuning *tuning);
} options[] = {
    {.word = "weight", .take = take_weight},
    {.word = "half-life", .take = take_half_life},
    {.word = "floor", .take = take_floor},
};
enum {
    N_OPTIONS = sizeof options / sizeof options[0],
};

static enum zta_status take_option(struct zta_parser *parser, struct zta_ast_tuning *tuning,
                                   unsigned *taken)
{
    const struct zta_token token = parser->token;
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, token.raw);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!zta_parse_is_word(parser, options[i].word)) {
            zta_nearest_offer(&nearest, zta_text_of(options[i].word));
            continue;
        }
        if ((*taken & 1u << i) != 0) {
            return zta_parse_fail(parser, &token, NULL, "%s once", options[i].word);
        }
        *taken |= 1u << i;
        zta_parse_next(parser);
        return options[i].take(parser, tuning);
    }
    return zta_parse_fail(parser, &token, &nearest,
                          "weight POINTS, half-life DURATION or floor POINTS");
}

enum zta_status zta_parse_tuning(struct zta_parser *parser, const struct zta_token *name,
                                 struct zta_ast_rule *rule)
{
    enum zta_status status = ZTA_OK;
    enum zta_risk_signal signal;
    unsigned taken = 0;
    if (zta_risk_signal_find(rule->name, &signal) != ZTA_OK) {
        struct zta_nearest nearest;
        zta_nearest_init(&nearest, rule->name);
        for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
            zta_nearest_offer(&nearest, zta_text_of(zta_risk_signal_info(i)->name));
        }
        return zta_parse_fail(parser, name, &nearest, "%s", zta_value_expected(ZTA_VALUE_SIGNAL));
    }
    rule->tuning = (struct zta_ast_tuning){.signal = (uint8_t)signal};
    while (status == ZTA_OK && parser->token.kind != ZTA_TOKEN_END_OF_LINE) {
        status = take_option(parser, &rule->tuning, &taken);
    }
    return status;
}

const char *zta_parse_tuning_lacks(const struct zta_ast_tuning *tuning, bool has_when)
{
    const unsigned traits = zta_risk_signal_info(tuning->signal)->traits;
    if (!has_when && (traits & ZTA_RISK_CHOSEN) != 0) {
        return "a when line in this signal rule: it is raised only where one holds";
    }
    return has_when || tuning->has_weight || tuning->has_half_life || tuning->has_floor
               ? NULL
               : "a weight, half-life or floor, or a when line, in this signal rule";
}

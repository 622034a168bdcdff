/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the lines of signal and respond rules, and what step-ups ask for. */
#include "shared/rules/print.h"

#include "shared/base/clock.h"
#include "shared/rules/respond.h"

#include <inttypes.h>

static void print_duration(const char *word, int64_t duration_s, struct zta_buffer *out)
{
    char text[ZTA_DURATION_TEXT_MAX];
    zta_duration_print(duration_s, text);
    zta_buffer_printf(out, " %s%s", word, text);
}

void zta_rules_print_step_up(const struct zta_ast_step_up *step_up, struct zta_buffer *out)
{
    zta_buffer_string(out, "step-up");
    if (!zta_text_is_absent(step_up->acr)) {
        zta_buffer_string(out, " acr=");
        zta_buffer_text(out, step_up->acr);
    }
    if (step_up->max_age_s >= 0) {
        print_duration("max-age=", step_up->max_age_s, out);
    }
}

void zta_rules_print_tuning(const struct zta_ast_tuning *tuning, struct zta_buffer *out)
{
    if (tuning->has_weight) {
        zta_buffer_printf(out, " weight %u", (unsigned)tuning->weight);
    }
    if (tuning->has_half_life) {
        print_duration("half-life ", tuning->half_life_s, out);
    }
    if (tuning->has_floor) {
        zta_buffer_printf(out, " floor %u", (unsigned)tuning->floor);
    }
}

void zta_respond_print_on(const struct zta_respond_on *on, enum zta_group group,
                          struct zta_buffer *out)
{
    static const char *const ops[] = {
        [ZTA_OP_ANY_OF] = "=", [ZTA_OP_LT] = "<",  [ZTA_OP_LE] = "<=",
        [ZTA_OP_GT] = ">",     [ZTA_OP_GE] = ">=",
    };
    const struct zta_metric_info *info = zta_metric_info(on->metric);
    const bool is_signal = on->metric == ZTA_METRIC_OF_SIGNAL;
    zta_buffer_printf(out, "%s%s%s %s %" PRIu64 "%s", info->name, is_signal ? ":" : "",
                      is_signal ? zta_risk_signal_info(on->signal)->name : "", ops[on->op],
                      on->number, info->counting == ZTA_METRIC_RATIO ? "%" : "");
    if (on->window_s > 0) {
        print_duration("in ", on->window_s, out);
    }
    zta_buffer_printf(out, " by %s", zta_group_name(group));
    if (on->min > 0) {
        zta_buffer_printf(out, " min %" PRIu64, on->min);
    }
}

void zta_respond_print_do(const struct zta_respond_do *act, struct zta_buffer *out)
{
    switch (act->act) {
    case ZTA_ACT_BLOCK:
    case ZTA_ACT_QUARANTINE:
        zta_buffer_printf(out, "%s %s", zta_act_name(act->act), zta_group_name(act->target));
        break;
    case ZTA_ACT_STEP_UP:
        zta_rules_print_step_up(&act->step_up, out);
        zta_buffer_printf(out, " %s", zta_group_name(act->target));
        break;
    case ZTA_ACT_SIGNAL:
        zta_buffer_printf(out, "signal %s", zta_risk_signal_info(act->signal)->name);
        break;
    case ZTA_ACT_LIMIT:
        zta_buffer_string(out, "limit ");
        zta_buffer_text(out, act->name);
        zta_buffer_string(out, " to ");
        zta_rules_print_rate(&act->rate, out);
        break;
    case ZTA_ACT_THREAT_LEVEL:
        zta_buffer_printf(out, "threat-level %s", zta_threat_level_name(act->level));
        break;
    case ZTA_ACT_NOTIFY:
        zta_buffer_string(out, "notify ");
        zta_buffer_text(out, act->name);
        break;
    case ZTA_N_ACTS:
        break;
    }
    if (act->for_s > 0) {
        print_duration("for ", act->for_s, out);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers a summary: series, recorded requests, what is in force, readiness. */
#include "admin-tui/summary.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/replays.h"
#include "admin-tui/summary_priv.h"
#include "shared/rules/decide.h"

static void add_where(const struct ctl_live *live, const struct zta_ruleset *set, size_t number,
                      struct ctl_fact *fact)
{
    struct zta_buffer out;
    zta_buffer_init(&out, fact->whom, sizeof fact->whom);
    for (size_t i = 0; i < live->places.n; i++) {
        const struct ctl_place *place = &live->places.all[i];
        const enum zta_mode mode = zta_ruleset_rule_mode(set, number, &place->stance, live->now_s);
        if (mode == ZTA_MODE_MONITOR) {
            zta_buffer_printf(&out, "%s%s%s", out.len == 0 ? "" : ", ", place->server, place->path);
        }
    }
}

static void add_rules(const struct ctl_live *live, const struct ctl_live_set *made,
                      struct ctl_summary *summary)
{
    summary->n_rules = made->ast->n_rules;
    for (size_t i = 0; i < made->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &made->ast->rules[i];
        const struct zta_text file = made->ast->source_names[rule->place.source];
        if (rule->mode != ZTA_MODE_MONITOR) {
            continue;
        }
        struct ctl_fact *fact = ctl_facts_add(&summary->monitored);
        if (fact != NULL) {
            fact->time_s = rule->until_s;
            ctl_fact_set(fact->who, sizeof fact->who, rule->name);
            (void)snprintf(fact->what, sizeof fact->what, "%.*s:%u", (int)file.len, file.data,
                           rule->place.line);
            add_where(live, made->set, i, fact);
            ctl_fact_set(fact->why, sizeof fact->why, rule->note);
        }
    }
}

static enum zta_status read_store(struct ctl *ctl, int64_t period_s, struct ctl_summary *summary)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_summary_series(view, period_s, summary);
    if (status == ZTA_OK) {
        status = ctl_summary_state(view, summary);
    }
    if (status == ZTA_OK) {
        status = ctl_summary_events(view, summary);
    }
    zta_view_end(&view);
    return status;
}

enum ctl_exit ctl_summary_gather(struct ctl *ctl, const struct ctl_live *live,
                                 const struct ctl_live_set *made, int64_t period_s,
                                 struct ctl_summary *summary)
{
    const struct ctl_replay replay = ctl_replay_of_last(ctl, period_s);
    memset(summary, 0, sizeof *summary);
    summary->now_s = live->now_s;
    summary->places = &live->places;
    summary->has_rules = made->set != NULL;
    if (summary->has_rules) {
        add_rules(live, made, summary);
    }
    const enum zta_status status = read_store(ctl, period_s, summary);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    return summary->has_rules ? ctl_readiness_summarise(ctl, &replay, made->set, summary->stages,
                                                        &summary->n_stages)
                              : CTL_DONE;
}

void ctl_summary_clear(struct ctl_summary *summary)
{
    zta_tally_clear(&summary->rules);
    zta_tally_clear(&summary->subjects);
    zta_tally_clear(&summary->addresses);
    zta_tally_clear(&summary->signals);
    zta_tally_clear(&summary->actions);
}

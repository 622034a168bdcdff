/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in force beside what was recorded: on trial for too long, and without any use. */
#include <stdlib.h>
#include <string.h>

#include "admin-tui/config_stored_priv.h"
#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "shared/base/clock.h"
#include "shared/rules/decide.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"
#include "shared/store/rule_ages.h"

enum {
    TRIAL_MAX_S = 30 * 24 * 3600,
    BLOCKS_A_VIEW = 64, /* a reader that stays holds pages back */
};

struct ruled {
    struct ctl_config_look *looking;
    const struct ctl *ctl;
    const struct ctl_live *live;
    const struct zta_rules_ast *ast;
    const struct zta_ruleset *set;
    const struct zta_ast_rule **sorted; /* by name */
    bool *has_decided;                  /* same index as sorted */
    int64_t *since_s;                   /* of rules as they are written; 0: not known */
    size_t n_open;                      /* that have not */
    int64_t from_ns;
};

static int by_name(const void *a, const void *b)
{
    return zta_text_compare((*(const struct zta_ast_rule *const *)a)->name,
                            (*(const struct zta_ast_rule *const *)b)->name);
}

/* Since when it is in force as it is; 0: not known. */
static int64_t since_of(const struct ruled *ruled, const struct zta_ast_rule *rule)
{
    const struct ctl_live *live = ruled->live;
    const struct zta_layer_entry *mode = zta_layer_find(&live->next, ZTA_LAYER_MODE, rule->name);
    const struct zta_layer_entry *entry =
        rule->place.source < live->baseline->n
            ? NULL
            : zta_layer_find(&live->next, ZTA_LAYER_RULE, rule->name);
    const struct zta_layer_entry *made = mode != NULL ? mode : entry;
    int64_t since_s = 0;
    if (made != NULL) {
        return made->created_ns / ZTA_NS_PER_S;
    }
    return zta_rule_age_get(ruled->looking->view, rule, &since_s) == ZTA_OK ? since_s : 0;
}

static void add(const struct ruled *ruled, enum zta_hazard hazard, const struct zta_ast_rule *rule,
                const char *text)
{
    const struct zta_text file = ruled->ast->source_names[rule->place.source];
    ctl_config_look_add(ruled->looking, (struct ctl_finding){.hazard = hazard},
                        "rule %.*s (%.*s:%u) %s", (int)rule->name.len, rule->name.data,
                        (int)file.len, file.data, rule->place.line, text);
}

static bool has_ended(const struct ruled *ruled, const struct zta_ast_rule *rule)
{
    return rule->until_s != 0 && rule->until_s <= ruled->looking->now_s;
}

static void find_trials(const struct ruled *ruled)
{
    for (size_t i = 0; i < ruled->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ruled->ast->rules[i];
        const int64_t since_s =
            rule->mode == ZTA_MODE_MONITOR && rule->until_s == 0 ? ruled->since_s[i] : 0;
        char text[ZTA_TIME_TEXT_MAX];
        char said[ZTA_TIME_TEXT_MAX + 64];
        if (since_s != 0 && ruled->looking->now_s - since_s > TRIAL_MAX_S) {
            zta_time_print(since_s, text);
            (void)snprintf(said, sizeof said, "is only monitored since %s", text);
            add(ruled, ZTA_HAZARD_RULE_ON_TRIAL, rule, said);
        }
    }
}

/* ---- what they decided ---- */

static void note_name(struct ruled *ruled, struct zta_text name)
{
    const struct zta_ast_rule wanted = {.name = name};
    const struct zta_ast_rule *key = &wanted;
    const struct zta_ast_rule **found =
        zta_text_is_absent(name)
            ? NULL
            : bsearch(&key, ruled->sorted, ruled->ast->n_rules, sizeof *ruled->sorted, by_name);
    if (found != NULL && !ruled->has_decided[found - ruled->sorted]) {
        ruled->has_decided[found - ruled->sorted] = true;
        ruled->n_open--;
    }
}

static bool note_event(void *context, const struct zta_event_key *key,
                       const struct zta_event *event)
{
    struct ruled *ruled = context;
    if (event->time_ns >= ruled->from_ns) {
        note_name(ruled, zta_event_text(event, ZTA_EVENT_RULE));
        note_name(ruled, zta_event_text(event, ZTA_EVENT_MONITOR_RULE));
    }
    return ruled->n_open > 0;
}

static bool note_repeat(void *context, const struct zta_repeat *repeat)
{
    return note_event(context, NULL, &repeat->event);
}

static bool note_oldest(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    *(int64_t *)context = event->time_ns;
    return false;
}

/* The newest first, in views of bounded length; ends when every rule was met. */
static enum zta_status walk_blocks(struct ruled *ruled)
{
    struct zta_view *view = NULL;
    struct zta_event_key *blocks = NULL;
    size_t n = 0;
    enum zta_status status = zta_view_begin(ruled->ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_events_blocks(view, ruled->from_ns, &blocks, &n);
    }
    if (status == ZTA_OK) {
        status = zta_repeat_each(view, ruled->from_ns / ZTA_NS_PER_S - ZTA_REPEAT_WINDOW_S,
                                 note_repeat, ruled);
    }
    for (size_t i = n; i > 0 && status == ZTA_OK && ruled->n_open > 0; i--) {
        if ((n - i) % BLOCKS_A_VIEW == BLOCKS_A_VIEW - 1) {
            zta_view_end(&view);
            status = zta_view_begin(ruled->ctl->store, &view);
        }
        if (status == ZTA_OK) {
            status = zta_events_each_of_block(view, &blocks[i - 1], note_event, ruled);
            status = status == ZTA_NOT_FOUND ? ZTA_OK : status; /* pruned meanwhile */
        }
    }
    zta_view_end(&view);
    free(blocks);
    return status;
}

/* Rules that could have decided a request for all of the period. */
static bool is_expected(const struct ruled *ruled, const struct zta_ast_rule *rule)
{
    const struct ctl_places *places = &ruled->live->places;
    const size_t number = (size_t)(rule - ruled->ast->rules);
    const int64_t since_s = ruled->since_s[number];
    bool is_in_force = false;
    for (size_t i = 0; i < places->n; i++) {
        is_in_force |= zta_ruleset_rule_mode(ruled->set, number, &places->all[i].stance,
                                             ruled->looking->now_s) != ZTA_MODE_OFF;
    }
    return is_in_force && rule->kind <= ZTA_RULE_REQUIRE && rule->from_s == 0 &&
           !has_ended(ruled, rule) && since_s != 0 && since_s <= ruled->from_ns / ZTA_NS_PER_S;
}

static enum zta_status find_idle(struct ruled *ruled)
{
    const size_t n = ruled->ast->n_rules;
    for (size_t i = 0; i < n; i++) {
        ruled->sorted[i] = &ruled->ast->rules[i];
    }
    qsort(ruled->sorted, n, sizeof *ruled->sorted, by_name);
    ruled->n_open = n;
    const enum zta_status status = walk_blocks(ruled);
    for (size_t i = 0; status == ZTA_OK && i < n; i++) {
        if (!ruled->has_decided[i] && is_expected(ruled, ruled->sorted[i])) {
            add(ruled, ZTA_HAZARD_RULE_NEVER_DECIDED, ruled->sorted[i],
                "decided none of the requests that are recorded");
        }
    }
    return status;
}

/* What is looked up at once, so that no view stays open while events are walked. */
static enum zta_status read_ages(struct ruled *ruled)
{
    static const struct zta_event_key oldest = {.sequence = 0};
    struct ctl_config_look *looking = ruled->looking;
    struct ctl_config_stored *stored = looking->stored;
    int64_t first_ns = 0;
    enum zta_status status = zta_view_begin(ruled->ctl->store, &looking->view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_event_each_after(looking->view, &oldest, note_oldest, &first_ns);
    for (size_t i = 0; i < ruled->ast->n_rules; i++) {
        ruled->since_s[i] = since_of(ruled, &ruled->ast->rules[i]);
    }
    zta_view_end(&looking->view);
    ruled->from_ns = (looking->now_s - stored->period_s) * ZTA_NS_PER_S;
    stored->recorded_s = first_ns / ZTA_NS_PER_S;
    stored->is_covered = first_ns != 0 && first_ns <= ruled->from_ns;
    return status;
}

static enum zta_status look(struct ruled *ruled)
{
    const size_t n = ruled->ast->n_rules;
    ruled->sorted = calloc(n + 1, sizeof *ruled->sorted);
    ruled->has_decided = calloc(n + 1, sizeof *ruled->has_decided);
    ruled->since_s = calloc(n + 1, sizeof *ruled->since_s);
    if (ruled->sorted == NULL || ruled->has_decided == NULL || ruled->since_s == NULL) {
        return ZTA_NO_MEMORY;
    }
    enum zta_status status = read_ages(ruled);
    if (status == ZTA_OK) {
        find_trials(ruled);
        status = ruled->looking->stored->is_covered ? find_idle(ruled) : ZTA_OK;
    }
    return status == ZTA_OK ? ruled->looking->status : status;
}

enum ctl_exit ctl_config_look_rules(struct ctl *ctl, struct ctl_config_look *looking)
{
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.ast = NULL};
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    if (code == CTL_DONE) {
        code = ctl_live_compile(live, &live->next, &made);
    }
    if (code == CTL_DONE) {
        struct ruled ruled = {
            .looking = looking, .ctl = ctl, .live = live, .ast = made.ast, .set = made.set};
        const enum zta_status status = look(&ruled);
        free((void *)(uintptr_t)ruled.sorted);
        free(ruled.has_decided);
        free(ruled.since_s);
        code = status == ZTA_OK ? CTL_DONE
                                : ctl_fail_status(status, NULL, "reading what was recorded");
    }
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    return code;
}

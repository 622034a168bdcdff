/* SPDX-License-Identifier: Apache-2.0 */
/* From a rule that was triggered to what is done about it, as far as the governor admits. */
#include <stdio.h>
#include <string.h>

#include "mod_zta/helper/automation_priv.h"
#include "shared/base/clock.h"

/* What a shared address gets instead of a block: room for people, not for a flood. */
#define SLOWED_COUNT    20
#define SLOWED_WINDOW_S 1

static void copy(struct zta_text from, char *to, size_t size, struct zta_text *text)
{
    const size_t len = from.len < size ? from.len : size;
    if (!zta_text_is_absent(from)) {
        memcpy(to, from.data, len);
        *text = (struct zta_text){.data = to, .len = len};
    }
    else {
        *text = (struct zta_text){.data = NULL};
    }
}

static struct mod_zta_pending *begin_pending(struct mod_zta_automation *automation,
                                             const struct zta_respond *respond)
{
    if (automation->n_pending == MOD_ZTA_PENDING_MAX) {
        automation->n_lost_decisions++;
        return NULL;
    }
    struct mod_zta_pending *pending = &automation->pending[automation->n_pending++];
    memset(pending, 0, sizeof *pending);
    pending->measure.source = ZTA_MEASURE_OF_RULE;
    pending->measure.max_age_s = -1;
    pending->measure.created_ns = automation->now_ns;
    pending->time_ns = automation->now_ns;
    copy(respond->name, pending->rule, sizeof pending->rule, &pending->measure.rule);
    return pending;
}

static void hold_back(struct mod_zta_automation *automation, const struct mod_zta_pending *pending,
                      const char *why)
{
    automation->held_back_s = pending->time_ns / ZTA_NS_PER_S;
    (void)snprintf(automation->held_back, sizeof automation->held_back,
                   "rule %.*s: %s of %s was not done: %s", (int)pending->measure.rule.len,
                   pending->measure.rule.data, pending->what, pending->target, why);
}

static void hold_back_over(struct mod_zta_automation *automation,
                           const struct mod_zta_pending *pending, enum zta_governor_budget budget)
{
    const int64_t now_s = pending->time_ns / ZTA_NS_PER_S;
    struct zta_governor *governor = automation->governor;
    char why[160];
    (void)snprintf(why, sizeof why,
                   "it would hit more subjects than ZTAGovernor admits: %llu of %llu were hit in "
                   "its window, %llu are active",
                   (unsigned long long)zta_governor_n_hit(governor, budget, now_s),
                   (unsigned long long)zta_governor_share(governor, now_s),
                   (unsigned long long)zta_governor_n_active(governor, now_s));
    hold_back(automation, pending, why);
}

static enum zta_governed ask_governor(struct mod_zta_automation *automation,
                                      const struct zta_target *target, enum zta_group group,
                                      enum zta_governor_budget budget, int64_t now_s)
{
    const struct mod_zta_occurrence *occurrence = &automation->occurrence;
    const uint64_t hash = occurrence->groups[group];
    switch (target->kind) {
    case ZTA_TARGET_NETWORK:
        return zta_governor_ask_network(automation->governor, budget, hash, &target->network,
                                        now_s);
    case ZTA_TARGET_CLIENT:
    case ZTA_TARGET_APIKEY:
        return zta_governor_ask_crowd(automation->governor, budget, hash, now_s);
    case ZTA_TARGET_SUBJECT:
    case ZTA_TARGET_SESSION:
        return zta_governor_ask_subject(automation->governor, budget, occurrence->party.subject,
                                        now_s);
    case ZTA_TARGET_EVERYONE:
    case ZTA_N_TARGET_KINDS:
        break;
    }
    return ZTA_GOVERNED_OVER;
}

static void slow_instead(struct mod_zta_pending *pending)
{
    pending->result = ZTA_RESPONSE_SLOWED;
    pending->measure.kind = ZTA_MEASURE_THROTTLE;
    pending->measure.count = SLOWED_COUNT;
    pending->measure.window_s = SLOWED_WINDOW_S;
    pending->has_measure = true;
}

static void govern(struct mod_zta_automation *automation, struct mod_zta_pending *pending,
                   enum zta_group target, enum zta_governor_budget budget)
{
    switch (ask_governor(automation, &pending->measure.target, target, budget,
                         pending->time_ns / ZTA_NS_PER_S)) {
    case ZTA_GOVERNED_GO:
        pending->result = ZTA_RESPONSE_BEGUN;
        pending->has_measure = true;
        return;
    case ZTA_GOVERNED_SHARED:
        slow_instead(pending);
        return;
    case ZTA_GOVERNED_NEVER:
        pending->result = ZTA_RESPONSE_NEVER;
        hold_back(automation, pending, "it is an address that is never blocked");
        return;
    case ZTA_GOVERNED_OVER:
        break;
    }
    pending->result = ZTA_RESPONSE_OVER;
    hold_back_over(automation, pending, budget);
}

/* True: an operator lifted this rule's measure of this target lately. */
static bool is_spared(struct zta_store *store, struct mod_zta_pending *pending)
{
    struct zta_view *view;
    int64_t until_s = 0;
    int64_t lifted_ns = -1;
    if (zta_view_begin(store, &view) != ZTA_OK) {
        return true; /* who cannot be asked may have said so */
    }
    if (zta_measure_spared_until(view, &pending->measure, &until_s, &lifted_ns) != ZTA_OK) {
        until_s = INT64_MAX;
    }
    zta_view_end(&view);
    if (pending->measure.created_ns <= lifted_ns) {
        pending->measure.created_ns = lifted_ns + 1;
    }
    return pending->time_ns / ZTA_NS_PER_S < until_s;
}

static bool fill_target(struct mod_zta_automation *automation, struct mod_zta_pending *pending,
                        enum zta_group group)
{
    struct zta_target target;
    struct zta_buffer out;
    if (!mod_zta_occurrence_target(&automation->occurrence, group, &target)) {
        return false;
    }
    pending->measure.target = target;
    copy(target.issuer, pending->issuer, sizeof pending->issuer, &pending->measure.target.issuer);
    copy(target.name, pending->name, sizeof pending->name, &pending->measure.target.name);
    zta_buffer_init(&out, pending->target, sizeof pending->target);
    zta_target_print(&target, &out);
    return true;
}

static enum zta_measure_kind kind_of(enum zta_act act)
{
    return act == ZTA_ACT_BLOCK        ? ZTA_MEASURE_BLOCK
           : act == ZTA_ACT_QUARANTINE ? ZTA_MEASURE_QUARANTINE
                                       : ZTA_MEASURE_STEP_UP;
}

/* What anybody can cause without a credential raises the level by one step. */
static bool is_anybodys(const struct zta_respond *respond)
{
    if (zta_group_is_verified(respond->group)) {
        return false;
    }
    for (size_t i = 0; i < respond->n_ons; i++) {
        switch (respond->ons[i].metric) {
        case ZTA_METRIC_OF_SERVER_ERRORS:
        case ZTA_METRIC_OF_ERROR_RATIO:
        case ZTA_METRIC_OF_LATENCY_P95:
        case ZTA_METRIC_OF_RISK:
            return false;
        default:
            break;
        }
    }
    return true;
}

/*
 * Since when all came that the rule saw. Of a request that was let in alone: who does not log in
 * keeps nobody else doing so over and over.
 */
static int64_t seen_since(const struct mod_zta_automation *automation,
                          const struct zta_respond *respond)
{
    const struct mod_zta_occurrence *occurrence = &automation->occurrence;
    int64_t widest_s = 0;
    for (size_t i = 0; i < respond->n_ons; i++) {
        const int64_t window_s = respond->ons[i].window_s;
        widest_s = window_s > widest_s ? window_s : widest_s;
    }
    return occurrence->is_let_in ? occurrence->event->time_ns - widest_s * ZTA_NS_PER_S : 0;
}

static void act_on_target(struct mod_zta_automation *automation, struct zta_store *store,
                          const struct zta_respond *respond, const struct zta_respond_do *act,
                          struct mod_zta_pending *pending)
{
    struct zta_measure *measure = &pending->measure;
    const enum zta_governor_budget budget =
        zta_group_is_verified(respond->group) ? ZTA_GOVERNOR_AUTHENTICATED : ZTA_GOVERNOR_ANONYMOUS;
    measure->kind = kind_of(act->act);
    if (act->act == ZTA_ACT_STEP_UP) {
        copy(act->step_up.acr, pending->acr, sizeof pending->acr - 1, &measure->acr);
        measure->max_age_s = act->step_up.max_age_s;
        measure->seen_since_ns = seen_since(automation, respond);
    }
    if (!fill_target(automation, pending, act->target)) {
        pending->result = ZTA_RESPONSE_REFUSED;
        return;
    }
    if (pending->result == ZTA_RESPONSE_MONITORED) {
        return;
    }
    if (is_spared(store, pending)) {
        pending->result = ZTA_RESPONSE_SPARED;
        return;
    }
    govern(automation, pending, act->target, budget);
}

static void act_on_everyone(const struct zta_respond *respond, const struct zta_respond_do *act,
                            struct mod_zta_pending *pending, struct zta_store *store)
{
    struct zta_measure *measure = &pending->measure;
    measure->target = (struct zta_target){.kind = ZTA_TARGET_EVERYONE};
    (void)snprintf(pending->target, sizeof pending->target, "everyone");
    if (act->act == ZTA_ACT_LIMIT) {
        measure->kind = ZTA_MEASURE_LIMIT;
        copy(act->name, pending->limit, sizeof pending->limit, &measure->limit);
        measure->count = act->rate.count;
        measure->window_s = act->rate.window_s;
    }
    else {
        measure->kind = ZTA_MEASURE_THREAT_LEVEL;
        measure->level = is_anybodys(respond) ? ZTA_THREAT_ELEVATED : act->level;
    }
    if (pending->result == ZTA_RESPONSE_MONITORED) {
        return;
    }
    pending->has_measure = !is_spared(store, pending);
    pending->result = pending->has_measure ? ZTA_RESPONSE_BEGUN : ZTA_RESPONSE_SPARED;
}

static void act(struct mod_zta_automation *automation, struct zta_store *store,
                const struct zta_respond *respond, const struct zta_respond_do *act,
                struct mod_zta_pending *pending)
{
    struct zta_buffer out;
    zta_buffer_init(&out, pending->what, sizeof pending->what);
    zta_respond_print_do(act, &out);
    pending->measure.for_s = act->for_s;
    switch (act->act) {
    case ZTA_ACT_BLOCK:
    case ZTA_ACT_QUARANTINE:
    case ZTA_ACT_STEP_UP:
        act_on_target(automation, store, respond, act, pending);
        return;
    case ZTA_ACT_LIMIT:
    case ZTA_ACT_THREAT_LEVEL:
        act_on_everyone(respond, act, pending, store);
        return;
    case ZTA_ACT_NOTIFY: {
        struct zta_text unused;
        copy(act->name, pending->notify, sizeof pending->notify - 1, &unused);
        pending->result =
            pending->result == ZTA_RESPONSE_MONITORED ? pending->result : ZTA_RESPONSE_TOLD;
        return;
    }
    case ZTA_ACT_SIGNAL:
        if (pending->result != ZTA_RESPONSE_MONITORED) {
            pending->result = ZTA_RESPONSE_TOLD;
            pending->has_raise = true;
            pending->raise = (struct mod_zta_automation_raise){
                .owner = respond->group == ZTA_GROUP_IP ? ZTA_RISK_KEPT_FOR_ADDRESS
                                                        : ZTA_RISK_KEPT_FOR_SESSION,
                .signal = act->signal,
                .evidence = pending->evidence,
            };
        }
        return;
    case ZTA_N_ACTS:
        break;
    }
}

static void describe(const struct zta_respond *respond, const struct zta_triggered *triggered,
                     const struct mod_zta_occurrence *occurrence, struct mod_zta_pending *pending)
{
    struct zta_buffer out;
    struct zta_target target;
    zta_buffer_init(&out, pending->evidence, sizeof pending->evidence);
    for (size_t i = 0; i < respond->n_ons; i++) {
        zta_buffer_string(&out, i > 0 ? ", " : "");
        zta_respond_print_on(&respond->ons[i], respond->group, &out);
        zta_buffer_printf(&out, ": %llu", (unsigned long long)triggered->values[i]);
    }
    if (pending->target[0] == '\0' &&
        mod_zta_occurrence_target(occurrence, respond->group, &target)) {
        zta_buffer_init(&out, pending->target, sizeof pending->target);
        zta_target_print(&target, &out);
    }
    pending->measure.reason = zta_text_of(pending->evidence);
}

bool mod_zta_automation_respond(struct mod_zta_automation *automation, struct zta_store *store,
                                const struct zta_respond *respond, enum zta_mode mode,
                                const struct zta_triggered *triggered)
{
    bool has_begun = false;
    for (size_t i = 0; i < respond->n_dos; i++) {
        struct mod_zta_pending *pending = begin_pending(automation, respond);
        if (pending == NULL) {
            return has_begun;
        }
        if (mode != ZTA_MODE_ENFORCE) {
            pending->result = ZTA_RESPONSE_MONITORED;
        }
        act(automation, store, respond, &respond->dos[i], pending);
        describe(respond, triggered, &automation->occurrence, pending);
        has_begun = has_begun || pending->has_measure;
    }
    return has_begun;
}

bool mod_zta_automation_next_raise(struct mod_zta_automation *automation,
                                   struct mod_zta_automation_raise *raise)
{
    for (size_t i = automation->n_pending; i-- > automation->n_committed;) {
        struct mod_zta_pending *pending = &automation->pending[i];
        if (pending->has_raise) {
            pending->has_raise = false;
            *raise = pending->raise;
            return true;
        }
    }
    return false;
}

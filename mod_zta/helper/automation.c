/* SPDX-License-Identifier: Apache-2.0 */
/* Decides while events are noted, writes with their commit, tells behind it. */
#include "mod_zta/helper/automation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/helper/occurrence.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"
#include "shared/risk/threat.h"
#include "shared/risk/trigger.h"
#include "shared/rules/respond.h"
#include "shared/store/measures.h"
#include "shared/store/responses.h"
#include "shared/store/sessions.h"

#define PENDING_MAX 256 /* decisions of one batch */
#define AGAIN_MIN_S 10
#define AGAIN_MAX_S 600
#define HELD_BACK_S 300 /* how long an alert about it stands */
/* What a shared address gets instead of a block: room for people, not for a flood. */
#define SLOWED_COUNT    20
#define SLOWED_WINDOW_S 1

/* One decision, with copies of its texts. */
struct pending {
    enum zta_response_result result;
    bool has_measure;
    struct zta_measure measure;
    struct zta_measure_placed placed;
    char rule[ZTA_NAME_MAX];
    char issuer[ZTA_NAME_MAX];
    char name[ZTA_SUBJECT_MAX];
    char acr[ZTA_ACR_TEXT_MAX];
    char limit[ZTA_NAME_MAX];
    char notify[ZTA_NAME_MAX + 1]; /* whom to tell; "": nobody */
    bool has_raise;                /* of a signal, to be handed over */
    struct mod_zta_automation_raise raise;
    char what[ZTA_RESPONSE_TEXT_MAX + 1];
    char target[ZTA_RESPONSE_TEXT_MAX + 1];
    char evidence[ZTA_RESPONSE_TEXT_MAX + 1];
    int64_t time_ns;
};

struct mod_zta_automation {
    struct zta_siphash_key key;
    struct mod_zta_automation_options options;
    struct zta_governor *governor;
    struct mod_zta_notify *notify;
    struct zta_trigger *trigger;
    const struct zta_ruleset *set;
    uint64_t version;
    size_t n_rules;
    int64_t clock_ns; /* newest event */
    struct zta_threat threat;
    int64_t held_back_s;
    char held_back[640];
    uint64_t n_lost_decisions;
    char lost[128];
    size_t n_pending;
    size_t n_told; /* of committed ones, whose lines were handed over */
    size_t n_committed;
    char line[640];
    struct mod_zta_occurrence occurrence;
    struct pending pending[PENDING_MAX];
};

/* ---- open and close ---- */

struct warming {
    struct mod_zta_automation *automation;
    int64_t now_s;
};

static bool warm(void *context, const struct zta_session *session)
{
    const struct warming *warming = context;
    const struct zta_siphash_key *key = &warming->automation->key;
    const struct zta_text none = {.data = NULL};
    const struct zta_text issuer = zta_text_of(session->issuer);
    if (session->last_s + ZTA_GOVERNOR_SEEN_S > warming->now_s &&
        session->last_reason == ZTA_REASON_OK) {
        const struct zta_governor_party party = {
            .subject = mod_zta_occurrence_hash(key, ZTA_GROUP_SUBJECT, issuer,
                                               zta_text_of(session->subject)),
            .ip = mod_zta_occurrence_hash_network(key, ZTA_GROUP_IP, &session->addr),
            .net = mod_zta_occurrence_hash_network(key, ZTA_GROUP_NET, &session->addr),
            .client = mod_zta_occurrence_hash(key, ZTA_GROUP_CLIENT, issuer,
                                              zta_text_of(session->client)),
            .apikey =
                mod_zta_occurrence_hash(key, ZTA_GROUP_APIKEY, none, zta_text_of(session->apikey)),
        };
        zta_governor_note(warming->automation->governor, &party, session->last_s);
    }
    return true;
}

enum zta_status mod_zta_automation_open(const struct mod_zta_automation_options *options,
                                        const struct zta_siphash_key *key, struct zta_store *store,
                                        int64_t now_real_ns, struct mod_zta_automation **automation)
{
    struct mod_zta_automation *opened = calloc(1, sizeof *opened);
    struct zta_view *view;
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->key = *key;
    opened->options = *options;
    enum zta_status status = zta_governor_open(&options->governor, key, &opened->governor);
    if (status == ZTA_OK) {
        status = mod_zta_notify_begin(options->notify, options->n_notify, &opened->notify);
    }
    if (status != ZTA_OK) {
        mod_zta_automation_close(&opened);
        return status;
    }
    /* Without this an address of many would look like nobody's right behind a restart. */
    if (zta_view_begin(store, &view) == ZTA_OK) {
        struct warming warming = {.automation = opened, .now_s = now_real_ns / ZTA_NS_PER_S};
        (void)!zta_session_each(view, warm, &warming);
        zta_view_end(&view);
    }
    *automation = opened;
    return ZTA_OK;
}

void mod_zta_automation_close(struct mod_zta_automation **automation)
{
    if (*automation != NULL) {
        zta_trigger_close(&(*automation)->trigger);
        mod_zta_notify_end(&(*automation)->notify);
        zta_governor_close(&(*automation)->governor);
        free(*automation);
        *automation = NULL;
    }
}

/* ---- the rules ---- */

static void plan_line(const struct zta_respond_on *on, struct zta_trigger_line *line)
{
    static const enum zta_trigger_measure measures[] = {
        [ZTA_METRIC_SUM] = ZTA_TRIGGER_SUM,     [ZTA_METRIC_DISTINCT] = ZTA_TRIGGER_DISTINCT,
        [ZTA_METRIC_RATIO] = ZTA_TRIGGER_RATIO, [ZTA_METRIC_P95] = ZTA_TRIGGER_P95,
        [ZTA_METRIC_NOW] = ZTA_TRIGGER_NOW,
    };
    *line = (struct zta_trigger_line){
        .measure = measures[zta_metric_info(on->metric)->counting],
        .number = on->number,
        .is_below = on->op == ZTA_OP_LT || on->op == ZTA_OP_LE,
        .is_equal = on->op == ZTA_OP_LE || on->op == ZTA_OP_GE,
        .window_ns = on->window_s * ZTA_NS_PER_S,
        .min = on->min > UINT32_MAX ? UINT32_MAX : (uint32_t)on->min,
    };
}

/* Of name, group and lines: what is counted, whatever follows from it. */
static void plan_rule(const struct mod_zta_automation *automation,
                      const struct zta_respond *respond, struct zta_trigger_plan *plan)
{
    char text[2048];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_buffer_text(&out, respond->name);
    *plan = (struct zta_trigger_plan){.n_lines = respond->n_ons};
    for (size_t i = 0; i < respond->n_ons; i++) {
        plan_line(&respond->ons[i], &plan->lines[i]);
        zta_buffer_string(&out, "\n");
        zta_respond_print_on(&respond->ons[i], respond->group, &out);
    }
    plan->id = zta_siphash(&automation->key, text, out.len);
}

void mod_zta_automation_use(struct mod_zta_automation *automation, const struct zta_ruleset *set,
                            uint64_t version)
{
    struct zta_trigger_plan plans[ZTA_RESPONDS_MAX];
    if (version == automation->version && set == automation->set) {
        return;
    }
    automation->set = set;
    automation->version = version;
    automation->n_rules = set == NULL ? 0 : zta_respond_count(set);
    for (size_t i = 0; i < automation->n_rules; i++) {
        plan_rule(automation, zta_respond_get(set, i), &plans[i]);
    }
    if (zta_trigger_open(plans, automation->n_rules, &automation->key, &automation->trigger,
                         &automation->trigger) != ZTA_OK) {
        automation->n_rules = 0;
    }
}

/* ---- decisions ---- */

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

static struct pending *begin_pending(struct mod_zta_automation *automation,
                                     const struct zta_respond *respond, int64_t now_ns)
{
    if (automation->n_pending == PENDING_MAX) {
        automation->n_lost_decisions++;
        return NULL;
    }
    struct pending *pending = &automation->pending[automation->n_pending++];
    memset(pending, 0, sizeof *pending);
    pending->measure.source = ZTA_MEASURE_OF_RULE;
    pending->measure.max_age_s = -1;
    pending->measure.created_ns = now_ns;
    pending->time_ns = now_ns;
    copy(respond->name, pending->rule, sizeof pending->rule, &pending->measure.rule);
    return pending;
}

static void hold_back(struct mod_zta_automation *automation, const struct pending *pending,
                      const char *why)
{
    automation->held_back_s = pending->time_ns / ZTA_NS_PER_S;
    (void)snprintf(automation->held_back, sizeof automation->held_back,
                   "rule %.*s: %s of %s was not done: %s", (int)pending->measure.rule.len,
                   pending->measure.rule.data, pending->what, pending->target, why);
}

static void hold_back_over(struct mod_zta_automation *automation, const struct pending *pending,
                           enum zta_governor_budget budget)
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

static void slow_instead(struct pending *pending)
{
    pending->result = ZTA_RESPONSE_SLOWED;
    pending->measure.kind = ZTA_MEASURE_THROTTLE;
    pending->measure.count = SLOWED_COUNT;
    pending->measure.window_s = SLOWED_WINDOW_S;
    pending->has_measure = true;
}

static void govern(struct mod_zta_automation *automation, struct pending *pending,
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
static bool is_spared(struct zta_store *store, struct pending *pending)
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

static bool fill_target(struct mod_zta_automation *automation, struct pending *pending,
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
                          struct pending *pending)
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
                            struct pending *pending, struct zta_store *store)
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
                struct pending *pending)
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
                     const struct mod_zta_occurrence *occurrence, struct pending *pending)
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

static bool respond_to(struct mod_zta_automation *automation, struct zta_store *store,
                       const struct zta_respond *respond, enum zta_mode mode,
                       const struct zta_triggered *triggered, int64_t now_real_ns)
{
    bool has_begun = false;
    for (size_t i = 0; i < respond->n_dos; i++) {
        struct pending *pending = begin_pending(automation, respond, now_real_ns);
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
        struct pending *pending = &automation->pending[i];
        if (pending->has_raise) {
            pending->has_raise = false;
            *raise = pending->raise;
            return true;
        }
    }
    return false;
}

/* ---- counting ---- */

static int64_t again_of(const struct zta_respond *respond)
{
    int64_t shortest_s = AGAIN_MAX_S;
    for (size_t i = 0; i < respond->n_dos; i++) {
        const int64_t quarter_s = respond->dos[i].for_s / 4;
        shortest_s = quarter_s > 0 && quarter_s < shortest_s ? quarter_s : shortest_s;
    }
    return (shortest_s > AGAIN_MIN_S ? shortest_s : AGAIN_MIN_S) * ZTA_NS_PER_S;
}

static bool looks_at_responses(const struct zta_respond *respond)
{
    for (size_t i = 0; i < respond->n_ons; i++) {
        if (respond->ons[i].metric == ZTA_METRIC_OF_RESPONSES) {
            return true;
        }
    }
    return false;
}

/*
 * One request, or (is_response) a measure that it led to, for one rule. True when a measure
 * follows. Places where the rule is only tried are counted apart.
 */
static bool count_rule(struct mod_zta_automation *automation, struct zta_store *store, size_t i,
                       bool is_response, int64_t now_real_ns)
{
    const struct mod_zta_occurrence *occurrence = &automation->occurrence;
    const struct zta_respond *respond = zta_respond_get(automation->set, i);
    const int64_t now_s = occurrence->event->time_ns / ZTA_NS_PER_S;
    const enum zta_mode mode = zta_respond_mode(automation->set, i, &occurrence->stance, now_s);
    const uint64_t group = occurrence->groups[respond->group];
    struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX] = {{.add = 0}};
    struct zta_triggered triggered;
    if (mode == ZTA_MODE_OFF || group == 0 ||
        !zta_respond_when_holds(automation->set, i, &occurrence->facts, now_s)) {
        return false;
    }
    for (size_t n = 0; n < respond->n_ons; n++) {
        const bool is_of_responses = respond->ons[n].metric == ZTA_METRIC_OF_RESPONSES;
        if (is_response) {
            values[n].add = is_of_responses;
        }
        else {
            values[n].add = mod_zta_occurrence_adds(occurrence, &respond->ons[n], &values[n].base);
        }
    }
    return zta_trigger_count(automation->trigger, i, mode == ZTA_MODE_ENFORCE ? group : ~group,
                             occurrence->event->time_ns, values, again_of(respond), &triggered) &&
           respond_to(automation, store, respond, mode, &triggered, now_real_ns);
}

static void count_threat(struct mod_zta_automation *automation)
{
    const struct mod_zta_occurrence *occurrence = &automation->occurrence;
    const struct zta_threat_sighting sighting = {
        .time_s = occurrence->event->time_ns / ZTA_NS_PER_S,
        .is_verified = occurrence->is_verified,
        .is_denied = occurrence->is_denied,
        .is_failed = occurrence->is_failed,
        .is_server_error = occurrence->is_server_error,
        .latency_us = occurrence->is_let_in ? occurrence->event->latency_us : 0,
    };
    (void)zta_threat_count(&automation->threat, &sighting);
}

/* What was counted under a later clock would keep all that comes out of its windows. */
static void follow_clock(struct mod_zta_automation *automation, int64_t now_real_ns)
{
    if (automation->clock_ns > now_real_ns + AGAIN_MAX_S * ZTA_NS_PER_S) {
        if (automation->trigger != NULL) {
            zta_trigger_forget(automation->trigger);
        }
        automation->clock_ns = now_real_ns;
    }
}

void mod_zta_automation_note(struct mod_zta_automation *automation, struct zta_store *store,
                             const struct zta_event *event, int64_t now_real_ns)
{
    struct mod_zta_occurrence *occurrence = &automation->occurrence;
    bool has_begun = false;
    follow_clock(automation, now_real_ns);
    automation->clock_ns =
        event->time_ns > automation->clock_ns ? event->time_ns : automation->clock_ns;
    mod_zta_occurrence_make(event, &automation->key, occurrence);
    count_threat(automation);
    for (size_t i = 0; i < automation->n_rules; i++) {
        has_begun = count_rule(automation, store, i, false, now_real_ns) || has_begun;
    }
    for (size_t i = 0; has_begun && i < automation->n_rules; i++) {
        if (looks_at_responses(zta_respond_get(automation->set, i))) {
            (void)count_rule(automation, store, i, true, now_real_ns);
        }
    }
    /* Behind the rules: who is refused for this very request was not in good standing by it. */
    if (occurrence->is_let_in && !occurrence->is_failed) {
        zta_governor_note(automation->governor, &occurrence->party, event->time_ns / ZTA_NS_PER_S);
    }
}

/* ---- writing ---- */

static enum zta_status write_one(struct zta_change *change, struct pending *pending)
{
    if (pending->has_measure) {
        const enum zta_status status = zta_measure_put(change, &pending->measure, &pending->placed);
        if (status == ZTA_FULL || status == ZTA_INVALID) {
            pending->result = ZTA_RESPONSE_REFUSED;
            pending->has_measure = false;
        }
        else if (status != ZTA_OK) {
            return status;
        }
        else if (!pending->placed.is_new && pending->result == ZTA_RESPONSE_BEGUN) {
            pending->result = ZTA_RESPONSE_EXTENDED;
        }
    }
    const struct zta_response response = {
        .time_ns = pending->time_ns,
        .result = pending->result,
        .measure = pending->has_measure ? pending->placed.id : 0,
        .until_s = pending->has_measure ? pending->placed.until_s : 0,
        .rule = pending->measure.rule,
        .what = zta_text_of(pending->what),
        .target = zta_text_of(pending->target),
        .evidence = zta_text_of(pending->evidence),
    };
    return zta_response_put(change, &response);
}

enum zta_status mod_zta_automation_write(struct mod_zta_automation *automation,
                                         struct zta_change *change)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = automation->n_committed; status == ZTA_OK && i < automation->n_pending; i++) {
        status = write_one(change, &automation->pending[i]);
    }
    return status;
}

static void tell(struct mod_zta_automation *automation, const struct pending *pending)
{
    char text[MOD_ZTA_NOTIFY_LINE_MAX];
    struct zta_buffer storage;
    struct zta_json json;
    zta_buffer_init(&storage, text, sizeof text);
    zta_json_init(&json, &storage);
    zta_json_begin_object(&json, NULL);
    zta_json_time(&json, "time", pending->time_ns / ZTA_NS_PER_S);
    zta_json_text(&json, "rule", pending->measure.rule);
    zta_json_string(&json, "target", pending->target);
    zta_json_string(&json, "evidence", pending->evidence);
    zta_json_end_object(&json);
    if (mod_zta_notify_send(automation->notify, zta_text_of(pending->notify),
                            (struct zta_text){.data = text, .len = storage.len}) != ZTA_OK) {
        automation->n_lost_decisions++;
    }
}

void mod_zta_automation_written(struct mod_zta_automation *automation, bool is_committed)
{
    if (!is_committed) {
        return;
    }
    for (size_t i = automation->n_committed; i < automation->n_pending; i++) {
        const struct pending *pending = &automation->pending[i];
        if (pending->notify[0] != '\0' && pending->result == ZTA_RESPONSE_TOLD) {
            tell(automation, pending);
        }
    }
    automation->n_committed = automation->n_pending;
    (void)mod_zta_notify_step(automation->notify);
}

const char *mod_zta_automation_next_line(struct mod_zta_automation *automation)
{
    if (automation->n_told == automation->n_committed) {
        if (automation->n_committed == automation->n_pending) {
            automation->n_told = automation->n_committed = automation->n_pending = 0;
        }
        return NULL;
    }
    const struct pending *pending = &automation->pending[automation->n_told++];
    (void)snprintf(automation->line, sizeof automation->line, "rule %.*s: %s: %s: %s (%s)",
                   (int)pending->measure.rule.len, pending->measure.rule.data,
                   zta_response_result_name(pending->result), pending->what, pending->target,
                   pending->evidence);
    return automation->line;
}

/* ---- each second ---- */

static void note_level(void *context, const struct zta_measure *measure)
{
    enum zta_threat_level *level = context;
    if (measure->kind == ZTA_MEASURE_THREAT_LEVEL && measure->level > *level) {
        *level = measure->level;
    }
}

enum zta_threat_level mod_zta_automation_threat(struct mod_zta_automation *automation,
                                                struct zta_store *store, int64_t now_real_ns,
                                                const char **reason)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    const struct zta_measure_question question = {.asks_everyone = true};
    struct zta_view *view;
    (void)zta_threat_look(&automation->threat, now_s);
    enum zta_threat_level level = automation->threat.level;
    *reason = automation->threat.reason;
    if (zta_view_begin(store, &view) == ZTA_OK) {
        if (zta_measures_find(view, &question, now_s, note_level, &level) == ZTA_OK &&
            level != automation->threat.level) {
            *reason = "a measure holds";
        }
        zta_view_end(&view);
    }
    (void)mod_zta_notify_step(automation->notify);
    return level;
}

const char *mod_zta_automation_held_back(const struct mod_zta_automation *automation,
                                         int64_t now_real_ns)
{
    const bool is_lately = automation->held_back[0] != '\0' &&
                           now_real_ns / ZTA_NS_PER_S - automation->held_back_s < HELD_BACK_S;
    return is_lately ? automation->held_back : NULL;
}

const char *mod_zta_automation_lost(struct mod_zta_automation *automation)
{
    const uint64_t n_lines = mod_zta_notify_step(automation->notify);
    if (n_lines + automation->n_lost_decisions == 0) {
        return NULL;
    }
    (void)snprintf(automation->lost, sizeof automation->lost,
                   "%llu notifications and %llu responses were lost since the helper started",
                   (unsigned long long)n_lines, (unsigned long long)automation->n_lost_decisions);
    return automation->lost;
}

/* By the first that it names; who is named by several names counts once for each. */
bool mod_zta_automation_may_hit(struct mod_zta_automation *automation,
                                const struct zta_notice *notice, int64_t now_real_ns)
{
    const struct zta_text names[] = {notice->subject, notice->sid, notice->token, notice->device};
    const enum zta_group group =
        zta_text_is_absent(notice->subject) ? ZTA_GROUP_SESSION : ZTA_GROUP_SUBJECT;
    size_t first = 0;
    while (first < sizeof names / sizeof names[0] && zta_text_is_absent(names[first])) {
        first++;
    }
    if (first == sizeof names / sizeof names[0]) {
        return false;
    }
    const uint64_t hash =
        mod_zta_occurrence_hash(&automation->key, group, notice->issuer, names[first]);
    return zta_governor_ask_subject(automation->governor, ZTA_GOVERNOR_TRANSMITTER, hash,
                                    now_real_ns / ZTA_NS_PER_S) == ZTA_GOVERNED_GO;
}

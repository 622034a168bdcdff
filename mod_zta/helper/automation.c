/* SPDX-License-Identifier: Apache-2.0 */
/* Counts events for the rules in force, and says what is so each second. */
#include "mod_zta/helper/automation.h"

#include <stdio.h>
#include <stdlib.h>

#include "mod_zta/helper/automation_priv.h"
#include "shared/base/clock.h"
#include "shared/store/sessions.h"

#define AGAIN_MIN_S 10
#define AGAIN_MAX_S 600
#define HELD_BACK_S 300 /* how long an alert about it stands */

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
                       bool is_response)
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
           mod_zta_automation_respond(automation, store, respond, mode, &triggered);
}

/*
 * What was refused at a level that other nodes alone had brought says nothing of this one: so nodes
 * do not keep each other up by what they refuse.
 */
static void count_threat(struct mod_zta_automation *automation)
{
    const struct mod_zta_occurrence *occurrence = &automation->occurrence;
    const bool is_by_others = occurrence->event->risk.threat > automation->own_level;
    const struct zta_threat_sighting sighting = {
        .time_s = occurrence->event->time_ns / ZTA_NS_PER_S,
        .is_verified = occurrence->is_verified,
        .is_denied = occurrence->is_denied && !is_by_others,
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
    automation->now_ns = now_real_ns;
    automation->clock_ns =
        event->time_ns > automation->clock_ns ? event->time_ns : automation->clock_ns;
    mod_zta_occurrence_make(event, &automation->key, occurrence);
    count_threat(automation);
    for (size_t i = 0; i < automation->n_rules; i++) {
        has_begun = count_rule(automation, store, i, false) || has_begun;
    }
    for (size_t i = 0; has_begun && i < automation->n_rules; i++) {
        if (looks_at_responses(zta_respond_get(automation->set, i))) {
            (void)count_rule(automation, store, i, true);
        }
    }
    /* Behind the rules: who is refused for this very request was not in good standing by it. */
    if (occurrence->is_let_in && !occurrence->is_failed) {
        zta_governor_note(automation->governor, &occurrence->party, event->time_ns / ZTA_NS_PER_S);
    }
}

/* ---- each second ---- */

static void note_level(void *context, const struct zta_measure *measure)
{
    enum zta_threat_level *level = context;
    if (measure->kind == ZTA_MEASURE_THREAT_LEVEL && measure->level > *level) {
        *level = measure->level;
    }
}

/* Says what is measured here, where that is due; a store that is busy is tried again. */
static void tell_fleet(struct mod_zta_automation *automation, struct zta_store *store,
                       int64_t now_s)
{
    const enum zta_threat_level level = automation->threat.level;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (!zta_fleet_threat_is_due(&automation->said, level, now_s) ||
        zta_change_begin(store, "threat level", &change, &error) != ZTA_OK) {
        return;
    }
    zta_fleet_threat_note(change, level);
    if (zta_change_commit(&change, &error) == ZTA_OK) {
        automation->said = (struct zta_fleet_threat_said){.level = level, .time_s = now_s};
    }
}

/* Of measured ones the highest, and what measures say. */
static void look_at_levels(struct mod_zta_automation *automation, struct zta_view *view,
                           int64_t now_s, enum zta_threat_level *others)
{
    const struct zta_measure_question question = {.asks_everyone = true};
    enum zta_threat_level level = automation->own_level;
    if (zta_measures_find(view, &question, now_s, note_level, &level) == ZTA_OK) {
        automation->own_level = level;
    }
    if (zta_fleet_threat_find(view, now_s, others) != ZTA_OK) {
        *others = ZTA_THREAT_NORMAL;
    }
}

enum zta_threat_level mod_zta_automation_threat(struct mod_zta_automation *automation,
                                                struct zta_store *store, int64_t now_real_ns,
                                                const char **reason)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    enum zta_threat_level others = ZTA_THREAT_NORMAL;
    struct zta_view *view;
    (void)zta_threat_look(&automation->threat, now_s);
    automation->own_level = automation->threat.level;
    *reason = automation->threat.reason;
    if (zta_view_begin(store, &view) == ZTA_OK) {
        look_at_levels(automation, view, now_s, &others);
        zta_view_end(&view);
    }
    if (others > automation->own_level) {
        *reason = "measured at another node of the fleet";
    }
    else if (automation->own_level != automation->threat.level) {
        *reason = "a measure holds";
    }
    tell_fleet(automation, store, now_s);
    (void)mod_zta_notify_step(automation->notify);
    return others > automation->own_level ? others : automation->own_level;
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

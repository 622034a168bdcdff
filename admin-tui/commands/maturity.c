/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ztactl maturity: what is on, laid beside the pillars of the CISA Zero Trust Maturity Model 2.0.
 * It speaks of what this proxy can see, and claims no level for what it cannot.
 */
#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/live/segment.h"
#include "shared/rules/attributes.h"
#include "shared/store/acceptance.h"
#include "shared/store/audit.h"
#include "shared/store/devices.h"
#include "shared/store/events.h"
#include "shared/store/keysets.h"
#include "shared/store/published.h"
#include "shared/store/signals.h"

enum level {
    TRADITIONAL = 0,
    INITIAL,
    ADVANCED,
    OPTIMAL,
    N_LEVELS
};

static const char *const level_names[N_LEVELS] = {
    [TRADITIONAL] = "Traditional",
    [INITIAL] = "Initial",
    [ADVANCED] = "Advanced",
    [OPTIMAL] = "Optimal",
};

/* What is on. */
struct state {
    uint64_t n_places;
    uint64_t n_at[ZTA_STAGE_MAX + 1]; /* at that stage or above */
    uint64_t n_enforced[ZTA_N_FEATURES];
    uint64_t n_watched[ZTA_N_FEATURES]; /* monitored or enforced */
    uint64_t n_open;                    /* places that allow by default */
    uint64_t n_rules;
    uint64_t n_limits;
    uint64_t n_cases;
    bool is_asked[ZTA_N_ATTRIBUTES]; /* by a rule that is enforced somewhere */
    uint64_t n_bound;                /* places that take bound tokens alone */
    uint64_t n_devices;
    uint64_t n_events;
    uint64_t n_fetched; /* issuers whose keys are fetched */
    uint64_t n_signals; /* sessions and subjects that issuers logged out */
    bool is_running;
    bool is_audited;
};

/* ---- criteria ---- */

typedef bool (*criterion_fn)(const struct state *state);

static bool all_places(uint64_t n, const struct state *state)
{
    return state->n_places > 0 && n == state->n_places;
}

static bool asks_strength(const struct state *state)
{
    return state->is_asked[ZTA_ATTRIBUTE_ACR] || state->is_asked[ZTA_ATTRIBUTE_AMR] ||
           state->is_asked[ZTA_ATTRIBUTE_AUTH_AGE] || state->is_asked[ZTA_ATTRIBUTE_BINDING] ||
           state->is_asked[ZTA_ATTRIBUTE_CERTIFICATE] || state->n_bound > 0;
}

static bool asks_origin(const struct state *state)
{
    return state->is_asked[ZTA_ATTRIBUTE_NETWORK] || state->is_asked[ZTA_ATTRIBUTE_COUNTRY];
}

static bool has_credentials(const struct state *state)
{
    return state->n_at[1] > 0;
}

static bool has_rules_everywhere(const struct state *state)
{
    return all_places(state->n_at[2], state);
}

static bool has_strong_logins(const struct state *state)
{
    return has_rules_everywhere(state) && asks_strength(state);
}

static bool has_risk_everywhere(const struct state *state)
{
    return all_places(state->n_enforced[ZTA_FEATURE_RISK], state);
}

static bool has_inventory(const struct state *state)
{
    return state->n_devices > 0;
}

static bool has_device_rules(const struct state *state)
{
    return state->is_asked[ZTA_ATTRIBUTE_DEVICE] && state->n_enforced[ZTA_FEATURE_DEVICE] > 0;
}

static bool has_device_rules_everywhere(const struct state *state)
{
    return has_device_rules(state) && all_places(state->n_enforced[ZTA_FEATURE_DEVICE], state);
}

static bool has_limits(const struct state *state)
{
    return state->n_limits > 0 || asks_origin(state) ||
           state->n_enforced[ZTA_FEATURE_RATELIMIT] > 0;
}

static bool has_origin_rules(const struct state *state)
{
    return asks_origin(state) && state->n_enforced[ZTA_FEATURE_NETWORK] > 0;
}

static bool is_unseen(const struct state *state)
{
    return false;
}

static bool denies_by_default(const struct state *state)
{
    return has_rules_everywhere(state) && state->n_open == 0;
}

static bool has_context_everywhere(const struct state *state)
{
    return denies_by_default(state) && all_places(state->n_at[3], state);
}

static bool parts_resources(const struct state *state)
{
    return state->n_at[2] > 0 &&
           (state->is_asked[ZTA_ATTRIBUTE_PATH] || state->is_asked[ZTA_ATTRIBUTE_METHOD]);
}

static bool parts_by_right(const struct state *state)
{
    return state->is_asked[ZTA_ATTRIBUTE_SCOPE] || state->is_asked[ZTA_ATTRIBUTE_CLAIM] ||
           state->is_asked[ZTA_ATTRIBUTE_GROUP];
}

static bool is_recording(const struct state *state)
{
    return state->is_running && state->n_events > 0;
}

static bool watches_behaviour(const struct state *state)
{
    return state->n_watched[ZTA_FEATURE_BEHAVIOUR] > 0;
}

static bool watches_risk(const struct state *state)
{
    return state->n_watched[ZTA_FEATURE_RISK] > 0;
}

static bool fetches_keys(const struct state *state)
{
    return state->n_fetched > 0;
}

static bool takes_signals(const struct state *state)
{
    return state->n_signals > 0;
}

static bool acts_by_itself(const struct state *state)
{
    return state->n_enforced[ZTA_FEATURE_AUTOMATION] > 0;
}

static bool is_governed(const struct state *state)
{
    return state->n_rules > 0 && state->is_audited;
}

static bool has_cases(const struct state *state)
{
    return state->n_cases > 0;
}

static bool has_case_for_each_rule(const struct state *state)
{
    return state->n_cases >= state->n_rules && state->n_open == 0;
}

struct criterion {
    criterion_fn is_met;
    const char *holds; /* what is so when it is met */
    const char *raise; /* what would make it so */
};

/* Of each pillar from Initial on; a level is reached when it and those below it are. */
static const struct {
    const char *name;
    struct criterion levels[N_LEVELS - 1];
} pillars[] = {
    {.name = "Identity",
     .levels = {{has_credentials, "requests are tied to a verified identity",
                 "set ZTAStage 1 where a credential is needed"},
                {has_strong_logins,
                 "each place decides by rules, some by the strength of the login",
                 "raise every place to ZTAStage 2 and ask for acr, amr, auth-age or a bound token "
                 "in some rule"},
                {has_risk_everywhere, "each request is judged by the risk of its session",
                 "judge by risk at every place (stage 4)"}}},
    {.name = "Devices",
     .levels = {{has_inventory, "there is an inventory of devices", "ztactl devices import FILE"},
                {has_device_rules, "some places let only devices in that are as they must be",
                 "ask for device in a rule and enforce the feature device (stage 3)"},
                {has_device_rules_everywhere, "every place asks for the device",
                 "enforce the feature device at every place"}}},
    {.name = "Networks",
     .levels = {{has_limits, "what an address may send is limited",
                 "limit requests (ZTAStage 1 or a limit rule)"},
                {has_origin_rules, "where a request comes from is asked and enforced",
                 "ask for network or country in a rule and enforce the feature network (stage 3)"},
                {is_unseen, "",
                 "what lies between services is not seen from here: segments and "
                 "encryption inside are assessed elsewhere"}}},
    {.name = "Applications and Workloads",
     .levels = {{has_credentials, "some applications are reached with a credential only",
                 "set ZTAStage 1 where a credential is needed"},
                {denies_by_default, "every place decides by rules and denies by default",
                 "raise every place to ZTAStage 2 and take ZTADefault allow away"},
                {has_context_everywhere, "every place judges the circumstances too",
                 "raise every place to ZTAStage 3"}}},
    {.name = "Data",
     .levels = {{parts_resources, "rules tell resources and methods apart",
                 "write rules by path and method (stage 2)"},
                {parts_by_right, "rules ask for scopes, groups or claims",
                 "ask for scope, group or claim in rules"},
                {is_unseen, "", "labels of the data itself are not seen from here"}}},
    {.name = "Visibility and Analytics",
     .levels = {{is_recording, "every decision is recorded with its reason",
                 "let httpd run with a store"},
                {watches_behaviour, "what is usual for a subject is learned",
                 "watch the feature behaviour (ZTAMonitor 3)"},
                {watches_risk, "requests are scored by risk", "watch the feature risk (stage 4)"}}},
    {.name = "Automation and Orchestration",
     .levels = {{fetches_keys, "keys of issuers are fetched and renewed by themselves",
                 "let ZTAKeys fetch the keys of an issuer"},
                {takes_signals, "issuers end sessions here by their signals",
                 "let issuers send their logouts (handler zta-logout)"},
                {acts_by_itself, "measures are taken, and end, by themselves",
                 "enforce the feature automation (stage 4)"}}},
    {.name = "Governance",
     .levels = {{is_governed, "rules are written down, and every change of an operator is chained",
                 "write rules (ZTARules)"},
                {has_cases, "cases beside the rules say what they should do",
                 "write cases beside the rules (ztactl rules test)"},
                {has_case_for_each_rule, "there are as many cases as rules, and no open default",
                 "write a case for each rule, and take ZTADefault allow away"}}},
};
enum {
    N_PILLARS = sizeof pillars / sizeof pillars[0]
};

static enum level level_of(size_t pillar, const struct state *state)
{
    unsigned level = TRADITIONAL;
    while (level < OPTIMAL && pillars[pillar].levels[level].is_met(state)) {
        level++;
    }
    return (enum level)level;
}

/* ---- what is on ---- */

static void note_places(const struct ctl_places *places, struct state *state)
{
    for (size_t i = 0; i < places->n; i++) {
        const struct zta_stance *stance = &places->all[i].stance;
        if (stance->stage == 0 && stance->monitor == 0) {
            continue; /* public on purpose */
        }
        state->n_places++;
        state->n_open += stance->allows_by_default != 0 ? 1 : 0;
        for (unsigned stage = 0; stage <= stance->stage && stage <= ZTA_STAGE_MAX; stage++) {
            state->n_at[stage]++;
        }
        for (unsigned f = 0; f < ZTA_N_FEATURES; f++) {
            state->n_enforced[f] += stance->modes[f] == ZTA_MODE_ENFORCE ? 1 : 0;
            state->n_watched[f] += stance->modes[f] != ZTA_MODE_OFF ? 1 : 0;
        }
    }
}

static void note_rule(const struct zta_ast_rule *rule, struct state *state)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        for (size_t c = 0; c < rule->groups[g].n_conds; c++) {
            state->is_asked[rule->groups[g].conds[c].attribute] = true;
        }
    }
}

static void note_rules(const struct ctl_live *live, const struct ctl_live_set *made,
                       struct state *state)
{
    state->n_cases = made->ast->n_cases;
    for (size_t i = 0; i < made->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &made->ast->rules[i];
        state->n_rules++;
        if (ctl_places_enforce(&live->places, made->set, i, live->now_s)) {
            state->n_limits += rule->kind == ZTA_RULE_LIMIT ? 1 : 0;
            note_rule(rule, state);
        }
    }
}

static bool note_keyset(void *context, const struct zta_keyset_record *record)
{
    struct state *state = context;
    state->n_fetched++;
    return true;
}

static bool note_signal(void *context, const struct zta_signal *signal, bool is_released)
{
    struct state *state = context;
    state->n_signals++;
    return true;
}

static enum zta_status note_acceptance(struct zta_view *view, struct state *state)
{
    struct zta_acceptance *acceptance = NULL;
    const enum zta_status status = zta_acceptance_open(view, &acceptance);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    for (size_t i = 0; i < acceptance->n_places; i++) {
        state->n_bound += acceptance->places[i].requires_dpop ? 1 : 0;
    }
    zta_acceptance_close(&acceptance);
    return ZTA_OK;
}

static bool stop_at_entry(void *context, const struct zta_audit_entry *entry)
{
    *(bool *)context = true;
    return false;
}

static enum zta_status note_store(struct zta_view *view, int64_t now_s, struct state *state)
{
    uint64_t counters[ZTA_N_COUNTERS];
    struct zta_heartbeat heartbeat;
    uint64_t bytes;
    enum zta_status status =
        zta_published_get_heartbeat(view, &heartbeat, counters, ZTA_N_COUNTERS);
    state->is_running = status == ZTA_OK && now_s - heartbeat.time_s <= ZTA_HEARTBEAT_STALE_S;
    status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    if (status == ZTA_OK) {
        status = zta_device_count(view, &state->n_devices);
    }
    if (status == ZTA_OK) {
        status = zta_events_size(view, &bytes, &state->n_events);
    }
    if (status == ZTA_OK) {
        status = zta_keyset_each(view, note_keyset, state);
    }
    if (status == ZTA_OK) {
        status = zta_signal_each(view, note_signal, state);
    }
    if (status == ZTA_OK) {
        status = note_acceptance(view, state);
    }
    return status == ZTA_OK ? zta_audit_each(view, 1, stop_at_entry, &state->is_audited) : status;
}

static enum ctl_exit look(struct ctl *ctl, struct state *state)
{
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.set = NULL};
    struct zta_view *view = NULL;
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    if (code == CTL_DONE) {
        code = ctl_live_compile(live, &live->next, &made);
    }
    if (code == CTL_DONE) {
        note_places(&live->places, state);
        note_rules(live, &made, state);
        enum zta_status status = zta_view_begin(ctl->store, &view);
        if (status == ZTA_OK) {
            status = note_store(view, live->now_s, state);
            zta_view_end(&view);
        }
        code = status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading the store");
    }
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    return code;
}

/* ---- words ---- */

static const char about[] =
    "Measured by what this proxy enforces and sees, after the CISA Zero Trust Maturity Model 2.0.";

static enum ctl_exit print_json(const struct state *state)
{
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        zta_json_string(json, "model", "CISA Zero Trust Maturity Model 2.0");
        zta_json_int(json, "places", (int64_t)state->n_places);
        zta_json_begin_array(json, "pillars");
        for (size_t i = 0; i < N_PILLARS; i++) {
            const enum level level = level_of(i, state);
            zta_json_begin_object(json, NULL);
            zta_json_string(json, "pillar", pillars[i].name);
            zta_json_string(json, "level", level_names[level]);
            zta_json_begin_array(json, "because");
            for (unsigned k = 0; k < (unsigned)level; k++) {
                zta_json_string(json, NULL, pillars[i].levels[k].holds);
            }
            zta_json_end_array(json);
            zta_json_string(json, "raise",
                            level == OPTIMAL ? NULL : pillars[i].levels[level].raise);
            zta_json_end_object(json);
        }
        zta_json_end_array(json);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

static void say_pillar(size_t pillar, const struct state *state, bool is_markdown)
{
    char because[512] = "";
    const enum level level = level_of(pillar, state);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, because, sizeof because);
    for (unsigned k = 0; k < (unsigned)level; k++) {
        zta_buffer_printf(&buffer, "%s%s", k == 0 ? "" : "; ", pillars[pillar].levels[k].holds);
    }
    const char *raise = level == OPTIMAL ? "" : pillars[pillar].levels[level].raise;
    if (is_markdown) {
        ctl_say("| %s | %s | %s | %s |", pillars[pillar].name, level_names[level], because, raise);
        return;
    }
    ctl_say("%-30s %s", pillars[pillar].name, level_names[level]);
    if (because[0] != '\0') {
        ctl_say("  holds    %s", because);
    }
    if (raise[0] != '\0') {
        ctl_say("  raise    %s", raise);
    }
}

enum ctl_exit ctl_run_maturity(struct ctl *ctl)
{
    struct state state = {.n_places = 0};
    const bool is_markdown = ctl_option_is_set(&ctl->options, CTL_OPTION_MARKDOWN);
    if (is_markdown && ctl_is_json(ctl)) {
        return ctl_fail(CTL_USAGE, "either --json or --markdown");
    }
    const enum ctl_exit code = look(ctl, &state);
    if (code != CTL_DONE) {
        return code;
    }
    if (ctl_is_json(ctl)) {
        return print_json(&state);
    }
    if (is_markdown) {
        ctl_say("# Zero trust maturity");
        ctl_say("%s", "");
        ctl_say("%s Governed places: %" PRIu64 ".", about, state.n_places);
        ctl_say("%s", "");
        ctl_say("| pillar | level | because | what would raise it |");
        ctl_say("|---|---|---|---|");
    }
    else {
        ctl_say("%s", about);
    }
    for (size_t i = 0; i < N_PILLARS; i++) {
        say_pillar(i, &state, is_markdown);
    }
    return CTL_DONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl readiness: what enforcing the next stage would have done to recorded requests. */
#include "admin-tui/commands/readiness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/live.h"
#include "admin-tui/report.h"
#include "shared/store/published.h"

enum {
    STAGE_MOST =
        CTL_READINESS_STAGES, /* what is enforced above is learned from more than requests */
    UNDECIDED_PERCENT = 1,    /* of the requests, at most, for a stage to be ready */
    UNKNOWN_PERCENT = 5,      /* from here on it is said that a circumstance is unknown */
    FIXES_MAX = 8,
    FIX_SIZE = CTL_READINESS_FIX_SIZE,
};

/* One stage for the places below it. */
struct trial {
    const struct ctl_replay *replay;
    struct zta_text location; /* absent: all */
    unsigned stage;
    bool is_exact; /* places one stage below alone, else all that are lower */
};

struct finding {
    bool is_ready;
    size_t n_fixes;
    char fixes[FIXES_MAX][FIX_SIZE]; /* most urgent first */
};

/* In the place, or in one below it. */
static bool is_of_location(const struct trial *trial, const struct zta_event *event)
{
    const struct zta_text route = zta_event_text(event, ZTA_EVENT_ROUTE);
    const struct zta_text wanted = trial->location;
    if (wanted.len == 0) {
        return true;
    }
    return zta_text_starts_with(route, wanted) &&
           (route.len == wanted.len || wanted.data[wanted.len - 1] == '/' ||
            route.data[wanted.len] == '/');
}

/* Events have the route, which is the path of the place; a server before it is left out. */
static struct zta_text location_of(const struct ctl *ctl)
{
    const struct zta_text place = ctl_option_text(&ctl->options, CTL_OPTION_LOCATION);
    const char *slash = place.len > 0 ? memchr(place.data, '/', place.len) : NULL;
    return slash == NULL ? place : zta_text_of(slash);
}

static bool raise_place(void *context, const struct zta_event *event,
                        const struct zta_stance *recorded, struct zta_stance *stance)
{
    const struct trial *trial = context;
    const bool is_below =
        trial->is_exact ? recorded->stage + 1u == trial->stage : recorded->stage < trial->stage;
    if (!is_below || !is_of_location(trial, event) || !ctl_replay_matches(trial->replay, event)) {
        return false;
    }
    zta_stance_raise(recorded, trial->stage, stance);
    return true;
}

/* ---- the verdict ---- */

static void add_fix(struct finding *finding, const char *text)
{
    if (finding->n_fixes < FIXES_MAX) {
        (void)snprintf(finding->fixes[finding->n_fixes++], FIX_SIZE, "%s", text);
    }
}

static uint64_t percent_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : part * 100 / whole;
}

static void find_hits(const struct zta_whatif *result, struct finding *finding)
{
    const struct zta_tally *rules = &result->by_rule;
    char text[FIX_SIZE];
    for (size_t i = 0; i < rules->n_rows && i < 3; i++) {
        const uint64_t n = rules->rows[i].n[ZTA_FLIP_TO_DENY];
        if (n > 0 && rules->rows[i].name[0] != '\0') {
            (void)snprintf(text, sizeof text,
                           "rule %s would refuse %" PRIu64 " requests that are let in today",
                           rules->rows[i].name, n);
            add_fix(finding, text);
        }
        else if (n > 0) {
            const char *reason = result->by_reason.rows[0].name;
            (void)snprintf(text, sizeof text,
                           "%" PRIu64 " requests would be refused without a "
                           "rule that says so (most often %s)",
                           n, reason);
            add_fix(finding, text);
        }
    }
}

static void find_undecided(const struct trial *trial, const struct zta_whatif *result,
                           struct finding *finding)
{
    const uint64_t *n = result->n_undecidable;
    char text[FIX_SIZE];
    if (n[ZTA_UNDECIDABLE_UNSEEN] > 0) {
        (void)snprintf(text, sizeof text,
                       "nobody looks at the credential of %" PRIu64
                       " requests: set ZTAMonitor %u there and come back",
                       n[ZTA_UNDECIDABLE_UNSEEN], trial->stage);
        add_fix(finding, text);
    }
    if (n[ZTA_UNDECIDABLE_FACT] > 0) {
        (void)snprintf(text, sizeof text,
                       "rules ask %" PRIu64 " requests for what was not known "
                       "of them: set ZTAMonitor %u there, so that it is gathered",
                       n[ZTA_UNDECIDABLE_FACT], trial->stage);
        add_fix(finding, text);
    }
}

static void find_unknown(const struct trial *trial, const struct zta_whatif *result,
                         struct finding *finding)
{
    static const struct {
        enum zta_feature feature;
        const char *words;
    } facts[] = {
        {.feature = ZTA_FEATURE_DEVICE, .words = "the device is unknown (ztactl devices import)"},
        {.feature = ZTA_FEATURE_GEO, .words = "the country is unknown (ZTAGeoDB)"},
        {.feature = ZTA_FEATURE_BEHAVIOUR, .words = "no habits of the subject are known yet"},
    };
    char text[FIX_SIZE];
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const uint64_t n = percent_of(result->n_unknown[facts[i].feature], result->n_judged);
        if (trial->stage >= zta_feature_stage(facts[i].feature) && n >= UNKNOWN_PERCENT) {
            (void)snprintf(text, sizeof text, "of %" PRIu64 " %% of the requests %s", n,
                           facts[i].words);
            add_fix(finding, text);
        }
    }
}

static void find(const struct trial *trial, const struct zta_whatif *result,
                 struct finding *finding)
{
    const uint64_t n_undecided = zta_whatif_undecidable(result);
    *finding = (struct finding){
        .is_ready = result->n_requests > 0 && result->flips[ZTA_FLIP_TO_DENY].n == 0 &&
                    n_undecided * 100 <= result->n_requests * UNDECIDED_PERCENT,
    };
    if (result->n_requests == 0) {
        add_fix(finding, "no request of the period was recorded at a place below that stage");
    }
    find_hits(result, finding);
    find_undecided(trial, result, finding);
    find_unknown(trial, result, finding);
}

/* ---- words ---- */

static void write_report(const struct ctl *ctl, const struct trial *trial,
                         const struct zta_whatif *result, const struct finding *finding,
                         struct zta_json *json)
{
    zta_json_int(json, "stage", trial->stage);
    zta_json_bool(json, "ready", finding->is_ready);
    ctl_replay_say_covered(ctl, trial->replay, result, json);
    zta_json_int(json, "requests", (int64_t)result->n_requests);
    zta_json_int(json, "allowed", (int64_t)result->n_allowed);
    ctl_replay_say_undecidable(result, json);
    ctl_replay_say_flips(&result->flips[ZTA_FLIP_TO_DENY], NULL, "hits", json);
    ctl_replay_say_group(trial->replay, &result->by_rule, NULL, "by_rule", json);
    ctl_replay_say_group(trial->replay, &result->by_reason, NULL, "by_reason", json);
    ctl_replay_say_group(trial->replay, &result->by_route, NULL, "by_route", json);
    ctl_replay_say_group(trial->replay, &result->by_subject, NULL, "by_subject", json);
    zta_json_begin_object(json, "unknown");
    zta_json_int(json, "device", (int64_t)result->n_unknown[ZTA_FEATURE_DEVICE]);
    zta_json_int(json, "country", (int64_t)result->n_unknown[ZTA_FEATURE_GEO]);
    zta_json_int(json, "behaviour", (int64_t)result->n_unknown[ZTA_FEATURE_BEHAVIOUR]);
    zta_json_end_object(json);
    zta_json_begin_array(json, "fix_first");
    for (size_t i = 0; i < finding->n_fixes; i++) {
        zta_json_string(json, NULL, finding->fixes[i]);
    }
    zta_json_end_array(json);
}

static void say_report(const struct ctl *ctl, const struct trial *trial,
                       const struct zta_whatif *result, const struct finding *finding)
{
    ctl_say("STAGE %u  %s", trial->stage, finding->is_ready ? "ready" : "not ready");
    ctl_replay_say_covered(ctl, trial->replay, result, NULL);
    ctl_say("judged     %" PRIu64 " of %" PRIu64 " requests at places below stage %u",
            result->n_judged + result->n_settled, result->n_requests, trial->stage);
    ctl_replay_say_undecidable(result, NULL);
    ctl_replay_say_flips(&result->flips[ZTA_FLIP_TO_DENY], "WOULD BE REFUSED", NULL, NULL);
    ctl_replay_say_group(trial->replay, &result->by_rule, "BY RULE", NULL, NULL);
    ctl_replay_say_group(trial->replay, &result->by_reason, "BY REASON", NULL, NULL);
    ctl_replay_say_group(trial->replay, &result->by_route, "BY ROUTE", NULL, NULL);
    ctl_replay_say_group(trial->replay, &result->by_subject, "BY SUBJECT", NULL, NULL);
    for (size_t i = 0; i < finding->n_fixes; i++) {
        ctl_say("%s %zu. %s", i == 0 ? "fix first " : "          ", i + 1, finding->fixes[i]);
    }
}

/* ---- the stages there are ---- */

/* Stages of governed places, a bit each. */
static bool note_stage(void *context, const struct zta_published_location *location)
{
    *(unsigned *)context |= 1u << location->stance.stage;
    return true;
}

static enum ctl_exit choose_stages(const struct ctl *ctl, unsigned *targets, bool *is_exact)
{
    struct zta_error error = {.status = ZTA_OK};
    struct zta_view *view = NULL;
    uint64_t stage = 0;
    unsigned stages = 0;
    if (ctl_option_count(&ctl->options, CTL_OPTION_STAGE, &stage, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    *is_exact = !ctl_option_is_set(&ctl->options, CTL_OPTION_STAGE);
    if (!*is_exact) {
        *targets = 1u << (stage <= STAGE_MOST ? stage : 0);
        return stage >= 1 && stage <= STAGE_MOST
                   ? CTL_DONE
                   : ctl_fail(CTL_USAGE, "--stage: expected 1 to %d", STAGE_MOST);
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_published_each_location(view, note_stage, &stages);
        zta_view_end(&view);
    }
    *targets = stages << 1 & ((2u << STAGE_MOST) - 1);
    return status == ZTA_OK ? CTL_DONE
                            : ctl_fail_status(status, NULL, "reading the published places");
}

/* The result is the caller's to close. */
static enum ctl_exit run_trial(const struct ctl *ctl, struct trial *trial,
                               const struct zta_ruleset *set, struct zta_whatif **result,
                               struct finding *finding)
{
    struct zta_whatif_options options = {.after = set, .stance = raise_place, .context = trial};
    const enum ctl_exit code = ctl_replay_run(ctl, trial->replay, &options, result);
    if (code == CTL_DONE) {
        find(trial, *result, finding);
    }
    return code;
}

static enum ctl_exit try_stage(const struct ctl *ctl, struct trial *trial,
                               const struct zta_ruleset *set, struct ctl_list *list, bool *is_ready)
{
    struct zta_whatif *result = NULL;
    struct finding finding;
    const enum ctl_exit code = run_trial(ctl, trial, set, &result, &finding);
    if (code != CTL_DONE) {
        return code;
    }
    *is_ready = *is_ready && finding.is_ready;
    if (list == NULL) {
        say_report(ctl, trial, result, &finding);
    }
    else {
        ctl_row_begin(list);
        struct zta_json *json = ctl_row_json(list);
        if (json != NULL) {
            write_report(ctl, trial, result, &finding, json);
        }
        ctl_row_end(list);
    }
    zta_whatif_close(&result);
    return CTL_DONE;
}

static enum ctl_exit try_stages(const struct ctl *ctl, const struct ctl_replay *replay,
                                const struct zta_ruleset *set, struct ctl_list *list,
                                bool *is_ready)
{
    struct trial trial = {.replay = replay, .location = location_of(ctl)};
    unsigned targets = 0;
    enum ctl_exit code = choose_stages(ctl, &targets, &trial.is_exact);
    if (code == CTL_DONE && targets == 0) {
        return ctl_fail(CTL_FAILED, "no place of a running server is below stage %d", STAGE_MOST);
    }
    for (trial.stage = 1; trial.stage <= STAGE_MOST && code == CTL_DONE; trial.stage++) {
        if ((targets & 1u << trial.stage) != 0) {
            code = try_stage(ctl, &trial, set, list, is_ready);
        }
    }
    return code;
}

enum ctl_exit ctl_readiness_summarise(const struct ctl *ctl, const struct ctl_replay *replay,
                                      const struct zta_ruleset *set,
                                      struct ctl_readiness rows[CTL_READINESS_STAGES], size_t *n)
{
    struct trial trial = {.replay = replay, .location = location_of(ctl)};
    unsigned targets = 0;
    enum ctl_exit code = choose_stages(ctl, &targets, &trial.is_exact);
    *n = 0;
    for (trial.stage = 1; trial.stage <= STAGE_MOST && code == CTL_DONE; trial.stage++) {
        struct zta_whatif *result = NULL;
        struct finding finding;
        if ((targets & 1u << trial.stage) == 0) {
            continue;
        }
        code = run_trial(ctl, &trial, set, &result, &finding);
        if (code == CTL_DONE) {
            struct ctl_readiness *row = &rows[(*n)++];
            *row = (struct ctl_readiness){
                .stage = trial.stage,
                .is_ready = finding.is_ready,
                .n_requests = result->n_requests,
                .n_refused = result->flips[ZTA_FLIP_TO_DENY].n,
                .n_undecided = zta_whatif_undecidable(result),
            };
            (void)snprintf(row->fix, sizeof row->fix, "%s",
                           finding.n_fixes > 0 ? finding.fixes[0] : "");
            zta_whatif_close(&result);
        }
    }
    return code;
}

static enum ctl_exit report(struct ctl *ctl, const struct zta_ruleset *set)
{
    struct ctl_replay replay;
    struct ctl_list list;
    bool is_ready = true;
    enum ctl_exit code = ctl_replay_prepare(ctl, &replay);
    if (code != CTL_DONE) {
        return code;
    }
    const bool is_json = ctl_is_json(ctl);
    if (is_json) {
        ctl_list_open(&list, true, CTL_TABLE, NULL, 0);
    }
    code = try_stages(ctl, &replay, set, is_json ? &list : NULL, &is_ready);
    if (is_json && code == CTL_DONE) {
        code = ctl_list_print(&list);
    }
    else if (is_json) {
        ctl_list_close(&list);
    }
    return code == CTL_DONE && !is_ready && ctl_option_is_set(&ctl->options, CTL_OPTION_GATE)
               ? CTL_FAILED
               : code;
}

enum ctl_exit ctl_run_readiness(struct ctl *ctl)
{
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.set = NULL};
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    if (code == CTL_DONE) {
        code = ctl_live_compile(live, &live->next, &made);
    }
    if (code == CTL_DONE) {
        code = report(ctl, made.set);
    }
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    return code;
}

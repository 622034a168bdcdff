/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl whatif: rules that are not in force yet, tried on what was recorded. */
#include <inttypes.h>

#include "admin-tui/live.h"
#include "admin-tui/replays.h"
#include "admin-tui/report.h"

static bool matches(void *context, const struct zta_event *event)
{
    return ctl_replay_matches(context, event);
}

/* The sums, in the order in which one is a part of the other. */
static void say_sums(const struct zta_whatif *result, struct zta_json *json)
{
    if (json != NULL) {
        zta_json_int(json, "requests", (int64_t)result->n_requests);
        zta_json_int(json, "allowed", (int64_t)result->n_allowed);
        zta_json_int(json, "judged", (int64_t)result->n_judged);
        zta_json_int(json, "decided_before_rules", (int64_t)result->n_settled);
        zta_json_int(json, "monitored_to_deny", (int64_t)result->n_monitored[ZTA_FLIP_TO_DENY]);
        zta_json_int(json, "monitored_to_allow", (int64_t)result->n_monitored[ZTA_FLIP_TO_ALLOW]);
        return;
    }
    ctl_say("judged     %" PRIu64 " of %" PRIu64 " requests; %" PRIu64
            " were decided before the rules",
            result->n_judged, result->n_requests, result->n_settled);
}

static void say_monitored(const struct zta_whatif *result)
{
    const uint64_t n =
        result->n_monitored[ZTA_FLIP_TO_DENY] + result->n_monitored[ZTA_FLIP_TO_ALLOW];
    if (n > 0) {
        ctl_say("monitored  of %" PRIu64 " more only what monitoring says would change", n);
    }
}

static void say_all(const struct ctl *ctl, const struct ctl_replay *replay,
                    const struct zta_whatif *result, struct zta_json *json)
{
    ctl_replay_say_covered(ctl, replay, result, json);
    say_sums(result, json);
    ctl_replay_say_undecidable(result, json);
    if (json == NULL) {
        say_monitored(result);
    }
    ctl_replay_say_flips(&result->flips[ZTA_FLIP_TO_DENY], "ALLOWED -> REFUSED", "to_deny", json);
    ctl_replay_say_flips(&result->flips[ZTA_FLIP_TO_ALLOW], "REFUSED -> ALLOWED", "to_allow", json);
    ctl_replay_say_group(replay, &result->by_rule, "BY DECIDING RULE", "by_rule", json);
    ctl_replay_say_group(replay, &result->by_reason, "BY REASON OF THE REFUSAL", "by_reason", json);
    ctl_replay_say_group(replay, &result->by_route, "BY ROUTE", "by_route", json);
    ctl_replay_say_group(replay, &result->by_subject, "BY SUBJECT", "by_subject", json);
}

static enum ctl_exit print(const struct ctl *ctl, const struct ctl_replay *replay,
                           const struct zta_whatif *result)
{
    struct ctl_list list;
    enum ctl_exit code = CTL_DONE;
    if (ctl_is_json(ctl)) {
        ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
        ctl_row_begin(&list);
        struct zta_json *json = ctl_row_json(&list);
        if (json != NULL) {
            say_all(ctl, replay, result, json);
        }
        ctl_row_end(&list);
        code = ctl_list_print(&list);
    }
    else {
        say_all(ctl, replay, result, NULL);
    }
    const bool is_changed =
        result->flips[ZTA_FLIP_TO_DENY].n + result->flips[ZTA_FLIP_TO_ALLOW].n > 0;
    return code == CTL_DONE && is_changed && ctl_option_is_set(&ctl->options, CTL_OPTION_GATE)
               ? CTL_FAILED
               : code;
}

/*
 * The files in place of the baseline, with the live rules over them: what a restart would bring.
 * Files first, as who called; reading them has tried to open the store and said nothing of it.
 */
static enum ctl_exit try_files(struct ctl_rule_texts *files, struct ctl_live *live,
                               struct ctl_live_set *made)
{
    struct ctl_rule_texts *baseline = live->baseline;
    files->issuers = baseline->issuers;
    live->baseline = files;
    const enum ctl_exit code = ctl_live_compile(live, &live->next, made);
    live->baseline = baseline;
    return code;
}

static enum ctl_exit try_rules(struct ctl *ctl, const struct ctl_replay *replay,
                               const struct zta_ruleset *set)
{
    struct zta_whatif *result = NULL;
    struct zta_whatif_options options = {
        .after = set, .match = matches, .context = (void *)(uintptr_t)replay};
    enum ctl_exit code = ctl_replay_run(ctl, replay, &options, &result);
    if (code == CTL_DONE) {
        code = print(ctl, replay, result);
    }
    zta_whatif_close(&result);
    return code;
}

enum ctl_exit ctl_run_whatif(struct ctl *ctl)
{
    struct ctl_replay replay;
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.set = NULL};
    enum ctl_exit code = ctl_replay_prepare(ctl, &replay);
    if (code != CTL_DONE) {
        return code;
    }
    struct ctl_rule_texts *files = ctl_rule_texts_open();
    if (files == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    code = ctl_rule_texts_read(ctl, files);
    if (code == CTL_DONE) {
        code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    }
    if (code == CTL_DONE) {
        code = try_files(files, live, &made);
    }
    if (code == CTL_DONE) {
        code = try_rules(ctl, &replay, made.set);
    }
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    ctl_rule_texts_close(&files);
    return code;
}

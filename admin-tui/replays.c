/* SPDX-License-Identifier: Apache-2.0 */
/* Period, progress and words of what recorded requests say about rules. */
#include "admin-tui/replays.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/explain.h"
#include "admin-tui/progress.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/live/segment.h"
#include "shared/store/published.h"

enum {
    SUMMARY_MAX = 512,
};

bool ctl_replay_matches(const struct ctl_replay *replay, const struct zta_event *event)
{
    return replay->filter == NULL ||
           ctl_filter_matches(replay->filter, event, replay->until_ns / ZTA_NS_PER_S);
}

struct ctl_replay ctl_replay_of_last(const struct ctl *ctl, int64_t period_s)
{
    struct ctl_replay replay = {
        .until_ns = zta_clock_real_ns(),
        .n_rows = CTL_REPLAY_ROWS,
    };
    replay.from_ns =
        period_s < replay.until_ns / ZTA_NS_PER_S ? replay.until_ns - period_s * ZTA_NS_PER_S : 0;
    return replay;
}

enum ctl_exit ctl_replay_prepare(const struct ctl *ctl, struct ctl_replay *replay)
{
    static struct ctl_filter filter; /* too large for a stack */
    struct zta_error error = {.status = ZTA_OK};
    int64_t period_s = CTL_REPLAY_PERIOD_S;
    const struct zta_text wanted = ctl_option_text(&ctl->options, CTL_OPTION_FILTER);
    if (ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &period_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    *replay = ctl_replay_of_last(ctl, period_s);
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &replay->n_rows, &error) != ZTA_OK ||
        (!zta_text_is_absent(wanted) && ctl_filter_parse(wanted, &filter, &error) != ZTA_OK)) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    replay->filter = zta_text_is_absent(wanted) ? NULL : &filter;
    return CTL_DONE;
}

/* ---- running ---- */

static bool show_progress(void *context, uint64_t n_done, uint64_t n_all)
{
    if (n_all > 0) {
        ctl_progress_tell(context, (int)(n_done * 100 / n_all));
    }
    return true;
}

enum ctl_exit ctl_replay_run(const struct ctl *ctl, const struct ctl_replay *replay,
                             struct zta_whatif_options *options, struct zta_whatif **result)
{
    struct ctl_progress progress;
    options->from_ns = replay->from_ns;
    options->until_ns = replay->until_ns;
    options->progress = show_progress;
    options->progress_context = &progress;
    ctl_progress_begin(&progress, ctl, "judging recorded requests");
    const enum zta_status status = zta_whatif_run(ctl->store, options, result);
    ctl_progress_end(&progress);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "judging recorded requests");
}

/* ---- what is covered ---- */

/* Events that never came to the store since the server started; 0 when none has run. */
static uint64_t count_dropped(const struct ctl *ctl)
{
    static const enum zta_counter counters[] = {
        ZTA_COUNTER_EVENTS_DROPPED_FULL, ZTA_COUNTER_EVENTS_DROPPED_DEAD,
        ZTA_COUNTER_EVENTS_DROPPED_SLOW, ZTA_COUNTER_EVENTS_DROPPED_STORE};
    uint64_t values[ZTA_N_COUNTERS] = {0};
    struct zta_heartbeat heartbeat;
    struct zta_view *view = NULL;
    uint64_t n = 0;
    if (zta_view_begin(ctl->store, &view) != ZTA_OK) {
        return 0;
    }
    if (zta_published_get_heartbeat(view, &heartbeat, values, ZTA_N_COUNTERS) == ZTA_OK) {
        for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
            n += values[counters[i]];
        }
    }
    zta_view_end(&view);
    return n;
}

static void print_time(int64_t time_ns, char text[ZTA_TIME_TEXT_MAX])
{
    zta_time_print(time_ns / ZTA_NS_PER_S, text);
}

static void write_covered(const struct ctl_replay *replay, const struct zta_whatif *result,
                          uint64_t n_dropped, struct zta_json *json)
{
    const struct zta_replay_covered *covered = &result->covered;
    zta_json_begin_object(json, "period");
    zta_json_time(json, "from", replay->from_ns / ZTA_NS_PER_S);
    zta_json_time(json, "until", replay->until_ns / ZTA_NS_PER_S);
    zta_json_time(json, "first_recorded", covered->first_ns / ZTA_NS_PER_S);
    zta_json_time(json, "last_recorded", covered->last_ns / ZTA_NS_PER_S);
    zta_json_int(json, "rows", (int64_t)covered->n_rows);
    zta_json_int(json, "requests", (int64_t)covered->n_requests);
    zta_json_int(json, "counted_only", (int64_t)covered->n_numbers);
    zta_json_int(json, "dropped", (int64_t)n_dropped);
    zta_json_end_object(json);
}

void ctl_replay_say_covered(const struct ctl *ctl, const struct ctl_replay *replay,
                            const struct zta_whatif *result, struct zta_json *json)
{
    const struct zta_replay_covered *covered = &result->covered;
    const uint64_t n_dropped = count_dropped(ctl);
    char from[ZTA_TIME_TEXT_MAX];
    char until[ZTA_TIME_TEXT_MAX];
    if (json != NULL) {
        write_covered(replay, result, n_dropped, json);
        return;
    }
    if (covered->n_requests == 0) {
        print_time(replay->from_ns, from);
        ctl_say("period     nothing is recorded since %s", from);
        return;
    }
    print_time(covered->first_ns, from);
    print_time(covered->last_ns, until);
    ctl_say("period     %s to %s", from, until);
    ctl_say("recorded   %" PRIu64 " rows that stand for %" PRIu64 " requests, %" PRIu64
            " of them kept as numbers only",
            covered->n_rows, covered->n_requests, covered->n_numbers);
    if (n_dropped > 0) {
        ctl_say("dropped    %" PRIu64 " requests since the server started were not recorded",
                n_dropped);
    }
    if (covered->n_lost > 0) {
        ctl_say("pruned     %" PRIu64 " blocks of requests went while they were read",
                covered->n_lost);
    }
}

static const struct {
    const char *member;
    const char *words;
} undecidable[ZTA_N_UNDECIDABLE] = {
    [ZTA_UNDECIDABLE_UNRECORDED] = {"unrecorded", "of which too little was recorded"},
    [ZTA_UNDECIDABLE_INPUTS] = {"credential_not_kept", "whose credential's side was not kept"},
    [ZTA_UNDECIDABLE_FACT] = {"fact_not_recorded", "of which a fact is asked that was not known"},
    [ZTA_UNDECIDABLE_UNSEEN] = {"not_looked_at", "that passed where no credential is looked at"},
};

void ctl_replay_say_undecidable(const struct zta_whatif *result, struct zta_json *json)
{
    if (json != NULL) {
        zta_json_begin_object(json, "not_decidable");
        zta_json_int(json, "requests", (int64_t)zta_whatif_undecidable(result));
        for (size_t i = 0; i < ZTA_N_UNDECIDABLE; i++) {
            zta_json_int(json, undecidable[i].member, (int64_t)result->n_undecidable[i]);
        }
        zta_json_end_object(json);
        return;
    }
    for (size_t i = 0; i < ZTA_N_UNDECIDABLE; i++) {
        if (result->n_undecidable[i] > 0) {
            ctl_say("undecided  %" PRIu64 " requests %s", result->n_undecidable[i],
                    undecidable[i].words);
        }
    }
}

/* ---- flips ---- */

static void write_verdict(struct zta_json *json, const char *name,
                          const struct zta_verdict *verdict)
{
    zta_json_begin_object(json, name);
    zta_json_string(json, "outcome", zta_outcome_name(verdict->outcome));
    zta_json_string(json, "reason", zta_reason_name(verdict->reason));
    zta_json_string(json, "rule", verdict->rule[0] == '\0' ? NULL : verdict->rule);
    zta_json_end_object(json);
}

static void write_example(struct zta_json *json, const struct zta_whatif_example *example)
{
    char id[ZTA_ULID_TEXT_LEN + 1];
    zta_ulid_print(&example->id, id);
    zta_json_begin_object(json, NULL);
    zta_json_string(json, "id", example->is_number ? NULL : id);
    zta_json_time(json, "time", example->time_ns / ZTA_NS_PER_S);
    zta_json_string(json, "subject", example->subject);
    zta_json_string(json, "request", example->request);
    write_verdict(json, "before", &example->before);
    write_verdict(json, "after", &example->after);
    zta_json_string(json, "missing", example->missing[0] == '\0' ? NULL : example->missing);
    zta_json_end_object(json);
}

static void write_flips(const struct zta_whatif_flips *flips, const char *member,
                        struct zta_json *json)
{
    zta_json_begin_object(json, member);
    zta_json_int(json, "requests", (int64_t)flips->n);
    zta_json_int(json, "sessions", (int64_t)flips->sessions.n);
    zta_json_int(json, "subjects", (int64_t)flips->subjects.n);
    zta_json_int(json, "routes", (int64_t)flips->routes.n);
    zta_json_begin_array(json, "examples");
    for (size_t i = 0; i < flips->n_examples; i++) {
        write_example(json, &flips->examples[i]);
    }
    zta_json_end_array(json);
    zta_json_end_object(json);
}

static void say_verdict(const struct zta_verdict *verdict, struct zta_buffer *out)
{
    zta_buffer_string(out, zta_reason_name(verdict->reason));
    if (verdict->rule[0] != '\0') {
        zta_buffer_printf(out, " by %s", verdict->rule);
    }
}

static void say_example(const struct zta_whatif_example *example)
{
    char storage[SUMMARY_MAX];
    char id[ZTA_ULID_TEXT_LEN + 1];
    struct zta_buffer text;
    zta_ulid_print(&example->id, id);
    zta_buffer_init(&text, storage, sizeof storage);
    say_verdict(&example->before, &text);
    zta_buffer_string(&text, " -> ");
    say_verdict(&example->after, &text);
    if (example->missing[0] != '\0') {
        const struct zta_text missing = zta_text_of(example->missing);
        zta_buffer_printf(&text, ", %s%s",
                          ctl_explain_missing((uint8_t)example->after.reason, missing)->verb,
                          example->missing);
    }
    ctl_say("  %s  %s  %s: %s", example->is_number ? "(one of many)             " : id,
            example->subject, example->request, storage);
}

void ctl_replay_say_flips(const struct zta_whatif_flips *flips, const char *words,
                          const char *member, struct zta_json *json)
{
    if (json != NULL) {
        write_flips(flips, member, json);
        return;
    }
    if (flips->n == 0) {
        ctl_say("%s: none", words);
        return;
    }
    ctl_say("%s: %" PRIu64 " requests, %zu sessions, %zu subjects, %zu routes", words, flips->n,
            flips->sessions.n, flips->subjects.n, flips->routes.n);
    for (size_t i = 0; i < flips->n_examples; i++) {
        say_example(&flips->examples[i]);
    }
}

static size_t rows_shown(const struct ctl_replay *replay, const struct zta_tally *tally)
{
    return replay->n_rows != 0 && replay->n_rows < tally->n_rows ? (size_t)replay->n_rows
                                                                 : tally->n_rows;
}

static void write_group(const struct ctl_replay *replay, const struct zta_tally *tally,
                        const char *member, struct zta_json *json)
{
    zta_json_begin_array(json, member);
    for (size_t i = 0; i < rows_shown(replay, tally); i++) {
        const struct zta_tally_row *row = &tally->rows[i];
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "name", row->name[0] == '\0' ? NULL : row->name);
        zta_json_int(json, "to_deny", (int64_t)row->n[ZTA_FLIP_TO_DENY]);
        zta_json_int(json, "to_allow", (int64_t)row->n[ZTA_FLIP_TO_ALLOW]);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

void ctl_replay_say_group(const struct ctl_replay *replay, const struct zta_tally *tally,
                          const char *words, const char *member, struct zta_json *json)
{
    if (json != NULL) {
        write_group(replay, tally, member, json);
        return;
    }
    const size_t n = rows_shown(replay, tally);
    for (size_t i = 0; i < n; i++) {
        const struct zta_tally_row *row = &tally->rows[i];
        if (i == 0) {
            ctl_say("%-28s %10s %10s", words, "TO DENY", "TO ALLOW");
        }
        ctl_say("  %-26s %10" PRIu64 " %10" PRIu64, row->name[0] == '\0' ? "-" : row->name,
                row->n[ZTA_FLIP_TO_DENY], row->n[ZTA_FLIP_TO_ALLOW]);
    }
    if (n < tally->n_rows) {
        ctl_say("  and %zu more (--limit 0 shows all)", tally->n_rows - n);
    }
}

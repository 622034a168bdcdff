/* SPDX-License-Identifier: Apache-2.0 */
/* The end of every change of the live layer: judged, asked about, stored. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/actions.h"
#include "admin-tui/hits.h"
#include "admin-tui/live.h"
#include "admin-tui/live_hits.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/rule_diff.h"
#include "shared/base/clock.h"
#include "shared/rules/decide.h"
#include "shared/store/layers.h"

enum {
    TARGET_ENOUGH = 200, /* bytes of names that a line shows */
};

void ctl_live_story_begin(struct ctl_live_story *story, const char *action, const char *done)
{
    story->action = action;
    story->done = done;
    story->is_back = false;
    story->ends_trial = false;
    story->n_more = 0;
    zta_buffer_init(&story->target, story->texts[0], sizeof story->texts[0]);
    zta_buffer_init(&story->before, story->texts[1], sizeof story->texts[1]);
    zta_buffer_init(&story->after, story->texts[2], sizeof story->texts[2]);
}

void ctl_live_story_add(struct ctl_live_story *story, const char *kind, struct zta_text name,
                        struct zta_text before, struct zta_text after)
{
    if (story->target.len > TARGET_ENOUGH) {
        story->n_more++;
    }
    else {
        zta_buffer_printf(&story->target, "%s%s ", story->target.len == 0 ? "" : ", ", kind);
        zta_buffer_text(&story->target, name);
    }
    if (!zta_text_is_absent(before)) {
        zta_buffer_text(&story->before, before);
    }
    if (!zta_text_is_absent(after)) {
        zta_buffer_text(&story->after, after);
    }
}

enum ctl_exit ctl_live_need_reason(const struct ctl *ctl)
{
    struct ctl_action action;
    return ctl_action_prepare(ctl, true, &action);
}

static struct zta_text text_of(const struct zta_buffer *buffer)
{
    return (struct zta_text){.data = buffer->len == 0 ? NULL : buffer->data, .len = buffer->len};
}

/* Rules that some place enforces now and none will. */
static void find_dropped(const struct ctl_live *live, const struct ctl_live_set *now,
                         const struct ctl_live_set *then, struct zta_buffer *names)
{
    for (size_t i = 0; now->ast != NULL && i < now->ast->n_rules; i++) {
        const struct zta_text name = now->ast->rules[i].name;
        const size_t after = ctl_live_find_rule(then->ast, name);
        if (!ctl_places_enforce(&live->places, now->set, i, live->now_s) ||
            (after != SIZE_MAX &&
             ctl_places_enforce(&live->places, then->set, after, live->now_s))) {
            continue;
        }
        zta_buffer_string(names, names->len == 0 ? "" : ", ");
        zta_buffer_text(names, name);
    }
}

static enum ctl_exit guard_dropped(const struct ctl *ctl, const struct ctl_live *live,
                                   const struct ctl_live_set *now, const struct ctl_live_set *then)
{
    char names[512];
    char question[640];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, names, sizeof names);
    find_dropped(live, now, then, &buffer);
    if (buffer.len == 0) {
        return CTL_DONE;
    }
    (void)snprintf(question, sizeof question, "This takes out of force what is enforced now: %s%s.",
                   names, buffer.is_overflowed ? ", ..." : "");
    return ctl_ask(ctl, question, "yes");
}

/* A former version may hold a name that the configuration has taken since then. */
static enum ctl_exit guard_replaced(const struct ctl *ctl, const struct ctl_live *live,
                                    const struct ctl_live_set *now, const struct ctl_live_set *then)
{
    char names[512];
    char question[640];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, names, sizeof names);
    for (size_t i = 0; now->ast != NULL && i < now->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &now->ast->rules[i];
        const size_t after = ctl_live_find_rule(then->ast, rule->name);
        if (rule->place.source < live->baseline->n && after != SIZE_MAX &&
            then->ast->rules[after].place.source >= live->baseline->n) {
            zta_buffer_string(&buffer, buffer.len == 0 ? "" : ", ");
            zta_buffer_text(&buffer, rule->name);
        }
    }
    if (buffer.len == 0) {
        return CTL_DONE;
    }
    (void)snprintf(question, sizeof question,
                   "This puts live rules in place of those of the configuration: %s%s.", names,
                   buffer.is_overflowed ? ", ..." : "");
    return ctl_ask(ctl, question, "yes");
}

/* The way back: what is on trial never comes back for good by being undone to. */
static uint64_t lasting_version(const struct ctl_live *live)
{
    return live->layer.confirm_by_s == 0 ? live->layer.version : live->layer.fallback;
}

/* --confirm-within, into the version to come. */
static enum ctl_exit set_confirmation(const struct ctl *ctl, struct ctl_live *live)
{
    struct zta_error error;
    int64_t within_s = 0;
    if (ctl_option_duration(&ctl->options, CTL_OPTION_CONFIRM_WITHIN, &within_s, &error) !=
        ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    live->next.fallback = within_s == 0 ? 0 : lasting_version(live);
    live->next.confirm_by_s = within_s == 0 ? 0 : live->now_s + within_s;
    return CTL_DONE;
}

/* Upon a change that may yet take itself back no other is built. */
static enum ctl_exit guard_trial(const struct ctl_live *live, const struct ctl_live_story *story)
{
    char until[ZTA_TIME_TEXT_MAX];
    if (live->layer.confirm_by_s == 0 || story->ends_trial) {
        return CTL_DONE;
    }
    zta_time_print(live->layer.confirm_by_s, until);
    return ctl_fail(CTL_CONFLICT,
                    "version %" PRIu64 " by %.*s takes itself back at %s unless it is confirmed: "
                    "'ztactl rules confirm' or 'ztactl rules rollback %" PRIu64
                    "' first. Nothing was changed",
                    live->layer.version, (int)live->layer.author.len, live->layer.author.data,
                    until, live->layer.fallback);
}

/* What is built here without it would take it out of force where it fits. */
static enum ctl_exit guard_later(const struct ctl_live *live, const struct ctl_live_story *story)
{
    if (live->later == 0 || story->is_back) {
        return CTL_DONE;
    }
    return ctl_fail(CTL_CONFLICT,
                    "version %" PRIu64 " of another node is later than what is in force here, and "
                    "does not fit or was not tried: 'ztactl fleet status' says why. Change the "
                    "rules where it is in force, or choose with 'ztactl rules rollback'. Nothing "
                    "was changed",
                    live->later);
}

static void print_effect(const struct ctl_live *live, const struct ctl_report *report,
                         struct zta_buffer out)
{
    char until[ZTA_TIME_TEXT_MAX];
    zta_buffer_string(&out, "In force on the next request");
    if (live->next.confirm_by_s != 0) {
        zta_time_print(live->next.confirm_by_s, until);
        zta_buffer_printf(&out,
                          "; it takes itself back at %s unless 'ztactl rules confirm' is "
                          "given before",
                          until);
    }
    zta_buffer_string(&out, ". ");
    ctl_live_hits_print(report->whatif, &out);
    if (report->lacks_limits) {
        zta_buffer_string(&out, " What limits would refuse is not among that: how full their "
                                "buckets stood is not recorded.");
    }
}

static enum ctl_exit store(struct ctl *ctl, struct ctl_live *live,
                           const struct ctl_live_story *story, struct ctl_report *report)
{
    struct ctl_action action;
    const struct ctl_rules_change change = {
        .action = story->action,
        .target = text_of(&story->target),
        .before = text_of(&story->before),
        .after = text_of(&story->after),
    };
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    if (live->layer.confirm_by_s != 0 &&
        zta_clock_real_ns() / ZTA_NS_PER_S >= live->layer.confirm_by_s) {
        return ctl_fail(CTL_CONFLICT,
                        "version %" PRIu64 " took itself back meanwhile. Nothing was changed",
                        live->layer.version);
    }
    const enum zta_status status = ctl_action_rules(&action, &change, &live->next, live->seen);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &action.error, "");
    }
    struct zta_buffer undo;
    zta_buffer_init(&undo, report->undo, sizeof report->undo);
    ctl_undo_begin(ctl, &undo);
    zta_buffer_printf(&undo, "rules rollback %" PRIu64, lasting_version(live));
    return ctl_report_done(ctl, report, &action);
}

static enum ctl_exit guard(const struct ctl *ctl, const struct ctl_live *live,
                           const struct ctl_live_set *now, const struct ctl_live_set *then,
                           const struct zta_whatif *whatif)
{
    enum ctl_exit code = guard_dropped(ctl, live, now, then);
    if (code == CTL_DONE && !ctl_option_is_set(&ctl->options, CTL_OPTION_REPLACE)) {
        code = guard_replaced(ctl, live, now, then);
    }
    return code == CTL_DONE ? ctl_live_hits_guard(ctl, whatif) : code;
}

/* What people look at before they do it: the rules line by line, and whom that hits. */
static enum ctl_exit say_trial(const struct ctl *ctl, const struct ctl_live_set *now,
                               const struct ctl_live_set *then, const struct zta_whatif *whatif)
{
    if (ctl_is_json(ctl)) {
        return CTL_DONE;
    }
    const enum zta_status status =
        ctl_rule_diff_sets(now->ast, then->ast, ctl_rule_change_say, NULL);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "comparing rules");
    }
    ctl_live_hits_say(ctl, whatif);
    return CTL_DONE;
}

static enum ctl_exit commit(struct ctl *ctl, struct ctl_live *live,
                            const struct ctl_live_story *story, const struct ctl_live_set *now,
                            const struct ctl_live_set *then)
{
    char effect[768];
    struct zta_buffer out;
    struct zta_whatif *whatif = NULL;
    struct ctl_report report = {.done = story->done, .effect = effect};
    enum ctl_exit code = ctl_live_hits_count(ctl, live, now, then, &whatif);
    if (code != CTL_DONE) {
        return code;
    }
    report.whatif = whatif;
    report.lacks_limits = ctl_live_hits_lack_limits(now, then);
    (void)snprintf(report.target, sizeof report.target, "%.*s", (int)story->target.len,
                   story->target.data);
    zta_buffer_init(&out, effect, sizeof effect);
    print_effect(live, &report, out);
    ctl_report_plan(ctl, &report);
    if (!live->baseline->issuers.is_published) {
        ctl_note("No server has published its rules and issuers: only this layer was checked.");
    }
    if (ctl_is_dry(ctl)) {
        code = say_trial(ctl, now, then, whatif);
        code = code == CTL_DONE ? ctl_report_done(ctl, &report, NULL) : code;
    }
    else {
        code = guard(ctl, live, now, then, whatif);
        code = code == CTL_DONE ? store(ctl, live, story, &report) : code;
    }
    zta_whatif_close(&whatif);
    return code;
}

enum ctl_exit ctl_live_commit(struct ctl *ctl, struct ctl_live *live, struct ctl_live_story *story)
{
    if (story->n_more > 0) {
        zta_buffer_printf(&story->target, " and %zu more", story->n_more);
    }
    struct ctl_live_set now = {.ast = NULL};
    struct ctl_live_set then = {.ast = NULL};
    enum ctl_exit code = guard_trial(live, story);
    live->next.made_on_ns = live->made_on_ns;
    if (code == CTL_DONE) {
        code = guard_later(live, story);
    }
    if (code == CTL_DONE) {
        code = set_confirmation(ctl, live);
    }
    if (code == CTL_DONE) {
        code = ctl_live_compile(live, &live->next, &then);
    }
    if (code == CTL_DONE) {
        /* What is in force may not fit any more: that is what a change may be about to mend. */
        ctl_live_compile_quietly(live, &live->layer, &now);
        code = commit(ctl, live, story, &now, &then);
    }
    ctl_live_set_close(&now);
    ctl_live_set_close(&then);
    return code;
}

/* ---- former versions ---- */

/* Entries of that version which live still, with the memory that they lie in. */
static enum ctl_exit take_version(struct ctl *ctl, struct ctl_live *live, uint64_t version,
                                  void **storage)
{
    struct zta_view *view = NULL;
    struct zta_layer wanted = {.n = 0};
    size_t n_ended = 0;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = version == 0 ? ZTA_OK : zta_layer_get(view, version, &wanted, storage);
        zta_view_end(&view);
    }
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "there is no version %" PRIu64 " (any more)", version);
    }
    live->next.n = 0;
    for (size_t i = 0; i < wanted.n && status == ZTA_OK; i++) {
        const struct zta_layer_entry *entry = &wanted.entries[i];
        if (!zta_layer_entry_lives(entry, live->now_s)) {
            n_ended++;
            continue;
        }
        status = ctl_live_put(live, entry->kind, entry->name, entry->text, entry->mode);
        if (status == ZTA_OK) {
            live->next.entries[live->next.n - 1] = *entry;
        }
    }
    if (n_ended > 0) {
        ctl_note("%zu entries of version %" PRIu64 " have ended meanwhile and stay so.", n_ended,
                 version);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading that version");
}

enum ctl_exit ctl_live_roll_back(struct ctl *ctl, struct ctl_live *live, uint64_t version,
                                 const char *action, const char *done)
{
    char number[24];
    void *storage = NULL;
    struct ctl_live_story *story = malloc(sizeof *story);
    if (story == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    enum ctl_exit code = take_version(ctl, live, version, &storage);
    if (code == CTL_DONE) {
        (void)snprintf(number, sizeof number, "%" PRIu64, version);
        ctl_live_story_begin(story, action, done);
        story->ends_trial = true;
        story->is_back = true;
        ctl_live_story_add(story, "back to version", zta_text_of(number),
                           (struct zta_text){.data = NULL}, (struct zta_text){.data = NULL});
        code = ctl_live_commit(ctl, live, story);
    }
    free(storage);
    free(story);
    return code;
}

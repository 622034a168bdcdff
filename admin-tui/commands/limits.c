/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl limits list, show, reset. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/limit_use.h"
#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/limits.h"
#include "shared/rules/attributes.h"
#include "shared/rules/print.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"

enum {
    PERIOD_S = 3600,
    MINUTE_S = 60,
    CALLERS_MAX = 1000, /* that are told apart */
    CALLERS_SHOWN = 10,
    CALLER_SIZE = 256,
};

/* Requests of the last hour. */
struct refusals {
    uint64_t n;
    uint64_t n_monitored;
    uint64_t n_minute; /* of n: of the last minute */
};

struct caller {
    char name[CALLER_SIZE];
    uint64_t n;
};

struct counting {
    const struct zta_rules_ast *ast;
    int64_t from_ns;
    struct refusals *refusals; /* of each rule; behind them of ZTAVerifyLimit */
    struct zta_text wanted;    /* whose callers are kept; absent: nobody's */
    struct caller *callers;
    size_t n_callers;
    uint64_t n_others;
    struct ctl_limit_use *uses; /* as refusals */
    bool is_cut;
};

/* ---- what was refused ---- */

static void name_caller(const struct zta_event *event, char name[CALLER_SIZE])
{
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    char addr[ZTA_CIDR_TEXT_MAX];
    zta_addr_print(&event->addr, addr);
    if (subject.len > 0) {
        (void)snprintf(name, CALLER_SIZE, "%.*s@%.*s", (int)subject.len, subject.data,
                       (int)issuer.len, issuer.data);
        return;
    }
    (void)snprintf(name, CALLER_SIZE, "%s", addr);
}

static void keep_caller(struct counting *counting, const struct zta_event *event, uint64_t n)
{
    char name[CALLER_SIZE];
    name_caller(event, name);
    for (size_t i = 0; i < counting->n_callers; i++) {
        if (strcmp(counting->callers[i].name, name) == 0) {
            counting->callers[i].n += n;
            return;
        }
    }
    if (counting->n_callers == CALLERS_MAX) {
        counting->n_others += n;
        return;
    }
    struct caller *caller = &counting->callers[counting->n_callers++];
    memcpy(caller->name, name, sizeof caller->name);
    caller->n = n;
}

static void count(struct counting *counting, const struct zta_event *event, int64_t time_ns,
                  uint64_t n)
{
    const bool is_refused = event->reason == ZTA_REASON_RATE_LIMITED;
    const bool is_monitored = !is_refused && (event->flags & ZTA_EVENT_MONITORED) != 0 &&
                              event->monitor_reason == ZTA_REASON_RATE_LIMITED;
    if (!is_refused && !is_monitored) {
        return;
    }
    const struct zta_text rule =
        zta_event_text(event, is_refused ? ZTA_EVENT_RULE : ZTA_EVENT_MONITOR_RULE);
    const size_t found = rule.len == 0 ? SIZE_MAX : ctl_live_find_rule(counting->ast, rule);
    if (rule.len > 0 && found == SIZE_MAX) {
        return; /* of a limit that is gone */
    }
    const size_t index = found == SIZE_MAX ? counting->ast->n_rules : found;
    counting->refusals[index].n += is_refused ? n : 0;
    counting->refusals[index].n_monitored += is_monitored ? n : 0;
    counting->refusals[index].n_minute +=
        is_refused && time_ns >= counting->from_ns + (PERIOD_S - MINUTE_S) * ZTA_NS_PER_S ? n : 0;
    const struct zta_text name = rule.len > 0 ? rule : ZTA_TEXT(ZTA_FAILURE_LIMIT_NAME);
    if (!zta_text_is_absent(counting->wanted) && zta_text_equal(name, counting->wanted)) {
        keep_caller(counting, event, n);
    }
}

static bool count_event(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct counting *counting = context;
    count(counting, event, event->time_ns, key->weight);
    return event->time_ns >= counting->from_ns;
}

static bool count_repeat(void *context, const struct zta_repeat *repeat)
{
    count(context, &repeat->event, repeat->last_ns, repeat->n);
    return true;
}

static enum ctl_exit count_all(struct ctl *ctl, const struct ctl_live_set *made,
                               struct counting *counting, struct ctl_limit_question *question)
{
    struct zta_view *view = NULL;
    counting->from_ns = zta_clock_real_ns() - PERIOD_S * ZTA_NS_PER_S;
    counting->refusals = calloc(counting->ast->n_rules + 1, sizeof *counting->refusals);
    counting->callers = calloc(CALLERS_MAX, sizeof *counting->callers);
    counting->uses = calloc(counting->ast->n_rules + 1, sizeof *counting->uses);
    if (counting->refusals == NULL || counting->callers == NULL || counting->uses == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_event_each_back(view, count_event, counting);
    }
    if (status == ZTA_OK) {
        status = zta_repeat_each(view, counting->from_ns / ZTA_NS_PER_S, count_repeat, counting);
    }
    zta_view_end(&view);
    if (status == ZTA_OK) {
        status = ctl_limit_uses(ctl->store, made, counting->uses, question, &counting->is_cut);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading events");
}

static void clear(struct counting *counting)
{
    free(counting->refusals);
    free(counting->callers);
    free(counting->uses);
}

static void note_cut(const struct counting *counting)
{
    if (counting->is_cut) {
        ctl_note("There were more requests or callers than are followed: buckets may be fuller.");
    }
}

/* ---- list ---- */

static bool is_limit(const struct zta_ast_rule *rule)
{
    return rule->kind == ZTA_RULE_LIMIT || rule->otherwise == ZTA_ELSE_THROTTLE;
}

static void add_counts(struct ctl_list *list, const struct refusals *refusals)
{
    ctl_row_int(list, "refused", (int64_t)refusals->n);
    ctl_row_int(list, "refused_last_minute", (int64_t)refusals->n_minute);
    ctl_row_int(list, "would_refuse", (int64_t)refusals->n_monitored);
}

/* "93 %", or ">= 93 %" where buckets last longer than what was looked at. */
static void add_use(struct ctl_list *list, const struct ctl_limit_use *use)
{
    struct zta_json *json = ctl_row_json(list);
    ctl_row_int(list, "in_use", (int64_t)use->n_used);
    if (use->is_known) {
        ctl_row_cell(list, "fullest", "%s%u %%", use->is_whole ? "" : ">= ", use->percent);
    }
    else {
        ctl_row_cell(list, "fullest", "-");
    }
    ctl_row_int(list, "near", (int64_t)use->n_near);
    if (json == NULL) {
        return;
    }
    if (use->is_known) {
        zta_json_int(json, "fullest", (int64_t)use->percent);
    }
    else {
        zta_json_string(json, "fullest", NULL);
    }
    zta_json_bool(json, "whole", use->is_whole);
}

static void print_keys(const struct zta_ast_rule *rule, struct zta_buffer *out)
{
    zta_buffer_string(out, rule->kind == ZTA_RULE_LIMIT ? "" : "session or ip");
    for (size_t i = 0; i < rule->n_keys; i++) {
        zta_buffer_printf(out, "%s%s", i > 0 ? " " : "", zta_limit_key_info(rule->keys[i])->name);
        if (!zta_text_is_absent(rule->key_claims[i])) {
            zta_buffer_string(out, ":");
            zta_buffer_text(out, rule->key_claims[i]);
        }
    }
}

static void add_limit(struct ctl_list *list, const struct zta_rules_ast *ast,
                      const struct zta_ast_rule *rule, const struct counting *counting)
{
    const size_t number = (size_t)(rule - ast->rules);
    const struct zta_text *file = &ast->source_names[rule->place.source];
    char keys[256];
    char rate[96];
    struct zta_buffer buffer;
    ctl_row_begin(list);
    ctl_row_text(list, "name", rule->name);
    ctl_row_string(list, "kind", rule->kind == ZTA_RULE_LIMIT ? "limit" : "else throttle");
    zta_buffer_init(&buffer, keys, sizeof keys);
    print_keys(rule, &buffer);
    ctl_row_string(list, "keys", keys);
    zta_buffer_init(&buffer, rate, sizeof rate);
    zta_rules_print_rate(&rule->rate, &buffer);
    ctl_row_string(list, "rate", rate);
    ctl_row_string(list, "mode", zta_mode_name(rule->mode));
    add_counts(list, &counting->refusals[number]);
    add_use(list, &counting->uses[number]);
    ctl_row_cell(list, "place", "%.*s:%u", (int)file->len, file->data, rule->place.line);
    if (ctl_row_json(list) != NULL) {
        zta_json_text(ctl_row_json(list), "file", *file);
        zta_json_int(ctl_row_json(list), "line", rule->place.line);
    }
    ctl_row_end(list);
}

/* It is no rule, and nobody tells its rate. */
static void add_failures(struct ctl_list *list, const struct refusals *refusals)
{
    ctl_row_begin(list);
    ctl_row_string(list, "name", ZTA_FAILURE_LIMIT_NAME);
    ctl_row_string(list, "kind", "ZTAVerifyLimit");
    ctl_row_string(list, "keys", "ip");
    ctl_row_string(list, "rate", NULL);
    ctl_row_string(list, "mode", NULL);
    add_counts(list, refusals);
    add_use(list, &(struct ctl_limit_use){.is_known = false});
    ctl_row_cell(list, "place", "the configuration");
    if (ctl_row_json(list) != NULL) {
        zta_json_string(ctl_row_json(list), "file", NULL);
        zta_json_int(ctl_row_json(list), "line", 0);
    }
    ctl_row_end(list);
}

static enum ctl_exit print_limits(struct ctl *ctl, const struct ctl_live *live,
                                  const struct ctl_live_set *made)
{
    static const char *const titles[] = {"NAME",    "KIND",     "KEYS",         "RATE",
                                         "MODE",    ">REFUSED", ">LAST MINUTE", ">WOULD BE",
                                         ">IN USE", ">FULLEST", ">NEAR",        "PLACE"};
    struct counting counting = {.ast = made->ast};
    struct ctl_list list;
    enum ctl_exit code = count_all(ctl, made, &counting, NULL);
    if (code == CTL_DONE) {
        ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
        for (size_t i = 0; i < made->ast->n_rules; i++) {
            if (is_limit(&made->ast->rules[i])) {
                add_limit(&list, made->ast, &made->ast->rules[i], &counting);
            }
        }
        add_failures(&list, &counting.refusals[made->ast->n_rules]);
        code = ctl_list_print(&list);
        note_cut(&counting);
    }
    clear(&counting);
    return code;
}

enum ctl_exit ctl_run_limits_list(struct ctl *ctl)
{
    return ctl_live_show(ctl, print_limits);
}

/* ---- show ---- */

static int by_number(const void *a, const void *b)
{
    const struct caller *one = a;
    const struct caller *other = b;
    return one->n != other->n ? (one->n < other->n ? 1 : -1) : strcmp(one->name, other->name);
}

static void show_callers(struct counting *counting, struct zta_json *json)
{
    if (counting->n_callers > 1) {
        qsort(counting->callers, counting->n_callers, sizeof *counting->callers, by_number);
    }
    if (json != NULL) {
        zta_json_begin_array(json, "callers");
    }
    for (size_t i = 0; i < counting->n_callers && i < CALLERS_SHOWN; i++) {
        const struct caller *caller = &counting->callers[i];
        if (json == NULL) {
            char line[CALLER_SIZE * 4];
            struct zta_buffer out;
            zta_buffer_init(&out, line, sizeof line);
            zta_buffer_safe(&out, zta_text_of(caller->name));
            ctl_say("  %8" PRIu64 "  %s", caller->n, line);
            continue;
        }
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "caller", caller->name);
        zta_json_int(json, "requests", (int64_t)caller->n);
        zta_json_end_object(json);
    }
    if (json != NULL) {
        zta_json_end_array(json);
    }
}

/* Whose buckets are fullest. */
static void show_fullest(const struct ctl_limit_use *use, struct zta_json *json)
{
    if (json != NULL) {
        zta_json_begin_array(json, "buckets");
    }
    for (size_t i = 0; i < use->n_fullest; i++) {
        const struct ctl_limit_bucket *bucket = &use->fullest[i];
        if (json == NULL) {
            char line[CTL_LIMIT_CALLER_SIZE * 4];
            struct zta_buffer out;
            zta_buffer_init(&out, line, sizeof line);
            zta_buffer_safe(&out, zta_text_of(bucket->caller));
            ctl_say("  %6u %%  %s", bucket->percent, line);
            continue;
        }
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "caller", bucket->caller);
        zta_json_int(json, "percent", bucket->percent);
        zta_json_end_object(json);
    }
    if (json != NULL) {
        zta_json_end_array(json);
    }
}

static void say_use(const struct ctl_limit_use *use)
{
    if (!use->is_known) {
        return;
    }
    ctl_say("buckets in use: %" PRIu64 ", %d %% full and more: %" PRIu64 "%s", use->n_used,
            CTL_LIMIT_NEAR_PERCENT, use->n_near,
            use->is_whole ? "" : " (at least: they last longer than the 10 minutes looked at)");
    show_fullest(use, NULL);
}

static enum ctl_exit show_bucket(const struct ctl *ctl, const struct ctl_limit_question *question)
{
    const char *caller = ctl->arguments[1];
    if (ctl_is_json(ctl)) {
        struct ctl_list list;
        ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
        ctl_row_begin(&list);
        ctl_row_string(&list, "name", ctl->arguments[0]);
        ctl_row_string(&list, "caller", caller);
        ctl_row_int(&list, "percent", question->percent);
        ctl_row_bool(&list, "seen", question->is_found);
        ctl_row_end(&list);
        return ctl_list_print(&list);
    }
    ctl_say("%s: %u %% full%s", caller, question->percent,
            question->is_found ? "" : ", no request of it counted lately");
    return CTL_DONE;
}

/* As it is written, a line each. */
static void say_rule(const char *text)
{
    while (*text != '\0') {
        const size_t len = strcspn(text, "\n");
        ctl_say("%.*s", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static enum ctl_exit show_limit(struct ctl *ctl, struct counting *counting, size_t number)
{
    static char text[ZTA_LAYER_TEXT_MAX + 1];
    const struct refusals *refusals = &counting->refusals[number];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    if (number < counting->ast->n_rules) {
        zta_rules_print_rule(&counting->ast->rules[number], &buffer);
    }
    if (ctl_is_json(ctl)) {
        struct ctl_list list;
        ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
        ctl_row_begin(&list);
        struct zta_json *json = ctl_row_json(&list);
        ctl_row_text(&list, "name", counting->wanted);
        ctl_row_string(&list, "rule", buffer.len == 0 ? NULL : text);
        add_counts(&list, refusals);
        add_use(&list, &counting->uses[number]);
        if (json != NULL) {
            show_callers(counting, json);
            show_fullest(&counting->uses[number], json);
        }
        ctl_row_end(&list);
        return ctl_list_print(&list);
    }
    say_rule(buffer.len == 0 ? "failed verifications an address, as ZTAVerifyLimit says" : text);
    ctl_say("refused in the last hour: %" PRIu64 ", would have refused: %" PRIu64, refusals->n,
            refusals->n_monitored);
    show_callers(counting, NULL);
    say_use(&counting->uses[number]);
    return CTL_DONE;
}

/* The rule's index; n_rules: ZTAVerifyLimit; SIZE_MAX: there is no such limit. */
static size_t find(const struct zta_rules_ast *ast, struct zta_text name)
{
    const size_t found = ctl_live_find_rule(ast, name);
    if (found == SIZE_MAX) {
        return zta_text_equal(name, ZTA_TEXT(ZTA_FAILURE_LIMIT_NAME)) ? ast->n_rules : SIZE_MAX;
    }
    return is_limit(&ast->rules[found]) ? found : SIZE_MAX;
}

static enum ctl_exit fail_unknown(const struct ctl *ctl)
{
    return ctl_fail(CTL_FAILED, "there is no limit '%s'; 'ztactl limits list' shows which are",
                    ctl->arguments[0]);
}

static enum ctl_exit print_limit(struct ctl *ctl, const struct ctl_live *live,
                                 const struct ctl_live_set *made)
{
    struct counting counting = {.ast = made->ast, .wanted = zta_text_of(ctl->arguments[0])};
    const size_t number = find(made->ast, counting.wanted);
    if (number == SIZE_MAX) {
        return fail_unknown(ctl);
    }
    struct ctl_limit_question question = {.number = number};
    const bool is_asked = ctl->n_arguments > 1;
    question.wanted = is_asked ? zta_text_of(ctl->arguments[1]) : question.wanted;
    enum ctl_exit code = count_all(ctl, made, &counting, is_asked ? &question : NULL);
    if (code == CTL_DONE) {
        code = is_asked ? show_bucket(ctl, &question) : show_limit(ctl, &counting, number);
        note_cut(&counting);
    }
    clear(&counting);
    return code;
}

enum ctl_exit ctl_run_limits_show(struct ctl *ctl)
{
    return ctl_live_show(ctl, print_limit);
}

/* ---- reset ---- */

/* Others of its group begin anew as well. */
static void name_others(const struct zta_rules_ast *ast, struct zta_text name,
                        struct zta_buffer *out)
{
    const unsigned group = zta_limits_group(name);
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_text other = ast->rules[i].name;
        if (is_limit(&ast->rules[i]) && zta_limits_group(other) == group &&
            !zta_text_equal(other, name)) {
            zta_buffer_string(out, " and ");
            zta_buffer_text(out, other);
        }
    }
}

static enum ctl_exit reset(struct ctl *ctl, const struct ctl_live *live,
                           const struct ctl_live_set *made)
{
    const bool is_all = ctl->n_arguments == 0;
    struct zta_request request = {.kind = ZTA_REQUEST_RESET_LIMITS};
    struct ctl_action action;
    struct ctl_report report = {
        .done = "asked to reset",
        .effect = "The server does it within about a second: whom they refuse may come again at "
                  "once, as often as their bursts allow.",
    };
    struct zta_buffer target;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    zta_buffer_init(&target, report.target, sizeof report.target);
    zta_buffer_string(&target, is_all ? "all limits" : "limit ");
    if (!is_all) {
        request.name = zta_text_of(ctl->arguments[0]);
        if (find(made->ast, request.name) == SIZE_MAX) {
            return fail_unknown(ctl);
        }
        zta_buffer_text(&target, request.name);
        name_others(made->ast, request.name, &target);
    }
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    code = is_all ? ctl_ask(ctl, "This resets every limit.", "all") : CTL_DONE;
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status =
        ctl_action_request(&action, ctl->command->words, report.target, &request);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_limits_reset(struct ctl *ctl)
{
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_ALL) == (ctl->n_arguments > 0)) {
        return ctl_fail(CTL_USAGE, "limits reset: expected the name of a limit, or --all");
    }
    return ctl_live_show(ctl, reset);
}

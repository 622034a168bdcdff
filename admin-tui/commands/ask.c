/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl ask: what the rules of the running server would say of a request that nobody has sent. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/explain.h"
#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/rules/cases.h"

enum {
    QUESTION_SIZE = 16384,
};

/* One question and its answer. */
struct ask {
    char text[QUESTION_SIZE]; /* as a case */
    size_t len;
    struct zta_text path;     /* of the request */
    struct zta_text location; /* --location; absent: by path */
    const struct ctl_place *place;
    struct zta_stance stance;
    const struct zta_rules_ast *rules;
    struct zta_decision decision;
};

/* ---- the question as a case ---- */

static bool is_bare(struct zta_text value)
{
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.data[i];
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || strchr("._-:/+", c) != NULL;
        if (!is_plain || c == '\0') {
            return false;
        }
    }
    return value.len > 0;
}

static void write_value(struct zta_buffer *out, struct zta_text value)
{
    zta_buffer_string(out, " ");
    if (is_bare(value)) {
        zta_buffer_text(out, value);
        return;
    }
    zta_buffer_string(out, "\"");
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            zta_buffer_string(out, "\\");
        }
        zta_buffer_append(out, value.data + i, 1);
    }
    zta_buffer_string(out, "\"");
}

/* Commas part values, but where one value is all there is to it. */
static void write_values(struct zta_buffer *out, struct zta_text attribute, struct zta_text text)
{
    static const struct zta_text lists[] = {
        ZTA_TEXT("role"),   ZTA_TEXT("group"),   ZTA_TEXT("scope"),    ZTA_TEXT("amr"),
        ZTA_TEXT("device"), ZTA_TEXT("network"), ZTA_TEXT("behaviour")};
    bool is_list = zta_text_starts_with(attribute, ZTA_TEXT("claim:"));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        is_list = is_list || zta_text_equal(attribute, lists[i]);
    }
    while (is_list) {
        const char *comma = text.len > 0 ? memchr(text.data, ',', text.len) : NULL;
        if (comma == NULL) {
            break;
        }
        const size_t len = (size_t)(comma - text.data);
        write_value(out, (struct zta_text){.data = text.data, .len = len});
        text = (struct zta_text){.data = comma + 1, .len = text.len - len - 1};
    }
    write_value(out, text);
}

/* One NAME=VALUE as the line of a case. False: it is none. */
static bool write_line(struct zta_buffer *out, const char *argument, bool *has_issuer)
{
    const char *equals = strchr(argument, '=');
    const char *at = equals == NULL ? NULL : strrchr(equals, '@');
    if (equals == NULL || equals == argument || strchr(argument, '\n') != NULL) {
        return false;
    }
    const struct zta_text name = {.data = argument, .len = (size_t)(equals - argument)};
    struct zta_text value = zta_text_of(equals + 1);
    const bool is_qualified =
        at != NULL && !*has_issuer &&
        (zta_text_equal(name, ZTA_TEXT("subject")) || zta_text_equal(name, ZTA_TEXT("client")));
    if (is_qualified) {
        value.len = (size_t)(at - value.data);
        *has_issuer = true;
        zta_buffer_string(out, "  given issuer");
        write_value(out, zta_text_of(at + 1));
        zta_buffer_string(out, "\n");
    }
    const bool is_time = zta_text_equal(name, ZTA_TEXT("at"));
    zta_buffer_string(out, is_time ? "  " : "  given ");
    zta_buffer_text(out, name);
    write_values(out, name, value);
    zta_buffer_string(out, "\n");
    return true;
}

static enum ctl_exit write_question(const struct ctl *ctl, struct ask *ask)
{
    struct zta_buffer buffer;
    struct zta_buffer *out = &buffer;
    bool has_issuer = false;
    zta_buffer_init(out, ask->text, sizeof ask->text);
    for (size_t i = 0; i < ctl->n_arguments; i++) {
        has_issuer = has_issuer || strncmp(ctl->arguments[i], "issuer=", 7) == 0;
    }
    zta_buffer_string(out, "case ask\n");
    ask->path = ZTA_TEXT("/");
    for (size_t i = 0; i < ctl->n_arguments; i++) {
        if (!write_line(out, ctl->arguments[i], &has_issuer)) {
            return ctl_fail(CTL_USAGE, "%s: expected NAME=VALUE, as subject=alice@corp",
                            ctl->arguments[i]);
        }
        if (strncmp(ctl->arguments[i], "path=", 5) == 0) {
            ask->path = zta_text_of(ctl->arguments[i] + 5);
        }
    }
    zta_buffer_string(out, "  expect allow\n");
    ask->len = out->len;
    return out->is_overflowed ? ctl_fail(CTL_USAGE, "the request is too long") : CTL_DONE;
}

/* ---- the place ---- */

/* A Location that is a pattern is found by --location alone. */
static bool is_wanted(const struct ask *ask, const struct ctl_place *place)
{
    const struct zta_text path = zta_text_of(place->path);
    if (zta_text_is_absent(ask->location)) {
        return zta_text_starts_with(ask->path, path) &&
               (path.len == ask->path.len || path.data[path.len - 1] == '/' ||
                ask->path.data[path.len] == '/');
    }
    return zta_layer_is_within(ask->location, zta_text_of(place->server), path);
}

/* The innermost place that governs the path, a Location / rather than its server, which is told
 * before it; of --location, the outermost that it names. */
static const struct ctl_place *find_place(const struct ask *ask, const struct ctl_places *places)
{
    const struct ctl_place *found = NULL;
    for (size_t i = 0; i < places->n; i++) {
        const struct ctl_place *place = &places->all[i];
        const bool is_better = found == NULL || (zta_text_is_absent(ask->location)
                                                     ? strlen(place->path) >= strlen(found->path)
                                                     : strlen(place->path) < strlen(found->path));
        if (place->path[0] != '\0' && is_wanted(ask, place) && is_better) {
            found = place;
        }
    }
    return found;
}

static enum ctl_exit choose_place(const struct ctl *ctl, const struct ctl_places *places,
                                  struct ask *ask)
{
    struct zta_error error = {.status = ZTA_OK};
    uint64_t stage = 0;
    ask->location = ctl_option_text(&ctl->options, CTL_OPTION_LOCATION);
    ask->place = find_place(ask, places);
    if (ask->place == NULL) {
        return ctl_fail(CTL_FAILED, "no governed place of a running server has that path");
    }
    ask->stance = ask->place->stance;
    if (!ctl_option_is_set(&ctl->options, CTL_OPTION_STAGE)) {
        return CTL_DONE;
    }
    if (ctl_option_count(&ctl->options, CTL_OPTION_STAGE, &stage, &error) != ZTA_OK || stage == 0 ||
        stage > ZTA_STAGE_MAX) {
        return ctl_fail(CTL_USAGE, "--stage: expected 1 to %d", ZTA_STAGE_MAX);
    }
    zta_stance_raise(&ask->stance, (unsigned)stage, &ask->stance);
    return CTL_DONE;
}

/* ---- the answer ---- */

static struct zta_text file_of(const struct ask *ask, const struct zta_verdict *verdict)
{
    return verdict->rule[0] == '\0' ? (struct zta_text){.data = NULL}
                                    : ask->rules->source_names[verdict->source];
}

static void add_verdict(struct zta_json *json, const char *name, const struct ask *ask,
                        const struct zta_verdict *verdict)
{
    zta_json_begin_object(json, name);
    zta_json_string(json, "outcome", zta_outcome_name(verdict->outcome));
    zta_json_string(json, "reason", zta_reason_name(verdict->reason));
    zta_json_string(json, "rule", verdict->rule[0] == '\0' ? NULL : verdict->rule);
    zta_json_text(json, "file", file_of(ask, verdict));
    zta_json_int(json, "line", verdict->line);
    zta_json_end_object(json);
}

static enum ctl_exit print_json(const struct ask *ask)
{
    const struct zta_decision *decision = &ask->decision;
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        zta_json_string(json, "server", ask->place->server);
        zta_json_string(json, "path", ask->place->path);
        zta_json_int(json, "stage", ask->stance.stage);
        add_verdict(json, "verdict", ask, &decision->verdict);
        if (decision->has_monitor) {
            add_verdict(json, "monitor", ask, &decision->monitor);
        }
        zta_json_string(json, "missing", decision->missing[0] == '\0' ? NULL : decision->missing);
        zta_json_string(json, "nearest", decision->nearest[0] == '\0' ? NULL : decision->nearest);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

static void say_verdict(const char *label, const struct ask *ask, const struct zta_verdict *verdict)
{
    const struct zta_text file = file_of(ask, verdict);
    if (verdict->rule[0] == '\0') {
        ctl_say("%-9s %s: %s", label, zta_outcome_name(verdict->outcome),
                zta_reason_name(verdict->reason));
        return;
    }
    ctl_say("%-9s %s: %s, by %s, %.*s line %" PRIu32, label, zta_outcome_name(verdict->outcome),
            zta_reason_name(verdict->reason), verdict->rule, (int)file.len, file.data,
            verdict->line);
}

static enum ctl_exit print(const struct ctl *ctl, const struct ask *ask)
{
    const struct zta_decision *decision = &ask->decision;
    if (ctl_is_json(ctl)) {
        return print_json(ask);
    }
    ctl_say("%-9s %s%s, stage %u", "place", ask->place->server, ask->place->path,
            (unsigned)ask->stance.stage);
    say_verdict("decided", ask, &decision->verdict);
    ctl_say("%-9s %s", "why", ctl_explain_reason((uint8_t)decision->verdict.reason));
    if (decision->missing[0] != '\0') {
        const struct ctl_missing_words *words =
            ctl_explain_missing((uint8_t)decision->verdict.reason, zta_text_of(decision->missing));
        ctl_say("%-9s %s%s", words->label, words->by, decision->missing);
    }
    if (decision->nearest[0] != '\0') {
        ctl_say("%-9s %s is the rule that would have allowed it with the fewest changes", "nearest",
                decision->nearest);
    }
    if (decision->has_monitor) {
        say_verdict("monitor", ask, &decision->monitor);
    }
    return CTL_DONE;
}

/* The case alone: names of published cases are no concern of it. */
static enum ctl_exit parse_question(const struct ask *ask, struct zta_rules_ast **ast)
{
    const struct zta_rules_source source = {.name = ZTA_TEXT("request"),
                                            .text = {.data = ask->text, .len = ask->len}};
    struct zta_rules_error error = {.line = 0};
    const enum zta_status status = zta_rules_parse(&source, 1, ast, &error);
    return status == ZTA_OK ? CTL_DONE : ctl_rule_texts_fail(status, &error);
}

static enum ctl_exit answer(const struct ctl *ctl, struct ask *ask, const struct ctl_live_set *made)
{
    struct zta_rules_ast *question = NULL;
    enum ctl_exit code = parse_question(ask, &question);
    if (code == CTL_DONE) {
        const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
        const enum zta_status status = zta_rules_case_decide(made->set, &question->cases[0],
                                                             &ask->stance, now_s, &ask->decision);
        ask->rules = made->ast;
        code = status == ZTA_OK ? print(ctl, ask)
                                : ctl_fail_status(status, NULL, "judging the request");
    }
    zta_rules_ast_close(&question);
    return code;
}

enum ctl_exit ctl_run_ask(struct ctl *ctl)
{
    static struct ask ask; /* large */
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.set = NULL};
    enum ctl_exit code = write_question(ctl, &ask);
    if (code == CTL_DONE) {
        code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    }
    if (code == CTL_DONE) {
        code = choose_place(ctl, &live->places, &ask);
    }
    if (code == CTL_DONE) {
        code = ctl_live_compile(live, &live->next, &made);
    }
    if (code == CTL_DONE) {
        code = answer(ctl, &ask, &made);
    }
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    return code;
}

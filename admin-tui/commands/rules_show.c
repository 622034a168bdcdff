/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules show: one rule as it is written, what it decided lately, and who changed it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/commands/rules_list.h"
#include "admin-tui/live_hits.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/evidence/tally.h"
#include "shared/store/events.h"
#include "shared/store/layers.h"
#include "shared/store/repeats.h"

enum {
    HISTORY_MAX = 20, /* changes of the rule that are shown */
    AUTHOR_SIZE = 128,
    REASON_SIZE = 256,
    SUBJECT_SIZE = 512,
};

/* ---- what it decided ---- */

struct decided {
    struct zta_text name;
    int64_t from_ns;
    uint64_t n_allowed;
    uint64_t n_refused;
    uint64_t n_would_refuse; /* while it is only monitored */
    struct zta_distinct subjects;
};

static void note_subject(struct decided *decided, const struct zta_event *event)
{
    char key[SUBJECT_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, key, sizeof key);
    zta_buffer_text(&buffer, zta_event_text(event, ZTA_EVENT_SUBJECT));
    if (buffer.len > 0) {
        zta_buffer_string(&buffer, "@");
        zta_buffer_text(&buffer, zta_event_text(event, ZTA_EVENT_ISSUER));
        zta_distinct_add(&decided->subjects, key, buffer.len);
    }
}

static void note(struct decided *decided, const struct zta_event *event, uint64_t n)
{
    const bool is_its = zta_text_equal(zta_event_text(event, ZTA_EVENT_RULE), decided->name);
    const bool is_monitored =
        (event->flags & ZTA_EVENT_MONITORED) != 0 &&
        zta_text_equal(zta_event_text(event, ZTA_EVENT_MONITOR_RULE), decided->name) &&
        event->monitor_outcome != ZTA_OUTCOME_ALLOW;
    if (is_its) {
        *(event->outcome == ZTA_OUTCOME_ALLOW ? &decided->n_allowed : &decided->n_refused) += n;
    }
    decided->n_would_refuse += is_monitored ? n : 0;
    if (is_its || is_monitored) {
        note_subject(decided, event);
    }
}

static bool note_event(void *context, const struct zta_event_key *key,
                       const struct zta_event *event)
{
    struct decided *decided = context;
    if (event->time_ns >= decided->from_ns) {
        note(decided, event, key->weight);
    }
    return true;
}

static bool note_repeat(void *context, const struct zta_repeat *repeat)
{
    struct decided *decided = context;
    if (repeat->last_ns >= decided->from_ns) {
        note(decided, &repeat->event, repeat->n);
    }
    return true;
}

static enum zta_status count_decided(struct zta_view *view, struct decided *decided)
{
    struct zta_event_key *blocks = NULL;
    size_t n = 0;
    enum zta_status status = zta_events_blocks(view, decided->from_ns, &blocks, &n);
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        status = zta_events_each_of_block(view, &blocks[i], note_event, decided);
    }
    free(blocks);
    return status == ZTA_OK
               ? zta_repeat_each(view, decided->from_ns / ZTA_NS_PER_S - ZTA_REPEAT_WINDOW_S,
                                 note_repeat, decided)
               : status;
}

/* ---- who changed it ---- */

struct made_by {
    uint64_t version;
    int64_t time_s;
    char author[AUTHOR_SIZE];
    char reason[REASON_SIZE];
};

/* When the rule and its mode were written; 0: there is none. */
struct state {
    int64_t rule_ns;
    int64_t mode_ns;
};

struct history {
    struct zta_text name;
    struct state state;   /* in the version looked at last */
    struct made_by newer; /* that version */
    struct made_by all[HISTORY_MAX];
    size_t n;
};

static void take(char *out, size_t size, struct zta_text text)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    zta_buffer_safe(&buffer, text);
}

/* An entry that no change touched keeps its time in every version. */
static struct state state_in(const struct zta_layer *layer, struct zta_text name)
{
    const struct zta_layer_entry *rule = zta_layer_find(layer, ZTA_LAYER_RULE, name);
    const struct zta_layer_entry *mode = zta_layer_find(layer, ZTA_LAYER_MODE, name);
    return (struct state){.rule_ns = rule == NULL ? 0 : rule->created_ns,
                          .mode_ns = mode == NULL ? 0 : mode->created_ns};
}

/* Newest first: where an older one has the rule otherwise, the newer one changed it. */
static bool compare_version(void *context, const struct zta_layer *layer)
{
    struct history *history = context;
    const struct state state =
        layer->is_unreadable ? history->state : state_in(layer, history->name);
    const bool is_same =
        state.rule_ns == history->state.rule_ns && state.mode_ns == history->state.mode_ns;
    if (history->newer.version != 0 && !is_same) {
        history->all[history->n++] = history->newer;
    }
    history->state = state;
    history->newer.version = layer->version;
    history->newer.time_s = layer->changed_ns / ZTA_NS_PER_S;
    take(history->newer.author, sizeof history->newer.author, layer->author);
    take(history->newer.reason, sizeof history->newer.reason, layer->reason);
    return history->n < HISTORY_MAX;
}

static enum zta_status read_history(struct zta_view *view, struct history *history)
{
    const enum zta_status status = zta_layer_each(view, compare_version, history);
    /* Before the oldest that is kept there was none. */
    if (status == ZTA_OK && history->state.rule_ns + history->state.mode_ns != 0 &&
        history->n < HISTORY_MAX) {
        history->all[history->n++] = history->newer;
    }
    return status;
}

/* ---- as it is written ---- */

/* From its line to the next one that is not indented, without what stands blank before that. */
static struct zta_text text_in_file(struct zta_text file, uint32_t line)
{
    const char *at = file.data;
    const char *end = file.data + file.len;
    for (uint32_t i = 1; i < line && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next == NULL ? end : next + 1;
    }
    const char *last = at;
    for (const char *begin = at; begin < end;) {
        const char *next = memchr(begin, '\n', (size_t)(end - begin));
        const char *behind = next == NULL ? end : next + 1;
        const size_t blanks = strspn(begin, " \t");
        const bool is_inside = begin == at || blanks > 0;
        if (!is_inside && *begin != '\n' && *begin != '\r') {
            break;
        }
        const bool is_blank = begin[blanks] == '\n' || begin[blanks] == '\r' ||
                              begin[blanks] == '\0' || begin[blanks] == '#';
        last = is_blank ? last : behind;
        begin = behind;
    }
    return (struct zta_text){.data = at, .len = (size_t)(last - at)};
}

static struct zta_text text_of(const struct ctl_live *live, const struct zta_ast_rule *rule,
                               const struct zta_layer_entry *entry)
{
    return entry != NULL
               ? entry->text
               : text_in_file(live->baseline->sources[rule->place.source].text, rule->place.line);
}

/* ---- shown ---- */

struct shown {
    struct ctl_rules_shown row;
    struct zta_text text;
    const struct zta_ast_rule *replaced; /* of the configuration; NULL: none */
    struct zta_text replaced_file;
    struct decided decided;
    struct history history;
};

static void add_members(struct zta_json *json, const struct shown *shown)
{
    const struct decided *decided = &shown->decided;
    zta_json_text(json, "text", shown->text);
    if (shown->replaced == NULL) {
        zta_json_string(json, "replaces", NULL);
    }
    else {
        zta_json_begin_object(json, "replaces");
        zta_json_text(json, "file", shown->replaced_file);
        zta_json_int(json, "line", shown->replaced->place.line);
        zta_json_end_object(json);
    }
    zta_json_begin_object(json, "last_hour");
    zta_json_int(json, "allowed", (int64_t)decided->n_allowed);
    zta_json_int(json, "refused", (int64_t)decided->n_refused);
    zta_json_int(json, "would_refuse", (int64_t)decided->n_would_refuse);
    zta_json_int(json, "subjects", (int64_t)decided->subjects.n);
    zta_json_end_object(json);
    zta_json_begin_array(json, "history");
    for (size_t i = 0; i < shown->history.n; i++) {
        const struct made_by *made_by = &shown->history.all[i];
        zta_json_begin_object(json, NULL);
        zta_json_int(json, "version", (int64_t)made_by->version);
        zta_json_time(json, "time", made_by->time_s);
        zta_json_string(json, "by", made_by->author);
        zta_json_string(json, "reason", made_by->reason);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void say_more(const struct shown *shown)
{
    struct zta_text rest = shown->text;
    ctl_say("%s", "");
    while (rest.len > 0) {
        const char *end = memchr(rest.data, '\n', rest.len);
        const size_t len = end == NULL ? rest.len : (size_t)(end - rest.data);
        ctl_say("%.*s", (int)len, rest.data);
        rest.data += len + (end != NULL);
        rest.len -= len + (end != NULL);
    }
    for (size_t i = 0; i < shown->history.n; i++) {
        const struct made_by *made_by = &shown->history.all[i];
        char when[ZTA_TIME_TEXT_MAX];
        zta_time_print(made_by->time_s, when);
        if (i == 0) {
            ctl_say("%s", "");
        }
        ctl_say("version %" PRIu64 " of %s by %s%s%s", made_by->version, when, made_by->author,
                made_by->reason[0] == '\0' ? "" : ": ", made_by->reason);
    }
}

static enum ctl_exit print(const struct ctl *ctl, const struct ctl_live *live,
                           const struct ctl_live_set *made, const struct shown *shown)
{
    const struct decided *decided = &shown->decided;
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_rules_row(&list, live, made, &shown->row);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        add_members(json, shown);
    }
    if (shown->replaced != NULL) {
        ctl_row_cell(&list, "replaces", "%.*s:%u", (int)shown->replaced_file.len,
                     shown->replaced_file.data, shown->replaced->place.line);
    }
    ctl_row_cell(&list, "last_hour",
                 "decided %" PRIu64 " allowed and %" PRIu64 " refused requests of %zu subjects; "
                 "monitored, would refuse %" PRIu64,
                 decided->n_allowed, decided->n_refused, decided->subjects.n,
                 decided->n_would_refuse);
    ctl_row_end(&list);
    const enum ctl_exit code = ctl_list_print(&list);
    if (code == CTL_DONE && json == NULL) {
        say_more(shown);
    }
    return code;
}

/* A rule of the configuration in whose place the live one stands. */
static enum zta_status find_replaced(const struct ctl_live *live, struct zta_text name,
                                     struct zta_rules_ast **ast, struct shown *shown)
{
    struct zta_rules_error error = {.line = 0};
    const struct zta_layer none = {.n = 0};
    const enum zta_status status = zta_layer_parse(live->baseline->sources, live->baseline->n,
                                                   &none, live->now_s, ast, &error);
    if (status == ZTA_NO_MEMORY) {
        return status;
    }
    const size_t found = status == ZTA_OK ? ctl_live_find_rule(*ast, name) : SIZE_MAX;
    if (found != SIZE_MAX) {
        shown->replaced = &(*ast)->rules[found];
        shown->replaced_file = (*ast)->source_names[shown->replaced->place.source];
    }
    return ZTA_OK;
}

static enum zta_status gather(struct ctl *ctl, const struct ctl_live *live, struct shown *shown)
{
    struct zta_view *view = NULL;
    shown->decided.from_ns = (live->now_s - CTL_LIVE_HITS_S) * ZTA_NS_PER_S;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = count_decided(view, &shown->decided);
    if (status == ZTA_OK) {
        status = read_history(view, &shown->history);
    }
    zta_view_end(&view);
    return status;
}

static enum ctl_exit show(struct ctl *ctl, const struct ctl_live *live,
                          const struct ctl_live_set *made)
{
    static struct shown shown; /* too large for a stack */
    const struct zta_text name = zta_text_of(ctl->arguments[0]);
    const size_t found = ctl_live_find_rule(made->ast, name);
    struct zta_rules_ast *baseline = NULL;
    enum zta_status status = ZTA_OK;
    if (found == SIZE_MAX) {
        return ctl_fail(CTL_FAILED, "there is no rule '%s'; 'ztactl rules list' shows all",
                        ctl->arguments[0]);
    }
    const struct zta_ast_rule *rule = &made->ast->rules[found];
    const bool is_live = rule->place.source >= live->baseline->n;
    shown = (struct shown){
        .row = {.number = found,
                .entry = is_live ? zta_layer_find(&live->next, ZTA_LAYER_RULE, name) : NULL,
                .mode = zta_layer_find(&live->next, ZTA_LAYER_MODE, name)},
        .decided = {.name = name},
        .history = {.name = name},
    };
    shown.text = text_of(live, rule, shown.row.entry);
    if (is_live) {
        status = find_replaced(live, name, &baseline, &shown);
    }
    if (status == ZTA_OK) {
        status = gather(ctl, live, &shown);
    }
    const enum ctl_exit code = status == ZTA_OK ? print(ctl, live, made, &shown)
                                                : ctl_fail_status(status, NULL, "reading the rule");
    zta_distinct_clear(&shown.decided.subjects);
    zta_rules_ast_close(&baseline);
    return code;
}

enum ctl_exit ctl_run_rules_show(struct ctl *ctl)
{
    return ctl_live_show(ctl, show);
}

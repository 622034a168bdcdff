/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules history, rollback, confirm, export, diff: versions of the live layer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/nodes.h"
#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/rule_diff.h"
#include "admin-tui/versions.h"
#include "shared/base/clock.h"
#include "shared/rules/print.h"
#include "shared/store/layers.h"

/* ---- history ---- */

struct listing {
    struct ctl_list *list;
    struct ctl_versions versions;
    struct ctl_nodes nodes;
    uint64_t n_left; /* 0: no bound */
    bool is_bounded;
};

static void add_state(const struct listing *listing, const struct zta_layer *layer)
{
    const char *state = ctl_version_state(&listing->versions, layer);
    const uint64_t conflict =
        layer->is_unreadable ? 0 : ctl_version_conflict(&listing->versions, layer, false);
    struct zta_json *json = ctl_row_json(listing->list);
    if (json != NULL) {
        zta_json_string(json, "state", state);
        if (conflict == 0) {
            zta_json_text(json, "conflict", (struct zta_text){.data = NULL});
        }
        else {
            zta_json_int(json, "conflict", (int64_t)conflict);
        }
        return;
    }
    if (conflict != 0 && strcmp(state, "conflict") == 0) {
        ctl_row_cell(listing->list, "state", "conflict: %" PRIu64 " was made without it", conflict);
        return;
    }
    ctl_row_string(listing->list, "state", state);
}

static bool add_version(void *context, const struct zta_layer *layer)
{
    struct listing *listing = context;
    struct ctl_list *list = listing->list;
    ctl_row_begin(list);
    ctl_row_int(list, "version", (int64_t)layer->version);
    ctl_row_time(list, "time", layer->changed_ns / ZTA_NS_PER_S);
    if (listing->nodes.is_fleet || ctl_row_json(list) != NULL) {
        ctl_row_text(list, "node", ctl_nodes_name(&listing->nodes, layer->origin));
    }
    ctl_row_text(list, "by", layer->author);
    add_state(listing, layer);
    ctl_row_int(list, "entries", (int64_t)layer->n);
    ctl_row_int(list, "action", (int64_t)layer->action_id);
    ctl_row_text(list, "what", layer->what);
    ctl_row_text(list, "reason", layer->reason);
    ctl_row_end(list);
    return !listing->is_bounded || --listing->n_left > 0;
}

/* ---- one version ---- */

/* That version, and the newest of those before it: an empty one when there is none (any more). */
struct version {
    struct zta_layer layers[2];
    void *storage[2];
    uint64_t former;
    uint64_t wanted;
};

static bool find_former(void *context, const struct zta_layer *layer)
{
    struct version *version = context;
    const bool is_former = layer->version < version->wanted && !layer->is_unreadable;
    version->former = is_former ? layer->version : 0;
    return !is_former;
}

static enum zta_status read_version(struct zta_view *view, struct version *version)
{
    enum zta_status status =
        zta_layer_get(view, version->wanted, &version->layers[1], &version->storage[1]);
    if (status == ZTA_OK) {
        status = zta_layer_each(view, find_former, version);
    }
    if (status == ZTA_OK && version->former != 0) {
        status = zta_layer_get(view, version->former, &version->layers[0], &version->storage[0]);
    }
    return status;
}

static void add_change(void *context, const struct ctl_rule_change *change)
{
    struct ctl_list *list = context;
    struct zta_json *json = ctl_row_json(list);
    ctl_row_begin(list);
    ctl_row_string(list, "change", change->change);
    ctl_row_string(list, "kind", change->kind);
    ctl_row_text(list, "name", change->name);
    if (json != NULL) {
        zta_json_text(json, "before", change->before);
        zta_json_text(json, "after", change->after);
    }
    ctl_row_end(list);
}

static enum ctl_exit print_version(const struct ctl *ctl, const struct version *version)
{
    const struct zta_layer *layer = &version->layers[1];
    char when[ZTA_TIME_TEXT_MAX];
    struct ctl_list list;
    if (ctl_is_json(ctl)) {
        ctl_list_open(&list, true, CTL_TABLE, NULL, 0);
        ctl_rule_diff_layers(&version->layers[0], layer, add_change, &list);
        return ctl_list_print(&list);
    }
    zta_time_print(layer->changed_ns / ZTA_NS_PER_S, when);
    ctl_say("version %" PRIu64 " of %s by %.*s, action %" PRIu64 ": %.*s", layer->version, when,
            (int)layer->author.len, layer->author.data, layer->action_id, (int)layer->what.len,
            layer->what.data);
    if (layer->reason.len > 0) {
        ctl_say("because %.*s", (int)layer->reason.len, layer->reason.data);
    }
    ctl_say("against version %" PRIu64 ":", version->former);
    ctl_rule_diff_layers(&version->layers[0], layer, ctl_rule_change_say, NULL);
    return CTL_DONE;
}

static enum ctl_exit show_version(struct ctl *ctl)
{
    struct version version = {.wanted = 0};
    struct zta_view *view = NULL;
    if (zta_text_to_u64(zta_text_of(ctl->arguments[0]), INT64_MAX, &version.wanted) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "rules history: '%s'; expected the number of a version",
                        ctl->arguments[0]);
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = read_version(view, &version);
        zta_view_end(&view);
    }
    enum ctl_exit code =
        status == ZTA_OK ? print_version(ctl, &version)
        : status == ZTA_NOT_FOUND
            ? ctl_fail(CTL_FAILED, "there is no version %" PRIu64 " (any more)", version.wanted)
            : ctl_fail_status(status, NULL, "reading that version");
    free(version.storage[0]);
    free(version.storage[1]);
    return code;
}

enum ctl_exit ctl_run_rules_history(struct ctl *ctl)
{
    if (ctl->n_arguments > 0) {
        return show_version(ctl);
    }
    static const char *const titles[] = {">VERSION", "TIME",    "BY",   "STATE",
                                         ">ENTRIES", ">ACTION", "WHAT", "REASON"};
    static const char *const fleet_titles[] = {">VERSION", "TIME",    "NODE", "BY",    "STATE",
                                               ">ENTRIES", ">ACTION", "WHAT", "REASON"};
    struct ctl_list list;
    struct zta_error error;
    uint64_t most = 100;
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    struct zta_view *view = NULL;
    struct listing listing = {.list = &list, .n_left = most, .is_bounded = most > 0};
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_versions_open(view, zta_clock_real_ns() / ZTA_NS_PER_S, &listing.versions);
    }
    if (status == ZTA_OK) {
        status = ctl_nodes_open(view, &listing.nodes);
    }
    const bool is_fleet = listing.nodes.is_fleet;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, is_fleet ? fleet_titles : titles,
                  is_fleet ? sizeof fleet_titles / sizeof fleet_titles[0]
                           : sizeof titles / sizeof titles[0]);
    if (status == ZTA_OK) {
        status = zta_layer_each(view, add_version, &listing);
    }
    zta_view_end(&view);
    ctl_versions_close(&listing.versions);
    ctl_nodes_close(&listing.nodes);
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, "reading versions of the rules");
    }
    return ctl_list_print(&list);
}

/* ---- rollback, confirm ---- */

enum ctl_exit ctl_run_rules_rollback(struct ctl *ctl)
{
    struct ctl_live *live = NULL;
    uint64_t version;
    if (zta_text_to_u64(zta_text_of(ctl->arguments[0]), INT64_MAX, &version) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "rules rollback: '%s'; expected the number of a version",
                        ctl->arguments[0]);
    }
    enum ctl_exit code = ctl_live_open_to_mend(ctl, &live);
    if (code == CTL_DONE) {
        code = ctl_live_check_base(ctl, live);
    }
    if (code == CTL_DONE) {
        code = ctl_live_roll_back(ctl, live, version, ctl->command->words, "rolled back");
    }
    ctl_live_close(&live);
    return code;
}

static enum ctl_exit confirm(struct ctl *ctl, struct ctl_live *live, struct ctl_live_story *story)
{
    char number[24];
    if (live->layer.confirm_by_s == 0) {
        return ctl_fail(CTL_FAILED,
                        "nothing waits for confirmation: version %" PRIu64 " is in force",
                        live->layer.version);
    }
    (void)snprintf(number, sizeof number, "%" PRIu64, live->layer.version);
    ctl_live_story_begin(story, ctl->command->words, "confirmed");
    story->ends_trial = true;
    ctl_live_story_add(story, "version", zta_text_of(number), (struct zta_text){.data = NULL},
                       (struct zta_text){.data = NULL});
    return ctl_live_commit(ctl, live, story);
}

enum ctl_exit ctl_run_rules_confirm(struct ctl *ctl)
{
    struct ctl_live *live = NULL;
    struct ctl_live_story *story = malloc(sizeof *story);
    enum ctl_exit code = story == NULL ? ctl_fail(CTL_FAILED, "out of memory")
                                       : ctl_live_open(ctl, CTL_ACCESS_WRITE, &live);
    if (code == CTL_DONE) {
        code = confirm(ctl, live, story);
    }
    ctl_live_close(&live);
    free(story);
    return code;
}

/* ---- export ---- */

static bool is_exported(const struct ctl_live *live, const struct zta_rules_place *place,
                        struct zta_text name)
{
    return place->source >= live->baseline->n ||
           zta_layer_find(&live->next, ZTA_LAYER_MODE, name) != NULL;
}

static void print_set(const struct ctl_live *live, const struct zta_rules_ast *ast, bool is_all,
                      struct zta_buffer *out)
{
    zta_buffer_string(out, "zta 1\n");
    zta_buffer_printf(out, "# %s, version %" PRIu64 "\n",
                      is_all ? "all rules in force" : "the live layer", live->layer.version);
    for (size_t i = 0; i < ast->n_lists; i++) {
        if (is_all || ast->lists[i].place.source >= live->baseline->n) {
            zta_buffer_string(out, "\n");
            zta_rules_print_list(&ast->lists[i], out);
        }
    }
    for (size_t i = 0; i < ast->n_rules; i++) {
        if (is_all || is_exported(live, &ast->rules[i].place, ast->rules[i].name)) {
            zta_buffer_string(out, "\n");
            zta_rules_print_rule(&ast->rules[i], out);
        }
    }
}

static enum ctl_exit put_json(const struct ctl_live *live, struct zta_text text)
{
    const size_t size = text.len * 6 + 256; /* every byte escaped */
    struct zta_buffer buffer;
    struct zta_json json;
    char *whole = malloc(size);
    if (whole == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    zta_buffer_init(&buffer, whole, size);
    zta_json_init(&json, &buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_int(&json, "version", (int64_t)live->layer.version);
    zta_json_text(&json, "text", text);
    zta_json_end_object(&json);
    (void)fwrite(whole, 1, buffer.len, stdout);
    (void)fputc('\n', stdout);
    free(whole);
    return ctl_flush();
}

/* Rules are UTF-8 that the parser took: nothing in them moves a cursor. */
static enum ctl_exit write_set(const struct ctl *ctl, const struct ctl_live *live,
                               const struct zta_rules_ast *ast, bool is_all)
{
    struct zta_buffer buffer;
    for (size_t size = 1 << 16; size <= 1U << 30; size *= 4) {
        char *text = malloc(size);
        if (text == NULL) {
            break;
        }
        zta_buffer_init(&buffer, text, size);
        print_set(live, ast, is_all, &buffer);
        if (!buffer.is_overflowed) {
            enum ctl_exit code;
            if (ctl_is_json(ctl)) {
                code = put_json(live, (struct zta_text){.data = text, .len = buffer.len});
            }
            else {
                (void)fwrite(text, 1, buffer.len, stdout);
                code = ctl_flush();
            }
            free(text);
            return code;
        }
        free(text);
    }
    return ctl_fail(CTL_FAILED, "out of memory");
}

static enum ctl_exit export(struct ctl *ctl, const struct ctl_live *live,
                            const struct ctl_live_set *made) {
    return write_set(ctl, live, made->ast, ctl_option_is_set(&ctl->options, CTL_OPTION_ALL));
}

enum ctl_exit ctl_run_rules_export(struct ctl *ctl)
{
    return ctl_live_show(ctl, export);
}

/* ---- diff ---- */

struct comparing {
    struct ctl_list *list;
    size_t n;
};

static void add_difference(struct comparing *comparing, const char *change,
                           enum zta_layer_kind kind, struct zta_text name, struct zta_text before,
                           struct zta_text after)
{
    const struct ctl_rule_change difference = {.change = change,
                                               .kind = zta_layer_kind_name(kind),
                                               .name = name,
                                               .before = before,
                                               .after = after};
    comparing->n++;
    add_change(comparing->list, &difference);
}

static void compare_one(struct comparing *comparing, const struct ctl_live *live,
                        enum zta_layer_kind kind, struct zta_text name, struct zta_text text)
{
    const struct zta_layer_entry *former = zta_layer_find(&live->next, kind, name);
    if (former == NULL) {
        add_difference(comparing, "comes", kind, name, (struct zta_text){.data = NULL}, text);
    }
    else if (!zta_text_equal(former->text, text)) {
        add_difference(comparing, "changes", kind, name, former->text, text);
    }
}

static bool is_given(const struct zta_rules_ast *given, const struct zta_layer_entry *entry)
{
    if (entry->kind == ZTA_LAYER_RULE) {
        return ctl_live_find_rule(given, entry->name) != SIZE_MAX;
    }
    return entry->kind == ZTA_LAYER_LIST ? ctl_live_find_list(given, entry->name) != NULL
                                         : entry->kind == ZTA_LAYER_STEP_BACK;
}

static enum zta_status compare(struct comparing *comparing, struct ctl_live *live,
                               const struct zta_rules_ast *given)
{
    struct zta_text text;
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < given->n_lists && status == ZTA_OK; i++) {
        status = ctl_live_list_text(live, &given->lists[i], &text);
        if (status == ZTA_OK) {
            compare_one(comparing, live, ZTA_LAYER_LIST, given->lists[i].name, text);
        }
    }
    for (size_t i = 0; i < given->n_rules && status == ZTA_OK; i++) {
        status = ctl_live_rule_text(live, &given->rules[i], &text);
        if (status == ZTA_OK) {
            compare_one(comparing, live, ZTA_LAYER_RULE, given->rules[i].name, text);
        }
    }
    for (size_t i = 0; i < live->next.n && status == ZTA_OK; i++) {
        const struct zta_layer_entry *entry = &live->next.entries[i];
        if (!is_given(given, entry)) {
            add_difference(comparing, "goes", entry->kind, entry->name, entry->text,
                           (struct zta_text){.data = NULL});
        }
    }
    return status;
}

static enum ctl_exit print_differences(const struct ctl *ctl, struct ctl_live *live,
                                       const struct zta_rules_ast *given)
{
    static const char *const titles[] = {"CHANGE", "KIND", "NAME"};
    struct ctl_list list;
    struct comparing comparing = {.list = &list};
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    const enum zta_status status = compare(&comparing, live, given);
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, "comparing rules");
    }
    const enum ctl_exit code = ctl_list_print(&list);
    return code == CTL_DONE && comparing.n > 0 ? CTL_FAILED : code;
}

enum ctl_exit ctl_run_rules_diff(struct ctl *ctl)
{
    struct ctl_live *live = NULL;
    struct zta_rules_ast *given_ast = NULL;
    struct zta_rules_error error = {.line = 0};
    struct ctl_rule_texts *given = ctl_rule_texts_open();
    enum ctl_exit code = given == NULL ? ctl_fail(CTL_FAILED, "out of memory") : CTL_DONE;
    for (size_t i = 0; i < ctl->n_arguments && code == CTL_DONE; i++) {
        code = ctl_rule_texts_read_live(given, ctl->arguments[i]);
    }
    if (code == CTL_DONE) {
        const enum zta_status status =
            zta_rules_parse_part(given->sources, given->n, &given_ast, &error);
        code = status == ZTA_OK ? CTL_DONE : ctl_rule_texts_fail(status, &error);
    }
    if (code == CTL_DONE) {
        code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    }
    if (code == CTL_DONE) {
        code = print_differences(ctl, live, given_ast);
    }
    zta_rules_ast_close(&given_ast);
    ctl_live_close(&live);
    ctl_rule_texts_close(&given);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules list: both layers, and where each rule is in force. */
#include "admin-tui/commands/rules_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/rules/decide.h"

static const char *kind_name(enum zta_rule_kind kind)
{
    switch (kind) {
    case ZTA_RULE_ALLOW:
        return "allow";
    case ZTA_RULE_DENY:
        return "deny";
    case ZTA_RULE_REQUIRE:
        return "require";
    case ZTA_RULE_LIMIT:
        return "limit";
    case ZTA_RULE_SIGNAL:
        return "signal";
    case ZTA_RULE_RESPOND:
        return "respond";
    }
    return "rule";
}

static void add_force(struct ctl_list *list, const struct ctl_live *live,
                      const struct zta_ruleset *set, size_t number)
{
    struct zta_json *json = ctl_row_json(list);
    char text[2048];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    if (json != NULL) {
        zta_json_begin_array(json, "in_force");
    }
    for (size_t i = 0; i < live->places.n; i++) {
        const struct ctl_place *place = &live->places.all[i];
        enum zta_mode mode = zta_ruleset_rule_mode(set, number, &place->stance, live->now_s);
        if (json != NULL) {
            zta_json_begin_object(json, NULL);
            zta_json_string(json, "server", place->server);
            zta_json_string(json, "path", place->path);
            zta_json_string(json, "mode", zta_mode_name(mode));
            zta_json_end_object(json);
        }
        else if (mode != ZTA_MODE_OFF) {
            zta_buffer_printf(&buffer, "%s%s%s%s", buffer.len == 0 ? "" : ", ", place->server,
                              place->path, mode == ZTA_MODE_MONITOR ? " (monitor)" : "");
        }
    }
    if (json != NULL) {
        zta_json_end_array(json);
    }
    ctl_row_cell(list, "in_force", "%s%s", buffer.len == 0 ? "nowhere" : text,
                 buffer.is_overflowed ? ", ..." : "");
}

/* What is listed, and the entries of the live layer in the order of kind and name. */
struct listing {
    const struct ctl_live *live;
    const struct zta_layer_entry **entries;
    struct ctl_list list;
};

static int compare_entries(const struct zta_layer_entry *a, const struct zta_layer_entry *b)
{
    const size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    const int order = a->kind != b->kind ? (a->kind < b->kind ? -1 : 1)
                      : len == 0         ? 0
                                         : memcmp(a->name.data, b->name.data, len);
    return order != 0 || a->name.len == b->name.len ? order : (a->name.len < b->name.len ? -1 : 1);
}

static int by_name(const void *a, const void *b)
{
    return compare_entries(*(const struct zta_layer_entry *const *)a,
                           *(const struct zta_layer_entry *const *)b);
}

/* False: no memory. */
static bool sort_entries(struct listing *listing)
{
    const struct zta_layer *layer = &listing->live->next;
    listing->entries = calloc(layer->n + 1, sizeof *listing->entries);
    for (size_t i = 0; listing->entries != NULL && i < layer->n; i++) {
        listing->entries[i] = &layer->entries[i];
    }
    if (listing->entries != NULL && layer->n > 1) {
        qsort(listing->entries, layer->n, sizeof *listing->entries, by_name);
    }
    return listing->entries != NULL;
}

/* What of the live layer a rule is, or is changed by; NULL: nothing. */
static const struct zta_layer_entry *
entry_of(const struct listing *listing, const struct zta_ast_rule *rule, enum zta_layer_kind kind)
{
    const struct zta_layer_entry wanted = {.kind = kind, .name = rule->name};
    const struct zta_layer_entry *key = &wanted;
    const struct ctl_live *live = listing->live;
    if (kind != ZTA_LAYER_MODE && rule->place.source < live->baseline->n) {
        return NULL;
    }
    const struct zta_layer_entry *const *found =
        bsearch(&key, listing->entries, live->next.n, sizeof *listing->entries, by_name);
    return found == NULL ? NULL : *found;
}

static void add_entry(struct zta_json *json, const char *name, const struct zta_layer_entry *entry)
{
    if (entry == NULL) {
        zta_json_string(json, name, NULL);
        return;
    }
    zta_json_begin_object(json, name);
    zta_json_time(json, "since", entry->created_ns / ZTA_NS_PER_S);
    zta_json_time(json, "until", entry->until_s);
    zta_json_text(json, "by", entry->author);
    zta_json_text(json, "reason", entry->reason);
    zta_json_int(json, "action", (int64_t)entry->action_id);
    zta_json_end_object(json);
}

static void add_place(struct ctl_list *list, const struct zta_ast_rule *rule,
                      const struct zta_text *file, const struct zta_layer_entry *entry)
{
    if (entry == NULL) {
        ctl_row_cell(list, "place", "%.*s:%u", (int)file->len, file->data, rule->place.line);
        return;
    }
    char until[ZTA_TIME_TEXT_MAX] = "";
    if (entry->until_s != 0) {
        zta_time_print(entry->until_s, until);
    }
    ctl_row_cell(list, "place", "live, by %.*s%s%s", (int)entry->author.len, entry->author.data,
                 entry->until_s != 0 ? " until " : "", until);
}

void ctl_rules_row(struct ctl_list *list, const struct ctl_live *live,
                   const struct ctl_live_set *made, const struct ctl_rules_shown *shown)
{
    const struct zta_ast_rule *rule = &made->ast->rules[shown->number];
    const struct zta_text *file = &made->ast->source_names[rule->place.source];
    const struct zta_layer_entry *entry = shown->entry;
    const struct zta_layer_entry *mode = shown->mode;
    struct zta_json *json = ctl_row_json(list);
    ctl_row_text(list, "name", rule->name);
    ctl_row_string(list, "kind", kind_name(rule->kind));
    ctl_row_cell(list, "mode", "%s%s", zta_mode_name(rule->mode), mode == NULL ? "" : " (live)");
    add_place(list, rule, file, entry);
    if (json != NULL) {
        zta_json_string(json, "mode", zta_mode_name(rule->mode));
        zta_json_text(json, "file", *file);
        zta_json_int(json, "line", rule->place.line);
        zta_json_time(json, "from", rule->from_s);
        zta_json_time(json, "until", rule->until_s);
        zta_json_text(json, "note", rule->note);
        add_entry(json, "live", entry);
        add_entry(json, "live_mode", mode);
    }
    add_force(list, live, made->set, shown->number);
}

static enum ctl_exit print_rules(struct ctl *ctl, const struct ctl_live *live,
                                 const struct ctl_live_set *made)
{
    static const char *const titles[] = {"NAME", "KIND", "MODE", "PLACE", "IN FORCE AT"};
    struct listing listing = {.live = live};
    struct ctl_list *list = &listing.list;
    if (!sort_entries(&listing)) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    ctl_list_open(list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < made->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &made->ast->rules[i];
        const struct ctl_rules_shown shown = {.number = i,
                                              .entry = entry_of(&listing, rule, ZTA_LAYER_RULE),
                                              .mode = entry_of(&listing, rule, ZTA_LAYER_MODE)};
        ctl_row_begin(list);
        ctl_rules_row(list, live, made, &shown);
        ctl_row_end(list);
    }
    free(listing.entries);
    return ctl_list_print(list);
}

enum ctl_exit ctl_run_rules_list(struct ctl *ctl)
{
    return ctl_live_show(ctl, print_rules);
}

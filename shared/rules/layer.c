/* SPDX-License-Identifier: Apache-2.0 */
/* The live layer over the baseline: which entries live, and one tree of both. */
#include "shared/rules/layer.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/rules/parse_priv.h"

#define SOURCE_NAME_SIZE (sizeof "live:" + ZTA_NAME_MAX)

static const char *const kind_names[] = {
    [ZTA_LAYER_RULE] = "rule",
    [ZTA_LAYER_LIST] = "list",
    [ZTA_LAYER_MODE] = "mode",
    [ZTA_LAYER_STEP_BACK] = "step-back",
};

const char *zta_layer_kind_name(enum zta_layer_kind kind)
{
    return (unsigned)kind < ZTA_N_LAYER_KINDS ? kind_names[kind] : "unknown";
}

bool zta_layer_entry_lives(const struct zta_layer_entry *entry, int64_t now_s)
{
    return entry->until_s == 0 || now_s < entry->until_s;
}

const struct zta_layer_entry *zta_layer_find(const struct zta_layer *layer,
                                             enum zta_layer_kind kind, struct zta_text name)
{
    for (size_t i = 0; i < layer->n; i++) {
        const struct zta_layer_entry *entry = &layer->entries[i];
        if (entry->kind == kind && zta_text_equal(entry->name, name)) {
            return entry;
        }
    }
    return NULL;
}

bool zta_layer_is_later(const struct zta_layer *a, const struct zta_layer *b)
{
    return a->changed_ns != b->changed_ns ? a->changed_ns > b->changed_ns
                                          : memcmp(a->origin, b->origin, sizeof a->origin) > 0;
}

bool zta_layer_lacks(const struct zta_layer *later, const struct zta_layer *other)
{
    const bool had_ended =
        other->confirm_by_s != 0 && other->confirm_by_s <= later->changed_ns / ZTA_NS_PER_S;
    return zta_layer_is_later(later, other) && other->changed_ns > later->made_on_ns && !had_ended;
}

int64_t zta_layer_valid_until(const struct zta_layer *layer, int64_t now_s)
{
    int64_t first_s = layer->confirm_by_s;
    for (size_t i = 0; i < layer->n; i++) {
        const int64_t until_s = layer->entries[i].until_s;
        if (until_s > now_s && (first_s == 0 || until_s < first_s)) {
            first_s = until_s;
        }
    }
    return first_s;
}

/* ---- replacing ---- */

/* A name of the live layer. */
struct name {
    struct zta_text text;
};

static int compare_names(const void *a, const void *b)
{
    return zta_text_compare(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static bool is_in(const struct name *names, size_t n, struct zta_text text)
{
    const struct name wanted = {.text = text};
    return n > 0 && bsearch(&wanted, names, n, sizeof *names, compare_names) != NULL;
}

static void drop_rules(const struct zta_parser *parser, struct zta_rules_ast *ast,
                       struct name *names)
{
    size_t n = 0;
    size_t kept = 0;
    for (size_t i = 0; i < ast->n_rules; i++) {
        if (parser->sources[ast->rules[i].place.source].is_live) {
            names[n++].text = ast->rules[i].name;
        }
    }
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ast->rules[i];
        if (parser->sources[rule->place.source].is_live || !is_in(names, n, rule->name)) {
            ast->rules[kept++] = *rule;
        }
    }
    ast->n_rules = kept;
}

static void drop_lists(const struct zta_parser *parser, struct zta_rules_ast *ast,
                       struct name *names)
{
    size_t n = 0;
    size_t kept = 0;
    for (size_t i = 0; i < ast->n_lists; i++) {
        if (parser->sources[ast->lists[i].place.source].is_live) {
            names[n++].text = ast->lists[i].name;
        }
    }
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < ast->n_lists; i++) {
        const struct zta_ast_list *list = &ast->lists[i];
        if (parser->sources[list->place.source].is_live || !is_in(names, n, list->name)) {
            ast->lists[kept++] = *list;
        }
    }
    ast->n_lists = kept;
}

enum zta_status zta_parse_replace(struct zta_parser *parser, struct zta_rules_ast *ast)
{
    bool has_live = false;
    for (size_t i = 0; i < parser->n_sources; i++) {
        has_live = has_live || parser->sources[i].is_live;
    }
    if (!has_live) {
        return ZTA_OK;
    }
    const size_t n = ast->n_rules > ast->n_lists ? ast->n_rules : ast->n_lists;
    struct name *names = zta_arena_alloc(parser->arena, n * sizeof *names);
    if (names == NULL) {
        return ZTA_NO_MEMORY;
    }
    drop_rules(parser, ast, names);
    drop_lists(parser, ast, names);
    return ZTA_OK;
}

/* ---- one tree of both ---- */

/* What is parsed at once, and where it came from. */
struct both {
    const struct zta_layer *layer;
    int64_t now_s;
    struct zta_rules_source *sources;
    size_t n_sources;
    size_t n_baseline;
    const struct zta_layer_entry **of_source; /* by source less n_baseline */
    const struct zta_layer_entry **modes;     /* those that live, by name */
    size_t n_modes;
    char (*names)[SOURCE_NAME_SIZE];
};

static int compare_entries(const void *a, const void *b)
{
    const struct zta_layer_entry *const *left = a;
    const struct zta_layer_entry *const *right = b;
    return zta_text_compare((*left)->name, (*right)->name);
}

static enum zta_status open_both(struct both *both, const struct zta_rules_source *baseline)
{
    const size_t n = both->layer->n + 1;
    both->sources = calloc(both->n_baseline + n, sizeof *both->sources);
    both->of_source = calloc(n, sizeof(struct zta_layer_entry *));
    both->modes = calloc(n, sizeof(struct zta_layer_entry *));
    both->names = calloc(n, sizeof *both->names);
    if (both->sources == NULL || both->of_source == NULL || both->modes == NULL ||
        both->names == NULL) {
        return ZTA_NO_MEMORY;
    }
    if (both->n_baseline > 0) {
        memcpy(both->sources, baseline, both->n_baseline * sizeof *baseline);
    }
    both->n_sources = both->n_baseline;
    return ZTA_OK;
}

static void close_both(struct both *both)
{
    free(both->sources);
    free(both->of_source);
    free(both->modes);
    free(both->names);
}

static void add_source(struct both *both, const struct zta_layer_entry *entry)
{
    const size_t i = both->n_sources - both->n_baseline;
    struct zta_buffer name;
    zta_buffer_init(&name, both->names[i], SOURCE_NAME_SIZE);
    zta_buffer_string(&name, "live:");
    zta_buffer_text(&name, entry->name);
    both->of_source[i] = entry;
    both->sources[both->n_sources++] = (struct zta_rules_source){
        .name = {.data = name.data, .len = name.len}, .text = entry->text, .is_live = true};
}

static void gather(struct both *both)
{
    for (size_t i = 0; i < both->layer->n; i++) {
        const struct zta_layer_entry *entry = &both->layer->entries[i];
        if (!zta_layer_entry_lives(entry, both->now_s)) {
            continue;
        }
        if (entry->kind == ZTA_LAYER_RULE || entry->kind == ZTA_LAYER_LIST) {
            add_source(both, entry);
        }
        else if (entry->kind == ZTA_LAYER_MODE) {
            both->modes[both->n_modes++] = entry;
        }
    }
    qsort(both->modes, both->n_modes, sizeof(struct zta_layer_entry *), compare_entries);
}

/* A rule ends when its entry does, and has the mode that an operator gave it. */
static void settle(const struct both *both, struct zta_ast_rule *rule)
{
    const struct zta_layer_entry wanted = {.name = rule->name};
    const struct zta_layer_entry *key = &wanted;
    const struct zta_layer_entry *const *mode =
        both->n_modes == 0 ? NULL
                           : bsearch(&key, both->modes, both->n_modes,
                                     sizeof(struct zta_layer_entry *), compare_entries);
    if (mode != NULL) {
        rule->mode = (*mode)->mode;
        rule->has_mode = true;
    }
    if (rule->place.source < both->n_baseline) {
        return;
    }
    const int64_t until_s = both->of_source[rule->place.source - both->n_baseline]->until_s;
    if (until_s != 0 && (rule->until_s == 0 || until_s < rule->until_s)) {
        rule->until_s = until_s;
    }
}

enum zta_status zta_layer_parse(const struct zta_rules_source *baseline, size_t n,
                                const struct zta_layer *layer, int64_t now_s,
                                struct zta_rules_ast **ast, struct zta_rules_error *error)
{
    struct both both = {.layer = layer, .now_s = now_s, .n_baseline = n};
    enum zta_status status = open_both(&both, baseline);
    memset(error, 0, sizeof *error);
    if (status == ZTA_OK) {
        gather(&both);
        status = zta_rules_parse(both.sources, both.n_sources, ast, error);
    }
    for (size_t i = 0; status == ZTA_OK && i < (*ast)->n_rules; i++) {
        settle(&both, &(*ast)->rules[i]);
    }
    close_both(&both);
    return status;
}

bool zta_layer_is_within(struct zta_text name, struct zta_text server, struct zta_text path)
{
    if (zta_text_starts_with(name, server) && server.len > 0) {
        name.data += server.len;
        name.len -= server.len;
    }
    while (name.len > 0 && name.data[name.len - 1] == '/') {
        name.len--;
    }
    return name.len == 0 || (zta_text_starts_with(path, name) &&
                             (path.len == name.len || path.data[name.len] == '/'));
}

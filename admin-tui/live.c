/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the layer in force, changes a copy of it, and compiles either over the baseline. */
#include "admin-tui/live.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/output.h"
#include "shared/base/clock.h"
#include "shared/rules/print.h"
#include "shared/store/layers.h"
#include "shared/store/published.h"

enum {
    SPARE = 8, /* entries that a change may add before the copy grows */
};

/* A version of another node that would be in force if it fitted here, or was tried. */
static bool find_later(void *context, const struct zta_layer *layer)
{
    struct ctl_live *live = context;
    if (layer->standing != ZTA_LAYER_IN_ORDER && zta_layer_is_later(layer, &live->layer)) {
        live->later = layer->version;
    }
    return live->later == 0;
}

/* is_mending: a version in force that cannot be read counts as an empty one. */
static enum zta_status load(const struct ctl *ctl, struct ctl_live *live, bool is_mending,
                            struct zta_error *error)
{
    struct zta_view *view = NULL;
    struct zta_generations generations;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_rule_texts_load_issuers(view, live->baseline, error);
    if (status == ZTA_OK) {
        status = zta_published_each_rules(view, ctl_rule_texts_add, live->baseline);
    }
    if (status == ZTA_OK) {
        status = live->baseline->status;
    }
    if (status == ZTA_OK) {
        status = ctl_places_load(view, &live->places);
    }
    if (status == ZTA_OK) {
        status = zta_view_generations(view, &generations);
    }
    if (status == ZTA_OK) {
        live->seen = generations.rules;
        status = zta_layer_in_force(view, live->now_s, &live->layer, &live->storage);
        if (status == ZTA_CORRUPT) {
            (void)zta_error_set(error, status,
                                "the live rules in force cannot be read; 'ztactl rules rollback "
                                "VERSION' puts a former version in their place, 0 is the empty "
                                "one");
        }
    }
    live->made_on_ns = live->layer.changed_ns;
    if (status == ZTA_OK) {
        status = zta_layer_each_head(view, find_later, live);
    }
    zta_view_end(&view);
    if (status == ZTA_CORRUPT && is_mending) {
        ctl_note("The live rules in force cannot be read.");
        live->layer = (struct zta_layer){.version = 0};
        live->made_on_ns = ZTA_LAYER_ON_ALL;
        return ZTA_OK;
    }
    return status;
}

/* What has ended does not come along. */
static enum zta_status begin_next(struct ctl_live *live)
{
    live->capacity = live->layer.n + SPARE;
    live->next.entries = calloc(live->capacity, sizeof *live->next.entries);
    if (live->next.entries == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < live->layer.n; i++) {
        if (zta_layer_entry_lives(&live->layer.entries[i], live->now_s)) {
            live->next.entries[live->next.n++] = live->layer.entries[i];
        }
    }
    return ZTA_OK;
}

/* Where a step back holds, places do not enforce what they are configured to. */
static void step_back(struct ctl_live *live)
{
    for (size_t e = 0; e < live->next.n; e++) {
        const struct zta_layer_entry *entry = &live->next.entries[e];
        for (size_t i = 0; entry->kind == ZTA_LAYER_STEP_BACK && i < live->places.n; i++) {
            struct ctl_place *place = &live->places.all[i];
            if (zta_layer_is_within(entry->name, zta_text_of(place->server),
                                    zta_text_of(place->path))) {
                zta_stance_step_back(&place->stance);
            }
        }
    }
}

static enum ctl_exit open_live(struct ctl *ctl, enum ctl_access access, bool is_mending,
                               struct ctl_live **opened)
{
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_live *live = calloc(1, sizeof *live);
    *opened = live;
    if (live != NULL) {
        live->now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
        live->baseline = ctl_rule_texts_open();
        live->arena = zta_arena_open();
    }
    if (live == NULL || live->baseline == NULL || live->arena == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    enum zta_status status = ctl->store == NULL ? ctl_store_open(ctl, access, &error) : ZTA_OK;
    if (status != ZTA_OK) {
        (void)ctl_fail_status(status, &error, "");
        return CTL_STORE;
    }
    status = load(ctl, live, is_mending, &error);
    if (status == ZTA_OK) {
        status = begin_next(live);
    }
    if (status == ZTA_OK) {
        step_back(live);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &error, "reading the rules");
}

enum ctl_exit ctl_live_open(struct ctl *ctl, enum ctl_access access, struct ctl_live **live)
{
    return open_live(ctl, access, false, live);
}

enum ctl_exit ctl_live_open_to_mend(struct ctl *ctl, struct ctl_live **live)
{
    return open_live(ctl, CTL_ACCESS_WRITE, true, live);
}

void ctl_live_close(struct ctl_live **live)
{
    struct ctl_live *closing = *live;
    *live = NULL;
    if (closing == NULL) {
        return;
    }
    ctl_rule_texts_close(&closing->baseline);
    ctl_places_close(&closing->places);
    free(closing->storage);
    free(closing->next.entries);
    zta_arena_close(&closing->arena);
    free(closing);
}

enum ctl_exit ctl_live_lifetime(const struct ctl *ctl, struct ctl_live *live)
{
    struct zta_error error;
    int64_t duration_s = 0;
    const bool is_permanent = ctl_option_is_set(&ctl->options, CTL_OPTION_PERMANENT);
    if (ctl_option_duration(&ctl->options, CTL_OPTION_FOR, &duration_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (is_permanent == (duration_s != 0)) {
        return ctl_fail(CTL_USAGE, "%s needs either --for DURATION or --permanent",
                        ctl->command->words);
    }
    live->until_s = is_permanent ? 0 : live->now_s + duration_s;
    return CTL_DONE;
}

enum ctl_exit ctl_live_check_base(const struct ctl *ctl, const struct ctl_live *live)
{
    struct zta_error error;
    const uint64_t version = live->layer.version;
    uint64_t base = version;
    if (ctl_option_count(&ctl->options, CTL_OPTION_BASE, &base, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    return base == version
               ? CTL_DONE
               : ctl_fail(CTL_CONFLICT,
                          "version %" PRIu64 " is in force, not --base %" PRIu64
                          "; 'ztactl rules history' says who changed it. Nothing was changed",
                          version, base);
}

static enum zta_status copy(struct ctl_live *live, struct zta_text from, struct zta_text *to)
{
    if (zta_text_is_absent(from)) {
        *to = from;
        return ZTA_OK;
    }
    char *kept = zta_arena_alloc(live->arena, from.len);
    if (kept == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(kept, from.data, from.len);
    *to = (struct zta_text){.data = kept, .len = from.len};
    return ZTA_OK;
}

/* The one of that name, else one more. */
static enum zta_status entry_for(struct ctl_live *live, enum zta_layer_kind kind,
                                 struct zta_text name, struct zta_layer_entry **entry)
{
    struct zta_layer *next = &live->next;
    for (size_t i = 0; i < next->n; i++) {
        if (next->entries[i].kind == kind && zta_text_equal(next->entries[i].name, name)) {
            *entry = &next->entries[i];
            return ZTA_OK;
        }
    }
    if (next->n == ZTA_LAYER_ENTRIES_MAX) {
        return ZTA_FULL;
    }
    if (next->n == live->capacity) {
        struct zta_layer_entry *grown =
            realloc(next->entries, 2 * live->capacity * sizeof *next->entries);
        if (grown == NULL) {
            return ZTA_NO_MEMORY;
        }
        next->entries = grown;
        live->capacity *= 2;
    }
    *entry = &next->entries[next->n++];
    return ZTA_OK;
}

enum zta_status ctl_live_put(struct ctl_live *live, enum zta_layer_kind kind, struct zta_text name,
                             struct zta_text text, enum zta_mode mode)
{
    struct zta_layer_entry *entry = NULL;
    enum zta_status status = entry_for(live, kind, name, &entry);
    if (status != ZTA_OK) {
        return status;
    }
    *entry = (struct zta_layer_entry){.kind = kind, .mode = mode, .until_s = live->until_s};
    status = copy(live, name, &entry->name);
    return status == ZTA_OK ? copy(live, text, &entry->text) : status;
}

bool ctl_live_drop(struct ctl_live *live, enum zta_layer_kind kind, struct zta_text name)
{
    struct zta_layer *next = &live->next;
    for (size_t i = 0; i < next->n; i++) {
        if (next->entries[i].kind == kind && zta_text_equal(next->entries[i].name, name)) {
            memmove(&next->entries[i], &next->entries[i + 1],
                    (next->n - i - 1) * sizeof *next->entries);
            next->n--;
            return true;
        }
    }
    return false;
}

enum zta_status ctl_live_make(const struct ctl_live *live, const struct zta_layer *layer,
                              struct ctl_live_set *made, struct zta_rules_error *error)
{
    const enum zta_status status = zta_layer_parse(live->baseline->sources, live->baseline->n,
                                                   layer, live->now_s, &made->ast, error);
    return status == ZTA_OK ? ctl_rule_texts_make(live->baseline, made->ast, &made->set, error)
                            : status;
}

enum ctl_exit ctl_live_compile(const struct ctl_live *live, const struct zta_layer *layer,
                               struct ctl_live_set *made)
{
    struct zta_rules_error error = {.line = 0};
    const enum zta_status status = ctl_live_make(live, layer, made, &error);
    return status == ZTA_OK ? CTL_DONE : ctl_rule_texts_fail(status, &error);
}

void ctl_live_compile_quietly(const struct ctl_live *live, const struct zta_layer *layer,
                              struct ctl_live_set *made)
{
    struct zta_rules_error error = {.line = 0};
    if (ctl_live_make(live, layer, made, &error) != ZTA_OK) {
        ctl_live_set_close(made);
    }
}

void ctl_live_set_close(struct ctl_live_set *made)
{
    zta_ruleset_close(&made->set);
    zta_rules_ast_close(&made->ast);
}

/* What was printed into scratch memory, kept in the arena. */
static enum zta_status keep(struct ctl_live *live, const struct zta_buffer *printed,
                            struct zta_text *text)
{
    return printed->is_overflowed
               ? ZTA_TOO_LARGE
               : copy(live, (struct zta_text){.data = printed->data, .len = printed->len}, text);
}

enum zta_status ctl_live_rule_text(struct ctl_live *live, const struct zta_ast_rule *rule,
                                   struct zta_text *text)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, live->scratch, sizeof live->scratch);
    zta_rules_print_rule(rule, &buffer);
    return keep(live, &buffer, text);
}

enum zta_status ctl_live_list_text(struct ctl_live *live, const struct zta_ast_list *list,
                                   struct zta_text *text)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, live->scratch, sizeof live->scratch);
    zta_rules_print_list(list, &buffer);
    return keep(live, &buffer, text);
}

size_t ctl_live_find_rule(const struct zta_rules_ast *ast, struct zta_text name)
{
    for (size_t i = 0; i < ast->n_rules; i++) {
        if (zta_text_equal(ast->rules[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

const struct zta_ast_list *ctl_live_find_list(const struct zta_rules_ast *ast, struct zta_text name)
{
    for (size_t i = 0; i < ast->n_lists; i++) {
        if (zta_text_equal(ast->lists[i].name, name)) {
            return &ast->lists[i];
        }
    }
    return NULL;
}

/* Is that place of the names that count, and where? */
static bool take_place(const struct zta_rules_ast *now, const struct zta_rules_place *place,
                       size_t n_sources, struct ctl_live_taken *taken)
{
    taken->file = now->source_names[place->source];
    taken->line = place->line;
    return place->source < n_sources;
}

bool ctl_live_find_taken(const struct ctl_live *live, const struct zta_rules_ast *now,
                         const struct zta_rules_ast *given, bool from_baseline,
                         struct ctl_live_taken *taken)
{
    const size_t n_sources = from_baseline ? live->baseline->n : SIZE_MAX;
    for (size_t i = 0; i < given->n_rules; i++) {
        const struct zta_ast_rule *rule = &given->rules[i];
        const size_t found = ctl_live_find_rule(now, rule->name);
        *taken = (struct ctl_live_taken){.kind = "rule", .name = rule->name, .given = rule->place};
        if (found != SIZE_MAX && take_place(now, &now->rules[found].place, n_sources, taken)) {
            return true;
        }
    }
    for (size_t i = 0; i < given->n_lists; i++) {
        const struct zta_ast_list *list = &given->lists[i];
        const struct zta_ast_list *found = ctl_live_find_list(now, list->name);
        *taken = (struct ctl_live_taken){.kind = "list", .name = list->name, .given = list->place};
        if (found != NULL && take_place(now, &found->place, n_sources, taken)) {
            return true;
        }
    }
    return false;
}

enum ctl_exit ctl_live_show(struct ctl *ctl, ctl_live_fn fn)
{
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.ast = NULL};
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    if (code == CTL_DONE) {
        code = ctl_live_compile(live, &live->next, &made);
    }
    if (code == CTL_DONE) {
        code = fn(ctl, live, &made);
    }
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    return code;
}

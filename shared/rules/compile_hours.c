/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles `hours`: windows of the week, and zones that are read once for a whole set. */
#include "shared/rules/compile_priv.h"

#include "shared/base/limits.h"

#include <stdio.h>
#include <string.h>

/* Suggestions are borrowed for one call each, so the best is kept here. */
struct suggestion {
    struct zta_nearest nearest;
    char best[ZTA_NAME_MAX];
};

static void offer(void *context, struct zta_text name)
{
    struct suggestion *suggestion = context;
    zta_nearest_offer(&suggestion->nearest, name);
    if (suggestion->nearest.best.data == name.data) {
        memcpy(suggestion->best, name.data, name.len);
        suggestion->nearest.best.data = suggestion->best;
    }
}

static enum zta_status fail_zone(struct zta_compiler *compiler, const struct zta_ast_value *value,
                                 enum zta_status status, const struct zta_error *error)
{
    struct suggestion suggestion;
    char expected[sizeof error->text + 64];
    zta_nearest_init(&suggestion.nearest, value->text);
    if (status == ZTA_NOT_FOUND) {
        zta_zone_each_name(offer, &suggestion);
        return zta_compile_fail(compiler, value, &suggestion.nearest,
                                "a time zone of this system (package tzdata) such as "
                                "Europe/Zurich");
    }
    (void)snprintf(expected, sizeof expected, "a time zone that can be read; %s", error->text);
    return zta_compile_fail(compiler, value, NULL, expected);
}

/* The zone of the set by this name; opened when it is the first use. */
static enum zta_status find_zone(struct zta_compiler *compiler, const struct zta_ast_value *value,
                                 const struct zta_zone **zone)
{
    struct zta_rule_zone *zones = (void *)compiler->zones.items;
    for (size_t i = 0; i < compiler->zones.n; i++) {
        if (zta_text_equal(zones[i].name, value->text)) {
            *zone = zones[i].zone;
            return ZTA_OK;
        }
    }
    struct zta_zone *opened = NULL;
    struct zta_error error;
    const enum zta_status status = zta_zone_open(value->text, &opened, &error);
    if (status == ZTA_NO_MEMORY) {
        return status;
    }
    if (status != ZTA_OK) {
        return fail_zone(compiler, value, status, &error);
    }
    struct zta_rule_zone *added = zta_vector_push(&compiler->zones);
    if (added == NULL) {
        zta_zone_close(&opened);
        return ZTA_NO_MEMORY;
    }
    added->zone = opened;
    *zone = opened;
    return zta_compile_copy(compiler, value->text, &added->name);
}

enum zta_status zta_compile_hours(struct zta_compiler *compiler, const struct zta_ast_cond *source,
                                  struct zta_rule_cond *cond)
{
    const size_t n = source->n_values / 2;
    struct zta_hours *hours = zta_arena_alloc(compiler->set->arena, sizeof *hours);
    struct zta_hours_window *windows = zta_arena_alloc(compiler->set->arena, n * sizeof *windows);
    if (hours == NULL || windows == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const struct zta_ast_value *days = &source->values[2 * i];
        const struct zta_ast_value *span = &source->values[2 * i + 1];
        struct zta_text bad;
        if (zta_hours_days_parse(days->text, &windows[i].days, &bad) != ZTA_OK) {
            return zta_compile_fail(compiler, days, NULL, zta_value_expected(ZTA_VALUE_HOURS));
        }
        if (zta_hours_span_parse(span->text, &windows[i]) != ZTA_OK) {
            return zta_compile_fail(compiler, span, NULL, zta_value_expected(ZTA_VALUE_HOURS));
        }
    }
    *hours = (struct zta_hours){.windows = windows, .n_windows = (uint32_t)n};
    cond->hours = hours;
    return find_zone(compiler, &source->values[source->n_values - 1], &hours->zone);
}

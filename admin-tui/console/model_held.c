/* SPDX-License-Identifier: Apache-2.0 */
/* What ends by itself, what waits for an operator, and how issuers do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/model_priv.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/blocks.h"
#include "shared/store/keysets.h"
#include "shared/store/layers.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"

enum {
    NOTICES_BACK = 500, /* of the newest that are looked through for those that wait */
};

struct reading {
    struct tui_held *held;
    int64_t now_s;
    size_t n_seen;
};

/* Keeps it where it belongs among the soonest; NULL: it ends later than all that are kept. */
static struct tui_end *place_of(struct reading *reading, int64_t until_s)
{
    struct tui_held *held = reading->held;
    size_t at = held->n < TUI_ENDS_MAX ? held->n : TUI_ENDS_MAX;
    if (until_s <= reading->now_s) {
        return NULL;
    }
    while (at > 0 && held->ends[at - 1].until_s > until_s) {
        if (at < TUI_ENDS_MAX) {
            held->ends[at] = held->ends[at - 1];
        }
        at--;
    }
    held->n++;
    if (at == TUI_ENDS_MAX) {
        return NULL;
    }
    held->ends[at] = (struct tui_end){.until_s = until_s};
    return &held->ends[at];
}

static bool keep_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct tui_end *end = is_lifted ? NULL : place_of(context, measure->until_s);
    struct zta_buffer out;
    if (end != NULL) {
        zta_buffer_init(&out, end->what, sizeof end->what);
        zta_buffer_string(&out, zta_measure_kind_name(measure->kind));
        zta_buffer_string(&out, measure->limit.len > 0 ? " " : "");
        zta_buffer_text(&out, measure->limit);
        zta_buffer_init(&out, end->target, sizeof end->target);
        zta_target_print(&measure->target, &out);
    }
    return true;
}

static bool keep_block(void *context, const struct zta_block *block)
{
    struct tui_end *end = place_of(context, block->until_s);
    struct zta_buffer out;
    if (end != NULL) {
        zta_buffer_init(&out, end->target, sizeof end->target);
        ctl_block_print(block, &out);
        (void)snprintf(end->what, sizeof end->what, "block");
    }
    return true;
}

static enum zta_status keep_layer(struct reading *reading, struct zta_view *view)
{
    struct zta_layer layer;
    void *storage = NULL;
    const enum zta_status status = zta_layer_in_force(view, reading->now_s, &layer, &storage);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; i < layer.n; i++) {
        const struct zta_layer_entry *entry = &layer.entries[i];
        struct tui_end *end = place_of(reading, entry->until_s);
        if (end != NULL) {
            (void)snprintf(end->what, sizeof end->what, "%s", zta_layer_kind_name(entry->kind));
            tui_keep(end->target, sizeof end->target, entry->name);
        }
    }
    struct tui_end *end = place_of(reading, layer.confirm_by_s);
    if (end != NULL) {
        (void)snprintf(end->what, sizeof end->what, "unless confirmed");
        (void)snprintf(end->target, sizeof end->target, "rules version %" PRIu64, layer.version);
    }
    free(storage);
    return ZTA_OK;
}

static bool see_notice(void *context, const struct zta_notice_record *record)
{
    struct reading *reading = context;
    reading->held->n_waiting +=
        record->outcome == ZTA_NOTICE_HELD && record->ruling == ZTA_NOTICE_NOT_RULED;
    return ++reading->n_seen < NOTICES_BACK;
}

static bool see_issuer(void *context, const struct zta_keyset_record *record)
{
    struct reading *reading = context;
    struct tui_held *held = reading->held;
    const char *state = ctl_issuer_state(record, reading->now_s);
    held->n_issuers++;
    if (strcmp(state, CTL_ISSUER_GOOD) != 0) {
        if (held->n_ill++ == 0) {
            tui_keep(held->ill, sizeof held->ill, record->name);
            (void)snprintf(held->ill_state, sizeof held->ill_state, "%s", state);
        }
    }
    return true;
}

enum zta_status tui_model_read_held(struct tui_model *model, struct zta_view *view)
{
    struct tui_held held = {.n = 0};
    struct reading reading = {.held = &held, .now_s = model->now_ns / ZTA_NS_PER_S};
    enum zta_status status = zta_measure_each(view, keep_measure, &reading);
    if (status == ZTA_OK) {
        status = zta_block_each(view, keep_block, &reading);
    }
    if (status == ZTA_OK) {
        status = keep_layer(&reading, view);
    }
    if (status == ZTA_OK) {
        status = zta_notice_each(view, see_notice, &reading);
    }
    if (status == ZTA_OK) {
        status = zta_keyset_each(view, see_issuer, &reading);
    }
    if (status == ZTA_OK) {
        model->health.held = held;
    }
    return status;
}

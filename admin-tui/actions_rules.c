/* SPDX-License-Identifier: Apache-2.0 */
/* The live layer of rules as one action: the next version and its audit entry. */
#include <inttypes.h>

#include "admin-tui/actions_priv.h"
#include "shared/store/layers.h"

/* As much of a text as an audit entry holds; the version itself has all of it. */
static void write_text(char *out, size_t size, struct zta_text text)
{
    struct zta_buffer buffer = ctl_work_write(out, size);
    const struct zta_text room = {.data = text.data, .len = text.len < size ? text.len : size - 1};
    zta_buffer_text(&buffer, room);
}

static void sign(struct zta_layer *layer, const struct ctl_action *action, uint64_t id)
{
    const struct zta_text author = zta_text_of(action->actor->author);
    layer->action_id = id;
    layer->author = author;
    layer->reason = action->reason;
    for (size_t i = 0; i < layer->n; i++) {
        struct zta_layer_entry *entry = &layer->entries[i];
        if (entry->created_ns == 0) {
            entry->action_id = id;
            entry->author = author;
            entry->reason = action->reason;
        }
    }
}

enum zta_status ctl_action_rules(struct ctl_action *action, const struct ctl_rules_change *change,
                                 struct zta_layer *layer, uint64_t seen)
{
    struct ctl_work work;
    uint64_t id = 0;
    enum zta_status status = ctl_work_begin(&work, action, change->action);
    if (status != ZTA_OK) {
        return status;
    }
    write_text(work.target, sizeof work.target, change->target);
    write_text(work.before, sizeof work.before, change->before);
    write_text(work.after, sizeof work.after, change->after);
    status = ctl_work_note(&work, &id);
    if (status == ZTA_OK) {
        layer->what = change->target;
        sign(layer, action, id);
        status = zta_layer_put(work.change, layer, seen);
    }
    if (status == ZTA_CONFLICT) {
        (void)zta_error_set(&action->error, status,
                            "somebody else changed the rules since version %" PRIu64
                            ", which this was made on; 'ztactl rules history' says who. Nothing "
                            "was changed",
                            seen);
    }
    if (status == ZTA_TOO_LARGE) {
        (void)zta_error_set(&action->error, status,
                            "the live layer would be too large: at most %d rules and lists, "
                            "%d bytes each, %d MiB together",
                            ZTA_LAYER_ENTRIES_MAX, ZTA_LAYER_TEXT_MAX, ZTA_LAYER_SIZE_MAX >> 20);
    }
    return ctl_work_end(&work, status);
}

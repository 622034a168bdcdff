/* SPDX-License-Identifier: Apache-2.0 */
/* What the store adds to an event before it is explained. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/explain.h"
#include "shared/store/inputs.h"
#include "shared/store/layers.h"
#include "shared/store/published.h"
#include "shared/store/repeats.h"

/* Does that line of the file still name the rule? */
static bool stands_there(struct zta_text file, uint32_t line, struct zta_text rule)
{
    const char *at = file.data;
    const char *end = file.len == 0 ? file.data : file.data + file.len;
    for (uint32_t i = 1; i < line && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        at = next == NULL ? end : next + 1;
    }
    if (at == NULL || at >= end || rule.len == 0) {
        return false;
    }
    const char *next = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((next == NULL ? end : next) - at);
    return memmem(at, len, rule.data, rule.len) != NULL;
}

struct placing {
    const struct zta_event *event;
    unsigned index;
    char *name;
    size_t size;
    bool is_found;
};

static bool place(void *context, struct zta_text name, struct zta_text text)
{
    struct placing *placing = context;
    if (placing->index++ != placing->event->rule_source) {
        return true;
    }
    placing->is_found = placing->event->rule_line != 0 &&
                        stands_there(text, placing->event->rule_line,
                                     zta_event_text(placing->event, ZTA_EVENT_RULE));
    (void)snprintf(placing->name, placing->size, "%.*s", (int)name.len,
                   name.len == 0 ? "" : name.data);
    return false;
}

static void name_live(struct placing *placing, const struct zta_layer *layer)
{
    const struct zta_text rule = zta_event_text(placing->event, ZTA_EVENT_RULE);
    placing->is_found = true;
    (void)snprintf(placing->name, placing->size, "live:%.*s (version %" PRIu64 ", by %.*s)",
                   (int)rule.len, rule.data, layer->version, (int)layer->author.len,
                   layer->author.len == 0 ? "" : layer->author.data);
}

/*
 * An event of an older release does not say under which version it was judged: the newest one
 * before the request that has a live rule of that name.
 */
static bool place_by_time(void *context, const struct zta_layer *layer)
{
    struct placing *placing = context;
    const struct zta_text rule = zta_event_text(placing->event, ZTA_EVENT_RULE);
    if (layer->changed_ns > placing->event->time_ns ||
        zta_layer_find(layer, ZTA_LAYER_RULE, rule) == NULL) {
        return true;
    }
    name_live(placing, layer);
    return false;
}

static enum zta_status place_live(struct zta_view *view, struct placing *placing)
{
    const uint64_t version = placing->event->live_version;
    const struct zta_text rule = zta_event_text(placing->event, ZTA_EVENT_RULE);
    struct zta_layer layer;
    void *storage = NULL;
    if (version == 0) {
        return zta_layer_each(view, place_by_time, placing);
    }
    enum zta_status status = zta_layer_get(view, version, &layer, &storage);
    if (status == ZTA_NOT_FOUND) {
        placing->is_found = true;
        (void)snprintf(placing->name, placing->size,
                       "live:%.*s (version %" PRIu64 ", which is kept no more)", (int)rule.len,
                       rule.data, version);
        return ZTA_OK;
    }
    if (status == ZTA_OK && zta_layer_find(&layer, ZTA_LAYER_RULE, rule) != NULL) {
        name_live(placing, &layer);
    }
    free(storage);
    return status;
}

enum zta_status ctl_explained_find(struct zta_view *view, const struct zta_event *event,
                                   struct ctl_explained_store *kept,
                                   struct ctl_explained *explained)
{
    struct zta_repeat repeat;
    struct placing placing = {
        .event = event, .name = kept->rule_file, .size = sizeof kept->rule_file};
    *explained = (struct ctl_explained){.event = event};
    enum zta_status status = zta_published_each_rules(view, place, &placing);
    /* Rules of the live layer are counted behind the files. */
    if (status == ZTA_OK && event->rule_line != 0 && event->rule_source >= placing.index) {
        status = place_live(view, &placing);
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (placing.is_found) {
        explained->rule_file = zta_text_of(kept->rule_file);
    }
    size_t size;
    status = zta_inputs_get(view, event->inputs, kept->data, sizeof kept->data, &size);
    if (status == ZTA_OK && zta_inputs_decode(kept->data, size, &kept->inputs) == ZTA_OK) {
        explained->inputs = &kept->inputs;
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    status = zta_repeat_of(view, event, &repeat);
    if (status == ZTA_OK) {
        explained->n_repeats = repeat.n;
        explained->repeats_until_ns = repeat.last_ns;
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

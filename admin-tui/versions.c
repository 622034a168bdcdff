/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of all versions, and what follows from comparing them. */
#include "admin-tui/versions.h"

#include <stdlib.h>

#include "shared/store/layers.h"

static bool add(void *context, const struct zta_layer *layer)
{
    struct ctl_versions *versions = context;
    if (versions->n == versions->capacity) {
        const size_t capacity = versions->capacity == 0 ? 64 : 2 * versions->capacity;
        struct zta_layer *all = realloc(versions->all, capacity * sizeof *all);
        if (all == NULL) {
            versions->capacity = 0;
            return false;
        }
        versions->all = all;
        versions->capacity = capacity;
    }
    versions->all[versions->n] = *layer;
    /* What lies in the map is gone with the view. */
    versions->all[versions->n].what = (struct zta_text){.data = NULL};
    versions->all[versions->n].author = (struct zta_text){.data = NULL};
    versions->all[versions->n++].reason = (struct zta_text){.data = NULL};
    return true;
}

enum zta_status ctl_versions_open(struct zta_view *view, int64_t now_s,
                                  struct ctl_versions *versions)
{
    struct zta_layer layer;
    void *storage = NULL;
    *versions = (struct ctl_versions){.now_s = now_s};
    if (zta_layer_in_force(view, now_s, &layer, &storage) == ZTA_OK) {
        versions->in_force = layer.version;
        free(storage);
    }
    const enum zta_status status = zta_layer_each_head(view, add, versions);
    return status == ZTA_OK && versions->n > 0 && versions->capacity == 0 ? ZTA_NO_MEMORY : status;
}

void ctl_versions_close(struct ctl_versions *versions)
{
    free(versions->all);
    *versions = (struct ctl_versions){.n = 0};
}

uint64_t ctl_version_conflict(const struct ctl_versions *versions, const struct zta_layer *layer,
                              bool in_force_alone)
{
    const struct zta_layer *first = NULL;
    for (size_t i = 0; i < versions->n && layer->version != versions->in_force; i++) {
        const struct zta_layer *later = &versions->all[i];
        if ((!in_force_alone || later->version == versions->in_force) &&
            zta_layer_lacks(later, layer) && (first == NULL || zta_layer_is_later(first, later))) {
            first = later;
        }
    }
    return first == NULL ? 0 : first->version;
}

const char *ctl_version_state(const struct ctl_versions *versions, const struct zta_layer *layer)
{
    if (layer->is_unreadable) {
        return "cannot be read";
    }
    if (layer->version == versions->in_force) {
        return layer->confirm_by_s == 0 ? "in force" : "waits for confirmation";
    }
    if (layer->standing != ZTA_LAYER_IN_ORDER) {
        return layer->standing == ZTA_LAYER_WAITS ? "not tried here yet" : "does not fit here";
    }
    if (layer->confirm_by_s != 0 && layer->confirm_by_s <= versions->now_s) {
        return "took itself back";
    }
    return ctl_version_conflict(versions, layer, false) == 0 ? "" : "conflict";
}

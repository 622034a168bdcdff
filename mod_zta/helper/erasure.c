/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out one erasure after the other, a few changes a second. */
#include "mod_zta/helper/erasure.h"

#include <string.h>

#include "mod_zta/helper/observer_priv.h"

/* Each is done within milliseconds; 100,000 recorded requests a second are looked through. */
#define CHANGES 8

static bool find(struct mod_zta_observer *observer, struct zta_erasure *erasure)
{
    struct zta_view *view = NULL;
    if (zta_view_begin(observer->store, &view) != ZTA_OK) {
        return false;
    }
    const bool is_found = zta_erasure_next(view, erasure) == ZTA_OK;
    zta_view_end(&view);
    return is_found;
}

static enum zta_status do_piece(struct mod_zta_observer *observer,
                                const struct zta_erasure *erasure, struct zta_erasing *erasing)
{
    struct zta_error error = {.status = ZTA_OK};
    struct zta_change *change = NULL;
    enum zta_status status = zta_change_begin(observer->store, "forgetting", &change, &error);
    if (status == ZTA_OK) {
        status = zta_erasure_step(change, erasure, erasing);
    }
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, &error);
    }
    zta_change_abort(&change);
    return status;
}

void mod_zta_erasure_step(struct mod_zta_observer *observer)
{
    struct mod_zta_upkeep *upkeep = &observer->upkeep;
    struct zta_erasure erasure;
    if (!find(observer, &erasure)) {
        return;
    }
    if (memcmp(&erasure.who, &upkeep->erasure.who, sizeof erasure.who) != 0 ||
        erasure.until_ns != upkeep->erasure.until_ns) {
        upkeep->erasure = erasure;
        upkeep->erasing = (struct zta_erasing){.table = 0};
    }
    for (int i = 0; i < CHANGES && !upkeep->erasing.is_done; i++) {
        struct zta_erasing erasing = upkeep->erasing;
        if (do_piece(observer, &erasure, &erasing) != ZTA_OK) {
            break;
        }
        upkeep->erasing = erasing;
    }
    /* What the store has no more is not to come back from memory. */
    mod_zta_hot_table_empty(observer->sessions);
    if (upkeep->erasing.is_done) {
        mod_zta_observer_log(observer, MOD_ZTA_HELPER_NOTICE,
                             "ZTA0190: a person is forgotten: %llu records went",
                             (unsigned long long)upkeep->erasing.n);
        upkeep->erasure.until_ns = 0;
    }
}

int64_t mod_zta_erasure_oldest_s(struct mod_zta_observer *observer)
{
    struct zta_view *view = NULL;
    int64_t before_s = 0;
    if (zta_view_begin(observer->store, &view) != ZTA_OK) {
        return INT64_MIN;
    }
    if (zta_prune_order_get(view, &before_s) != ZTA_OK) {
        before_s = 0;
    }
    zta_view_end(&view);
    return before_s > 0 ? before_s : INT64_MIN;
}

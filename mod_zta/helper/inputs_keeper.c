/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers which recorded sides the store has, so that most rows cost one look into a table. */
#include "mod_zta/helper/inputs_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/inputs.h"
#include "shared/live/token_cache.h"
#include "shared/store/inputs.h"

#define QUOTA_SHARE 16   /* of the map of state/ */
#define PRUNE_MOST  4000 /* records a second that are looked at: some milliseconds */
#define HOT_S       (3 * ZTA_INPUTS_TOUCH_S) /* a note can be two hours old at its next use */
#define SLOTS       32768 /* as many as sessions in memory; each holds the one met last */

struct slot {
    uint8_t name[ZTA_INPUTS_NAME_SIZE]; /* zeros: free */
    int64_t noted_s;                    /* when its use was noted in the store */
};

struct mod_zta_inputs_keeper {
    uint8_t place[ZTA_INPUTS_NAME_SIZE]; /* where pruning goes on */
    bool is_full;                        /* the quota is used up */
    struct slot slots[SLOTS];
};

enum zta_status mod_zta_inputs_keeper_open(struct mod_zta_inputs_keeper **keeper)
{
    struct mod_zta_inputs_keeper *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    *keeper = opened;
    return ZTA_OK;
}

void mod_zta_inputs_keeper_close(struct mod_zta_inputs_keeper **keeper)
{
    free(*keeper);
    *keeper = NULL;
}

void mod_zta_inputs_keeper_forget(struct mod_zta_inputs_keeper *keeper)
{
    memset(keeper->slots, 0, sizeof keeper->slots);
}

/* ZTA_NOT_FOUND: shared memory has it no more. */
static enum zta_status take(struct zta_segment *segment, struct zta_change *change,
                            const uint8_t name[ZTA_INPUTS_NAME_SIZE], int64_t now_s)
{
    char data[ZTA_INPUTS_SIZE_MAX];
    struct zta_token_key key;
    struct zta_token_place place;
    uint64_t generation;
    size_t size;
    zta_token_key_of_inputs(name, &key);
    enum zta_status status =
        zta_token_cache_get(segment, &key, now_s, data, sizeof data, &size, &generation, &place);
    if (status == ZTA_OK) {
        status = zta_inputs_put(change, name, data, size, now_s);
    }
    /* What is not what its name says was written by a child that is broken. */
    return status == ZTA_TOO_LARGE || status == ZTA_INVALID ? ZTA_NOT_FOUND : status;
}

static enum zta_status keep(struct mod_zta_inputs_keeper *keeper, struct zta_segment *segment,
                            struct zta_change *change, const uint8_t name[ZTA_INPUTS_NAME_SIZE],
                            int64_t now_s)
{
    struct slot *slot = &keeper->slots[zta_get_u32(name + 1) % SLOTS];
    if (memcmp(slot->name, name, sizeof slot->name) == 0 &&
        now_s - slot->noted_s < ZTA_INPUTS_TOUCH_S) {
        return ZTA_OK;
    }
    enum zta_status status = zta_inputs_touch(change, name, now_s);
    if (status == ZTA_NOT_FOUND && !keeper->is_full) {
        status = take(segment, change, name, now_s);
    }
    if (status == ZTA_OK) {
        memcpy(slot->name, name, sizeof slot->name);
        slot->noted_s = now_s;
    }
    return status;
}

enum zta_status mod_zta_inputs_keep(struct mod_zta_inputs_keeper *keeper,
                                    struct zta_segment *segment, struct zta_change *change,
                                    const struct zta_event_row *rows, size_t n)
{
    static const uint8_t none[ZTA_INPUTS_NAME_SIZE];
    for (size_t i = 0; i < n; i++) {
        const uint8_t *name = rows[i].event->inputs;
        if (memcmp(name, none, sizeof none) == 0) {
            continue;
        }
        const int64_t used_s = rows[i].event->time_ns / ZTA_NS_PER_S;
        enum zta_status status = keep(keeper, segment, change, name, used_s);
        if (status == ZTA_NOT_FOUND) {
            zta_counter_add(segment, ZTA_COUNTER_INPUTS_MISSED, 1);
        }
        else if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

/* Notes whether there is room, and tells from when on what is kept was needed. */
static bool look_at_quota(struct mod_zta_inputs_keeper *keeper, struct zta_store *store,
                          int64_t now_s, int64_t *before_s)
{
    struct zta_store_usage usage;
    struct zta_view *view;
    uint64_t bytes = 0;
    uint64_t n = 0;
    if (zta_store_usage(store, false, &usage) != ZTA_OK || zta_view_begin(store, &view) != ZTA_OK) {
        return false;
    }
    enum zta_status status = zta_inputs_size(view, &bytes, &n);
    zta_view_end(&view);
    const uint64_t quota = usage.map_size / QUOTA_SHARE;
    keeper->is_full = status == ZTA_OK && bytes > quota;
    if (bytes > quota / 4 * 3) {
        *before_s = now_s;
    }
    return status == ZTA_OK && n > 0;
}

void mod_zta_inputs_keeper_prune(struct mod_zta_inputs_keeper *keeper, struct zta_store *store,
                                 int64_t before_s, int64_t now_s)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    uint64_t n = 0;
    if (!look_at_quota(keeper, store, now_s, &before_s) || before_s <= HOT_S ||
        zta_change_begin(store, "pruning", &change, &error) != ZTA_OK) {
        return;
    }
    /* Uses are noted by the hour: one may have been needed after its last note. */
    enum zta_status status =
        zta_inputs_prune(change, keeper->place, before_s - HOT_S, PRUNE_MOST, &n);
    if (status != ZTA_OK || n == 0 || zta_change_commit(&change, &error) != ZTA_OK) {
        zta_change_abort(&change);
    }
}

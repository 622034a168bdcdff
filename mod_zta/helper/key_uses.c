/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the uses of API keys in a batch by name. */
#include "mod_zta/helper/key_uses.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/identity.h"
#include "shared/store/keys.h"
#include "shared/store/published.h"

#define SLOTS 8192
_Static_assert(SLOTS >= 2 * MOD_ZTA_BATCH_MAX, "names of a batch leave half the table empty");

struct use {
    struct zta_text name; /* in the batch */
    int64_t last_ns;
    uint64_t n; /* 0: free */
};

struct mod_zta_key_uses {
    struct zta_siphash_key key;
    size_t n;
    uint16_t used[MOD_ZTA_BATCH_MAX]; /* slots */
    struct use slots[SLOTS];
};

enum zta_status mod_zta_key_uses_open(const struct zta_siphash_key *key,
                                      struct mod_zta_key_uses **uses)
{
    struct mod_zta_key_uses *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->key = *key;
    *uses = opened;
    return ZTA_OK;
}

void mod_zta_key_uses_close(struct mod_zta_key_uses **uses)
{
    free(*uses);
    *uses = NULL;
}

static void count(struct mod_zta_key_uses *uses, const struct zta_event *event)
{
    struct zta_text name = zta_event_text(event, ZTA_EVENT_APIKEY);
    if (event->credential != ZTA_CREDENTIAL_APIKEY || name.len == 0) {
        return;
    }
    size_t slot = zta_siphash(&uses->key, name.data, name.len) % SLOTS;
    while (uses->slots[slot].n > 0 && !zta_text_equal(uses->slots[slot].name, name)) {
        slot = (slot + 1) % SLOTS;
    }
    struct use *use = &uses->slots[slot];
    if (use->n == 0) {
        use->name = name;
        use->last_ns = event->time_ns;
        uses->used[uses->n++] = (uint16_t)slot;
    }
    use->last_ns = event->time_ns > use->last_ns ? event->time_ns : use->last_ns;
    use->n++;
}

static enum zta_status write_one(struct zta_view *view, struct zta_change *change,
                                 const struct use *use)
{
    char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    if (zta_key_find(view, use->name, storage, sizeof storage, &key) != ZTA_OK) {
        return ZTA_OK;
    }
    return zta_key_use_put(change, key.id, use->last_ns / ZTA_NS_PER_S, use->n);
}

enum zta_status mod_zta_key_uses_write(struct mod_zta_key_uses *uses, struct zta_store *store,
                                       struct zta_change *change, const struct mod_zta_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        count(uses, &batch->events[i]);
    }
    struct zta_view *view = NULL;
    enum zta_status status = ZTA_OK;
    /* Without a look at policy/ the uses are lost, not the evidence. */
    bool has_view = uses->n > 0 && zta_view_begin(store, &view) == ZTA_OK;
    for (size_t i = 0; i < uses->n; i++) {
        struct use *use = &uses->slots[uses->used[i]];
        if (has_view && status == ZTA_OK) {
            status = write_one(view, change, use);
        }
        *use = (struct use){.n = 0};
    }
    uses->n = 0;
    zta_view_end(&view);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A set-associative table; a set's lock is held to compare and to copy. */
#include "mod_zta/identity/assertion_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SETS = 256,
    N_WAYS = 4, /* 1,024 assertions of 2.5 KiB; pages that nobody fills take no memory */
};

/* Heads lie together, so that a search touches no slot but the one it finds. */
struct head {
    uint64_t tag;
    int64_t made_s;
    int64_t until_s;  /* not found from then on; 0: empty */
    uint64_t used_at; /* by the set's count of uses */
    uint16_t contents_len;
    uint16_t text_len;
};

struct slot {
    uint8_t contents[MOD_ZTA_ASSERTION_CONTENTS_MAX];
    char text[MOD_ZTA_ASSERTION_KEPT_MAX];
};

struct set {
    pthread_mutex_t lock;
    uint64_t n_uses;
    struct head heads[N_WAYS];
};

struct mod_zta_assertion_cache {
    struct set sets[N_SETS];
    struct slot slots[N_SETS][N_WAYS];
};

enum zta_status mod_zta_assertion_cache_open(struct mod_zta_assertion_cache **cache)
{
    struct mod_zta_assertion_cache *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (unsigned i = 0; i < N_SETS; i++) {
        (void)pthread_mutex_init(&made->sets[i].lock, NULL); /* default mutexes cannot fail */
    }
    *cache = made;
    return ZTA_OK;
}

void mod_zta_assertion_cache_close(struct mod_zta_assertion_cache **cache)
{
    for (unsigned i = 0; *cache != NULL && i < N_SETS; i++) {
        (void)pthread_mutex_destroy(&(*cache)->sets[i].lock);
    }
    free(*cache);
    *cache = NULL;
}

static struct set *lock_set(struct mod_zta_assertion_cache *cache,
                            const struct mod_zta_assertion_contents *contents)
{
    struct set *set = &cache->sets[contents->tag % N_SETS];
    (void)pthread_mutex_lock(&set->lock);
    set->n_uses++;
    return set;
}

static struct slot *slot_of(struct mod_zta_assertion_cache *cache, const struct set *set,
                            unsigned way)
{
    return &cache->slots[set - cache->sets][way];
}

/* Its way, or N_WAYS. */
static unsigned find(struct mod_zta_assertion_cache *cache, const struct set *set,
                     const struct mod_zta_assertion_contents *contents)
{
    unsigned way = 0;
    while (way < N_WAYS &&
           (set->heads[way].until_s == 0 || set->heads[way].tag != contents->tag ||
            set->heads[way].contents_len != contents->len ||
            memcmp(slot_of(cache, set, way)->contents, contents->bytes, contents->len) != 0)) {
        way++;
    }
    return way;
}

enum zta_status mod_zta_assertion_cache_get(struct mod_zta_assertion_cache *cache,
                                            const struct mod_zta_assertion_contents *contents,
                                            int64_t now_s, char out[MOD_ZTA_ASSERTION_KEPT_MAX],
                                            size_t *len)
{
    enum zta_status status = ZTA_NOT_FOUND;
    struct set *set = lock_set(cache, contents);
    const unsigned way = find(cache, set, contents);
    struct head *head = &set->heads[way < N_WAYS ? way : 0];
    if (way < N_WAYS && now_s >= head->made_s && now_s < head->until_s) {
        head->used_at = set->n_uses;
        memcpy(out, slot_of(cache, set, way)->text, head->text_len);
        *len = head->text_len;
        status = ZTA_OK;
    }
    (void)pthread_mutex_unlock(&set->lock);
    return status;
}

/* Its own way, else one that is over, else the one not used for longest. */
static unsigned make_room(struct mod_zta_assertion_cache *cache, const struct set *set,
                          const struct mod_zta_assertion_contents *contents, int64_t now_s)
{
    unsigned room = find(cache, set, contents);
    for (unsigned i = 0; i < N_WAYS && room == N_WAYS; i++) {
        room = set->heads[i].until_s <= now_s ? i : room;
    }
    if (room < N_WAYS) {
        return room;
    }
    room = 0;
    for (unsigned i = 1; i < N_WAYS; i++) {
        room = set->heads[i].used_at < set->heads[room].used_at ? i : room;
    }
    return room;
}

void mod_zta_assertion_cache_put(struct mod_zta_assertion_cache *cache,
                                 const struct mod_zta_assertion_contents *contents, int64_t now_s,
                                 int64_t until_s, struct zta_text text)
{
    if (text.len > MOD_ZTA_ASSERTION_KEPT_MAX || until_s <= now_s) {
        return;
    }
    struct set *set = lock_set(cache, contents);
    const unsigned way = make_room(cache, set, contents, now_s);
    struct slot *slot = slot_of(cache, set, way);
    set->heads[way] = (struct head){.tag = contents->tag,
                                    .made_s = now_s,
                                    .until_s = until_s,
                                    .used_at = set->n_uses,
                                    .contents_len = (uint16_t)contents->len,
                                    .text_len = (uint16_t)text.len};
    memcpy(slot->contents, contents->bytes, contents->len);
    memcpy(slot->text, text.data, text.len);
    (void)pthread_mutex_unlock(&set->lock);
}

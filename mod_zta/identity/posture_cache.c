/* SPDX-License-Identifier: Apache-2.0 */
/* A set-associative table of values; a set's lock is held to copy one in or out. */
#include "mod_zta/identity/posture_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SETS = 128,
    N_WAYS = 4, /* some 500 postures of 1.3 KiB */
};

struct entry {
    struct zta_sha256 digest;
    int64_t until_s;  /* not found from then on; 0: empty */
    uint64_t used_at; /* by the set's count of uses */
    bool is_bad;
    union {
        struct mod_zta_posture posture;
        struct mod_zta_posture_fault fault;
    } as;
};

struct set {
    pthread_mutex_t lock;
    uint64_t n_uses;
    struct entry ways[N_WAYS];
};

struct mod_zta_posture_cache {
    struct set sets[N_SETS];
};

enum zta_status mod_zta_posture_cache_open(struct mod_zta_posture_cache **cache)
{
    struct mod_zta_posture_cache *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (unsigned i = 0; i < N_SETS; i++) {
        (void)pthread_mutex_init(&made->sets[i].lock, NULL); /* default mutexes cannot fail */
    }
    *cache = made;
    return ZTA_OK;
}

void mod_zta_posture_cache_close(struct mod_zta_posture_cache **cache)
{
    for (unsigned i = 0; *cache != NULL && i < N_SETS; i++) {
        (void)pthread_mutex_destroy(&(*cache)->sets[i].lock);
    }
    free(*cache);
    *cache = NULL;
}

static struct set *lock_set(struct mod_zta_posture_cache *cache, const struct zta_sha256 *digest)
{
    struct set *set = &cache->sets[digest->bytes[0] % N_SETS];
    (void)pthread_mutex_lock(&set->lock);
    set->n_uses++;
    return set;
}

static struct entry *find(struct set *set, const struct zta_sha256 *digest)
{
    for (unsigned i = 0; i < N_WAYS; i++) {
        struct entry *entry = &set->ways[i];
        if (entry->until_s != 0 &&
            memcmp(entry->digest.bytes, digest->bytes, sizeof digest->bytes) == 0) {
            return entry;
        }
    }
    return NULL;
}

enum zta_status mod_zta_posture_cache_get(struct mod_zta_posture_cache *cache,
                                          const struct zta_sha256 *digest, int64_t now_s,
                                          struct mod_zta_posture *posture,
                                          struct mod_zta_posture_fault *fault)
{
    enum zta_status status = ZTA_NOT_FOUND;
    if (cache == NULL) {
        return status;
    }
    struct set *set = lock_set(cache, digest);
    struct entry *entry = find(set, digest);
    if (entry != NULL && now_s < entry->until_s) {
        entry->used_at = set->n_uses;
        if (entry->is_bad) {
            *fault = entry->as.fault;
            status = ZTA_FORBIDDEN;
        }
        else {
            *posture = entry->as.posture;
            status = ZTA_OK;
        }
    }
    (void)pthread_mutex_unlock(&set->lock);
    return status;
}

/* Its own place, else one that is over, else the one not used for longest; NULL: none to have. */
static struct entry *make_room(struct set *set, const struct zta_sha256 *digest, int64_t now_s,
                               bool is_bad)
{
    struct entry *room = find(set, digest);
    for (unsigned i = 0; i < N_WAYS && room == NULL; i++) {
        room = set->ways[i].until_s <= now_s ? &set->ways[i] : NULL;
    }
    if (room != NULL) {
        return room;
    }
    for (unsigned i = 0; i < N_WAYS; i++) {
        struct entry *entry = &set->ways[i];
        bool may_go = entry->is_bad || !is_bad;
        if (may_go && (room == NULL || entry->used_at < room->used_at)) {
            room = entry;
        }
    }
    return room;
}

void mod_zta_posture_cache_put(struct mod_zta_posture_cache *cache, const struct zta_sha256 *digest,
                               int64_t now_s, const struct mod_zta_posture *posture)
{
    if (cache == NULL) {
        return;
    }
    struct set *set = lock_set(cache, digest);
    struct entry *entry = make_room(set, digest, now_s, false);
    if (entry != NULL) {
        *entry = (struct entry){.digest = *digest,
                                .until_s = posture->expires_s,
                                .used_at = set->n_uses,
                                .as.posture = *posture};
    }
    (void)pthread_mutex_unlock(&set->lock);
}

void mod_zta_posture_cache_put_bad(struct mod_zta_posture_cache *cache,
                                   const struct zta_sha256 *digest, int64_t now_s,
                                   const struct mod_zta_posture_fault *fault)
{
    if (cache == NULL) {
        return;
    }
    struct set *set = lock_set(cache, digest);
    struct entry *entry = make_room(set, digest, now_s, true);
    if (entry != NULL) {
        *entry = (struct entry){.digest = *digest,
                                .until_s = now_s + MOD_ZTA_POSTURE_BAD_S,
                                .used_at = set->n_uses,
                                .is_bad = true,
                                .as.fault = *fault};
    }
    (void)pthread_mutex_unlock(&set->lock);
}

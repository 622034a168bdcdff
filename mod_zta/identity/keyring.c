/* SPDX-License-Identifier: Apache-2.0 */
/* What a key set needs beside being replaced as a whole: its age, its generation, its hash. */
#include "mod_zta/identity/keyring.h"

#include <stdatomic.h>
#include <stdlib.h>

struct mod_zta_keyring {
    struct zta_current *sets;
    _Atomic uint64_t hash;
    _Atomic int64_t fetched_s;
    _Atomic uint64_t generation;
    int64_t stale_s;
};

static void close_set(void *keyset)
{
    struct mod_zta_keyset *closing = keyset;
    mod_zta_keyset_close(&closing);
}

enum zta_status mod_zta_keyring_open(int64_t stale_s, struct mod_zta_keyring **keyring)
{
    struct mod_zta_keyring *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->stale_s = stale_s;
    if (zta_current_open(close_set, &opened->sets) != ZTA_OK) {
        free(opened);
        return ZTA_NO_MEMORY;
    }
    *keyring = opened;
    return ZTA_OK;
}

void mod_zta_keyring_close(struct mod_zta_keyring **keyring)
{
    if (*keyring != NULL) {
        zta_current_close(&(*keyring)->sets);
        free(*keyring);
        *keyring = NULL;
    }
}

static bool is_stale(const struct mod_zta_keyring *keyring, int64_t now_s)
{
    int64_t fetched_s = atomic_load_explicit(&keyring->fetched_s, memory_order_acquire);
    return keyring->stale_s > 0 && now_s - fetched_s > keyring->stale_s;
}

enum zta_status mod_zta_keyring_acquire(struct mod_zta_keyring *keyring, int64_t now_s,
                                        struct zta_held *held)
{
    if (keyring != NULL && zta_current_has(keyring->sets) && is_stale(keyring, now_s)) {
        return ZTA_EXPIRED;
    }
    return keyring != NULL && zta_current_acquire(keyring->sets, held) ? ZTA_OK : ZTA_NOT_FOUND;
}

void mod_zta_keyring_release(struct mod_zta_keyring *keyring, struct zta_held *held)
{
    if (held->value != NULL) {
        zta_current_release(keyring->sets, held);
    }
}

uint64_t mod_zta_keyring_hash(const struct mod_zta_keyring *keyring, int64_t now_s)
{
    if (keyring == NULL || is_stale(keyring, now_s)) {
        return 0;
    }
    return atomic_load_explicit(&keyring->hash, memory_order_acquire);
}

uint64_t mod_zta_keyring_generation(const struct mod_zta_keyring *keyring)
{
    return atomic_load_explicit(&keyring->generation, memory_order_acquire);
}

void mod_zta_keyring_generation_set(struct mod_zta_keyring *keyring, uint64_t generation)
{
    atomic_store_explicit(&keyring->generation, generation, memory_order_release);
}

bool mod_zta_keyring_begin(struct mod_zta_keyring *keyring)
{
    return zta_current_begin(keyring->sets);
}

void mod_zta_keyring_end(struct mod_zta_keyring *keyring)
{
    zta_current_end(keyring->sets);
}

enum zta_status mod_zta_keyring_replace(struct mod_zta_keyring *keyring,
                                        struct mod_zta_keyset **keyset, int64_t fetched_s)
{
    const struct mod_zta_keyset *former = zta_current_value(keyring->sets);
    uint64_t hash = mod_zta_keyset_hash(*keyset);
    if (former != NULL && mod_zta_keyset_hash(former) == hash) {
        mod_zta_keyset_close(keyset);
        atomic_store_explicit(&keyring->fetched_s, fetched_s, memory_order_release);
        return ZTA_OK;
    }
    enum zta_status status = zta_current_replace(keyring->sets, *keyset);
    if (status != ZTA_OK) {
        return status;
    }
    *keyset = NULL;
    atomic_store_explicit(&keyring->hash, hash, memory_order_release);
    /* Age last: keys that were too old must not serve for a moment as if they were these. */
    atomic_store_explicit(&keyring->fetched_s, fetched_s, memory_order_release);
    return ZTA_OK;
}

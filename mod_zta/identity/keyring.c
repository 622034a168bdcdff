/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader raises the count of the slot that it believes is current and then looks again. Writer
 * and reader both do "store mine, load the other's" in one total order (seq_cst): either the
 * writer sees the count and leaves the slot alone, or the reader sees that the slot is not current
 * and goes away without having touched what is in it.
 */
#include "mod_zta/identity/keyring.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#define N_SLOTS 4 /* the current one, the one to come, and two that are still read */
#define NONE    UINT32_MAX

struct slot {
    _Alignas(64) _Atomic uint32_t n_readers;
    struct mod_zta_keyset *keyset; /* written while the slot is neither current nor read */
};

struct mod_zta_keyring {
    struct slot slots[N_SLOTS];
    _Alignas(64) _Atomic uint32_t current; /* stored by who replaces */
    _Atomic uint64_t hash;
    _Atomic int64_t fetched_s;
    _Atomic uint64_t generation;
    atomic_flag is_replacing;
    int64_t stale_s;
};

enum zta_status mod_zta_keyring_open(int64_t stale_s, struct mod_zta_keyring **keyring)
{
    size_t size = sizeof(struct mod_zta_keyring);
    struct mod_zta_keyring *opened = aligned_alloc(64, size);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    *opened = (struct mod_zta_keyring){.stale_s = stale_s, .is_replacing = ATOMIC_FLAG_INIT};
    atomic_init(&opened->current, NONE);
    *keyring = opened;
    return ZTA_OK;
}

void mod_zta_keyring_close(struct mod_zta_keyring **keyring)
{
    if (*keyring == NULL) {
        return;
    }
    for (size_t i = 0; i < N_SLOTS; i++) {
        mod_zta_keyset_close(&(*keyring)->slots[i].keyset);
    }
    free(*keyring);
    *keyring = NULL;
}

static bool is_stale(const struct mod_zta_keyring *keyring, int64_t now_s)
{
    int64_t fetched_s = atomic_load_explicit(&keyring->fetched_s, memory_order_acquire);
    return keyring->stale_s > 0 && now_s - fetched_s > keyring->stale_s;
}

enum zta_status mod_zta_keyring_acquire(struct mod_zta_keyring *keyring, int64_t now_s,
                                        struct mod_zta_held_keys *held)
{
    uint32_t current = keyring == NULL ? NONE : atomic_load(&keyring->current);
    if (current == NONE) {
        return ZTA_NOT_FOUND;
    }
    if (is_stale(keyring, now_s)) {
        return ZTA_EXPIRED;
    }
    for (;;) {
        struct slot *slot = &keyring->slots[current];
        atomic_fetch_add(&slot->n_readers, 1);
        uint32_t again = atomic_load(&keyring->current);
        if (again == current) {
            *held = (struct mod_zta_held_keys){.keyset = slot->keyset, .slot = current};
            return ZTA_OK;
        }
        atomic_fetch_sub(&slot->n_readers, 1);
        current = again;
    }
}

void mod_zta_keyring_release(struct mod_zta_keyring *keyring, struct mod_zta_held_keys *held)
{
    if (held->keyset != NULL) {
        held->keyset = NULL;
        atomic_fetch_sub(&keyring->slots[held->slot].n_readers, 1);
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
    return !atomic_flag_test_and_set_explicit(&keyring->is_replacing, memory_order_acquire);
}

void mod_zta_keyring_end(struct mod_zta_keyring *keyring)
{
    atomic_flag_clear_explicit(&keyring->is_replacing, memory_order_release);
}

/* NULL: all are current or read. */
static struct slot *find_unread(struct mod_zta_keyring *keyring, uint32_t current, uint32_t *index)
{
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        if (i != current && atomic_load(&keyring->slots[i].n_readers) == 0) {
            *index = i;
            return &keyring->slots[i];
        }
    }
    return NULL;
}

enum zta_status mod_zta_keyring_replace(struct mod_zta_keyring *keyring,
                                        struct mod_zta_keyset **keyset, int64_t fetched_s)
{
    uint32_t current = atomic_load(&keyring->current);
    uint64_t hash = mod_zta_keyset_hash(*keyset);
    if (current != NONE && mod_zta_keyset_hash(keyring->slots[current].keyset) == hash) {
        mod_zta_keyset_close(keyset);
        atomic_store_explicit(&keyring->fetched_s, fetched_s, memory_order_release);
        return ZTA_OK;
    }
    uint32_t index;
    struct slot *slot = find_unread(keyring, current, &index);
    if (slot == NULL) {
        return ZTA_BUSY;
    }
    mod_zta_keyset_close(&slot->keyset);
    slot->keyset = *keyset;
    *keyset = NULL;
    atomic_store(&keyring->current, index);
    atomic_store_explicit(&keyring->hash, hash, memory_order_release);
    /* Age last: keys that were too old must not serve for a moment as if they were these. */
    atomic_store_explicit(&keyring->fetched_s, fetched_s, memory_order_release);
    return ZTA_OK;
}

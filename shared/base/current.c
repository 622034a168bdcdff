/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader raises the count of the slot that it believes is current and then looks again. Writer
 * and reader both do "store mine, load the other's" in one total order (seq_cst): either the
 * writer sees the count and leaves the slot alone, or the reader sees that the slot is not current
 * and goes away without having touched what is in it.
 */
#include "shared/base/current.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#define N_SLOTS 4 /* the current one, the one to come, and two that are still read */
#define NONE    UINT32_MAX

struct slot {
    _Alignas(64) _Atomic uint32_t n_readers;
    void *value; /* written while the slot is neither current nor read */
};

struct zta_current {
    struct slot slots[N_SLOTS];
    _Alignas(64) _Atomic uint32_t current; /* stored by who replaces */
    atomic_flag is_replacing;
    void (*close)(void *value);
};

enum zta_status zta_current_open(void (*close)(void *value), struct zta_current **current)
{
    struct zta_current *opened = aligned_alloc(64, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    *opened = (struct zta_current){.close = close, .is_replacing = ATOMIC_FLAG_INIT};
    atomic_init(&opened->current, NONE);
    *current = opened;
    return ZTA_OK;
}

static void empty(const struct zta_current *current, struct slot *slot)
{
    if (slot->value != NULL) {
        current->close(slot->value);
        slot->value = NULL;
    }
}

void zta_current_close(struct zta_current **current)
{
    if (*current == NULL) {
        return;
    }
    for (size_t i = 0; i < N_SLOTS; i++) {
        empty(*current, &(*current)->slots[i]);
    }
    free(*current);
    *current = NULL;
}

bool zta_current_has(const struct zta_current *current)
{
    return atomic_load(&current->current) != NONE;
}

bool zta_current_acquire(struct zta_current *current, struct zta_held *held)
{
    uint32_t index = atomic_load(&current->current);
    while (index != NONE) {
        struct slot *slot = &current->slots[index];
        atomic_fetch_add(&slot->n_readers, 1);
        uint32_t again = atomic_load(&current->current);
        if (again == index) {
            *held = (struct zta_held){.value = slot->value, .slot = index};
            return true;
        }
        atomic_fetch_sub(&slot->n_readers, 1);
        index = again;
    }
    return false;
}

void zta_current_release(struct zta_current *current, struct zta_held *held)
{
    held->value = NULL;
    atomic_fetch_sub(&current->slots[held->slot].n_readers, 1);
}

bool zta_current_begin(struct zta_current *current)
{
    return !atomic_flag_test_and_set_explicit(&current->is_replacing, memory_order_acquire);
}

void zta_current_end(struct zta_current *current)
{
    atomic_flag_clear_explicit(&current->is_replacing, memory_order_release);
}

void *zta_current_value(const struct zta_current *current)
{
    uint32_t index = atomic_load(&current->current);
    return index == NONE ? NULL : current->slots[index].value;
}

enum zta_status zta_current_replace(struct zta_current *current, void *value)
{
    uint32_t index = atomic_load(&current->current);
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &current->slots[i];
        if (i != index && atomic_load(&slot->n_readers) == 0) {
            empty(current, slot);
            slot->value = value;
            atomic_store(&current->current, i);
            return ZTA_OK;
        }
    }
    return ZTA_BUSY;
}

bool zta_current_tidy(struct zta_current *current)
{
    bool is_tidy = true;
    uint32_t index = atomic_load(&current->current);
    for (uint32_t i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &current->slots[i];
        if (i != index && atomic_load(&slot->n_readers) == 0) {
            empty(current, slot);
        }
        is_tidy = is_tidy && (i == index || slot->value == NULL);
    }
    return is_tidy;
}

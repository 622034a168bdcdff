/* SPDX-License-Identifier: Apache-2.0 */
/* Lists by thread, each under its own lock; a held entry stays where it is until it is let go. */
#include "mod_zta/open/registry.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

/* More than threads that begin requests at the same moment: each has mostly its own. */
#define LISTS 64

struct list {
    _Alignas(128) pthread_mutex_t lock; /* no two in one cache line, nor in a pair of them */
    pthread_cond_t let_go;
    struct mod_zta_open *first;
};

#define LIST                                                                                       \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .let_go = PTHREAD_COND_INITIALIZER, .first = NULL       \
    }
#define LISTS_4  LIST, LIST, LIST, LIST
#define LISTS_16 LISTS_4, LISTS_4, LISTS_4, LISTS_4
static struct list lists[LISTS] = {LISTS_16, LISTS_16, LISTS_16, LISTS_16};

/* The list of this thread, counted from 1; 0: not chosen yet. */
static __thread uint32_t own_list;
static _Atomic uint32_t n_threads;

static void lock(struct list *list)
{
    (void)pthread_mutex_lock(&list->lock);
}

static void unlock(struct list *list)
{
    (void)pthread_mutex_unlock(&list->lock);
}

/* With the lock. */
static void wait_until_let_go(struct list *list, struct mod_zta_open *open)
{
    while (atomic_load(&open->is_held)) {
        (void)pthread_cond_wait(&list->let_go, &list->lock);
    }
}

void mod_zta_open_begin(struct mod_zta_open *open)
{
    if (own_list == 0) {
        own_list = atomic_fetch_add(&n_threads, 1) % LISTS + 1;
    }
    open->list = own_list - 1;
    struct list *list = &lists[open->list];
    open->is_listed = true;
    open->previous = NULL;
    lock(list);
    open->next = list->first;
    if (open->next != NULL) {
        open->next->previous = open;
    }
    list->first = open;
    unlock(list);
}

void mod_zta_open_end(struct mod_zta_open *open)
{
    if (!open->is_listed) {
        return;
    }
    struct list *list = &lists[open->list];
    lock(list);
    wait_until_let_go(list, open);
    if (open->previous != NULL) {
        open->previous->next = open->next;
    }
    else {
        list->first = open->next;
    }
    if (open->next != NULL) {
        open->next->previous = open->previous;
    }
    unlock(list);
    open->is_listed = false;
}

void mod_zta_open_origin_set(struct mod_zta_open *open, const struct mod_zta_socket *origin)
{
    atomic_store_explicit(&open->origin, origin, memory_order_release);
}

/*
 * Either the cutter, which says that it holds before it looks, sees the socket gone, or it is seen
 * holding here: both in the one order of sequentially consistent operations.
 */
void mod_zta_open_origin_clear(struct mod_zta_open *open)
{
    (void)atomic_exchange(&open->origin, NULL);
    if (atomic_load(&open->is_held)) {
        struct list *list = &lists[open->list];
        lock(list);
        wait_until_let_go(list, open);
        unlock(list);
    }
}

void mod_zta_open_each(mod_zta_open_fn fn, void *context)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct list *list = &lists[i];
        lock(list);
        for (struct mod_zta_open *open = list->first; open != NULL; open = open->next) {
            atomic_store(&open->is_held, true);
            unlock(list);
            fn(context, open);
            lock(list);
            atomic_store(&open->is_held, false);
            (void)pthread_cond_broadcast(&list->let_go);
        }
        unlock(list);
    }
}

void mod_zta_open_cut(struct mod_zta_open *open, enum zta_reason reason, const char *detail)
{
    if (open->cut == ZTA_REASON_UNJUDGED) {
        open->cut = reason;
        (void)snprintf(open->detail, sizeof(open->detail), "cut: %s", detail);
        if (open->is_over != NULL) {
            atomic_store(open->is_over, true);
        }
    }
    /* The client first: nothing that comes of the other end reaches it. */
    if (open->client != NULL) {
        (void)mod_zta_socket_end(open->client);
    }
    const struct mod_zta_socket *origin = atomic_load(&open->origin);
    if (origin != NULL) {
        (void)mod_zta_socket_end(origin);
    }
}

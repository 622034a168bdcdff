/* SPDX-License-Identifier: Apache-2.0 */
/* Read handles: taken from a mask, renewed for one evaluation, reset or kept, given back. */
#include "shared/store/env_priv.h"
#include "shared/store/records_priv.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "shared/store/recall_priv.h"

#define ALL_VIEWS UINT64_MAX /* a bit a handle */

/*
 * The first free handle from the one of this processor on, whose lines are in its own cache; NULL
 * when none is free.
 */
static struct zta_view *try_take(struct zta_store *store)
{
    unsigned first = (unsigned)sched_getcpu() % ZTA_STORE_VIEWS;
    uint64_t free_views = atomic_load(&store->free_views);
    while (free_views != 0) {
        uint64_t from_first = free_views & UINT64_MAX << first;
        uint64_t view = from_first != 0 ? from_first & -from_first : free_views & -free_views;
        if (atomic_compare_exchange_weak(&store->free_views, &free_views, free_views & ~view)) {
            return &store->views[__builtin_ctzll(view)];
        }
    }
    return NULL;
}

/* Who finds nothing free says so before looking again: who gives back looks after giving back. */
static struct zta_view *take(struct zta_store *store)
{
    struct zta_view *view = try_take(store);
    if (view != NULL) {
        return view;
    }
    (void)atomic_fetch_add(&store->n_waiting, 1);
    while ((view = try_take(store)) == NULL) {
        (void)sem_wait(&store->given_back); /* or a signal handler of the host ran */
    }
    (void)atomic_fetch_sub(&store->n_waiting, 1);
    return view;
}

/* `views` has a bit a handle. Who is woken in vain waits on. */
static void give_back(struct zta_store *store, uint64_t views)
{
    (void)atomic_fetch_or(&store->free_views, views);
    unsigned n_waiting = atomic_load(&store->n_waiting);
    for (uint64_t given = views; given != 0 && n_waiting > 0; given &= given - 1, n_waiting--) {
        (void)sem_post(&store->given_back);
    }
}

static uint64_t last_txn(MDB_env *mdb)
{
    MDB_envinfo info;
    return mdb_env_info(mdb, &info) == 0 ? info.me_last_txnid : 0;
}

static void drop(struct zta_view *view, enum zta_env_id id)
{
    if (view->has_snapshot[id]) {
        mdb_txn_reset(view->txn[id]);
        view->has_snapshot[id] = false;
    }
}

/*
 * LMDB takes the snapshot's number from the lock file, which httpd's user can write, and trusts it.
 * The meta pages are the owner's alone: a number outside what they allow was forged to show an
 * older snapshot. One behind is what a commit looks like between its meta page and its
 * announcement.
 */
static int renew(struct zta_view *view, enum zta_env_id id)
{
    MDB_env *mdb = view->store->env[id].mdb;
    uint64_t earliest = last_txn(mdb);
    if (view->has_snapshot[id] && mdb_txn_id(view->txn[id]) == earliest) {
        return 0;
    }
    drop(view, id);
    int rc = view->txn[id] != NULL ? mdb_txn_renew(view->txn[id])
                                   : mdb_txn_begin(mdb, NULL, MDB_RDONLY, &view->txn[id]);
    if (rc == MDB_READERS_FULL && view->txn[id] == NULL) {
        int n_cleared;
        rc = mdb_reader_check(mdb, &n_cleared);
        if (rc == 0) {
            rc = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &view->txn[id]);
        }
    }
    if (rc == 0) {
        uint64_t number = mdb_txn_id(view->txn[id]);
        view->has_snapshot[id] = true;
        if (number + 1 < earliest || number > last_txn(mdb)) {
            drop(view, id);
            rc = MDB_INVALID;
        }
    }
    return rc;
}

/* Renews both or none. *resized is the environment that another process made larger. */
static enum zta_status start(struct zta_view *view, enum zta_env_id *resized)
{
    int rc = renew(view, ZTA_ENV_POLICY);
    if (rc != 0) {
        *resized = rc == MDB_MAP_RESIZED ? ZTA_ENV_POLICY : ZTA_N_ENVS;
        return zta_env_status(rc);
    }
    rc = renew(view, ZTA_ENV_STATE);
    if (rc != 0) {
        drop(view, ZTA_ENV_POLICY);
        *resized = rc == MDB_MAP_RESIZED ? ZTA_ENV_STATE : ZTA_N_ENVS;
    }
    return zta_env_status(rc);
}

enum zta_status zta_view_begin(struct zta_store *store, struct zta_view **view)
{
    /* A store can grow twice in a row, once for each environment; more is no honest growth. */
    enum zta_status status = ZTA_IO;
    for (int attempt = 0; attempt <= ZTA_N_ENVS; attempt++) {
        struct zta_view *taken = take(store);
        enum zta_env_id resized = ZTA_N_ENVS;
        status = start(taken, &resized);
        if (status == ZTA_OK) {
            zta_recall_begin(taken);
            *view = taken;
            return ZTA_OK;
        }
        give_back(store, UINT64_C(1) << taken->index);
        if (resized == ZTA_N_ENVS) {
            return status == ZTA_NOT_FOUND ? ZTA_IO : status;
        }
        status = zta_env_adopt_size(store, resized);
        if (status != ZTA_OK) {
            return status;
        }
    }
    return status;
}

void zta_view_end(struct zta_view **view)
{
    struct zta_view *ending = *view;
    if (ending == NULL) {
        return;
    }
    *view = NULL;
    if (!atomic_load_explicit(&ending->store->keeps_snapshots, memory_order_relaxed)) {
        drop(ending, ZTA_ENV_POLICY);
        drop(ending, ZTA_ENV_STATE);
    }
    give_back(ending->store, UINT64_C(1) << ending->index);
}

void zta_store_keep_snapshots(struct zta_store *store)
{
    atomic_store(&store->keeps_snapshots, true);
}

void zta_store_let_go(struct zta_store *store)
{
    for (unsigned i = 0; i < ZTA_STORE_VIEWS; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        if ((atomic_fetch_and(&store->free_views, ~bit) & bit) == 0) {
            continue; /* in use: its own view looks when it begins */
        }
        struct zta_view *view = &store->views[i];
        for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
            if (view->has_snapshot[id] &&
                mdb_txn_id(view->txn[id]) != last_txn(store->env[id].mdb)) {
                drop(view, id);
            }
        }
        give_back(store, bit);
    }
}

/* Takes every handle that comes free until it has all, or until the deadline; returns them. */
static uint64_t drain(struct zta_store *store)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += ZTA_STORE_WRITER_WAIT_MS / 1000;
    (void)atomic_fetch_add(&store->n_waiting, 1);
    uint64_t taken = atomic_exchange(&store->free_views, 0);
    while (taken != ALL_VIEWS &&
           (sem_timedwait(&store->given_back, &deadline) == 0 || errno == EINTR)) {
        taken |= atomic_exchange(&store->free_views, 0);
    }
    (void)atomic_fetch_sub(&store->n_waiting, 1);
    return taken;
}

enum zta_status zta_env_adopt_size(struct zta_store *store, enum zta_env_id env)
{
    (void)pthread_mutex_lock(&store->resize);
    uint64_t taken = drain(store);
    enum zta_status status = ZTA_BUSY;
    if (taken == ALL_VIEWS) {
        for (unsigned i = 0; i < ZTA_STORE_VIEWS; i++) {
            drop(&store->views[i], env); /* LMDB moves its map: nobody may look at it */
        }
        status = zta_env_status(mdb_env_set_mapsize(store->env[env].mdb, 0));
    }
    give_back(store, taken);
    (void)pthread_mutex_unlock(&store->resize);
    return status;
}

const uint8_t *zta_view_origin(const struct zta_view *view)
{
    return view->store->origin;
}

uint64_t zta_view_policy_txn(const struct zta_view *view)
{
    return mdb_txn_id(view->txn[ZTA_ENV_POLICY]);
}

uint64_t zta_view_state_txn(const struct zta_view *view)
{
    return mdb_txn_id(view->txn[ZTA_ENV_STATE]);
}

enum zta_status zta_view_head(struct zta_view *view, const struct zta_head **head)
{
    uint64_t txn = zta_view_policy_txn(view);
    if (view->head_txn != txn) {
        struct zta_blob record;
        enum zta_status status = zta_view_get(
            view, ZTA_TABLE_POLICY_META, ZTA_BLOB(ZTA_HEAD_KEY, strlen(ZTA_HEAD_KEY)), &record);
        if (status == ZTA_OK) {
            status = zta_head_decode(record, &view->head);
        }
        if (status != ZTA_OK) {
            view->head_txn = 0;
            return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
        }
        view->head_txn = txn;
    }
    *head = &view->head;
    return ZTA_OK;
}

enum zta_status zta_view_generations(struct zta_view *view, struct zta_generations *generations)
{
    const struct zta_head *head;
    enum zta_status status = zta_view_head(view, &head);
    if (status == ZTA_OK) {
        *generations = head->generations;
    }
    return status;
}

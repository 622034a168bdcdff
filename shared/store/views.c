/* SPDX-License-Identifier: Apache-2.0 */
/* Read handles: taken from a mask, renewed for one evaluation, reset, given back. */
#include "shared/store/env_priv.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Waits for a free handle; one is there for each count of the semaphore. */
static struct zta_view *take(struct zta_store *store)
{
    while (sem_wait(&store->n_free_views) != 0) {
        /* EINTR: a signal handler of the host ran */
    }
    uint64_t free_views = atomic_load_explicit(&store->free_views, memory_order_relaxed);
    unsigned index;
    do {
        index = (unsigned)__builtin_ctzll(free_views);
    } while (!atomic_compare_exchange_weak_explicit(&store->free_views, &free_views,
                                                    free_views & ~(UINT64_C(1) << index),
                                                    memory_order_acquire, memory_order_relaxed));
    return &store->views[index];
}

static void give_back(struct zta_view *view)
{
    struct zta_store *store = view->store;
    (void)atomic_fetch_or_explicit(&store->free_views, UINT64_C(1) << view->index,
                                   memory_order_release);
    (void)sem_post(&store->n_free_views);
}

static uint64_t last_txn(MDB_env *mdb)
{
    MDB_envinfo info;
    return mdb_env_info(mdb, &info) == 0 ? info.me_last_txnid : 0;
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
        if (number + 1 < earliest || number > last_txn(mdb)) {
            mdb_txn_reset(view->txn[id]);
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
        mdb_txn_reset(view->txn[ZTA_ENV_POLICY]);
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
            *view = taken;
            return ZTA_OK;
        }
        give_back(taken);
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
    for (size_t env = 0; env < ZTA_N_ENVS; env++) {
        mdb_txn_reset(ending->txn[env]);
    }
    give_back(ending);
}

/* Takes up to n counts of the semaphore until the deadline; returns how many. */
static unsigned drain(struct zta_store *store, unsigned n)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += ZTA_STORE_WRITER_WAIT_MS / 1000;
    unsigned taken = 0;
    while (taken < n) {
        if (sem_timedwait(&store->n_free_views, &deadline) == 0) {
            taken++;
        }
        else if (errno != EINTR) {
            break;
        }
    }
    return taken;
}

enum zta_status zta_env_adopt_size(struct zta_store *store, enum zta_env_id env)
{
    (void)pthread_mutex_lock(&store->resize);
    unsigned taken = drain(store, ZTA_STORE_VIEWS);
    enum zta_status status = ZTA_BUSY;
    if (taken == ZTA_STORE_VIEWS) {
        status = zta_env_status(mdb_env_set_mapsize(store->env[env].mdb, 0));
    }
    for (; taken > 0; taken--) {
        (void)sem_post(&store->n_free_views);
    }
    (void)pthread_mutex_unlock(&store->resize);
    return status;
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

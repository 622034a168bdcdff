/* SPDX-License-Identifier: Apache-2.0 */
/* Get, put and walk on a named table: LMDB's values and codes become ours here. */
#include <string.h>

#include "shared/store/env_priv.h"

/* LMDB takes keys and values as plain pointers and only reads them. */
static MDB_val to_val(struct zta_blob blob)
{
    return (MDB_val){.mv_data = (void *)(uintptr_t)blob.data, .mv_size = blob.size};
}

static struct zta_blob from_val(MDB_val val)
{
    return (struct zta_blob){.data = val.mv_data, .size = val.mv_size};
}

static enum zta_status get(MDB_txn *txn, MDB_dbi dbi, struct zta_blob key, struct zta_blob *value)
{
    if (dbi == ZTA_NO_TABLE) {
        return ZTA_NOT_FOUND;
    }
    MDB_val wanted = to_val(key);
    MDB_val found;
    enum zta_status status = zta_env_status(mdb_get(txn, dbi, &wanted, &found));
    if (status == ZTA_OK) {
        *value = from_val(found);
    }
    return status;
}

enum zta_status zta_view_get(struct zta_view *view, enum zta_table table, struct zta_blob key,
                             struct zta_blob *value)
{
    return get(view->txn[zta_table_env(table)], view->store->dbi[table], key, value);
}

/* A change sees and writes its own environment; another one's table is a caller's mistake. */
static bool is_own(const struct zta_change *change, enum zta_table table)
{
    return zta_table_env(table) == change->env;
}

enum zta_status zta_change_get(struct zta_change *change, enum zta_table table, struct zta_blob key,
                               struct zta_blob *value)
{
    if (!is_own(change, table)) {
        return ZTA_FORBIDDEN;
    }
    return get(change->txn, change->store->dbi[table], key, value);
}

enum zta_status zta_view_table_size(struct zta_view *view, enum zta_table table, uint64_t *n,
                                    uint64_t *bytes)
{
    if (view->store->dbi[table] == ZTA_NO_TABLE) {
        *n = 0;
        *bytes = 0;
        return ZTA_OK;
    }
    MDB_stat stat;
    int rc = mdb_stat(view->txn[zta_table_env(table)], view->store->dbi[table], &stat);
    if (rc == 0) {
        *n = stat.ms_entries;
        *bytes = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
                 (uint64_t)stat.ms_psize;
    }
    return zta_env_status(rc);
}

/* The first failed write decides: what came after it must not be committed without it. */
static enum zta_status note(struct zta_change *change, int rc)
{
    enum zta_status status = zta_env_status(rc);
    if (rc != 0 && rc != MDB_NOTFOUND && rc != MDB_KEYEXIST && change->failure == ZTA_OK) {
        change->failure = status;
    }
    return status;
}

static enum zta_status put(struct zta_change *change, enum zta_table table, struct zta_blob key,
                           struct zta_blob value, unsigned flags)
{
    if (!is_own(change, table) || change->store->dbi[table] == ZTA_NO_TABLE) {
        return ZTA_FORBIDDEN;
    }
    MDB_val where = to_val(key);
    MDB_val what = to_val(value);
    return note(change, mdb_put(change->txn, change->store->dbi[table], &where, &what, flags));
}

enum zta_status zta_change_put(struct zta_change *change, enum zta_table table, struct zta_blob key,
                               struct zta_blob value)
{
    return put(change, table, key, value, 0);
}

enum zta_status zta_change_append(struct zta_change *change, enum zta_table table,
                                  struct zta_blob key, struct zta_blob value)
{
    return put(change, table, key, value, MDB_APPEND);
}

enum zta_status zta_change_remove(struct zta_change *change, enum zta_table table,
                                  struct zta_blob key)
{
    if (!is_own(change, table) || change->store->dbi[table] == ZTA_NO_TABLE) {
        return ZTA_FORBIDDEN;
    }
    MDB_val where = to_val(key);
    return note(change, mdb_del(change->txn, change->store->dbi[table], &where, NULL));
}

enum zta_status zta_change_clear(struct zta_change *change, enum zta_table table)
{
    if (!is_own(change, table)) {
        return ZTA_FORBIDDEN;
    }
    return change->store->dbi[table] == ZTA_NO_TABLE
               ? ZTA_OK
               : note(change, mdb_drop(change->txn, change->store->dbi[table], 0));
}

enum zta_status zta_change_table_count(struct zta_change *change, enum zta_table table, uint64_t *n)
{
    MDB_stat stat = {.ms_entries = 0};
    if (!is_own(change, table)) {
        return ZTA_FORBIDDEN;
    }
    const MDB_dbi dbi = change->store->dbi[table];
    const int rc = dbi == ZTA_NO_TABLE ? 0 : mdb_stat(change->txn, dbi, &stat);
    if (rc == 0) {
        *n = stat.ms_entries;
    }
    return zta_env_status(rc);
}

static enum zta_status begin(MDB_txn *txn, MDB_dbi dbi, struct zta_change *change,
                             struct zta_walk *walk)
{
    if (dbi == ZTA_NO_TABLE) {
        *walk = (struct zta_walk){.cursor = NULL, .change = change};
        return ZTA_OK;
    }
    MDB_cursor *cursor;
    enum zta_status status = zta_env_status(mdb_cursor_open(txn, dbi, &cursor));
    if (status == ZTA_OK) {
        *walk = (struct zta_walk){.cursor = cursor, .change = change};
    }
    return status;
}

enum zta_status zta_walk_begin(struct zta_view *view, enum zta_table table, struct zta_walk *walk)
{
    return begin(view->txn[zta_table_env(table)], view->store->dbi[table], NULL, walk);
}

enum zta_status zta_walk_change(struct zta_change *change, enum zta_table table,
                                struct zta_walk *walk)
{
    if (!is_own(change, table)) {
        return ZTA_FORBIDDEN;
    }
    return begin(change->txn, change->store->dbi[table], change, walk);
}

static enum zta_status step(struct zta_walk *walk, MDB_cursor_op op, MDB_val where,
                            struct zta_blob *key, struct zta_blob *value)
{
    if (walk->cursor == NULL) {
        return ZTA_NOT_FOUND;
    }
    MDB_val what;
    enum zta_status status = zta_env_status(mdb_cursor_get(walk->cursor, &where, &what, op));
    if (status == ZTA_OK) {
        *key = from_val(where);
        *value = from_val(what);
    }
    return status;
}

static enum zta_status move(struct zta_walk *walk, MDB_cursor_op op, struct zta_blob *key,
                            struct zta_blob *value)
{
    return step(walk, op, (MDB_val){.mv_size = 0}, key, value);
}

enum zta_status zta_walk_first(struct zta_walk *walk, struct zta_blob *key, struct zta_blob *value)
{
    return move(walk, MDB_FIRST, key, value);
}

enum zta_status zta_walk_last(struct zta_walk *walk, struct zta_blob *key, struct zta_blob *value)
{
    return move(walk, MDB_LAST, key, value);
}

enum zta_status zta_walk_next(struct zta_walk *walk, struct zta_blob *key, struct zta_blob *value)
{
    return move(walk, MDB_NEXT, key, value);
}

enum zta_status zta_walk_previous(struct zta_walk *walk, struct zta_blob *key,
                                  struct zta_blob *value)
{
    return move(walk, MDB_PREV, key, value);
}

enum zta_status zta_walk_seek(struct zta_walk *walk, struct zta_blob *key, struct zta_blob *value)
{
    return step(walk, MDB_SET_RANGE, to_val(*key), key, value);
}

enum zta_status zta_walk_remove(struct zta_walk *walk)
{
    if (walk->change == NULL || walk->cursor == NULL) {
        return ZTA_FORBIDDEN;
    }
    return note(walk->change, mdb_cursor_del(walk->cursor, 0));
}

void zta_walk_end(struct zta_walk *walk)
{
    if (walk->cursor != NULL) {
        mdb_cursor_close(walk->cursor);
        walk->cursor = NULL;
    }
}

typedef enum zta_status (*step_fn)(struct zta_walk *walk, struct zta_blob *key,
                                   struct zta_blob *value);

static enum zta_status each(struct zta_walk *walk, step_fn first, step_fn next, zta_record_fn fn,
                            void *context)
{
    struct zta_blob key;
    struct zta_blob value;
    bool goes_on = true;
    enum zta_status status = ZTA_OK;
    enum zta_status step_status = first(walk, &key, &value);
    while (step_status == ZTA_OK && status == ZTA_OK && goes_on) {
        status = fn(context, key, value, &goes_on);
        step_status = next(walk, &key, &value);
    }
    zta_walk_end(walk);
    return status != ZTA_OK || step_status == ZTA_NOT_FOUND ? status : step_status;
}

enum zta_status zta_view_each(struct zta_view *view, enum zta_table table, zta_record_fn fn,
                              void *context)
{
    struct zta_walk walk;
    const enum zta_status status = zta_walk_begin(view, table, &walk);
    return status == ZTA_OK ? each(&walk, zta_walk_first, zta_walk_next, fn, context) : status;
}

enum zta_status zta_view_each_back(struct zta_view *view, enum zta_table table, zta_record_fn fn,
                                   void *context)
{
    struct zta_walk walk;
    const enum zta_status status = zta_walk_begin(view, table, &walk);
    return status == ZTA_OK ? each(&walk, zta_walk_last, zta_walk_previous, fn, context) : status;
}

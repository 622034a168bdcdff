/* SPDX-License-Identifier: Apache-2.0 */
/* Get, put and walk on a named table: LMDB's values and codes become ours here. */
#include <string.h>

#include "shared/base/bytes.h"
#include "shared/store/env_priv.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/recall_priv.h"

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

enum zta_status zta_view_look_up(struct zta_view *view, enum zta_table table, struct zta_blob key,
                                 struct zta_blob *value)
{
    return get(view->txn[zta_table_env(table)], view->store->dbi[table], key, value);
}

enum zta_status zta_view_get(struct zta_view *view, enum zta_table table, struct zta_blob key,
                             struct zta_blob *value)
{
    struct zta_recall_question question;
    enum zta_status status;
    if (view->store->recall == NULL || !zta_recall_name(table, key, &question) ||
        !zta_recall_ask(view, table, &question)) {
        return zta_view_look_up(view, table, key, value);
    }
    if (zta_recall_find(view, &question, &status, value)) {
        return status;
    }
    status = zta_view_look_up(view, table, key, value);
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        zta_recall_keep(view, &question, status == ZTA_OK ? *value : ZTA_BLOB(NULL, 0));
    }
    return status;
}

void zta_view_expect(struct zta_view *view, enum zta_table table, struct zta_blob key)
{
    struct zta_recall_question question;
    if (view->store->recall != NULL && zta_recall_name(table, key, &question)) {
        zta_recall_expect(view, &question);
    }
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

bool zta_view_recall(struct zta_view *view, enum zta_table table, struct zta_blob key,
                     struct zta_blob about, void *answer, size_t size)
{
    struct zta_recall_question question;
    struct zta_blob known;
    enum zta_status status;
    if (view->store->recall == NULL || !zta_recall_name_answer(table, key, about, &question) ||
        !zta_recall_ask(view, table, &question) ||
        !zta_recall_find(view, &question, &status, &known) || known.size != size) {
        return false;
    }
    memcpy(answer, known.data, size);
    return true;
}

void zta_view_remember(struct zta_view *view, enum zta_table table, struct zta_blob key,
                       struct zta_blob about, struct zta_blob answer)
{
    struct zta_recall_question question;
    if (view->store->recall != NULL && zta_recall_name_answer(table, key, about, &question) &&
        zta_recall_ask(view, table, &question)) {
        zta_recall_keep(view, &question, answer);
    }
}

struct table_size {
    uint64_t n;
    uint64_t bytes;
};

static enum zta_status measure(struct zta_view *view, enum zta_table table, struct table_size *size)
{
    if (view->store->dbi[table] == ZTA_NO_TABLE) {
        *size = (struct table_size){.n = 0};
        return ZTA_OK;
    }
    MDB_stat stat;
    int rc = mdb_stat(view->txn[zta_table_env(table)], view->store->dbi[table], &stat);
    if (rc == 0) {
        size->n = stat.ms_entries;
        size->bytes = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
                      (uint64_t)stat.ms_psize;
    }
    return zta_env_status(rc);
}

enum zta_status zta_view_table_size(struct zta_view *view, enum zta_table table, uint64_t *n,
                                    uint64_t *bytes)
{
    struct zta_recall_question question;
    struct table_size size;
    struct zta_blob known;
    enum zta_status status;
    zta_recall_name_size(table, &question);
    const bool is_asked = view->store->recall != NULL && zta_recall_ask(view, table, &question);
    if (is_asked && zta_recall_find(view, &question, &status, &known)) {
        memcpy(&size, known.data, sizeof(size));
    }
    else {
        status = measure(view, table, &size);
        if (is_asked && status == ZTA_OK) {
            zta_recall_keep(view, &question, ZTA_BLOB(&size, sizeof(size)));
        }
    }
    if (status == ZTA_OK) {
        *n = size.n;
        *bytes = size.bytes;
    }
    return status;
}

bool zta_view_may_have(struct zta_view *view, enum zta_table table)
{
    const uint64_t txn = mdb_txn_id(view->txn[zta_table_env(table)]);
    uint64_t *looked_at = &view->looked_at[table];
    if (*looked_at >> 1 != txn) {
        uint64_t n;
        uint64_t bytes;
        if (zta_view_table_size(view, table, &n, &bytes) != ZTA_OK) {
            return true;
        }
        *looked_at = txn << 1 | (n > 0);
    }
    return (*looked_at & 1) != 0;
}

/* The first failed write decides: what came after it must not be committed without it. */
static enum zta_status note(struct zta_change *change, int rc)
{
    enum zta_status status = zta_env_status(rc);
    change->is_written = change->is_written || rc == 0;
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
    zta_stamps_touch(change, table, key);
    const enum zta_status status =
        note(change, mdb_put(change->txn, change->store->dbi[table], &where, &what, flags));
    if (status == ZTA_OK) {
        zta_outbox_touch(change, table, key, value);
    }
    return status;
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
    zta_stamps_touch(change, table, key);
    const enum zta_status status =
        note(change, mdb_del(change->txn, change->store->dbi[table], &where, NULL));
    if (status == ZTA_OK) {
        zta_outbox_touch(change, table, key, ZTA_BLOB(NULL, 0));
    }
    return status;
}

enum zta_status zta_change_clear(struct zta_change *change, enum zta_table table)
{
    if (!is_own(change, table)) {
        return ZTA_FORBIDDEN;
    }
    zta_stamps_touch_all(change);
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

/* In *walk stand the table and the change, if any. */
static enum zta_status begin(MDB_txn *txn, MDB_dbi dbi, struct zta_walk *walk)
{
    walk->cursor = NULL;
    return dbi == ZTA_NO_TABLE ? ZTA_OK : zta_env_status(mdb_cursor_open(txn, dbi, &walk->cursor));
}

enum zta_status zta_walk_begin(struct zta_view *view, enum zta_table table, struct zta_walk *walk)
{
    *walk = (struct zta_walk){.table = table};
    return begin(view->txn[zta_table_env(table)], view->store->dbi[table], walk);
}

enum zta_status zta_walk_change(struct zta_change *change, enum zta_table table,
                                struct zta_walk *walk)
{
    if (!is_own(change, table)) {
        return ZTA_FORBIDDEN;
    }
    *walk = (struct zta_walk){.change = change, .table = table};
    return begin(change->txn, change->store->dbi[table], walk);
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
    MDB_val where;
    MDB_val what;
    const int rc = mdb_cursor_get(walk->cursor, &where, &what, MDB_GET_CURRENT);
    if (rc != 0) {
        return note(walk->change, rc);
    }
    zta_stamps_touch(walk->change, walk->table, from_val(where));
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

/* Where a walk begins and how it goes on; from is where a seek begins. */
struct course {
    step_fn first;
    step_fn next;
    struct zta_blob from;
};

static enum zta_status each(struct zta_view *view, enum zta_table table,
                            const struct course *course, zta_record_fn fn, void *context)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, table, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key = course->from;
    struct zta_blob value;
    bool goes_on = true;
    enum zta_status step_status = course->first(&walk, &key, &value);
    while (step_status == ZTA_OK && status == ZTA_OK && goes_on) {
        status = fn(context, key, value, &goes_on);
        step_status = goes_on ? course->next(&walk, &key, &value) : ZTA_OK;
    }
    zta_walk_end(&walk);
    return status != ZTA_OK || step_status == ZTA_NOT_FOUND ? status : step_status;
}

enum zta_status zta_view_each(struct zta_view *view, enum zta_table table, zta_record_fn fn,
                              void *context)
{
    const struct course forth = {.first = zta_walk_first, .next = zta_walk_next};
    return each(view, table, &forth, fn, context);
}

enum zta_status zta_view_each_from(struct zta_view *view, enum zta_table table,
                                   struct zta_blob from, zta_record_fn fn, void *context)
{
    const struct course course = {.first = zta_walk_seek, .next = zta_walk_next, .from = from};
    return each(view, table, &course, fn, context);
}

enum zta_status zta_view_each_above(struct zta_view *view, enum zta_table table, uint64_t above,
                                    zta_record_fn fn, void *context)
{
    if (above == UINT64_MAX) {
        return ZTA_OK;
    }
    uint8_t from[sizeof above];
    zta_put_u64(from, above + 1);
    return zta_view_each_from(view, table, ZTA_BLOB(from, sizeof from), fn, context);
}

enum zta_status zta_view_each_back(struct zta_view *view, enum zta_table table, zta_record_fn fn,
                                   void *context)
{
    const struct course back = {.first = zta_walk_last, .next = zta_walk_previous};
    return each(view, table, &back, fn, context);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a topic file needs of the store: get, put and walk on a named table, and policy/'s head
 * record. LMDB's own types stay behind it.
 */
#ifndef ZTA_STORE_TABLES_PRIV_H
#define ZTA_STORE_TABLES_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/env.h"
#include "shared/store/schema.h"

enum zta_env_id {
    ZTA_ENV_POLICY = 0,
    ZTA_ENV_STATE,
    ZTA_N_ENVS
};

enum zta_table {
#define ZTA_TABLE(env, name, text) ZTA_TABLE_##name,
#include "shared/store/tables.def"
    ZTA_N_TABLES
};

enum zta_env_id zta_table_env(enum zta_table table);
const char *zta_table_name(enum zta_table table);
/* "policy" and "state": the folder's name. */
const char *zta_env_name(enum zta_env_id env);

/* Key or value. What a get or walk returns points into the map: good until the view or change ends,
 * in a change only until its next put or remove. */
struct zta_blob {
    const void *data;
    size_t size;
};

#define ZTA_BLOB(bytes, n) ((struct zta_blob){.data = (bytes), .size = (n)})

/* Counters and clock of policy/ (schema.h, "head"): of each view, written by each change. */
struct zta_head {
    struct zta_generations generations;
    int64_t clock_ns;
    uint64_t n_revocations[ZTA_HEAD_REVOCATION_KINDS]; /* by stored kind, from 0 */
    uint64_t n_blocks[ZTA_HEAD_BLOCK_KINDS];
};

/* ---- reading: ZTA_NOT_FOUND only when the table has no such key ---- */
enum zta_status zta_view_get(struct zta_view *view, enum zta_table table, struct zta_blob key,
                             struct zta_blob *value) ZTA_MUST_CHECK;
enum zta_status zta_change_get(struct zta_change *change, enum zta_table table, struct zta_blob key,
                               struct zta_blob *value) ZTA_MUST_CHECK;
/*
 * An answer that a topic made of the record with this key alone, or of its absence, and of what
 * was asked about it, which is not empty: remembered until somebody may have written to the key.
 */
bool zta_view_recall(struct zta_view *view, enum zta_table table, struct zta_blob key,
                     struct zta_blob about, void *answer, size_t size);
void zta_view_remember(struct zta_view *view, enum zta_table table, struct zta_blob key,
                       struct zta_blob about, struct zta_blob answer);
/* Records of a table, and bytes of the pages they take. */
enum zta_status zta_view_table_size(struct zta_view *view, enum zta_table table, uint64_t *n,
                                    uint64_t *bytes) ZTA_MUST_CHECK;
/* False: a table has no record. A record that will be asked for soon: it is fetched meanwhile. */
bool zta_view_may_have(struct zta_view *view, enum zta_table table);
void zta_view_expect(struct zta_view *view, enum zta_table table, struct zta_blob key);
enum zta_status zta_view_head(struct zta_view *view, const struct zta_head **head) ZTA_MUST_CHECK;

/* ---- writing ---- */
/* Adds or replaces. ZTA_FULL: no room in map, transaction or disk. */
enum zta_status zta_change_put(struct zta_change *change, enum zta_table table, struct zta_blob key,
                               struct zta_blob value) ZTA_MUST_CHECK;
/* The key sorts behind all others of the table (filled pages stay full); else ZTA_EXISTS. */
enum zta_status zta_change_append(struct zta_change *change, enum zta_table table,
                                  struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_change_remove(struct zta_change *change, enum zta_table table,
                                  struct zta_blob key) ZTA_MUST_CHECK;
/* Removes every record of the table. */
enum zta_status zta_change_clear(struct zta_change *change, enum zta_table table) ZTA_MUST_CHECK;
enum zta_status zta_change_table_count(struct zta_change *change, enum zta_table table,
                                       uint64_t *n) ZTA_MUST_CHECK;
/* For counting up in place: what commit writes to policy/'s head record. */
struct zta_head *zta_change_head(struct zta_change *change);
/* Real time raised above every earlier answer of this store (policy/ only). */
int64_t zta_change_clock_ns(struct zta_change *change);
const uint8_t *zta_change_origin(const struct zta_change *change);

/* ---- walking ---- */
/*
 * A cursor on one table. Each step returns ZTA_NOT_FOUND at the end and then stays there. Always
 * ended before its view or change. Allocates, so not for the request path.
 */
struct zta_walk {
    struct MDB_cursor *cursor; /* NULL: the store lacks the table, it reads as empty */
    struct zta_change *change; /* NULL: reading only */
    enum zta_table table;
};
enum zta_status zta_walk_begin(struct zta_view *view, enum zta_table table,
                               struct zta_walk *walk) ZTA_MUST_CHECK;
enum zta_status zta_walk_change(struct zta_change *change, enum zta_table table,
                                struct zta_walk *walk) ZTA_MUST_CHECK;
enum zta_status zta_walk_first(struct zta_walk *walk, struct zta_blob *key,
                               struct zta_blob *value) ZTA_MUST_CHECK;
enum zta_status zta_walk_last(struct zta_walk *walk, struct zta_blob *key,
                              struct zta_blob *value) ZTA_MUST_CHECK;
enum zta_status zta_walk_next(struct zta_walk *walk, struct zta_blob *key,
                              struct zta_blob *value) ZTA_MUST_CHECK;
enum zta_status zta_walk_previous(struct zta_walk *walk, struct zta_blob *key,
                                  struct zta_blob *value) ZTA_MUST_CHECK;
/* To the first key >= *key, which is replaced by the one found. */
enum zta_status zta_walk_seek(struct zta_walk *walk, struct zta_blob *key,
                              struct zta_blob *value) ZTA_MUST_CHECK;
/* Removes the record the walk stands on; zta_walk_next goes on behind it. Changes only. */
enum zta_status zta_walk_remove(struct zta_walk *walk) ZTA_MUST_CHECK;
void zta_walk_end(struct zta_walk *walk);

/* What a topic does with each record of a table; clearing *goes_on ends the walk. */
typedef enum zta_status (*zta_record_fn)(void *context, struct zta_blob key, struct zta_blob value,
                                         bool *goes_on);
/* All records in the order of keys. ZTA_OK for an empty table; a record's failure ends the walk. */
enum zta_status zta_view_each(struct zta_view *view, enum zta_table table, zta_record_fn fn,
                              void *context) ZTA_MUST_CHECK;
/* The same from the first key >= from on. */
enum zta_status zta_view_each_from(struct zta_view *view, enum zta_table table,
                                   struct zta_blob from, zta_record_fn fn,
                                   void *context) ZTA_MUST_CHECK;
/* The same of a table whose keys are numbers (u64, big-endian): of those above that one alone. */
enum zta_status zta_view_each_above(struct zta_view *view, enum zta_table table, uint64_t above,
                                    zta_record_fn fn, void *context) ZTA_MUST_CHECK;
/* The same as zta_view_each from the last key to the first. */
enum zta_status zta_view_each_back(struct zta_view *view, enum zta_table table, zta_record_fn fn,
                                   void *context) ZTA_MUST_CHECK;

#endif

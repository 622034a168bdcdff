/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share: the layout of a store handle, and get, put and walk on a
 * named table. Topic files use the functions; only env, views, changes and tables touch LMDB itself.
 */
#ifndef ZTA_STORE_ENV_PRIV_H
#define ZTA_STORE_ENV_PRIV_H

#include <lmdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shared/base/bytes.h"
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
#undef ZTA_TABLE
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

/* Counters and clock of policy/ (schema.h, "head"): read with each view, written with each change. */
struct zta_head {
    struct zta_generations generations;
    int64_t clock_ns;
    uint64_t n_revocations[ZTA_HEAD_REVOCATION_KINDS]; /* by stored kind, from 0 */
    uint64_t n_blocks[ZTA_HEAD_BLOCK_KINDS];
};

struct zta_env {
    MDB_env *mdb;
    bool is_writable;
    /* Of the files as they were opened; health compares. */
    struct stat data;
    struct stat lock;
};

struct zta_view {
    struct zta_store *store;
    MDB_txn *txn[ZTA_N_ENVS]; /* begun by the first use of the handle, then reset and renewed */
    struct zta_head head;     /* as of head_txn; 0: none */
    uint64_t head_txn;
    unsigned index;
};

struct zta_store {
    enum zta_store_role role;
    char *dir;
    struct zta_store_owners owners;
    struct zta_env env[ZTA_N_ENVS];
    MDB_dbi dbi[ZTA_N_TABLES];
    uint8_t origin[ZTA_STORE_ORIGIN_SIZE];
    struct zta_view views[ZTA_STORE_VIEWS];
    _Atomic uint64_t free_views; /* a bit a handle */
    sem_t n_free_views;          /* never more than bits in free_views */
    pthread_mutex_t resize;      /* held by the one thread that drains the handles */
};

struct zta_change {
    struct zta_store *store;
    enum zta_env_id env;
    MDB_txn *txn;
    int lock_fd;
    sigset_t former_signals;
    struct zta_head head; /* policy/ only */
    bool is_head_changed;
    enum zta_status failure; /* the first failed write: such a change is never committed */
};

/* ---- reading: ZTA_NOT_FOUND only when the table has no such key ---- */
enum zta_status zta_view_get(struct zta_view *view, enum zta_table table, struct zta_blob key,
                             struct zta_blob *value) ZTA_MUST_CHECK;
enum zta_status zta_change_get(struct zta_change *change, enum zta_table table, struct zta_blob key,
                               struct zta_blob *value) ZTA_MUST_CHECK;
/* Records of a table, and bytes of the pages they take. */
enum zta_status zta_view_table_size(struct zta_view *view, enum zta_table table, uint64_t *n,
                                    uint64_t *bytes) ZTA_MUST_CHECK;
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
    MDB_cursor *cursor;
    struct zta_change *change; /* NULL: reading only */
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

/* ---- between env, views, changes, check and backup ---- */
/* The status of an LMDB or errno code; code 0 is ZTA_OK. */
enum zta_status zta_env_status(int code);
/* Fills *error with "what: LMDB's text" and what to do about it. */
enum zta_status zta_env_failed(struct zta_error *error, int code, const char *what);
/* Opens one environment at path with its tables' handles; on failure nothing stays open. */
struct zta_env_options {
    enum zta_env_id env;
    bool is_creating; /* init: the tables are made */
    unsigned mdb_flags;
    uint64_t map_size; /* 0: as it is */
    const char *label; /* what the message calls it; NULL: the path */
};
enum zta_status zta_env_open(const char *path, const struct zta_env_options *options, MDB_env **mdb,
                             MDB_dbi dbi[ZTA_N_TABLES], struct zta_error *error) ZTA_MUST_CHECK;
/* Adopts a map that another process made larger: waits until no view of this process is active. */
enum zta_status zta_env_adopt_size(struct zta_store *store, enum zta_env_id env) ZTA_MUST_CHECK;
/* Version record of one environment; ZTA_VERSION, ZTA_CORRUPT. */
enum zta_status zta_env_version(MDB_txn *txn, MDB_dbi meta, enum zta_env_id env,
                                uint8_t origin[ZTA_STORE_ORIGIN_SIZE],
                                struct zta_error *error) ZTA_MUST_CHECK;
void zta_head_encode(const struct zta_head *head, uint8_t out[ZTA_HEAD_SIZE]);
enum zta_status zta_head_decode(struct zta_blob record, struct zta_head *head) ZTA_MUST_CHECK;

#endif

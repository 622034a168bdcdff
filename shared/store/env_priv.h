/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of a store handle and what env, views, changes, tables, check and backup share: the
 * files that touch LMDB itself. Topic files need tables_priv.h alone.
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

#include "shared/base/status.h"
#include "shared/store/env.h"
#include "shared/store/schema.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

/* In place of a handle: LMDB's own free list, which is nobody's table. */
#define ZTA_NO_TABLE 0

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
    bool has_snapshot[ZTA_N_ENVS]; /* not reset since */
    struct zta_head head;          /* as of head_txn; 0: none */
    uint64_t head_txn;
    uint64_t looked_at[ZTA_N_TABLES]; /* zta_view_may_have: the transaction << 1 | the answer */
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
    _Atomic unsigned n_waiting;  /* threads that found none free */
    sem_t given_back;            /* posted when one was given back while somebody waited */
    atomic_bool keeps_snapshots; /* of handles that nobody uses */
    pthread_mutex_t resize;      /* held by the one thread that drains the handles */
    struct zta_recall *recall;   /* of one that remembers; else NULL */
};

/* Whether what a change writes is to be told to a fleet; looked up when it first matters. */
enum zta_membership {
    ZTA_MEMBERSHIP_UNKNOWN = 0,
    ZTA_MEMBERSHIP_NONE,
    ZTA_MEMBERSHIP_TELLS,
};

struct zta_change {
    struct zta_store *store;
    enum zta_env_id env;
    MDB_txn *txn;
    int lock_fd;
    sigset_t former_signals;
    struct zta_head head; /* policy/ only */
    bool is_head_changed;
    enum zta_membership membership; /* policy/ only */
    bool is_written;
    uint64_t touched[(ZTA_STAMPS_STRETCHES + 63) / 64]; /* state/ only: a bit a stretch */
    enum zta_status failure; /* the first failed write: such a change is never committed */
};

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
/* zta_view_get, whatever is remembered. */
enum zta_status zta_view_look_up(struct zta_view *view, enum zta_table table, struct zta_blob key,
                                 struct zta_blob *value) ZTA_MUST_CHECK;
/* The transaction that a change will be. */
uint64_t zta_change_txn(const struct zta_change *change);
void zta_head_encode(const struct zta_head *head, uint8_t out[ZTA_HEAD_SIZE]);
enum zta_status zta_head_decode(struct zta_blob record, struct zta_head *head) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: two LMDB environments under one directory. policy/ belongs to the operators and is the
 * only one that can grant; state/ belongs to httpd's user and can only restrict. env.c is the only
 * includer of lmdb.h besides env_priv.h, which the topic files of this folder share.
 *
 * Open after fork, once a process. Every process states its role; a role that may not write an
 * environment opens it MDB_RDONLY.
 */
#ifndef ZTA_STORE_ENV_H
#define ZTA_STORE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/base/status.h"

#define ZTA_STORE_VERSION        1
#define ZTA_STORE_SIZE_DEFAULT   (UINT64_C(8) << 30) /* map size, sparse */
#define ZTA_STORE_READERS        2048
#define ZTA_STORE_VIEWS          64 /* read handles of one process */
#define ZTA_STORE_WRITER_WAIT_MS 2000

/*
 * Two empty files that zta_store_init makes for the helper below the store's folder, because
 * httpd's user may make none there: what its lock stands on, and what holds room for a full disk.
 */
#define ZTA_STORE_OBSERVER_FILE "state/observer.lock"
#define ZTA_STORE_BALLAST_FILE  "state/ballast"

enum zta_store_role {
    ZTA_STORE_CHILD = 0, /* httpd child: reads both */
    ZTA_STORE_HELPER,    /* reads policy/, writes state/ */
    ZTA_STORE_OPERATOR,  /* ztactl as the store's owner: writes policy/, reads state/ */
    ZTA_STORE_READER,    /* ztactl commands that only look: reads both */
};

struct zta_store;

/* One consistent look at both environments; held for one evaluation, never across a wait. */
struct zta_view;
/* One write transaction on policy/ (operator) or state/ (helper). */
struct zta_change;

/* Who owns what; numeric, resolved by the caller. */
struct zta_store_owners {
    uid_t owner; /* policy/ */
    gid_t group; /* both; httpd's user is a member */
    uid_t httpd; /* state/ */
};

/*
 * Creates dir, policy/, state/, both environments, version records and the audit's first entry,
 * with the modes of design section 2. Never follows a symbolic link. ZTA_EXISTS when a store is
 * there. Needs root unless all owners are the caller (then separation is off and status says so).
 */
enum zta_status zta_store_init(const char *dir, const struct zta_store_owners *owners,
                               uint64_t map_size, struct zta_error *error) ZTA_MUST_CHECK;

/*
 * What a cold start and `store check` verify before anything opens the files: every path component
 * below dir is no symbolic link, of the expected type, owner and mode; LMDB's own meta pages and
 * our version records are readable. deep walks every record. The message says what to do.
 */
enum zta_status zta_store_check(const char *dir, bool deep, struct zta_error *error) ZTA_MUST_CHECK;

/* ZTA_NOT_FOUND, ZTA_VERSION, ZTA_CORRUPT, ZTA_FORBIDDEN, ZTA_IO. map_size 0 adopts. */
enum zta_status zta_store_open(const char *dir, enum zta_store_role role, uint64_t map_size,
                               struct zta_store **store, struct zta_error *error) ZTA_MUST_CHECK;
/* False: httpd's role lacks tables of state/, ztactl's of policy/; they read as empty. */
bool zta_store_is_complete(const struct zta_store *store);
/* Makes them where this role writes, before other threads use the handle; others open anew. */
enum zta_status zta_store_complete(struct zta_store *store, struct zta_error *error) ZTA_MUST_CHECK;
void zta_store_close(struct zta_store **store);
const char *zta_store_dir(const struct zta_store *store);
/* True when policy/ and state/ have different owners. */
bool zta_store_is_separated(const struct zta_store *store);

/* Are the data files still those that were opened? ZTA_IO: no, or unreadable. stat(2) only. */
enum zta_status zta_store_health(const struct zta_store *store,
                                 struct zta_error *error) ZTA_MUST_CHECK;

/*
 * Takes a read handle (waits only for another thread of this process to end its evaluation) and
 * renews its transactions. Thread-safe. Pair with zta_view_end, which resets them; everything read
 * through the view is copied by the topic functions, nothing points into the map afterwards.
 */
enum zta_status zta_view_begin(struct zta_store *store, struct zta_view **view) ZTA_MUST_CHECK;
void zta_view_end(struct zta_view **view);
/* LMDB transaction ids of the two snapshots: unchanged ids mean unchanged contents. */
uint64_t zta_view_policy_txn(const struct zta_view *view);
uint64_t zta_view_state_txn(const struct zta_view *view);

/* What of policy/ changed last: counters that only rise; one record, read when the txn moved. */
struct zta_generations {
    uint64_t rules;
    uint64_t keys;
    /* The clock of the change: no restored or other store says the same of other revocations. */
    uint64_t revocations;
    uint64_t blocks;
};
enum zta_status zta_view_generations(struct zta_view *view,
                                     struct zta_generations *generations) ZTA_MUST_CHECK;

/*
 * Begins a write transaction: operators on policy/, the helper on state/. Waits at most
 * ZTA_STORE_WRITER_WAIT_MS for another writer, then ZTA_BUSY names it ("held by ztactl, pid 7").
 * Stop signals (INT TERM HUP QUIT TSTP) of the calling thread are blocked until end. ZTA_FULL when
 * the map is full.
 */
enum zta_status zta_change_begin(struct zta_store *store, const char *purpose,
                                 struct zta_change **change,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* Commits (synced on policy/; on state/ when zta_store_sync follows). The change is gone. */
enum zta_status zta_change_commit(struct zta_change **change,
                                  struct zta_error *error) ZTA_MUST_CHECK;
void zta_change_abort(struct zta_change **change);
enum zta_status zta_store_sync(struct zta_store *store, struct zta_error *error) ZTA_MUST_CHECK;

/* Use of one environment, for quotas and status. Bytes. */
struct zta_store_usage {
    uint64_t map_size;
    uint64_t used;      /* pages in use, free list subtracted */
    uint64_t file_size; /* allocated on disk */
    uint32_t n_readers;
    uint32_t max_readers;
};
enum zta_status zta_store_usage(struct zta_store *store, bool policy,
                                struct zta_store_usage *usage) ZTA_MUST_CHECK;
/* Clears reader slots of dead processes; returns how many. */
int zta_store_clear_dead_readers(struct zta_store *store);

/* Compacting copy of both environments into a new directory (mode 0700). Safe while httpd runs. */
enum zta_status zta_store_backup(struct zta_store *store, const char *to_dir,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Puts a checked backup in place of the store's data files; httpd must be stopped (ZTA_BUSY names
 * the process that has it open). The former files are kept beside as *.before-restore.
 */
enum zta_status zta_store_restore(const char *dir, const char *from_dir,
                                  struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Sees that LMDB's lock files are there with owner and mode and that nobody has them open (ZTA_BUSY
 * names who), so that the next to open them fills them anew. Not while this process has them open.
 */
enum zta_status zta_store_repair_lock(const char *dir, struct zta_error *error) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Write transactions: one writer at a time, waited for in bounded time and known by name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/base/clock.h"
#include "shared/store/env_priv.h"
#include "shared/store/layout_priv.h"
#include "shared/store/recall_priv.h"

/* A holder is done within milliseconds, so asking this often costs nothing and delays no one. */
#define POLL_NS 5000000

/* Bytes: a disk with less room than a large change takes is full. */
#define FULL_BELOW (1 << 20)

static void block_stop_signals(sigset_t *former)
{
    sigset_t stops;
    (void)sigemptyset(&stops);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaddset(&stops, signals[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &stops, former);
}

static enum zta_status say_holder(int fd, struct zta_error *error)
{
    char record[ZTA_HOLDER_SIZE + 1] = "";
    ssize_t n = pread(fd, record, ZTA_HOLDER_SIZE, 0);
    record[n > 0 ? n : 0] = '\0';
    record[strcspn(record, "\n")] = '\0';
    char text[2 * ZTA_HOLDER_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof(text));
    zta_buffer_safe(&buffer, zta_text_of(record));
    return zta_error_set(error, ZTA_BUSY, "the store is being changed: held by %.300s",
                         buffer.len > 0 ? text : "another writer");
}

/* Who holds the lock, for the one who waits. It names and decides nothing, so failures are let be.
 */
static void write_holder(int fd, const char *purpose)
{
    char record[ZTA_HOLDER_SIZE] = "";
    (void)snprintf(record, sizeof(record), "%.40s, pid %ld (%.120s)\n",
                   program_invocation_short_name, (long)getpid(), purpose);
    ssize_t n = pwrite(fd, record, sizeof(record), 0);
    (void)n;
}

/*
 * The queue before LMDB's own mutex: that one can neither be waited for in bounded time nor names
 * its holder, and it lies in a file that httpd's user can write.
 */
static enum zta_status take_writer_lock(struct zta_change *change, const char *purpose,
                                        struct zta_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s/" ZTA_WRITER_FILE, change->store->dir,
                   zta_env_name(change->env));
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return zta_env_failed(error, errno, path) == ZTA_FORBIDDEN ? ZTA_FORBIDDEN : ZTA_IO;
    }
    int64_t deadline_ns =
        zta_clock_monotonic_ns() + ZTA_STORE_WRITER_WAIT_MS * (ZTA_NS_PER_S / 1000);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            enum zta_status status = zta_env_failed(error, errno, path);
            (void)close(fd);
            return status;
        }
        if (zta_clock_monotonic_ns() >= deadline_ns) {
            enum zta_status status = say_holder(fd, error);
            (void)close(fd);
            return status;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    write_holder(fd, purpose);
    change->lock_fd = fd;
    return ZTA_OK;
}

/*
 * LMDB takes the last transaction's number from the lock file. Forged, it would let this change
 * start from an older state and undo what was committed last; no commit is under way here, so the
 * number must be that of the data file.
 */
static enum zta_status begin_txn(struct zta_change *change, struct zta_error *error)
{
    MDB_env *mdb = change->store->env[change->env].mdb;
    int rc = mdb_txn_begin(mdb, NULL, 0, &change->txn);
    if (rc == MDB_MAP_RESIZED) {
        enum zta_status status = zta_env_adopt_size(change->store, change->env);
        if (status != ZTA_OK) {
            return zta_error_set(error, status, "%s/ grew and a reader of this process is active",
                                 zta_env_name(change->env));
        }
        rc = mdb_txn_begin(mdb, NULL, 0, &change->txn);
    }
    MDB_envinfo info;
    if (rc == 0) {
        rc = mdb_env_info(mdb, &info);
    }
    if (rc != 0) {
        return zta_env_failed(error, rc, zta_env_name(change->env));
    }
    if (mdb_txn_id(change->txn) != info.me_last_txnid + 1) {
        return zta_error_set(error, ZTA_CORRUPT,
                             "%s/" ZTA_LOCK_FILE
                             " does not fit its data file: stop httpd, end each "
                             "ztactl and run ztactl store check --repair-lock",
                             zta_env_name(change->env));
    }
    return ZTA_OK;
}

static enum zta_status load_head(struct zta_change *change, struct zta_error *error)
{
    if (change->env != ZTA_ENV_POLICY) {
        return ZTA_OK;
    }
    struct zta_blob record;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_POLICY_META,
                                            ZTA_BLOB(ZTA_HEAD_KEY, strlen(ZTA_HEAD_KEY)), &record);
    if (status == ZTA_OK) {
        status = zta_head_decode(record, &change->head);
    }
    if (status != ZTA_OK) {
        return zta_error_set(error, ZTA_CORRUPT, "policy/ has no readable head record");
    }
    return ZTA_OK;
}

enum zta_status zta_change_begin(struct zta_store *store, const char *purpose,
                                 struct zta_change **change, struct zta_error *error)
{
    enum zta_env_id env = ZTA_ENV_POLICY;
    while (env < ZTA_N_ENVS && !store->env[env].is_writable) {
        env++;
    }
    if (env == ZTA_N_ENVS) {
        return zta_error_set(error, ZTA_FORBIDDEN, "the store is open for reading only");
    }
    struct zta_change *begun = calloc(1, sizeof(*begun));
    if (begun == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for a change");
    }
    *begun = (struct zta_change){.store = store, .env = env, .lock_fd = -1};
    block_stop_signals(&begun->former_signals);
    enum zta_status status = take_writer_lock(begun, purpose, error);
    if (status == ZTA_OK) {
        status = begin_txn(begun, error);
    }
    if (status == ZTA_OK) {
        status = load_head(begun, error);
    }
    if (status != ZTA_OK) {
        zta_change_abort(&begun);
        return status;
    }
    *change = begun;
    return ZTA_OK;
}

/* Ends everything but the transaction, in the reverse order of begin. */
static void release(struct zta_change *change)
{
    if (change->lock_fd >= 0) {
        (void)close(change->lock_fd);
    }
    (void)pthread_sigmask(SIG_SETMASK, &change->former_signals, NULL);
    free(change);
}

void zta_change_abort(struct zta_change **change)
{
    struct zta_change *ending = *change;
    if (ending == NULL) {
        return;
    }
    *change = NULL;
    if (ending->txn != NULL) {
        mdb_txn_abort(ending->txn);
    }
    release(ending);
}

static enum zta_status store_head(struct zta_change *change)
{
    if (!change->is_head_changed) {
        return ZTA_OK;
    }
    uint8_t record[ZTA_HEAD_SIZE];
    zta_head_encode(&change->head, record);
    return zta_change_put(change, ZTA_TABLE_POLICY_META,
                          ZTA_BLOB(ZTA_HEAD_KEY, strlen(ZTA_HEAD_KEY)),
                          ZTA_BLOB(record, sizeof(record)));
}

/* LMDB calls a write that was cut short by a full disk EIO. */
static int commit_code(MDB_env *mdb, int rc)
{
    int fd;
    struct statvfs disk;
    if (rc == EIO && mdb_env_get_fd(mdb, &fd) == 0 && fstatvfs(fd, &disk) == 0 &&
        disk.f_bavail * disk.f_frsize < FULL_BELOW) {
        return ENOSPC;
    }
    return rc;
}

enum zta_status zta_change_commit(struct zta_change **change, struct zta_error *error)
{
    struct zta_change *ending = *change;
    enum zta_status status = ending->failure;
    if (status == ZTA_OK) {
        status = store_head(ending);
    }
    if (status == ZTA_OK) {
        status = zta_stamps_store(ending);
    }
    if (status != ZTA_OK) {
        const char *env = zta_env_name(ending->env);
        zta_change_abort(change);
        return zta_error_set(error, status, "%s/: a part of the change could not be written: %s",
                             env, zta_status_text(status));
    }
    *change = NULL;
    MDB_env *mdb = ending->store->env[ending->env].mdb;
    int rc = commit_code(mdb, mdb_txn_commit(ending->txn));
    if (rc != 0) {
        status = zta_env_failed(error, rc, zta_env_name(ending->env));
    }
    release(ending);
    return status;
}

uint64_t zta_change_txn(const struct zta_change *change)
{
    return mdb_txn_id(change->txn);
}

struct zta_head *zta_change_head(struct zta_change *change)
{
    change->is_head_changed = change->env == ZTA_ENV_POLICY;
    return &change->head;
}

int64_t zta_change_clock_ns(struct zta_change *change)
{
    int64_t now_ns = zta_clock_real_ns();
    if (change->env != ZTA_ENV_POLICY) {
        return now_ns;
    }
    struct zta_head *head = zta_change_head(change);
    head->clock_ns = now_ns > head->clock_ns ? now_ns : head->clock_ns + 1;
    return head->clock_ns;
}

const uint8_t *zta_change_origin(const struct zta_change *change)
{
    return change->store->origin;
}

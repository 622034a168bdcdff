/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the two environments of a store, and asking after their health and size. */
#include "shared/store/env.h"

#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/store/env_priv.h"
#include "shared/store/layout_priv.h"
#include "shared/store/recall_priv.h"

static const struct {
    enum zta_env_id env;
    const char *name;
    bool is_later;
} tables[ZTA_N_TABLES] = {
#define ZTA_TABLE(table_env, table, text)                                                          \
    [ZTA_TABLE_##table] = {.env = ZTA_ENV_##table_env, .name = text},
#define ZTA_LATER_TABLE(table_env, table, text)                                                    \
    [ZTA_TABLE_##table] = {.env = ZTA_ENV_##table_env, .name = text, .is_later = true},
#include "shared/store/tables.def"
};

enum zta_env_id zta_table_env(enum zta_table table)
{
    return tables[table].env;
}

const char *zta_table_name(enum zta_table table)
{
    return tables[table].name;
}

const char *zta_env_name(enum zta_env_id env)
{
    return env == ZTA_ENV_POLICY ? "policy" : "state";
}

enum zta_status zta_env_status(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return ZTA_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return ZTA_NOT_FOUND;
    case MDB_KEYEXIST:
    case EEXIST:
        return ZTA_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_READERS_FULL:
    case ENOSPC:
    case EDQUOT:
        return ZTA_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE: /* the tables' flags are fixed, so these were altered */
    case MDB_CURSOR_FULL:  /* a tree deeper than any */
    case MDB_BAD_TXN:      /* what a read gets after another found a bad page */
        return ZTA_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return ZTA_VERSION;
    case MDB_BAD_VALSIZE:
        return ZTA_TOO_LARGE;
    case EACCES:
    case EPERM:
    case EROFS:
        return ZTA_FORBIDDEN;
    case ENOMEM:
        return ZTA_NO_MEMORY;
    default:
        return ZTA_IO;
    }
}

enum zta_status zta_env_failed(struct zta_error *error, int code, const char *what)
{
    return zta_error_set(error, zta_env_status(code), "%s: %s", what, mdb_strerror(code));
}

static uint64_t get_counter(const uint8_t *record, size_t at, size_t index)
{
    return zta_get_u64(record + at + 8 * index);
}

void zta_head_encode(const struct zta_head *head, uint8_t out[ZTA_HEAD_SIZE])
{
    zta_put_u64(out + ZTA_HEAD_AT_RULES, head->generations.rules);
    zta_put_u64(out + ZTA_HEAD_AT_KEYS, head->generations.keys);
    zta_put_u64(out + ZTA_HEAD_AT_REVOCATIONS, head->generations.revocations);
    zta_put_u64(out + ZTA_HEAD_AT_BLOCKS, head->generations.blocks);
    zta_put_u64(out + ZTA_HEAD_AT_CLOCK, (uint64_t)head->clock_ns);
    for (size_t i = 0; i < ZTA_HEAD_REVOCATION_KINDS; i++) {
        zta_put_u64(out + ZTA_HEAD_AT_N_REVOKED + 8 * i, head->n_revocations[i]);
    }
    for (size_t i = 0; i < ZTA_HEAD_BLOCK_KINDS; i++) {
        zta_put_u64(out + ZTA_HEAD_AT_N_BLOCKS + 8 * i, head->n_blocks[i]);
    }
}

enum zta_status zta_head_decode(struct zta_blob record, struct zta_head *head)
{
    if (record.size != ZTA_HEAD_SIZE) {
        return ZTA_CORRUPT;
    }
    const uint8_t *bytes = record.data;
    *head = (struct zta_head){
        .generations = {.rules = zta_get_u64(bytes + ZTA_HEAD_AT_RULES),
                        .keys = zta_get_u64(bytes + ZTA_HEAD_AT_KEYS),
                        .revocations = zta_get_u64(bytes + ZTA_HEAD_AT_REVOCATIONS),
                        .blocks = zta_get_u64(bytes + ZTA_HEAD_AT_BLOCKS)},
        .clock_ns = (int64_t)zta_get_u64(bytes + ZTA_HEAD_AT_CLOCK),
    };
    for (size_t i = 0; i < ZTA_HEAD_REVOCATION_KINDS; i++) {
        head->n_revocations[i] = get_counter(bytes, ZTA_HEAD_AT_N_REVOKED, i);
    }
    for (size_t i = 0; i < ZTA_HEAD_BLOCK_KINDS; i++) {
        head->n_blocks[i] = get_counter(bytes, ZTA_HEAD_AT_N_BLOCKS, i);
    }
    return ZTA_OK;
}

enum zta_status zta_env_version(MDB_txn *txn, MDB_dbi meta, enum zta_env_id env,
                                uint8_t origin[ZTA_STORE_ORIGIN_SIZE], struct zta_error *error)
{
    MDB_val key = {.mv_data = (void *)(uintptr_t)ZTA_VERSION_KEY,
                   .mv_size = strlen(ZTA_VERSION_KEY)};
    MDB_val value;
    int rc = mdb_get(txn, meta, &key, &value);
    if (rc != 0 && rc != MDB_NOTFOUND) {
        return zta_env_failed(error, rc, "reading the version record");
    }
    const uint8_t *record = rc == 0 ? value.mv_data : NULL;
    if (record == NULL || value.mv_size < ZTA_VERSION_AT_ENV + 1 ||
        memcmp(record + ZTA_VERSION_AT_MAGIC, ZTA_VERSION_MAGIC, strlen(ZTA_VERSION_MAGIC)) != 0 ||
        record[ZTA_VERSION_AT_ENV] != env + 1) {
        return zta_error_set(error, ZTA_CORRUPT,
                             "%s/ has no version record: restore a backup (ztactl store restore)",
                             zta_env_name(env));
    }
    uint32_t format = zta_get_u32(record + ZTA_VERSION_AT_FORMAT);
    if (format != ZTA_STORE_VERSION) {
        return zta_error_set(
            error, ZTA_VERSION, "%s/ has store format %u, this program knows %u: %s",
            zta_env_name(env), (unsigned)format, (unsigned)ZTA_STORE_VERSION,
            format > ZTA_STORE_VERSION ? "install the newer mod_zta"
                                       : "install the mod_zta that made it, or restore a backup");
    }
    if (value.mv_size != ZTA_VERSION_SIZE) {
        return zta_error_set(error, ZTA_CORRUPT, "%s/: the version record has %zu bytes",
                             zta_env_name(env), value.mv_size);
    }
    memcpy(origin, record + ZTA_VERSION_AT_ORIGIN, ZTA_STORE_ORIGIN_SIZE);
    return ZTA_OK;
}

/* All handles in one transaction: a handle must not be opened by two threads at once. */
static int open_tables(MDB_env *mdb, enum zta_env_id env, bool is_writable,
                       MDB_dbi dbi[ZTA_N_TABLES])
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(mdb, NULL, is_writable ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < ZTA_N_TABLES && rc == 0; i++) {
        if (tables[i].env == env) {
            rc = mdb_dbi_open(txn, tables[i].name, is_writable ? MDB_CREATE : 0, &dbi[i]);
        }
        if (rc == MDB_NOTFOUND && tables[i].is_later) {
            dbi[i] = ZTA_NO_TABLE;
            rc = 0;
        }
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    }
    return mdb_txn_commit(txn);
}

enum zta_status zta_env_open(const char *path, const struct zta_env_options *options, MDB_env **mdb,
                             MDB_dbi dbi[ZTA_N_TABLES], struct zta_error *error)
{
    const char *label = options->label != NULL ? options->label : path;
    MDB_env *opened;
    int rc = mdb_env_create(&opened);
    if (rc != 0) {
        return zta_env_failed(error, rc, label);
    }
    long page = sysconf(_SC_PAGESIZE);
    size_t map_size = options->map_size - options->map_size % (uint64_t)page;
    if ((rc = mdb_env_set_maxdbs(opened, ZTA_N_TABLES)) != 0 ||
        (rc = mdb_env_set_maxreaders(opened, ZTA_STORE_READERS)) != 0 ||
        (map_size != 0 && (rc = mdb_env_set_mapsize(opened, map_size)) != 0) ||
        (rc = mdb_env_open(opened, path, options->mdb_flags | MDB_NOTLS, ZTA_DATA_MODE)) != 0 ||
        (rc = open_tables(opened, options->env, options->is_creating, dbi)) != 0) {
        mdb_env_close(opened);
        return zta_env_failed(error, rc, label);
    }
    *mdb = opened;
    return ZTA_OK;
}

/* Which environment the role writes; ZTA_N_ENVS: none. */
static enum zta_env_id written_env(enum zta_store_role role)
{
    switch (role) {
    case ZTA_STORE_HELPER:
        return ZTA_ENV_STATE;
    case ZTA_STORE_OPERATOR:
        return ZTA_ENV_POLICY;
    case ZTA_STORE_CHILD:
    case ZTA_STORE_READER:
        break;
    }
    return ZTA_N_ENVS;
}

static enum zta_status check_user(const struct zta_layout *layout, enum zta_store_role role,
                                  struct zta_error *error)
{
    uid_t user = geteuid();
    const struct zta_store_owners *owners = &layout->owners;
    if (user == 0 && (owners->owner != 0 || owners->httpd != 0)) {
        return zta_error_set(error, ZTA_FORBIDDEN,
                             "root does not map files that uid %u or uid %u can alter: drop to one",
                             (unsigned)owners->owner, (unsigned)owners->httpd);
    }
    enum zta_env_id env = written_env(role);
    uid_t writer = env == ZTA_ENV_STATE ? owners->httpd : owners->owner;
    if (env != ZTA_N_ENVS && user != writer) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s/ is written by uid %u, this is uid %u",
                             zta_env_name(env), (unsigned)writer, (unsigned)user);
    }
    return ZTA_OK;
}

static enum zta_status open_one(struct zta_store *store, enum zta_env_id id, uint64_t map_size,
                                const struct zta_layout_env *files, struct zta_error *error)
{
    struct zta_env *env = &store->env[id];
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", store->dir, zta_env_name(id));
    env->is_writable = written_env(store->role) == id;
    struct zta_env_options options = {
        .env = id,
        .map_size = map_size,
        .mdb_flags = env->is_writable ? (id == ZTA_ENV_STATE ? MDB_NOMETASYNC : 0) : MDB_RDONLY,
    };
    enum zta_status status = zta_env_open(path, &options, &env->mdb, store->dbi, error);
    if (status != ZTA_OK) {
        return status;
    }
    int fd;
    struct stat opened;
    if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &opened) != 0 ||
        opened.st_dev != files->data.st_dev || opened.st_ino != files->data.st_ino) {
        return zta_error_set(error, ZTA_IO, "%s was replaced while it was opened", path);
    }
    env->data = opened;
    env->lock = files->lock;
    return ZTA_OK;
}

/* What both environments say about themselves; the policy's origin is the store's. */
static enum zta_status read_versions(struct zta_store *store, struct zta_error *error)
{
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
        MDB_txn *txn;
        int rc = mdb_txn_begin(store->env[id].mdb, NULL, MDB_RDONLY, &txn);
        if (rc != 0) {
            return zta_env_failed(error, rc, zta_env_name(id));
        }
        enum zta_table meta = id == ZTA_ENV_POLICY ? ZTA_TABLE_POLICY_META : ZTA_TABLE_STATE_META;
        uint8_t origin[ZTA_STORE_ORIGIN_SIZE];
        enum zta_status status = zta_env_version(txn, store->dbi[meta], id, origin, error);
        mdb_txn_abort(txn);
        if (status != ZTA_OK) {
            return status;
        }
        if (id == ZTA_ENV_POLICY) {
            memcpy(store->origin, origin, sizeof(origin));
        }
        else if (memcmp(store->origin, origin, sizeof(origin)) != 0) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "%s/state belongs to another store than policy: restore both "
                                 "from one backup",
                                 store->dir);
        }
    }
    return ZTA_OK;
}

static void init_views(struct zta_store *store)
{
    for (unsigned i = 0; i < ZTA_STORE_VIEWS; i++) {
        store->views[i].store = store;
        store->views[i].index = i;
    }
    atomic_init(&store->free_views, UINT64_MAX);
    (void)sem_init(&store->given_back, 0, 0);       /* the value is within bounds */
    (void)pthread_mutex_init(&store->resize, NULL); /* default mutexes cannot fail */
}

_Static_assert(ZTA_STORE_VIEWS == 64, "free_views has a bit a handle");

enum zta_status zta_store_open(const char *dir, enum zta_store_role role, uint64_t map_size,
                               struct zta_store **store, struct zta_error *error)
{
    struct zta_layout layout;
    enum zta_status status = zta_layout_check(dir, &layout, error);
    if (status == ZTA_OK) {
        status = check_user(&layout, role, error);
    }
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_store *opened = calloc(1, sizeof(*opened));
    if (opened == NULL || (opened->dir = strdup(dir)) == NULL) {
        free(opened);
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for the store's handle");
    }
    opened->role = role;
    opened->owners = layout.owners;
    init_views(opened);
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = open_one(opened, id, map_size, &layout.env[id], error);
    }
    if (status == ZTA_OK) {
        status = read_versions(opened, error);
    }
    if (status != ZTA_OK) {
        zta_store_close(&opened);
        return status;
    }
    *store = opened;
    return ZTA_OK;
}

/* The environment that this role, or the program it belongs to, writes. */
static enum zta_env_id own_env(const struct zta_store *store)
{
    bool is_ztactl = store->role == ZTA_STORE_OPERATOR || store->role == ZTA_STORE_READER;
    return is_ztactl ? ZTA_ENV_POLICY : ZTA_ENV_STATE;
}

bool zta_store_is_complete(const struct zta_store *store)
{
    for (size_t i = 0; i < ZTA_N_TABLES; i++) {
        if (store->dbi[i] == ZTA_NO_TABLE && tables[i].env == own_env(store)) {
            return false;
        }
    }
    return true;
}

enum zta_status zta_store_complete(struct zta_store *store, struct zta_error *error)
{
    if (zta_store_is_complete(store)) {
        return ZTA_OK;
    }
    struct zta_change *change;
    enum zta_status status = zta_change_begin(store, "new tables", &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    MDB_dbi made[ZTA_N_TABLES];
    memcpy(made, store->dbi, sizeof(made));
    int rc = 0;
    for (size_t i = 0; i < ZTA_N_TABLES && rc == 0; i++) {
        if (made[i] == ZTA_NO_TABLE && tables[i].env == change->env) {
            rc = mdb_dbi_open(change->txn, tables[i].name, MDB_CREATE, &made[i]);
        }
    }
    if (rc != 0) {
        zta_change_abort(&change);
        return zta_env_failed(error, rc, "a new table");
    }
    status = zta_change_commit(&change, error);
    if (status == ZTA_OK) {
        memcpy(store->dbi, made, sizeof(made));
    }
    return status;
}

void zta_store_close(struct zta_store **store)
{
    struct zta_store *closing = *store;
    if (closing == NULL) {
        return;
    }
    *store = NULL;
    for (size_t i = 0; i < ZTA_STORE_VIEWS; i++) {
        for (size_t env = 0; env < ZTA_N_ENVS; env++) {
            if (closing->views[i].txn[env] != NULL) {
                mdb_txn_abort(closing->views[i].txn[env]);
            }
        }
    }
    for (size_t env = 0; env < ZTA_N_ENVS; env++) {
        if (closing->env[env].mdb != NULL) {
            mdb_env_close(closing->env[env].mdb);
        }
    }
    (void)sem_destroy(&closing->given_back);
    (void)pthread_mutex_destroy(&closing->resize);
    zta_recall_close(&closing->recall);
    free(closing->dir);
    free(closing);
}

const char *zta_store_dir(const struct zta_store *store)
{
    return store->dir;
}

bool zta_store_is_separated(const struct zta_store *store)
{
    return store->owners.owner != store->owners.httpd;
}

/* LMDB's files never shrink, so a smaller one was cut. */
static enum zta_status check_file(const char *dir, const char *env, const char *name,
                                  const struct stat *opened, struct zta_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", dir, env, name);
    struct stat now;
    if (lstat(path, &now) != 0) {
        return zta_error_set(error, ZTA_IO, "%s: %s", path, strerror(errno));
    }
    if (now.st_dev != opened->st_dev || now.st_ino != opened->st_ino) {
        return zta_error_set(error, ZTA_IO,
                             "%s was replaced: httpd (apachectl graceful) and an open console "
                             "have to open it anew",
                             path);
    }
    if (now.st_size < opened->st_size) {
        return zta_error_set(error, ZTA_IO, "%s was cut from %lld to %lld bytes", path,
                             (long long)opened->st_size, (long long)now.st_size);
    }
    return ZTA_OK;
}

enum zta_status zta_store_sync(struct zta_store *store, struct zta_error *error)
{
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
        const int rc = store->env[id].is_writable ? mdb_env_sync(store->env[id].mdb, 1) : 0;
        if (rc != 0) {
            return zta_env_failed(error, rc, zta_env_name(id));
        }
    }
    return ZTA_OK;
}

enum zta_status zta_store_health(const struct zta_store *store, struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        const struct zta_env *env = &store->env[id];
        const char *name = zta_env_name(id);
        status = check_file(store->dir, name, ZTA_DATA_FILE, &env->data, error);
        if (status == ZTA_OK) {
            status = check_file(store->dir, name, ZTA_LOCK_FILE, &env->lock, error);
        }
    }
    return status;
}

/* Pages on the free list: each of its values is a count and that many page numbers. */
static int count_free_pages(MDB_txn *txn, uint64_t *n)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, 0, &cursor);
    if (rc != 0) {
        return rc;
    }
    uint64_t sum = 0;
    MDB_val key;
    MDB_val value;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        size_t n_pages = 0;
        if (value.mv_size < sizeof(n_pages)) {
            rc = MDB_CORRUPTED;
            break;
        }
        memcpy(&n_pages, value.mv_data, sizeof(n_pages));
        sum += n_pages;
    }
    mdb_cursor_close(cursor);
    *n = sum;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum zta_status zta_store_usage(struct zta_store *store, bool policy, struct zta_store_usage *usage)
{
    enum zta_env_id id = policy ? ZTA_ENV_POLICY : ZTA_ENV_STATE;
    MDB_env *mdb = store->env[id].mdb;
    struct zta_view *view;
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    uint64_t n_free = 0;
    int fd;
    int rc = count_free_pages(view->txn[id], &n_free);
    zta_view_end(&view);
    if (rc == 0 && (rc = mdb_env_info(mdb, &info)) == 0 && (rc = mdb_env_stat(mdb, &stat)) == 0 &&
        (rc = mdb_env_get_fd(mdb, &fd)) == 0 && fstat(fd, &file) != 0) {
        rc = errno;
    }
    if (rc != 0) {
        return zta_env_status(rc);
    }
    uint64_t n_pages = info.me_last_pgno + 1;
    *usage = (struct zta_store_usage){
        .map_size = info.me_mapsize,
        .used = (n_pages - (n_free < n_pages ? n_free : n_pages)) * stat.ms_psize,
        .file_size = (uint64_t)file.st_blocks * 512, /* st_blocks counts 512 bytes each */
        .n_readers = info.me_numreaders,
        .max_readers = info.me_maxreaders,
    };
    return ZTA_OK;
}

int zta_store_clear_dead_readers(struct zta_store *store)
{
    int sum = 0;
    for (size_t env = 0; env < ZTA_N_ENVS; env++) {
        int n = 0;
        if (mdb_reader_check(store->env[env].mdb, &n) == 0) {
            sum += n;
        }
    }
    return sum;
}

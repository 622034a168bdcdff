/* SPDX-License-Identifier: Apache-2.0 */
/* Making a store: both environments in folders only the maker can enter, then handed over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/base/clock.h"
#include "shared/base/random.h"
#include "shared/store/audit.h"
#include "shared/store/contain_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/layout_priv.h"

#define PRIVATE_MODE 0700

struct creation {
    enum zta_env_id env;
    uint64_t map_size;
    int64_t time_ns;
    uint8_t origin[ZTA_STORE_ORIGIN_SIZE];
    const char *dir; /* for the audit */
    const struct zta_store_owners *owners;
};

static enum zta_status failed(struct zta_error *error, const char *what)
{
    return zta_error_set(error, zta_env_status(errno), "%s: %s", what, strerror(errno));
}

static enum zta_status put_version(struct zta_change *change, const struct creation *creation)
{
    uint8_t record[ZTA_VERSION_SIZE];
    memcpy(record + ZTA_VERSION_AT_MAGIC, ZTA_VERSION_MAGIC, strlen(ZTA_VERSION_MAGIC));
    zta_put_u32(record + ZTA_VERSION_AT_FORMAT, ZTA_STORE_VERSION);
    record[ZTA_VERSION_AT_ENV] = (uint8_t)(creation->env + 1);
    memcpy(record + ZTA_VERSION_AT_ORIGIN, creation->origin, ZTA_STORE_ORIGIN_SIZE);
    zta_put_u64(record + ZTA_VERSION_AT_TIME, (uint64_t)creation->time_ns);
    enum zta_table meta =
        creation->env == ZTA_ENV_POLICY ? ZTA_TABLE_POLICY_META : ZTA_TABLE_STATE_META;
    return zta_change_put(change, meta, ZTA_BLOB(ZTA_VERSION_KEY, strlen(ZTA_VERSION_KEY)),
                          ZTA_BLOB(record, sizeof(record)));
}

static enum zta_status put_first_records(struct zta_change *change, const struct creation *creation)
{
    enum zta_status status = put_version(change, creation);
    if (status != ZTA_OK || creation->env != ZTA_ENV_POLICY) {
        return status;
    }
    (void)zta_change_head(change); /* commit writes the zeroed head */
    struct zta_audit_entry entry = {
        .uid = getuid(),
        .action = ZTA_TEXT("store init"),
        .target = zta_text_of(creation->dir),
    };
    return zta_audit_append(change, &entry);
}

/* A store handle of one environment, good for one change. */
static enum zta_status fill(struct zta_store *store, const struct creation *creation,
                            struct zta_error *error)
{
    struct zta_change *change = calloc(1, sizeof(*change));
    if (change == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for a change");
    }
    *change = (struct zta_change){.store = store, .env = creation->env, .lock_fd = -1};
    (void)pthread_sigmask(SIG_BLOCK, NULL, &change->former_signals);
    int rc = mdb_txn_begin(store->env[creation->env].mdb, NULL, 0, &change->txn);
    if (rc != 0) {
        zta_change_abort(&change);
        return zta_env_failed(error, rc, zta_env_name(creation->env));
    }
    enum zta_status status = put_first_records(change, creation);
    if (status != ZTA_OK) {
        zta_change_abort(&change);
        return zta_error_set(error, status, "%s: the first records: %s",
                             zta_env_name(creation->env), zta_status_text(status));
    }
    return zta_change_commit(&change, error);
}

static enum zta_status make_database(const struct creation *creation, struct zta_error *error)
{
    struct zta_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for the store's handle");
    }
    memcpy(store->origin, creation->origin, sizeof(store->origin));
    struct zta_env_options options = {.env = creation->env,
                                      .is_creating = true,
                                      .map_size = creation->map_size,
                                      .label = zta_env_name(creation->env)};
    MDB_env **mdb = &store->env[creation->env].mdb;
    enum zta_status status = zta_env_open(".", &options, mdb, store->dbi, error);
    if (status == ZTA_OK) {
        status = fill(store, creation, error);
        mdb_env_close(*mdb);
    }
    free(store);
    return status;
}

static enum zta_status hand_over(const char *name, mode_t mode, uid_t uid, gid_t gid,
                                 struct zta_error *error)
{
    int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
    if (fd < 0) {
        return failed(error, name);
    }
    enum zta_status status = ZTA_OK;
    struct stat made;
    if (fchown(fd, uid, gid) != 0 || fchmod(fd, mode) != 0 || fstat(fd, &made) != 0 ||
        fsync(fd) != 0) {
        status = failed(error, name);
    }
    /* LMDB writes its lock file through a map: a hole in it is a crash when the disk is full. */
    else if (made.st_size > 0 && (errno = posix_fallocate(fd, 0, made.st_size)) != 0) {
        status = failed(error, name);
    }
    (void)close(fd);
    return status;
}

/* Names within state/ of what env.h names below the store's folder. */
static const char *const helper_files[] = {
    &ZTA_STORE_OBSERVER_FILE[sizeof("state/") - 1],
    &ZTA_STORE_BALLAST_FILE[sizeof("state/") - 1],
};
#define N_HELPER_FILES (sizeof(helper_files) / sizeof(helper_files[0]))

/* Runs in the folder. Modes are set and not asked for: a umask only takes bits away. */
static enum zta_status create(void *context, struct zta_error *error)
{
    const struct creation *creation = context;
    enum zta_status status = make_database(creation, error);
    const struct {
        const char *name;
        mode_t mode;
    } files[] = {
        {.name = ZTA_DATA_FILE, .mode = ZTA_DATA_MODE},
        {.name = ZTA_LOCK_FILE, .mode = ZTA_LOCK_MODE},
        {.name = ZTA_WRITER_FILE, .mode = ZTA_WRITER_MODE},
    };
    uid_t uid = creation->env == ZTA_ENV_POLICY ? creation->owners->owner : creation->owners->httpd;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && status == ZTA_OK; i++) {
        status = hand_over(files[i].name, files[i].mode, uid, creation->owners->group, error);
    }
    for (size_t i = 0; creation->env == ZTA_ENV_STATE && i < N_HELPER_FILES && status == ZTA_OK;
         i++) {
        status = hand_over(helper_files[i], ZTA_WRITER_MODE, uid, creation->owners->group, error);
    }
    return status;
}

/* What an init that was cut short left behind; our own names only. */
static void remove_leftover(int top, const char *name)
{
    int dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) {
        return;
    }
    static const char *const files[] = {ZTA_DATA_FILE, ZTA_LOCK_FILE, ZTA_WRITER_FILE};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)unlinkat(dir, files[i], 0);
    }
    for (size_t i = 0; i < N_HELPER_FILES; i++) {
        (void)unlinkat(dir, helper_files[i], 0);
    }
    (void)close(dir);
    (void)unlinkat(top, name, AT_REMOVEDIR);
}

static const char *unfinished_name(enum zta_env_id env)
{
    return env == ZTA_ENV_POLICY ? "policy.init" : "state.init";
}

static enum zta_status make_env(int top, struct creation *creation, struct zta_error *error)
{
    const char *name = unfinished_name(creation->env);
    remove_leftover(top, name);
    if (mkdirat(top, name, PRIVATE_MODE) != 0) {
        return failed(error, name);
    }
    int dir = zta_layout_open_dir(top, name, error);
    if (dir < 0) {
        return ZTA_IO;
    }
    struct zta_contained work = {.dir_fd = dir,
                                 .uid = geteuid(),
                                 .gid = getegid(),
                                 .run = create,
                                 .context = creation,
                                 .what = name,
                                 .crash = "writing it crashed: is the disk full?",
                                 .crash_status = ZTA_FULL};
    enum zta_status status = zta_contain(&work, error);
    const struct zta_store_owners *owners = creation->owners;
    if (status == ZTA_OK && (fchown(dir, owners->owner, owners->group) != 0 ||
                             fchmod(dir, ZTA_DIR_MODE) != 0 || fsync(dir) != 0)) {
        status = failed(error, name);
    }
    (void)close(dir);
    return status;
}

/* policy/ gets its name last: where it is, the store is whole. */
static enum zta_status publish(int top, const struct zta_store_owners *owners,
                               struct zta_error *error)
{
    if (fchown(top, owners->owner, owners->group) != 0 || fchmod(top, ZTA_DIR_MODE) != 0) {
        return failed(error, "the store's folder");
    }
    static const enum zta_env_id order[] = {ZTA_ENV_STATE, ZTA_ENV_POLICY};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (renameat(top, unfinished_name(order[i]), top, zta_env_name(order[i])) != 0) {
            return failed(error, zta_env_name(order[i]));
        }
    }
    return fsync(top) == 0 ? ZTA_OK : failed(error, "the store's folder");
}

static bool is_in_group(gid_t group)
{
    gid_t groups[256];
    int n = getgroups(sizeof(groups) / sizeof(groups[0]), groups);
    for (int i = 0; i < n; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return getegid() == group;
}

/* Only names that init makes: a wrong --store must not hand /tmp over to the store's owner. */
static enum zta_status check_contents(int top, const char *dir, struct zta_error *error)
{
    int copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (folder == NULL) {
        enum zta_status status = failed(error, dir);
        if (copy >= 0) {
            (void)close(copy);
        }
        return status;
    }
    enum zta_status status = ZTA_OK;
    const struct dirent *entry;
    while (status == ZTA_OK && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, zta_env_name(ZTA_ENV_POLICY)) == 0) {
            status = zta_error_set(error, ZTA_EXISTS, "%s holds a store already", dir);
        }
        else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
                 strcmp(name, "lost+found") != 0 &&
                 strcmp(name, unfinished_name(ZTA_ENV_POLICY)) != 0 &&
                 strcmp(name, unfinished_name(ZTA_ENV_STATE)) != 0) {
            status = zta_error_set(error, ZTA_EXISTS,
                                   "%s is not empty (%.100s): give the store a folder of its own",
                                   dir, name);
        }
    }
    (void)closedir(folder);
    return status;
}

static enum zta_status open_top(const char *dir, int *top, struct zta_error *error)
{
    if (mkdir(dir, PRIVATE_MODE) != 0 && errno != EEXIST) {
        return failed(error, dir);
    }
    int fd = zta_layout_open_dir(AT_FDCWD, dir, error);
    if (fd < 0) {
        return ZTA_FORBIDDEN;
    }
    enum zta_status status = check_contents(fd, dir, error);
    /* From here on nobody else can put anything into it. */
    if (status == ZTA_OK &&
        (fchmod(fd, PRIVATE_MODE) != 0 || fchown(fd, geteuid(), (gid_t)-1) != 0)) {
        status = failed(error, dir);
    }
    if (status == ZTA_OK) {
        status = check_contents(fd, dir, error);
    }
    if (status != ZTA_OK) {
        (void)close(fd);
        return status;
    }
    *top = fd;
    return ZTA_OK;
}

static enum zta_status make(int top, const char *dir, const struct zta_store_owners *owners,
                            uint64_t map_size, struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    struct creation creation = {.map_size = map_size != 0 ? map_size : ZTA_STORE_SIZE_DEFAULT,
                                .time_ns = zta_clock_real_ns(),
                                .dir = dir,
                                .owners = owners};
    zta_random_bytes(creation.origin, sizeof(creation.origin));
    for (creation.env = 0; creation.env < ZTA_N_ENVS && status == ZTA_OK; creation.env++) {
        status = make_env(top, &creation, error);
    }
    if (status == ZTA_OK) {
        status = publish(top, owners, error);
    }
    else {
        remove_leftover(top, unfinished_name(ZTA_ENV_POLICY));
        remove_leftover(top, unfinished_name(ZTA_ENV_STATE));
    }
    return status;
}

enum zta_status zta_store_init(const char *dir, const struct zta_store_owners *owners,
                               uint64_t map_size, struct zta_error *error)
{
    uid_t user = geteuid();
    if (user != 0 &&
        (owners->owner != user || owners->httpd != user || !is_in_group(owners->group))) {
        return zta_error_set(error, ZTA_FORBIDDEN,
                             "only root can give a store to other users: run as root, or name "
                             "yourself as owner and as httpd's user");
    }
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    /* A umask that takes the maker's own bits would lock it out of what it makes. */
    mode_t former = umask(077);
    int top = -1;
    enum zta_status status = open_top(dir, &top, said);
    if (status == ZTA_OK) {
        status = make(top, dir, owners, map_size, said);
        (void)close(top);
    }
    (void)umask(former);
    return status;
}

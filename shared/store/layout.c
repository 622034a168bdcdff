/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a store's files without mapping them. */
#include "shared/store/layout_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- LMDB's meta pages, as 0.9 writes them in the machine's own byte order ---- */

#define LMDB_MAGIC     0xBEEFC0DE
#define LMDB_FORMAT    1
#define LMDB_META_FLAG 0x08
#define LMDB_PAGE_MIN  512
#define LMDB_PAGE_MAX  65536
#define LMDB_NO_PAGE   SIZE_MAX
#define LMDB_MAP_MAX   (UINT64_C(1) << 44) /* bytes; no store comes near it */

struct lmdb_tree {
    uint32_t page_size; /* in the first tree only */
    uint16_t flags;
    uint16_t depth;
    size_t n_branch;
    size_t n_leaf;
    size_t n_overflow;
    size_t n_entries;
    size_t root;
};
struct lmdb_meta {
    size_t page;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower;
    uint16_t upper;
    uint32_t magic;
    uint32_t format;
    void *address;
    size_t map_size;
    struct lmdb_tree trees[2]; /* free list, main */
    size_t last_page;
    size_t txn;
};
_Static_assert(sizeof(struct lmdb_meta) == 16 + 3 * sizeof(size_t) + 2 * 48 + sizeof(size_t) + 8 ||
                   sizeof(size_t) != 8,
               "no padding in between");

static enum zta_status damaged(struct zta_error *error, const char *name, const char *what)
{
    return zta_error_set(error, ZTA_CORRUPT, "%s: %s: restore a backup with ztactl store restore",
                         name, what);
}

static enum zta_status read_meta(int fd, size_t at, const char *name, struct lmdb_meta *meta,
                                 struct zta_error *error)
{
    ssize_t n = pread(fd, meta, sizeof(*meta), (off_t)at);
    if (n < 0) {
        return zta_error_set(error, ZTA_IO, "%s: %s", name, strerror(errno));
    }
    if ((size_t)n != sizeof(*meta)) {
        return damaged(error, name, n == 0 && at == 0 ? "is empty" : "was cut off");
    }
    if (meta->magic != LMDB_MAGIC || (meta->flags & LMDB_META_FLAG) == 0) {
        return damaged(error, name, "is no LMDB file");
    }
    if (meta->format != LMDB_FORMAT) {
        return zta_error_set(error, ZTA_VERSION, "%s has LMDB format %u, this program knows %d",
                             name, (unsigned)meta->format, LMDB_FORMAT);
    }
    return ZTA_OK;
}

enum zta_status zta_layout_meta(int fd, const char *name, struct zta_error *error)
{
    struct lmdb_meta metas[2];
    enum zta_status status = read_meta(fd, 0, name, &metas[0], error);
    if (status != ZTA_OK) {
        return status;
    }
    size_t page_size = metas[0].trees[0].page_size;
    if (page_size < LMDB_PAGE_MIN || page_size > LMDB_PAGE_MAX ||
        (page_size & (page_size - 1)) != 0) {
        return damaged(error, name, "has an impossible page size");
    }
    status = read_meta(fd, page_size, name, &metas[1], error);
    if (status != ZTA_OK) {
        return status;
    }
    struct stat file;
    if (fstat(fd, &file) != 0) {
        return zta_error_set(error, ZTA_IO, "%s: %s", name, strerror(errno));
    }
    const struct lmdb_meta *newest = &metas[metas[1].txn > metas[0].txn];
    size_t n_pages = (size_t)file.st_size / page_size;
    for (size_t i = 0; i < 2; i++) {
        size_t root = newest->trees[i].root;
        if (metas[i].trees[0].page_size != page_size || metas[i].txn % 2 != i ||
            metas[i].map_size > LMDB_MAP_MAX ||
            metas[i].last_page >= metas[i].map_size / page_size ||
            (root != LMDB_NO_PAGE && (root >= n_pages || root > newest->last_page))) {
            return damaged(error, name, "has damaged meta pages or was cut off");
        }
    }
    return ZTA_OK;
}

/* ---- the files ---- */

int zta_layout_open_dir(int parent, const char *name, struct zta_error *error)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        return fd;
    }
    if (errno == ENOENT) {
        (void)zta_error_set(error, ZTA_NOT_FOUND,
                            "%s is not there: ztactl store init makes a store", name);
    }
    else if (errno == ENOTDIR || errno == ELOOP) {
        (void)zta_error_set(error, ZTA_FORBIDDEN, "%s is a symbolic link or no folder", name);
    }
    else if (errno == EACCES) {
        (void)zta_error_set(error, ZTA_FORBIDDEN,
                            "%s: uid %u may not look into it: is it in the store's group?", name,
                            (unsigned)geteuid());
    }
    else {
        (void)zta_error_set(error, ZTA_IO, "%s: %s", name, strerror(errno));
    }
    return -1;
}

struct expected {
    const char *env; /* for the message */
    const char *name;
    mode_t type;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

static enum zta_status compare(const struct stat *found, const struct expected *expected,
                               struct zta_error *error)
{
    const char *slash = expected->name[0] == '\0' ? "" : "/";
    if ((found->st_mode & S_IFMT) != expected->type) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s%s%s is not a %s", expected->env, slash,
                             expected->name, expected->type == S_IFDIR ? "folder" : "plain file");
    }
    if (found->st_uid != expected->uid || found->st_gid != expected->gid) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s%s%s belongs to %u:%u, expected %u:%u",
                             expected->env, slash, expected->name, (unsigned)found->st_uid,
                             (unsigned)found->st_gid, (unsigned)expected->uid,
                             (unsigned)expected->gid);
    }
    if ((found->st_mode & 07777) != expected->mode) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s%s%s has mode %04o, expected %04o",
                             expected->env, slash, expected->name,
                             (unsigned)(found->st_mode & 07777), (unsigned)expected->mode);
    }
    if (expected->type == S_IFREG && found->st_nlink != 1) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s%s%s has a second name (hard link)",
                             expected->env, slash, expected->name);
    }
    return ZTA_OK;
}

static enum zta_status look(int dir, const char *name, const char *env, struct stat *found,
                            struct zta_error *error)
{
    if (fstatat(dir, name, found, AT_SYMLINK_NOFOLLOW) == 0) {
        return ZTA_OK;
    }
    if (errno == ENOENT) {
        return zta_error_set(error, ZTA_CORRUPT,
                             "%s/%s is missing: restore a backup with ztactl store restore", env,
                             name);
    }
    return zta_error_set(error, zta_env_status(errno) == ZTA_FORBIDDEN ? ZTA_FORBIDDEN : ZTA_IO,
                         "%s/%s: %s", env, name, strerror(errno));
}

static enum zta_status check_meta(int dir, const char *env, struct zta_error *error)
{
    int fd = openat(dir, ZTA_DATA_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return zta_error_set(error, zta_env_status(errno) == ZTA_FORBIDDEN ? ZTA_FORBIDDEN : ZTA_IO,
                             "%s/" ZTA_DATA_FILE ": %s", env, strerror(errno));
    }
    char name[32];
    (void)snprintf(name, sizeof(name), "%s/" ZTA_DATA_FILE, env);
    enum zta_status status = zta_layout_meta(fd, name, error);
    (void)close(fd);
    return status;
}

/* The three files of one environment. lock.mdb is never opened here: closing it would drop LMDB's
 * own lock on it, should this process have the store open. */
static enum zta_status check_env(int dir, enum zta_env_id id, struct zta_layout *layout,
                                 struct zta_error *error)
{
    const char *env = zta_env_name(id);
    struct zta_layout_env *files = &layout->env[id];
    struct stat writer;
    enum zta_status status = look(dir, ZTA_DATA_FILE, env, &files->data, error);
    if (status == ZTA_OK) {
        status = look(dir, ZTA_LOCK_FILE, env, &files->lock, error);
    }
    if (status == ZTA_OK) {
        status = look(dir, ZTA_WRITER_FILE, env, &writer, error);
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (id == ZTA_ENV_STATE) {
        layout->owners.httpd = files->data.st_uid;
    }
    struct expected expected = {
        .env = env,
        .type = S_IFREG,
        .uid = id == ZTA_ENV_STATE ? layout->owners.httpd : layout->owners.owner,
        .gid = layout->owners.group,
    };
    const struct {
        const char *name;
        const struct stat *found;
        mode_t mode;
    } files_expected[] = {
        {.name = ZTA_DATA_FILE, .found = &files->data, .mode = ZTA_DATA_MODE},
        {.name = ZTA_LOCK_FILE, .found = &files->lock, .mode = ZTA_LOCK_MODE},
        {.name = ZTA_WRITER_FILE, .found = &writer, .mode = ZTA_WRITER_MODE},
    };
    for (size_t i = 0; i < 3 && status == ZTA_OK; i++) {
        expected.name = files_expected[i].name;
        expected.mode = files_expected[i].mode;
        status = compare(files_expected[i].found, &expected, error);
    }
    return status == ZTA_OK ? check_meta(dir, env, error) : status;
}

/*
 * Both folders belong to the store's owner, state/ too: httpd's user writes its files there but can
 * neither put a symbolic link in their place nor rename them, so nothing it does to state/ can lead
 * another user's program into a file of that user.
 */
static enum zta_status check_folder(int top, enum zta_env_id id, struct zta_layout *layout,
                                    struct zta_error *error)
{
    const char *env = zta_env_name(id);
    int dir = zta_layout_open_dir(top, env, error);
    if (dir < 0) {
        return error->status;
    }
    struct stat found;
    enum zta_status status = ZTA_OK;
    if (fstat(dir, &found) != 0) {
        status = zta_error_set(error, ZTA_IO, "%s: %s", env, strerror(errno));
    }
    else {
        if (id == ZTA_ENV_POLICY) {
            layout->owners.owner = found.st_uid;
            layout->owners.group = found.st_gid;
        }
        struct expected expected = {.env = env,
                                    .name = "",
                                    .type = S_IFDIR,
                                    .mode = ZTA_DIR_MODE,
                                    .uid = layout->owners.owner,
                                    .gid = layout->owners.group};
        status = compare(&found, &expected, error);
    }
    if (status == ZTA_OK) {
        status = check_env(dir, id, layout, error);
    }
    (void)close(dir);
    return status;
}

static enum zta_status check_top(int top, const char *dir, uid_t owner, struct zta_error *error)
{
    struct stat found;
    if (fstat(top, &found) != 0) {
        return zta_error_set(error, ZTA_IO, "%s: %s", dir, strerror(errno));
    }
    if (found.st_uid != owner && found.st_uid != 0) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s belongs to uid %u, expected uid %u or root",
                             dir, (unsigned)found.st_uid, (unsigned)owner);
    }
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return zta_error_set(error, ZTA_FORBIDDEN,
                             "%s has mode %04o: others than its owner can write it", dir,
                             (unsigned)(found.st_mode & 07777));
    }
    return ZTA_OK;
}

enum zta_status zta_layout_check(const char *dir, struct zta_layout *layout,
                                 struct zta_error *error)
{
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    struct zta_layout found = {.owners = {.owner = 0}};
    int top = zta_layout_open_dir(AT_FDCWD, dir, said);
    if (top < 0) {
        return said->status;
    }
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = check_folder(top, id, &found, said);
    }
    if (status == ZTA_OK) {
        status = check_top(top, dir, found.owners.owner, said);
    }
    (void)close(top);
    if (status == ZTA_OK) {
        *layout = found;
    }
    return status;
}

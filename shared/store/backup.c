/* SPDX-License-Identifier: Apache-2.0 */
/* Backups: compacting copies while httpd runs, put back while it is stopped. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/store/check_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/layout_priv.h"

#define BACKUP_DIR_MODE  0700
#define BACKUP_FILE_MODE 0600
#define NEW_FILE         ZTA_DATA_FILE ".restore"
#define FORMER_FILE      ZTA_DATA_FILE ".before-restore"
#define COPY_SIZE        65536

static enum zta_status failed(struct zta_error *error, const char *what)
{
    return zta_error_set(error, zta_env_status(errno), "%s: %s", what, strerror(errno));
}

/* ---- backup ---- */

/* One environment into its own new folder below `to`. */
static enum zta_status copy_env(struct zta_store *store, enum zta_env_id id, int to,
                                const char *to_dir, struct zta_error *error)
{
    const char *name = zta_env_name(id);
    if (mkdirat(to, name, BACKUP_DIR_MODE) != 0) {
        return failed(error, name);
    }
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", to_dir, name);
    int rc = mdb_env_copy2(store->env[id].mdb, path, MDB_CP_COMPACT);
    if (rc != 0) {
        return zta_env_failed(error, rc, path);
    }
    int dir = zta_layout_open_dir(to, name, error);
    if (dir < 0) {
        return ZTA_IO;
    }
    enum zta_status status = ZTA_OK;
    int file = openat(dir, ZTA_DATA_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 || fchmod(file, BACKUP_FILE_MODE) != 0 || fsync(file) != 0 || fsync(dir) != 0) {
        status = failed(error, path);
    }
    if (file >= 0) {
        (void)close(file);
    }
    (void)close(dir);
    return status;
}

/* What an unfinished backup wrote; a half one must not be taken for a whole one. */
static void remove_backup(int to, const char *to_dir)
{
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s/" ZTA_DATA_FILE, zta_env_name(id));
        (void)unlinkat(to, path, 0);
        (void)unlinkat(to, zta_env_name(id), AT_REMOVEDIR);
    }
    (void)rmdir(to_dir);
}

enum zta_status zta_store_backup(struct zta_store *store, const char *to_dir,
                                 struct zta_error *error)
{
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    if (mkdir(to_dir, BACKUP_DIR_MODE) != 0) {
        return failed(said, to_dir);
    }
    int to = zta_layout_open_dir(AT_FDCWD, to_dir, said);
    if (to < 0) {
        return ZTA_IO;
    }
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = copy_env(store, id, to, to_dir, said);
    }
    if (status == ZTA_OK && fsync(to) != 0) {
        status = failed(said, to_dir);
    }
    if (status != ZTA_OK) {
        remove_backup(to, to_dir);
    }
    (void)close(to);
    return status;
}

/* ---- the stopped store ---- */

/* An environment's folder while nobody else can open it. */
struct stopped {
    enum zta_env_id id;
    int dir;
    int lock; /* LMDB's lock file, locked as LMDB locks it */
    uid_t uid;
    gid_t gid;
};

static void program_of(pid_t pid, char *out, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
    char name[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof(name) - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    name[n > 0 ? n : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    zta_buffer_safe(&buffer, zta_text_of(name[0] != '\0' ? name : "a process"));
}

/*
 * LMDB holds a shared lock on the first byte in every process that has the environment open, and
 * takes an exclusive one where it is the first: whoever has that is alone, and who comes now waits.
 */
static enum zta_status lock_out(struct stopped *stopped, struct zta_error *error)
{
    int fd = openat(stopped->dir, ZTA_LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    ZTA_WRITER_MODE);
    if (fd < 0) {
        return failed(error, ZTA_LOCK_FILE);
    }
    stopped->lock = fd;
    if (fchown(fd, stopped->uid, stopped->gid) != 0 || fchmod(fd, ZTA_LOCK_MODE) != 0) {
        return failed(error, ZTA_LOCK_FILE);
    }
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(fd, F_SETLK, &first) == 0) {
        errno = ftruncate(fd, ZTA_LOCK_SIZE) != 0 ? errno : posix_fallocate(fd, 0, ZTA_LOCK_SIZE);
        return errno == 0 ? ZTA_OK : failed(error, ZTA_LOCK_FILE);
    }
    if (errno != EACCES && errno != EAGAIN) {
        return failed(error, ZTA_LOCK_FILE);
    }
    char program[64] = "a process";
    if (fcntl(fd, F_GETLK, &first) == 0 && first.l_type != F_UNLCK) {
        program_of(first.l_pid, program, sizeof(program));
    }
    return zta_error_set(error, ZTA_BUSY,
                         "%s/ is open in %s, pid %ld: stop httpd and end each ztactl first",
                         zta_env_name(stopped->id), program, (long)first.l_pid);
}

/* The writer's queue file, should it be missing. */
static enum zta_status make_writer_file(const struct stopped *stopped, struct zta_error *error)
{
    int fd = openat(stopped->dir, ZTA_WRITER_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    ZTA_WRITER_MODE);
    if (fd < 0) {
        return failed(error, ZTA_WRITER_FILE);
    }
    enum zta_status status = ZTA_OK;
    if (fchown(fd, stopped->uid, stopped->gid) != 0 || fchmod(fd, ZTA_WRITER_MODE) != 0) {
        status = failed(error, ZTA_WRITER_FILE);
    }
    (void)close(fd);
    return status;
}

/*
 * Whose an environment's files are, although some may be missing: the folders say owner and group,
 * what is left of state/'s files says httpd's user.
 */
static enum zta_status find_owner(struct stopped *stopped, struct zta_error *error)
{
    struct stat found;
    if (fstat(stopped->dir, &found) != 0) {
        return failed(error, zta_env_name(stopped->id));
    }
    stopped->uid = found.st_uid;
    stopped->gid = found.st_gid;
    if (stopped->id == ZTA_ENV_POLICY) {
        return ZTA_OK;
    }
    static const char *const names[] = {ZTA_WRITER_FILE, ZTA_LOCK_FILE, ZTA_DATA_FILE};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (fstatat(stopped->dir, names[i], &found, AT_SYMLINK_NOFOLLOW) == 0) {
            stopped->uid = found.st_uid;
            return ZTA_OK;
        }
    }
    return zta_error_set(error, ZTA_CORRUPT,
                         "state/ is empty, so httpd's user is unknown: make a new store with "
                         "ztactl store init and restore into that");
}

static void let_in(struct stopped *stopped)
{
    if (stopped->lock >= 0) {
        (void)close(stopped->lock);
    }
    if (stopped->dir >= 0) {
        (void)close(stopped->dir);
    }
}

static enum zta_status stop(int top, enum zta_env_id id, struct stopped *stopped,
                            struct zta_error *error)
{
    *stopped = (struct stopped){.id = id, .dir = -1, .lock = -1};
    stopped->dir = zta_layout_open_dir(top, zta_env_name(id), error);
    if (stopped->dir < 0) {
        return error->status;
    }
    enum zta_status status = find_owner(stopped, error);
    if (status == ZTA_OK && geteuid() != 0 && geteuid() != stopped->uid) {
        status = zta_error_set(error, ZTA_FORBIDDEN, "%s/ belongs to uid %u: run as root",
                               zta_env_name(id), (unsigned)stopped->uid);
    }
    if (status == ZTA_OK) {
        status = lock_out(stopped, error);
    }
    if (status == ZTA_OK) {
        status = make_writer_file(stopped, error);
    }
    return status;
}

/* ---- restore ---- */

static enum zta_status copy_bytes(int from, int to, const char *name, struct zta_error *error)
{
    char *bytes = malloc(COPY_SIZE);
    if (bytes == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory to copy %s", name);
    }
    enum zta_status status = ZTA_OK;
    ssize_t n;
    while (status == ZTA_OK && (n = read(from, bytes, COPY_SIZE)) != 0) {
        for (ssize_t done = 0; done < n && status == ZTA_OK;) {
            ssize_t written = write(to, bytes + done, (size_t)(n - done));
            if (written < 0) {
                status = failed(error, name);
            }
            done += written;
        }
        if (n < 0) {
            status = failed(error, name);
        }
    }
    free(bytes);
    if (status == ZTA_OK && fsync(to) != 0) {
        status = failed(error, name);
    }
    return status;
}

static enum zta_status open_backup(int from, enum zta_env_id id, int *file, struct zta_error *error)
{
    int dir = zta_layout_open_dir(from, zta_env_name(id), error);
    if (dir < 0) {
        return error->status;
    }
    int fd = openat(dir, ZTA_DATA_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    enum zta_status status = fd < 0 ? failed(error, "the backup's " ZTA_DATA_FILE) : ZTA_OK;
    (void)close(dir);
    struct stat found;
    if (status == ZTA_OK && (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))) {
        status =
            zta_error_set(error, ZTA_INVALID, "the backup's %s/" ZTA_DATA_FILE " is no plain file",
                          zta_env_name(id));
    }
    if (status != ZTA_OK) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return status;
    }
    *file = fd;
    return ZTA_OK;
}

/*
 * The backup goes beside the data file first and is checked there, as its later owner: what is
 * checked cannot be changed before it is used.
 */
static enum zta_status bring(const struct stopped *stopped, int from,
                             uint8_t origin[ZTA_STORE_ORIGIN_SIZE], struct zta_error *error)
{
    int source = -1;
    enum zta_status status = open_backup(from, stopped->id, &source, error);
    if (status != ZTA_OK) {
        return status;
    }
    (void)unlinkat(stopped->dir, NEW_FILE, 0);
    int fd = openat(stopped->dir, NEW_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    BACKUP_FILE_MODE);
    status = fd < 0 ? failed(error, NEW_FILE) : copy_bytes(source, fd, NEW_FILE, error);
    (void)close(source);
    if (status == ZTA_OK) {
        status = zta_layout_meta(fd, "the backup", error);
    }
    if (status == ZTA_OK && (fchown(fd, stopped->uid, stopped->gid) != 0 ||
                             fchmod(fd, ZTA_DATA_MODE) != 0 || fsync(fd) != 0)) {
        status = failed(error, NEW_FILE);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_contents contents = {.env = stopped->id, .is_deep = true, .file = NEW_FILE};
    status = zta_contents_check(stopped->dir, stopped->uid, stopped->gid, &contents, error);
    if (status == ZTA_OK) {
        memcpy(origin, contents.origin, ZTA_STORE_ORIGIN_SIZE);
    }
    return status;
}

/* At every moment there is a data file under its name. */
static enum zta_status swap(const struct stopped *stopped, struct zta_error *error)
{
    int dir = stopped->dir;
    (void)unlinkat(dir, FORMER_FILE, 0);
    if (linkat(dir, ZTA_DATA_FILE, dir, FORMER_FILE, 0) != 0 && errno != ENOENT) {
        return failed(error, FORMER_FILE);
    }
    if (renameat(dir, NEW_FILE, dir, ZTA_DATA_FILE) != 0 || fsync(dir) != 0) {
        return failed(error, ZTA_DATA_FILE);
    }
    return ZTA_OK;
}

enum zta_status zta_store_restore(const char *dir, const char *from_dir, struct zta_error *error)
{
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    int from = zta_layout_open_dir(AT_FDCWD, from_dir, said);
    if (from < 0) {
        return said->status == ZTA_NOT_FOUND
                   ? zta_error_set(said, ZTA_NOT_FOUND, "there is no backup at %s", from_dir)
                   : said->status;
    }
    int top = zta_layout_open_dir(AT_FDCWD, dir, said);
    if (top < 0) {
        (void)close(from);
        return said->status;
    }
    struct stopped stopped[ZTA_N_ENVS] = {{.dir = -1, .lock = -1}, {.dir = -1, .lock = -1}};
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = stop(top, id, &stopped[id], said);
    }
    uint8_t origins[ZTA_N_ENVS][ZTA_STORE_ORIGIN_SIZE];
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = bring(&stopped[id], from, origins[id], said);
    }
    if (status == ZTA_OK && memcmp(origins[0], origins[1], sizeof(origins[0])) != 0) {
        status =
            zta_error_set(said, ZTA_INVALID, "%s holds policy/ and state/ of two stores", from_dir);
    }
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = swap(&stopped[id], said);
    }
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
        if (status != ZTA_OK && stopped[id].dir >= 0) {
            (void)unlinkat(stopped[id].dir, NEW_FILE, 0);
        }
        let_in(&stopped[id]);
    }
    (void)close(top);
    (void)close(from);
    return status;
}

enum zta_status zta_store_repair_lock(const char *dir, struct zta_error *error)
{
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    int top = zta_layout_open_dir(AT_FDCWD, dir, said);
    if (top < 0) {
        return said->status;
    }
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        struct stopped stopped;
        status = stop(top, id, &stopped, said);
        /* Whoever opens it next is the first and fills it anew, whatever it holds. */
        let_in(&stopped);
    }
    (void)close(top);
    return status;
}

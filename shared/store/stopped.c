/* SPDX-License-Identifier: Apache-2.0 */
/* An environment that nobody has open: LMDB's own lock keeps the others out. */
#include "shared/store/stopped_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/store/check_priv.h"
#include "shared/store/layout_priv.h"

#define NEW_FILE_MODE 0600

enum zta_status zta_store_failed(struct zta_error *error, const char *what)
{
    return zta_error_set(error, zta_env_status(errno), "%s: %s", what, strerror(errno));
}

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
static enum zta_status lock_out(struct zta_stopped *stopped, struct zta_error *error)
{
    int fd = openat(stopped->dir, ZTA_LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    ZTA_WRITER_MODE);
    if (fd < 0) {
        return zta_store_failed(error, ZTA_LOCK_FILE);
    }
    stopped->lock = fd;
    if (fchown(fd, stopped->uid, stopped->gid) != 0 || fchmod(fd, ZTA_LOCK_MODE) != 0) {
        return zta_store_failed(error, ZTA_LOCK_FILE);
    }
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(fd, F_SETLK, &first) == 0) {
        errno = ftruncate(fd, ZTA_LOCK_SIZE) != 0 ? errno : posix_fallocate(fd, 0, ZTA_LOCK_SIZE);
        return errno == 0 ? ZTA_OK : zta_store_failed(error, ZTA_LOCK_FILE);
    }
    if (errno != EACCES && errno != EAGAIN) {
        return zta_store_failed(error, ZTA_LOCK_FILE);
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
static enum zta_status make_writer_file(const struct zta_stopped *stopped, struct zta_error *error)
{
    int fd = openat(stopped->dir, ZTA_WRITER_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    ZTA_WRITER_MODE);
    if (fd < 0) {
        return zta_store_failed(error, ZTA_WRITER_FILE);
    }
    enum zta_status status = ZTA_OK;
    if (fchown(fd, stopped->uid, stopped->gid) != 0 || fchmod(fd, ZTA_WRITER_MODE) != 0) {
        status = zta_store_failed(error, ZTA_WRITER_FILE);
    }
    (void)close(fd);
    return status;
}

/*
 * Whose an environment's files are, although some may be missing: the folders say owner and group,
 * what is left of state/'s files says httpd's user.
 */
static enum zta_status find_owner(struct zta_stopped *stopped, struct zta_error *error)
{
    struct stat found;
    if (fstat(stopped->dir, &found) != 0) {
        return zta_store_failed(error, zta_env_name(stopped->id));
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

void zta_stopped_end(struct zta_stopped *stopped)
{
    if (stopped->lock >= 0) {
        (void)close(stopped->lock);
    }
    if (stopped->dir >= 0) {
        (void)close(stopped->dir);
    }
}

enum zta_status zta_stopped_begin(int top, enum zta_env_id id, struct zta_stopped *stopped,
                                  struct zta_error *error)
{
    *stopped = (struct zta_stopped){.id = id, .dir = -1, .lock = -1};
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

enum zta_status zta_stopped_new_file(const struct zta_stopped *stopped, const char *name, int *fd,
                                     struct zta_error *error)
{
    (void)unlinkat(stopped->dir, name, 0);
    int made = openat(stopped->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      NEW_FILE_MODE);
    if (made < 0) {
        return zta_store_failed(error, name);
    }
    *fd = made;
    return ZTA_OK;
}

enum zta_status zta_stopped_admit(const struct zta_stopped *stopped, int fd, const char *name,
                                  uint8_t origin[ZTA_STORE_ORIGIN_SIZE], struct zta_error *error)
{
    enum zta_status status = zta_layout_meta(fd, name, error);
    if (status == ZTA_OK && (fchown(fd, stopped->uid, stopped->gid) != 0 ||
                             fchmod(fd, ZTA_DATA_MODE) != 0 || fsync(fd) != 0)) {
        status = zta_store_failed(error, name);
    }
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_contents contents = {.env = stopped->id, .is_deep = true, .file = name};
    status = zta_contents_check(stopped->dir, stopped->uid, stopped->gid, &contents, error);
    if (status == ZTA_OK) {
        memcpy(origin, contents.origin, ZTA_STORE_ORIGIN_SIZE);
    }
    return status;
}

enum zta_status zta_stopped_swap(const struct zta_stopped *stopped, const char *new_file,
                                 const char *former_file, struct zta_error *error)
{
    int dir = stopped->dir;
    if (former_file != NULL) {
        (void)unlinkat(dir, former_file, 0);
        if (linkat(dir, ZTA_DATA_FILE, dir, former_file, 0) != 0 && errno != ENOENT) {
            return zta_store_failed(error, former_file);
        }
    }
    if (renameat(dir, new_file, dir, ZTA_DATA_FILE) != 0 || fsync(dir) != 0) {
        return zta_store_failed(error, ZTA_DATA_FILE);
    }
    return ZTA_OK;
}

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
#include "shared/store/env_priv.h"
#include "shared/store/layout_priv.h"
#include "shared/store/stopped_priv.h"

#define BACKUP_DIR_MODE  0700
#define BACKUP_FILE_MODE 0600
#define NEW_FILE         ZTA_DATA_FILE ".restore"
#define FORMER_FILE      ZTA_DATA_FILE ".before-restore"
#define COPY_SIZE        65536

/* ---- backup ---- */

/* One environment into its own new folder below `to`. */
static enum zta_status copy_env(struct zta_store *store, enum zta_env_id id, int to,
                                const char *to_dir, struct zta_error *error)
{
    const char *name = zta_env_name(id);
    if (mkdirat(to, name, BACKUP_DIR_MODE) != 0) {
        return zta_store_failed(error, name);
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
        status = zta_store_failed(error, path);
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
        return zta_store_failed(said, to_dir);
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
        status = zta_store_failed(said, to_dir);
    }
    if (status != ZTA_OK) {
        remove_backup(to, to_dir);
    }
    (void)close(to);
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
                status = zta_store_failed(error, name);
            }
            done += written;
        }
        if (n < 0) {
            status = zta_store_failed(error, name);
        }
    }
    free(bytes);
    if (status == ZTA_OK && fsync(to) != 0) {
        status = zta_store_failed(error, name);
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
    enum zta_status status =
        fd < 0 ? zta_store_failed(error, "the backup's " ZTA_DATA_FILE) : ZTA_OK;
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

static enum zta_status bring(const struct zta_stopped *stopped, int from,
                             uint8_t origin[ZTA_STORE_ORIGIN_SIZE], struct zta_error *error)
{
    int source = -1;
    int fd = -1;
    enum zta_status status = open_backup(from, stopped->id, &source, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_stopped_new_file(stopped, NEW_FILE, &fd, error);
    if (status == ZTA_OK) {
        status = copy_bytes(source, fd, NEW_FILE, error);
    }
    (void)close(source);
    if (status == ZTA_OK) {
        status = zta_stopped_admit(stopped, fd, NEW_FILE, origin, error);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status;
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
    struct zta_stopped stopped[ZTA_N_ENVS] = {{.dir = -1, .lock = -1}, {.dir = -1, .lock = -1}};
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = zta_stopped_begin(top, id, &stopped[id], said);
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
        status = zta_stopped_swap(&stopped[id], NEW_FILE, FORMER_FILE, said);
    }
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
        if (status != ZTA_OK && stopped[id].dir >= 0) {
            (void)unlinkat(stopped[id].dir, NEW_FILE, 0);
        }
        zta_stopped_end(&stopped[id]);
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
        struct zta_stopped stopped;
        status = zta_stopped_begin(top, id, &stopped, said);
        /* Whoever opens it next is the first and fills it anew, whatever it holds. */
        zta_stopped_end(&stopped);
    }
    (void)close(top);
    return status;
}

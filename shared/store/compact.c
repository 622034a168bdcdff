/* SPDX-License-Identifier: Apache-2.0 */
/* The data files written anew while the store is stopped. */
#include "shared/store/compact.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/store/contain_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/layout_priv.h"
#include "shared/store/stopped_priv.h"

#define NEW_FILE   ZTA_DATA_FILE ".compact"
#define DISK_BLOCK 512 /* what stat(2) counts in */

_Static_assert(ZTA_N_ENVS == 2, "a compaction tells of each environment");

struct copying {
    enum zta_env_id env;
    int to;
};

/* Runs in the contained process, which ends right after. */
static enum zta_status copy(void *context, struct zta_error *error)
{
    const struct copying *copying = context;
    const char *name = zta_env_name(copying->env);
    MDB_env *mdb;
    int rc = mdb_env_create(&mdb);
    if (rc == 0) {
        rc = mdb_env_open(mdb, ZTA_DATA_FILE, MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR | MDB_NOTLS,
                          ZTA_DATA_MODE);
    }
    if (rc == 0) {
        rc = mdb_env_copyfd2(mdb, copying->to, MDB_CP_COMPACT);
    }
    return rc == 0 ? ZTA_OK : zta_env_failed(error, rc, name);
}

static enum zta_status copy_contained(const struct zta_stopped *stopped, int to,
                                      struct zta_error *error)
{
    struct copying copying = {.env = stopped->id, .to = to};
    const struct zta_contained work = {.dir_fd = stopped->dir,
                                       .uid = stopped->uid,
                                       .gid = stopped->gid,
                                       .run = copy,
                                       .context = &copying,
                                       .result = &copying,
                                       .result_size = sizeof copying,
                                       .what = zta_env_name(stopped->id),
                                       .crash = "reading it crashed, so its contents are damaged: "
                                                "restore a backup with ztactl store restore",
                                       .crash_status = ZTA_CORRUPT};
    return zta_contain(&work, error);
}

/* Bytes that the file takes of the disk. */
static enum zta_status measure(const struct zta_stopped *stopped, const char *name, uint64_t *size,
                               struct zta_error *error)
{
    struct stat found;
    if (fstatat(stopped->dir, name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        return zta_store_failed(error, name);
    }
    *size = (uint64_t)found.st_blocks * DISK_BLOCK;
    return ZTA_OK;
}

static enum zta_status make(const struct zta_stopped *stopped, struct zta_compaction *compaction,
                            uint8_t origin[ZTA_STORE_ORIGIN_SIZE], struct zta_error *error)
{
    int fd;
    enum zta_status status =
        measure(stopped, ZTA_DATA_FILE, &compaction->before[stopped->id], error);
    if (status == ZTA_OK) {
        status = zta_stopped_new_file(stopped, NEW_FILE, &fd, error);
    }
    if (status != ZTA_OK) {
        return status;
    }
    status = copy_contained(stopped, fd, error);
    if (status == ZTA_OK) {
        status = zta_stopped_admit(stopped, fd, NEW_FILE, origin, error);
    }
    (void)close(fd);
    return status == ZTA_OK ? measure(stopped, NEW_FILE, &compaction->after[stopped->id], error)
                            : status;
}

enum zta_status zta_store_compact(const char *dir, struct zta_compaction *compaction,
                                  struct zta_error *error)
{
    struct zta_error unasked;
    struct zta_error *said = error != NULL ? error : &unasked;
    int top = zta_layout_open_dir(AT_FDCWD, dir, said);
    if (top < 0) {
        return said->status;
    }
    struct zta_stopped stopped[ZTA_N_ENVS] = {{.dir = -1, .lock = -1}, {.dir = -1, .lock = -1}};
    struct zta_compaction made;
    uint8_t origins[ZTA_N_ENVS][ZTA_STORE_ORIGIN_SIZE];
    enum zta_status status = ZTA_OK;
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = zta_stopped_begin(top, id, &stopped[id], said);
    }
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = make(&stopped[id], &made, origins[id], said);
    }
    if (status == ZTA_OK && memcmp(origins[0], origins[1], sizeof(origins[0])) != 0) {
        status = zta_error_set(said, ZTA_CORRUPT, "%s: policy/ and state/ are of two stores", dir);
    }
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS && status == ZTA_OK; id++) {
        status = zta_stopped_swap(&stopped[id], NEW_FILE, NULL, said);
    }
    for (enum zta_env_id id = 0; id < ZTA_N_ENVS; id++) {
        if (status != ZTA_OK && stopped[id].dir >= 0) {
            (void)unlinkat(stopped[id].dir, NEW_FILE, 0);
        }
        zta_stopped_end(&stopped[id]);
    }
    (void)close(top);
    if (status == ZTA_OK && compaction != NULL) {
        *compaction = made;
    }
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a store, who owns them with which mode, and looking at them without LMDB. */
#ifndef ZTA_STORE_LAYOUT_PRIV_H
#define ZTA_STORE_LAYOUT_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "shared/base/status.h"
#include "shared/store/env_priv.h"

#define ZTA_DATA_FILE "data.mdb"
#define ZTA_LOCK_FILE "lock.mdb"
/* The queue of writers with the holder's name; readable by the writer's user alone, because who can
 * open it can hold it. */
#define ZTA_WRITER_FILE "writer.lock"
#define ZTA_HOLDER_SIZE 256
/* LMDB's header and slots; all of it is allocated, because it is written through a map. */
#define ZTA_LOCK_SIZE (192 + 64 * (ZTA_STORE_READERS - 1))

#define ZTA_DIR_MODE    0750
#define ZTA_DATA_MODE   0640
#define ZTA_LOCK_MODE   0660 /* a reader registers itself here, so httpd's user writes it */
#define ZTA_WRITER_MODE 0600

struct zta_layout_env {
    struct stat data;
    struct stat lock;
};
struct zta_layout {
    struct zta_store_owners owners;
    struct zta_layout_env env[ZTA_N_ENVS];
};

/*
 * Every component below dir, never through a symbolic link: type, owner, mode, and LMDB's two meta
 * pages by pread (a privileged process must not map what others can write). *layout says whose the
 * store is: policy/ decides owner and group, state/'s data file httpd's user.
 */
enum zta_status zta_layout_check(const char *dir, struct zta_layout *layout,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* The meta pages of the LMDB file that fd is open on; name is for the message. */
enum zta_status zta_layout_meta(int fd, const char *name, struct zta_error *error) ZTA_MUST_CHECK;
/* A folder by its path, its last component no symbolic link; -1 and *error. */
int zta_layout_open_dir(int parent, const char *name, struct zta_error *error);

#endif

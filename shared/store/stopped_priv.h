/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One environment's folder while nobody else can open it, for what changes files as a whole:
 * restore and compaction. Of one process at a time, which has no store open.
 */
#ifndef ZTA_STORE_STOPPED_PRIV_H
#define ZTA_STORE_STOPPED_PRIV_H

#include <sys/types.h>

#include "shared/base/status.h"
#include "shared/store/env_priv.h"

struct zta_stopped {
    enum zta_env_id id;
    int dir;
    int lock;  /* LMDB's lock file, locked as LMDB locks it */
    uid_t uid; /* whose the files are */
    gid_t gid;
};

/*
 * Keeps everybody out of the environment below the store's folder `top`. ZTA_BUSY names who has it
 * open. zta_stopped_end follows, whatever this says; zeroed but for dir and lock, which are -1, it
 * does nothing.
 */
enum zta_status zta_stopped_begin(int top, enum zta_env_id id, struct zta_stopped *stopped,
                                  struct zta_error *error) ZTA_MUST_CHECK;
void zta_stopped_end(struct zta_stopped *stopped);
/* An empty file of the folder, the caller's to fill and to close; one of that name goes. */
enum zta_status zta_stopped_new_file(const struct zta_stopped *stopped, const char *name, int *fd,
                                     struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Gives that file its later owner and mode, and reads every record in it: what is checked so cannot
 * be changed before it is used. *origin is the one that it has.
 */
enum zta_status zta_stopped_admit(const struct zta_stopped *stopped, int fd, const char *name,
                                  uint8_t origin[ZTA_STORE_ORIGIN_SIZE],
                                  struct zta_error *error) ZTA_MUST_CHECK;
/*
 * A file of the folder becomes its data file; at every moment there is one under that name. The
 * former one stays as former_file, or goes where that is NULL.
 */
enum zta_status zta_stopped_swap(const struct zta_stopped *stopped, const char *new_file,
                                 const char *former_file, struct zta_error *error) ZTA_MUST_CHECK;

/* "what: text of errno", with the status of errno. */
enum zta_status zta_store_failed(struct zta_error *error, const char *what) ZTA_MUST_CHECK;

#endif

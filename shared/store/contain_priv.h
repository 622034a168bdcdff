/* SPDX-License-Identifier: Apache-2.0 */
/* Work on LMDB files in a process of its own, as the user whose files they are. */
#ifndef ZTA_STORE_CONTAIN_PRIV_H
#define ZTA_STORE_CONTAIN_PRIV_H

#include <stddef.h>
#include <sys/types.h>

#include "shared/base/status.h"

typedef enum zta_status (*zta_contained_fn)(void *context, struct zta_error *error);

struct zta_contained {
    int dir_fd; /* becomes the working folder, so that names cannot be redirected */
    uid_t uid;  /* a caller who is root becomes this user; others stay what they are */
    gid_t gid;
    zta_contained_fn run;
    void *context;
    void *result; /* filled by run in its copy of the memory, brought back when it ends well */
    size_t result_size;
    const char *what;  /* for the message when it crashed */
    const char *crash; /* what a crash means here */
    enum zta_status crash_status;
};

/*
 * Runs and returns what it returned, or crash_status: LMDB maps its files and trusts them, so
 * altered bytes, or a page for which the disk has no room, can end the process.
 */
enum zta_status zta_contain(const struct zta_contained *work,
                            struct zta_error *error) ZTA_MUST_CHECK;

#endif

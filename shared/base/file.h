/* SPDX-License-Identifier: Apache-2.0 */
/* Files that others replace while this process runs: has one changed, and what stands in it. */
#ifndef ZTA_BASE_FILE_H
#define ZTA_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "shared/base/status.h"

/* A file as it was when it was looked at: another of these, another content. */
struct zta_file_stamp {
    uint64_t device;
    uint64_t inode; /* 0: none was looked at */
    int64_t size;
    struct timespec modified;
    struct timespec changed;
};

struct zta_file_stamp zta_file_stamp_of(const struct stat *info);
bool zta_file_stamp_equal(const struct zta_file_stamp *a, const struct zta_file_stamp *b);
/*
 * Nobody touched it in the last second, so nobody is writing it: true for what was replaced a while
 * ago at the first look. A clock that is behind the file's says no.
 */
bool zta_file_stamp_is_settled(const struct zta_file_stamp *stamp, int64_t now_real_ns);
/* ZTA_IO when there is none that can be looked at. */
enum zta_status zta_file_look(const char *path, struct zta_file_stamp *stamp,
                              struct zta_error *error) ZTA_MUST_CHECK;

/*
 * The whole of a regular file of at most max bytes, behind which a NUL stands; *data is the
 * caller's to free. ZTA_BUSY: it changed meanwhile. ZTA_IO, ZTA_TOO_LARGE, ZTA_NO_MEMORY.
 */
enum zta_status zta_file_read(const char *path, size_t max, char **data, size_t *len,
                              struct zta_file_stamp *stamp, struct zta_error *error) ZTA_MUST_CHECK;

#endif

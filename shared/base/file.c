/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at files by their inode, size and times; reads one of one moment. */
#include "shared/base/file.h"

#include "shared/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct zta_file_stamp zta_file_stamp_of(const struct stat *info)
{
    return (struct zta_file_stamp){.device = (uint64_t)info->st_dev,
                                   .inode = (uint64_t)info->st_ino,
                                   .size = (int64_t)info->st_size,
                                   .modified = info->st_mtim,
                                   .changed = info->st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool zta_file_stamp_equal(const struct zta_file_stamp *a, const struct zta_file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           is_same_time(&a->modified, &b->modified) && is_same_time(&a->changed, &b->changed);
}

bool zta_file_stamp_is_settled(const struct zta_file_stamp *stamp, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    /* Whole seconds, so one more than asked for. */
    return (int64_t)stamp->changed.tv_sec < now_s - 1 &&
           (int64_t)stamp->modified.tv_sec < now_s - 1;
}

static enum zta_status failed(struct zta_error *error)
{
    return zta_error_set(error, ZTA_IO, "it cannot be read: %s", strerror(errno));
}

enum zta_status zta_file_look(const char *path, struct zta_file_stamp *stamp,
                              struct zta_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return failed(error);
    }
    *stamp = zta_file_stamp_of(&info);
    return ZTA_OK;
}

/* Reads len bytes, or fewer at the end of the file; -1 with errno. */
static ssize_t read_all(int fd, char *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t n = read(fd, data + done, len - done);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)done;
}

static enum zta_status read_open(int fd, size_t max, char **data, size_t *len,
                                 struct zta_file_stamp *stamp, struct zta_error *error)
{
    struct stat info;
    struct stat after;
    if (fstat(fd, &info) != 0) {
        return failed(error);
    }
    if (!S_ISREG(info.st_mode)) {
        return zta_error_set(error, ZTA_IO, "it is no regular file");
    }
    if ((uint64_t)info.st_size > max) {
        return zta_error_set(error, ZTA_TOO_LARGE, "it has more than %zu bytes", max);
    }
    const size_t size = (size_t)info.st_size;
    *data = malloc(size + 1);
    if (*data == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for it");
    }
    const ssize_t n = read_all(fd, *data, size);
    if (n < 0) {
        return failed(error);
    }
    *len = (size_t)n;
    (*data)[*len] = '\0';
    *stamp = zta_file_stamp_of(&info);
    if (fstat(fd, &after) == 0) {
        const struct zta_file_stamp now = zta_file_stamp_of(&after);
        if (!zta_file_stamp_equal(stamp, &now)) {
            return zta_error_set(error, ZTA_BUSY, "it changes while it is read");
        }
    }
    return ZTA_OK;
}

enum zta_status zta_file_read(const char *path, size_t max, char **data, size_t *len,
                              struct zta_file_stamp *stamp, struct zta_error *error)
{
    /* Without waiting for who writes into a pipe. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    *data = NULL;
    if (fd < 0) {
        return failed(error);
    }
    const enum zta_status status = read_open(fd, max, data, len, stamp, error);
    (void)close(fd);
    if (status != ZTA_OK) {
        free(*data);
        *data = NULL;
    }
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks are those of open file descriptions (F_OFD_SETLK): each holder opens its own through
 * /proc/self/fd, so that neither a fork nor the library's close of its own descriptor ends one.
 */
#include "shared/context/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE 65536
#define SLOT_BITS  8 /* of a current word; above it the number of takes */

struct zta_geo_shared {
    /* number of takes << SLOT_BITS | slot; whoever takes stores (release), all load (acquire). */
    _Atomic uint64_t current[ZTA_N_GEO_KINDS];
};

static enum zta_status system_error(struct zta_error *error, const char *what)
{
    return zta_error_set(error, errno == ENOMEM ? ZTA_NO_MEMORY : ZTA_IO, "%s: %s", what,
                         strerror(errno));
}

static int make_memory_file(void)
{
    return memfd_create("zta-geo", MFD_CLOEXEC);
}

enum zta_status zta_geo_copies_open(struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    struct zta_error *error)
{
    if (copies->is_open[kind]) {
        return ZTA_OK;
    }
    if (copies->shared == NULL) {
        void *page = mmap(NULL, sizeof *copies->shared, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) {
            return system_error(error, "no shared memory for copies");
        }
        copies->shared = page;
    }
    int *fds = copies->fds[kind];
    for (size_t i = 0; i < ZTA_GEO_COPIES_MAX; i++) {
        fds[i] = make_memory_file();
        if (fds[i] < 0) {
            enum zta_status status = system_error(error, "no memory file for copies");
            while (i > 0) {
                (void)close(fds[--i]);
            }
            return status;
        }
    }
    copies->is_open[kind] = true;
    return ZTA_OK;
}

void zta_geo_copies_close(struct zta_geo_copies *copies)
{
    for (size_t kind = 0; kind < ZTA_N_GEO_KINDS; kind++) {
        for (size_t i = 0; copies->is_open[kind] && i < ZTA_GEO_COPIES_MAX; i++) {
            (void)close(copies->fds[kind][i]);
        }
    }
    if (copies->shared != NULL) {
        (void)munmap(copies->shared, sizeof *copies->shared);
    }
    *copies = (struct zta_geo_copies){.shared = NULL};
}

/* ---- the file ---- */

/* Without waiting for who writes into a pipe, and only what is of a size to be copied. */
static enum zta_status open_file(const char *path, int *fd, struct stat *info,
                                 struct zta_error *error)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) {
        return system_error(error, "it cannot be read");
    }
    if (fstat(opened, info) != 0 || !S_ISREG(info->st_mode) || info->st_size <= 0 ||
        (uint64_t)info->st_size > ZTA_GEO_SIZE_MAX) {
        (void)close(opened);
        return zta_error_set(error, ZTA_INVALID,
                             "expected a regular file of at least 1 byte and at most %" PRIu64,
                             ZTA_GEO_SIZE_MAX);
    }
    *fd = opened;
    return ZTA_OK;
}

static enum zta_status write_all(int fd, const char *data, size_t size, struct zta_error *error)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno != EINTR) {
            return system_error(error, "no memory for a copy");
        }
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
    return ZTA_OK;
}

/* What stands in `from` at its present offset and behind it, to `to`; at most what may be. */
static enum zta_status copy_all(int from, int to, struct zta_error *error)
{
    char chunk[CHUNK_SIZE];
    uint64_t size = 0;
    for (;;) {
        ssize_t n = read(from, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return system_error(error, "it cannot be read");
        }
        if (n == 0) {
            return ZTA_OK;
        }
        size += (uint64_t)n;
        if (size > ZTA_GEO_SIZE_MAX) {
            return zta_error_set(error, ZTA_INVALID, "it grows while it is read");
        }
        enum zta_status status = write_all(to, chunk, (size_t)n, error);
        if (status != ZTA_OK) {
            return status;
        }
    }
}

/* A whole file of one moment, or ZTA_BUSY. */
static enum zta_status copy_file(const char *path, int to, struct zta_file_stamp *stamp,
                                 struct zta_error *error)
{
    int from = -1;
    struct stat info;
    struct stat after;
    enum zta_status status = open_file(path, &from, &info, error);
    if (status != ZTA_OK) {
        return status;
    }
    *stamp = zta_file_stamp_of(&info);
    status = copy_all(from, to, error);
    if (status == ZTA_OK && fstat(from, &after) == 0) {
        struct zta_file_stamp now = zta_file_stamp_of(&after);
        if (!zta_file_stamp_equal(stamp, &now)) {
            status = zta_error_set(error, ZTA_BUSY, "it changes while it is read");
        }
    }
    (void)close(from);
    return status;
}

struct fd_path {
    char text[32];
};

static struct fd_path path_of(int fd)
{
    struct fd_path path;
    (void)snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
    return path;
}

/*
 * The file in memory of this process's own, checked. Nobody can change what is being checked, not
 * even a child that was broken into while the parent reads.
 */
static enum zta_status read_checked(const char *path, enum zta_geo_kind kind, int *fd,
                                    struct zta_file_stamp *stamp, struct zta_error *error)
{
    struct zta_geo_db *db = NULL;
    int own = make_memory_file();
    if (own < 0) {
        return system_error(error, "no memory file to read it into");
    }
    enum zta_status status = copy_file(path, own, stamp, error);
    if (status == ZTA_OK) {
        status = zta_geo_open(path_of(own).text, kind, &db, error);
    }
    if (status == ZTA_OK) {
        status = zta_geo_check(db, error);
    }
    zta_geo_close(&db);
    if (status != ZTA_OK) {
        (void)close(own);
        return status;
    }
    *fd = own;
    return ZTA_OK;
}

enum zta_status zta_geo_file_check(const char *path, enum zta_geo_kind kind,
                                   struct zta_error *error)
{
    int fd = -1;
    struct zta_file_stamp stamp = {.inode = 0};
    enum zta_status status = read_checked(path, kind, &fd, &stamp, error);
    if (status == ZTA_OK) {
        (void)close(fd);
    }
    return status;
}

/* ---- copies ---- */

/* An open file description of this process, locked as asked; -1: somebody else's lock is there. */
static int open_locked(int fd, int flags, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    int opened = open(path_of(fd).text, flags | O_CLOEXEC);
    if (opened >= 0 && fcntl(opened, F_OFD_SETLK, &lock) != 0) {
        int kept = errno;
        (void)close(opened);
        errno = kept;
        return -1;
    }
    return opened;
}

uint64_t zta_geo_copies_current(const struct zta_geo_copies *copies, enum zta_geo_kind kind)
{
    return copies->shared == NULL
               ? 0
               : atomic_load_explicit(&copies->shared->current[kind], memory_order_acquire);
}

static size_t slot_of(uint64_t current)
{
    return (size_t)(current & ((UINT64_C(1) << SLOT_BITS) - 1)) % ZTA_GEO_COPIES_MAX;
}

/* A slot that nobody reads, locked for writing; ZTA_FULL. */
static enum zta_status claim(const struct zta_geo_copies *copies, enum zta_geo_kind kind,
                             size_t *slot, int *fd, struct zta_error *error)
{
    uint64_t current = zta_geo_copies_current(copies, kind);
    for (size_t i = 0; i < ZTA_GEO_COPIES_MAX; i++) {
        if (current != 0 && i == slot_of(current)) {
            continue;
        }
        *fd = open_locked(copies->fds[kind][i], O_RDWR, F_WRLCK);
        if (*fd >= 0) {
            *slot = i;
            return ZTA_OK;
        }
        if (errno != EAGAIN && errno != EACCES) {
            return system_error(error, "no copy can be opened by /proc/self/fd");
        }
    }
    return zta_error_set(error, ZTA_FULL,
                         "processes without requests still read all %d former copies; it is taken "
                         "over when one of them has a request, ends, or at a restart",
                         ZTA_GEO_COPIES_MAX);
}

/* What cannot be freed is used again by the next copy in its place. */
static bool empty(int fd)
{
    return ftruncate(fd, 0) == 0;
}

static enum zta_status fill(int fd, int from, struct zta_error *error)
{
    if (!empty(fd) || lseek(from, 0, SEEK_SET) != 0) {
        return system_error(error, "no copy can be written");
    }
    return copy_all(from, fd, error);
}

static void publish(struct zta_geo_copies *copies, enum zta_geo_kind kind, size_t slot)
{
    uint64_t takes = (zta_geo_copies_current(copies, kind) >> SLOT_BITS) + 1;
    atomic_store_explicit(&copies->shared->current[kind], takes << SLOT_BITS | slot,
                          memory_order_release);
}

enum zta_status zta_geo_copies_take(struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    const char *path, struct zta_error *error)
{
    int own = -1;
    int fd = -1;
    size_t slot = 0;
    struct zta_file_stamp stamp = {.inode = 0};
    enum zta_status status = read_checked(path, kind, &own, &stamp, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = claim(copies, kind, &slot, &fd, error);
    if (status == ZTA_OK) {
        status = fill(fd, own, error);
        (void)close(fd);
    }
    (void)close(own);
    if (status == ZTA_OK) {
        publish(copies, kind, slot);
        copies->taken[kind] = stamp;
    }
    return status;
}

void zta_geo_copies_sweep(struct zta_geo_copies *copies, enum zta_geo_kind kind)
{
    size_t current = slot_of(zta_geo_copies_current(copies, kind));
    for (size_t i = 0; copies->is_open[kind] && i < ZTA_GEO_COPIES_MAX; i++) {
        struct stat info;
        if (i == current || fstat(copies->fds[kind][i], &info) != 0 || info.st_size == 0) {
            continue;
        }
        int fd = open_locked(copies->fds[kind][i], O_RDWR, F_WRLCK);
        if (fd >= 0) {
            (void)empty(fd);
            (void)close(fd);
        }
    }
}

enum zta_status zta_geo_copies_read(const struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    uint64_t current, struct zta_geo_db **db, int *lock,
                                    struct zta_error *error)
{
    int fd = open_locked(copies->fds[kind][slot_of(current)], O_RDONLY, F_RDLCK);
    if (fd < 0 && (errno == EAGAIN || errno == EACCES)) {
        return zta_error_set(error, ZTA_BUSY, "it is being replaced");
    }
    if (fd < 0) {
        return system_error(error, "its copy cannot be opened by /proc/self/fd");
    }
    /* Under the lock: a copy that is current now is not written before the lock is gone. */
    if (zta_geo_copies_current(copies, kind) != current) {
        (void)close(fd);
        return zta_error_set(error, ZTA_BUSY, "it was replaced");
    }
    enum zta_status status = zta_geo_open(path_of(fd).text, kind, db, error);
    if (status != ZTA_OK) {
        (void)close(fd);
        return status;
    }
    *lock = fd;
    return ZTA_OK;
}

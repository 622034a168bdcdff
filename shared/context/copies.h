/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of MaxMind DB files in memory that all processes of a server share. Who writes over a file
 * in place would otherwise change or end it under those who have it mapped (SIGBUS). The parent
 * makes empty memory files before it forks and fills one; the helper fills another when the file is
 * replaced and says which is current; readers hold a lock on theirs, so that none is filled while
 * it is read, and the kernel takes the lock of who dies. Each copy stands in memory once, however
 * many processes read it.
 */
#ifndef ZTA_CONTEXT_COPIES_H
#define ZTA_CONTEXT_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/file.h"
#include "shared/base/status.h"
#include "shared/context/geo.h"

/* The current one, one to come, and former ones that processes without requests still hold. */
#define ZTA_GEO_COPIES_MAX 8

/*
 * The parent's, by fork everybody's own: what a process that was broken into writes into the shared
 * word must not lead the others to another descriptor.
 */
struct zta_geo_copies {
    struct zta_geo_shared *shared; /* NULL: nothing is set up yet */
    bool is_open[ZTA_N_GEO_KINDS];
    int fds[ZTA_N_GEO_KINDS][ZTA_GEO_COPIES_MAX];
    struct zta_file_stamp taken[ZTA_N_GEO_KINDS]; /* the file that this process copied last */
};

/* In the parent before it forks; nothing when it was done before. copies is zeroed at first. */
enum zta_status zta_geo_copies_open(struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    struct zta_error *error) ZTA_MUST_CHECK;
/* For tests: a server keeps them as long as it lives. */
void zta_geo_copies_close(struct zta_geo_copies *copies);

/* Reads and checks a file without keeping anything; the statuses of zta_geo_open and _check. */
enum zta_status zta_geo_file_check(const char *path, enum zta_geo_kind kind,
                                   struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Copies and checks the file and makes the copy the current one; what was current stays when it
 * fails. One process at a time. ZTA_BUSY: the file changed meanwhile. ZTA_FULL: all copies are
 * still read by somebody.
 */
enum zta_status zta_geo_copies_take(struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    const char *path, struct zta_error *error) ZTA_MUST_CHECK;
/* Frees the memory of former copies that nobody reads any more. */
void zta_geo_copies_sweep(struct zta_geo_copies *copies, enum zta_geo_kind kind);

/* Which copy is current: moves with each that is taken; 0: none yet. */
uint64_t zta_geo_copies_current(const struct zta_geo_copies *copies, enum zta_geo_kind kind);
/*
 * Opens the copy that `current` named. *lock is a descriptor to be closed after the database, which
 * stays as it is until then. ZTA_BUSY: it is not the current one any more.
 */
enum zta_status zta_geo_copies_read(const struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    uint64_t current, struct zta_geo_db **db, int *lock,
                                    struct zta_error *error) ZTA_MUST_CHECK;

#endif

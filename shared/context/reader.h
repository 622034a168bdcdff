/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The current copy of a database as the threads of one process see it. Whoever asks first after it
 * was replaced opens the new one, in some ten microseconds and without touching a disk, while the
 * others go on with the former; that is closed when its last user is done.
 */
#ifndef ZTA_CONTEXT_READER_H
#define ZTA_CONTEXT_READER_H

#include <stdint.h>

#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/context/copies.h"

struct zta_geo_reader;

/* What was found of an address; the same for as long as the copy is. */
struct zta_geo_found {
    struct zta_geo_fact fact; /* zeroed: not known */
    int64_t built_s;
    uint64_t copy; /* as of zta_geo_copies_current; 0: there was none */
};

/* Opens what is current; copies outlives the reader. In each process by itself, after the fork. */
enum zta_status zta_geo_reader_open(const struct zta_geo_copies *copies, enum zta_geo_kind kind,
                                    struct zta_geo_reader **reader) ZTA_MUST_CHECK;
void zta_geo_reader_close(struct zta_geo_reader **reader);

/*
 * Always an answer, by the last copy that could be opened. Not ZTA_OK: a new one could not be,
 * which is said once for each.
 */
enum zta_status zta_geo_reader_find(struct zta_geo_reader *reader, const struct zta_addr *addr,
                                    struct zta_geo_found *found,
                                    struct zta_error *error) ZTA_MUST_CHECK;
/* The copy that a find would use now, for who keeps what was found. */
uint64_t zta_geo_reader_copy(const struct zta_geo_reader *reader);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands at the start of the shared memory, and the handle of a process. Offsets are 64 bit;
 * atomics are at most 64 bit wide, so that no compiler turns one into a lock of its own process.
 */
#ifndef ZTA_LIVE_SEGMENT_PRIV_H
#define ZTA_LIVE_SEGMENT_PRIV_H

#include <stdatomic.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/live/layout_priv.h"
#include "shared/live/segment.h"
#include "shared/live/totals.h"

#define ZTA_CACHE_LINE     64
#define ZTA_COUNTER_SHARDS 64 /* processors that count without sharing a cache line */

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "atomics work between processes");

struct zta_segment_range {
    uint64_t offset; /* from the start of the memory, a multiple of the cache line */
    uint64_t size;
};

/* Written by zta_segment_create before any other process sees it, then constant: plain fields. */
struct zta_segment_layout {
    uint64_t magic; /* last of all */
    uint32_t version;
    uint32_t checksum; /* zta_crc32 of everything behind this field */
    uint64_t size;
    uint64_t header_size;
    uint32_t n_counters;
    uint32_t n_children;
    uint64_t id;
    int64_t created_real_ns;
    struct zta_siphash_key key;
    struct zta_segment_range areas[ZTA_N_AREAS];
};

/*
 * One processor's share of all counters and totals; whole cache lines of its own. Added to by any
 * thread that runs here, relaxed; read by anybody, relaxed.
 */
struct zta_counter_shard {
    _Alignas(ZTA_CACHE_LINE) _Atomic uint64_t values[ZTA_N_COUNTERS];
    struct {
        _Atomic uint64_t buckets[ZTA_DURATION_BUCKETS];
        _Atomic uint64_t total_ns;
    } durations[ZTA_N_DURATIONS];
    _Atomic uint64_t monitored[ZTA_TOTALS_OUTCOMES][ZTA_N_REASONS];
    _Atomic uint64_t decisions[ZTA_TOTALS_STAGES][ZTA_TOTALS_OUTCOMES][ZTA_N_REASONS];
};

struct zta_segment_header {
    struct zta_segment_layout layout;
    /* Parent stores (release), any process loads (acquire). */
    _Alignas(ZTA_CACHE_LINE) _Atomic uint32_t config_generation;
    /* Helper stores (release), any process loads (acquire); enum zta_status. */
    _Atomic uint32_t store_health;
    /* Whoever notes a failure stores, any process loads; monotonic, 0 is never. */
    _Atomic int64_t failed_ns;
    /* Helper stores, any process loads; enum zta_threat_level. */
    _Atomic uint32_t threat;
    /* Helper stores, the helper that follows loads; enum zta_logged. */
    _Atomic uint64_t logged[ZTA_N_LOGGED];
    /* Where the search for a free child slot begins; any child adds, relaxed; only a hint. */
    _Alignas(ZTA_CACHE_LINE) _Atomic uint32_t children_next;
    /*
     * Incarnation in the upper half, pid in the lower; pid 0 is a free slot that remembers the last
     * incarnation it gave. Any child takes a free slot, the child or the parent frees it: CAS,
     * acquire and release. Slot i gives only incarnations that are i modulo ZTA_CHILDREN_MAX.
     */
    _Alignas(ZTA_CACHE_LINE) _Atomic uint64_t children[ZTA_CHILDREN_MAX];
    struct zta_counter_shard counters[ZTA_COUNTER_SHARDS];
};

/*
 * Handle of one process, valid in its forked children too. It keeps its own copy of the division,
 * so that nothing another process writes later moves where this one reads and writes.
 */
struct zta_segment {
    uint8_t *base; /* borrowed */
    struct zta_segment_header *header;
    struct zta_segment_layout layout;
};

/* Of the processor we run on: its lines are in its own cache, and moving on harms nothing. */
struct zta_counter_shard *zta_counter_shard_here(struct zta_segment *segment);

/* Compares the header in the memory with what this program would write for its size. */
enum zta_status zta_segment_layout_check(const struct zta_segment_layout *layout, uint64_t size,
                                         struct zta_error *error) ZTA_MUST_CHECK;

#endif

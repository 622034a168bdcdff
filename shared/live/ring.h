/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events from request threads of all children to the one observer. Many writers that never wait,
 * one reader. A slot that a writer claimed and did not finish (killed, stopped) is passed over: at
 * once when its child is dead, after ZTA_RING_CLAIM_TIMEOUT_NS when it lives. Published = read +
 * dropped, always; the counters are counters.def.
 */
#ifndef ZTA_LIVE_RING_H
#define ZTA_LIVE_RING_H

#include <stdint.h>

#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/live/segment.h"

#define ZTA_RING_CLAIM_TIMEOUT_NS INT64_C(1000000000)

/*
 * Copies *event into the ring. ZTA_FULL: the event will not be read, the drop is counted: no slot
 * was free, or the reader passed over this writer's. Never blocks. The event counts as published
 * from the moment its slot is claimed. A process without an incarnation (0) meets a full ring.
 */
enum zta_status zta_ring_publish(struct zta_segment *segment, uint32_t incarnation,
                                 const struct zta_event *event) ZTA_MUST_CHECK;

/*
 * An event will be published soon: the memory of the slot that it will probably have, where nobody
 * was for a whole lap, is fetched meanwhile.
 */
void zta_ring_expect(const struct zta_segment *segment);

/* Sequence number that a reader with nothing stored begins at (0), or where the tail stands. */
uint64_t zta_ring_tail(const struct zta_segment *segment);
uint64_t zta_ring_head(const struct zta_segment *segment);
uint64_t zta_ring_capacity(const struct zta_segment *segment);

/*
 * Reads the event at *cursor and advances it, passing over abandoned slots (counted). The slot is
 * not free yet: zta_ring_release does that once the event is stored, so that a reader that dies
 * reads it again. ZTA_NOT_FOUND: nothing (finished) there yet; *cursor may have moved over
 * abandoned slots all the same. One reader at a time.
 */
enum zta_status zta_ring_read(struct zta_segment *segment, uint64_t *cursor, int64_t now_ns,
                              struct zta_event *event, uint64_t *sequence) ZTA_MUST_CHECK;
/* Frees all slots below cursor for writers. */
void zta_ring_release(struct zta_segment *segment, uint64_t cursor);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded requests in state/, appended in blocks by the observer. Segment id and ring cursor are
 * committed in the same transaction, an event's key is its place in the ring: no loss, no
 * duplicate.
 */
#ifndef ZTA_STORE_EVENTS_H
#define ZTA_STORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/base/ulid.h"
#include "shared/event.h"
#include "shared/store/env.h"

/* Place of an event: order of segments by their creation, then ring sequence. */
struct zta_event_key {
    uint64_t segment_created_ns;
    uint64_t segment_id;
    uint64_t sequence;
    uint32_t weight; /* requests this one stands for, itself included; no part of the place */
};

/* What of a segment's ring is accounted for, committed together with the events. */
struct zta_events_progress {
    uint64_t cursor;       /* all sequences below are stored, aggregated or dropped */
    uint64_t n_stored;     /* as rows */
    uint64_t n_aggregated; /* in weights of rows and in repeats (repeats.h) */
    uint64_t settled; /* sessions have all below written back; what is above is in events only */
};

struct zta_event_row {
    const struct zta_event *event;
    uint64_t sequence;
    uint32_t weight;
};

/* Where reading of a segment's ring goes on; ZTA_NOT_FOUND when nothing of it was stored. */
enum zta_status zta_events_cursor_get(struct zta_view *view, uint64_t segment_id,
                                      uint64_t *cursor) ZTA_MUST_CHECK;

/*
 * Appends n events of one segment with ascending sequences as one or more blocks, and sets the
 * segment's cursor. first->sequence is ignored; sequences[i] is the place of events[i].
 */
enum zta_status zta_events_append(struct zta_change *change, const struct zta_event_key *first,
                                  const struct zta_event *events, const uint64_t *sequences,
                                  size_t n, uint64_t cursor) ZTA_MUST_CHECK;

/* The same with weights and with the progress to set. segment->sequence and weight are ignored. */
enum zta_status zta_events_append_rows(struct zta_change *change,
                                       const struct zta_event_key *segment,
                                       const struct zta_event_row *rows, size_t n,
                                       const struct zta_events_progress *progress) ZTA_MUST_CHECK;
/* Zeroed progress and ZTA_NOT_FOUND when nothing of the segment was stored. */
enum zta_status zta_events_progress_get(struct zta_view *view, uint64_t segment_id,
                                        struct zta_events_progress *progress) ZTA_MUST_CHECK;

enum zta_status zta_event_find(struct zta_view *view, const struct zta_ulid *id,
                               struct zta_event *event) ZTA_MUST_CHECK;
typedef bool (*zta_event_fn)(void *context, const struct zta_event_key *key,
                             const struct zta_event *event);
/* Newest first. */
enum zta_status zta_event_each_back(struct zta_view *view, zta_event_fn fn,
                                    void *context) ZTA_MUST_CHECK;
/*
 * All after *after (zeroed: from the oldest), oldest first; the callback keeps the last key for the
 * next call.
 */
enum zta_status zta_event_each_after(struct zta_view *view, const struct zta_event_key *after,
                                     zta_event_fn fn, void *context) ZTA_MUST_CHECK;
/*
 * The keys of all blocks that have an event of from_ns or later, in order; an array for the caller
 * to free.
 */
enum zta_status zta_events_blocks(struct zta_view *view, int64_t from_ns,
                                  struct zta_event_key **blocks, size_t *n) ZTA_MUST_CHECK;
/* The events of one block, in order. ZTA_NOT_FOUND: it was pruned. */
enum zta_status zta_events_each_of_block(struct zta_view *view, const struct zta_event_key *block,
                                         zta_event_fn fn, void *context) ZTA_MUST_CHECK;
/* The newest key; ZTA_NOT_FOUND when there is no event. */
enum zta_status zta_event_last(struct zta_view *view, struct zta_event_key *key) ZTA_MUST_CHECK;

/*
 * Removes whole blocks whose newest event is older than before_ns, at most most_blocks. *n removed
 * events.
 */
enum zta_status zta_events_prune(struct zta_change *change, int64_t before_ns, size_t most_blocks,
                                 uint64_t *n) ZTA_MUST_CHECK;
/* Bytes that blocks, their index and repeats take. *n events that stand there by themselves. */
enum zta_status zta_events_size(struct zta_view *view, uint64_t *bytes, uint64_t *n) ZTA_MUST_CHECK;

#endif

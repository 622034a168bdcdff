/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the ring share: a segment, events that show a tear, stuck writers. */
#ifndef ZTA_TESTS_RING_SUPPORT_H
#define ZTA_TESTS_RING_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/event.h"
#include "shared/live/segment.h"

/* A new segment of the smallest size in memory that forked processes share. */
struct zta_segment *ring_test_open(void);
void ring_test_close(struct zta_segment **segment);

/* Zeroed memory that forked processes share. */
void *ring_test_share(size_t size);
/* As fork, but the child is killed when this process ends, whatever ends it. */
pid_t ring_test_fork(void);
/* zta_segment_check, failing with what it found. */
void ring_test_assert_sound(const struct zta_segment *segment);

/* Every byte that ring_test_is_whole looks at depends on id, which is never 0. */
void ring_test_event(struct zta_event *event, uint64_t id);
bool ring_test_is_whole(const struct zta_event *event);
uint64_t ring_test_id(const struct zta_event *event);

/* The three ways an event can be dropped, together. */
uint64_t ring_test_dropped(const struct zta_segment *segment);

/* A process of its own that has claimed a slot and stands in the middle of copying its event. */
struct ring_test_stuck {
    pid_t pid;
    int go;
};
/* False when it met a full ring and has ended. */
bool ring_test_stuck_begin(struct zta_segment *segment, uint64_t id, struct ring_test_stuck *stuck);
/* Lets it go on; what zta_ring_publish then returned. It counts as ended afterwards. */
enum zta_status ring_test_stuck_finish(struct zta_segment *segment, struct ring_test_stuck *stuck);
/* SIGKILL, reaped, and ended in the segment. Nothing when none was begun. */
void ring_test_stuck_kill(struct zta_segment *segment, struct ring_test_stuck *stuck);

#endif

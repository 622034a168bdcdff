/* SPDX-License-Identifier: Apache-2.0 */
/* What the ring's reader has settled; the exact source of three counters. */
#ifndef ZTA_LIVE_RING_PRIV_H
#define ZTA_LIVE_RING_PRIV_H

#include <stdint.h>

#include "shared/live/segment.h"

/* Of the sequence numbers below tail, dropped_* carried no event and the others were read. */
struct zta_ring_books {
    uint64_t tail;
    uint64_t dropped_dead;
    uint64_t dropped_slow;
};

/* The books as they stood at one moment, whatever the reader does meanwhile. */
void zta_ring_books_read(const struct zta_segment *segment, struct zta_ring_books *books);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's parts of the rates that a fleet shares, by the bucket, and how often each was asked
 * for. Request threads count and read without waiting; the helper alone sets parts. A bucket that
 * nobody named has the nth part, n being the nodes of the fleet; what the agent granted holds for a
 * time and is the nth part at most from then on, whoever died.
 */
#ifndef ZTA_LIVE_SHARES_H
#define ZTA_LIVE_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/live/segment.h"

#define ZTA_SHARES_WHOLE   1000000u /* millionths of a rate */
#define ZTA_SHARES_NO_SLOT UINT32_MAX

/* ---- a request ---- */

/* False: this store is in no fleet, or the helper did not look yet; rates are this node's own. */
bool zta_shares_are_on(const struct zta_segment *segment);
/* With it buckets are named alike on all nodes; of no use before zta_shares_are_on. */
struct zta_siphash_key zta_shares_key(const struct zta_segment *segment);

struct zta_share {
    uint32_t part; /* millionths, at least 1 */
    uint32_t slot; /* for zta_shares_press */
};
/* Counts that the bucket (never 0) was asked for. */
struct zta_share zta_shares_ask(struct zta_segment *segment, uint64_t id, int64_t now_ns);
/* It is more than half full: the fleet is to hear of it. */
void zta_shares_press(struct zta_segment *segment, struct zta_share share);

/* ---- the helper ---- */

struct zta_shares_fleet {
    uint32_t n_nodes; /* 0: in none */
    struct zta_siphash_key key;
    int64_t hold_ns; /* how long a grant holds behind its time */
};
void zta_shares_set_fleet(struct zta_segment *segment, const struct zta_shares_fleet *fleet);

struct zta_share_grant {
    uint64_t id;
    uint32_t part;
};
/* What holds from now on, by id; issued_ns: monotonic, when the agent asked the engine for it. */
void zta_shares_set(struct zta_segment *segment, const struct zta_share_grant *grants, size_t n,
                    int64_t issued_ns);
/* Of the grants that are in force; 0: none. */
int64_t zta_shares_issued_ns(const struct zta_segment *segment);

/* A bucket that was asked for since the last time. */
typedef void (*zta_share_use_fn)(void *context, uint64_t id, uint64_t n, bool is_pressed,
                                 bool is_named);
void zta_shares_collect(struct zta_segment *segment, zta_share_use_fn fn, void *context);

#endif

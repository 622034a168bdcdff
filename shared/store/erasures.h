/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators order to go before its time, in state/: what is recorded of a person, and what is
 * older than they say. Orders are kept until they are carried out, a piece with each change,
 * however the helper ends. A person is known to them by a digest alone: an order names nobody.
 */
#ifndef ZTA_STORE_ERASURES_H
#define ZTA_STORE_ERASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/store/env.h"
#include "shared/store/prune.h"

/* Of a subject; sessions keep no more of it. */
#define ZTA_ERASURE_SUBJECT_MAX 159

struct zta_erasure {
    struct zta_sha256 who; /* zta_erasure_name */
    int64_t until_ns;      /* what came later is not touched */
};

void zta_erasure_name(struct zta_text issuer, struct zta_text subject, struct zta_sha256 *who);

/* state/. One of the same person takes the place of the former. */
enum zta_status zta_erasure_put(struct zta_change *change,
                                const struct zta_erasure *erasure) ZTA_MUST_CHECK;
enum zta_status zta_erasure_remove(struct zta_change *change,
                                   const struct zta_erasure *erasure) ZTA_MUST_CHECK;
/* One that is not carried out. ZTA_NOT_FOUND: all are. */
enum zta_status zta_erasure_next(struct zta_view *view, struct zta_erasure *erasure) ZTA_MUST_CHECK;

/* Where carrying one out goes on; zeroed: at the start. */
struct zta_erasing {
    unsigned table;
    struct zta_prune_place place;
    uint64_t n; /* records that went */
    bool is_done;
};
/*
 * A piece of it, done within milliseconds: recorded requests, rows of repeated ones, sessions that
 * were not seen since. What restricts a person (revocations, blocks, measures, risk) stays.
 */
enum zta_status zta_erasure_step(struct zta_change *change, const struct zta_erasure *erasure,
                                 struct zta_erasing *erasing) ZTA_MUST_CHECK;
/* What is usual for the person, all at once. */
enum zta_status zta_baselines_erase(struct zta_change *change,
                                    const struct zta_erasure *erasure) ZTA_MUST_CHECK;

/* Requests and sessions of before that time go. 0: nobody ordered it. */
enum zta_status zta_prune_order_put(struct zta_change *change, int64_t before_s) ZTA_MUST_CHECK;
enum zta_status zta_prune_order_get(struct zta_view *view, int64_t *before_s) ZTA_MUST_CHECK;

#endif

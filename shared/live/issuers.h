/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processes tell each other about the keys of token issuers: the helper, that those in the
 * store have moved; children, that a token names a key they do not know. The keys themselves stand
 * in the store. An issuer is its id, a hash of name, URL and source of keys, so that two
 * generations of children with different configurations do not meet.
 */
#ifndef ZTA_LIVE_ISSUERS_H
#define ZTA_LIVE_ISSUERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/live/segment.h"

#define ZTA_ISSUERS_MAX 1024 /* of this configuration and the one before */
/* One refresh is asked for in this time, however many unknown keys are seen. */
#define ZTA_ISSUER_COOLDOWN_NS INT64_C(30000000000)
/* Longer than the helper takes for an attempt: without an answer by then there comes none. */
#define ZTA_ISSUER_ANSWER_NS INT64_C(15000000000)

/* Where an issuer stands; found once a process. */
struct zta_issuer_place {
    uint64_t id; /* never 0 */
    uint32_t slot;
};

/*
 * By the parent alone, before the processes of a configuration are forked: gives each id its slot.
 * Slots that neither this nor the former configuration uses are given anew. ZTA_FULL.
 */
enum zta_status zta_issuers_claim(struct zta_segment *segment, const uint64_t *ids, size_t n,
                                  uint32_t config_generation) ZTA_MUST_CHECK;
enum zta_status zta_issuer_find(const struct zta_segment *segment, uint64_t id,
                                struct zta_issuer_place *place) ZTA_MUST_CHECK;

/*
 * The transaction of state/ that brought the last news of the issuer: a view of that transaction or
 * a later one has them. 0: none yet, or the issuer has lost its slot.
 */
uint64_t zta_issuer_generation(const struct zta_segment *segment,
                               const struct zta_issuer_place *place);
/* By the helper, once that transaction is committed. */
void zta_issuer_moved(struct zta_segment *segment, const struct zta_issuer_place *place,
                      uint64_t state_txn);

/*
 * By a child that met an unknown key: asks for a refresh unless that was done within the cool-down
 * (monotonic clock). True: an answer to it is still to come.
 */
bool zta_issuer_ask(struct zta_segment *segment, const struct zta_issuer_place *place,
                    int64_t now_ns);
/* The request that waits for an answer; 0: none. */
int64_t zta_issuer_asked(const struct zta_segment *segment, const struct zta_issuer_place *place);
/* By the helper: that request is answered, and what came of it is published. */
void zta_issuer_answer(struct zta_segment *segment, const struct zta_issuer_place *place,
                       int64_t asked);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the shared memory is divided among the files of this folder. Each part owns one area, begins
 * as zeros (zero is empty), and works out its own geometry from the area's size, so that a process
 * that attaches computes the same.
 */
#ifndef ZTA_LIVE_LAYOUT_PRIV_H
#define ZTA_LIVE_LAYOUT_PRIV_H

#include <stdint.h>

#include "shared/base/status.h"
#include "shared/live/segment.h"

enum zta_area {
    ZTA_AREA_RING = 0,      /* up to 100,000 slots of 896 B, at most half of the segment */
    ZTA_AREA_TOKENS_SMALL,  /* entries of 512 B */
    ZTA_AREA_TOKENS_MIDDLE, /* of 2 KiB */
    ZTA_AREA_TOKENS_LARGE,  /* of 8 KiB */
    ZTA_AREA_TOKENS_BAD,    /* negative entries, at most 1/8 of all token areas */
    ZTA_AREA_LIMITS,
    ZTA_AREA_ISSUERS,    /* ZTA_ISSUERS_AREA_SIZE */
    ZTA_AREA_JTI,        /* proofs of possession, a sixteenth of the segment */
    ZTA_AREA_FLIGHTS,    /* ZTA_FLIGHTS_AREA_SIZE */
    ZTA_AREA_MAILBOX,    /* ZTA_MAILBOX_AREA_SIZE */
    ZTA_AREA_CHALLENGES, /* ZTA_CHALLENGES_AREA_SIZE */
    ZTA_AREA_SHARES,     /* ZTA_SHARES_AREA_SIZE */
    ZTA_N_AREAS
};

#define ZTA_ISSUERS_AREA_SIZE    UINT64_C(65536)  /* a cache line for each of ZTA_ISSUERS_MAX */
#define ZTA_FLIGHTS_AREA_SIZE    UINT64_C(73728)  /* places for tokens, calls, waits and breakers */
#define ZTA_MAILBOX_AREA_SIZE    UINT64_C(86080)  /* a line, and ZTA_LETTERS_MAX slots */
#define ZTA_CHALLENGES_AREA_SIZE UINT64_C(262144) /* 16,384 challenges of 16 bytes */
#define ZTA_SHARES_AREA_SIZE     UINT64_C(65600)  /* a line, and 2,048 buckets of 32 bytes */

/* Aligned to 64 bytes; *size is a multiple of 64. Never NULL. */
void *zta_segment_area(const struct zta_segment *segment, enum zta_area area, uint64_t *size);

/*
 * Walks every invariant of one part; ZTA_CORRUPT says which is broken. Parts of
 * zta_segment_check.
 */
enum zta_status zta_ring_check(const struct zta_segment *segment,
                               struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_token_cache_check(const struct zta_segment *segment,
                                      struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_limits_check(const struct zta_segment *segment,
                                 struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_issuers_check(const struct zta_segment *segment,
                                  struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_jti_check(const struct zta_segment *segment,
                              struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_flights_check(const struct zta_segment *segment,
                                  struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_mailbox_check(const struct zta_segment *segment,
                                  struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_challenges_check(const struct zta_segment *segment,
                                     struct zta_error *error) ZTA_MUST_CHECK;
enum zta_status zta_shares_check(const struct zta_segment *segment,
                                 struct zta_error *error) ZTA_MUST_CHECK;

#endif

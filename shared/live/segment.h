/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared memory of one running server: anonymous, mapped by the parent before it forks, kept
 * across graceful restarts. Holds only what is never needed to be safe. Offsets, no pointers.
 *
 * The parent formats it; children and the helper attach to the inherited mapping. Every part may be
 * written by any process of the server unless its header says otherwise.
 */
#ifndef ZTA_LIVE_SEGMENT_H
#define ZTA_LIVE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/risk_signals.h"

#define ZTA_SEGMENT_VERSION      5
#define ZTA_SEGMENT_SIZE_MIN     (UINT64_C(8) << 20)
#define ZTA_SEGMENT_SIZE_MAX     (UINT64_C(64) << 30)
#define ZTA_SEGMENT_SIZE_DEFAULT (UINT64_C(256) << 20)
#define ZTA_CHILDREN_MAX         4096 /* child slots: living and dying generations together */

enum zta_counter {
#define ZTA_COUNTER(upper, lower, help) ZTA_COUNTER_##upper,
#include "shared/live/counters.def"
#undef ZTA_COUNTER
    ZTA_N_COUNTERS
};

struct zta_segment; /* process-local handle */

/*
 * Formats `size` bytes of zeroed shared memory at base (page aligned). ZTA_TOO_LARGE outside
 * ZTA_SEGMENT_SIZE_MIN to _MAX (message says what is needed). The handle borrows base.
 */
enum zta_status zta_segment_create(void *base, uint64_t size, struct zta_segment **segment,
                                   struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Attaches to formatted memory. ZTA_VERSION for another layout, ZTA_CORRUPT when the header lies.
 */
enum zta_status zta_segment_attach(void *base, uint64_t size, struct zta_segment **segment,
                                   struct zta_error *error) ZTA_MUST_CHECK;
/* Frees the handle, never the memory. */
void zta_segment_close(struct zta_segment **segment);
/*
 * Walks every invariant of every part; for tests, status and after a crash. ZTA_CORRUPT says
 * which.
 */
enum zta_status zta_segment_check(const struct zta_segment *segment,
                                  struct zta_error *error) ZTA_MUST_CHECK;

/*
 * Maps into this process what each process meets page by page otherwise: the ring, whose first lap
 * would wait for a page with every few events. An optimisation only (Linux 5.14).
 */
void zta_segment_populate(const struct zta_segment *segment);

/* Random identity of this formatting; events are keyed by it. Never zero. */
uint64_t zta_segment_id(const struct zta_segment *segment);
int64_t zta_segment_created_real_ns(const struct zta_segment *segment);
/* Secret key of this segment's tables. */
const struct zta_siphash_key *zta_segment_key(const struct zta_segment *segment);

void zta_counter_add(struct zta_segment *segment, enum zta_counter counter, uint64_t n);
uint64_t zta_counter_get(const struct zta_segment *segment, enum zta_counter counter);
const char *zta_counter_name(enum zta_counter counter);
const char *zta_counter_help(enum zta_counter counter);

/*
 * A child registers itself once after fork and gets an incarnation (never reused, never 0) that it
 * writes into slots it claims. The parent marks it dead when it has been reaped; until then it
 * counts as living. ZTA_FULL when all child slots are taken.
 */
enum zta_status zta_segment_child_begin(struct zta_segment *segment, int32_t pid,
                                        uint32_t *incarnation) ZTA_MUST_CHECK;
/*
 * By the child itself on an orderly exit, or by the parent for a reaped pid. Unknown pids are
 * ignored.
 */
void zta_segment_child_end(struct zta_segment *segment, int32_t pid);
bool zta_segment_child_is_alive(const struct zta_segment *segment, uint32_t incarnation);
uint32_t zta_segment_children(const struct zta_segment *segment);

/*
 * Generation of the configuration that the parent read last; published by the parent at each
 * (re)start.
 */
void zta_segment_config_generation_set(struct zta_segment *segment, uint32_t generation);
uint32_t zta_segment_config_generation(const struct zta_segment *segment);

/*
 * Whether the store's files are still the ones that are open: written by the helper, which looks
 * each second, read by request threads. ZTA_OK until it says otherwise.
 */
void zta_segment_store_health_set(struct zta_segment *segment, enum zta_status health);
enum zta_status zta_segment_store_health(const struct zta_segment *segment);

/*
 * When a verification failed last, of whatever address (monotonic; 0: never): noted before the
 * failure is charged, so that who finds it long ago need not look for a charge.
 */
void zta_segment_failure_note(struct zta_segment *segment, int64_t now_ns);
int64_t zta_segment_failed_ns(const struct zta_segment *segment);

/* How threatened the server is: of the helper, what it computed, was told or responded with. */
void zta_segment_threat_set(struct zta_segment *segment, enum zta_threat_level level);
enum zta_threat_level zta_segment_threat(const struct zta_segment *segment);

/*
 * Up to where the decision log was written: all numbers of a stream below are in every target, or
 * counted as lost; 0: nothing is known. By the helper, for the helper that follows when it dies.
 */
enum zta_logged {
    ZTA_LOGGED_EVENTS = 0, /* sequence of the ring */
    ZTA_LOGGED_ACTIONS,    /* ids of the audit trail */
    ZTA_LOGGED_RESPONSES,  /* ids of what automation did */
    ZTA_N_LOGGED
};
void zta_segment_logged_set(struct zta_segment *segment, enum zta_logged stream, uint64_t number);
uint64_t zta_segment_logged(const struct zta_segment *segment, enum zta_logged stream);

#endif

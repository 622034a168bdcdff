/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeated denials in state/: those of one source for one reason on one route within a window are
 * one row with a count, beside at most ZTA_REPEAT_EXAMPLES events that stand by themselves. Written
 * by the observer alone, in the transaction that accounts for the events.
 */
#ifndef ZTA_STORE_REPEATS_H
#define ZTA_STORE_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/base/ulid.h"
#include "shared/event.h"
#include "shared/store/env.h"

#define ZTA_REPEAT_EXAMPLES 5
#define ZTA_REPEAT_WINDOW_S 60

/* Who sent it: the session where there is one, else the network of the address (/32, /64). */
#define ZTA_EVENT_SOURCE_SIZE 18
void zta_event_source(const struct zta_event *event, uint8_t out[ZTA_EVENT_SOURCE_SIZE]);

struct zta_repeat_key {
    uint64_t window_s; /* its begin, from the events' own time */
    uint8_t hash[16];
};
/* is_various: the row of all sources and routes of this reason that had no row of their own. */
void zta_repeat_key_make(const struct zta_event *event, bool is_various,
                         struct zta_repeat_key *key);

struct zta_repeat {
    struct zta_repeat_key key;
    bool is_various;
    int64_t first_ns;
    int64_t last_ns;
    uint64_t n; /* requests that are nowhere else: the examples are not among them */
    size_t n_examples;
    struct zta_ulid examples[ZTA_REPEAT_EXAMPLES];
    struct zta_event event; /* the first that was counted here */
};

enum zta_status zta_repeat_load(struct zta_change *change, const struct zta_repeat_key *key,
                                struct zta_repeat *repeat) ZTA_MUST_CHECK;
enum zta_status zta_repeat_put(struct zta_change *change,
                               const struct zta_repeat *repeat) ZTA_MUST_CHECK;
/* The row that a stored denial is an example of; ZTA_NOT_FOUND when it was not repeated. */
enum zta_status zta_repeat_of(struct zta_view *view, const struct zta_event *event,
                              struct zta_repeat *repeat) ZTA_MUST_CHECK;
typedef bool (*zta_repeat_fn)(void *context, const struct zta_repeat *repeat);
/* Rows of windows that begin at from_s or later, oldest first. */
enum zta_status zta_repeat_each(struct zta_view *view, int64_t from_s, zta_repeat_fn fn,
                                void *context) ZTA_MUST_CHECK;
/* Removes at most `most` rows of windows that began before before_s. *n removed rows. */
enum zta_status zta_repeats_prune(struct zta_change *change, int64_t before_s, size_t most,
                                  uint64_t *n) ZTA_MUST_CHECK;

#endif

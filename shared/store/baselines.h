/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is usual for each subject: one record a subject in state/, written by the observer alone,
 * read by requests that rules ask about behaviour.
 */
#ifndef ZTA_STORE_BASELINES_H
#define ZTA_STORE_BASELINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/risk/baseline.h"
#include "shared/store/env.h"
#include "shared/store/prune.h"

/*
 * ZTA_NOT_FOUND also for names that no record can have (too long). ZTA_CORRUPT for a record that
 * put does not write. The names in *baseline are set as given.
 */
enum zta_status zta_baseline_get(struct zta_view *view, struct zta_text issuer,
                                 struct zta_text subject,
                                 struct zta_baseline *baseline) ZTA_MUST_CHECK;
/*
 * What a request asks: zta_baseline_get and zta_baseline_answer in one, remembered for the minute,
 * which is as long as nothing but a newer record changes the answer.
 */
struct zta_baseline_answered {
    bool is_there; /* else the rest is zero */
    struct zta_answers usual;
    int64_t first_s;
};
enum zta_status zta_baseline_ask(struct zta_view *view, struct zta_text issuer,
                                 struct zta_text subject, const struct zta_habit_values *values,
                                 struct zta_baseline_answered *answered) ZTA_MUST_CHECK;
/* As above, seen from inside a change. */
enum zta_status zta_baseline_load(struct zta_change *change, struct zta_text issuer,
                                  struct zta_text subject,
                                  struct zta_baseline *baseline) ZTA_MUST_CHECK;
enum zta_status zta_baseline_put(struct zta_change *change,
                                 const struct zta_baseline *baseline) ZTA_MUST_CHECK;

/* ZTA_NOT_FOUND: there is none. */
enum zta_status zta_baseline_remove(struct zta_change *change, struct zta_text issuer,
                                    struct zta_text subject) ZTA_MUST_CHECK;
/* Removes all. */
enum zta_status zta_baselines_clear(struct zta_change *change) ZTA_MUST_CHECK;

/* Those of an issuer one after the other; returning false ends the walk. */
typedef bool (*zta_baseline_fn)(void *context, const struct zta_baseline *baseline);
enum zta_status zta_baseline_each(struct zta_view *view, zta_baseline_fn fn,
                                  void *context) ZTA_MUST_CHECK;

enum zta_status zta_baselines_count(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

/*
 * Removes baselines whose subject was last seen before before_s, looking at no more than most
 * records from place on; place moves on and is zeroed at the end. *n removed ones.
 */
enum zta_status zta_baselines_prune(struct zta_change *change, struct zta_prune_place *place,
                                    int64_t before_s, size_t most, uint64_t *n) ZTA_MUST_CHECK;

/* The record's value by itself; what a fuzzer and the deep check look at. */
enum zta_status zta_baseline_decode(const void *data, size_t size,
                                    struct zta_baseline *baseline) ZTA_MUST_CHECK;

#endif

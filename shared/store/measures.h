/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures: what is held against somebody for a time. Those of rules and transmitters stand in
 * state/, written by the helper; those of operators in policy/. All of them can only restrict, and
 * all of them end. An operator lifts one of state/ by a record in policy/, which also keeps the
 * same rule from that target for as long as the measure was to last.
 */
#ifndef ZTA_STORE_MEASURES_H
#define ZTA_STORE_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/measure.h"
#include "shared/store/env.h"

#define ZTA_MEASURE_KEY_SIZE (1 + ZTA_SHA256_SIZE)

/* What became of a measure that was put. */
struct zta_measure_placed {
    uint64_t id;
    bool is_new; /* else one that ran was extended */
    int64_t until_s;
};

/*
 * Begins the measure at measure->created_ns for for_s, or extends the one of the same source, rule,
 * kind and target that runs, to at most ZTA_MEASURE_EXTENDED_MAX times its first length; that of a
 * transmitter begins anew, and so does a step-up that rests on nothing from before it. The source
 * says where it stands: the change is the operator's or the helper's. ZTA_INVALID for what its kind
 * or target does not allow, ZTA_FULL for one more than a target can have.
 */
enum zta_status zta_measure_put(struct zta_change *change, const struct zta_measure *measure,
                                struct zta_measure_placed *placed) ZTA_MUST_CHECK;
/* By the id of its source's environment; ZTA_NOT_FOUND. */
enum zta_status zta_measure_remove(struct zta_change *change,
                                   const struct zta_measure *measure) ZTA_MUST_CHECK;
/*
 * state/. Removes measures that ended before now_s, looking at no more than `most` targets from
 * place on (zeroed: from the start); place moves on and is zeroed at the end.
 */
enum zta_status zta_measures_prune(struct zta_change *change, uint8_t place[ZTA_MEASURE_KEY_SIZE],
                                   int64_t now_s, size_t most, uint64_t *n) ZTA_MUST_CHECK;
/* policy/. Removes what operators held and lifted, where it has no effect any more. */
enum zta_status zta_measures_prune_policy(struct zta_change *change, int64_t now_s,
                                          uint64_t *n) ZTA_MUST_CHECK;

/* ---- the request path ---- */

/* Texts are borrowed for the call. */
typedef void (*zta_measure_hold_fn)(void *context, const struct zta_measure *measure);

/* Whom a request asks for; what is NULL or false is not asked. */
struct zta_measure_question {
    bool asks_everyone;
    const struct zta_addr *addr;
    const struct zta_identity *identity;
};

/*
 * Tells all that holds against them at now_s, lifted ones left out, in one go. Two look-ups where
 * there are no measures at all; else one for each kind of target that has some.
 */
enum zta_status zta_measures_find(struct zta_view *view,
                                  const struct zta_measure_question *question, int64_t now_s,
                                  zta_measure_hold_fn fn, void *context) ZTA_MUST_CHECK;
/* The same for targets of policy/ alone, where `automation` and `signals` are off. */
enum zta_status zta_measures_find_operators(struct zta_view *view,
                                            const struct zta_measure_question *question,
                                            int64_t now_s, zta_measure_hold_fn fn,
                                            void *context) ZTA_MUST_CHECK;

/*
 * Does any of operators (policy/), or of all others (state/), stand against somebody, lifted or
 * ended ones included? What stands against everyone refuses nothing by itself.
 */
enum zta_status zta_measures_exist(struct zta_view *view, bool are_operators,
                                   bool *do_exist) ZTA_MUST_CHECK;

/* The same, against everyone included: false where there is nothing to look up. */
enum zta_status zta_measures_stand(struct zta_view *view, bool are_operators,
                                   bool *do_stand) ZTA_MUST_CHECK;

/* ---- operators ---- */

/* Records of both environments, ended ones too; false ends the walk. */
typedef bool (*zta_measure_fn)(void *context, const struct zta_measure *measure, bool is_lifted);
enum zta_status zta_measure_each(struct zta_view *view, zta_measure_fn fn,
                                 void *context) ZTA_MUST_CHECK;
/*
 * policy/. Lifts a measure of state/ as it stands, and keeps its rule from the target for as long
 * as the measure was to last; without an effect on what began at or before created_ns.
 */
enum zta_status zta_measure_lift(struct zta_change *change, const struct zta_measure *measure,
                                 uint64_t action_id) ZTA_MUST_CHECK;
/* Takes that back: the measure holds again, if it has not ended. ZTA_NOT_FOUND: never lifted. */
enum zta_status zta_measure_unlift(struct zta_change *change,
                                   const struct zta_measure *measure) ZTA_MUST_CHECK;
/* The operator's action that lifted it; 0: nobody did. */
enum zta_status zta_measure_lifted_by(struct zta_view *view, const struct zta_measure *measure,
                                      uint64_t *action_id) ZTA_MUST_CHECK;
/* Until when its rule leaves this target alone; 0: nobody lifted one, or it is over. */
enum zta_status zta_measure_spared_until(struct zta_view *view, const struct zta_measure *measure,
                                         int64_t *until_s, int64_t *lifted_ns) ZTA_MUST_CHECK;

#endif

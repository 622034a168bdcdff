/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Baselines of subjects that were seen lately (hot_table.h): the observer teaches them what it
 * takes from the ring. One is written back at once when an answer about requests like the one that
 * taught it changed.
 */
#ifndef MOD_ZTA_HELPER_BASELINE_TABLE_H
#define MOD_ZTA_HELPER_BASELINE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/hot_table.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/risk/baseline.h"
#include "shared/store/env.h"
#include "shared/store/events.h"

/* ZTA_NO_MEMORY. The key is against crafted collisions. */
enum zta_status mod_zta_baseline_table_open(size_t n_subjects, const struct zta_siphash_key *key,
                                            struct mod_zta_hot_table **table) ZTA_MUST_CHECK;

/*
 * Teaches the baseline of the event's subject place->weight requests like this one, if an identity
 * entered and its place evaluates behaviour; else does nothing. A request that was refused only
 * counts in the rate of a subject that has a baseline. An event that was counted before is left
 * alone. *taught: the baseline, borrowed until the next call; NULL: it taught none.
 */
enum zta_status mod_zta_baseline_table_note(struct mod_zta_hot_table *table,
                                            struct zta_change *change,
                                            const struct zta_event *event,
                                            const struct zta_event_key *place, int64_t now_ns,
                                            const struct zta_baseline **taught) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the recorded sides of credentials out of shared memory into the store: once each, with the
 * first row that names them.
 */
#ifndef MOD_ZTA_HELPER_INPUTS_KEEPER_H
#define MOD_ZTA_HELPER_INPUTS_KEEPER_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"
#include "shared/store/events.h"

struct mod_zta_inputs_keeper;

enum zta_status mod_zta_inputs_keeper_open(struct mod_zta_inputs_keeper **keeper) ZTA_MUST_CHECK;
void mod_zta_inputs_keeper_close(struct mod_zta_inputs_keeper **keeper);

/*
 * For rows of a batch, into its change. What shared memory has lost, and new ones while their
 * quota is used up, are left out and counted: those requests cannot be judged again.
 */
enum zta_status mod_zta_inputs_keep(struct mod_zta_inputs_keeper *keeper,
                                    struct zta_segment *segment, struct zta_change *change,
                                    const struct zta_event_row *rows, size_t n) ZTA_MUST_CHECK;
/* The change was not committed: what the store holds is asked anew. */
void mod_zta_inputs_keeper_forget(struct mod_zta_inputs_keeper *keeper);
/*
 * Each second: removes some of those whose last event is older than before_s. Above three quarters
 * of the quota those go that were not needed for three hours, however long events are kept.
 */
void mod_zta_inputs_keeper_prune(struct mod_zta_inputs_keeper *keeper, struct zta_store *store,
                                 int64_t before_s, int64_t now_s);

#endif

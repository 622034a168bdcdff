/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that were touched lately (hot_table.h). A session is written back at once when something
 * a decision depends on changed; the requests of others are in the events until then, from which
 * the next observer recovers them.
 */
#ifndef MOD_ZTA_HELPER_SESSION_TABLE_H
#define MOD_ZTA_HELPER_SESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/hot_table.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/store/env.h"
#include "shared/store/events.h"

/* ZTA_NO_MEMORY. The key is against crafted collisions. */
enum zta_status mod_zta_session_table_open(size_t n_sessions, const struct zta_siphash_key *key,
                                           struct mod_zta_hot_table **table) ZTA_MUST_CHECK;

/*
 * Counts place->weight requests like this one for the event's session (none: does nothing), which
 * is read from the store when it is not in memory. An event that was counted before is seen and
 * left alone. is_urgent: the events do not tell these requests, so the session has to.
 */
enum zta_status mod_zta_session_table_note(struct mod_zta_hot_table *table,
                                           struct zta_change *change, const struct zta_event *event,
                                           const struct zta_event_key *place, bool is_urgent,
                                           int64_t now_ns) ZTA_MUST_CHECK;

#endif

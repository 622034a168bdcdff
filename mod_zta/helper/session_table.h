/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that were touched lately, in the observer's memory: a bounded table in front of state/.
 * A session is written back at once when something a decision depends on changed, else 30 seconds
 * after it was first touched; until then its requests are in the events alone, from which the next
 * observer recovers them.
 */
#ifndef MOD_ZTA_HELPER_SESSION_TABLE_H
#define MOD_ZTA_HELPER_SESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/store/env.h"
#include "shared/store/events.h"

#define MOD_ZTA_WRITE_BACK_NS INT64_C(30000000000)

struct mod_zta_session_table;

/* ZTA_NO_MEMORY. The key is against crafted collisions. */
enum zta_status mod_zta_session_table_open(size_t n_entries, const struct zta_siphash_key *key,
                                           struct mod_zta_session_table **table) ZTA_MUST_CHECK;
void mod_zta_session_table_close(struct mod_zta_session_table **table);

/* Sessions that can be taken in before those that wait have to be written. */
size_t mod_zta_session_table_room(const struct mod_zta_session_table *table);

/*
 * Counts place->weight requests like this one for the event's session (none: does nothing), which
 * is read from the store when it is not in memory. An event that was counted before is seen and
 * left alone. is_urgent: the events do not tell these requests, so the session has to.
 */
enum zta_status mod_zta_session_table_note(struct mod_zta_session_table *table,
                                           struct zta_change *change, const struct zta_event *event,
                                           const struct zta_event_key *place, bool is_urgent,
                                           int64_t now_ns) ZTA_MUST_CHECK;

/* Writes what is due (is_all: all that waits) into the change. */
enum zta_status mod_zta_session_table_write(struct mod_zta_session_table *table,
                                            struct zta_change *change, bool is_all,
                                            int64_t now_ns) ZTA_MUST_CHECK;
/* The sequence below which sessions need no events, once the change is committed; else `cursor`. */
uint64_t mod_zta_session_table_settled(const struct mod_zta_session_table *table, uint64_t cursor);
/* How the change ended. */
void mod_zta_session_table_written(struct mod_zta_session_table *table, bool is_committed);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of those that were seen lately, in memory alone: a bounded table in which the
 * one that was not seen for longest gives way. Memory is taken as it is used, and never more than
 * for all records. Used by the observer's thread alone.
 */
#ifndef MOD_ZTA_HELPER_RECENT_TABLE_H
#define MOD_ZTA_HELPER_RECENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"

#define MOD_ZTA_RECENT_ID_SIZE 16

struct mod_zta_recent_table;

/* n_records is rounded up to a power of two. ZTA_NO_MEMORY. */
enum zta_status mod_zta_recent_table_open(size_t n_records, size_t record_size,
                                          const struct zta_siphash_key *key,
                                          struct mod_zta_recent_table **table) ZTA_MUST_CHECK;
void mod_zta_recent_table_close(struct mod_zta_recent_table **table);

/*
 * The record of that id, which is zeroed when it was not in memory. Borrowed until the next call.
 * Never NULL.
 */
void *mod_zta_recent_table_see(struct mod_zta_recent_table *table,
                               const uint8_t id[MOD_ZTA_RECENT_ID_SIZE]);
/* Records that gave way to others since the table was opened. */
uint64_t mod_zta_recent_table_forgotten(const struct mod_zta_recent_table *table);

#endif

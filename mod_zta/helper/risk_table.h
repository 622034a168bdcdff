/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Risk as the observer keeps it: detectors see every request (shared/risk/detect.h), and what they
 * and the requests themselves found becomes factors in the records of sessions and addresses
 * (shared/store/risks.h), in the very transaction that stores the events. A record also learns the
 * agent that its session came with, and where its subject was last.
 *
 * Windows of detectors are in memory alone (recent_table.h): those that were under way end with the
 * process. Factors never do. Used by the observer's thread alone.
 */
#ifndef MOD_ZTA_HELPER_RISK_TABLE_H
#define MOD_ZTA_HELPER_RISK_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/batch.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/risk/baseline.h"
#include "shared/risk/score.h"
#include "shared/rules/compile.h"
#include "shared/store/env.h"

struct mod_zta_risk_table;

/* ZTA_NO_MEMORY. The key is against crafted collisions. */
enum zta_status mod_zta_risk_table_open(const struct zta_siphash_key *key,
                                        struct mod_zta_risk_table **table) ZTA_MUST_CHECK;
void mod_zta_risk_table_close(struct mod_zta_risk_table **table);

/*
 * The rules whose `signal` rules say what is worth how much, valid until the next call. NULL, and
 * before the first: the table of signals alone.
 */
void mod_zta_risk_table_use(struct mod_zta_risk_table *table, const struct zta_ruleset *set);

/*
 * Shows an event of the batch to the detectors: once, in order. baseline: the one that it taught;
 * NULL: none.
 */
void mod_zta_risk_table_watch(struct mod_zta_risk_table *table, const struct mod_zta_batch *batch,
                              size_t index, const struct zta_baseline *baseline);
/*
 * Writes what was found in the batch into the change, and into the events that raised it: with the
 * factor and for whom it was kept (recorded.h). May be asked again for the same batch, in another
 * change, when that one was not committed.
 */
enum zta_status mod_zta_risk_table_apply(struct mod_zta_risk_table *table,
                                         struct zta_change *change,
                                         struct mod_zta_batch *batch) ZTA_MUST_CHECK;
/*
 * A `respond` rule raises a signal of the session or address of an event that was applied;
 * apply_more writes what was raised since.
 */
void mod_zta_risk_table_raise(struct mod_zta_risk_table *table, size_t index,
                              enum zta_risk_kept_for owner, enum zta_risk_signal signal,
                              const char *evidence);
enum zta_status mod_zta_risk_table_apply_more(struct mod_zta_risk_table *table,
                                              struct zta_change *change,
                                              struct mod_zta_batch *batch) ZTA_MUST_CHECK;
/* The batch is over; is_committed: with all that it found, else nothing of it is in the store. */
void mod_zta_risk_table_end(struct mod_zta_risk_table *table, bool is_committed);

/*
 * Findings that were given up for want of room in a batch, watches that gave way to others, and
 * addresses whose risk is not kept since others' is.
 */
struct mod_zta_risk_losses {
    uint64_t n_findings;
    uint64_t n_watches;
    uint64_t n_addresses;
};
struct mod_zta_risk_losses mod_zta_risk_table_losses(const struct mod_zta_risk_table *table);

#endif

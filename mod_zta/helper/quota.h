/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence has quotas, so that a flood pushes nobody else's out of the store: what becomes a row of
 * its own, and in which row the rest is counted. Nothing of a batch is left out of both.
 *
 * - What raised a factor of risk is kept, whatever it is.
 * - Classes of the others: denied, allowed, allowed although a monitored part would have refused.
 *   Each has so many rows a second; unused ones are kept for a second.
 * - Within a class the sources (session, else network) of a batch get equal shares; who needs less
 *   leaves the rest to the others.
 * - Allowed and monitored: every n-th request of a source becomes a row that stands for n (weight).
 *   Where there are more sources than rows, a row stands for those without one as well.
 * - Denied: ZTA_REPEAT_EXAMPLES rows for one (source, reason, route) in a window; the others are
 *   counted in its repeat. Those of a source that got no row at all, and those beyond
 *   MOD_ZTA_REPEATS_MAX repeats, are counted in that of various sources.
 */
#ifndef MOD_ZTA_HELPER_QUOTA_H
#define MOD_ZTA_HELPER_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/batch.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/store/env.h"
#include "shared/store/events.h"

#define MOD_ZTA_ALLOWED_ROWS_S   20000
#define MOD_ZTA_DENIED_ROWS_S    5000
#define MOD_ZTA_MONITORED_ROWS_S 5000
#define MOD_ZTA_REPEATS_MAX      3000 /* of one source each, in memory at once */

struct mod_zta_quota;

struct mod_zta_shares {
    size_t n_rows;
    struct zta_event_row rows[MOD_ZTA_BATCH_MAX]; /* in order */
    /* By index of the batch: its session's count cannot be recovered from rows. */
    bool is_hidden[MOD_ZTA_BATCH_MAX];
};

enum zta_status mod_zta_quota_open(const struct zta_siphash_key *key,
                                   struct mod_zta_quota **quota) ZTA_MUST_CHECK;
void mod_zta_quota_close(struct mod_zta_quota **quota);

/*
 * Shares the batch out and writes its repeats. pressure 0..4 halves the rows so many times, for
 * when the ring fills faster than the store takes.
 */
enum zta_status mod_zta_quota_apply(struct mod_zta_quota *quota, struct zta_change *change,
                                    const struct mod_zta_batch *batch, int64_t now_mono_ns,
                                    unsigned pressure,
                                    struct mod_zta_shares *shares) ZTA_MUST_CHECK;
/* The change was not committed: what it counted is forgotten. */
void mod_zta_quota_undo(struct mod_zta_quota *quota);

#endif

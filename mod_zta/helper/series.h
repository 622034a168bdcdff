/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a batch adds to the time series (shared/store/series.h): every event of it, before quotas
 * leave any out, and the events that were lost since the batch before.
 */
#ifndef MOD_ZTA_HELPER_SERIES_H
#define MOD_ZTA_HELPER_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/helper/batch.h"
#include "mod_zta/helper/quota.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"
#include "shared/store/series.h"

struct mod_zta_series;

/* retain_s by span, ZTARetain; 0: not limited. */
enum zta_status mod_zta_series_open(const int64_t retain_s[ZTA_N_SERIES_SPANS],
                                    struct mod_zta_series **series) ZTA_MUST_CHECK;
void mod_zta_series_close(struct mod_zta_series **series);

/* Lost events are to be noted, batch or not. */
bool mod_zta_series_waits(const struct mod_zta_series *series, const struct zta_segment *segment);
enum zta_status mod_zta_series_write(struct mod_zta_series *series, struct zta_change *change,
                                     const struct zta_segment *segment,
                                     const struct mod_zta_batch *batch,
                                     const struct mod_zta_shares *shares) ZTA_MUST_CHECK;
/* Behind the change: what was noted stands, or is noted again. */
void mod_zta_series_end(struct mod_zta_series *series, bool is_committed);
/* Each second: removes what is older than ZTARetain says. */
void mod_zta_series_prune(const struct mod_zta_series *series, struct zta_store *store,
                          int64_t now_s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threat level that each node of the fleet measured itself, which is never the one that holds
 * there: so none is told again, and nodes do not keep each other up. It stands in policy/ of the
 * others, and counts for ZTA_FLEET_THREAT_S after it was said.
 */
#ifndef ZTA_STORE_FLEET_THREAT_H
#define ZTA_STORE_FLEET_THREAT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/risk_signals.h"
#include "shared/store/env.h"

#define ZTA_FLEET_THREAT_S      120
#define ZTA_FLEET_THREAT_TELL_S 30 /* what lasts is said again so often */

/* What this node said last, of the process that says it; zeroed: nothing. */
struct zta_fleet_threat_said {
    enum zta_threat_level level;
    int64_t time_s;
};
/* Is the level that is measured now to be said? */
bool zta_fleet_threat_is_due(const struct zta_fleet_threat_said *said, enum zta_threat_level level,
                             int64_t now_s);
/* state/. The agent is to say it. */
void zta_fleet_threat_note(struct zta_change *change, enum zta_threat_level level);
/* The highest that another node measured lately. */
enum zta_status zta_fleet_threat_find(struct zta_view *view, int64_t now_s,
                                      enum zta_threat_level *level) ZTA_MUST_CHECK;

#endif

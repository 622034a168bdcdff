/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Risk that other nodes of the fleet raised: of sessions and addresses, what weighs enough to
 * matter. It stands in policy/, beside what this node's helper keeps in state/. It can only add
 * (zta_risk_join), and ends by its own decay.
 *
 * A node has ZTA_FLEET_RISK_SLOTS places for sessions and as many for addresses: whose risk goes
 * where follows from its key, so that neither a store nor the engine ever has more. Of two owners
 * of one place the node tells of the one with the higher score.
 */
#ifndef ZTA_STORE_FLEET_RISKS_H
#define ZTA_STORE_FLEET_RISKS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/risk/score.h"
#include "shared/store/env.h"
#include "shared/store/risks.h"

#define ZTA_FLEET_RISK_SLOTS 4096
/* Points, of a weight or a floor: less makes no score that anybody asks for (level "low"). */
#define ZTA_FLEET_RISK_LEAST 25
/* A longer half-life is cut to this one, the longest of the table; a floor ends by then, too. */
#define ZTA_FLEET_RISK_HALF_LIFE_S (7 * 86400)

/* Is a factor told to other nodes? */
bool zta_fleet_risk_is_told(const struct zta_risk_factor *factor);
/* state/. This node's record of that session or address changed: its agent is to tell of it. */
void zta_fleet_risk_note(struct zta_change *change, const struct zta_risk_owner *owner);

/*
 * What all others say of a session or an address, joined as of now_s. One look-up. ZTA_NOT_FOUND:
 * nothing. ZTA_CORRUPT.
 */
enum zta_status zta_fleet_risks_find(struct zta_view *view, const struct zta_risk_owner *owner,
                                     int64_t now_s, struct zta_risk_others *others) ZTA_MUST_CHECK;

/* The same one node after the other, what has ended included; false ends the walk. */
typedef bool (*zta_fleet_risk_fn)(void *context, const uint8_t origin[ZTA_ORIGIN_SIZE],
                                  const struct zta_risk *risk);
enum zta_status zta_fleet_risks_each(struct zta_view *view, const struct zta_risk_owner *owner,
                                     zta_fleet_risk_fn fn, void *context) ZTA_MUST_CHECK;

#endif

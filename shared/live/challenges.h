/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last challenge for a stronger login, of each user and demand, shared by all children: so that
 * nobody is asked again and again for what a login does not change. Forgotten after
 * ZTA_CHALLENGES_LIFE_S, and the oldest first when too many want the same place; who was forgotten
 * is asked once more. Words change by one compare-and-swap, a process killed anywhere leaves
 * nothing half done.
 */
#ifndef ZTA_LIVE_CHALLENGES_H
#define ZTA_LIVE_CHALLENGES_H

#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/live/segment.h"
#include "shared/step_up.h"

#define ZTA_CHALLENGES_LIFE_S 600

/* key: digest of whatever makes two challenges the same. No challenge leaves *past as zeros. */
void zta_challenge_get(const struct zta_segment *segment, const struct zta_sha256 *key,
                       int64_t now_s, struct zta_step_up_past *past);
/* Of several at once one stays. */
void zta_challenge_put(struct zta_segment *segment, const struct zta_sha256 *key, int64_t now_s,
                       const struct zta_step_up_past *past);

#endif

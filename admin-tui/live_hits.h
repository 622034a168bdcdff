/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of rules would have done to the requests of the last hour, and its guard. */
#ifndef CTL_LIVE_HITS_H
#define CTL_LIVE_HITS_H

#include "admin-tui/command.h"
#include "admin-tui/live.h"
#include "shared/evidence/whatif.h"

#define CTL_LIVE_HITS_S     INT64_C(3600) /* how far it looks back */
#define CTL_LIVE_GUARD_PART 5 /* refusing more than one in so many of what was allowed asks */

/*
 * Judges what was recorded in the last hour by both sets. now->set NULL: compared with what was
 * decided. Says what failed; the result is the caller's to close.
 */
enum ctl_exit ctl_live_hits_count(const struct ctl *ctl, const struct ctl_live *live,
                                  const struct ctl_live_set *now, const struct ctl_live_set *then,
                                  struct zta_whatif **result);
/* A limit is among what changes: how full buckets stood is not recorded, so what it would refuse is
 * not known. */
bool ctl_live_hits_lack_limits(const struct ctl_live_set *now, const struct ctl_live_set *then);
/* "Of the 12000 requests of the last hour it would refuse 4108 ...", and what is open. */
void ctl_live_hits_print(const struct zta_whatif *result, struct zta_buffer *out);
/* Whom that is: examples, routes and subjects, as whatif says it; nothing when nobody is hit. */
void ctl_live_hits_say(const struct ctl *ctl, const struct zta_whatif *result);
/* CTL_DONE when it may go on: --max requests, and the number typed where a fifth would be hit. */
enum ctl_exit ctl_live_hits_guard(const struct ctl *ctl, const struct zta_whatif *result);

#endif

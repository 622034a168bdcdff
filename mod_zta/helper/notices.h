/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What transmitters of signals told becomes what it does: revocations, attestations, measures and
 * an entry of the journal, in one change. A part of the observer's round.
 */
#ifndef MOD_ZTA_HELPER_NOTICES_H
#define MOD_ZTA_HELPER_NOTICES_H

#include <stdint.h>

#include "mod_zta/helper/observer_priv.h"
#include "shared/notice.h"
#include "shared/store/signals.h"

/*
 * Into an open change; view shows what operators lifted, automation how many may be hit.
 * ZTA_EXISTS: it came before, nothing is changed. ZTA_INVALID: a verification whose state is not
 * the one that is outstanding, likewise. ZTA_OK also for what has no effect: the journal says why.
 */
enum zta_status mod_zta_notice_deliver(struct mod_zta_automation *automation, struct zta_view *view,
                                       struct zta_change *change, const struct zta_notice *notice,
                                       struct zta_signal_delivery *delivery) ZTA_MUST_CHECK;

/*
 * What waited and was applied by an operator takes effect now. ZTA_NOT_FOUND: nothing does.
 */
enum zta_status mod_zta_notices_apply(struct zta_view *view, struct zta_change *change,
                                      int64_t now_real_ns) ZTA_MUST_CHECK;

/* Each second: the records of streams, what operators apply, alerts about both. */
void mod_zta_notices_step(struct mod_zta_observer *observer, int64_t now_real_ns);

#endif

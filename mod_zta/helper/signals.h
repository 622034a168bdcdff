/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's part of signals: what requests verified and wait for goes into state/, durably,
 * before they are told so. A part of the observer's round.
 */
#ifndef MOD_ZTA_HELPER_SIGNALS_H
#define MOD_ZTA_HELPER_SIGNALS_H

#include <stdint.h>

#include "mod_zta/helper/observer_priv.h"

/*
 * Delivers what stands in the mailbox, in one synced change. What the store does not take stays
 * there for a later round.
 */
void mod_zta_signals_deliver(struct mod_zta_observer *observer, int64_t now_mono_ns,
                             int64_t now_real_ns);
/* Each second: forgets messages and single sessions whose time is over. */
void mod_zta_signals_prune(struct mod_zta_observer *observer, int64_t now_real_ns);
/* Each second: what transmitters told and stands is noted for the fleet every few hours. */
void mod_zta_signals_tell_fleet(struct mod_zta_observer *observer, int64_t now_real_ns);

#endif

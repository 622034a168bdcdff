/* SPDX-License-Identifier: Apache-2.0 */
/* What operators ask of the observer (shared/store/requests.h): on its thread alone. */
#ifndef MOD_ZTA_HELPER_REQUESTS_H
#define MOD_ZTA_HELPER_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/helper/observer.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

/* Looks once a second whether any wait, and keeps the answer for mod_zta_requests_wait. */
void mod_zta_requests_look(struct mod_zta_observer *observer, int64_t now_mono_ns);
bool mod_zta_requests_wait(const struct mod_zta_observer *observer);

/*
 * Does all that wait, in a change into which everything in memory was written before: what an
 * observer that dies would count again is then of before the request, and settled.
 */
enum zta_status mod_zta_requests_do(struct mod_zta_observer *observer,
                                    struct zta_change *change) ZTA_MUST_CHECK;
/* That change is committed: memory follows. */
void mod_zta_requests_done(struct mod_zta_observer *observer);

#endif

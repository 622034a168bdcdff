/* SPDX-License-Identifier: Apache-2.0 */
/* What operators order to go (shared/store/erasures.h): on the observer's thread alone. */
#ifndef MOD_ZTA_HELPER_ERASURE_H
#define MOD_ZTA_HELPER_ERASURE_H

#include <stdint.h>

#include "mod_zta/helper/observer.h"

/* Each second: some pieces of an erasure. What fails is tried again from its start. */
void mod_zta_erasure_step(struct mod_zta_observer *observer);
/* Before that time requests and sessions go, whatever ZTARetain says; INT64_MIN: never ordered. */
int64_t mod_zta_erasure_oldest_s(struct mod_zta_observer *observer);

#endif

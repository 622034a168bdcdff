/* SPDX-License-Identifier: Apache-2.0 */
/* What stages 3 and 4 keep in the fixture: risk, measures, signals from outside. */
#ifndef TESTS_TUI_FILL_ADAPTIVE_H
#define TESTS_TUI_FILL_ADAPTIVE_H

#include <stdint.h>

#include "shared/event.h"
#include "shared/store/env.h"

/* The request of that session (a number of scratch_store.h) raises what is due by now, if any. */
void fill_risk_of(struct zta_event *event, uint32_t session);
/* Records of all that was raised so, then measures and signals. */
enum zta_status fill_adaptive(struct zta_change *change) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* From what httpd's helper notes in state/ to what the agent says. */
#ifndef ZTA_STORE_FLEET_COLLECT_H
#define ZTA_STORE_FLEET_COLLECT_H

#include <stdbool.h>

#include "shared/base/status.h"
#include "shared/store/env.h"

/* Did the helper note something in state/ that was not collected yet? */
enum zta_status zta_fleet_has_notes(struct zta_view *view, bool *has_some) ZTA_MUST_CHECK;
/*
 * Takes what was noted in state/ over into the outbox: measures of automation, risk and measured
 * threat levels alone, whatever stands there, because httpd's user can write there what he likes.
 * view is begun with the change.
 */
enum zta_status zta_fleet_collect(struct zta_change *change, struct zta_view *view) ZTA_MUST_CHECK;

#endif

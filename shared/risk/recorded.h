/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Factors as events record them: with what they were raised by, so that a score is rebuilt from
 * recorded events alone.
 */
#ifndef ZTA_RISK_RECORDED_H
#define ZTA_RISK_RECORDED_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/event.h"
#include "shared/risk/score.h"

#define ZTA_RECORDED_EVIDENCE_MAX (ZTA_EVENT_RAISED_MAX * ZTA_RISK_EVIDENCE_MAX)

/*
 * Notes what a request raised, at most ZTA_EVENT_RAISED_MAX factors of weight, and gives the text
 * ZTA_EVENT_EVIDENCE of them for the caller to set.
 */
struct zta_text zta_risk_record_raised(struct zta_event *event, const struct zta_risk *raised,
                                       char storage[ZTA_RECORDED_EVIDENCE_MAX]);
/*
 * Adds one to an event that has its texts: what its reader found out. False: it has no room for
 * more, or has that signal; evidence is cut to what room there is.
 */
bool zta_risk_record_add(struct zta_event *event, const struct zta_risk_factor *factor);
/* The i-th that was raised, as it was; false beyond the last, or for what nobody records. */
bool zta_risk_recorded(const struct zta_event *event, size_t i, struct zta_risk_factor *factor);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a judgement to the event that is recorded of it: all that a second judgement needs, put
 * where shared/evidence/replay.c finds it.
 */
#ifndef ZTA_RECORD_H
#define ZTA_RECORD_H

#include <stdbool.h>

#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/event.h"
#include "shared/facts.h"
#include "shared/stance.h"

#define ZTA_RECORD_OS_MAX 128 /* name and version */

struct zta_recorded {
    const struct zta_facts *facts; /* with the identity that entered, NULL: none did */
    const struct zta_stance *stance;
    const struct zta_decision *decision;
    bool has_reached_rules; /* nothing before them refused */
    bool is_noted;          /* a monitored check before them would have refused */
    bool is_several;        /* other places judged it as well */
};

/*
 * Fills all of the event that follows from the judgement but its texts, which go to texts[] for the
 * caller to add his own and to set. os is storage for one of them.
 */
void zta_record_fill(struct zta_event *event, const struct zta_recorded *recorded,
                     struct zta_text texts[ZTA_N_EVENT_TEXTS], char os[ZTA_RECORD_OS_MAX]);

/*
 * Tells accounts apart that refused credentials claim to be of, without keeping their names: equal
 * texts are equal numbers, others mostly are not. 0 for absent text alone.
 */
uint16_t zta_record_account(struct zta_text claimed);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of a judgement share. */
#ifndef MOD_ZTA_JUDGEMENT_PRIV_H
#define MOD_ZTA_JUDGEMENT_PRIV_H

#include <stdbool.h>

#include "mod_zta/judgement.h"

/* Notes what a check of this mode says. True when judging ends here: it refuses and is enforced. */
bool mod_zta_judgement_note(struct mod_zta_judgement *j, enum zta_mode mode,
                            const struct zta_verdict *verdict);
bool mod_zta_judgement_note_reason(struct mod_zta_judgement *j, enum zta_mode mode,
                                   enum zta_reason reason);

/* What is held against everyone or this address, looked up once for all the checks below. */
bool mod_zta_judgement_measures_of_addr(struct mod_zta_judgement *j);
/* An address that would be blocked, but for the many behind it who are in good standing. */
bool mod_zta_judgement_throttled_addr(struct mod_zta_judgement *j);
bool mod_zta_judgement_measures(struct mod_zta_judgement *j);
/* Behind the rules: what they deny is denied. */
void mod_zta_judgement_demands(struct mod_zta_judgement *j);

#endif

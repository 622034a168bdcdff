/* SPDX-License-Identifier: Apache-2.0 */
/* `signal` rules: what they make of the table of signals for one request. */
#ifndef ZTA_RULES_TUNING_H
#define ZTA_RULES_TUNING_H

#include "shared/facts.h"
#include "shared/risk/score.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"

/*
 * Weight, half-life, floor and admission of every signal under a stance. A signal that a rule is
 * about is admitted where the `when` lines of the rule hold. A rule counts where it is in force as
 * much as the feature `risk` is: one that is only monitored where risk is enforced changes nothing.
 * Never allocates, never fails.
 */
void zta_rules_signals(const struct zta_ruleset *set, const struct zta_facts *facts,
                       const struct zta_stance *stance, int64_t now_s,
                       struct zta_risk_tuning *tuning);

#endif

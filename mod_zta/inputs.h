/* SPDX-License-Identifier: Apache-2.0 */
/* What of a credential is recorded with its requests: named once, offered where it is not known. */
#ifndef MOD_ZTA_INPUTS_H
#define MOD_ZTA_INPUTS_H

#include <stdint.h>

#include "mod_zta/rules.h"
#include "shared/identity.h"

/* Sets identity->inputs, unless it is named already or too large to be recorded. */
void mod_zta_inputs_name(struct zta_identity *identity, const struct mod_zta_rules *rules);
/* Puts the contents where the observer finds them, unless they are there. Under the same rules. */
void mod_zta_inputs_offer(const struct zta_identity *identity, const struct mod_zta_rules *rules,
                          int64_t now_s);

#endif

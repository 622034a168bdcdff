/* SPDX-License-Identifier: Apache-2.0 */
/* Live rules of a fleet as `fleet status` shows them: in force, and what is not and why. */
#ifndef CTL_FLEET_RULES_H
#define CTL_FLEET_RULES_H

#include "admin-tui/command.h"
#include "shared/base/bytes.h"
#include "shared/rules/layer.h"

struct ctl_fleet_rules {
    const struct zta_layer *layer; /* without texts and entries */
    struct zta_text node;          /* where it was made; absent: of no node that is known */
    const char *state;             /* as in `rules history` */
    const char *problem;           /* why it does not fit here; NULL: none */
};

typedef void (*ctl_fleet_rules_fn)(void *context, const struct ctl_fleet_rules *rules);
/*
 * What is in force, what another node made and is not in force here, and what stands against that
 * which is in force. Nothing when the store cannot be read.
 */
void ctl_fleet_each_rules(struct ctl *ctl, ctl_fleet_rules_fn fn, void *context);

#endif

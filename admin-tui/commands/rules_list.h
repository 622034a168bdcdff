/* SPDX-License-Identifier: Apache-2.0 */
/* One rule as a row: what rules list and rules show have alike. */
#ifndef CTL_COMMANDS_RULES_LIST_H
#define CTL_COMMANDS_RULES_LIST_H

#include "admin-tui/live.h"
#include "admin-tui/output.h"

struct ctl_rules_shown {
    size_t number;                       /* in the tree */
    const struct zta_layer_entry *entry; /* that it stands in; NULL: of the configuration */
    const struct zta_layer_entry *mode;  /* that changes its mode; NULL: none */
};

/* Into the row that is open. */
void ctl_rules_row(struct ctl_list *list, const struct ctl_live *live,
                   const struct ctl_live_set *made, const struct ctl_rules_shown *shown);

#endif

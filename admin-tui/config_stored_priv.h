/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a look at the store share. */
#ifndef CTL_CONFIG_STORED_PRIV_H
#define CTL_CONFIG_STORED_PRIV_H

#include "admin-tui/config_stored.h"

struct ctl_config_look {
    struct ctl_config_dump *dump;
    struct ctl_config_stored *stored;
    struct zta_view *view;
    int64_t now_s;
    bool is_published; /* a server has run on this store */
    enum zta_status status;
};

/* Adds a finding with this text to the dump; what fails is its status. */
void ctl_config_look_add(struct ctl_config_look *looking, struct ctl_finding finding,
                         const char *fmt, ...) ZTA_PRINTF(3, 4);

/* What the rules in force did, and for how long they are only monitored. Says what failed. */
enum ctl_exit ctl_config_look_rules(struct ctl *ctl, struct ctl_config_look *looking);

#endif

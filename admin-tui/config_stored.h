/* SPDX-License-Identifier: Apache-2.0 */
/* What only the store knows about a configuration: is it in force, what did its rules do. */
#ifndef CTL_CONFIG_STORED_H
#define CTL_CONFIG_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/config_dump.h"
#include "shared/base/json.h"

struct ctl_config_stored {
    bool is_looked_at;
    char why[256]; /* it was not; else "" */
    char **texts;  /* of findings that were added */
    size_t n_texts;
    int64_t recorded_s; /* when the oldest recorded request came; 0: none is recorded */
    int64_t period_s;   /* rules were looked for in what was recorded in that time */
    bool is_covered;    /* requests are recorded for all of it */
};

/*
 * Opens the store that the configuration or the command line names, as its owner, and adds to the
 * findings of the dump. A store that cannot be opened is no failure. To be closed behind the dump's
 * last use, whatever it returns.
 */
enum ctl_exit ctl_config_stored_look(struct ctl *ctl, struct ctl_config_dump *dump,
                                     struct ctl_config_stored *stored);
void ctl_config_stored_close(struct ctl_config_stored *stored);

/* For people, and as members of the open object: what was looked at. */
void ctl_config_stored_say(const struct ctl_config_stored *stored);
void ctl_config_stored_json(const struct ctl_config_stored *stored, struct zta_json *json);

#endif

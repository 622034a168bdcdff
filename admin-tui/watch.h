/* SPDX-License-Identifier: Apache-2.0 */
/* --watch: a command that runs again and again, each time in a process of its own. */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include "admin-tui/command.h"

typedef enum ctl_exit (*ctl_round_fn)(struct ctl *ctl);

/*
 * Runs a round every so often, as --watch says, until a signal ends it (CTL_DONE), the reader goes
 * away, or a round prints nothing and fails (its code). A terminal is drawn anew each time;
 * elsewhere a round's output follows the other, JSON as one line.
 */
enum ctl_exit ctl_watch(struct ctl *ctl, ctl_round_fn round);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Running one command: of a shell's command line, or of the console's. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include "admin-tui/command.h"

/*
 * Runs the command that the words of ctl->options name, or prints its help. Options (with one
 * argument at least), dir and actor are set; the rest is zeroed.
 */
enum ctl_exit ctl_run(struct ctl *ctl);

#endif

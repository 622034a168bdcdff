/* SPDX-License-Identifier: Apache-2.0 */
/* Revoking what a command has found out to be revoked, with its hits, its guard and its report. */
#ifndef CTL_COMMANDS_REVOKE_H
#define CTL_COMMANDS_REVOKE_H

#include <stddef.h>

#include "admin-tui/command.h"
#include "admin-tui/target.h"

/* Targets of which kind and text are set. */
enum ctl_exit ctl_revoke_targets(struct ctl *ctl, struct ctl_target *targets, size_t n);

#endif

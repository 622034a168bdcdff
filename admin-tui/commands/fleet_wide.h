/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print with --fleet: what all nodes answer, and which one said it. */
#ifndef CTL_COMMANDS_FLEET_WIDE_H
#define CTL_COMMANDS_FLEET_WIDE_H

#include "admin-tui/command.h"

/* Refusals of the last minutes, some of each node. */
enum ctl_exit ctl_events_of_fleet(const struct ctl *ctl);
/* Sessions of the subject that --subject names. */
enum ctl_exit ctl_sessions_of_fleet(const struct ctl *ctl);
/* A session by its id, which was checked. */
enum ctl_exit ctl_session_of_fleet(const struct ctl *ctl, const char *id);

#endif

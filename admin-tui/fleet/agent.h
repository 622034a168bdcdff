/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent of a node: says what operators change here, hears what others say, and heals what the
 * engine lost. It runs as the store's owner, in one thread, and holds no view while it waits.
 */
#ifndef CTL_FLEET_AGENT_H
#define CTL_FLEET_AGENT_H

#include "admin-tui/command.h"
#include "admin-tui/fleet/config.h"
#include "shared/store/fleet.h"

/* Until SIGTERM or SIGINT (CTL_DONE), or until the store is of no use any more. */
enum ctl_exit ctl_fleet_agent_run(struct ctl *ctl, const struct ctl_fleet_config *config);

/* Path of the node's key: key-file, else fleet.key in policy/. */
void ctl_fleet_key_path(const struct ctl *ctl, const struct ctl_fleet_config *config,
                        char path[PATH_MAX]);
/* Path of what the agent says of itself, in policy/. */
void ctl_fleet_status_path(const struct ctl *ctl, char path[PATH_MAX]);

#endif

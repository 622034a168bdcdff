/* SPDX-License-Identifier: Apache-2.0 */
/* What several commands do with measures. */
#ifndef CTL_COMMANDS_AUTOMATION_H
#define CTL_COMMANDS_AUTOMATION_H

#include "admin-tui/command.h"
#include "admin-tui/measures.h"
#include "admin-tui/report.h"

/* Says what it is about to do, then ends the measure; name is what the audit trail calls it. */
enum ctl_exit ctl_measure_release(struct ctl *ctl, const char *name, const struct ctl_measure *held,
                                  struct ctl_report *report);
/* By "m7" or "h7". */
enum ctl_exit ctl_automation_undo(struct ctl *ctl, const char *id);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded requests counted by fields of filters. */
#ifndef CTL_EVENTS_BY_H
#define CTL_EVENTS_BY_H

#include "admin-tui/command.h"
#include "admin-tui/filter.h"

/* ztactl events with --by; the filter chooses which. */
enum ctl_exit ctl_events_by(struct ctl *ctl, const struct ctl_filter *filter);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back the revocations of one change, each of which has a number of its own. */
#ifndef CTL_UNDO_RANGE_H
#define CTL_UNDO_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/command.h"

#define CTL_UNDO_RANGE_MAX 1000 /* as many as one change revokes */

struct ctl_undo_range {
    uint64_t first;
    uint64_t last; /* inclusive */
};
/* "17-40"; false: it is none. */
bool ctl_undo_range_parse(const char *text, struct ctl_undo_range *range);
enum ctl_exit ctl_undo_range(struct ctl *ctl, const struct ctl_undo_range *range);

#endif

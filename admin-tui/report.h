/* SPDX-License-Identifier: Apache-2.0 */
/* What every change says: before it is made, and after. */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include <stdbool.h>

#include "admin-tui/actions.h"
#include "admin-tui/command.h"
#include "admin-tui/hits.h"
#include "shared/evidence/whatif.h"

enum {
    CTL_REPORT_TEXT_MAX = 2048
};

struct ctl_report {
    const char *done; /* "revoked" */
    char target[CTL_REPORT_TEXT_MAX];
    const char *effect;              /* what that means; NULL: nothing to add */
    const struct ctl_hits *hits;     /* NULL: not counted */
    const struct zta_whatif *whatif; /* of a change of rules; else NULL */
    bool lacks_limits;               /* of which that says nothing */
    char undo[CTL_REPORT_TEXT_MAX];  /* arguments of ztactl; "": it cannot be undone */
};

bool ctl_is_json(const struct ctl *ctl);
bool ctl_is_dry(const struct ctl *ctl);

/* An action on the open store, with the reason given. CTL_USAGE: none given, or no text. */
enum ctl_exit ctl_action_prepare(const struct ctl *ctl, bool needs_reason,
                                 struct ctl_action *action);

/* For people, before anything is asked: target, effect, hits. */
void ctl_report_plan(const struct ctl *ctl, const struct ctl_report *report);
/* After the change, or instead of it with --dry-run (action NULL). */
enum ctl_exit ctl_report_done(const struct ctl *ctl, const struct ctl_report *report,
                              const struct ctl_action *action);
/* "--store DIR " where it is not the default, then the text: the same store again. */
void ctl_undo_begin(const struct ctl *ctl, struct zta_buffer *out);
/* "ztactl undo 7", once the action has its number. */
void ctl_undo_action(const struct ctl *ctl, uint64_t action_id, struct ctl_report *report);
/* The undo line that makes a device what it is; none where that is too long for a line. */
void ctl_undo_device(const struct ctl *ctl, const struct zta_device *device,
                     struct ctl_report *report);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction of an action with its audit entry, for the files that make actions. */
#ifndef CTL_ACTIONS_PRIV_H
#define CTL_ACTIONS_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "admin-tui/actions.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

enum {
    CTL_WORK_TEXT_MAX = 12288, /* all that an API key says of itself */
    CTL_WORK_TARGET_MAX = 1024,
};

/* A transaction that has begun. Under its writer lock a view shows what nobody else can change. */
struct ctl_work {
    struct ctl_action *action;
    struct zta_change *change;
    const char *name; /* of the action, as the audit trail has it */
    char target[CTL_WORK_TARGET_MAX];
    char before[CTL_WORK_TEXT_MAX];
    char after[CTL_WORK_TEXT_MAX];
};

enum zta_status ctl_work_begin(struct ctl_work *work, struct ctl_action *action,
                               const char *name) ZTA_MUST_CHECK;
/* Commits, or takes everything back when status says so. */
enum zta_status ctl_work_end(struct ctl_work *work, enum zta_status status) ZTA_MUST_CHECK;
/* The audit entry of target, before and after; its id is what records of this action carry. */
enum zta_status ctl_work_note(struct ctl_work *work, uint64_t *id) ZTA_MUST_CHECK;
/* Over one of the texts. */
struct zta_buffer ctl_work_write(char *text, size_t size);

#endif

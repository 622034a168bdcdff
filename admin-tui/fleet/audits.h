/* SPDX-License-Identifier: Apache-2.0 */
/* Audit trails of a fleet's nodes as `fleet status` shows them. */
#ifndef CTL_FLEET_AUDITS_H
#define CTL_FLEET_AUDITS_H

#include "admin-tui/command.h"
#include "shared/base/bytes.h"
#include "shared/store/audit_heads.h"

/* node is absent of one whose name is not known. */
typedef void (*ctl_fleet_audit_fn)(void *context, const struct zta_audit_heads *heads,
                                   struct zta_text node);
/* Of every node that told its head. What fails is noted. */
void ctl_fleet_each_audit(struct ctl *ctl, ctl_fleet_audit_fn fn, void *context);

#endif

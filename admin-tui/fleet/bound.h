/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bound of what nodes that may only restrict, and the automation of others, may do to those who
 * use this one: ZTAGovernor as the running server has it, else its defaults, fed by the sessions of
 * this store. Both stand in state/, which is httpd's: who can write there can refuse all of them
 * anyway.
 */
#ifndef CTL_FLEET_BOUND_H
#define CTL_FLEET_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/fleet/statement.h"
#include "shared/store/env.h"

struct ctl_bound;

/* ZTA_NO_MEMORY. */
enum zta_status ctl_bound_open(struct ctl_bound **bound) ZTA_MUST_CHECK;
void ctl_bound_close(struct ctl_bound **bound);
/* Which limits hold, and who is active; looks at the sessions no more often than once a minute. */
void ctl_bound_refresh(struct ctl_bound *bound, struct zta_store *store, int64_t now_s);
/* For zta_hearing.admits, context is the bound: may it take effect? Counts whom it hits. */
bool ctl_bound_admits(void *context, const struct zta_statement *statement, bool extends);

#endif

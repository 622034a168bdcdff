/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs ztactl, and whom it becomes before it touches the store. */
#ifndef CTL_ACCESS_H
#define CTL_ACCESS_H

#include <stdint.h>

#include "shared/base/status.h"

/* As the audit trail records it; "" where unknown. */
struct ctl_actor {
    uint32_t uid;
    char login[64];
    char sudo_user[64];
    char tty[64];
    char author[64]; /* what records carry: sudo user, else login, else "uid 7" */
};

/* Asks before privileges are dropped. */
void ctl_actor_get(struct ctl_actor *actor);

/*
 * Root becomes the owner of dir/policy, anybody else must be that owner. ZTA_NOT_FOUND: no store is
 * there; ZTA_FORBIDDEN: another user, or a symbolic link in its place.
 */
enum zta_status ctl_access_drop(const char *dir, struct zta_error *error) ZTA_MUST_CHECK;

#endif

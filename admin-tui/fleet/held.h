/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are kept without effect here, as operators find them and decide about them. */
#ifndef CTL_FLEET_HELD_H
#define CTL_FLEET_HELD_H

#include <stddef.h>

#include "admin-tui/actions.h"
#include "admin-tui/command.h"
#include "admin-tui/hits.h"
#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/store/fleet_held.h"

#define CTL_HELD_ID_LEN (2 * ZTA_FLEET_HELD_ID_SIZE)

void ctl_held_id(const struct zta_fleet_held *held, char id[CTL_HELD_ID_LEN + 1]);
/* "revocation", "block", "quarantine", ... */
const char *ctl_held_what(const struct zta_fleet_held *held,
                          const struct zta_restriction *restriction);
/* "subject alice@corp", "192.0.2.0/24": not yet made safe. */
void ctl_held_print_target(const struct zta_restriction *restriction, enum zta_fleet_topic topic,
                           struct zta_buffer *out);

/* One that outlives the view that it was read in. */
struct ctl_held {
    struct zta_fleet_held held; /* texts point into bytes */
    struct zta_restriction restriction;
    char node[ZTA_NAME_MAX + 1]; /* who said it; "": nobody that is known */
    char *bytes;
};
struct ctl_held_list {
    struct ctl_held *all;
    size_t n;
};
/*
 * Those that the ids name, dropped ones, too; with n_ids 0 all that wait. ZTA_NOT_FOUND: *error
 * names the id that nothing held has.
 */
enum zta_status ctl_held_collect(struct zta_store *store, char *const *ids, size_t n_ids,
                                 struct ctl_held_list *list,
                                 struct zta_error *error) ZTA_MUST_CHECK;
void ctl_held_clear(struct ctl_held_list *list);

/* Whom they would hit: as far as a count can tell. */
struct ctl_held_sought {
    struct ctl_sought sought; /* of the arrays below */
    struct ctl_target *targets;
    struct zta_block *blocks;
    bool is_everyone; /* one is about nobody in particular */
};
/* ZTA_NO_MEMORY. To be cleared in any case. */
enum zta_status ctl_held_seek(struct zta_store *store, const struct ctl_held_list *list,
                              struct ctl_held_sought *sought) ZTA_MUST_CHECK;
void ctl_held_sought_clear(struct ctl_held_sought *sought);

/*
 * Puts what is held in force here, or drops it; is_said: the fleet is told, as if it had been done
 * here. An audit entry each. ZTA_CONFLICT: one of them is held no more.
 */
enum zta_status ctl_action_fleet_apply(struct ctl_action *action, const struct ctl_held *held,
                                       size_t n, bool is_said) ZTA_MUST_CHECK;
enum zta_status ctl_action_fleet_drop(struct ctl_action *action, const struct ctl_held *held,
                                      size_t n) ZTA_MUST_CHECK;

#endif

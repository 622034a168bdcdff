/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every change an operator can make, for the commands and the console alike: prepared completely,
 * then one transaction with its audit entry. Nothing here prints or asks.
 */
#ifndef CTL_ACTIONS_H
#define CTL_ACTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "admin-tui/access.h"
#include "admin-tui/devices.h"
#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/rules/layer.h"
#include "shared/store/blocks.h"
#include "shared/store/env.h"
#include "shared/store/fleet.h"
#include "shared/store/keys.h"
#include "shared/store/measures.h"
#include "shared/store/requests.h"
#include "shared/store/revocations.h"

struct ctl_action {
    struct zta_store *store;
    const struct ctl_actor *actor;
    struct zta_text reason; /* absent: none given */
    uint64_t id;            /* out: of the audit entry, the first of several */
    struct zta_error error; /* out, for any other status than ZTA_OK */
};

/*
 * All return ZTA_BUSY when another writer holds the store (the error names it), ZTA_FULL, ZTA_IO;
 * on any failure nothing was changed.
 */

/* Fills watermark, reason, author and action id of the records; all or none. */
enum zta_status ctl_action_revoke(struct ctl_action *action, struct zta_revocation *records,
                                  size_t n) ZTA_MUST_CHECK;
/*
 * Removes what an operator revoked, and lifts what issuers signalled of it. ZTA_NOT_FOUND: it is
 * not revoked.
 */
enum zta_status ctl_action_unrevoke(struct ctl_action *action,
                                    const struct zta_revocation *record) ZTA_MUST_CHECK;
/* Fills created, reason, author and action id; replaces a block of the same target. */
enum zta_status ctl_action_block(struct ctl_action *action, struct zta_block *block) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: it is not blocked. */
enum zta_status ctl_action_unblock(struct ctl_action *action,
                                   const struct zta_block *block) ZTA_MUST_CHECK;
/* ZTA_EXISTS: another living key has the name. */
enum zta_status ctl_action_key_create(struct ctl_action *action,
                                      const struct zta_key *key) ZTA_MUST_CHECK;
/* The former secret opens for grace_s more seconds. ZTA_CONFLICT: the key is revoked or expired. */
enum zta_status ctl_action_key_rotate(struct ctl_action *action, const char *id,
                                      const struct zta_sha256 *secret,
                                      int64_t grace_s) ZTA_MUST_CHECK;
/* ZTA_CONFLICT: it was revoked before. */
enum zta_status ctl_action_key_revoke(struct ctl_action *action, const char *id) ZTA_MUST_CHECK;
/*
 * Notes in the trail that the store's files were changed as a whole ("store restore"); changes
 * nothing else.
 */
enum zta_status ctl_action_store_noted(struct ctl_action *action, const char *name,
                                       struct zta_text target) ZTA_MUST_CHECK;
/* A change of the live layer, as the audit trail has it. */
struct ctl_rules_change {
    const char *action;     /* "rules add" */
    struct zta_text target; /* "rule scanners" */
    struct zta_text before; /* texts of rules; absent: nothing */
    struct zta_text after;
};
/*
 * Makes layer the next version; fills author, reason and action id of it and of its new entries
 * (created_ns 0). ZTA_CONFLICT: the rules were changed since the version `seen`.
 */
enum zta_status ctl_action_rules(struct ctl_action *action, const struct ctl_rules_change *change,
                                 struct zta_layer *layer, uint64_t seen) ZTA_MUST_CHECK;
/*
 * Asks the observer; target is what the audit trail says of it. Requests that are done go with it.
 */
enum zta_status ctl_action_request(struct ctl_action *action, const char *name, const char *target,
                                   struct zta_request *request) ZTA_MUST_CHECK;

/* Asks the running server for fresh keys of an issuer; absent: of all. */
enum zta_status ctl_action_refresh(struct ctl_action *action, struct zta_text name) ZTA_MUST_CHECK;

/* ---- measures ---- */

/*
 * Begins or extends what an operator holds, for measure->for_s from now on; name is what the audit
 * trail calls it. Fills source, rule, reason, times and id.
 */
enum zta_status ctl_action_hold(struct ctl_action *action, const char *name,
                                struct zta_measure *measure) ZTA_MUST_CHECK;
/* Takes a lift back: it holds again for as long as it has left. ZTA_NOT_FOUND: no lift. */
enum zta_status ctl_action_unlift(struct ctl_action *action,
                                  const struct zta_measure *measure) ZTA_MUST_CHECK;
/*
 * Ends a measure: an operator's own is removed, any other one is lifted, and its rule leaves the
 * target alone for as long as it was to last. ZTA_NOT_FOUND: it ended meanwhile.
 */
enum zta_status ctl_action_release(struct ctl_action *action, const char *name,
                                   const struct zta_measure *measure) ZTA_MUST_CHECK;

/* ---- fleet ---- */

/* ZTA_EXISTS: the store is part of a fleet already. */
enum zta_status ctl_action_fleet_join(struct ctl_action *action,
                                      const struct zta_fleet *fleet) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: it is part of none. */
enum zta_status ctl_action_fleet_leave(struct ctl_action *action,
                                       const struct zta_fleet *fleet) ZTA_MUST_CHECK;
/*
 * Takes what the fleet's operator said of a node. ZTA_FORBIDDEN says why it is refused, ZTA_EXISTS
 * that it is known.
 */
enum zta_status ctl_action_fleet_enrol(struct ctl_action *action, const struct zta_fleet *fleet,
                                       struct zta_text statement) ZTA_MUST_CHECK;

/* ---- devices ---- */

/*
 * The inventory says what the rows say; where they replace, it says nothing else. *plan is what was
 * expected, and what was done. ZTA_CONFLICT: more devices would go than it expected, others changed
 * the inventory meanwhile; ZTA_EXISTS names a certificate's other device.
 */
enum zta_status ctl_action_devices_import(struct ctl_action *action, const struct ctl_devices *rows,
                                          struct ctl_devices_plan *plan) ZTA_MUST_CHECK;
enum zta_status ctl_action_device_set(struct ctl_action *action,
                                      const struct ctl_device_row *row) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: there is none. */
enum zta_status ctl_action_device_remove(struct ctl_action *action,
                                         struct zta_text id) ZTA_MUST_CHECK;
/*
 * The devices that an action changed are what they were before it. ZTA_CONFLICT: one was changed
 * since; ZTA_NOT_FOUND: the action changed none, or what they were is not kept any more.
 */
enum zta_status ctl_action_devices_undo(struct ctl_action *action, uint64_t undone,
                                        const char *target) ZTA_MUST_CHECK;

#endif

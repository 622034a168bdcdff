/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restrictions of other nodes that were above the bound of what these may do (ZTAGovernor's): kept
 * in policy/ as all that is said, so that nodes compare alike, and without effect here.
 */
#ifndef ZTA_STORE_FLEET_HELD_H
#define ZTA_STORE_FLEET_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/fleet/statement.h"
#include "shared/measure.h"
#include "shared/store/env.h"

/* A restriction that was above the bound: kept, and without effect until an operator applies it. */
struct zta_fleet_held {
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    struct zta_statement statement; /* texts are valid for the call */
    bool is_dropped;                /* an operator decided that it has none */
    int64_t since_s;                /* held, or dropped */
};
typedef bool (*zta_fleet_held_fn)(void *context, const struct zta_fleet_held *held);
enum zta_status zta_fleet_each_held(struct zta_view *view, zta_fleet_held_fn fn,
                                    void *context) ZTA_MUST_CHECK;
/* Gives it its effect, or decides that it has none. ZTA_NOT_FOUND: nothing of that name is held. */
enum zta_status zta_fleet_apply_held(struct zta_change *change,
                                     const uint8_t name[ZTA_STATEMENT_NAME_SIZE]) ZTA_MUST_CHECK;
enum zta_status zta_fleet_drop_held(struct zta_change *change,
                                    const uint8_t name[ZTA_STATEMENT_NAME_SIZE],
                                    int64_t now_s) ZTA_MUST_CHECK;
/* How many are held, dropped ones not among them. */
enum zta_status zta_fleet_count_held(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

/*
 * Whom a restriction hits; a device, and a token, as a session of their own name. EVERYONE: all of
 * an issuer, or nobody in particular. Texts as the statement's. ZTA_INVALID: it is no restriction.
 */
enum zta_status zta_fleet_target(const struct zta_statement *statement,
                                 struct zta_target *target) ZTA_MUST_CHECK;

#endif

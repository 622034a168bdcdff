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
#include "shared/store/attestations.h"
#include "shared/store/blocks.h"
#include "shared/store/env.h"
#include "shared/store/revocations.h"

/* Of this very statement: a later one about the same record has another. */
#define ZTA_FLEET_HELD_ID_SIZE 8

/* A restriction that was above the bound: kept, and without effect until an operator applies it. */
struct zta_fleet_held {
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    uint8_t id[ZTA_FLEET_HELD_ID_SIZE];
    struct zta_statement statement; /* texts are valid for the call */
    struct zta_text bytes;          /* of the statement, valid for the call */
    int64_t until_s;                /* when it ends by itself; 0: it does not */
    bool is_dropped;                /* an operator decided that it has none */
    bool is_moot;    /* it would change nothing: released since, or in force by what others say */
    int64_t since_s; /* held, or dropped */
};
typedef bool (*zta_fleet_held_fn)(void *context, const struct zta_fleet_held *held);
enum zta_status zta_fleet_each_held(struct zta_view *view, zta_fleet_held_fn fn,
                                    void *context) ZTA_MUST_CHECK;
/* Is there something to decide: not dropped, moot or ended? */
bool zta_fleet_held_waits(const struct zta_fleet_held *held, int64_t now_s);
/*
 * Gives it its effect in this store. is_said: the agent says it as this node's own, too, as if an
 * operator had done it here; never so of automation's. Of *held name and version count.
 * ZTA_NOT_FOUND: that statement is not held.
 */
enum zta_status zta_fleet_apply_held(struct zta_change *change, const struct zta_fleet_held *held,
                                     bool is_said) ZTA_MUST_CHECK;
/* Decides that it has none. ZTA_NOT_FOUND. */
enum zta_status zta_fleet_drop_held(struct zta_change *change, const struct zta_fleet_held *held,
                                    int64_t now_s) ZTA_MUST_CHECK;
/* How many wait for an operator. */
enum zta_status zta_fleet_count_held(struct zta_view *view, int64_t now_s,
                                     uint64_t *n) ZTA_MUST_CHECK;
/* How many statements this node's agent refused since it began, as it last stored it. */
enum zta_status zta_fleet_refused(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;
enum zta_status zta_fleet_set_refused(struct zta_change *change, uint64_t n) ZTA_MUST_CHECK;

/* What a restriction says, for who decides about it; texts as the statement's. */
struct zta_restriction {
    struct zta_target target;           /* zta_fleet_target's */
    struct zta_revocation revocation;   /* of that topic */
    struct zta_block block;             /* of that topic */
    struct zta_measure measure;         /* HOLD, MEASURE */
    struct zta_text device;             /* DEVICE_LACK, ATTESTATION of a device: its id */
    struct zta_attestation attestation; /* of that topic */
    int64_t risk_until_s;               /* RISK: when it is worth nothing any more */
    struct zta_text by;                 /* the operator, rule or transmitter; absent: not said */
    struct zta_text reason;
};
/* ZTA_INVALID: it is no restriction. */
enum zta_status zta_fleet_restriction(const struct zta_statement *statement,
                                      struct zta_restriction *restriction) ZTA_MUST_CHECK;

/*
 * Whom a restriction hits; a device, and a token, as a session of their own name. EVERYONE: all of
 * an issuer, or nobody in particular. Texts as the statement's. ZTA_INVALID: it is no restriction.
 */
enum zta_status zta_fleet_target(const struct zta_statement *statement,
                                 struct zta_target *target) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of the audit trails of a fleet's nodes: how many entries each had when it said so, and the
 * hash of the last. Of each node a few are kept; where a later one has no more entries than an
 * earlier one, that node's trail was set back, which is remembered.
 */
#ifndef ZTA_STORE_AUDIT_HEADS_H
#define ZTA_STORE_AUDIT_HEADS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define ZTA_AUDIT_HEADS 8 /* of each node; one takes the place of that with the same remainder */

struct zta_audit_head {
    int64_t time_ns; /* of the entry; 0: none */
    uint64_t id;     /* of the entry: how many there were */
    struct zta_sha256 hash;
};

struct zta_audit_heads {
    uint8_t origin[ZTA_ORIGIN_SIZE];
    struct zta_audit_head all[ZTA_AUDIT_HEADS];
    bool is_rewound;
    struct zta_audit_head rewound; /* what it went on with after it was set back */
};

/* Notes the head of this store's own trail to be said, unless it was said. Nothing in no fleet. */
enum zta_status zta_audit_head_note(struct zta_change *change) ZTA_MUST_CHECK;
/* *is_due: there is one to be noted. */
enum zta_status zta_audit_head_is_due(struct zta_view *view, bool *is_due) ZTA_MUST_CHECK;

typedef bool (*zta_audit_heads_fn)(void *context, const struct zta_audit_heads *heads);
/* Of every node that said one, this one included; false ends the walk. */
enum zta_status zta_audit_heads_each(struct zta_view *view, zta_audit_heads_fn fn,
                                     void *context) ZTA_MUST_CHECK;
/* The latest of them. */
const struct zta_audit_head *zta_audit_heads_latest(const struct zta_audit_heads *heads);

#endif

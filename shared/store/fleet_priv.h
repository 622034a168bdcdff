/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a store's part in a fleet share: topics, notes of the outbox, statements. */
#ifndef ZTA_STORE_FLEET_PRIV_H
#define ZTA_STORE_FLEET_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/measure.h"
#include "shared/store/fleet.h"
#include "shared/store/tables_priv.h"

/* Key and value of a statement; the value is freed by who asked. */
struct zta_told {
    uint8_t key[ZTA_STORE_KEY_MAX];
    size_t key_size;
    uint8_t *value;
    size_t size;
    int64_t noted_ns; /* in: when the change was noted that is told */
};

/* What a record is to be, in memory of its own: zta_draft_clear. */
struct zta_draft {
    bool is_there;
    int64_t version_ns; /* of the statement that it is by */
    uint8_t origin[ZTA_ORIGIN_SIZE];
    uint8_t *bytes;
    size_t size;
};
/* A copy of what the statement says, in place of what was there. ZTA_NO_MEMORY. */
enum zta_status zta_draft_set(struct zta_draft *draft,
                              const struct zta_statement *statement) ZTA_MUST_CHECK;
enum zta_status zta_draft_set_bytes(struct zta_draft *draft, struct zta_blob value) ZTA_MUST_CHECK;
void zta_draft_clear(struct zta_draft *draft);

/* How records of a topic are kept, and which of several statements about one counts. */
struct zta_topic {
    enum zta_fleet_topic topic;
    /* Where its records stand under the statement's key; ZTA_N_TABLES: their file notes changes. */
    enum zta_table table;
    /* "So it is" can grant, too: taken from nodes of role `full` alone. */
    bool grants;
    /* Keys begin with the origin of the one node that speaks of it, and nothing is ever gone. */
    bool is_own;
    bool is_report; /* nobody is restricted by it */
    /* Noted in state/, said by no operator: within the bound of automation, whoever says it. */
    bool is_automatic;
    bool (*has_noted_key)(struct zta_blob key); /* of those: as has_key */
    enum zta_status (*is_out)(struct zta_change *change, const struct zta_statement *statement,
                              bool *is_out); /* as zta_is_out_fn; NULL: none is */
    /* Is that record of its table one of this topic? data NULL: a removed one. NULL: all are. */
    bool (*is_record)(struct zta_blob value);
    bool (*restricts)(struct zta_blob value); /* or takes it back alone? NULL: it restricts */
    /* Whom it hits (fleet_held.h); NULL: it hits nobody. */
    enum zta_status (*target)(struct zta_blob key, struct zta_blob value,
                              struct zta_target *target);
    /* When a record came to be so; NULL: when the change was noted. */
    int64_t (*version)(struct zta_blob value);
    /* Can a record of this topic have that key? NULL: none is ever gone. */
    bool (*has_key)(struct zta_blob key);
    /* The greater, the stricter; of one node's own, when it was made. ZTA_CORRUPT: no such one. */
    enum zta_status (*strength)(struct zta_blob key, struct zta_blob value, int64_t *strength);
    /* Makes the record of that key what value says, or nothing (data NULL); as its puts do. */
    enum zta_status (*replace)(struct zta_change *change, struct zta_blob key,
                               struct zta_blob value);
    /* What is said of the record with that key; NULL: key and value as they stand in the table.
     * ZTA_NOT_FOUND: nothing. */
    enum zta_status (*tell)(struct zta_change *change, struct zta_blob key, struct zta_told *told);
    /* Notes what stands there when the store joins a fleet; NULL: every record. */
    enum zta_status (*note_join)(struct zta_change *change);
    /* Another topic's statements about the same key, which each may make it stricter; 0: none. */
    enum zta_fleet_topic restricted_by;
    enum zta_status (*restrict_by)(struct zta_draft *draft, const struct zta_statement *by);
};

/* NULL: nodes do not tell each other of that. */
const struct zta_topic *zta_topic_find(enum zta_fleet_topic topic);
/* The topic whose record a statement of that one is for: itself, or the one that it restricts. */
const struct zta_topic *zta_topic_to_make(enum zta_fleet_topic topic);
/* Is a record of its table one of it? */
bool zta_topic_has(const struct zta_topic *topic, struct zta_blob value);
/* Does it restrict somebody? Not what grants, reports, or takes back what its origin said. */
bool zta_topic_restricts(const struct zta_topic *topic, const struct zta_statement *statement);
const struct zta_topic *zta_topic_at(size_t i); /* of the table; NULL behind the last row */

/* ---- the outbox ---- */

/* A record was written, or removed (data of value NULL) here; noted when its topic is told and this
 * store is in a fleet. A failure fails the change. */
void zta_outbox_touch(struct zta_change *change, enum zta_table table, struct zta_blob key,
                      struct zta_blob value);
/* The same of a topic whose records have other keys than their statements. */
void zta_outbox_touch_topic(struct zta_change *change, enum zta_fleet_topic topic,
                            struct zta_blob key, bool is_gone);
enum zta_status zta_outbox_note(struct zta_change *change, enum zta_fleet_topic topic,
                                struct zta_blob key, bool is_gone) ZTA_MUST_CHECK;

/* ---- statements that are kept ---- */

/* Keeps it in place of an earlier one of its origin, and raises this store's clock to it. */
enum zta_status zta_fleet_keep(struct zta_change *change, const struct zta_statement *statement,
                               struct zta_text bytes) ZTA_MUST_CHECK;
/* The statement of that origin; its texts are valid until the next write. ZTA_NOT_FOUND. */
enum zta_status zta_fleet_kept(struct zta_change *change, const struct zta_statement *like,
                               struct zta_statement *kept) ZTA_MUST_CHECK;
/* The same as it stands there. */
enum zta_status zta_fleet_kept_bytes(struct zta_change *change, const struct zta_statement *like,
                                     struct zta_blob *bytes) ZTA_MUST_CHECK;
/*
 * What follows for a record: the statement that counts, or ZTA_NOT_FOUND when it is gone. strength
 * NULL: the latest counts. Texts as the walk's.
 */
typedef enum zta_status (*zta_strength_fn)(struct zta_blob key, struct zta_blob value,
                                           int64_t *strength);
/* Does it count for nothing, by what stands elsewhere in policy/? */
typedef enum zta_status (*zta_is_out_fn)(struct zta_change *change,
                                         const struct zta_statement *statement, bool *is_out);
struct zta_settling {
    uint8_t name[ZTA_SHA256_SIZE]; /* of the record */
    zta_strength_fn strength;
    const uint8_t *but_for; /* an origin that is left out; NULL: none */
    zta_is_out_fn is_out;   /* and whatever it says so of; NULL: nothing */
};
enum zta_status zta_fleet_settle(struct zta_walk *walk, const struct zta_settling *settling,
                                 struct zta_statement *counts) ZTA_MUST_CHECK;

/* Lets each statement of that record restrict the draft, as the topic that is restricted does. */
enum zta_status zta_fleet_restrict(struct zta_walk *walk, const uint8_t name[ZTA_SHA256_SIZE],
                                   const struct zta_topic *restricted,
                                   struct zta_draft *draft) ZTA_MUST_CHECK;
/* It counts for nothing until an operator says so. */
enum zta_status zta_fleet_hold(struct zta_change *change, const struct zta_statement *statement,
                               int64_t now_s) ZTA_MUST_CHECK;
/* *is_so: it is kept, and without effect. */
enum zta_status zta_fleet_is_held(struct zta_change *change, struct zta_blob name,
                                  bool *is_so) ZTA_MUST_CHECK;

/*
 * Makes the record that a statement is about what follows of all of them; what that writes is
 * nothing that is to be said again.
 */
enum zta_status zta_fleet_apply(struct zta_change *change,
                                const struct zta_statement *about) ZTA_MUST_CHECK;

/* One statement that came in; zta_fleet_hear is what others call. */
enum zta_status zta_fleet_take(struct zta_change *change, const struct zta_hearing *hearing,
                               struct zta_text bytes,
                               enum zta_fleet_outcome *outcome) ZTA_MUST_CHECK;

#endif

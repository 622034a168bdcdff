/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's part in a fleet, in policy/. What operators change here is noted in an outbox, in their
 * own transaction; the agent makes statements of it and sends them. What other nodes say is kept by
 * origin, and a record is what follows from all that is said of it: a revocation is the strictest
 * of those that came after the last release, a block the one of those that ends last. That depends
 * on what was said, never on the order in which it came.
 */
#ifndef ZTA_STORE_FLEET_H
#define ZTA_STORE_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/fleet/node.h"
#include "shared/fleet/signing.h"
#include "shared/fleet/statement.h"
#include "shared/store/env.h"

#define ZTA_FLEET_PLACE_MAX  48    /* an id of the stream, with NUL */
#define ZTA_FLEET_PLACE_NONE "0-0" /* of an empty stream */
#define ZTA_FLEET_AHEAD_S    600   /* a clock that is ahead by more is not believed */
#define ZTA_FLEET_BATCH      1000  /* statements that one change takes at most */
#define ZTA_FLEET_NOTES_MAX  10000 /* of state/, which the helper writes */
#define ZTA_FLEET_HELD_MAX   10000 /* what is above the bound beyond that is refused */

/* What this store is a part of; set by a join. */
struct zta_fleet {
    char name[ZTA_NAME_MAX + 1];
    char node[ZTA_NAME_MAX + 1];
    struct zta_public_key operator_key;
    uint8_t origin[ZTA_ORIGIN_SIZE]; /* out: of this store */
};

/* What became of a statement that came in. */
enum zta_fleet_outcome {
#define ZTA_FLEET_OUTCOME(name, is_refusal, text) ZTA_FLEET_##name,
#include "shared/store/fleet_outcomes.def"
#undef ZTA_FLEET_OUTCOME
    ZTA_N_FLEET_OUTCOMES
};
const char *zta_fleet_outcome_name(enum zta_fleet_outcome outcome);
bool zta_fleet_outcome_is_refusal(enum zta_fleet_outcome outcome);

/* ZTA_NOT_FOUND: this store is in no fleet. */
enum zta_status zta_fleet_get(struct zta_view *view, struct zta_fleet *fleet) ZTA_MUST_CHECK;
/*
 * Makes this store a part of it, and notes all that stands in policy/ to be said. ZTA_EXISTS: it is
 * part of one already, which goes on.
 */
enum zta_status zta_fleet_join(struct zta_change *change,
                               const struct zta_fleet *fleet) ZTA_MUST_CHECK;
/* Forgets the fleet and what was said in it; what it made of policy/ stays. ZTA_NOT_FOUND. */
enum zta_status zta_fleet_leave(struct zta_change *change) ZTA_MUST_CHECK;

/* ---- saying ---- */

/* Signed statements; bytes are valid for the call, false ends the walk. */
typedef bool (*zta_statement_fn)(void *context, struct zta_text bytes);

/* How many changes wait to be said, or said ones to be sent. */
enum zta_status zta_fleet_waiting(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;
struct zta_saying {
    const struct zta_fleet *fleet;
    const struct zta_signing_key *key; /* of this node */
    size_t most;                       /* notes */
    uint64_t above;                    /* notes up to that number are left out */
    zta_statement_fn fn;               /* gets each statement */
    void *context;
};
/*
 * Says what the first notes of the outbox are about. *last is the number up to which the outbox was
 * seen, `above` when nothing is behind it. The notes stay until zta_fleet_sent: what was said once
 * is handed to fn again as it was said.
 */
enum zta_status zta_fleet_say(struct zta_change *change, const struct zta_saying *saying,
                              uint64_t *last) ZTA_MUST_CHECK;
/* They stand where all can read them: forgets the notes up to that number. */
enum zta_status zta_fleet_sent(struct zta_change *change, uint64_t last) ZTA_MUST_CHECK;
/*
 * Takes a statement of the operator about a node as zta_fleet_hear does, and notes it to be sent.
 * Of any other topic it is refused as malformed.
 */
enum zta_status zta_fleet_enrol(struct zta_change *change, const struct zta_fleet *fleet,
                                struct zta_text bytes, int64_t now_ns,
                                enum zta_fleet_outcome *outcome) ZTA_MUST_CHECK;

/* ---- hearing ---- */

struct zta_hearing {
    const struct zta_fleet *fleet;
    const struct zta_signing_key *key; /* of this node */
    const struct zta_text *items;      /* statements that came in */
    size_t n;
    int64_t now_ns;
    bool is_comparing; /* all: what is older and was said so is no replay, but outdated */
    /* in and out: up to which note all was said; true only once the change is committed */
    uint64_t said;
    /*
     * Is this restriction, of who may only restrict or of automation, within their bound? extends:
     * its origin restricts the same already, in effect. What is not is held. NULL: all are.
     */
    bool (*admits)(void *context, const struct zta_statement *statement, bool extends);
    void *context;
    uint64_t outcomes[ZTA_N_FLEET_OUTCOMES]; /* out: of the items */
    bool is_changed;                         /* out: there is something to commit */
    bool is_behind; /* out: nothing was taken yet: commit, and call again */
};
/*
 * Takes what came in: checks who said it and whether he may, keeps it, and makes the records what
 * follows. First what was changed here is said, so that nothing that comes takes its place unsaid;
 * where that is too much for a change, a part, and is_behind. A status is a failure of the store.
 */
enum zta_status zta_fleet_hear(struct zta_change *change,
                               struct zta_hearing *hearing) ZTA_MUST_CHECK;
/* Up to where the stream was read; "" before the first time. */
enum zta_status zta_fleet_place(struct zta_view *view,
                                char place[ZTA_FLEET_PLACE_MAX]) ZTA_MUST_CHECK;
enum zta_status zta_fleet_set_place(struct zta_change *change, const char *place) ZTA_MUST_CHECK;
/* What the engine had then (real time) is known here; 0: nothing was heard of a fleet. */
enum zta_status zta_fleet_as_of(struct zta_view *view, int64_t *as_of_s) ZTA_MUST_CHECK;
enum zta_status zta_fleet_set_as_of(struct zta_change *change, int64_t as_of_s) ZTA_MUST_CHECK;
/* INT64_MAX of 0; a time ahead is as old as it is ahead: no setting of a clock makes current. */
int64_t zta_fleet_age_s(int64_t as_of_s, int64_t now_s);

/* ---- looking ---- */

/* Statements, number and sum: the same on every node that heard the same, in whatever order. */
struct zta_fleet_digest {
    uint64_t n;
    uint8_t sum[16];
};
enum zta_status zta_fleet_digest(struct zta_view *view,
                                 struct zta_fleet_digest *digest) ZTA_MUST_CHECK;
/*
 * At most that many statements from place on (zeroed: from the start), in no order that means
 * anything; place moves on and is zeroed at the end.
 */
enum zta_status zta_fleet_each(struct zta_view *view, uint8_t place[ZTA_STATEMENT_NAME_SIZE],
                               size_t most, zta_statement_fn fn, void *context) ZTA_MUST_CHECK;
/* Nodes with their roles, as it follows from what was said; removed ones too. */
typedef bool (*zta_fleet_node_fn)(void *context, const struct zta_fleet_node *node);
enum zta_status zta_fleet_each_node(struct zta_view *view, zta_fleet_node_fn fn,
                                    void *context) ZTA_MUST_CHECK;

#endif

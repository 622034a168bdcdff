/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded requests judged once more by zta_rules_decide, under the stance of then or another. What
 * came before the rules is not judged again: who was refused there keeps his outcome. A judgement
 * that asks for a fact that was not recorded is no judgement.
 */
#ifndef ZTA_EVIDENCE_REPLAY_H
#define ZTA_EVIDENCE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/decision.h"
#include "shared/event.h"
#include "shared/rules/compile.h"
#include "shared/rules/decide.h"
#include "shared/stance.h"
#include "shared/store/env.h"

#define ZTA_REPLAY_WORKERS_MAX 16

enum zta_replay_state {
    ZTA_REPLAY_IS_UNRECORDED = 0, /* nothing to judge it by (an older release, a cut path, ...) */
    ZTA_REPLAY_IS_SETTLED,        /* what comes before the rules decided */
    ZTA_REPLAY_IS_READY,
};

/* One recorded request; valid for the call it is handed to. */
struct zta_replayed {
    const struct zta_event *event;
    uint64_t weight; /* requests it stands for, itself included */
    bool is_number;  /* a row of repeats: they are recorded as a number, the event is one of them */
    enum zta_replay_state state;
    bool has_inputs;          /* what is recorded of its credential is there, or it has none */
    struct zta_stance stance; /* under which it was judged */
    struct zta_replay_facts *facts;
};

typedef void (*zta_replay_fn)(void *context, unsigned worker, struct zta_replayed *request);
/* From the calling thread, some times a second; false ends the run with ZTA_BUSY. */
typedef bool (*zta_replay_progress_fn)(void *context, uint64_t n_done, uint64_t n_all);

struct zta_replay_options {
    int64_t from_ns; /* of the events' own time */
    int64_t until_ns;
    unsigned n_workers;              /* 0: as many as there are processors */
    zta_replay_fn fn;                /* each worker calls it with its own number */
    zta_replay_progress_fn progress; /* may be NULL */
    void *context;
};

/* What of the period is recorded, and how. */
struct zta_replay_covered {
    int64_t first_ns; /* of the oldest and newest event that was handed over; 0: none */
    int64_t last_ns;
    uint64_t n_rows;     /* events */
    uint64_t n_requests; /* they and repeats stand for */
    uint64_t n_numbers;  /* of those: recorded as a number only */
    uint64_t n_lost;     /* blocks that pruning took away meanwhile */
};

/* At most as many as run asks for: rows of an array that callers keep for each worker. */
unsigned zta_replay_workers(unsigned wanted);
/*
 * Hands every event and every row of repeats of the period over, in no order. No look at the store
 * is held for longer than some blocks.
 */
enum zta_status zta_replay_run(struct zta_store *store, const struct zta_replay_options *options,
                               struct zta_replay_covered *covered) ZTA_MUST_CHECK;

/* The same for one event, which stays the caller's; *request is closed by zta_replay_end. */
enum zta_status zta_replay_begin(struct zta_store *store, const struct zta_event *event,
                                 struct zta_replayed *request) ZTA_MUST_CHECK;
void zta_replay_end(struct zta_replayed *request);

/*
 * Judges a request that is ready under `stance` (NULL: its own) as the module would have: what a
 * monitored check before the rules said stands, and decides where that stance enforces it. False: a
 * fact is asked for that was not recorded; *decision is then void.
 */
bool zta_replay_judge(struct zta_replayed *request, const struct zta_ruleset *set,
                      const struct zta_stance *stance, struct zta_decision *decision);
/*
 * The limits that these rules would charge it to (zta_rules_limits), whatever became of it; 0 where
 * too little was recorded. Tags are by `key`, not by that of the server.
 */
size_t zta_replay_limits(struct zta_replayed *request, const struct zta_ruleset *set,
                         enum zta_limit_phase phase, const struct zta_siphash_key *key,
                         struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX]);

#endif

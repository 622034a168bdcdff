/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other rules, or another stance, would have done to the recorded requests of a period: who
 * was let in and would not be, and the other way round. One measurement for what-if, readiness, the
 * "will hit" text of changes and their guard.
 */
#ifndef ZTA_EVIDENCE_WHATIF_H
#define ZTA_EVIDENCE_WHATIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/base/ulid.h"
#include "shared/decision.h"
#include "shared/evidence/replay.h"
#include "shared/evidence/tally.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"
#include "shared/store/env.h"

#define ZTA_WHATIF_EXAMPLES 5

enum zta_flip {
    ZTA_FLIP_TO_DENY = 0, /* was let in, would be refused */
    ZTA_FLIP_TO_ALLOW,
    ZTA_N_FLIPS
};
_Static_assert((int)ZTA_N_FLIPS == ZTA_TALLY_COLUMNS, "a column each");

/* Why a request could not be judged again. */
enum zta_undecidable {
    ZTA_UNDECIDABLE_UNRECORDED = 0, /* nothing was recorded of it, or its path was cut */
    ZTA_UNDECIDABLE_INPUTS,         /* what rules ask of its credential was not kept */
    ZTA_UNDECIDABLE_FACT,           /* a fact is asked for that nobody looked for then */
    ZTA_UNDECIDABLE_UNSEEN,         /* it passed a place where not even a credential is looked at */
    ZTA_N_UNDECIDABLE
};

struct zta_whatif_example {
    struct zta_ulid id;
    int64_t time_ns;
    bool is_number; /* the event of a row of repeats: explain does not know its id */
    struct zta_verdict before;
    struct zta_verdict after;
    char subject[ZTA_TALLY_NAME_MAX];
    char request[ZTA_TALLY_NAME_MAX]; /* method, host and path */
    char missing[ZTA_MISSING_MAX];    /* what the later judgement found unmet first */
};

/* Requests of which the verdict flips, in one direction. */
struct zta_whatif_flips {
    uint64_t n; /* requests */
    struct zta_distinct sessions;
    struct zta_distinct subjects;
    struct zta_distinct routes;
    struct zta_whatif_example examples[ZTA_WHATIF_EXAMPLES]; /* the newest */
    size_t n_examples;
};

struct zta_whatif {
    struct zta_replay_covered covered; /* what of the period is recorded, whatever was matched */
    uint64_t n_requests;               /* that match */
    uint64_t n_allowed;                /* of those: let in then */
    uint64_t n_settled;                /* decided before the rules: their outcome stays */
    uint64_t n_judged;
    uint64_t n_undecidable[ZTA_N_UNDECIDABLE];
    uint64_t n_unknown[ZTA_N_FEATURES]; /* of the judged: circumstances that were not known */
    struct zta_whatif_flips flips[ZTA_N_FLIPS];
    uint64_t n_monitored[ZTA_N_FLIPS]; /* flips of what monitoring says, of other requests */
    /* Columns are enum zta_flip. The rule is the one that decides afterwards. */
    struct zta_tally by_subject;
    struct zta_tally by_route;
    struct zta_tally by_rule;
    struct zta_tally by_reason; /* of the refusal */
};

/* Which requests count; called by several threads at once. */
typedef bool (*zta_whatif_match_fn)(void *context, const struct zta_event *event);
/* The stance to judge a request by; false leaves it out. Called by several threads at once. */
typedef bool (*zta_whatif_stance_fn)(void *context, const struct zta_event *event,
                                     const struct zta_stance *recorded, struct zta_stance *stance);

struct zta_whatif_options {
    int64_t from_ns;
    int64_t until_ns;
    unsigned n_workers; /* 0: one a processor */
    const struct zta_ruleset *after;
    const struct zta_ruleset *before; /* NULL: what was decided then, else these rules */
    zta_whatif_match_fn match;        /* NULL: all */
    zta_whatif_stance_fn stance;      /* NULL: the recorded one */
    zta_replay_progress_fn progress;  /* may be NULL */
    void *progress_context;
    void *context; /* of the others */
};

/* ZTA_BUSY when progress said so. The result is the caller's to close. */
enum zta_status zta_whatif_run(struct zta_store *store, const struct zta_whatif_options *options,
                               struct zta_whatif **result) ZTA_MUST_CHECK;
void zta_whatif_close(struct zta_whatif **result);
uint64_t zta_whatif_undecidable(const struct zta_whatif *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How full the buckets of limits are. The server's own are in its memory, where a bucket is a hash
 * that tells neither its limit nor its caller, and no operator reads it; so the requests recorded
 * lately are charged once more, in their order, by the rules in force. An estimate where requests
 * were sampled, and of what the store has: not of the last tenth of a second.
 */
#ifndef CTL_LIMIT_USE_H
#define CTL_LIMIT_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/live.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define CTL_LIMIT_NEAR_PERCENT 80
#define CTL_LIMIT_CALLERS      10
#define CTL_LIMIT_CALLER_SIZE  256

struct ctl_limit_bucket {
    char caller[CTL_LIMIT_CALLER_SIZE]; /* not yet made safe */
    unsigned percent;
};

struct ctl_limit_use {
    bool is_known;   /* one whose rate is told */
    bool is_whole;   /* false: buckets are longer than what was looked at, so it is at least this */
    uint64_t n_used; /* buckets that are not empty */
    uint64_t n_near; /* of them: filled by CTL_LIMIT_NEAR_PERCENT and more */
    unsigned percent;                                   /* of the fullest */
    struct ctl_limit_bucket fullest[CTL_LIMIT_CALLERS]; /* in order */
    size_t n_fullest;
};

/*
 * Of each rule of the set, n_rules; and of the caller `wanted` (absent: nobody) its bucket of the
 * rule `number`. *is_cut: there were more requests or callers than are followed. ZTA_NO_MEMORY.
 */
struct ctl_limit_question {
    size_t number;
    struct zta_text wanted;
    unsigned percent; /* out */
    bool is_found;    /* out: something was charged to it lately */
};
enum zta_status ctl_limit_uses(struct zta_store *store, const struct ctl_live_set *made,
                               struct ctl_limit_use *uses, struct ctl_limit_question *question,
                               bool *is_cut) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What readiness finds, for whoever tells it in another form. */
#ifndef CTL_READINESS_H
#define CTL_READINESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/replays.h"

#define CTL_READINESS_STAGES   3
#define CTL_READINESS_FIX_SIZE 320

struct ctl_readiness {
    unsigned stage;
    bool is_ready;
    uint64_t n_requests;              /* at places one stage below */
    uint64_t n_refused;               /* of those: let in, and would not be */
    uint64_t n_undecided;             /* of those: it cannot be told */
    char fix[CTL_READINESS_FIX_SIZE]; /* what to do first; "" nothing */
};

/* Each stage that some place could be raised to next. Says what failed. */
enum ctl_exit ctl_readiness_summarise(const struct ctl *ctl, const struct ctl_replay *replay,
                                      const struct zta_ruleset *set,
                                      struct ctl_readiness rows[CTL_READINESS_STAGES], size_t *n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that judge recorded requests again: period, progress, what is covered. */
#ifndef CTL_REPLAYS_H
#define CTL_REPLAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/filter.h"
#include "admin-tui/output.h"
#include "shared/evidence/whatif.h"

#define CTL_REPLAY_PERIOD_S INT64_C(86400)
#define CTL_REPLAY_ROWS     10 /* of each group, unless --limit says otherwise */

struct ctl_replay {
    int64_t from_ns;
    int64_t until_ns;
    uint64_t n_rows;                 /* of each group; 0: all */
    const struct ctl_filter *filter; /* large: static storage of replays.c */
};

/* The last period_s seconds, without a filter. */
struct ctl_replay ctl_replay_of_last(const struct ctl *ctl, int64_t period_s);
/* --last, --filter and --limit; says what is wrong with them. */
enum ctl_exit ctl_replay_prepare(const struct ctl *ctl, struct ctl_replay *replay);
/* The period and progress are those of replay; says what failed. */
enum ctl_exit ctl_replay_run(const struct ctl *ctl, const struct ctl_replay *replay,
                             struct zta_whatif_options *options, struct zta_whatif **result);
/* As a match or in one: does the filter want it? */
bool ctl_replay_matches(const struct ctl_replay *replay, const struct zta_event *event);

/* Period, rows, weights, drops; lines for people, members of the open object for JSON. */
void ctl_replay_say_covered(const struct ctl *ctl, const struct ctl_replay *replay,
                            const struct zta_whatif *result, struct zta_json *json);
/* Requests that could not be judged again, and why. */
void ctl_replay_say_undecidable(const struct zta_whatif *result, struct zta_json *json);
/* Flips in one direction: whom they hit, examples; then, of both, the groups. */
void ctl_replay_say_flips(const struct zta_whatif_flips *flips, const char *words,
                          const char *member, struct zta_json *json);
void ctl_replay_say_group(const struct ctl_replay *replay, const struct zta_tally *tally,
                          const char *words, const char *member, struct zta_json *json);

#endif

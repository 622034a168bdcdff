/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a change would hit: sessions counted before it is made, and the guard that counts. */
#ifndef CTL_HITS_H
#define CTL_HITS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/target.h"

struct ctl_hits {
    uint64_t n;         /* sessions whose latest credential has not expired */
    uint64_t n_expired; /* others */
    int64_t last_s;     /* when one of them was last seen; 0: never */
};

/* Adds the sessions that one of the targets, or the block (either may be NULL), is about. */
enum zta_status ctl_hits_count(struct zta_store *store, const struct ctl_target *targets,
                               size_t n_targets, const struct zta_block *block,
                               struct ctl_hits *hits) ZTA_MUST_CHECK;

/* A count in parts, zeroed to begin with: who waits for it is shown how far it is. */
struct ctl_hits_walk {
    uint8_t place[ZTA_SESSION_ID_SIZE]; /* where the next part begins */
    uint64_t n_walked;
    bool has_begun;
    bool is_done;
};

/*
 * The same as ctl_hits_count for targets, a bounded number of sessions at a time, each part in
 * a view of its own; until walk->is_done. Targets that are one session each are counted at once.
 */
enum zta_status ctl_hits_count_part(struct zta_store *store, const struct ctl_target *targets,
                                    size_t n_targets, struct ctl_hits_walk *walk,
                                    struct ctl_hits *hits) ZTA_MUST_CHECK;

/* "hits 3 sessions, last seen 2027-01-01T00:00:00Z" */
void ctl_hits_print(const struct ctl_hits *hits, struct zta_buffer *out);

/*
 * CTL_DONE when the change may go on. More than --max refuses; more than one hit needs --yes, or
 * the number typed on a terminal.
 */
enum ctl_exit ctl_hits_guard(const struct ctl *ctl, const struct ctl_hits *hits);

/* How a question ends that waits for an answer. */
#define CTL_ASK_END " to go on:"
/* CTL_DONE after --yes, or when the answer was typed; else CTL_CONFLICT. */
enum ctl_exit ctl_ask(const struct ctl *ctl, const char *question, const char *answer);

#endif

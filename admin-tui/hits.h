/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a change would hit, counted before it is made: sessions, and what they asked for in the last
 * hour; and the guard that counts.
 */
#ifndef CTL_HITS_H
#define CTL_HITS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/target.h"
#include "shared/store/events.h"

#define CTL_HITS_PERIOD_S INT64_C(3600)
#define CTL_HITS_TEXT_MAX 320 /* of what ctl_hits_print says */
/* So many blocks of events are looked through, the newest; what is older is said not to be. */
#define CTL_HITS_BLOCKS_MAX 20000
#define CTL_HITS_TAGS       65536

struct ctl_hits {
    uint64_t n;          /* sessions whose latest credential has not expired */
    uint64_t n_expired;  /* others */
    int64_t last_s;      /* when one of them was last seen; 0: never */
    uint64_t n_requests; /* of the last hour, as far as they are recorded */
    uint64_t n_allowed;  /* of them: what is refused from now on */
    uint64_t n_apart;    /* refused ones of many sources, which are not told apart */
    int64_t since_s;     /* requests are counted from here on; 0: of the whole hour */
    bool has_sessions;   /* of a device no session's record says anything */
};

/* Whom a change is about: any of the targets and blocks. Borrowed. */
struct ctl_sought {
    const struct ctl_target *targets;
    size_t n_targets;
    const struct zta_block *blocks;
    size_t n_blocks;
};

/* Counts them; who waits at a terminal is shown how far it is. Says what failed. */
enum ctl_exit ctl_hits_count(const struct ctl *ctl, const struct ctl_sought *sought,
                             struct ctl_hits *hits);

/* A count in parts, zeroed to begin with: who waits for it is shown how far it is. */
struct ctl_hits_walk {
    uint8_t place[ZTA_SESSION_ID_SIZE]; /* where the next part of the sessions begins */
    struct zta_event_key event;         /* behind which the next part of the events does */
    uint64_t n_walked;                  /* sessions */
    int64_t now_ns;                     /* when it began */
    int64_t time_ns;                    /* of the event that was looked at last */
    bool has_begun;
    bool has_sessions; /* all were looked at */
    bool is_done;
    bool has_tags;
    uint8_t tags[CTL_HITS_TAGS / 8]; /* a set: none of many sessions has what is not in it */
};

/*
 * The same a bounded part at a time, each in a view of its own; until walk->is_done. Targets that
 * are one session each take no walk over all of them.
 */
enum zta_status ctl_hits_count_part(struct zta_store *store, const struct ctl_sought *sought,
                                    struct ctl_hits_walk *walk,
                                    struct ctl_hits *hits) ZTA_MUST_CHECK;
/* How far that is, of so many sessions in all. */
int ctl_hits_percent(const struct ctl_hits_walk *walk, uint64_t n_sessions);

/* "hits 3 sessions, last seen 2027-01-01T00:00:00Z, and 4108 requests of the last hour ..." */
void ctl_hits_print(const struct ctl_hits *hits, struct zta_buffer *out);

/*
 * CTL_DONE when the change may go on. More than --max refuses; more than one hit needs --yes, or
 * the number typed on a terminal.
 */
enum ctl_exit ctl_hits_guard(const struct ctl *ctl, const struct ctl_hits *hits);

/* A block of the machine itself, or of much of the world, needs --yes, or the word. */
enum ctl_exit ctl_block_guard(const struct ctl *ctl, const struct zta_block *block);

/* How a question ends that waits for an answer. */
#define CTL_ASK_END " to go on:"
/* CTL_DONE after --yes, or when the answer was typed; else CTL_CONFLICT. */
enum ctl_exit ctl_ask(const struct ctl *ctl, const char *question, const char *answer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the agent share: its state, and what it does in turn. */
#ifndef CTL_FLEET_AGENT_PRIV_H
#define CTL_FLEET_AGENT_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/fleet/agent.h"
#include "admin-tui/fleet/batch.h"
#include "admin-tui/fleet/bound.h"
#include "admin-tui/fleet/engine.h"
#include "admin-tui/fleet/picture.h"
#include "shared/base/clock.h"
#include "shared/fleet/note.h"
#include "shared/fleet/shares.h"
#include "shared/fleet/signing.h"
#include "shared/store/shares.h"

#define CTL_FLEET_BEAT_S 2 /* between two lines about itself */
#define CTL_FLEET_TELL_S 5 /* between two files for `fleet status` */
/* How current this node is, as the store says it, lags behind by that: each time is a commit. */
#define CTL_FLEET_AS_OF_S 10
/* All that is said is compared with the engine's records so often, whatever it seems to have. */
#define CTL_FLEET_SYNC_NS (3600 * ZTA_NS_PER_S)

enum {
    CTL_FLEET_ANSWERED = 64,
};

struct ctl_agent {
    struct ctl *ctl;
    const struct ctl_fleet_config *config;
    struct zta_fleet fleet;
    struct zta_signing_key *key;
    struct ctl_engine *engine; /* NULL: not connected */
    struct ctl_batch batch;
    struct ctl_bound *bound;
    char place[ZTA_FLEET_PLACE_MAX];
    bool is_place_moved; /* since it was stored last */
    /* All is compared, or what is heard may have been before: up to `compared`. */
    bool is_comparing;
    char compared[ZTA_FLEET_PLACE_MAX];
    bool is_place_lost; /* the engine has no such entry: all is to be compared, at next_sync_ns */
    /* What the stream had at mark_s is known once the place has come to mark; "": not asked. */
    char mark[ZTA_FLEET_PLACE_MAX];
    int64_t mark_s;
    int64_t as_of_s;        /* the latest such time; 0: none */
    int64_t as_of_stored_s; /* as it stands in the store */
    int watch_fd;
    bool is_loss_told;
    char problem[512]; /* with the engine; "": none */
    int64_t connected_s;
    int64_t backoff_ns;
    int64_t next_attempt_ns;
    int64_t next_sync_ns;
    int64_t next_beat_ns;
    int64_t glance_ns; /* to look at the store again after so long; 0: when something calls */
    int64_t told_s;    /* when the file was written last */
    json_t *lines;     /* what all nodes said of themselves, when it was asked for last */
    int64_t next_lines_ns;
    uint64_t said;        /* notes of the outbox up to that were said */
    uint64_t seen;        /* what own sum and the engine's number looked like last */
    uint64_t seen_synced; /* and when all was compared last: what differs then is refused here */
    struct zta_share_book book;   /* of the rates that the fleet shares */
    struct zta_fleet_node *nodes; /* enrolled, also those that were taken out */
    size_t n_nodes;
    int64_t next_nodes_ns;
    int64_t next_share_ns; /* 0: before the first round */
    int64_t uses_ns;       /* of what the proxy said last */
    int64_t issued_ns;     /* of what was granted last */
    bool is_share_known;   /* what the proxy goes by */
    bool is_shared;        /* some node says something of a shared rate */
    /* Questions of other nodes that were answered last. */
    uint8_t answered[CTL_FLEET_ANSWERED][ZTA_NOTE_QUESTION_SIZE];
    size_t n_answered;
    int64_t next_answer_ns;
    bool is_left; /* the store is part of no fleet any more */
    uint64_t outcomes[ZTA_N_FLEET_OUTCOMES];
    uint64_t judged_after; /* statements were taken when rules were tried last */
    int64_t next_judge_ns;
    uint64_t n_said;
    uint64_t n_synced; /* times that all was compared */
};

/* Every status but ZTA_OK ends the connection; the next one begins by comparing all. */

/* What waits in the outbox is said, sent, and forgotten there. */
enum zta_status ctl_agent_say(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/* Notes the head of this node's audit trail when it moved since it was said. */
enum zta_status ctl_agent_note_head(struct ctl_agent *agent,
                                    struct zta_error *error) ZTA_MUST_CHECK;
/* What came on the stream is taken. */
enum zta_status ctl_agent_hear(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/* Both know all that either knew: takes the engine's records, sends it what it lacks. */
enum zta_status ctl_agent_sync(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/* What other nodes ask is answered, when its time has come. */
enum zta_status ctl_agent_answer(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/* This node's part of shared rates, when its time has come. */
enum zta_status ctl_agent_share(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/*
 * Goes on behind the place where it left off, if the engine still has it. Otherwise it lost
 * something, and all is to be compared: at once by a newcomer, by the others one after the other,
 * so that not each of them sends all.
 */
enum zta_status ctl_agent_resume(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/* Tells the others of itself, and sees whether one of them or the engine knows something else. */
enum zta_status ctl_agent_beat(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
/* Is the one place of the stream the other, or behind it? */
bool ctl_agent_has_passed(const char *place, const char *mark);
/* Sees whether what the stream had when it was asked last is known here now. */
void ctl_agent_reach(struct ctl_agent *agent);
/* Writes what `fleet status` reads, when its time has come. */
void ctl_agent_tell(struct ctl_agent *agent);
/* Versions of the live rules that came are tried, and put in force when they fit here: at once when
 * something came, and again every so often. */
enum zta_status ctl_agent_judge(struct ctl_agent *agent, struct zta_error *error) ZTA_MUST_CHECK;
void ctl_agent_lose(struct ctl_agent *agent, const struct zta_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everybody who sends requests, honest or not: each actor is asked for what he does next when his
 * time has come, in the order of time.
 */
#ifndef TESTS_SIM_CROWD_H
#define TESTS_SIM_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "tests/sim/chance.h"
#include "tests/sim/court.h"
#include "tests/sim/sim.h"

struct sim_crowd;
struct sim_actor;
/* Sends what he sends at actor->next_ns, and sets when he is next; INT64_MAX: never more. */
typedef void (*sim_act_fn)(struct sim_crowd *crowd, struct sim_actor *actor);

struct sim_actor {
    int64_t next_ns;
    sim_act_fn act;
    void *self;
};

struct sim_person;
struct sim_attack;

struct sim_crowd {
    const struct sim_options *options;
    struct sim_report *report;
    struct sim_chance chance;
    int64_t ends_ns;
    struct sim_court *court;
    struct sim_actor **heap; /* the earliest first */
    size_t n_actors;
    struct sim_person *people;
    struct sim_attack *attacks;
    size_t n_attacks;
    struct sim_session **sessions;
    size_t n_sessions;
    size_t sessions_room;
};

void sim_crowd_add(struct sim_crowd *crowd, struct sim_actor *actor);
/* A session that nobody had before. */
struct sim_session *sim_crowd_login(struct sim_crowd *crowd, uint32_t subject, int64_t now_ns);

void sim_people_join(struct sim_crowd *crowd);
void sim_people_leave(struct sim_crowd *crowd);
/* Somebody who is at work at that time with a session, where he is; NULL: nobody is. */
struct sim_session *sim_people_victim(struct sim_crowd *crowd, int64_t now_ns,
                                      struct sim_place *place);
/* A person's usual volume a request, for who takes along a multiple. */
void sim_people_home(struct sim_crowd *crowd, uint32_t subject, struct sim_place *place);
struct sim_session *sim_people_key(struct sim_crowd *crowd, unsigned i);

void sim_attacks_join(struct sim_crowd *crowd);
void sim_attacks_leave(struct sim_crowd *crowd);

/* One request of a session with the figures that follow from what it got. */
struct sim_verdict sim_crowd_send(struct sim_crowd *crowd, const struct sim_request *request);

#endif

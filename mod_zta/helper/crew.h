/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the helper that wait for answers of others under one lock, so that the observer never
 * does. They are told to end, and waited for, together.
 */
#ifndef MOD_ZTA_HELPER_CREW_H
#define MOD_ZTA_HELPER_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"

struct mod_zta_crew {
    atomic_bool is_ending;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* what the lock guards, or is_ending */
    pthread_t *threads;
    size_t n;
};

/* Room for so many threads. ZTA_NO_MEMORY. */
enum zta_status mod_zta_crew_open(size_t n_most, struct mod_zta_crew *crew) ZTA_MUST_CHECK;
/* One more, which no signal of the process is delivered to. False: the system has none. */
bool mod_zta_crew_add(struct mod_zta_crew *crew, void *(*run)(void *), void *context);
/* Ends all and waits for it; what they worked on is the caller's alone then. */
void mod_zta_crew_end(struct mod_zta_crew *crew);

/* Under the lock: until something changed, or this time of CLOCK_MONOTONIC; INT64_MAX: none. */
void mod_zta_crew_wait(struct mod_zta_crew *crew, int64_t until_ns);
/* For who asks it with a crew as context whether to give up. */
bool mod_zta_crew_is_ending(void *crew);

#endif

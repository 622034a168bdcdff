/* SPDX-License-Identifier: Apache-2.0 */
/* Begins and ends threads that share a lock and a condition. */
#include "mod_zta/helper/crew.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "shared/base/clock.h"

enum zta_status mod_zta_crew_open(size_t n_most, struct mod_zta_crew *crew)
{
    pthread_condattr_t attributes;
    pthread_t *threads = calloc(n_most + 1, sizeof *threads);
    if (threads == NULL) {
        return ZTA_NO_MEMORY;
    }
    crew->threads = threads;
    crew->n = 0;
    atomic_init(&crew->is_ending, false);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&crew->lock, NULL); /* default mutexes cannot fail */
    (void)pthread_cond_init(&crew->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return ZTA_OK;
}

bool mod_zta_crew_add(struct mod_zta_crew *crew, void *(*run)(void *), void *context)
{
    sigset_t all;
    sigset_t former;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &former);
    const bool has_begun = pthread_create(&crew->threads[crew->n], NULL, run, context) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &former, NULL);
    crew->n += has_begun;
    return has_begun;
}

void mod_zta_crew_end(struct mod_zta_crew *crew)
{
    (void)pthread_mutex_lock(&crew->lock);
    atomic_store(&crew->is_ending, true);
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->n; i++) {
        (void)pthread_join(crew->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&crew->changed);
    (void)pthread_mutex_destroy(&crew->lock);
    free(crew->threads);
}

void mod_zta_crew_wait(struct mod_zta_crew *crew, int64_t until_ns)
{
    if (until_ns == INT64_MAX) {
        (void)pthread_cond_wait(&crew->changed, &crew->lock);
        return;
    }
    const struct timespec until = {.tv_sec = (time_t)(until_ns / ZTA_NS_PER_S),
                                   .tv_nsec = (long)(until_ns % ZTA_NS_PER_S)};
    (void)pthread_cond_timedwait(&crew->changed, &crew->lock, &until);
}

bool mod_zta_crew_is_ending(void *crew)
{
    return atomic_load(&((struct mod_zta_crew *)crew)->is_ending);
}

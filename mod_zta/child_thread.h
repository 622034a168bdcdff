/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of a child beside those of its requests, which makes the same round again and again. It
 * takes no signals, and ends with the child's pool.
 */
#ifndef MOD_ZTA_CHILD_THREAD_H
#define MOD_ZTA_CHILD_THREAD_H

#include <httpd.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Static, of whoever begins it: it may outlive the pool, when a round does not come back. */
struct mod_zta_child_thread {
    void (*round)(void);
    int64_t period_ns; /* from round to round; one that takes longer delays the next */
    pthread_t id;
    sem_t stopping;
    sem_t first; /* posted behind the first round */
    _Atomic bool is_running;
};

/*
 * Its first round is at once. Registers its end, behind which runs what was registered before it.
 * 0 or an errno.
 */
int mod_zta_child_thread_begin(apr_pool_t *pchild, struct mod_zta_child_thread *thread);
/* Once behind begin: waits for the first round, but no longer than so. */
void mod_zta_child_thread_await(struct mod_zta_child_thread *thread, int64_t wait_ns);
/* For its rounds: the child ends, what it has may go away soon. */
bool mod_zta_child_thread_is_stopping(struct mod_zta_child_thread *thread);
/* For cleanups behind its end: a round does not come back, so what it uses has to stay. */
bool mod_zta_child_thread_is_running(const struct mod_zta_child_thread *thread);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds at fixed times, between which the thread waits for its end. */
#include "mod_zta/child_thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "shared/base/clock.h"

/* A thread that waits for a lock of one that a signal of httpd's ended would never come. */
#define STOP_WAIT_NS ZTA_NS_PER_S

static struct timespec time_of(int64_t mono_ns)
{
    return (struct timespec){.tv_sec = (time_t)(mono_ns / ZTA_NS_PER_S),
                             .tv_nsec = (long)(mono_ns % ZTA_NS_PER_S)};
}

/* False: it was not posted by then. */
static bool wait_until(sem_t *posted, int64_t mono_ns)
{
    const struct timespec until = time_of(mono_ns);
    int result;
    do {
        result = sem_clockwait(posted, CLOCK_MONOTONIC, &until);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

static void *run(void *context)
{
    struct mod_zta_child_thread *thread = context;
    int64_t next_ns = zta_clock_monotonic_ns();
    thread->round();
    (void)sem_post(&thread->first);
    for (;;) {
        const int64_t now_ns = zta_clock_monotonic_ns();
        next_ns += thread->period_ns;
        if (next_ns < now_ns) {
            next_ns = now_ns + thread->period_ns; /* rounds that were missed are not made up for */
        }
        if (wait_until(&thread->stopping, next_ns)) {
            return NULL;
        }
        thread->round();
    }
}

/* May run in a signal handler of prefork: nothing here takes a lock. */
static apr_status_t stop(void *context)
{
    struct mod_zta_child_thread *thread = context;
    (void)sem_post(&thread->stopping);
    const struct timespec until = time_of(zta_clock_monotonic_ns() + STOP_WAIT_NS);
    if (pthread_clockjoin_np(thread->id, NULL, CLOCK_MONOTONIC, &until) == 0) {
        atomic_store(&thread->is_running, false);
    }
    return APR_SUCCESS;
}

int mod_zta_child_thread_begin(apr_pool_t *pchild, struct mod_zta_child_thread *thread)
{
    sigset_t all;
    sigset_t before;
    if (sem_init(&thread->stopping, 0, 0) != 0 || sem_init(&thread->first, 0, 0) != 0) {
        return errno;
    }
    /* Signals are the business of httpd's own threads. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread->id, NULL, run, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        atomic_store(&thread->is_running, true);
        apr_pool_cleanup_register(pchild, thread, stop, apr_pool_cleanup_null);
    }
    return error;
}

void mod_zta_child_thread_await(struct mod_zta_child_thread *thread, int64_t wait_ns)
{
    (void)wait_until(&thread->first, zta_clock_monotonic_ns() + wait_ns);
}

bool mod_zta_child_thread_is_stopping(struct mod_zta_child_thread *thread)
{
    int n = 0;
    return sem_getvalue(&thread->stopping, &n) == 0 && n > 0;
}

bool mod_zta_child_thread_is_running(const struct mod_zta_child_thread *thread)
{
    return atomic_load(&thread->is_running);
}

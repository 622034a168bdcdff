/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from getrandom(2), for identifiers through a small buffer in each thread. */
#include "shared/base/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

#define POOL_SIZE 512

struct pool {
    uint8_t bytes[POOL_SIZE];
    size_t left;
    unsigned generation;
};

static _Thread_local struct pool pool;

/* Counts the forks above this process, so that a child never hands out what its parent holds. */
static _Atomic unsigned generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void zta_random_bytes(void *out, size_t size)
{
    uint8_t *at = out;
    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
        else if (n == 0 || errno != EINTR) {
            /* Predictable keys would be worse than no process. */
            abort();
        }
    }
}

static void forked(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, forked) != 0) {
        abort();
    }
}

void zta_random_fast(void *out, size_t size)
{
    if (size > POOL_SIZE) {
        zta_random_bytes(out, size);
        return;
    }
    unsigned now = atomic_load_explicit(&generation, memory_order_relaxed);
    if (pool.left < size || pool.generation != now) {
        /* Before the first fill: a pool can only be inherited by a child that is told of it. */
        (void)pthread_once(&once, watch_forks);
        zta_random_bytes(pool.bytes, POOL_SIZE);
        pool.left = POOL_SIZE;
        pool.generation = now;
    }
    pool.left -= size;
    memcpy(out, pool.bytes + pool.left, size);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What being cut costs a request that is not: noting it, its back end and both ends, with a cutter
 * that looks four times a second, and with one that never stops looking; and what a look costs an
 * open request. Prints lines of title and nanoseconds, the best of several rounds, with a tab
 * between.
 */
#include "mod_zta/open/registry.h"
#include "shared/base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <unistd.h>

#define N_ROUNDS   15
#define N_REQUESTS 200000
#define N_OPEN     1000

static atomic_bool is_looking;

static void look(void *context, struct mod_zta_open *open)
{
    unsigned *n = context;
    *n += open->cut == ZTA_REASON_UNJUDGED;
}

static void *look_always(void *context)
{
    while (atomic_load(&is_looking)) {
        mod_zta_open_each(look, context);
    }
    return NULL;
}

static void *look_at_times(void *context)
{
    while (atomic_load(&is_looking)) {
        mod_zta_open_each(look, context);
        (void)usleep(250000); /* as often as the cutter of a child looks */
    }
    return NULL;
}

static double request_ns(void)
{
    static const struct mod_zta_socket socket = {.fd = -1};
    const int64_t before_ns = zta_clock_monotonic_ns();
    for (int i = 0; i < N_REQUESTS; i++) {
        struct mod_zta_open open = {.client = &socket};
        mod_zta_open_begin(&open);
        mod_zta_open_origin_set(&open, &socket);
        mod_zta_open_origin_clear(&open);
        mod_zta_open_end(&open);
    }
    return (double)(zta_clock_monotonic_ns() - before_ns) / N_REQUESTS;
}

static double look_ns(void)
{
    unsigned n = 0;
    const int64_t before_ns = zta_clock_monotonic_ns();
    mod_zta_open_each(look, &n);
    return (double)(zta_clock_monotonic_ns() - before_ns) / n;
}

static void tell(const char *title, double (*measure)(void))
{
    double best = measure();
    for (int i = 1; i < N_ROUNDS; i++) {
        const double ns = measure();
        best = ns < best ? ns : best;
    }
    printf("%s\t%.0f\n", title, best);
}

static void tell_beside(const char *title, void *(*cutter)(void *))
{
    unsigned n = 0;
    pthread_t thread;
    atomic_store(&is_looking, true);
    if (pthread_create(&thread, NULL, cutter, &n) != 0) {
        (void)fprintf(stderr, "bench_open: no thread\n");
        exit(1);
    }
    tell(title, request_ns);
    atomic_store(&is_looking, false);
    (void)pthread_join(thread, NULL);
}

int main(void)
{
    static struct mod_zta_open open[N_OPEN];
    tell_beside("a request, with the cutter as it is", look_at_times);
    tell_beside("a request, with a cutter that never rests", look_always);
    for (size_t i = 0; i < N_OPEN; i++) {
        mod_zta_open_begin(&open[i]);
    }
    tell("a look at one of 1,000 that are open", look_ns);
    for (size_t i = 0; i < N_OPEN; i++) {
        mod_zta_open_end(&open[i]);
    }
    return 0;
}

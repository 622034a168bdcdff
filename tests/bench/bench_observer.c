/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the observer costs for each event, with 1,000 and 1,000,000 sessions in its store: CPU time
 * of taking events from the ring, counting them in and committing, sessions written back included;
 * and where it also learns what is usual and looks for risks, of as many subjects as there are
 * sessions; and how much memory it has by then.
 * The clock it is given runs as if 20,000 events came each second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mod_zta/helper/hot_table.h"
#include "shared/decision.h"
#include "tests/unit/observer_world.h"

#define EVENTS_A_COMMIT 2000
#define N_EVENTS        400000
#define N_HOT           10000
#define BIG_MAP_SIZE    (UINT64_C(8) << 30)

static int64_t spent_ns;
static bool teaches; /* are places at stage 3? */
static bool risks;   /* and at stage 4? */

static void observe(struct world *world, int64_t ns)
{
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    world_pass(world, ns);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    spent_ns +=
        (int64_t)(after.tv_sec - before.tv_sec) * ZTA_NS_PER_S + after.tv_nsec - before.tv_nsec;
}

static uint64_t used(struct world *world)
{
    struct zta_store_usage usage;
    if (zta_store_usage(mod_zta_observer_store(world->observer), false, &usage) != ZTA_OK) {
        exit(1);
    }
    return usage.used;
}

static void publish(struct world *world, uint32_t session)
{
    const struct scratch_event event = {.source = session,
                                        .session = session,
                                        .outcome = ZTA_OUTCOME_ALLOW,
                                        .reason = ZTA_REASON_OK,
                                        .teaches = teaches,
                                        .risks = risks};
    world_publish(world, &event);
}

/* One event of each session makes it known. */
static void open_with_sessions(struct world *world, uint32_t n_sessions)
{
    world_open(world, NULL, BIG_MAP_SIZE);
    world_observe(world);
    for (uint32_t i = 1; i <= n_sessions; i++) {
        publish(world, i);
        if (i % EVENTS_A_COMMIT == 0) {
            observe(world, MOD_ZTA_COMMIT_NS);
        }
    }
    observe(world, MOD_ZTA_WRITE_BACK_NS);
}

/* Events of sessions drawn at random, nine of ten from the first n_hot. */
static void measure(struct world *world, const char *title, uint32_t n_sessions, uint32_t n_hot)
{
    static uint64_t seed = 1;
    const uint64_t dropped = world_counter(world, ZTA_COUNTER_EVENTS_DROPPED_STORE);
    const uint64_t used_before = used(world);
    spent_ns = 0;
    for (uint32_t i = 1; i <= N_EVENTS; i++) {
        const uint64_t from = scratch_random(&seed) % 10 != 0 ? n_hot : n_sessions;
        publish(world, 1 + (uint32_t)(scratch_random(&seed) % from));
        if (i % EVENTS_A_COMMIT == 0) {
            observe(world, MOD_ZTA_COMMIT_NS);
        }
    }
    observe(world, MOD_ZTA_WRITE_BACK_NS);
    if (world_counter(world, ZTA_COUNTER_EVENTS_DROPPED_STORE) != dropped) {
        (void)fprintf(stderr, "bench_observer: events were dropped\n");
        exit(1);
    }
    printf("%s\t%.2f\t%.0f\n", title, (double)spent_ns / N_EVENTS / 1000,
           (double)(used(world) - used_before) / N_EVENTS);
}

/* Of this process, without what is only mapped: the store and the ring. */
static void print_memory(void)
{
    static const char name[] = "RssAnon:";
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    long anonymous_kib = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, sizeof name - 1) == 0) {
            anonymous_kib = strtol(line + sizeof name - 1, NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    printf("memory with 1,000,000 subjects, MB\t-\t%ld\n", anonymous_kib / 1024);
}

int main(void)
{
    const uint32_t few = 1000;
    const uint32_t many = 1000000;
    struct world world;
    open_with_sessions(&world, few);
    measure(&world, "1,000 sessions", few, few);
    world_close(&world);
    open_with_sessions(&world, many);
    printf("each event a new session\t%.2f\t-\n", (double)spent_ns / many / 1000);
    measure(&world, "1,000,000 sessions, 90 % from 10,000", many, N_HOT);
    measure(&world, "1,000,000 sessions, uniform", many, many);
    world_close(&world);
    teaches = true;
    open_with_sessions(&world, few);
    measure(&world, "learning, 1,000 subjects", few, few);
    world_close(&world);
    open_with_sessions(&world, many);
    printf("learning, each event a new subject\t%.2f\t-\n", (double)spent_ns / many / 1000);
    measure(&world, "learning, 1,000,000 subjects, 90 % from 10,000", many, N_HOT);
    world_close(&world);
    risks = true;
    open_with_sessions(&world, few);
    measure(&world, "risks, 1,000 subjects", few, few);
    world_close(&world);
    open_with_sessions(&world, many);
    printf("risks, each event a new subject\t%.2f\t-\n", (double)spent_ns / many / 1000);
    measure(&world, "risks, 1,000,000 subjects, 90 % from 10,000", many, N_HOT);
    print_memory();
    world_close(&world);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the decision log costs the helper: a line made of one event in each format, and all of it
 * (read from the ring, made, queued, written to a file by the target's thread) over an observer
 * that logs nothing. Prints lines of title, µs of CPU time an event and bytes a line, with tabs
 * between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/log/line.h"
#include "tests/unit/observer_world.h"

#define N_LINES         200000
#define N_EVENTS        200000
#define EVENTS_A_COMMIT 2000

static double cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void measure_lines(const char *title, enum zta_log_format format)
{
    const struct scratch_event wanted = {.number = 1,
                                         .time_ns = T0,
                                         .source = 9,
                                         .session = 3,
                                         .outcome = ZTA_OUTCOME_ALLOW,
                                         .reason = ZTA_REASON_OK,
                                         .route = "/orders"};
    struct zta_event event;
    char line[ZTA_LOG_LINE_MAX];
    size_t len = 0;
    scratch_event_make(&wanted, &event);
    const struct zta_log_record record = {.kind = ZTA_LOG_REQUEST,
                                          .host = "proxy1",
                                          .version = "test",
                                          .time_ns = T0,
                                          .weight = 1,
                                          .event = &event};
    const double before = cpu_us();
    for (unsigned i = 0; i < N_LINES; i++) {
        if (zta_log_line(&record, format, line, &len) != ZTA_OK) {
            exit(1);
        }
    }
    printf("%s\t%.2f\t%zu\n", title, (cpu_us() - before) / N_LINES, len);
}

/* µs an event of an observer, threads of targets included. */
static double measure_observer(const struct mod_zta_log_end *ends, size_t n_ends, uint64_t *written)
{
    struct world world;
    double spent = 0;
    world_open(&world, fast_dir(), MAP_SIZE);
    world.options.log_ends = ends;
    world.options.n_log_ends = n_ends;
    world_observe(&world);
    for (uint32_t i = 1; i <= N_EVENTS; i++) {
        world_allowed(&world, 1 + i % 1000);
        if (i % EVENTS_A_COMMIT == 0) {
            const double before = cpu_us();
            world_pass(&world, MOD_ZTA_COMMIT_NS);
            while (zta_ring_tail(world.segment) < i) {
                (void)usleep(
                    200); /* the target's thread writes meanwhile; looking takes time too */
                world_pass(&world, MOD_ZTA_COMMIT_NS);
            }
            spent += cpu_us() - before;
        }
    }
    world_pass(&world, ZTA_NS_PER_S);
    *written = world_counter(&world, ZTA_COUNTER_LOG_WRITTEN);
    world_close(&world);
    return spent / N_EVENTS;
}

int main(void)
{
    char path[] = "/tmp/zta-bench-log-XXXXXX";
    const int made = mkstemp(path);
    const int fd = open(path, O_RDWR | O_APPEND);
    struct mod_zta_log_end end = {
        .name = path, .sink = MOD_ZTA_LOG_FILE, .path = path, .fd = fd, .every = 1};
    uint64_t n_written;
    if (made < 0 || fd < 0) {
        return 1;
    }
    measure_lines("a line of ECS", ZTA_LOG_ECS);
    measure_lines("a line of OCSF", ZTA_LOG_OCSF);
    const double without = measure_observer(NULL, 0, &n_written);
    const double with = measure_observer(&end, 1, &n_written);
    printf("an event in a file, over an observer that logs nothing\t%.2f\t-\n", with - without);
    end.every = 50;
    const double sampled = measure_observer(&end, 1, &n_written);
    printf("the same with sample-allow=50\t%.2f\t-\n", sampled - without);
    (void)unlink(path);
    (void)close(fd);
    (void)close(made);
    return n_written > 0 ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision log behind the observer: each line once, whoever is killed, moved, full or silent;
 * what a target does not take is counted and told, and holds nobody else up.
 */
#include "mod_zta/helper/decision_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/audit.h"
#include "tests/unit/observer_world.h"
#include "tests/unit/store_fixture.h"

#define PATIENCE_NS (120 * ZTA_NS_PER_S)
#define TEXT_MAX    (16 << 20)

/* A world whose observer logs. */
struct logging {
    struct world world;
    char path[SCRATCH_DIR_MAX + 32];
    struct mod_zta_log_end ends[2];
};

static void open_world(struct logging *logging)
{
    memset(logging, 0, sizeof *logging);
    world_open(&logging->world, fast_dir(), MAP_SIZE);
    (void)snprintf(logging->path, sizeof logging->path, "%s/log.json", logging->world.scratch.top);
    logging->world.options.log_ends = logging->ends;
}

static int open_log_file(const char *path)
{
    const int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    return fd;
}

static struct mod_zta_log_end *add_end(struct logging *logging, enum mod_zta_log_sink sink,
                                       const char *path, int fd)
{
    struct mod_zta_log_end *end = &logging->ends[logging->world.options.n_log_ends++];
    *end = (struct mod_zta_log_end){
        .name = path, .sink = sink, .path = path, .fd = fd, .every = 1, .facility = LOG_LOCAL3};
    return end;
}

static void close_world(struct logging *logging)
{
    world_close(&logging->world);
    for (size_t i = 0; i < logging->world.options.n_log_ends; i++) {
        if (logging->ends[i].fd >= 0) {
            (void)close(logging->ends[i].fd);
        }
    }
}

static char *read_file(const char *path)
{
    char *text = calloc(1, TEXT_MAX);
    FILE *file = fopen(path, "r");
    assert_non_null(text);
    if (file != NULL) {
        (void)!fread(text, 1, TEXT_MAX - 1, file);
        (void)fclose(file);
    }
    return text;
}

/* By lengths: sanitizers look at all of a string that is only searched. */
static size_t count_in(const char *text, const char *what)
{
    const size_t len = strlen(what);
    const char *end = text + strlen(text);
    size_t left = (size_t)(end - text);
    size_t n = 0;
    for (const char *at = text; (at = memmem(at, left, what, len)) != NULL; at += len) {
        left = (size_t)(end - at) - len;
        n++;
    }
    return n;
}

/* Every line begins and ends as one of ours. */
static void assert_whole(const char *text)
{
    const char *end = text + strlen(text);
    for (const char *line = text; line < end;) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        assert_non_null(feed);
        assert_int_equal(line[0], '{');
        assert_int_equal(feed[-1], '}');
        line = feed + 1;
    }
}

/* How often each number of the ring's stands in a line. */
static void count_sequences(const char *text, uint8_t *n_of, size_t n)
{
    static const char member[] = "\"sequence\":";
    const char *end = text + strlen(text);
    for (const char *at = text;
         (at = memmem(at, (size_t)(end - at), member, sizeof member - 1)) != NULL;) {
        at += sizeof member - 1;
        const unsigned long sequence = strtoul(at, NULL, 10);
        assert_true(sequence < n);
        n_of[sequence]++;
    }
}

/* Rounds until the condition holds. */
#define AWAIT(logging, condition)                                                                  \
    do {                                                                                           \
        const int64_t until_ns = zta_clock_monotonic_ns() + PATIENCE_NS;                           \
        while (!(condition)) {                                                                     \
            assert_true(zta_clock_monotonic_ns() < until_ns);                                      \
            world_pass(&(logging)->world, MOD_ZTA_COMMIT_NS);                                      \
            (void)usleep(2000);                                                                    \
        }                                                                                          \
    } while (0)

static size_t lines_with(const char *path, const char *what)
{
    char *text = read_file(path);
    const size_t n = count_in(text, what);
    free(text);
    return n;
}

static void publish_some(struct logging *logging, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (i % 2 == 0) {
            world_allowed(&logging->world, 1 + i % 7);
        }
        else {
            world_denied(&logging->world, 9, "/orders");
        }
    }
}

/* ---- files ---- */

static void each_event_has_one_line_even_where_the_store_counts_repeats(void **state)
{
    struct logging logging;
    open_world(&logging);
    struct mod_zta_log_end *end =
        add_end(&logging, MOD_ZTA_LOG_FILE, logging.path, open_log_file(logging.path));
    world_observe(&logging.world);
    publish_some(&logging, 3000);
    AWAIT(&logging, world_counter(&logging.world, ZTA_COUNTER_LOG_WRITTEN) >= 3001);
    char *text = read_file(end->path);
    assert_whole(text);
    assert_int_equal(count_in(text, "\"access-denied\""), 1500);
    uint8_t n_of[3000] = {0};
    count_sequences(text, n_of, sizeof n_of);
    for (size_t i = 0; i < sizeof n_of; i++) {
        assert_int_equal(n_of[i], 1);
    }
    free(text);
    AWAIT(&logging, zta_ring_tail(logging.world.segment) == 3000);
    AWAIT(&logging, world_counter(&logging.world, ZTA_COUNTER_LOG_WRITTEN) >= 3000);
    assert_int_equal(world_counter(&logging.world, ZTA_COUNTER_LOG_DROPPED), 0);
    close_world(&logging);
}

static void a_moved_file_is_opened_anew_and_no_line_is_torn_or_lost(void **state)
{
    struct logging logging;
    char moved[SCRATCH_DIR_MAX + 48];
    open_world(&logging);
    (void)snprintf(moved, sizeof moved, "%s.1", logging.path);
    (void)add_end(&logging, MOD_ZTA_LOG_FILE, logging.path, open_log_file(logging.path));
    world_observe(&logging.world);
    publish_some(&logging, 100);
    AWAIT(&logging, lines_with(logging.path, "mod_zta.decision") == 100);
    assert_int_equal(rename(logging.path, moved), 0);
    AWAIT(&logging, access(logging.path, F_OK) == 0);
    publish_some(&logging, 50);
    AWAIT(&logging, lines_with(logging.path, "mod_zta.decision") == 50);
    char *text = read_file(moved);
    assert_whole(text);
    assert_int_equal(count_in(text, "mod_zta.decision"), 100);
    free(text);
    /* Where the next one cannot be opened, what is moved is written on, and there is an alert. */
    assert_int_equal(unlink(moved), 0);
    assert_int_equal(rename(logging.path, moved), 0);
    assert_int_equal(mkdir(logging.path, 0700), 0);
    AWAIT(&logging, strstr(logging.world.said, "ZTA0140: log_failing: ZTALog") != NULL &&
                        strstr(logging.world.said, "it was moved") != NULL);
    publish_some(&logging, 10);
    AWAIT(&logging, lines_with(moved, "mod_zta.decision") == 60);
    assert_int_equal(rmdir(logging.path), 0);
    AWAIT(&logging, access(logging.path, F_OK) == 0);
    close_world(&logging);
}

static void a_torn_end_of_who_was_killed_is_cut_off(void **state)
{
    static const char *const torn[] = {"{\"a\":1}\n{\"@timestamp\":\"20", "{\"@timest",
                                       "plain text"};
    static const char *const mended[] = {"{\"a\":1}\n", "", "plain text\n"};
    struct logging logging;
    open_world(&logging);
    for (size_t i = 0; i < 3; i++) {
        struct mod_zta_log_out out;
        const int fd = open_log_file(logging.path);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(write(fd, torn[i], strlen(torn[i])), (ssize_t)strlen(torn[i]));
        mod_zta_log_out_open(&out, MOD_ZTA_LOG_FILE, logging.path, fd, 0);
        char *text = read_file(logging.path);
        assert_string_equal(text, mended[i]);
        free(text);
        mod_zta_log_out_close(&out);
        (void)close(fd);
    }
    close_world(&logging);
}

/* ---- a file that takes no more ---- */

static void a_full_disk_holds_nobody_up_and_what_is_lost_is_told_in_the_log(void **state)
{
    struct logging logging;
    open_world(&logging);
    (void)add_end(&logging, MOD_ZTA_LOG_FILE, logging.path, open_log_file(logging.path));
    (void)add_end(&logging, MOD_ZTA_LOG_FILE, "/dev/full", open("/dev/full", O_WRONLY));
    world_observe(&logging.world);
    publish_some(&logging, 12000);
    AWAIT(&logging, world_counter(&logging.world, ZTA_COUNTER_LOG_WRITTEN) >= 12000);
    assert_int_equal(lines_with(logging.path, "mod_zta.decision"), 12000);
    AWAIT(&logging, world_counter(&logging.world, ZTA_COUNTER_LOG_DROPPED) > 5000);
    AWAIT(&logging, strstr(logging.world.said, "/dev/full: No space left on device") != NULL);
    /* What cannot be logged holds its part of the ring and no more, and the store has them all. */
    const uint64_t held =
        zta_ring_head(logging.world.segment) - zta_ring_tail(logging.world.segment);
    assert_true(held <= zta_ring_capacity(logging.world.segment) / 4);
    assert_int_equal(world_counter(&logging.world, ZTA_COUNTER_EVENTS_DROPPED_FULL), 0);
    close_world(&logging);
}

/* As a disk that has room again: SIGXFSZ ends nobody, and a line that was begun is ended. */
static void a_file_that_may_not_grow_is_written_on_when_it_may(void **state)
{
    struct rlimit before;
    struct rlimit little;
    struct mod_zta_log_target *target;
    struct mod_zta_log_stats stats = {.n_written = 0};
    char path[] = "/tmp/zta-log-XXXXXX";
    char line[1000];
    uint64_t left;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    const struct mod_zta_log_target_options options = {
        .name = "log", .sink = MOD_ZTA_LOG_FILE, .path = path, .fd = fd};
    memset(line, 'x', sizeof line);
    memcpy(line, "{\"@\":\"", 6);
    memcpy(line + sizeof line - 3, "\"}\n", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = before;
    little.rlim_cur = 2500;
    assert_int_equal(mod_zta_log_target_open(&options, &target), ZTA_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    for (uint64_t i = 0; i < 10; i++) {
        mod_zta_log_target_put(target, ZTA_LOGGED_EVENTS, i, LOG_INFO,
                               (struct zta_text){.data = line, .len = sizeof line});
    }
    const int64_t until_ns = zta_clock_monotonic_ns() + PATIENCE_NS;
    while (strcmp(stats.error, "File too large") != 0) {
        assert_true(zta_clock_monotonic_ns() < until_ns);
        mod_zta_log_target_stats(target, &stats);
    }
    assert_true(stats.troubled_ns != 0);
    assert_true(mod_zta_log_target_done(target, ZTA_LOGGED_EVENTS) < 3);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    while (mod_zta_log_target_done(target, ZTA_LOGGED_EVENTS) < 10) {
        assert_true(zta_clock_monotonic_ns() < until_ns);
        (void)usleep(1000);
    }
    mod_zta_log_target_stats(target, &stats);
    assert_int_equal(stats.troubled_ns, 0);
    assert_int_equal(stats.n_written, 10);
    assert_int_equal(mod_zta_log_target_stop(target, 0, &left), ZTA_OK);
    assert_int_equal(left, 0);
    mod_zta_log_target_close(&target);
    char *text = read_file(path);
    assert_int_equal(strlen(text), 10 * sizeof line);
    assert_whole(text);
    free(text);
    (void)unlink(path);
    (void)close(fd);
}

/* ---- pipes ---- */

static size_t drain_pipe(int fd, char *text, size_t used)
{
    for (;;) {
        const ssize_t n = read(fd, text + used, TEXT_MAX - 1 - used);
        if (n <= 0) {
            text[used] = '\0';
            return used;
        }
        used += (size_t)n;
    }
}

static void a_pipe_that_does_not_read_loses_the_oldest_and_its_loss_is_told(void **state)
{
    struct logging logging;
    int ends[2];
    char *text = calloc(1, TEXT_MAX);
    size_t used = 0;
    open_world(&logging);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    (void)add_end(&logging, MOD_ZTA_LOG_FILE, logging.path, open_log_file(logging.path));
    (void)add_end(&logging, MOD_ZTA_LOG_PIPE, "soc", ends[1]);
    world_observe(&logging.world);
    publish_some(&logging, 12000);
    AWAIT(&logging, world_counter(&logging.world, ZTA_COUNTER_LOG_WRITTEN) >= 12000);
    assert_int_equal(lines_with(logging.path, "mod_zta.decision"), 12000);
    AWAIT(&logging, world_counter(&logging.world, ZTA_COUNTER_LOG_DROPPED) > 5000);
    AWAIT(&logging, strstr(logging.world.said, "ZTALog soc: it reads nothing") != NULL);
    /* It reads again: what waited comes whole, then what is missing is told. */
    AWAIT(&logging,
          (used = drain_pipe(ends[0], text, used)) > 0 && strstr(text, "\"log-lost\"") != NULL);
    assert_whole(text);
    const char *lost = strstr(text, "\"lost\":");
    assert_non_null(lost);
    assert_int_equal(strtoull(lost + 7, NULL, 10) + count_in(text, "mod_zta.decision") +
                         count_in(text, "audit-head"),
                     12001);
    free(text);
    (void)close(ends[0]);
    close_world(&logging);
}

/* Of a mandatory log nothing is lost: the ring fills, and goes on when the reader does. */
static void what_must_be_logged_waits_in_the_ring(void **state)
{
    struct logging logging;
    int ends[2];
    char *text = calloc(1, TEXT_MAX);
    size_t used = 0;
    open_world(&logging);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    add_end(&logging, MOD_ZTA_LOG_PIPE, "soc", ends[1])->is_mandatory = true;
    world_observe(&logging.world);
    const uint64_t capacity = zta_ring_capacity(logging.world.segment);
    for (uint64_t i = 0; i < capacity / 4; i++) {
        world_allowed(&logging.world, 1);
    }
    for (unsigned i = 0; i < 50; i++) {
        world_pass(&logging.world, MOD_ZTA_COMMIT_NS);
    }
    assert_true(zta_ring_tail(logging.world.segment) < capacity / 8);
    assert_int_equal(world_counter(&logging.world, ZTA_COUNTER_LOG_DROPPED), 0);
    /* The store has them all the same. */
    assert_int_equal(world_counter(&logging.world, ZTA_COUNTER_EVENTS_STORED) +
                         world_counter(&logging.world, ZTA_COUNTER_EVENTS_AGGREGATED),
                     capacity / 4);
    AWAIT(&logging, (used = drain_pipe(ends[0], text, used)) > 0 &&
                        zta_ring_tail(logging.world.segment) == capacity / 4);
    assert_whole(text);
    assert_int_equal(count_in(text, "mod_zta.decision"), capacity / 4);
    free(text);
    (void)close(ends[0]);
    close_world(&logging);
}

/* ---- syslog ---- */

static void syslog_gets_a_datagram_a_line_and_may_come_and_go(void **state)
{
    struct logging logging;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char text[8192];
    open_world(&logging);
    assert_true(strlen(logging.world.scratch.top) + 3 < sizeof name.sun_path);
    memcpy(name.sun_path, logging.world.scratch.top, strlen(logging.world.scratch.top));
    memcpy(name.sun_path + strlen(name.sun_path), "/s", 2);
    (void)add_end(&logging, MOD_ZTA_LOG_SYSLOG, name.sun_path, -1);
    world_observe(&logging.world);
    world_denied(&logging.world, 9, "/orders");
    AWAIT(&logging, strstr(logging.world.said, "No such file or directory") != NULL);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    ssize_t n = -1;
    unsigned n_decisions = 0;
    while (n_decisions == 0) {
        AWAIT(&logging, (n = recv(fd, text, sizeof text - 1, 0)) > 0);
        text[n] = '\0';
        assert_int_equal(text[n - 1], '}');
        assert_non_null(strstr(text, " mod_zta["));
        if (strstr(text, "mod_zta.decision") != NULL) {
            assert_int_equal(strncmp(text, "<156>", 5), 0); /* local3, warning */
            n_decisions++;
        }
    }
    (void)close(fd);
    close_world(&logging);
}

/* ---- operators and automation ---- */

struct act {
    const char *dir;
    const char *name;
};

static int act_as_operator(void *context)
{
    const struct act *made = context;
    struct zta_store *store;
    struct zta_change *change;
    struct zta_error error;
    struct zta_audit_entry entry = {.action = zta_text_of(made->name)};
    bool is_done = zta_store_open(made->dir, ZTA_STORE_OPERATOR, 0, &store, &error) == ZTA_OK &&
                   zta_change_begin(store, made->name, &change, &error) == ZTA_OK &&
                   zta_audit_append(change, &entry) == ZTA_OK &&
                   zta_change_commit(&change, &error) == ZTA_OK;
    return is_done ? 0 : 1;
}

/* As ztactl does it: in a process of its own, for LMDB lets none have an environment open twice. */
static void act(const struct logging *logging, const char *name)
{
    struct act made = {.dir = logging->world.scratch.dir, .name = name};
    assert_int_equal(run_in_child(act_as_operator, &made), 0);
}

static void operators_actions_come_once_each_across_any_end_of_the_helper(void **state)
{
    struct logging logging;
    unsigned n = 0;
    open_world(&logging);
    (void)add_end(&logging, MOD_ZTA_LOG_FILE, logging.path, open_log_file(logging.path));
    world_observe(&logging.world);
    for (unsigned round = 0; round < 6; round++) {
        char name[32];
        (void)snprintf(name, sizeof name, "act %u", n++);
        act(&logging, name);
        AWAIT(&logging, lines_with(logging.path, name) == 1);
        if (round % 2 == 0) {
            zta_segment_child_end(logging.world.segment, (int32_t)getpid());
            assert_true(mod_zta_observer_drain(logging.world.observer,
                                               zta_clock_monotonic_ns() + PATIENCE_NS));
            /* As after a stop of the whole server: what shared memory knew is gone. */
            for (enum zta_logged stream = ZTA_LOGGED_ACTIONS; stream < ZTA_N_LOGGED; stream++) {
                zta_segment_logged_set(logging.world.segment, stream, 0);
            }
        }
        mod_zta_observer_close(&logging.world.observer);
        (void)snprintf(name, sizeof name, "act %u", n++);
        act(&logging, name); /* while no helper runs */
        world_observe(&logging.world);
        AWAIT(&logging, lines_with(logging.path, name) == 1);
    }
    char *text = read_file(logging.path);
    assert_whole(text);
    assert_int_equal(count_in(text, "\"action\":\"act "), n);
    free(text);
    close_world(&logging);
}

/* ---- a helper that is killed ---- */

static void observe_until_killed(struct logging *logging)
{
    logging->world.options.log = NULL;
    world_observe(&logging->world);
    for (;;) {
        (void)mod_zta_observer_step(logging->world.observer, zta_clock_monotonic_ns(), T0);
        (void)usleep(500);
    }
}

static void a_helper_killed_at_any_moment_loses_no_line(void **state)
{
    struct logging logging;
    uint64_t seed = 5;
    uint64_t n = 0;
    open_world(&logging);
    (void)add_end(&logging, MOD_ZTA_LOG_FILE, logging.path, open_log_file(logging.path));
    for (unsigned round = 0; round < 20; round++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            observe_until_killed(&logging);
        }
        for (unsigned i = 0; i < 20; i++) {
            publish_some(&logging, 25);
            n += 25;
            (void)usleep((useconds_t)(scratch_random(&seed) % 1500));
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    world_observe(&logging.world);
    AWAIT(&logging, zta_ring_tail(logging.world.segment) == n);
    char *text = read_file(logging.path);
    assert_whole(text);
    uint64_t n_twice = 0;
    uint8_t *n_of = calloc(1, n);
    assert_non_null(n_of);
    count_sequences(text, n_of, n);
    for (uint64_t i = 0; i < n; i++) {
        assert_true(n_of[i] > 0);
        n_twice += n_of[i] > 1;
    }
    free(n_of);
    print_message("%u lines, %u of them twice after 20 kills\n", (unsigned)n, (unsigned)n_twice);
    assert_true(n_twice < n / 20);
    free(text);
    close_world(&logging);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_has_one_line_even_where_the_store_counts_repeats),
        cmocka_unit_test(a_moved_file_is_opened_anew_and_no_line_is_torn_or_lost),
        cmocka_unit_test(a_torn_end_of_who_was_killed_is_cut_off),
        cmocka_unit_test(a_full_disk_holds_nobody_up_and_what_is_lost_is_told_in_the_log),
        cmocka_unit_test(a_file_that_may_not_grow_is_written_on_when_it_may),
        cmocka_unit_test(a_pipe_that_does_not_read_loses_the_oldest_and_its_loss_is_told),
        cmocka_unit_test(what_must_be_logged_waits_in_the_ring),
        cmocka_unit_test(syslog_gets_a_datagram_a_line_and_may_come_and_go),
        cmocka_unit_test(operators_actions_come_once_each_across_any_end_of_the_helper),
        cmocka_unit_test(a_helper_killed_at_any_moment_loses_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

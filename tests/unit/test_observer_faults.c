/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer when things go wrong: everything published is stored, counted in another's row or
 * counted as dropped, whoever is killed when; retention, full and missing stores, a full disk.
 */
#include "mod_zta/helper/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mod_zta/helper/batch.h"
#include "mod_zta/helper/session_table.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/env_priv.h"
#include "shared/store/keys.h"
#include "tests/unit/observer_world.h"

/* ---- retention ---- */

static void events_and_sessions_go_when_they_are_old(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_s = 600;
    world.options.retain_sessions_s = 1200;
    world_observe(&world);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 20; i++) {
            world_allowed(&world, (uint32_t)round + 1);
            world_denied(&world, 9, "/orders");
        }
        world_pass(&world, 60 * ZTA_NS_PER_S);
    }
    world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
    struct world_tally tally = world_count(&world);
    assert_true(tally.n_rows >= 9 * 25 && tally.n_rows <= 11 * 25);
    assert_true(tally.n_repeats >= 9 && tally.n_repeats <= 12);
    world_pass(&world, 600 * ZTA_NS_PER_S);
    world_pass(&world, 2 * ZTA_NS_PER_S);
    struct zta_session session;
    assert_int_equal(world_session(&world, 1, &session), ZTA_NOT_FOUND);
    assert_int_equal(world_session(&world, 20, &session), ZTA_OK);
    world_close(&world);
}

static void events_are_kept_within_their_size(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_size = 4 << 20;
    world_observe(&world);
    uint64_t bytes = 0;
    uint64_t n = 0;
    for (int round = 0; round < 40; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            world_allowed(&world, 1 + i % 50);
        }
        world_pass(&world, ZTA_NS_PER_S);
    }
    world_pass(&world, ZTA_NS_PER_S);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_events_size(view, &bytes, &n), ZTA_OK);
    zta_view_end(&view);
    assert_true(bytes <= 5 << 20);
    assert_true(n > 5000);
    world_close(&world);
}

static void a_full_map_gives_up_its_oldest_events_and_loses_no_new_one(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), UINT64_C(16) << 20);
    world_observe(&world);
    for (int round = 0; round < 60; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            world_allowed(&world, 1 + i % 50);
        }
        world_pass(&world, ZTA_NS_PER_S);
    }
    struct world_tally tally = world_count(&world);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_STORED), 120000);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    assert_true(tally.n_rows > 10000 && tally.n_rows < 120000);
    assert_int_equal(tally.last.sequence, 119999);
    struct zta_store_usage usage;
    assert_int_equal(zta_store_usage(mod_zta_observer_store(world.observer), false, &usage),
                     ZTA_OK);
    assert_true(usage.used < usage.map_size / 100 * 90);
    world_close(&world);
}

/* ---- failures ---- */

static void a_removed_store_is_told_and_its_events_are_counted(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    world_allowed(&world, 1);
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_equal(zta_segment_store_health(world.segment), ZTA_OK);
    char data[SCRATCH_DIR_MAX + 64];
    char away[SCRATCH_DIR_MAX + 64];
    (void)snprintf(data, sizeof data, "%s/state/data.mdb", world.scratch.dir);
    (void)snprintf(away, sizeof away, "%s/state/away", world.scratch.dir);
    assert_int_equal(rename(data, away), 0);
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_not_equal(zta_segment_store_health(world.segment), ZTA_OK);
    assert_non_null(strstr(world.line, "ZTA0070"));
    unsigned n_lines = world.n_lines;
    uint64_t capacity = zta_ring_capacity(world.segment);
    for (uint64_t i = 0; i < 2 * capacity; i++) {
        world_allowed(&world, 1);
        if (i % 5000 == 0) {
            world_pass(&world, MOD_ZTA_COMMIT_NS);
        }
    }
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_FULL), 0);
    assert_true(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE) >= capacity);
    assert_true(world.n_lines <= n_lines + 1); /* the drops, once */
    /* The same files come back: what the ring kept is stored. */
    assert_int_equal(rename(away, data), 0);
    world_pass(&world, ZTA_NS_PER_S);
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_equal(zta_segment_store_health(world.segment), ZTA_OK);
    struct world_tally tally = world_check(&world);
    assert_true(tally.weight >= capacity / 2 - MOD_ZTA_BATCH_MAX);
    world_close(&world);
}

static void a_store_that_is_missing_at_the_start_is_told(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    char data[SCRATCH_DIR_MAX + 64];
    (void)snprintf(data, sizeof data, "%s/state/data.mdb", world.scratch.dir);
    assert_int_equal(unlink(data), 0);
    struct zta_error error = {.text = ""};
    assert_int_not_equal(mod_zta_observer_open(&world.options, world.mono_ns, world.real_ns,
                                               &world.observer, &error),
                         ZTA_OK);
    assert_true(strlen(error.text) > 0);
    assert_null(world.observer);
    assert_int_not_equal(zta_segment_store_health(world.segment), ZTA_OK);
    world_close(&world);
}

static void fill_disk(const char *dir)
{
    char path[SCRATCH_DIR_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/filler", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    static const char block[4096];
    while (write(fd, block, sizeof block) == (ssize_t)sizeof block) {
    }
    assert_int_equal(close(fd), 0);
}

static void a_full_disk_leaves_room_for_operators_and_new_events(void **state)
{
    char mount_dir[] = "/tmp/zta-tmpfs.XXXXXX";
    if (geteuid() != 0 || mkdtemp(mount_dir) == NULL ||
        mount("tmpfs", mount_dir, "tmpfs", 0, "size=40m") != 0) {
        (void)rmdir(mount_dir);
        print_message("[  SKIPPED ] %s: needs root and mount(2): %s\n", __func__, strerror(errno));
        skip();
    }
    struct world world;
    world_open(&world, mount_dir, MAP_SIZE);
    world_observe(&world);
    for (int round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            world_allowed(&world, 1 + i % 50);
        }
        world_pass(&world, ZTA_NS_PER_S);
    }
    fill_disk(mount_dir);
    for (int round = 0; round < 40; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            world_allowed(&world, 1 + i % 50);
        }
        world_pass(&world, ZTA_NS_PER_S);
        world_pass(&world, 2 * ZTA_NS_PER_S);
    }
    struct world_tally tally = world_count(&world);
    /* The newest stands there, the oldest does not. */
    assert_int_equal(zta_ring_head(world.segment), zta_ring_tail(world.segment));
    assert_int_equal(tally.last.sequence + 1, zta_ring_head(world.segment));
    assert_true(tally.n_rows < 120000);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    /* An operator's change goes through. */
    struct zta_error error = {.text = ""};
    struct zta_store *operator;
    struct zta_change *change;
    assert_int_equal(zta_store_open(world.scratch.dir, ZTA_STORE_OPERATOR, 0, &operator, & error),
                     ZTA_OK);
    struct zta_key key = {.id = "abcdefghijkl",
                          .name = ZTA_TEXT("billing"),
                          .created_s = 1,
                          .author = ZTA_TEXT("test")};
    assert_int_equal(zta_change_begin(operator, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&operator);
    /* Room again: the alert is over. */
    char filler[SCRATCH_DIR_MAX];
    (void)snprintf(filler, sizeof filler, "%s/filler", mount_dir);
    assert_int_equal(unlink(filler), 0);
    world_pass(&world, ZTA_NS_PER_S);
    char ballast[SCRATCH_DIR_MAX + 64];
    (void)snprintf(ballast, sizeof ballast, "%s/state/ballast", world.scratch.dir);
    struct stat info;
    bool has_ballast = stat(ballast, &info) == 0 && (uint64_t)info.st_size == MOD_ZTA_BALLAST_SIZE;
    world_close(&world);
    (void)umount(mount_dir);
    (void)rmdir(mount_dir);
    assert_true(has_ballast);
}

/* ---- killed at any moment ---- */

#define N_KILLS    220
#define N_WRITERS  2
#define N_SESSIONS 20

/* What a writer says it published, in memory that outlives it. */
struct said {
    _Atomic uint64_t n[N_WRITERS];
    _Atomic uint64_t by_session[N_WRITERS][64];
    _Atomic int is_over;
};

static void write_until_over(struct world *world, struct said *said, uint32_t writer)
{
    uint32_t incarnation;
    if (zta_segment_child_begin(world->segment, (int32_t)getpid(), &incarnation) != ZTA_OK) {
        _exit(1);
    }
    for (uint64_t i = 1; said->is_over == 0; i++) {
        uint32_t session = 1 + (uint32_t)(i % N_SESSIONS);
        struct scratch_event wanted = {
            .number = ((uint64_t)writer + 1) << 40 | i,
            .time_ns = zta_clock_real_ns(),
            .session = session,
            .outcome = i % 4 == 0 ? ZTA_OUTCOME_DENY : ZTA_OUTCOME_ALLOW,
            .reason = i % 4 == 0 ? ZTA_REASON_NO_RULE : ZTA_REASON_OK,
        };
        struct zta_event event;
        scratch_event_make(&wanted, &event);
        if (zta_ring_publish(world->segment, incarnation, &event) == ZTA_OK) {
            said->n[writer]++;
            said->by_session[writer][session]++;
        }
        struct timespec pause = {.tv_nsec = 50000};
        (void)nanosleep(&pause, NULL);
    }
    zta_segment_child_end(world->segment, (int32_t)getpid());
    _exit(0);
}

static volatile sig_atomic_t is_stopping;

static void on_term(int number)
{
    is_stopping = MOD_ZTA_RUN_STOP;
}

static pid_t start_helper(struct world *world)
{
    /* A signal that comes before its handler stands waits for it. */
    sigset_t term;
    sigset_t former;
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &term, &former);
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction action = {.sa_handler = on_term};
        (void)sigaction(SIGTERM, &action, NULL);
        (void)sigprocmask(SIG_SETMASK, &former, NULL);
        struct zta_text rules[] = {ZTA_TEXT("allow any")};
        struct zta_text names[] = {ZTA_TEXT("main.zta")};
        struct mod_zta_run_options options = {
            .observer = world->options,
            .config = {.rules_names = names, .rules_texts = rules, .n_rules = 1},
            .is_stopping = &is_stopping,
            .parent_pid = (int32_t)getppid(),
        };
        options.observer.log = NULL;
        struct zta_error error = {.text = ""};
        _exit(mod_zta_run(&options, &error) == ZTA_OK ? 0 : 1);
    }
    (void)sigprocmask(SIG_SETMASK, &former, NULL);
    return pid;
}

static void pause_us(long us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static void stop(pid_t pid, int number)
{
    int ended;
    assert_int_equal(kill(pid, number), 0);
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_true(number == SIGKILL || ended == 0);
}

static void check_sessions(struct world *world, const struct said *said)
{
    struct world_tally tally = world_check(world);
    for (uint32_t i = 1; i <= N_SESSIONS; i++) {
        uint64_t published = 0;
        for (size_t writer = 0; writer < N_WRITERS; writer++) {
            published += said->by_session[writer][i];
        }
        struct zta_session session;
        assert_int_equal(world_session(world, i, &session), ZTA_OK);
        assert_int_equal(tally.by_session[i], published);
        assert_int_equal(session.n_requests, published);
    }
}

static void a_helper_killed_at_any_moment_loses_and_doubles_nothing(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    zta_segment_child_end(world.segment, (int32_t)getpid());
    struct said *said =
        mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(said, MAP_FAILED);
    pid_t writers[N_WRITERS];
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        writers[i] = fork();
        if (writers[i] == 0) {
            write_until_over(&world, said, i);
        }
    }
    uint64_t series = 4;
    for (int i = 0; i < N_KILLS; i++) {
        pid_t helper = start_helper(&world);
        /* From before it has opened anything to after its first commits. */
        pause_us((long)(scratch_random(&series) % (i % 8 == 0 ? 250000 : 40000)));
        stop(helper, SIGKILL);
    }
    said->is_over = 1;
    pid_t helper = start_helper(&world);
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        int ended;
        assert_int_equal(waitpid(writers[i], &ended, 0), writers[i]);
        assert_int_equal(ended, 0);
    }
    stop(helper, SIGTERM);
    world_observe(&world);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 0);
    uint64_t published = 0;
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        published += said->n[i];
    }
    assert_int_equal(published + world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
                         world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_SLOW),
                     world_counter(&world, ZTA_COUNTER_EVENTS_PUBLISHED));
    check_sessions(&world, said);
    (void)munmap(said, sizeof *said);
    world_close(&world);
}

/* ---- time series ---- */

static uint64_t series_lost(struct world *world)
{
    struct zta_series_point sum;
    world_series(world, ZTA_SERIES_DAY, &sum);
    return sum.counts[ZTA_SERIES_DROPPED];
}

static void lost_events_are_noted_once_whoever_notes_them(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    zta_counter_add(world.segment, ZTA_COUNTER_EVENTS_DROPPED_FULL, 7);
    world_allowed(&world, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(series_lost(&world), 7);
    zta_counter_add(world.segment, ZTA_COUNTER_EVENTS_DROPPED_FULL, 3);
    world_pass(&world, MOD_ZTA_COMMIT_NS); /* without any event */
    assert_int_equal(series_lost(&world), 10);
    mod_zta_observer_close(&world.observer);
    world_observe(&world);
    zta_counter_add(world.segment, ZTA_COUNTER_EVENTS_DROPPED_FULL, 5);
    world_allowed(&world, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(series_lost(&world), 15);
    world_close(&world);
}

static void series_are_exact_when_the_clock_steps(void **state)
{
    static const int64_t steps_s[] = {0, 59, 1, -7200, 86400, -86400, 3600, 30, -30, 200000};
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        world.real_ns += steps_s[i] * ZTA_NS_PER_S;
        world_allowed(&world, (uint32_t)i + 1);
        for (int k = 0; k < 20; k++) {
            world_denied(&world, 9, "/orders"); /* counted, of which five are evidence */
        }
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct zta_series_point sum;
    (void)world_check(&world);
    world_series(&world, ZTA_SERIES_HOUR, &sum);
    assert_int_equal(zta_series_requests(&sum), 210);
    assert_int_equal(zta_series_refused(&sum), 200);
    assert_true(sum.counts[ZTA_SERIES_ROWS] < 210);
    /* Estimated by keyed hashes: two of ten may have one register. */
    assert_in_range(zta_census_count(&sum.distinct[ZTA_SERIES_SESSIONS]), 8, 10);
    world_close(&world);
}

static void series_go_by_their_retention(void **state)
{
    struct world world;
    struct zta_series_point sum;
    world_open(&world, fast_dir(), MAP_SIZE);
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    world.real_ns = (now_s - 7200) * ZTA_NS_PER_S;
    world.options.retain_series_s[ZTA_SERIES_HOUR] = 86400;
    world_observe(&world);
    world_allowed(&world, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    mod_zta_observer_close(&world.observer);
    world.options.retain_series_s[ZTA_SERIES_MINUTE] = 3600;
    world_observe(&world);
    world_allowed(&world, 1); /* too old for a minute of its own */
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    world_series(&world, ZTA_SERIES_MINUTE, &sum);
    assert_int_equal(zta_series_requests(&sum), 1);
    world.real_ns = now_s * ZTA_NS_PER_S;
    world_pass(&world, 2 * ZTA_NS_PER_S);
    world_series(&world, ZTA_SERIES_MINUTE, &sum);
    assert_int_equal(zta_series_requests(&sum), 0);
    world_series(&world, ZTA_SERIES_HOUR, &sum);
    assert_int_equal(zta_series_requests(&sum), 2);
    world.real_ns = (now_s + 2 * 86400) * ZTA_NS_PER_S;
    world_pass(&world, 2 * ZTA_NS_PER_S);
    world_series(&world, ZTA_SERIES_HOUR, &sum);
    assert_int_equal(zta_series_requests(&sum), 0);
    world_series(&world, ZTA_SERIES_DAY, &sum);
    assert_int_equal(zta_series_requests(&sum), 2);
    world_close(&world);
}

static void a_store_of_an_earlier_release_gets_its_series(void **state)
{
    struct world world;
    struct zta_error error = {.text = ""};
    struct zta_store *store;
    MDB_txn *txn;
    world_open(&world, fast_dir(), MAP_SIZE);
    assert_int_equal(zta_store_open(world.scratch.dir, ZTA_STORE_HELPER, 0, &store, &error),
                     ZTA_OK);
    assert_int_equal(mdb_txn_begin(store->env[ZTA_ENV_STATE].mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_drop(txn, store->dbi[ZTA_TABLE_SERIES], 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    zta_store_close(&store);
    world_observe(&world);
    world_allowed(&world, 1);
    world_pass(&world, 2 * ZTA_NS_PER_S);
    (void)world_check(&world);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_STORED), 1);
    world_close(&world);
}

static void one_helper_hands_over_to_the_next(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    pid_t former = 0;
    for (int i = 0; i < 10; i++) {
        pid_t helper = start_helper(&world);
        for (int k = 0; k < 100; k++) {
            world_allowed(&world, 1);
            pause_us(200);
        }
        if (former != 0) {
            assert_int_equal(kill(former, SIGKILL), 0);
            assert_int_equal(waitpid(former, NULL, 0), former);
        }
        former = helper;
    }
    zta_segment_child_end(world.segment, (int32_t)getpid());
    stop(former, SIGTERM);
    world_observe(&world);
    struct world_tally tally = world_check(&world);
    assert_int_equal(tally.weight, 1000);
    struct zta_session session;
    assert_int_equal(world_session(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 1000);
    struct zta_view *view;
    struct zta_heartbeat heartbeat;
    uint64_t counters[ZTA_N_COUNTERS];
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_published_get_heartbeat(view, &heartbeat, counters, ZTA_N_COUNTERS),
                     ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(heartbeat.version, "test");
    assert_int_equal(heartbeat.segment_id, zta_segment_id(world.segment));
    world_close(&world);
}

/* ---- sizes ---- */

static void what_is_kept_of_events_and_sessions_stays_small(void **state)
{
    struct world world;
    world_open(&world, NULL, UINT64_C(1) << 30);
    world_observe(&world);
    enum {
        SESSIONS = 10000,
        BATCHES = 50,
        BATCH = 2000
    };
    for (uint32_t i = 0; i < SESSIONS; i++) {
        world_allowed(&world, i + 1);
    }
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    uint64_t series = 5;
    for (int i = 0; i < BATCHES; i++) {
        for (uint32_t k = 0; k < BATCH; k++) {
            world_allowed(&world, 1 + (uint32_t)scratch_random(&series) % SESSIONS);
        }
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct world_tally tally = world_check(&world);
    assert_int_equal(tally.n_rows, SESSIONS + BATCHES * BATCH);
    struct zta_view *view;
    uint64_t bytes;
    uint64_t n;
    uint64_t n_sessions;
    uint64_t session_bytes;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_events_size(view, &bytes, &n), ZTA_OK);
    assert_int_equal(zta_view_table_size(view, ZTA_TABLE_SESSIONS, &n_sessions, &session_bytes),
                     ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n_sessions, SESSIONS);
    /* design: 500 bytes a session; an event with its index takes less than its ring slot. */
    assert_true(session_bytes <= 500 * n_sessions);
    assert_true(bytes < 512 * n);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_and_sessions_go_when_they_are_old),
        cmocka_unit_test(events_are_kept_within_their_size),
        cmocka_unit_test(a_full_map_gives_up_its_oldest_events_and_loses_no_new_one),
        cmocka_unit_test(a_removed_store_is_told_and_its_events_are_counted),
        cmocka_unit_test(a_store_that_is_missing_at_the_start_is_told),
        cmocka_unit_test(a_full_disk_leaves_room_for_operators_and_new_events),
        cmocka_unit_test(a_helper_killed_at_any_moment_loses_and_doubles_nothing),
        cmocka_unit_test(lost_events_are_noted_once_whoever_notes_them),
        cmocka_unit_test(series_are_exact_when_the_clock_steps),
        cmocka_unit_test(series_go_by_their_retention),
        cmocka_unit_test(a_store_of_an_earlier_release_gets_its_series),
        cmocka_unit_test(one_helper_hands_over_to_the_next),
        cmocka_unit_test(what_is_kept_of_events_and_sessions_stays_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

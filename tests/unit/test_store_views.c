/* SPDX-License-Identifier: Apache-2.0 */
/* Views, changes and walks of one store, from threads and from other processes. */
#include "shared/store/env.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/audit.h"
#include "shared/store/env_priv.h"
#include "shared/store/recall.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    return 0;
}

static int setup_empty(void **state)
{
    (void)state;
    store_fixture_make_empty(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_fixture_remove(&fixture);
    return 0;
}

/* ---- views ---- */

static void a_view_keeps_its_snapshot(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_view *view;
    struct zta_sha256 head;
    uint64_t n;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    uint64_t txn = zta_view_policy_txn(view);
    uint64_t state_txn = zta_view_state_txn(view);
    store_append(store);
    assert_int_equal(zta_audit_verify(view, &n, &head, NULL), ZTA_OK);
    assert_int_equal(n, 1);
    assert_int_equal(zta_view_policy_txn(view), txn);
    zta_view_end(&view);
    assert_null(view);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_audit_verify(view, &n, &head, NULL), ZTA_OK);
    assert_int_equal(n, 2);
    assert_true(zta_view_policy_txn(view) > txn);
    assert_int_equal(zta_view_state_txn(view), state_txn);
    zta_view_end(&view);
    zta_store_close(&store);
}

static void generations_move_only_for_their_kind(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "rules");
    zta_change_head(change)->generations.rules++;
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    store_append(store);
    struct zta_view *view;
    struct zta_generations generations;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(generations.rules, 1);
    assert_int_equal(generations.keys + generations.revocations + generations.blocks, 0);
    zta_store_close(&store);
}

#define N_THREADS 16
#define N_ROUNDS  400

static void *look_often(void *context)
{
    struct zta_store *store = context;
    uint64_t last = 0;
    for (int i = 0; i < N_ROUNDS; i++) {
        struct zta_view *view;
        struct zta_generations generations;
        if (zta_view_begin(store, &view) != ZTA_OK) {
            return context;
        }
        bool is_good = zta_view_generations(view, &generations) == ZTA_OK &&
                       generations.keys == generations.blocks && generations.keys >= last;
        last = generations.keys;
        zta_view_end(&view);
        if (!is_good) {
            return context;
        }
    }
    return NULL;
}

static void watch_whole_changes(bool keeps_snapshots)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    pthread_t threads[N_THREADS];
    if (keeps_snapshots) {
        zta_store_keep_snapshots(store);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, store), 0);
    }
    for (int i = 0; i < 50; i++) {
        struct zta_change *change = store_begin(store, "both");
        zta_change_head(change)->generations.keys++;
        zta_change_head(change)->generations.blocks++;
        assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
        zta_store_let_go(store);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    zta_store_close(&store);
}

static void threads_see_whole_changes_in_order(void **state)
{
    (void)state;
    watch_whole_changes(false);
}

struct waiter {
    struct zta_view *view;
    pid_t thread;
    atomic_bool is_asking;
};

/* The kernel's word for it, so that the handle is given back to somebody who waits. */
static bool is_asleep(pid_t thread)
{
    char path[64];
    char line[256] = "";
    (void)snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", (long)thread);
    FILE *file = fopen(path, "r");
    bool is_read = file != NULL && fgets(line, sizeof(line), file) != NULL;
    if (file != NULL) {
        (void)fclose(file);
    }
    const char *name_end = is_read ? strrchr(line, ')') : NULL;
    return name_end != NULL && strncmp(name_end, ") S", 3) == 0;
}

static void *end_for_the_waiting(void *context)
{
    struct waiter *waiter = context;
    while (!atomic_load(&waiter->is_asking) || !is_asleep(waiter->thread)) {
        (void)sched_yield();
    }
    zta_view_end(&waiter->view);
    return NULL;
}

static void with_all_handles_taken_a_thread_waits_for_one(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    struct zta_view *views[ZTA_STORE_VIEWS];
    for (size_t i = 0; i < ZTA_STORE_VIEWS; i++) {
        assert_int_equal(zta_view_begin(store, &views[i]), ZTA_OK);
    }
    struct zta_store_usage usage;
    pthread_t thread;
    struct waiter waiter = {.view = views[7], .thread = (pid_t)syscall(SYS_gettid)};
    assert_int_equal(pthread_create(&thread, NULL, end_for_the_waiting, &waiter), 0);
    atomic_store(&waiter.is_asking, true);
    assert_int_equal(zta_view_begin(store, &views[7]), ZTA_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (size_t i = 0; i < ZTA_STORE_VIEWS; i++) {
        zta_view_end(&views[i]);
    }
    assert_int_equal(zta_store_usage(store, true, &usage), ZTA_OK);
    assert_int_equal(usage.n_readers, ZTA_STORE_VIEWS);
    assert_int_equal(usage.max_readers, ZTA_STORE_READERS);
    zta_store_close(&store);
}

static void all_get_their_turn_with_the_last_handle(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    struct zta_view *views[ZTA_STORE_VIEWS - 1];
    pthread_t threads[N_THREADS];
    for (size_t i = 0; i < ZTA_STORE_VIEWS - 1; i++) {
        assert_int_equal(zta_view_begin(store, &views[i]), ZTA_OK);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, store), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    for (size_t i = 0; i < ZTA_STORE_VIEWS - 1; i++) {
        zta_view_end(&views[i]);
    }
    zta_store_close(&store);
}

/* ---- snapshots that are kept ---- */

struct held {
    uint64_t txn;
    bool is_held;
};

/* "  pid thread txnid\n", "-" when nothing is read; a line of titles before. */
static int note_held(const char *line, void *context)
{
    struct held *held = context;
    const char *txn = strrchr(line, ' ');
    held->is_held = held->is_held || (txn != NULL && strtoull(txn, NULL, 10) == held->txn);
    return 0;
}

static bool is_held(const struct zta_store *store, uint64_t txn)
{
    struct held held = {.txn = txn};
    assert_true(mdb_reader_list(store->env[ZTA_ENV_POLICY].mdb, note_held, &held) >= 0);
    return held.is_held;
}

static uint64_t look(struct zta_store *store)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    const uint64_t txn = zta_view_policy_txn(view);
    zta_view_end(&view);
    return txn;
}

static void a_snapshot_is_kept_only_where_that_was_asked_for(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    assert_false(is_held(store, look(store)));
    zta_store_keep_snapshots(store);
    assert_true(is_held(store, look(store)));
    zta_store_close(&store);
}

static void a_kept_snapshot_never_hides_a_commit(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    zta_store_keep_snapshots(store);
    uint64_t txn = look(store);
    for (int i = 0; i < 20; i++) {
        struct zta_view *view;
        struct zta_generations generations;
        assert_int_equal(look(store), txn);
        struct zta_change *change = store_begin(store, "test");
        const uint64_t before = zta_change_head(change)->generations.keys++;
        assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        assert_true(zta_view_policy_txn(view) > txn);
        txn = zta_view_policy_txn(view);
        assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(generations.keys, before + 1);
    }
    zta_store_close(&store);
}

static void only_an_old_snapshot_that_nobody_uses_is_let_go(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    zta_store_keep_snapshots(store);
    const uint64_t latest = look(store);
    zta_store_let_go(store);
    assert_true(is_held(store, latest));

    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    store_append(store);
    zta_store_let_go(store);
    assert_true(is_held(store, latest));
    assert_int_equal(zta_view_policy_txn(view), latest);
    zta_view_end(&view);
    assert_true(is_held(store, latest));
    zta_store_let_go(store);
    assert_false(is_held(store, latest));
    assert_true(look(store) > latest);
    zta_store_close(&store);
}

static void threads_see_whole_changes_in_order_in_kept_snapshots(void **state)
{
    (void)state;
    watch_whole_changes(true);
}

static int open_and_crash_while_reading(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_view *view;
    if (zta_store_open(fixture.dir, ZTA_STORE_READER, 0, &store, NULL) != ZTA_OK ||
        zta_view_begin(store, &view) != ZTA_OK) {
        return 1;
    }
    (void)kill(getpid(), SIGKILL);
    return 2;
}

static void readers_that_died_are_cleared(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    assert_int_equal(run_in_child(open_and_crash_while_reading, NULL), -1);
    assert_int_equal(zta_store_clear_dead_readers(store), 2);
    assert_int_equal(zta_store_clear_dead_readers(store), 0);
    zta_store_close(&store);
}

/* ---- changes ---- */

static void roles_write_only_what_is_theirs(void **state)
{
    (void)state;
    static const struct {
        enum zta_store_role role;
        bool is_writer;
        enum zta_table own;
        enum zta_table other;
    } cases[] = {
        {.role = ZTA_STORE_CHILD},
        {.role = ZTA_STORE_READER},
        {ZTA_STORE_OPERATOR, true, ZTA_TABLE_KEYS, ZTA_TABLE_SESSIONS},
        {ZTA_STORE_HELPER, true, ZTA_TABLE_SESSIONS, ZTA_TABLE_KEYS},
    };
    struct zta_blob blob = ZTA_BLOB("x", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_store *store = store_fixture_open(&fixture, cases[i].role);
        struct zta_change *change = NULL;
        struct zta_error error;
        enum zta_status status = zta_change_begin(store, "test", &change, &error);
        assert_int_equal(status, cases[i].is_writer ? ZTA_OK : ZTA_FORBIDDEN);
        if (status == ZTA_OK) {
            assert_int_equal(zta_change_put(change, cases[i].other, blob, blob), ZTA_FORBIDDEN);
            assert_int_equal(zta_change_remove(change, cases[i].other, blob), ZTA_FORBIDDEN);
            assert_int_equal(zta_change_put(change, cases[i].own, blob, blob), ZTA_OK);
            zta_change_abort(&change);
        }
        zta_store_close(&store);
    }
}

static void a_change_blocks_stop_signals_until_its_end(void **state)
{
    (void)state;
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    for (int ends = 0; ends < 2; ends++) {
        sigset_t mask;
        struct zta_change *change = store_begin(store, "test");
        assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
        for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
            assert_true(sigismember(&mask, stops[i]));
        }
        if (ends == 0) {
            zta_change_abort(&change);
        }
        else {
            assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
        }
        assert_null(change);
        assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
        for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
            assert_false(sigismember(&mask, stops[i]));
        }
    }
    zta_store_close(&store);
}

/* A writer in another process that stops (SIGSTOP) in the middle of its change. */
static pid_t start_stopped_writer(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct zta_store *store;
        struct zta_change *change;
        if (zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, NULL) == ZTA_OK &&
            zta_change_begin(store, "a long\ntask", &change, NULL) == ZTA_OK) {
            (void)raise(SIGSTOP);
        }
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(pid, &how, WUNTRACED), pid);
    assert_true(WIFSTOPPED(how));
    return pid;
}

static void a_writer_is_waited_for_two_seconds_and_named(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    pid_t writer = start_stopped_writer();
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    int64_t before_ns = zta_clock_monotonic_ns();
    assert_int_equal(zta_change_begin(store, "impatient", &change, &error), ZTA_BUSY);
    int64_t waited_ms = (zta_clock_monotonic_ns() - before_ns) / 1000000;
    assert_null(change);
    /* Not given up before; how much later it is depends on who else uses the machine. */
    assert_true(waited_ms >= ZTA_STORE_WRITER_WAIT_MS);
    char expected[64];
    (void)snprintf(expected, sizeof(expected), "pid %ld (a long", (long)writer);
    assert_non_null(strstr(error.text, expected));
    assert_null(strchr(error.text, '\n'));
    /* Killed in the middle, it neither keeps the lock nor leaves half a change. */
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    store_append(store);
    assert_int_equal(store_count_audit(store), 2);
    zta_store_close(&store);
}

static void a_failed_write_keeps_the_whole_change_from_being_committed(void **state)
{
    (void)state;
    static char long_key[ZTA_STORE_KEY_MAX + 1];
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "test");
    struct zta_audit_entry entry = {.action = ZTA_TEXT("half")};
    assert_int_equal(zta_audit_append(change, &entry), ZTA_OK);
    assert_int_equal(zta_change_put(change, ZTA_TABLE_KEYS, ZTA_BLOB(long_key, sizeof(long_key)),
                                    ZTA_BLOB("x", 1)),
                     ZTA_TOO_LARGE);
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_commit(&change, &error), ZTA_TOO_LARGE);
    assert_int_equal(store_count_audit(store), 1);
    store_append(store);
    assert_int_equal(store_count_audit(store), 2);
    zta_store_close(&store);
}

static void the_hybrid_clock_never_goes_back(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "clock");
    int64_t now_ns = zta_change_clock_ns(change);
    assert_true(zta_change_clock_ns(change) > now_ns);
    int64_t ahead_ns = now_ns + 3600 * ZTA_NS_PER_S; /* the clock had been set wrong */
    zta_change_head(change)->clock_ns = ahead_ns;
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    change = store_begin(store, "clock");
    assert_int_equal(zta_change_clock_ns(change), ahead_ns + 1);
    zta_change_abort(&change);
    zta_store_close(&store);
}

static void values_are_walked_in_order_and_removed_on_the_way(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "walk");
    for (char c = 'a'; c <= 'f'; c++) {
        assert_int_equal(zta_change_put(change, ZTA_TABLE_KEYS, ZTA_BLOB(&c, 1), ZTA_BLOB("v", 1)),
                         ZTA_OK);
    }
    assert_int_equal(zta_change_append(change, ZTA_TABLE_KEYS, ZTA_BLOB("g", 1), ZTA_BLOB("v", 1)),
                     ZTA_OK);
    assert_int_equal(zta_change_append(change, ZTA_TABLE_KEYS, ZTA_BLOB("c", 1), ZTA_BLOB("v", 1)),
                     ZTA_EXISTS);
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    assert_int_equal(zta_walk_change(change, ZTA_TABLE_KEYS, &walk), ZTA_OK);
    enum zta_status status = zta_walk_first(&walk, &key, &value);
    for (; status == ZTA_OK; status = zta_walk_next(&walk, &key, &value)) {
        if (*(const char *)key.data % 2 == 0) {
            assert_int_equal(zta_walk_remove(&walk), ZTA_OK);
        }
    }
    assert_int_equal(status, ZTA_NOT_FOUND);
    key = ZTA_BLOB("b", 1);
    assert_int_equal(zta_walk_seek(&walk, &key, &value), ZTA_OK);
    assert_memory_equal(key.data, "c", 1);
    assert_int_equal(zta_walk_previous(&walk, &key, &value), ZTA_OK);
    assert_memory_equal(key.data, "a", 1);
    assert_int_equal(zta_walk_last(&walk, &key, &value), ZTA_OK);
    assert_memory_equal(key.data, "g", 1);
    key = ZTA_BLOB("h", 1);
    assert_int_equal(zta_walk_seek(&walk, &key, &value), ZTA_NOT_FOUND);
    zta_walk_end(&walk);
    zta_change_abort(&change);
    zta_store_close(&store);
}

/* ---- size ---- */

#define SMALL_MAP (UINT64_C(1) << 20)

/* Puts values of 4000 bytes until the store says no, or n of them. */
static enum zta_status fill(struct zta_store *store, uint64_t n)
{
    static const char value[4000];
    enum zta_status status = ZTA_OK;
    for (uint64_t i = 0; i < n && status == ZTA_OK; i++) {
        uint8_t key[8];
        zta_put_u64(key, i);
        struct zta_change *change = store_begin(store, "fill");
        status = zta_change_put(change, ZTA_TABLE_SESSIONS, ZTA_BLOB(key, sizeof(key)),
                                ZTA_BLOB(value, sizeof(value)));
        enum zta_status ended = zta_change_commit(&change, NULL);
        status = status == ZTA_OK ? ended : status;
    }
    return status;
}

static void remove_rows(struct zta_store *store, uint64_t first, uint64_t n)
{
    struct zta_change *change = store_begin(store, "prune");
    for (uint64_t i = first; i < first + n; i++) {
        uint8_t key[8];
        zta_put_u64(key, i);
        assert_int_equal(zta_change_remove(change, ZTA_TABLE_SESSIONS, ZTA_BLOB(key, sizeof(key))),
                         ZTA_OK);
    }
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

/* context: how many rows. */
static int fill_a_larger_map(void *context)
{
    const uint64_t *n = context;
    struct zta_store *store = NULL;
    if (zta_store_open(fixture.dir, ZTA_STORE_HELPER, 8 * SMALL_MAP, &store, NULL) != ZTA_OK) {
        return 1;
    }
    return fill(store, *n) == ZTA_OK ? 0 : 2;
}

static void a_full_map_says_so_and_recovers(void **state)
{
    (void)state;
    assert_int_equal(zta_store_init(fixture.dir, &fixture.owners, SMALL_MAP, NULL), ZTA_OK);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    assert_int_equal(fill(store, 1000), ZTA_FULL);
    struct zta_store_usage usage;
    assert_int_equal(zta_store_usage(store, false, &usage), ZTA_OK);
    assert_int_equal(usage.map_size, SMALL_MAP);
    assert_in_range(usage.used, SMALL_MAP * 8 / 10, SMALL_MAP);
    /* What one transaction frees, the one after the next can use. */
    for (uint64_t round = 0; round < 2; round++) {
        remove_rows(store, round * 25, 25);
    }
    uint64_t full = usage.used;
    assert_int_equal(zta_store_usage(store, false, &usage), ZTA_OK);
    assert_true(usage.used < full);
    assert_int_equal(fill(store, 20), ZTA_OK);
    zta_store_close(&store);
}

static void adopt_a_larger_map(bool keeps_snapshots)
{
    /* While a snapshot is kept each commit takes new pages. */
    uint64_t n_wanted = keeps_snapshots ? 200 : 800;
    assert_int_equal(zta_store_init(fixture.dir, &fixture.owners, SMALL_MAP, NULL), ZTA_OK);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    struct zta_view *view;
    if (keeps_snapshots) {
        zta_store_keep_snapshots(store);
    }
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(run_in_child(fill_a_larger_map, &n_wanted), 0);
    uint64_t n;
    uint64_t bytes;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_view_table_size(view, ZTA_TABLE_SESSIONS, &n, &bytes), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, n_wanted);
    struct zta_store_usage usage;
    assert_int_equal(zta_store_usage(store, false, &usage), ZTA_OK);
    assert_int_equal(usage.map_size, 8 * SMALL_MAP);
    zta_store_close(&store);
}

static void a_map_that_another_process_enlarged_is_adopted(void **state)
{
    (void)state;
    adopt_a_larger_map(false);
}

static void a_larger_map_is_adopted_while_snapshots_are_kept(void **state)
{
    (void)state;
    adopt_a_larger_map(true);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITHOUT(test)    cmocka_unit_test_setup_teardown(test, setup_empty, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_view_keeps_its_snapshot),
        WITH_STORE(generations_move_only_for_their_kind),
        WITH_STORE(threads_see_whole_changes_in_order),
        WITH_STORE(with_all_handles_taken_a_thread_waits_for_one),
        WITH_STORE(all_get_their_turn_with_the_last_handle),
        WITH_STORE(a_snapshot_is_kept_only_where_that_was_asked_for),
        WITH_STORE(a_kept_snapshot_never_hides_a_commit),
        WITH_STORE(only_an_old_snapshot_that_nobody_uses_is_let_go),
        WITH_STORE(threads_see_whole_changes_in_order_in_kept_snapshots),
        WITH_STORE(readers_that_died_are_cleared),
        WITH_STORE(roles_write_only_what_is_theirs),
        WITH_STORE(a_change_blocks_stop_signals_until_its_end),
        WITH_STORE(a_writer_is_waited_for_two_seconds_and_named),
        WITH_STORE(a_failed_write_keeps_the_whole_change_from_being_committed),
        WITH_STORE(the_hybrid_clock_never_goes_back),
        WITH_STORE(values_are_walked_in_order_and_removed_on_the_way),
        WITHOUT(a_full_map_says_so_and_recovers),
        WITHOUT(a_map_that_another_process_enlarged_is_adopted),
        WITHOUT(a_larger_map_is_adopted_while_snapshots_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a process remembers of its look-ups says at any time what looking up would say. */
#include "shared/store/recall_priv.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/bytes.h"
#include "shared/store/baselines.h"
#include "tests/unit/store_fixture.h"

#define N_KEYS    48
#define N_STEPS   1500
#define N_READERS 3
#define N_COMMITS 300

static struct store_fixture fixture;
static struct zta_store *store;
static unsigned seed;

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    seed = 20261122;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zta_store_close(&store);
    store_fixture_remove(&fixture);
    return 0;
}

/* One that writes, and remembers as a child does. */
static void open_store(enum zta_store_role role)
{
    store = store_fixture_open(&fixture, role);
    zta_store_remember(store, N_READERS);
    assert_non_null(store->recall);
}

static unsigned draw(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

/* ---- names and values ---- */

struct name {
    char text[ZTA_RECALL_KEY_WORDS * 8 + 32];
    size_t len;
};

/* Short ones, ones of whole words, and some that are too long to be remembered. */
static struct name name_of(unsigned i)
{
    struct name name = {.text = "k"};
    const size_t len = i % 12 == 11 ? sizeof(name.text) - 16 : 2 + i % 24;
    memset(name.text, 'a' + (int)(i % 3), sizeof(name.text));
    (void)snprintf(name.text + len, sizeof(name.text) - len, "%u", i);
    name.len = strlen(name.text);
    return name;
}

static struct zta_blob blob_of(const struct name *name)
{
    return ZTA_BLOB(name->text, name->len);
}

static bool is_same(enum zta_status a, struct zta_blob x, enum zta_status b, struct zta_blob y)
{
    return a == b && (a != ZTA_OK ||
                      (x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, x.size) == 0)));
}

static void check_key(struct zta_view *view, enum zta_table table, unsigned i)
{
    const struct name name = name_of(i);
    struct zta_blob known = {.data = NULL};
    struct zta_blob found = {.data = NULL};
    if (i % 2 != 0) {
        zta_view_expect(view, table, blob_of(&name)); /* which changes nothing */
    }
    const enum zta_status status = zta_view_get(view, table, blob_of(&name), &known);
    const enum zta_status expected = zta_view_look_up(view, table, blob_of(&name), &found);
    if (!is_same(status, known, expected, found)) {
        fail_msg("%s, key %u: %d of %zu bytes in place of %d of %zu", zta_table_name(table), i,
                 (int)status, known.size, (int)expected, found.size);
    }
}

static void check_size(struct zta_view *view, enum zta_table table)
{
    uint64_t n;
    uint64_t bytes;
    uint64_t n_walked = 0;
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    assert_int_equal(zta_view_table_size(view, table, &n, &bytes), ZTA_OK);
    assert_int_equal(zta_walk_begin(view, table, &walk), ZTA_OK);
    enum zta_status status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK) {
        n_walked++;
        status = zta_walk_next(&walk, &key, &value);
    }
    zta_walk_end(&walk);
    assert_int_equal(n, n_walked);
    assert_int_equal(zta_view_may_have(view, table), n > 0);
}

/* ---- random histories ---- */

static void put(struct zta_change *change, enum zta_table table, unsigned i)
{
    static uint8_t bytes[2200];
    const struct name name = name_of(i);
    const size_t sizes[] = {0, 1, 7, 8, 40, 300, 480, 1200, sizeof(bytes)};
    const size_t size = sizes[draw(sizeof(sizes) / sizeof(sizes[0]))];
    for (size_t at = 0; at < size; at++) {
        bytes[at] = (uint8_t)draw(256);
    }
    assert_int_equal(zta_change_put(change, table, blob_of(&name), ZTA_BLOB(bytes, size)), ZTA_OK);
}

static void remove_walking(struct zta_change *change, enum zta_table table, unsigned i)
{
    const struct name name = name_of(i);
    struct zta_walk walk;
    struct zta_blob key = blob_of(&name);
    struct zta_blob value;
    assert_int_equal(zta_walk_change(change, table, &walk), ZTA_OK);
    if (zta_walk_seek(&walk, &key, &value) == ZTA_OK) {
        assert_int_equal(zta_walk_remove(&walk), ZTA_OK);
    }
    zta_walk_end(&walk);
}

static void write_some(const enum zta_table *tables, size_t n_tables)
{
    struct zta_change *change = store_begin(store, "history");
    for (unsigned n = 1 + draw(4); n > 0; n--) {
        const enum zta_table table = tables[draw((unsigned)n_tables)];
        const unsigned i = draw(N_KEYS);
        const struct name name = name_of(i);
        switch (draw(12)) {
        case 0:
            assert_int_equal(zta_change_clear(change, table), ZTA_OK);
            break;
        case 1:
            remove_walking(change, table, i);
            break;
        case 2:
        case 3:
            (void)!zta_change_remove(change, table, blob_of(&name));
            break;
        default:
            put(change, table, i);
        }
    }
    if (draw(8) == 0) {
        zta_change_abort(&change);
        return;
    }
    if (draw(10) == 0) {
        change->is_written = false; /* as an older release commits: without a word of what */
    }
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

static void check_some(struct zta_view *view, const enum zta_table *tables, size_t n_tables)
{
    for (unsigned n = 0; n < 20; n++) {
        check_key(view, tables[draw((unsigned)n_tables)], draw(N_KEYS));
    }
    check_size(view, tables[draw((unsigned)n_tables)]);
}

static void live_through(const enum zta_table *tables, size_t n_tables)
{
    struct zta_view *kept = NULL;
    for (unsigned step = 0; step < N_STEPS; step++) {
        struct zta_view *view;
        if (draw(3) != 0) {
            write_some(tables, n_tables);
        }
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        check_some(view, tables, n_tables);
        if (kept != NULL) {
            /* One that goes on while others see newer bytes. */
            check_some(kept, tables, n_tables);
        }
        if (kept == NULL && draw(4) == 0) {
            kept = view;
            continue;
        }
        zta_view_end(&view);
        if (draw(5) == 0) {
            zta_view_end(&kept);
        }
    }
    zta_view_end(&kept);
}

static void what_is_remembered_of_state_is_what_stands_there(void **state)
{
    static const enum zta_table tables[] = {ZTA_TABLE_BASELINES, ZTA_TABLE_RISKS,
                                            ZTA_TABLE_MEASURES, ZTA_TABLE_ATTESTATIONS,
                                            ZTA_TABLE_KEYSETS};
    (void)state;
    open_store(ZTA_STORE_HELPER);
    live_through(tables, sizeof(tables) / sizeof(tables[0]));
}

static void what_is_remembered_of_policy_is_what_stands_there(void **state)
{
    static const enum zta_table tables[] = {ZTA_TABLE_BLOCKS, ZTA_TABLE_DEVICES,
                                            ZTA_TABLE_REVOCATIONS};
    (void)state;
    open_store(ZTA_STORE_OPERATOR);
    live_through(tables, sizeof(tables) / sizeof(tables[0]));
}

/* ---- answers that are made of a record ---- */

#define N_SUBJECTS 6
#define DAY_S      86400

static struct zta_habit_facts some_facts(int64_t time_s)
{
    static const char *const agents[] = {"curl/8.5", "Firefox/120"};
    static const char *const routes[] = {"/a", "/b", "/c"};
    return (struct zta_habit_facts){
        .time_s = time_s + draw(120),
        .addr = {.family = 4, .bytes = {192, 0, (uint8_t)draw(30), 1}},
        .asn = 64500 + draw(30),
        .country = draw(2) != 0 ? ZTA_TEXT("CH") : ZTA_TEXT("FR"),
        .device = draw(3) != 0 ? ZTA_TEXT("laptop") : (struct zta_text){.data = NULL},
        .route = zta_text_of(routes[draw(3)]),
        .agent = zta_text_of(agents[draw(2)]),
    };
}

static void learn_some(struct zta_baseline *baseline, const char *subject, int64_t time_s)
{
    struct zta_change *change = store_begin(store, "learn");
    (void)snprintf(baseline->issuer, sizeof(baseline->issuer), "corp");
    (void)snprintf(baseline->subject, sizeof(baseline->subject), "%s", subject);
    const struct zta_lesson lesson = {
        .facts = some_facts(time_s), .n_requests = 1 + draw(300), .is_allowed = true};
    (void)zta_baseline_learn(baseline, &lesson);
    if (draw(20) == 0) {
        (void)!zta_baseline_remove(change, ZTA_TEXT("corp"), zta_text_of(subject));
        memset(baseline, 0, sizeof(*baseline));
    }
    else {
        assert_int_equal(zta_baseline_put(change, baseline), ZTA_OK);
    }
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

/* How many were remembered. */
static unsigned check_answers(struct zta_view *view, struct zta_text subject, int64_t time_s)
{
    struct zta_baseline_answered answered;
    struct zta_baseline baseline;
    struct zta_answers usual = {.known = 0};
    struct zta_habit_values values;
    const struct zta_habit_facts facts = some_facts(time_s);
    zta_habit_values_make(&facts, &values);
    const bool is_there = zta_baseline_get(view, ZTA_TEXT("corp"), subject, &baseline) == ZTA_OK;
    if (is_there) {
        zta_baseline_answer(&baseline, &values, &usual);
    }
    assert_int_equal(zta_baseline_ask(view, ZTA_TEXT("corp"), subject, &values, &answered), ZTA_OK);
    assert_int_equal(answered.is_there, is_there);
    assert_int_equal(answered.usual.known, usual.known);
    assert_int_equal(answered.usual.yes, usual.yes);
    assert_int_equal(answered.first_s, is_there ? baseline.first_s : 0);
    return usual.known != 0;
}

static void answers_are_those_of_the_record_of_now(void **state)
{
    static struct zta_baseline baselines[N_SUBJECTS];
    int64_t time_s = INT64_C(1700000000);
    unsigned n_known = 0;
    (void)state;
    open_store(ZTA_STORE_HELPER);
    for (unsigned step = 0; step < 1200; step++) {
        char subject[16];
        struct zta_view *view;
        const unsigned i = draw(N_SUBJECTS);
        (void)snprintf(subject, sizeof(subject), "user%u", i);
        time_s += draw(3) == 0 ? DAY_S : draw(90);
        if (draw(4) != 0) {
            learn_some(&baselines[i], subject, time_s);
        }
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        for (unsigned n = 0; n < 30; n++) {
            n_known += check_answers(view, zta_text_of(subject), time_s);
        }
        zta_view_end(&view);
    }
    assert_in_range(n_known, 1000, 35000);
}

/* ---- that it is remembered at all, and for how long ---- */

static bool is_known(struct zta_view *view, enum zta_table table, unsigned i)
{
    const struct name name = name_of(i);
    struct zta_recall_question question;
    struct zta_blob value;
    enum zta_status status;
    return zta_recall_name(table, blob_of(&name), &question) &&
           zta_recall_ask(view, table, &question) &&
           zta_recall_find(view, &question, &status, &value);
}

static void commit_put(enum zta_table table, unsigned i)
{
    struct zta_change *change = store_begin(store, "put");
    put(change, table, i);
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

static void look_at(enum zta_table table, unsigned i)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    check_key(view, table, i);
    zta_view_end(&view);
}

static void what_others_write_leaves_it_known_in_state_alone(void **state)
{
    struct zta_view *view;
    (void)state;
    open_store(ZTA_STORE_HELPER);
    commit_put(ZTA_TABLE_RISKS, 1); /* the stamps begin */
    look_at(ZTA_TABLE_RISKS, 2);
    commit_put(ZTA_TABLE_KEYSETS, 2);
    commit_put(ZTA_TABLE_RISKS, 5);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_true(is_known(view, ZTA_TABLE_RISKS, 2));
    assert_false(is_known(view, ZTA_TABLE_KEYSETS, 2));
    zta_view_end(&view);
    commit_put(ZTA_TABLE_RISKS, 2);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_false(is_known(view, ZTA_TABLE_RISKS, 2));
    zta_view_end(&view);
}

static void any_change_of_policy_ends_what_is_known_of_it(void **state)
{
    struct zta_view *view;
    (void)state;
    open_store(ZTA_STORE_OPERATOR);
    look_at(ZTA_TABLE_BLOCKS, 2);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_true(is_known(view, ZTA_TABLE_BLOCKS, 2));
    zta_view_end(&view);
    commit_put(ZTA_TABLE_DEVICES, 3);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_false(is_known(view, ZTA_TABLE_BLOCKS, 2));
    zta_view_end(&view);
}

static void a_change_that_writes_nothing_commits_nothing(void **state)
{
    struct zta_view *view;
    struct zta_change *change;
    const struct name name = name_of(1);
    (void)state;
    open_store(ZTA_STORE_HELPER);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    const uint64_t before = zta_view_state_txn(view);
    zta_view_end(&view);
    change = store_begin(store, "nothing");
    assert_int_equal(zta_change_remove(change, ZTA_TABLE_RISKS, blob_of(&name)), ZTA_NOT_FOUND);
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_view_state_txn(view), before);
    zta_view_end(&view);
}

/* A view is lent what it finds until it ends, however much that is. */
static void what_was_found_stays_until_the_view_ends(void **state)
{
    struct zta_blob first;
    struct zta_view *view;
    uint8_t copy[2200];
    const struct name name = name_of(1);
    (void)state;
    open_store(ZTA_STORE_HELPER);
    for (unsigned i = 0; i < N_KEYS; i++) {
        commit_put(ZTA_TABLE_BASELINES, i);
    }
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        assert_int_equal(zta_view_get(view, ZTA_TABLE_BASELINES, blob_of(&name), &first), ZTA_OK);
        memcpy(copy, first.data, first.size);
        for (unsigned i = 0; i < 4 * N_KEYS; i++) {
            check_key(view, ZTA_TABLE_BASELINES, i % N_KEYS);
        }
        assert_memory_equal(first.data, copy, first.size);
        zta_view_end(&view);
    }
}

/* ---- threads ---- */

static _Atomic uint64_t committed; /* the number that every key has at least */
static _Atomic bool is_over;

static uint64_t number_of(struct zta_view *view, unsigned i)
{
    const struct name name = name_of(i);
    struct zta_blob value;
    assert_int_equal(zta_view_get(view, ZTA_TABLE_RISKS, blob_of(&name), &value), ZTA_OK);
    assert_int_equal(value.size, 72);
    const uint64_t number = zta_get_u64(value.data);
    for (size_t at = 8; at < value.size; at += 8) {
        assert_int_equal(zta_get_u64((const uint8_t *)value.data + at), number);
    }
    return number;
}

/* All keys of a snapshot have one number, and it is not older than what was committed before. */
static void *read_on(void *unused)
{
    while (!atomic_load(&is_over)) {
        struct zta_view *view;
        const uint64_t least = atomic_load(&committed);
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        const uint64_t number = number_of(view, 0);
        assert_true(number >= least);
        for (unsigned i = 1; i < 8; i++) {
            assert_int_equal(number_of(view, i), number);
        }
        zta_view_end(&view);
    }
    return unused;
}

static void write_number(uint64_t number)
{
    struct zta_change *change = store_begin(store, "numbers");
    for (unsigned i = 0; i < 8; i++) {
        const struct name name = name_of(i);
        uint8_t bytes[72];
        for (size_t at = 0; at < sizeof(bytes); at += 8) {
            zta_put_u64(bytes + at, number);
        }
        assert_int_equal(
            zta_change_put(change, ZTA_TABLE_RISKS, blob_of(&name), ZTA_BLOB(bytes, sizeof(bytes))),
            ZTA_OK);
    }
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    atomic_store(&committed, number);
}

static void threads_see_each_commit_at_once_and_whole(void **state)
{
    pthread_t readers[N_READERS];
    (void)state;
    open_store(ZTA_STORE_HELPER);
    write_number(1);
    atomic_store(&is_over, false);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, NULL), 0);
    }
    for (uint64_t number = 2; number <= N_COMMITS; number++) {
        write_number(number);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_remembered_of_state_is_what_stands_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_remembered_of_policy_is_what_stands_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(answers_are_those_of_the_record_of_now, setup, teardown),
        cmocka_unit_test_setup_teardown(what_others_write_leaves_it_known_in_state_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(any_change_of_policy_ends_what_is_known_of_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_change_that_writes_nothing_commits_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_found_stays_until_the_view_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_see_each_commit_at_once_and_whole, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

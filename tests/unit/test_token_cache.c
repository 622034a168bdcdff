/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the cache of verified tokens and of the table of bad ones. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/token_cache.h"
#include "tests/unit/ring_support.h"
#include "tests/unit/step_support.h"

#define NOW          1000
#define EXPIRES      2000
#define WAYS         8
#define SIZE_MAX_PUT 8096 /* what an entry of 8 KiB holds */

struct fixture {
    struct zta_segment *segment;
    uint32_t incarnation; /* of this process */
};

static int open_cache(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->segment = ring_test_open();
    assert_int_equal(zta_segment_child_begin(fixture->segment, getpid(), &fixture->incarnation),
                     ZTA_OK);
    *state = fixture;
    return 0;
}

/* Every test ends with a look at all entries. */
static int close_cache(void **state)
{
    struct fixture *fixture = *state;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_token_cache_check(fixture->segment, &error);
    if (status != ZTA_OK) {
        print_error("%s\n", error.text);
    }
    ring_test_close(&fixture->segment);
    free(fixture);
    return status == ZTA_OK ? 0 : -1;
}

static uint64_t counter(const struct fixture *fixture, enum zta_counter which)
{
    return zta_counter_get(fixture->segment, which);
}

static struct zta_token_key key_of(uint64_t n)
{
    struct zta_token_key key = {.issuer = 7, .keys = 9};
    zta_sha256(&n, sizeof(n), &key.token);
    return key;
}

/* An identity that tells of which key and edition it is, in every word. */
static void fill(uint8_t *data, size_t size, uint64_t n, uint64_t edition)
{
    for (size_t i = 0; i < size; i++) {
        const uint64_t word = (n + (i / 8) * 31 + edition) * UINT64_C(0x9e3779b97f4a7c15);
        data[i] = (uint8_t)(word >> (8 * (i % 8)));
    }
    if (size >= sizeof(edition)) {
        memcpy(data, &edition, sizeof(edition));
    }
}

static bool is_whole(const uint8_t *data, size_t size, uint64_t n)
{
    uint64_t edition = 0;
    uint8_t expected[SIZE_MAX_PUT];
    if (size >= sizeof(edition)) {
        memcpy(&edition, data, sizeof(edition));
    }
    fill(expected, size, n, edition);
    return memcmp(data, expected, size) == 0;
}

static enum zta_status put(const struct fixture *fixture, uint64_t n, size_t size,
                           int64_t expires_s)
{
    uint8_t data[SIZE_MAX_PUT + 1];
    const struct zta_token_key key = key_of(n);
    fill(data, size, n, 0);
    return zta_token_cache_put(fixture->segment, fixture->incarnation, &key, data, size, expires_s,
                               5);
}

/* What a look-up gave. */
struct got {
    enum zta_status status;
    size_t size;
    uint64_t generation;
    struct zta_token_place place;
    uint8_t data[SIZE_MAX_PUT];
};

static struct got get(const struct fixture *fixture, uint64_t n, int64_t now_s)
{
    struct got got = {.size = 0};
    const struct zta_token_key key = key_of(n);
    got.status = zta_token_cache_get(fixture->segment, &key, now_s, got.data, sizeof(got.data),
                                     &got.size, &got.generation, &got.place);
    if (got.status == ZTA_OK) {
        assert_true(is_whole(got.data, got.size, n));
    }
    return got;
}

/* ---- one process ---- */

static void what_was_put_is_got_in_every_size_class(void **state)
{
    static const size_t sizes[] = {0,   1,   7,    8,    9,    300,  415,
                                   416, 417, 1951, 1952, 1953, 5000, SIZE_MAX_PUT};
    const size_t n_sizes = sizeof(sizes) / sizeof(sizes[0]);
    for (size_t i = 0; i < n_sizes; i++) {
        assert_int_equal(get(*state, i, NOW).status, ZTA_NOT_FOUND);
        assert_int_equal(put(*state, i, sizes[i], EXPIRES), ZTA_OK);
    }
    for (size_t i = 0; i < n_sizes; i++) {
        const struct got got = get(*state, i, NOW);
        assert_int_equal(got.status, ZTA_OK);
        assert_int_equal(got.size, sizes[i]);
        assert_int_equal(got.generation, 5);
    }
    assert_int_equal(put(*state, 100, SIZE_MAX_PUT + 1, EXPIRES), ZTA_TOO_LARGE);
}

static void a_place_that_is_too_small_gets_nothing(void **state)
{
    const struct fixture *fixture = *state;
    const struct zta_token_key key = key_of(1);
    uint8_t out[101] = {0};
    size_t size = 77;
    uint64_t generation = 77;
    struct zta_token_place place;
    assert_int_equal(put(fixture, 1, 100, EXPIRES), ZTA_OK);
    assert_int_equal(
        zta_token_cache_get(fixture->segment, &key, NOW, out, 99, &size, &generation, &place),
        ZTA_TOO_LARGE);
    assert_int_equal(size, 77);
    assert_int_equal(generation, 77);
    assert_int_equal(
        zta_token_cache_get(fixture->segment, &key, NOW, out, 100, &size, &generation, &place),
        ZTA_OK);
    assert_int_equal(out[100], 0);
}

static void every_part_of_the_key_must_match(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(put(fixture, 1, 100, EXPIRES), ZTA_OK);
    for (unsigned part = 0; part < 4; part++) {
        struct zta_token_key key = key_of(1);
        key.token.bytes[part == 0 ? 0 : 31] ^= part < 2;
        key.issuer += part == 2;
        key.keys += part == 3;
        struct got got;
        assert_int_equal(zta_token_cache_get(fixture->segment, &key, NOW, got.data,
                                             sizeof(got.data), &got.size, &got.generation,
                                             &got.place),
                         ZTA_NOT_FOUND);
    }
    assert_int_equal(get(fixture, 1, NOW).status, ZTA_OK);
}

/* The keyed hash that leads to an entry is not proof: it is forged here for many keys. */
static void an_equal_hash_is_not_an_equal_key(void **state)
{
    const struct fixture *fixture = *state;
    const struct zta_siphash_key *secret = zta_segment_key(fixture->segment);
    struct zta_token_key key = key_of(1);
    assert_int_equal(put(fixture, 1, 100, EXPIRES), ZTA_OK);
    uint64_t size;
    uint64_t *tag = zta_segment_area(fixture->segment, ZTA_AREA_TOKENS_SMALL, &size);
    const uint64_t own_tag = zta_siphash(secret, &key, sizeof(key));
    while (*tag != own_tag) {
        tag++;
    }
    for (uint64_t n = 2; n < 20000; n++) {
        key = key_of(n);
        *tag = zta_siphash(secret, &key, sizeof(key));
        assert_int_equal(get(fixture, n, NOW).status, ZTA_NOT_FOUND);
    }
    *tag = own_tag;
    assert_int_equal(get(fixture, 1, NOW).status, ZTA_OK);
}

static void an_entry_dies_with_its_token(void **state)
{
    assert_int_equal(put(*state, 1, 100, EXPIRES), ZTA_OK);
    assert_int_equal(get(*state, 1, EXPIRES - 1).status, ZTA_OK);
    assert_int_equal(get(*state, 1, EXPIRES).status, ZTA_NOT_FOUND);
    assert_int_equal(get(*state, 1, INT64_MAX).status, ZTA_NOT_FOUND);
    assert_int_equal(get(*state, 1, INT64_MIN).status, ZTA_OK);
    assert_int_equal(put(*state, 2, 100, -1), ZTA_OK);
    assert_int_equal(get(*state, 2, 0).status, ZTA_NOT_FOUND);
}

static void nobody_writes_in_the_name_of_nobody(void **state)
{
    struct fixture nobody = *(struct fixture *)*state;
    nobody.incarnation = 0;
    assert_int_equal(put(&nobody, 1, 100, EXPIRES), ZTA_INVALID);
}

static void clearing_raises_the_generation_of_that_very_entry(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(put(fixture, 1, 100, EXPIRES), ZTA_OK);
    struct got got = get(fixture, 1, NOW);
    zta_token_cache_clear_at(fixture->segment, &got.place, UINT64_MAX - 1);
    assert_int_equal(get(fixture, 1, NOW).generation, UINT64_MAX - 1);
    zta_token_cache_clear_at(fixture->segment, &got.place, 3);
    assert_int_equal(get(fixture, 1, NOW).generation, UINT64_MAX - 1);

    /* Put again: the same key in the same place, and yet another entry. */
    assert_int_equal(put(fixture, 1, 100, EXPIRES), ZTA_OK);
    zta_token_cache_clear_at(fixture->segment, &got.place, 8);
    assert_int_equal(get(fixture, 1, NOW).generation, 5);
    assert_int_equal(get(fixture, 1, NOW).place.slot, got.place.slot);

    const struct zta_token_place nowhere = {.slot = UINT64_MAX, .version = got.place.version};
    zta_token_cache_clear_at(fixture->segment, &nowhere, 8);
    const struct zta_token_place behind = {.slot = 1 << 30, .version = got.place.version};
    zta_token_cache_clear_at(fixture->segment, &behind, 8);
}

/* ---- what gives way ---- */

static void the_expired_give_way_before_the_living(void **state)
{
    for (uint64_t n = 0; n < 20000; n++) {
        assert_int_equal(put(*state, n, 100, NOW + 50), ZTA_OK);
    }
    assert_int_equal(get(*state, UINT64_MAX, NOW + 50).status, ZTA_NOT_FOUND);
    const uint64_t n_evicted = counter(*state, ZTA_COUNTER_TOKEN_CACHE_EVICTED);
    assert_true(n_evicted > 10000);
    for (uint64_t n = 0; n < 60; n++) {
        assert_int_equal(put(*state, 100000 + n, 100, EXPIRES), ZTA_OK);
    }
    assert_int_equal(counter(*state, ZTA_COUNTER_TOKEN_CACHE_EVICTED), n_evicted);
    for (uint64_t n = 0; n < 60; n++) {
        assert_int_equal(get(*state, 100000 + n, NOW + 50).status, ZTA_OK);
    }
}

static void what_is_used_each_second_stays(void **state)
{
    assert_int_equal(put(*state, 0, 100, EXPIRES), ZTA_OK);
    uint64_t n = 1;
    for (int64_t now_s = NOW; now_s < NOW + 200; now_s++) {
        assert_int_equal(get(*state, 0, now_s).status, ZTA_OK);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(put(*state, n++, 100, EXPIRES), ZTA_OK);
        }
    }
    assert_true(counter(*state, ZTA_COUNTER_TOKEN_CACHE_EVICTED) > 10000);
}

static void a_step_back_of_the_clock_keeps_what_is_used_now(void **state)
{
    for (uint64_t n = 0; n < 20000; n++) {
        assert_int_equal(put(*state, n, 100, INT64_MAX), ZTA_OK);
    }
    (void)get(*state, UINT64_MAX, NOW + 86400);
    for (uint64_t n = 0; n < 20000; n++) {
        assert_int_equal(put(*state, n, 100, INT64_MAX), ZTA_OK);
    }
    (void)get(*state, UINT64_MAX, NOW);
    for (uint64_t n = 0; n < 60; n++) {
        assert_int_equal(put(*state, 100000 + n, 100, INT64_MAX), ZTA_OK);
    }
    for (uint64_t n = 0; n < 60; n++) {
        assert_int_equal(get(*state, 100000 + n, NOW).status, ZTA_OK);
    }
}

/* ---- bad tokens ---- */

static bool is_bad(const struct fixture *fixture, uint64_t n, int64_t now_ns)
{
    const struct zta_token_key key = key_of(n);
    return zta_token_cache_is_bad(fixture->segment, &key, now_ns);
}

static void put_bad(const struct fixture *fixture, uint64_t n, int64_t now_ns)
{
    const struct zta_token_key key = key_of(n);
    zta_token_cache_put_bad(fixture->segment, &key, now_ns);
}

static void a_bad_token_is_known_for_ten_seconds(void **state)
{
    const struct fixture *fixture = *state;
    assert_false(is_bad(fixture, 1, 0));
    put_bad(fixture, 1, 100);
    assert_true(is_bad(fixture, 1, 100));
    assert_true(is_bad(fixture, 1, 100 + ZTA_NEGATIVE_TTL_NS - 1));
    assert_false(is_bad(fixture, 1, 100 + ZTA_NEGATIVE_TTL_NS));
    assert_int_equal(counter(fixture, ZTA_COUNTER_NEGATIVE_CACHE_HITS), 2);
    /* A clock before that of who found it bad cannot tell for how long it is. */
    assert_false(is_bad(fixture, 1, 99));
    assert_false(is_bad(fixture, 2, 100));
    struct zta_token_key key = key_of(1);
    key.keys++;
    assert_false(zta_token_cache_is_bad(fixture->segment, &key, 100));
    put_bad(fixture, 1, 100 + ZTA_NEGATIVE_TTL_NS);
    assert_true(is_bad(fixture, 1, 100 + ZTA_NEGATIVE_TTL_NS));
    put_bad(fixture, 3, -1);
    put_bad(fixture, 3, INT64_MAX);
    assert_false(is_bad(fixture, 3, INT64_MAX));
}

static void a_flood_of_bad_tokens_costs_no_good_one(void **state)
{
    const struct fixture *fixture = *state;
    for (uint64_t n = 0; n < 100; n++) {
        assert_int_equal(put(fixture, n, 100, EXPIRES), ZTA_OK);
    }
    for (uint64_t n = 0; n < 200000; n++) {
        put_bad(fixture, 1000 + n, 100 + (int64_t)n);
    }
    assert_true(is_bad(fixture, 1000 + 199999, 100 + 199999));
    for (uint64_t n = 0; n < 100; n++) {
        assert_int_equal(get(fixture, n, NOW).status, ZTA_OK);
        assert_false(is_bad(fixture, n, 200100));
    }
    assert_int_equal(counter(fixture, ZTA_COUNTER_TOKEN_CACHE_EVICTED), 0);
}

/* ---- writers that are stopped or die ---- */

#define JOB_KEY  1
#define JOB_SIZE 48
#define JOB_PID  INT32_MAX /* under it the stopped writer is registered, before its first step */

struct put_job {
    struct zta_segment *segment;
    struct zta_token_key key;
    uint32_t incarnation;
    uint8_t identity[JOB_SIZE];
};

static void put_of_job(void *data)
{
    const struct put_job *job = data;
    if (zta_token_cache_put(job->segment, job->incarnation, &job->key, job->identity, JOB_SIZE,
                            EXPIRES, 6) == ZTA_INVALID) {
        _exit(EXIT_FAILURE);
    }
}

static void job_begin(const struct fixture *fixture, struct put_job *job, uint64_t edition)
{
    *job = (struct put_job){.segment = fixture->segment, .key = key_of(JOB_KEY)};
    fill(job->identity, JOB_SIZE, JOB_KEY, edition);
    assert_int_equal(zta_segment_child_begin(fixture->segment, JOB_PID, &job->incarnation), ZTA_OK);
}

/* Instructions of one put. */
static size_t count_steps(const struct fixture *fixture)
{
    if (!step_test_is_possible()) {
        print_message("processes may not be traced here\n");
        skip();
    }
    struct put_job job;
    job_begin(fixture, &job, 1);
    const size_t n_steps = step_test_count(put_of_job, &job);
    zta_segment_child_end(fixture->segment, JOB_PID);
    return n_steps;
}

/* Whatever is got before, meanwhile and after is whole. */
static void a_writer_stopped_anywhere_holds_up_nobody(void **state)
{
    const size_t n_steps = count_steps(*state);
    unsigned n_contended = 0;
    for (size_t i = 0; i <= STEP_TEST_STOPS; i++) {
        struct put_job job;
        job_begin(*state, &job, i);
        const pid_t pid = step_test_begin(put_of_job, &job, i * n_steps / STEP_TEST_STOPS);
        const uint64_t before = counter(*state, ZTA_COUNTER_TOKEN_CACHE_CONTENDED);
        (void)get(*state, JOB_KEY, NOW);
        n_contended += counter(*state, ZTA_COUNTER_TOKEN_CACHE_CONTENDED) > before;
        assert_int_equal(put(*state, JOB_KEY, JOB_SIZE, EXPIRES), ZTA_OK);
        assert_int_equal(get(*state, JOB_KEY, NOW).status, ZTA_OK);
        step_test_finish(pid);
        zta_segment_child_end(job.segment, JOB_PID);
        assert_int_equal(get(*state, JOB_KEY, NOW).status, ZTA_OK);
    }
    assert_true(n_contended > 0 || SANITIZED_COST > 4);
}

static void a_writer_killed_anywhere_leaves_its_place_to_others(void **state)
{
    const size_t n_steps = count_steps(*state);
    for (size_t i = 0; i <= STEP_TEST_STOPS; i++) {
        struct put_job job;
        job_begin(*state, &job, i);
        step_test_kill(step_test_begin(put_of_job, &job, i * n_steps / STEP_TEST_STOPS));
        (void)get(*state, JOB_KEY, NOW);
        zta_segment_child_end(job.segment, JOB_PID);
        (void)get(*state, JOB_KEY, NOW);
        assert_int_equal(put(*state, JOB_KEY, JOB_SIZE, EXPIRES), ZTA_OK);
        assert_int_equal(get(*state, JOB_KEY, NOW).status, ZTA_OK);
    }
}

/* A reader stopped in its copy while the entry is written anew, as long as before: only a miss. */
static void get_of_job(void *data)
{
    const struct put_job *job = data;
    uint8_t out[JOB_SIZE];
    size_t size = 0;
    uint64_t generation = 0;
    struct zta_token_place place;
    if (zta_token_cache_get(job->segment, &job->key, NOW, out, sizeof(out), &size, &generation,
                            &place) == ZTA_OK &&
        (size != JOB_SIZE || generation != 5 || !is_whole(out, size, JOB_KEY))) {
        _exit(EXIT_FAILURE);
    }
}

static void a_reader_stopped_anywhere_reads_nothing_torn(void **state)
{
    const struct fixture *fixture = *state;
    struct put_job job;
    (void)count_steps(fixture);
    job_begin(fixture, &job, 1);
    assert_int_equal(put(fixture, JOB_KEY, JOB_SIZE, EXPIRES), ZTA_OK);
    const size_t n_steps = step_test_count(get_of_job, &job);
    for (size_t i = 0; i <= STEP_TEST_STOPS; i++) {
        const pid_t pid = step_test_begin(get_of_job, &job, i * n_steps / STEP_TEST_STOPS);
        fill(job.identity, JOB_SIZE, JOB_KEY, 1000 + i);
        assert_int_equal(zta_token_cache_put(fixture->segment, fixture->incarnation, &job.key,
                                             job.identity, JOB_SIZE, EXPIRES, 5),
                         ZTA_OK);
        step_test_finish(pid);
    }
}

/* Stopped while another token takes the place: that one must not count as cleared. */
static void clear_of_job(void *data)
{
    const struct put_job *job = data;
    struct zta_token_place place = {.slot = 0};
    memcpy(&place, job->identity, sizeof(place));
    zta_token_cache_clear_at(job->segment, &place, 99);
}

static void a_clearing_stopped_anywhere_clears_no_other_entry(void **state)
{
    const struct fixture *fixture = *state;
    struct put_job job;
    (void)count_steps(fixture);
    job_begin(fixture, &job, 1);
    assert_int_equal(put(fixture, JOB_KEY, JOB_SIZE, EXPIRES), ZTA_OK);
    struct got got = get(fixture, JOB_KEY, NOW);
    memcpy(job.identity, &got.place, sizeof(got.place));
    const size_t n_steps = step_test_count(clear_of_job, &job);
    for (size_t i = 0; i <= n_steps; i += 1 + n_steps / (2 * STEP_TEST_STOPS)) {
        got = get(fixture, JOB_KEY, NOW);
        memcpy(job.identity, &got.place, sizeof(got.place));
        const pid_t pid = step_test_begin(clear_of_job, &job, i);
        assert_int_equal(put(fixture, JOB_KEY, JOB_SIZE, EXPIRES), ZTA_OK);
        step_test_finish(pid);
        assert_int_equal(get(fixture, JOB_KEY, NOW).generation, 5);
    }
}

/* An identity that cannot be read until the process has been stopped and goes on. */
static struct {
    uint8_t *data;
    size_t size;
} page;

static void stop_in_copy(int signal_number)
{
    if (mprotect(page.data, page.size, PROT_READ) != 0 || raise(SIGSTOP) != 0) {
        _exit(EXIT_FAILURE);
    }
}

/* A process that stands in the middle of a put of JOB_KEY. */
static pid_t begin_stuck_writer(const struct fixture *fixture)
{
    page.size = (size_t)sysconf(_SC_PAGESIZE);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct sigaction action = {.sa_handler = stop_in_copy};
        const struct zta_token_key key = key_of(JOB_KEY);
        uint32_t incarnation = 0;
        page.data =
            mmap(NULL, page.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        fill(page.data, 100, JOB_KEY, 0);
        if (mprotect(page.data, page.size, PROT_NONE) != 0 ||
            sigaction(SIGSEGV, &action, NULL) != 0 ||
            zta_segment_child_begin(fixture->segment, getpid(), &incarnation) != ZTA_OK) {
            _exit(EXIT_FAILURE);
        }
        _exit((int)zta_token_cache_put(fixture->segment, incarnation, &key, page.data, 100, EXPIRES,
                                       6));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    return pid;
}

static void kill_stuck_writer(const struct fixture *fixture, pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    zta_segment_child_end(fixture->segment, pid);
}

static void a_set_full_of_writers_takes_nothing_until_one_dies_or_is_done(void **state)
{
    const struct fixture *fixture = *state;
    pid_t pids[WAYS];
    for (unsigned i = 0; i < WAYS; i++) {
        assert_int_equal(get(fixture, JOB_KEY, NOW).status, ZTA_NOT_FOUND);
        assert_int_equal(counter(fixture, ZTA_COUNTER_TOKEN_CACHE_CONTENDED), i);
        pids[i] = begin_stuck_writer(fixture);
    }
    assert_int_equal(put(fixture, JOB_KEY, 100, EXPIRES), ZTA_BUSY);
    kill_stuck_writer(fixture, pids[0]);
    assert_int_equal(put(fixture, JOB_KEY, 100, EXPIRES), ZTA_OK);
    assert_int_equal(get(fixture, JOB_KEY, NOW).generation, 5);

    int status = 0;
    assert_int_equal(kill(pids[1], SIGCONT), 0);
    assert_int_equal(waitpid(pids[1], &status, 0), pids[1]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ZTA_OK);
    for (unsigned i = 2; i < WAYS; i++) {
        kill_stuck_writer(fixture, pids[i]);
    }
    assert_int_equal(counter(fixture, ZTA_COUNTER_TOKEN_CACHE_EVICTED), 0);
}

/* Against the rule that only the dead are declared dead. */
static void a_writer_that_outlives_its_end_spoils_nothing(void **state)
{
    const struct fixture *fixture = *state;
    const pid_t pid = begin_stuck_writer(fixture);
    zta_segment_child_end(fixture->segment, pid);
    assert_int_equal(put(fixture, JOB_KEY, 96, EXPIRES), ZTA_OK);
    const struct got got = get(fixture, JOB_KEY, NOW);
    assert_int_equal(got.status, ZTA_OK);
    assert_int_equal(kill(pid, SIGCONT), 0);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    /* It has lost its place, whose sum is now wrong, and puts once more. */
    assert_int_equal(WEXITSTATUS(status), ZTA_OK);
    assert_int_equal(get(fixture, JOB_KEY, NOW).generation, 6);
    assert_int_equal(put(fixture, JOB_KEY, 96, EXPIRES), ZTA_OK);
    assert_int_equal(get(fixture, JOB_KEY, NOW).generation, 5);
}

static void a_changed_bit_is_a_miss_and_seen_by_the_check(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(put(fixture, 1, 100, EXPIRES), ZTA_OK);
    const struct got got = get(fixture, 1, NOW);
    uint64_t size;
    uint8_t *area = zta_segment_area(fixture->segment, ZTA_AREA_TOKENS_SMALL, &size);
    uint64_t at = 0;
    while (memcmp(area + at, got.data, got.size) != 0) {
        at += 8;
    }
    struct zta_error error;
    for (uint64_t bit = 0; bit < 100 * 8; bit += 7) {
        area[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(get(fixture, 1, NOW).status, ZTA_NOT_FOUND);
        assert_int_equal(zta_token_cache_check(fixture->segment, &error), ZTA_CORRUPT);
        area[at + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(get(fixture, 1, NOW).status, ZTA_OK);
}

/* ---- many at once ---- */

#define N_SHARED_KEYS 24 /* few, so that they meet */
#define N_KILLS       (60 / SANITIZED_COST)

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* What processes or threads count together. */
struct tally {
    _Atomic uint64_t n_torn;
    _Atomic uint64_t n_found;
};

/* One random access. False: what was read is not what was written for its key. */
static bool access_once(const struct fixture *fixture, struct tally *tally, uint64_t *seed)
{
    const uint64_t n = random_next(seed) % N_SHARED_KEYS;
    const size_t size = n % 3 == 0 ? 300 : n % 3 == 1 ? 1500 : 6000;
    const struct zta_token_key key = key_of(n);
    uint8_t data[SIZE_MAX_PUT];
    if (random_next(seed) % 2 == 0) {
        fill(data, size, n, random_next(seed));
        return zta_token_cache_put(fixture->segment, fixture->incarnation, &key, data, size,
                                   EXPIRES, n) <= ZTA_BUSY;
    }
    size_t found_size = 0;
    uint64_t generation = n;
    struct zta_token_place place;
    if (zta_token_cache_get(fixture->segment, &key, NOW, data, sizeof(data), &found_size,
                            &generation, &place) != ZTA_OK) {
        return true;
    }
    atomic_fetch_add(&tally->n_found, 1);
    zta_token_cache_clear_at(fixture->segment, &place, n + N_SHARED_KEYS);
    return found_size == size && generation % N_SHARED_KEYS == n && is_whole(data, size, n);
}

static pid_t start_accesses(const struct fixture *parent, struct tally *tally, uint64_t seed)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct fixture fixture = *parent;
        if (zta_segment_child_begin(fixture.segment, getpid(), &fixture.incarnation) != ZTA_OK) {
            atomic_fetch_add(&tally->n_torn, 1);
        }
        for (;;) {
            if (!access_once(&fixture, tally, &seed)) {
                atomic_fetch_add(&tally->n_torn, 1);
            }
        }
    }
    return pid;
}

static void killed_processes_never_leave_a_torn_identity(void **state)
{
    const struct fixture *fixture = *state;
    struct tally *tally =
        mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(tally != MAP_FAILED);
    uint64_t seed = 20240612;
    pid_t pids[3];
    for (unsigned i = 0; i < 3; i++) {
        pids[i] = start_accesses(fixture, tally, random_next(&seed));
    }
    for (unsigned i = 0; i < N_KILLS; i++) {
        const int64_t until_ns =
            zta_clock_monotonic_ns() + (int64_t)(random_next(&seed) % UINT64_C(10000000));
        while (zta_clock_monotonic_ns() < until_ns) {
            (void)sched_yield();
        }
        kill_stuck_writer(fixture, pids[i % 3]);
        pids[i % 3] = start_accesses(fixture, tally, random_next(&seed));
    }
    for (unsigned i = 0; i < 3; i++) {
        kill_stuck_writer(fixture, pids[i]);
    }
    assert_int_equal(atomic_load(&tally->n_torn), 0);
    /* No set stays closed. */
    for (uint64_t n = 0; n < N_SHARED_KEYS; n++) {
        assert_int_equal(put(fixture, n, 300, EXPIRES), ZTA_OK);
    }
    assert_true(atomic_load(&tally->n_found) > 0);
    (void)munmap(tally, sizeof(*tally));
}

struct access_thread {
    struct fixture fixture;
    uint64_t seed;
    struct tally tally; /* its own: a common one would order what is to race */
};

static void *access_in_thread(void *data)
{
    struct access_thread *thread = data;
    for (unsigned i = 0; i < 5000; i++) {
        if (!access_once(&thread->fixture, &thread->tally, &thread->seed)) {
            atomic_fetch_add(&thread->tally.n_torn, 1);
        }
    }
    return NULL;
}

static void threads_never_read_a_torn_identity(void **state)
{
    pthread_t threads[3];
    struct access_thread data[3];
    for (unsigned i = 0; i < 3; i++) {
        data[i] = (struct access_thread){.fixture = *(struct fixture *)*state, .seed = 99 + i};
        assert_int_equal(pthread_create(&threads[i], NULL, access_in_thread, &data[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(atomic_load(&data[i].tally.n_torn), 0);
    }
}

#define ON_CACHE(test) cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CACHE(what_was_put_is_got_in_every_size_class),
        ON_CACHE(a_place_that_is_too_small_gets_nothing),
        ON_CACHE(every_part_of_the_key_must_match),
        ON_CACHE(an_equal_hash_is_not_an_equal_key),
        ON_CACHE(an_entry_dies_with_its_token),
        ON_CACHE(nobody_writes_in_the_name_of_nobody),
        ON_CACHE(clearing_raises_the_generation_of_that_very_entry),
        ON_CACHE(the_expired_give_way_before_the_living),
        ON_CACHE(what_is_used_each_second_stays),
        ON_CACHE(a_step_back_of_the_clock_keeps_what_is_used_now),
        ON_CACHE(a_bad_token_is_known_for_ten_seconds),
        ON_CACHE(a_flood_of_bad_tokens_costs_no_good_one),
        ON_CACHE(a_writer_stopped_anywhere_holds_up_nobody),
        ON_CACHE(a_writer_killed_anywhere_leaves_its_place_to_others),
        ON_CACHE(a_reader_stopped_anywhere_reads_nothing_torn),
        ON_CACHE(a_clearing_stopped_anywhere_clears_no_other_entry),
        ON_CACHE(a_set_full_of_writers_takes_nothing_until_one_dies_or_is_done),
        ON_CACHE(a_writer_that_outlives_its_end_spoils_nothing),
        ON_CACHE(a_changed_bit_is_a_miss_and_seen_by_the_check),
        ON_CACHE(killed_processes_never_leave_a_torn_identity),
        ON_CACHE(threads_never_read_a_torn_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

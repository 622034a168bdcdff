/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the segment: its division, header, children, counters and shared words. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/live/layout_priv.h"
#include "shared/live/ring.h"
#include "shared/live/segment.h"
#include "shared/live/segment_priv.h"

#define SIZE ZTA_SEGMENT_SIZE_MIN
#define MIB  (UINT64_C(1) << 20)

static void *map_memory(void)
{
    void *base =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(base != MAP_FAILED);
    return base;
}

static struct zta_segment *create(void *base, uint64_t size)
{
    struct zta_segment *segment = NULL;
    struct zta_error error;
    assert_int_equal(zta_segment_create(base, size, &segment, &error), ZTA_OK);
    return segment;
}

static int open_segment(void **state)
{
    *state = create(map_memory(), SIZE);
    return 0;
}

static int close_segment(void **state)
{
    struct zta_segment *segment = *state;
    void *base = segment->base;
    zta_segment_close(&segment);
    assert_null(segment);
    return munmap(base, SIZE);
}

/* ---- division and header ---- */

/* Only the header is touched, so memory of the smallest size stands for any. */
static void areas_fill_a_segment_of_any_size_without_overlap(void **state)
{
    const uint64_t sizes[] = {
        SIZE,
        SIZE + 1,
        SIZE + 63,
        SIZE + 4096,
        9 * MIB,
        64 * MIB,
        100 * MIB,
        256 * MIB,
        1000 * MIB,
        4096 * MIB + 12345,
        16384 * MIB,
        65535 * MIB + 17,
        ZTA_SEGMENT_SIZE_MAX,
    };
    void *base = map_memory();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct zta_segment *segment = create(base, sizes[i]);
        uint64_t end = sizeof(struct zta_segment_header);
        uint64_t area_sizes[ZTA_N_AREAS];
        for (unsigned area = 0; area < ZTA_N_AREAS; area++) {
            const uint8_t *at = zta_segment_area(segment, area, &area_sizes[area]);
            assert_int_equal((uint64_t)(at - segment->base), end);
            assert_int_equal(end % ZTA_CACHE_LINE, 0);
            assert_int_equal(area_sizes[area] % ZTA_CACHE_LINE, 0);
            end += area_sizes[area];
        }
        assert_in_range(end, sizes[i] - ZTA_CACHE_LINE, sizes[i]);
        assert_true(area_sizes[ZTA_AREA_RING] <= sizes[i] / 2);
        assert_in_range(area_sizes[ZTA_AREA_LIMITS], sizes[i] / 8 - ZTA_CACHE_LINE, sizes[i] / 8);
        const uint64_t tokens = area_sizes[ZTA_AREA_TOKENS_SMALL] +
                                area_sizes[ZTA_AREA_TOKENS_MIDDLE] +
                                area_sizes[ZTA_AREA_TOKENS_LARGE] + area_sizes[ZTA_AREA_TOKENS_BAD];
        assert_true(area_sizes[ZTA_AREA_TOKENS_BAD] <= tokens / 8);
        assert_true(area_sizes[ZTA_AREA_TOKENS_BAD] > 0);
        assert_in_range(zta_ring_capacity(segment), 4600, 100000);
        assert_true(sizes[i] < 175 * MIB || zta_ring_capacity(segment) > 97000);
        assert_true(sizes[i] < 256 * MIB || zta_ring_capacity(segment) == 100000);
        zta_segment_close(&segment);
    }
    assert_int_equal(munmap(base, SIZE), 0);
}

static void create_refuses_memory_it_cannot_divide(void **state)
{
    uint8_t *base = map_memory();
    struct zta_segment *segment = NULL;
    struct zta_error error;
    assert_int_equal(zta_segment_create(base, SIZE - 1, &segment, &error), ZTA_TOO_LARGE);
    assert_non_null(strstr(error.text, "8388608"));
    assert_int_equal(zta_segment_create(base, 0, &segment, &error), ZTA_TOO_LARGE);
    assert_int_equal(zta_segment_create(base, ZTA_SEGMENT_SIZE_MAX + 1, &segment, &error),
                     ZTA_TOO_LARGE);
    assert_int_equal(zta_segment_create(base, UINT64_MAX, &segment, &error), ZTA_TOO_LARGE);
    assert_int_equal(zta_segment_create(base + 8, SIZE, &segment, &error), ZTA_INVALID);
    assert_int_equal(zta_segment_create(NULL, SIZE, &segment, &error), ZTA_INVALID);
    assert_null(segment);
    zta_segment_close(&segment);
    assert_int_equal(munmap(base, SIZE), 0);
}

static void attach_finds_what_create_wrote(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_segment *other = NULL;
    struct zta_error error;
    assert_int_equal(zta_segment_attach(segment->base, SIZE, &other, &error), ZTA_OK);
    assert_int_not_equal(zta_segment_id(segment), 0);
    assert_int_equal(zta_segment_id(other), zta_segment_id(segment));
    assert_int_equal(zta_segment_created_real_ns(other), zta_segment_created_real_ns(segment));
    assert_true(zta_segment_created_real_ns(other) > 0);
    assert_memory_equal(zta_segment_key(other), zta_segment_key(segment),
                        sizeof(struct zta_siphash_key));
    zta_segment_close(&other);
}

static void two_segments_have_other_identities_and_keys(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_segment *other = create(map_memory(), SIZE);
    assert_int_not_equal(zta_segment_id(segment), zta_segment_id(other));
    assert_memory_not_equal(zta_segment_key(other), zta_segment_key(segment),
                            sizeof(struct zta_siphash_key));
    assert_int_equal(munmap(other->base, SIZE), 0);
    zta_segment_close(&other);
}

static void attach_refuses_a_header_with_any_byte_changed(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_segment *other = NULL;
    struct zta_error error;
    for (size_t i = 0; i < sizeof(struct zta_segment_layout); i++) {
        segment->base[i] ^= 0x40;
        const enum zta_status status = zta_segment_attach(segment->base, SIZE, &other, &error);
        const bool is_version = i >= offsetof(struct zta_segment_layout, version) &&
                                i < offsetof(struct zta_segment_layout, checksum);
        assert_int_equal(status, is_version ? ZTA_VERSION : ZTA_CORRUPT);
        assert_int_equal(zta_segment_check(segment, &error), status);
        segment->base[i] ^= 0x40;
    }
    assert_int_equal(zta_segment_attach(segment->base, SIZE + 4096, &other, &error), ZTA_VERSION);
    assert_null(other);
    memset(segment->base, 0, sizeof(struct zta_segment_layout));
    assert_int_equal(zta_segment_attach(segment->base, SIZE, &other, &error), ZTA_CORRUPT);
}

static void areas_do_not_move_when_the_header_is_overwritten(void **state)
{
    struct zta_segment *segment = *state;
    uint64_t before;
    uint64_t after;
    const void *area = zta_segment_area(segment, ZTA_AREA_LIMITS, &before);
    memset(&segment->header->layout, 0xff, sizeof(segment->header->layout));
    assert_ptr_equal(zta_segment_area(segment, ZTA_AREA_LIMITS, &after), area);
    assert_int_equal(after, before);
}

/* ---- children ---- */

static uint32_t begin(struct zta_segment *segment, int32_t pid)
{
    uint32_t incarnation = 0;
    assert_int_equal(zta_segment_child_begin(segment, pid, &incarnation), ZTA_OK);
    assert_int_not_equal(incarnation, 0);
    assert_true(zta_segment_child_is_alive(segment, incarnation));
    return incarnation;
}

static void child_lives_from_begin_to_end(void **state)
{
    struct zta_segment *segment = *state;
    uint32_t incarnation = 0;
    assert_false(zta_segment_child_is_alive(segment, 0));
    assert_false(zta_segment_child_is_alive(segment, ZTA_CHILDREN_MAX));
    const uint32_t first = begin(segment, 100);
    const uint32_t second = begin(segment, 200);
    assert_int_not_equal(first, second);
    assert_int_equal(zta_segment_children(segment), 2);
    zta_segment_child_end(segment, 300);
    zta_segment_child_end(segment, 0);
    zta_segment_child_end(segment, -1);
    assert_int_equal(zta_segment_children(segment), 2);
    zta_segment_child_end(segment, 100);
    zta_segment_child_end(segment, 100);
    assert_false(zta_segment_child_is_alive(segment, first));
    assert_true(zta_segment_child_is_alive(segment, second));
    assert_int_equal(zta_segment_children(segment), 1);
    assert_int_equal(zta_segment_child_begin(segment, 0, &incarnation), ZTA_INVALID);
    assert_int_equal(zta_segment_child_begin(segment, -5, &incarnation), ZTA_INVALID);
}

static void incarnations_are_never_given_twice(void **state)
{
    struct zta_segment *segment = *state;
    uint8_t *is_given = calloc(1, 1 << 20);
    assert_non_null(is_given);
    for (int32_t i = 0; i < 3 * ZTA_CHILDREN_MAX; i++) {
        const uint32_t incarnation = begin(segment, 1 + i % 10);
        assert_in_range(incarnation, 1, (1 << 20) - 1);
        assert_false(is_given[incarnation]);
        is_given[incarnation] = 1;
        if (i % 3 == 0) {
            zta_segment_child_end(segment, 1 + i % 10);
            assert_false(zta_segment_child_is_alive(segment, incarnation));
        }
    }
    free(is_given);
}

static void pid_that_comes_again_ends_its_forerunner(void **state)
{
    struct zta_segment *segment = *state;
    const uint32_t first = begin(segment, 100);
    const uint32_t second = begin(segment, 100);
    assert_int_not_equal(first, second);
    assert_false(zta_segment_child_is_alive(segment, first));
    assert_int_equal(zta_segment_children(segment), 1);
    zta_segment_child_end(segment, 100);
    assert_int_equal(zta_segment_children(segment), 0);
}

static void children_are_refused_only_when_all_slots_are_taken(void **state)
{
    struct zta_segment *segment = *state;
    uint32_t incarnation = 0;
    for (int32_t pid = 1; pid <= ZTA_CHILDREN_MAX; pid++) {
        (void)begin(segment, pid);
    }
    assert_int_equal(zta_segment_children(segment), ZTA_CHILDREN_MAX);
    assert_int_equal(zta_segment_child_begin(segment, 100000, &incarnation), ZTA_FULL);
    assert_int_equal(incarnation, 0);
    zta_segment_child_end(segment, 77);
    (void)begin(segment, 100000);
    assert_int_equal(zta_segment_child_begin(segment, 100001, &incarnation), ZTA_FULL);
}

static void slot_without_incarnations_left_is_not_given(void **state)
{
    struct zta_segment *segment = *state;
    const uint32_t last = UINT32_MAX - ZTA_CHILDREN_MAX + 1; /* of slot 0 */
    atomic_store(&segment->header->children[0], (uint64_t)last << 32);
    assert_int_equal(begin(segment, 1) % ZTA_CHILDREN_MAX, 1);
}

#define N_THREADS 4
#define N_ROUNDS  500

struct worker {
    struct zta_segment *segment;
    pthread_t thread;
    int32_t pid;
    uint32_t incarnations[N_ROUNDS];
};

static void *begin_and_end(void *argument)
{
    struct worker *worker = argument;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        if (zta_segment_child_begin(worker->segment, worker->pid, &worker->incarnations[i]) !=
            ZTA_OK) {
            worker->incarnations[i] = 0;
        }
        zta_counter_add(worker->segment, ZTA_COUNTER_ALLOWED, 2);
        zta_counter_add(worker->segment, ZTA_COUNTER_DENIED, 1);
        zta_segment_child_end(worker->segment, worker->pid);
    }
    return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void children_that_begin_at_once_get_different_incarnations(void **state)
{
    static uint32_t all[N_THREADS * N_ROUNDS];
    static struct worker workers[N_THREADS];
    struct zta_segment *segment = *state;
    struct zta_error error;
    for (int32_t i = 0; i < N_THREADS; i++) {
        workers[i].segment = segment;
        workers[i].pid = 100 + i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, begin_and_end, &workers[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        memcpy(all + i * N_ROUNDS, workers[i].incarnations, sizeof(workers[i].incarnations));
    }
    qsort(all, N_THREADS * N_ROUNDS, sizeof(all[0]), compare_numbers);
    assert_int_not_equal(all[0], 0);
    for (size_t i = 1; i < N_THREADS * N_ROUNDS; i++) {
        assert_int_not_equal(all[i], all[i - 1]);
    }
    assert_int_equal(zta_segment_children(segment), 0);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_REQUESTS), 3 * N_THREADS * N_ROUNDS);
    assert_int_equal(zta_segment_check(segment, &error), ZTA_OK);
}

static void validator_finds_a_child_slot_that_cannot_be(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_error error;
    const uint64_t words[] = {
        UINT64_C(7),                                     /* a pid without incarnation */
        (UINT64_C(2) * ZTA_CHILDREN_MAX + 6) << 32 | 10, /* of another slot */
        (UINT64_C(2) * ZTA_CHILDREN_MAX + 5) << 32 | 0xffffffff,
    };
    assert_int_equal(zta_segment_check(segment, &error), ZTA_OK);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        atomic_store(&segment->header->children[5], words[i]);
        assert_int_equal(zta_segment_check(segment, &error), ZTA_CORRUPT);
        assert_non_null(strstr(error.text, "slot 5"));
    }
}

/* ---- words and counters ---- */

static void words_of_the_server_are_seen_across_fork(void **state)
{
    struct zta_segment *segment = *state;
    assert_int_equal(zta_segment_store_health(segment), ZTA_OK);
    assert_int_equal(zta_segment_config_generation(segment), 0);
    assert_int_equal(zta_segment_failed_ns(segment), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        uint32_t incarnation = 0;
        if (zta_segment_child_begin(segment, getpid(), &incarnation) != ZTA_OK) {
            _exit(EXIT_FAILURE);
        }
        zta_segment_store_health_set(segment, ZTA_IO);
        zta_segment_config_generation_set(segment, 9);
        zta_segment_failure_note(segment, 77);
        zta_counter_add(segment, ZTA_COUNTER_DENIED, 5);
        _exit(EXIT_SUCCESS);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(zta_segment_store_health(segment), ZTA_IO);
    assert_int_equal(zta_segment_config_generation(segment), 9);
    assert_int_equal(zta_segment_failed_ns(segment), 77);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_DENIED), 5);
    assert_int_equal(zta_segment_children(segment), 1);
    zta_segment_child_end(segment, pid);
    assert_int_equal(zta_segment_children(segment), 0);
}

static long n_faults(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

/* Sanitizers would meet pages of their own for it. */
__attribute__((no_sanitize("address"))) __attribute__((no_sanitize("thread"))) static void
touch(volatile uint8_t *from, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += 512) {
        from[at] = 1;
    }
}

/* Each process has page tables of its own for shared memory. */
static void child_that_populates_meets_no_page_of_the_ring_anew(void **state)
{
    const struct zta_segment *segment = *state;
    uint64_t size;
    uint8_t *ring = zta_segment_area(segment, ZTA_AREA_RING, &size);

#ifdef MADV_POPULATE_READ
    if (madvise(segment->base, 1, MADV_POPULATE_READ) != 0) {
        skip();
    }
#else
    skip();
#endif
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        zta_segment_populate(segment);
        const long before = n_faults();
        touch(ring, size);
        _exit(n_faults() - before < (long)(size / 65536) ? 0 : 1);
    }
    int end;
    assert_int_equal(waitpid(pid, &end, 0), pid);
    assert_int_equal(end, 0);
}

static void counters_are_apart_and_have_names(void **state)
{
    struct zta_segment *segment = *state;
    for (unsigned i = 0; i < ZTA_N_COUNTERS; i++) {
        assert_int_equal(zta_counter_get(segment, i), 0);
        assert_true(strlen(zta_counter_name(i)) > 2);
        assert_true(strlen(zta_counter_help(i)) > 5);
    }
    zta_counter_add(segment, ZTA_COUNTER_HELPER_STARTS, 3);
    zta_counter_add(segment, ZTA_COUNTER_HELPER_STARTS, 4);
    for (unsigned i = 0; i < ZTA_N_COUNTERS; i++) {
        assert_int_equal(zta_counter_get(segment, i), i == ZTA_COUNTER_HELPER_STARTS ? 7 : 0);
    }
    assert_string_equal(zta_counter_name(ZTA_COUNTER_REQUESTS), "requests");
}

#define segment_test(name) cmocka_unit_test_setup_teardown(name, open_segment, close_segment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_fill_a_segment_of_any_size_without_overlap),
        cmocka_unit_test(create_refuses_memory_it_cannot_divide),
        segment_test(attach_finds_what_create_wrote),
        segment_test(two_segments_have_other_identities_and_keys),
        segment_test(attach_refuses_a_header_with_any_byte_changed),
        segment_test(areas_do_not_move_when_the_header_is_overwritten),
        segment_test(child_lives_from_begin_to_end),
        segment_test(incarnations_are_never_given_twice),
        segment_test(pid_that_comes_again_ends_its_forerunner),
        segment_test(children_are_refused_only_when_all_slots_are_taken),
        segment_test(slot_without_incarnations_left_is_not_given),
        segment_test(children_that_begin_at_once_get_different_incarnations),
        segment_test(validator_finds_a_child_slot_that_cannot_be),
        segment_test(words_of_the_server_are_seen_across_fork),
        segment_test(child_that_populates_meets_no_page_of_the_ring_anew),
        segment_test(counters_are_apart_and_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

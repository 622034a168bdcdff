/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the event ring, one situation at a time, and with threads that overlap. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/ring.h"
#include "tests/unit/ring_support.h"

struct fixture {
    struct zta_segment *segment;
    uint32_t incarnation; /* of this process */
    uint64_t cursor;
};

static int open_ring(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->segment = ring_test_open();
    assert_int_equal(zta_segment_child_begin(fixture->segment, getpid(), &fixture->incarnation),
                     ZTA_OK);
    *state = fixture;
    return 0;
}

static int close_ring(void **state)
{
    struct fixture *fixture = *state;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_ring_check(fixture->segment, &error);
    if (status != ZTA_OK) {
        print_error("%s\n", error.text);
    }
    ring_test_close(&fixture->segment);
    free(fixture);
    return status == ZTA_OK ? 0 : -1;
}

static enum zta_status publish(struct fixture *fixture, uint64_t id)
{
    struct zta_event event;
    ring_test_event(&event, id);
    return zta_ring_publish(fixture->segment, fixture->incarnation, &event);
}

/* Id of the next event, 0 when there is none. */
static uint64_t read_at(struct fixture *fixture, int64_t now_ns)
{
    struct zta_event event;
    uint64_t sequence = 0;
    if (zta_ring_read(fixture->segment, &fixture->cursor, now_ns, &event, &sequence) != ZTA_OK) {
        return 0;
    }
    assert_true(ring_test_is_whole(&event));
    assert_int_equal(sequence + 1, fixture->cursor);
    return ring_test_id(&event);
}

static uint64_t read_now(struct fixture *fixture)
{
    return read_at(fixture, zta_clock_monotonic_ns());
}

static int64_t when_overdue(void)
{
    return zta_clock_monotonic_ns() + ZTA_RING_CLAIM_TIMEOUT_NS;
}

static uint64_t counter(const struct fixture *fixture, enum zta_counter which)
{
    return zta_counter_get(fixture->segment, which);
}

/* Publishes one lap and reads it; how many of its events were refused. */
static uint64_t run_lap(struct fixture *fixture, uint64_t first_id)
{
    const uint64_t capacity = zta_ring_capacity(fixture->segment);
    uint64_t n_refused = 0;
    for (uint64_t i = 0; i < capacity; i++) {
        if (publish(fixture, first_id + i) != ZTA_OK) {
            n_refused++;
        }
    }
    uint64_t n_read = 0;
    while (read_now(fixture) != 0) {
        n_read++;
    }
    assert_int_equal(n_read, capacity - n_refused);
    zta_ring_release(fixture->segment, fixture->cursor);
    return n_refused;
}

/* ---- one writer, one reader ---- */

static void ring_gives_back_events_in_order(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_now(fixture), 0);
    for (uint64_t id = 1; id <= 5; id++) {
        assert_int_equal(publish(fixture, id), ZTA_OK);
    }
    assert_int_equal(zta_ring_head(fixture->segment), 5);
    for (uint64_t id = 1; id <= 5; id++) {
        assert_int_equal(read_now(fixture), id);
    }
    assert_int_equal(read_now(fixture), 0);
    zta_ring_release(fixture->segment, fixture->cursor);
    assert_int_equal(zta_ring_tail(fixture->segment), 5);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_PUBLISHED), 5);
    assert_int_equal(ring_test_dropped(fixture->segment), 0);
}

static void ring_holds_its_capacity_and_counts_what_it_refuses(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t capacity = zta_ring_capacity(fixture->segment);
    assert_in_range(capacity, 4600, 4681);
    for (uint64_t lap = 0; lap < 3; lap++) {
        for (uint64_t i = 0; i < capacity; i++) {
            assert_int_equal(publish(fixture, lap * capacity + i + 1), ZTA_OK);
        }
        assert_int_equal(publish(fixture, UINT64_MAX), ZTA_FULL);
        for (uint64_t i = 0; i < capacity; i++) {
            assert_int_equal(read_now(fixture), lap * capacity + i + 1);
        }
        assert_int_equal(publish(fixture, UINT64_MAX - 1), ZTA_FULL);
        assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_FULL), 2 * (lap + 1));
        zta_ring_release(fixture->segment, fixture->cursor);
    }
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_PUBLISHED), 3 * capacity + 6);
}

static void ring_is_read_again_when_nothing_was_released(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(publish(fixture, 1), ZTA_OK);
    assert_int_equal(publish(fixture, 2), ZTA_OK);
    assert_int_equal(read_now(fixture), 1);
    zta_ring_release(fixture->segment, fixture->cursor);
    assert_int_equal(read_now(fixture), 2);

    fixture->cursor = 0; /* a reader with nothing stored */
    assert_int_equal(read_now(fixture), 2);
    assert_int_equal(fixture->cursor, 2);
}

static void release_goes_no_further_than_what_is_settled(void **state)
{
    struct fixture *fixture = *state;
    struct ring_test_stuck stuck;
    assert_int_equal(publish(fixture, 1), ZTA_OK);
    assert_true(ring_test_stuck_begin(fixture->segment, 2, &stuck));
    assert_int_equal(publish(fixture, 3), ZTA_OK);
    zta_ring_release(fixture->segment, 100);
    assert_int_equal(zta_ring_tail(fixture->segment), 1);
    assert_int_equal(ring_test_stuck_finish(fixture->segment, &stuck), ZTA_OK);
    zta_ring_release(fixture->segment, 100);
    assert_int_equal(zta_ring_tail(fixture->segment), 3);
}

static void publish_without_an_incarnation_is_a_counted_drop(void **state)
{
    struct fixture *fixture = *state;
    fixture->incarnation = 0;
    assert_int_equal(publish(fixture, 1), ZTA_FULL);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_PUBLISHED), 1);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_FULL), 1);
    assert_int_equal(read_now(fixture), 0);
}

/* ---- writers that do not finish ---- */

static void read_passes_over_a_dead_writer_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct ring_test_stuck stuck;
    assert_true(ring_test_stuck_begin(fixture->segment, 1, &stuck));
    assert_int_equal(publish(fixture, 2), ZTA_OK);
    assert_int_equal(read_now(fixture), 0);
    assert_int_equal(fixture->cursor, 0);
    ring_test_stuck_kill(fixture->segment, &stuck);
    assert_int_equal(read_now(fixture), 2);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 0);
    zta_ring_release(fixture->segment, fixture->cursor);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 1);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_PUBLISHED), 2);
    assert_int_equal(run_lap(fixture, 10), 0);
}

static void read_waits_for_a_living_writer_until_its_time_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct ring_test_stuck stuck;
    const int64_t before_ns = zta_clock_monotonic_ns();
    assert_true(ring_test_stuck_begin(fixture->segment, 1, &stuck));
    assert_int_equal(publish(fixture, 2), ZTA_OK);
    assert_int_equal(read_at(fixture, before_ns + ZTA_RING_CLAIM_TIMEOUT_NS - 1), 0);
    assert_int_equal(read_at(fixture, when_overdue()), 2);
    zta_ring_release(fixture->segment, fixture->cursor);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_SLOW), 1);

    assert_int_equal(ring_test_stuck_finish(fixture->segment, &stuck), ZTA_FULL);
    assert_int_equal(read_now(fixture), 0);
    assert_int_equal(ring_test_dropped(fixture->segment), 1);
}

static void writer_that_finishes_in_time_is_read_in_its_place(void **state)
{
    struct fixture *fixture = *state;
    struct ring_test_stuck stuck;
    assert_true(ring_test_stuck_begin(fixture->segment, 1, &stuck));
    assert_int_equal(publish(fixture, 2), ZTA_OK);
    assert_int_equal(read_now(fixture), 0);
    assert_int_equal(ring_test_stuck_finish(fixture->segment, &stuck), ZTA_OK);
    assert_int_equal(read_now(fixture), 1);
    assert_int_equal(read_now(fixture), 2);
}

static void slot_of_a_stopped_writer_is_lent_to_nobody_until_it_acknowledges(void **state)
{
    struct fixture *fixture = *state;
    struct ring_test_stuck stuck;
    assert_true(ring_test_stuck_begin(fixture->segment, 1, &stuck));
    assert_int_equal(read_at(fixture, when_overdue()), 0);
    zta_ring_release(fixture->segment, fixture->cursor);

    /* One number a lap falls on its slot and is spent. */
    assert_int_equal(run_lap(fixture, 100000), 1);
    assert_int_equal(run_lap(fixture, 200000), 1);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_SLOW), 3);
    const uint64_t capacity = zta_ring_capacity(fixture->segment);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_PUBLISHED), 2 * capacity + 1);

    /* It writes into the slot while the ring is full of newer events: none is torn. */
    for (uint64_t i = 0; i < capacity; i++) {
        (void)publish(fixture, 300000 + i);
    }
    assert_int_equal(ring_test_stuck_finish(fixture->segment, &stuck), ZTA_FULL);
    uint64_t n_read = 0;
    while (read_now(fixture) != 0) {
        n_read++;
    }
    assert_int_equal(n_read, capacity - 1);
    zta_ring_release(fixture->segment, fixture->cursor);
    assert_int_equal(run_lap(fixture, 400000), 0);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_SLOW), 4);
}

static void slot_of_a_stopped_writer_returns_when_it_dies(void **state)
{
    struct fixture *fixture = *state;
    struct ring_test_stuck stuck;
    assert_true(ring_test_stuck_begin(fixture->segment, 1, &stuck));
    assert_int_equal(read_at(fixture, when_overdue()), 0);
    zta_ring_release(fixture->segment, fixture->cursor);
    assert_int_equal(run_lap(fixture, 100000), 1);
    ring_test_stuck_kill(fixture->segment, &stuck);
    assert_int_equal(run_lap(fixture, 200000), 0);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_SLOW), 2);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 0);
}

static void validator_finds_a_word_that_cannot_be(void **state)
{
    struct fixture *fixture = *state;
    struct zta_error error;
    assert_int_equal(publish(fixture, 1), ZTA_OK);
    assert_int_equal(publish(fixture, 2), ZTA_OK);
    assert_int_equal(zta_ring_check(fixture->segment, &error), ZTA_OK);

    uint64_t size;
    uint64_t *words = zta_segment_area(fixture->segment, ZTA_AREA_RING, &size);
    const size_t per_slot = 896 / sizeof(*words);
    /* The word of the first slot is the one that the second slot repeats with this owner. */
    size_t at = 0;
    for (size_t i = 1; i < 2 * per_slot && at == 0; i++) {
        if (words[i] != 0 && words[i] == words[i + per_slot] &&
            words[i] >> 32 == fixture->incarnation) {
            at = i + per_slot;
        }
    }
    assert_true(at != 0);
    const uint64_t whole = words[at];
    const uint64_t broken[] = {0, whole ^ 7, whole + 8, whole - 8, whole & 0xffffffff};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        words[at] = broken[i];
        assert_int_equal(zta_ring_check(fixture->segment, &error), ZTA_CORRUPT);
        assert_non_null(strstr(error.text, "slot 1 "));
    }
    words[at] = whole;
}

/* ---- threads ---- */

#define N_WRITERS 4
#define N_EVENTS  UINT64_C(20000)
#define BACKLOG   UINT64_C(64)

struct writer {
    struct fixture *fixture;
    pthread_t thread;
    uint64_t number;
    uint64_t last_read;
    bool is_published[N_EVENTS]; /* by the writer */
    bool is_read[N_EVENTS];      /* by the reader */
};

static void *write_events(void *argument)
{
    struct writer *writer = argument;
    const struct zta_segment *segment = writer->fixture->segment;
    for (uint64_t i = 0; i < N_EVENTS; i++) {
        writer->is_published[i] =
            publish(writer->fixture, writer->number << 32 | (i + 1)) == ZTA_OK;
        /* Close behind the writers the reader meets claims that are being written. */
        while (zta_ring_head(segment) - zta_ring_tail(segment) > BACKLOG) {
            (void)sched_yield();
        }
    }
    return NULL;
}

/*
 * The reader's clock jumps ahead at times, so that living writers are passed over in the middle of
 * their copies, and slots are held, spent and acknowledged all the time.
 */
static void threads_lose_nothing_that_is_not_counted(void **state)
{
    struct fixture *fixture = *state;
    struct writer *writers = calloc(N_WRITERS, sizeof(*writers));
    assert_non_null(writers);
    for (uint64_t i = 0; i < N_WRITERS; i++) {
        writers[i].fixture = fixture;
        writers[i].number = i + 1;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_events, &writers[i]), 0);
    }
    struct fixture reader = *fixture;
    uint64_t n_settled = 0;
    for (uint64_t round = 0; n_settled < N_WRITERS * N_EVENTS; round++) {
        const uint64_t id = read_at(&reader, round % 8 == 0 ? 0 : when_overdue() + ZTA_NS_PER_S);
        if (id != 0) {
            struct writer *writer = &writers[(id >> 32) - 1];
            assert_true(id > writer->last_read);
            writer->last_read = id;
            writer->is_read[(uint32_t)id - 1] = true;
        }
        if (id != 0 && round % 16 != 0) {
            continue;
        }
        zta_ring_release(fixture->segment, reader.cursor);
        n_settled =
            zta_ring_tail(fixture->segment) + counter(fixture, ZTA_COUNTER_EVENTS_DROPPED_FULL);
    }
    uint64_t n_refused = 0;
    for (uint64_t i = 0; i < N_WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        for (uint64_t event = 0; event < N_EVENTS; event++) {
            assert_int_equal(writers[i].is_read[event], writers[i].is_published[event]);
            n_refused += !writers[i].is_published[event];
        }
    }
    assert_int_equal(ring_test_dropped(fixture->segment), n_refused);
    assert_int_equal(counter(fixture, ZTA_COUNTER_EVENTS_PUBLISHED), N_WRITERS * N_EVENTS);
    free(writers);
    fixture->cursor = reader.cursor;
    assert_int_equal(run_lap(fixture, 1), 0);
}

#define ring_test(name) cmocka_unit_test_setup_teardown(name, open_ring, close_ring)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ring_test(ring_gives_back_events_in_order),
        ring_test(ring_holds_its_capacity_and_counts_what_it_refuses),
        ring_test(ring_is_read_again_when_nothing_was_released),
        ring_test(release_goes_no_further_than_what_is_settled),
        ring_test(publish_without_an_incarnation_is_a_counted_drop),
        ring_test(read_passes_over_a_dead_writer_at_once),
        ring_test(read_waits_for_a_living_writer_until_its_time_is_over),
        ring_test(writer_that_finishes_in_time_is_read_in_its_place),
        ring_test(slot_of_a_stopped_writer_is_lent_to_nobody_until_it_acknowledges),
        ring_test(slot_of_a_stopped_writer_returns_when_it_dies),
        ring_test(validator_finds_a_word_that_cannot_be),
        ring_test(threads_lose_nothing_that_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

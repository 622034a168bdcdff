/* SPDX-License-Identifier: Apache-2.0 */
/* Events and repeats in state/: order, places, weights, look-ups, pruning, hostile bytes. */
#include "shared/store/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/block_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/repeats.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)
#define T0       (INT64_C(1900000020) * ZTA_NS_PER_S) /* begin of a window */

static struct zta_change *begin(struct scratch_store *scratch)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_begin(scratch->store, "test", &change, &error), ZTA_OK);
    return change;
}

static void commit(struct zta_change *change)
{
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static struct zta_view *look(struct scratch_store *scratch)
{
    struct zta_view *view = NULL;
    assert_int_equal(zta_view_begin(scratch->store, &view), ZTA_OK);
    return view;
}

static void make(uint64_t number, struct zta_event *event)
{
    struct scratch_event wanted = {
        .number = number,
        .time_ns = T0 + (int64_t)number * 1000000,
        .session = (uint32_t)(number % 5),
        .outcome = ZTA_OUTCOME_ALLOW,
        .reason = ZTA_REASON_OK,
    };
    scratch_event_make(&wanted, event);
}

/* n events of segment `segment` at the sequences first, first + step, …, in one change. */
static void append(struct scratch_store *scratch, uint64_t segment, uint64_t first, size_t n)
{
    struct zta_event *events = calloc(n, sizeof *events);
    uint64_t *sequences = calloc(n, sizeof *sequences);
    assert_true(events != NULL && sequences != NULL);
    for (size_t i = 0; i < n; i++) {
        sequences[i] = first + 2 * i; /* abandoned slots leave gaps */
        make(segment * 100000 + sequences[i], &events[i]);
    }
    struct zta_event_key key = {.segment_created_ns = segment, .segment_id = 1000 - segment};
    struct zta_change *change = begin(scratch);
    assert_int_equal(zta_events_append(change, &key, events, sequences, n, first + 2 * n), ZTA_OK);
    commit(change);
    free(events);
    free(sequences);
}

struct seen {
    struct zta_event_key *keys;
    size_t n;
    size_t most;
};

static bool note(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct seen *seen = context;
    struct zta_event expected;
    make(key->segment_created_ns * 100000 + key->sequence, &expected);
    assert_memory_equal(event, &expected, sizeof expected);
    assert_int_equal(key->weight, 1);
    seen->keys[seen->n++] = *key;
    return seen->n < seen->most;
}

static bool is_below(const struct zta_event_key *a, const struct zta_event_key *b)
{
    return a->segment_created_ns < b->segment_created_ns ||
           (a->segment_created_ns == b->segment_created_ns && a->sequence < b->sequence);
}

static void walks_give_every_event_in_both_orders(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    append(&scratch, 1, 0, 500);
    append(&scratch, 1, 1000, 1);
    append(&scratch, 2, 0, 499); /* a later segment counts from 0 again */
    struct zta_event_key keys[1000];
    struct seen seen = {.keys = keys, .most = SIZE_MAX};
    struct zta_view *view = look(&scratch);
    assert_int_equal(zta_event_each_back(view, note, &seen), ZTA_OK);
    assert_int_equal(seen.n, 1000);
    for (size_t i = 1; i < 1000; i++) {
        assert_true(is_below(&keys[i], &keys[i - 1]));
    }
    struct zta_event_key last;
    assert_int_equal(zta_event_last(view, &last), ZTA_OK);
    assert_memory_equal(&last, &keys[0], sizeof last);
    /* Forwards in steps of every size: each call goes on where the one before ended. */
    for (size_t step = 1; step < 400; step = step * 3 + 1) {
        struct zta_event_key after = {.sequence = 0};
        size_t n = 0;
        for (;;) {
            seen = (struct seen){.keys = keys, .most = step};
            assert_int_equal(zta_event_each_after(view, &after, note, &seen), ZTA_OK);
            if (seen.n == 0) {
                break;
            }
            assert_true(n == 0 || is_below(&after, &keys[0]));
            n += seen.n;
            after = keys[seen.n - 1];
        }
        assert_int_equal(n, 1000);
    }
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void an_empty_store_has_no_event(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_view *view = look(&scratch);
    struct zta_event_key key = {.sequence = 0};
    struct seen seen = {.most = 1};
    uint64_t cursor;
    struct zta_event event;
    struct zta_ulid id = {.bytes = {1}};
    assert_int_equal(zta_event_last(view, &key), ZTA_NOT_FOUND);
    assert_int_equal(zta_event_each_back(view, note, &seen), ZTA_OK);
    assert_int_equal(zta_event_each_after(view, &key, note, &seen), ZTA_OK);
    assert_int_equal(zta_events_cursor_get(view, 5, &cursor), ZTA_NOT_FOUND);
    assert_int_equal(zta_event_find(view, &id, &event), ZTA_NOT_FOUND);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void events_are_found_by_id_and_the_cursor_by_segment(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    append(&scratch, 3, 0, 300);
    append(&scratch, 3, 600, 10);
    struct zta_view *view = look(&scratch);
    uint64_t cursor;
    assert_int_equal(zta_events_cursor_get(view, 997, &cursor), ZTA_OK);
    assert_int_equal(cursor, 620);
    struct zta_events_progress progress;
    assert_int_equal(zta_events_progress_get(view, 997, &progress), ZTA_OK);
    assert_int_equal(progress.n_stored, 310);
    assert_int_equal(progress.n_aggregated, 0);
    for (uint64_t sequence = 0; sequence < 600; sequence++) {
        struct zta_event wanted;
        struct zta_event got;
        make(300000 + sequence, &wanted);
        enum zta_status status = zta_event_find(view, &wanted.id, &got);
        assert_int_equal(status, sequence % 2 == 0 ? ZTA_OK : ZTA_NOT_FOUND);
        if (status == ZTA_OK) {
            assert_memory_equal(&got, &wanted, sizeof got);
        }
    }
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static bool add_weight(void *context, const struct zta_event_key *key,
                       const struct zta_event *event)
{
    *(uint64_t *)context += key->weight;
    return true;
}

static void weights_say_what_a_row_stands_for(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_event events[10];
    struct zta_event_row rows[10];
    for (size_t i = 0; i < 10; i++) {
        make(i, &events[i]);
        rows[i] = (struct zta_event_row){
            .event = &events[i], .sequence = 10 * i, .weight = (uint32_t)(i + 1)};
    }
    struct zta_event_key segment = {.segment_created_ns = 1, .segment_id = 2};
    struct zta_events_progress progress = {.cursor = 100, .n_stored = 10, .n_aggregated = 45};
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_events_append_rows(change, &segment, rows, 10, &progress), ZTA_OK);
    commit(change);
    struct zta_view *view = look(&scratch);
    uint64_t sum = 0;
    struct zta_event_key all = {.sequence = 0};
    assert_int_equal(zta_event_each_after(view, &all, add_weight, &sum), ZTA_OK);
    assert_int_equal(sum, 55);
    struct zta_events_progress got;
    assert_int_equal(zta_events_progress_get(view, 2, &got), ZTA_OK);
    assert_memory_equal(&got, &progress, sizeof got);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void an_earlier_segment_after_a_clock_step_is_stored_too(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    append(&scratch, 2, 0, 50);
    append(&scratch, 1, 0, 50);
    struct zta_view *view = look(&scratch);
    uint64_t bytes;
    uint64_t n;
    assert_int_equal(zta_events_size(view, &bytes, &n), ZTA_OK);
    assert_int_equal(n, 100);
    assert_true(bytes > 0);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void pruning_removes_old_blocks_with_their_ids(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    for (uint64_t i = 0; i < 20; i++) {
        append(&scratch, 1, 1000 * i, 10);
    }
    struct zta_event edge;
    make(100000 + 10000, &edge);
    uint64_t n;
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_events_prune(change, edge.time_ns, 4, &n), ZTA_OK);
    assert_int_equal(n, 40);
    assert_int_equal(zta_events_prune(change, edge.time_ns, 100, &n), ZTA_OK);
    assert_int_equal(n, 60);
    assert_int_equal(zta_events_prune(change, edge.time_ns, 100, &n), ZTA_OK);
    assert_int_equal(n, 0);
    commit(change);
    struct zta_view *view = look(&scratch);
    struct zta_event event;
    assert_int_equal(zta_event_find(view, &edge.id, &event), ZTA_OK);
    make(100000 + 9000, &edge);
    assert_int_equal(zta_event_find(view, &edge.id, &event), ZTA_NOT_FOUND);
    uint64_t bytes;
    assert_int_equal(zta_events_size(view, &bytes, &n), ZTA_OK);
    assert_int_equal(n, 100);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static bool accept(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    return key->weight > 0;
}

/*
 * Every look at the one block of the store; only ZTA_OK, ZTA_NOT_FOUND and ZTA_CORRUPT may come
 * back.
 */
static void read_all_ways(struct scratch_store *scratch, const struct zta_ulid *id)
{
    struct zta_view *view = look(scratch);
    struct zta_event event;
    struct zta_event_key key = {.segment_created_ns = 1};
    enum zta_status statuses[] = {
        zta_event_each_back(view, accept, NULL),
        zta_event_each_after(view, &key, accept, NULL),
        zta_event_last(view, &key),
        zta_event_find(view, id, &event),
    };
    zta_view_end(&view);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        assert_true(statuses[i] == ZTA_OK || statuses[i] == ZTA_NOT_FOUND ||
                    statuses[i] == ZTA_CORRUPT);
    }
}

static void hostile_blocks_are_corrupt_never_a_crash(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    append(&scratch, 1, 0, 3);
    struct zta_event first;
    make(100000, &first);
    uint8_t place[ZTA_BLOCK_KEY_SIZE];
    zta_block_key_encode(&(struct zta_event_key){.segment_created_ns = 1, .segment_id = 999},
                         place);
    struct zta_blob key = ZTA_BLOB(place, sizeof place);
    struct zta_view *view = look(&scratch);
    struct zta_blob record;
    assert_int_equal(zta_view_get(view, ZTA_TABLE_EVENTS, key, &record), ZTA_OK);
    uint8_t good[4096];
    size_t size = record.size;
    assert_true(size <= sizeof good);
    memcpy(good, record.data, size);
    zta_view_end(&view);
    uint64_t series = 1;
    for (size_t round = 0; round < 600; round++) {
        uint8_t bad[sizeof good];
        memcpy(bad, good, size);
        size_t len = round % 3 == 0 ? (size_t)scratch_random(&series) % (size + 1) : size;
        for (size_t i = 0; i < round % 5; i++) {
            bad[(size_t)scratch_random(&series) % size] = (uint8_t)scratch_random(&series);
        }
        struct zta_change *change = begin(&scratch);
        assert_int_equal(zta_change_put(change, ZTA_TABLE_EVENTS, key, ZTA_BLOB(bad, len)), ZTA_OK);
        commit(change);
        read_all_ways(&scratch, &first.id);
    }
    /* Whatever stands there can be pruned. */
    struct zta_change *change = begin(&scratch);
    uint64_t n;
    assert_int_equal(zta_events_prune(change, INT64_MAX, 10, &n), ZTA_OK);
    commit(change);
    view = look(&scratch);
    struct zta_event_key last;
    assert_int_equal(zta_event_last(view, &last), ZTA_NOT_FOUND);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void an_event_no_writer_makes_is_refused(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_event event;
    make(1, &event);
    memset(event.text_len, 255, sizeof event.text_len);
    struct zta_event_key segment = {.segment_created_ns = 1, .segment_id = 2};
    uint64_t sequence = 0;
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_events_append(change, &segment, &event, &sequence, 1, 1), ZTA_INVALID);
    zta_change_abort(&change);
    scratch_store_close(&scratch);
}

static void deny(uint32_t source, uint32_t session, int64_t time_ns, struct zta_event *event)
{
    struct scratch_event wanted = {
        .number = source,
        .time_ns = time_ns,
        .source = source,
        .session = session,
        .outcome = ZTA_OUTCOME_DENY,
        .reason = ZTA_REASON_NO_RULE,
    };
    scratch_event_make(&wanted, event);
}

static void repeats_are_told_apart_by_source_reason_route_and_window(void **state)
{
    struct zta_event base;
    deny(1, 0, T0, &base);
    struct zta_event same;
    deny(1, 0, T0 + 59 * ZTA_NS_PER_S, &same);
    struct zta_event others[5];
    deny(2, 0, T0, &others[0]);
    deny(1, 1, T0, &others[1]);
    deny(1, 0, T0 + 60 * ZTA_NS_PER_S, &others[2]);
    deny(1, 0, T0, &others[3]);
    others[3].reason = ZTA_REASON_RULE_DENIED;
    struct scratch_event route = {.number = 1,
                                  .time_ns = T0,
                                  .source = 1,
                                  .route = "/x",
                                  .outcome = ZTA_OUTCOME_DENY,
                                  .reason = ZTA_REASON_NO_RULE};
    scratch_event_make(&route, &others[4]);
    struct zta_repeat_key key;
    struct zta_repeat_key other;
    zta_repeat_key_make(&base, false, &key);
    zta_repeat_key_make(&same, false, &other);
    assert_memory_equal(&key, &other, sizeof key);
    for (size_t i = 0; i < 5; i++) {
        zta_repeat_key_make(&others[i], false, &other);
        assert_memory_not_equal(&key, &other, sizeof key);
    }
    /* Various: one row a reason. */
    zta_repeat_key_make(&base, true, &key);
    zta_repeat_key_make(&others[0], true, &other);
    assert_memory_equal(&key, &other, sizeof key);
    zta_repeat_key_make(&others[3], true, &other);
    assert_memory_not_equal(&key, &other, sizeof key);
}

static bool count_repeat(void *context, const struct zta_repeat *repeat)
{
    *(uint64_t *)context += repeat->n;
    return true;
}

static void repeats_come_back_from_their_examples_and_are_pruned(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    for (uint32_t i = 0; i < 20; i++) {
        struct zta_repeat repeat;
        memset(&repeat, 0, sizeof repeat);
        deny(i, 0, T0 + i * 30 * ZTA_NS_PER_S, &repeat.event);
        zta_repeat_key_make(&repeat.event, false, &repeat.key);
        repeat.n = i + 1;
        repeat.first_ns = repeat.event.time_ns;
        repeat.last_ns = repeat.first_ns + 5;
        repeat.n_examples = i % (ZTA_REPEAT_EXAMPLES + 1);
        for (size_t k = 0; k < repeat.n_examples; k++) {
            memset(repeat.examples[k].bytes, (int)k + 1, sizeof repeat.examples[k].bytes);
        }
        assert_int_equal(zta_repeat_put(change, &repeat), ZTA_OK);
        struct zta_repeat got;
        assert_int_equal(zta_repeat_load(change, &repeat.key, &got), ZTA_OK);
        assert_memory_equal(&got, &repeat, sizeof got);
    }
    commit(change);
    struct zta_view *view = look(&scratch);
    struct zta_event event;
    deny(7, 0, T0 + 7 * 30 * ZTA_NS_PER_S, &event);
    struct zta_repeat got;
    assert_int_equal(zta_repeat_of(view, &event, &got), ZTA_OK);
    assert_int_equal(got.n, 8);
    deny(99, 0, T0, &event);
    assert_int_equal(zta_repeat_of(view, &event, &got), ZTA_NOT_FOUND);
    uint64_t sum = 0;
    assert_int_equal(zta_repeat_each(view, 0, count_repeat, &sum), ZTA_OK);
    assert_int_equal(sum, 210);
    sum = 0;
    assert_int_equal(zta_repeat_each(view, T0 / ZTA_NS_PER_S + 540, count_repeat, &sum), ZTA_OK);
    assert_int_equal(sum, 39);
    zta_view_end(&view);
    change = begin(&scratch);
    uint64_t n;
    assert_int_equal(zta_repeats_prune(change, T0 / ZTA_NS_PER_S + 300, 3, &n), ZTA_OK);
    assert_int_equal(n, 3);
    assert_int_equal(zta_repeats_prune(change, T0 / ZTA_NS_PER_S + 300, 100, &n), ZTA_OK);
    assert_int_equal(n, 7);
    commit(change);
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_give_every_event_in_both_orders),
        cmocka_unit_test(an_empty_store_has_no_event),
        cmocka_unit_test(events_are_found_by_id_and_the_cursor_by_segment),
        cmocka_unit_test(weights_say_what_a_row_stands_for),
        cmocka_unit_test(an_earlier_segment_after_a_clock_step_is_stored_too),
        cmocka_unit_test(pruning_removes_old_blocks_with_their_ids),
        cmocka_unit_test(hostile_blocks_are_corrupt_never_a_crash),
        cmocka_unit_test(an_event_no_writer_makes_is_refused),
        cmocka_unit_test(repeats_are_told_apart_by_source_reason_route_and_window),
        cmocka_unit_test(repeats_come_back_from_their_examples_and_are_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A value that is replaced while others read it: never freed under them, freed in the end. */
#include "shared/base/current.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define N_READERS 4
#define N_READS   1000000 /* by all, while values are replaced */
#define N_SLOTS   4

struct value {
    uint64_t number;
    uint64_t again; /* the same */
};

static _Atomic size_t n_alive;

static struct value *make(uint64_t number)
{
    struct value *value = malloc(sizeof *value);
    assert_non_null(value);
    *value = (struct value){.number = number, .again = number};
    atomic_fetch_add(&n_alive, 1);
    return value;
}

static void close_value(void *closing)
{
    struct value *value = closing;
    value->again = UINT64_MAX;
    free(value);
    atomic_fetch_sub(&n_alive, 1);
}

static struct zta_current *open_current(void)
{
    struct zta_current *current = NULL;
    assert_int_equal(zta_current_open(close_value, &current), ZTA_OK);
    return current;
}

static void nothing_is_held_before_there_is_a_value(void **state)
{
    struct zta_current *current = open_current();
    struct zta_held held;
    assert_false(zta_current_acquire(current, &held));
    assert_null(zta_current_value(current));
    zta_current_close(&current);
    zta_current_close(&current);
}

static void a_held_value_stays_when_it_is_replaced(void **state)
{
    struct zta_current *current = open_current();
    struct zta_held first;
    struct zta_held second;
    assert_int_equal(zta_current_replace(current, make(1)), ZTA_OK);
    assert_true(zta_current_acquire(current, &first));
    assert_int_equal(zta_current_replace(current, make(2)), ZTA_OK);
    assert_true(zta_current_acquire(current, &second));
    assert_false(zta_current_tidy(current));
    assert_int_equal(((struct value *)first.value)->again, 1);
    assert_int_equal(((struct value *)second.value)->again, 2);
    zta_current_release(current, &first);
    assert_null(first.value);
    assert_true(zta_current_tidy(current));
    assert_int_equal(atomic_load(&n_alive), 1);
    zta_current_release(current, &second);
    zta_current_close(&current);
    assert_int_equal(atomic_load(&n_alive), 0);
}

static void one_replaces_at_a_time(void **state)
{
    struct zta_current *current = open_current();
    assert_true(zta_current_begin(current));
    assert_false(zta_current_begin(current));
    zta_current_end(current);
    assert_true(zta_current_begin(current));
    zta_current_end(current);
    zta_current_close(&current);
}

static void with_every_slot_held_the_new_value_stays_the_callers(void **state)
{
    struct zta_current *current = open_current();
    struct zta_held held[N_SLOTS];
    for (uint64_t i = 0; i < N_SLOTS; i++) {
        assert_int_equal(zta_current_replace(current, make(i)), ZTA_OK);
        assert_true(zta_current_acquire(current, &held[i]));
    }
    struct value *late = make(N_SLOTS);
    assert_int_equal(zta_current_replace(current, late), ZTA_BUSY);
    assert_int_equal(((struct value *)zta_current_value(current))->number, N_SLOTS - 1);
    zta_current_release(current, &held[0]);
    assert_int_equal(zta_current_replace(current, late), ZTA_OK);
    for (size_t i = 1; i < N_SLOTS; i++) {
        assert_int_equal(((struct value *)held[i].value)->again, i);
        zta_current_release(current, &held[i]);
    }
    zta_current_close(&current);
    assert_int_equal(atomic_load(&n_alive), 0);
}

struct race {
    struct zta_current *current;
    _Atomic bool is_over;
    _Atomic uint64_t n_faults;
    _Atomic uint64_t n_reads;
};

/* What a thread sees never goes back, and is whole. */
static void *read_on(void *context)
{
    struct race *race = context;
    uint64_t last = 0;
    while (!atomic_load_explicit(&race->is_over, memory_order_relaxed)) {
        struct zta_held held;
        if (!zta_current_acquire(race->current, &held)) {
            atomic_fetch_add(&race->n_faults, 1);
            continue;
        }
        const struct value *value = held.value;
        if (value->number != value->again || value->number < last) {
            atomic_fetch_add(&race->n_faults, 1);
        }
        last = value->number;
        zta_current_release(race->current, &held);
        atomic_fetch_add_explicit(&race->n_reads, 1, memory_order_relaxed);
    }
    return NULL;
}

static void readers_see_whole_values_while_they_are_replaced(void **state)
{
    struct race race = {.current = open_current()};
    pthread_t readers[N_READERS];
    assert_int_equal(zta_current_replace(race.current, make(1)), ZTA_OK);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, &race), 0);
    }
    for (uint64_t i = 2; atomic_load(&race.n_reads) < N_READS; i++) {
        struct value *value = make(i);
        while (zta_current_replace(race.current, value) == ZTA_BUSY) {
        }
    }
    atomic_store(&race.is_over, true);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&race.n_faults), 0);
    zta_current_close(&race.current);
    assert_int_equal(atomic_load(&n_alive), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_held_before_there_is_a_value),
        cmocka_unit_test(a_held_value_stays_when_it_is_replaced),
        cmocka_unit_test(one_replaces_at_a_time),
        cmocka_unit_test(with_every_slot_held_the_new_value_stays_the_callers),
        cmocka_unit_test(readers_see_whole_values_while_they_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

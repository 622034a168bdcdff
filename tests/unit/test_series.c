/* SPDX-License-Identifier: Apache-2.0 */
/* Time series: exact sums over minutes, hours and days, records, retention, censuses. */
#include "shared/store/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/records_priv.h"
#include "shared/store/series_priv.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)
#define T0_S     INT64_C(1900000020) /* begin of a minute */

static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
static const int64_t keep_all[ZTA_N_SERIES_SPANS] = {INT64_MIN, INT64_MIN, INT64_MIN};

/* ---- the store of a test ---- */

static void write_minute(struct zta_store *store, const struct zta_series_point *minute,
                         const int64_t oldest_s[ZTA_N_SERIES_SPANS])
{
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    assert_int_equal(zta_change_begin(store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_series_write(change, minute, oldest_s), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

struct found {
    size_t n;
    int64_t last_s;
    struct zta_series_point sum;
};

static bool add_point(void *context, const struct zta_series_point *point)
{
    struct found *found = context;
    assert_true(found->n == 0 || point->begin_s > found->last_s);
    found->last_s = point->begin_s;
    found->n++;
    zta_series_add(&found->sum, point);
    return true;
}

static void find(struct zta_store *store, enum zta_series_span span, int64_t from_s,
                 int64_t until_s, struct found *found)
{
    struct zta_view *view;
    memset(found, 0, sizeof *found);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_series_each(view, span, from_s, until_s, add_point, found), ZTA_OK);
    zta_view_end(&view);
}

/* ---- events ---- */

static const char *const routes[] = {"/orders", "/billing", "/admin", ""};

static void make_event(uint64_t *series, int64_t time_s, struct zta_event *event)
{
    const uint64_t chance = scratch_random(series);
    const struct scratch_event wanted = {
        .number = chance,
        .time_ns = time_s * ZTA_NS_PER_S + (int64_t)(chance % 1000000),
        .source = (uint32_t)(chance >> 8) % 200,
        .session = (uint32_t)(chance >> 16) % 300,
        .outcome = (uint8_t)((chance >> 24) % (ZTA_OUTCOME_CHALLENGE + 1)),
        .reason = (uint8_t)((chance >> 32) % ZTA_N_REASONS),
        .route = routes[(chance >> 40) % 4],
    };
    scratch_event_make(&wanted, event);
    event->latency_us = (uint32_t)(scratch_random(series) >> (32 + chance % 30));
    event->stage = (uint8_t)(chance % (ZTA_STAGE_MAX + 1));
    event->bytes_out = chance % 10000;
}

static void assert_same(const struct zta_series_point *a, const struct zta_series_point *b)
{
    assert_memory_equal(a->counts, b->counts, sizeof a->counts);
    assert_memory_equal(a->reasons, b->reasons, sizeof a->reasons);
    assert_memory_equal(a->latencies, b->latencies, sizeof a->latencies);
    assert_memory_equal(a->distinct, b->distinct, sizeof a->distinct);
    assert_int_equal(a->n_routes, b->n_routes);
    assert_int_equal(a->others.n, b->others.n);
    assert_int_equal(a->others.n_refused, b->others.n_refused);
    for (size_t i = 0; i < a->n_routes; i++) {
        size_t k = 0;
        while (k < b->n_routes && strcmp(a->routes[i].name, b->routes[k].name) != 0) {
            k++;
        }
        assert_true(k < b->n_routes);
        assert_int_equal(a->routes[i].n, b->routes[k].n);
        assert_int_equal(a->routes[i].n_refused, b->routes[k].n_refused);
    }
}

static void minutes_hours_and_days_have_the_same_sums(void **state)
{
    enum {
        BATCHES = 300,
        EVENTS = 20,
        SPAN_S = 4 * 86400
    };
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_series_point all = {.begin_s = 0};
    struct zta_series_point minute;
    struct zta_event event;
    uint64_t series = 1;
    /* Any order: clocks step, requests last long, and end when later ones have. */
    for (int i = 0; i < BATCHES; i++) {
        const int64_t time_s = T0_S + (int64_t)(scratch_random(&series) % SPAN_S);
        memset(&minute, 0, sizeof minute);
        minute.begin_s = zta_series_begin_s(ZTA_SERIES_MINUTE, time_s);
        for (int k = 0; k < EVENTS; k++) {
            make_event(&series, minute.begin_s + k, &event);
            zta_series_note(&minute, &event, &key);
            zta_series_note(&all, &event, &key);
        }
        write_minute(scratch.store, &minute, keep_all);
    }
    struct found *found = calloc(1, sizeof *found);
    assert_non_null(found);
    size_t n_before = SIZE_MAX;
    for (unsigned span = 0; span < ZTA_N_SERIES_SPANS; span++) {
        find(scratch.store, (enum zta_series_span)span, 0, INT64_MAX, found);
        assert_same(&found->sum, &all);
        assert_true(found->n < n_before);
        n_before = found->n;
        for (int percent = 1; percent <= 100; percent++) {
            assert_int_equal(zta_series_latency_us(&found->sum, percent / 100.0),
                             zta_series_latency_us(&all, percent / 100.0));
        }
    }
    assert_int_equal(zta_series_requests(&all), BATCHES * EVENTS);
    /* Each hour is the sum of its own minutes. */
    struct found *minutes = calloc(1, sizeof *minutes);
    assert_non_null(minutes);
    for (int64_t at = T0_S - T0_S % 3600; at < T0_S + SPAN_S; at += 3600) {
        find(scratch.store, ZTA_SERIES_HOUR, at, at + 3600, found);
        find(scratch.store, ZTA_SERIES_MINUTE, at, at + 3600, minutes);
        assert_same(&found->sum, &minutes->sum);
        assert_true(found->n <= 1);
    }
    struct zta_error error = {.text = ""};
    zta_store_close(&scratch.store);
    assert_int_equal(zta_store_check(scratch.dir, true, &error), ZTA_OK);
    free(minutes);
    free(found);
    scratch_store_close(&scratch);
}

static void quantiles_are_within_a_sixteenth(void **state)
{
    static const uint32_t latencies[] = {0,  1,   7,   8,     9,        15,
                                         16, 100, 999, 54321, 1u << 31, UINT32_MAX};
    for (size_t i = 0; i < sizeof latencies / sizeof latencies[0]; i++) {
        struct zta_series_point point = {.begin_s = 0};
        struct zta_event event;
        uint64_t series = 1;
        make_event(&series, T0_S, &event);
        event.latency_us = latencies[i];
        zta_series_note(&point, &event, &key);
        const double found = (double)zta_series_latency_us(&point, 0.5);
        const double wanted = latencies[i];
        assert_true(found >= wanted * (1 - 1 / 16.0) - 1 && found <= wanted * (1 + 1 / 16.0) + 1);
    }
}

static void routes_beyond_the_bound_share_a_count(void **state)
{
    struct zta_series_point point = {.begin_s = 0};
    struct zta_series_point twice = {.begin_s = 0};
    struct zta_event event;
    char route[200];
    for (int i = 0; i < ZTA_SERIES_ROUTES + 10; i++) {
        (void)snprintf(route, sizeof route, "/%03d%0150d", i, 0);
        const struct scratch_event wanted = {.time_ns = T0_S * ZTA_NS_PER_S, .route = route};
        scratch_event_make(&wanted, &event);
        zta_series_note(&point, &event, &key);
    }
    assert_int_equal(point.n_routes, ZTA_SERIES_ROUTES);
    assert_int_equal(point.others.n, 10);
    assert_int_equal(point.others.n_refused, 10);
    assert_int_equal(strlen(point.routes[0].name), ZTA_SERIES_ROUTE_MAX);
    zta_series_add(&twice, &point);
    zta_series_add(&twice, &point);
    assert_int_equal(twice.n_routes, ZTA_SERIES_ROUTES);
    assert_int_equal(twice.routes[5].n, 2);
    assert_int_equal(twice.others.n, 20);
}

static void only_who_was_let_in_is_told_apart(void **state)
{
    struct zta_series_point point = {.begin_s = 0};
    struct zta_event event;
    for (uint32_t i = 1; i <= 3000; i++) {
        const struct scratch_event wanted = {.number = i,
                                             .time_ns = T0_S * ZTA_NS_PER_S,
                                             .session = i,
                                             .source = i % 50,
                                             .outcome =
                                                 i <= 1000 ? ZTA_OUTCOME_ALLOW : ZTA_OUTCOME_DENY};
        scratch_event_make(&wanted, &event);
        zta_series_note(&point, &event, &key);
    }
    const uint64_t sessions = zta_census_count(&point.distinct[ZTA_SERIES_SESSIONS]);
    const uint64_t subjects = zta_census_count(&point.distinct[ZTA_SERIES_SUBJECTS]);
    const uint64_t sources = zta_census_count(&point.distinct[ZTA_SERIES_REFUSED_FROM]);
    assert_in_range(sessions, 900, 1100);
    assert_in_range(subjects, 900, 1100);
    assert_in_range(sources, 48, 52);
}

static void censuses_count_within_their_error_and_merge(void **state)
{
    struct zta_census whole = {.ranks = {0}};
    struct zta_census parts[2] = {{.ranks = {0}}, {.ranks = {0}}};
    uint64_t series = 3;
    uint64_t n = 0;
    assert_int_equal(zta_census_count(&whole), 0);
    for (uint64_t most = 1; most <= 1000000; most *= 10) {
        for (; n < most; n++) {
            const uint64_t hash = scratch_random(&series);
            zta_census_add(&whole, hash);
            zta_census_add(&whole, hash);
            zta_census_add(&parts[n % 2], hash);
        }
        const double found = (double)zta_census_count(&whole);
        assert_true(found > 0.88 * (double)n && found < 1.12 * (double)n);
    }
    zta_census_merge(&parts[0], &parts[1]);
    assert_memory_equal(&parts[0], &whole, sizeof whole);
}

/* ---- records ---- */

static void records_come_back_and_damaged_ones_are_refused(void **state)
{
    static uint8_t record[ZTA_SERIES_RECORD_MAX];
    static uint8_t again[ZTA_SERIES_RECORD_MAX];
    struct zta_series_point point;
    struct zta_series_point read = {.begin_s = T0_S};
    struct zta_event event;
    uint64_t series = 7;
    size_t n_refused = 0;
    for (int round = 0; round < 400; round++) {
        memset(&point, 0, sizeof point);
        for (int i = 0; i < round * 5; i++) {
            make_event(&series, T0_S, &event);
            zta_series_note(&point, &event, &key);
        }
        point.counts[ZTA_SERIES_DROPPED] = scratch_random(&series) >> (round % 64);
        const size_t size = zta_series_encode(&point, record);
        assert_int_equal(zta_series_decode(ZTA_BLOB(record, size), &read), ZTA_OK);
        assert_same(&read, &point);
        for (int i = 0; i < 20; i++) {
            const size_t at = (size_t)scratch_random(&series) % size;
            const uint8_t byte = record[at];
            const size_t cut = i % 4 == 0 ? at : size;
            record[at] = (uint8_t)scratch_random(&series);
            if (zta_series_decode(ZTA_BLOB(record, cut), &read) != ZTA_OK) {
                n_refused++;
            }
            else if (cut == size) {
                /* What is taken says the same when it is written. */
                const size_t new_size = zta_series_encode(&read, again);
                assert_int_equal(zta_series_decode(ZTA_BLOB(again, new_size), &point), ZTA_OK);
            }
            record[at] = byte;
        }
    }
    assert_true(n_refused > 1000);
    assert_int_equal(zta_series_decode(ZTA_BLOB(record, 0), &read), ZTA_CORRUPT);
}

static void a_damaged_sum_begins_anew_and_keeps_no_event_out(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_series_point minute = {.begin_s = T0_S};
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    uint8_t place[ZTA_SERIES_KEY_SIZE] = {ZTA_SERIES_DAY};
    zta_put_u64(place + 1, (uint64_t)zta_series_begin_s(ZTA_SERIES_DAY, T0_S));
    minute.counts[ZTA_SERIES_OUTCOME + ZTA_OUTCOME_ALLOW] = 5;
    assert_int_equal(zta_change_begin(scratch.store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_change_put(change, ZTA_TABLE_SERIES, ZTA_BLOB(place, sizeof place),
                                    ZTA_BLOB("damaged", 7)),
                     ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    write_minute(scratch.store, &minute, keep_all);
    struct found *found = calloc(1, sizeof *found);
    assert_non_null(found);
    find(scratch.store, ZTA_SERIES_DAY, 0, INT64_MAX, found);
    assert_int_equal(zta_series_requests(&found->sum), 5);
    free(found);
    scratch_store_close(&scratch);
}

/* ---- retention ---- */

static void points_go_by_their_span_and_old_ones_are_not_begun(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    const int64_t noon_s = T0_S - T0_S % 86400 + 43200;
    const int64_t oldest_s[ZTA_N_SERIES_SPANS] = {noon_s, noon_s - 3600, INT64_MIN};
    struct zta_series_point minute = {.begin_s = 0};
    minute.counts[ZTA_SERIES_OUTCOME + ZTA_OUTCOME_ALLOW] = 1;
    for (int64_t at = noon_s - 7200; at < noon_s + 600; at += 60) {
        minute.begin_s = at;
        write_minute(scratch.store, &minute, oldest_s);
    }
    struct found *found = calloc(1, sizeof *found);
    assert_non_null(found);
    static const uint64_t kept[ZTA_N_SERIES_SPANS] = {10, 70, 130};
    for (unsigned span = 0; span < ZTA_N_SERIES_SPANS; span++) {
        find(scratch.store, (enum zta_series_span)span, 0, INT64_MAX, found);
        assert_int_equal(zta_series_requests(&found->sum), kept[span]);
    }
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    uint64_t n = 0;
    assert_int_equal(zta_change_begin(scratch.store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_series_prune(change, ZTA_SERIES_MINUTE, noon_s + 300, 3, &n), ZTA_OK);
    assert_int_equal(n, 3);
    assert_int_equal(zta_series_prune(change, ZTA_SERIES_MINUTE, noon_s + 300, 100, &n), ZTA_OK);
    assert_int_equal(n, 2);
    assert_int_equal(zta_series_prune(change, ZTA_SERIES_HOUR, INT64_MAX, 100, &n), ZTA_OK);
    assert_int_equal(n, 2);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    struct zta_view *view;
    int64_t begin_s;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_series_oldest(view, ZTA_SERIES_MINUTE, &begin_s), ZTA_OK);
    assert_int_equal(begin_s, noon_s + 300);
    assert_int_equal(zta_series_oldest(view, ZTA_SERIES_HOUR, &begin_s), ZTA_NOT_FOUND);
    assert_int_equal(zta_series_oldest(view, ZTA_SERIES_DAY, &begin_s), ZTA_OK);
    assert_int_equal(begin_s, noon_s - 43200);
    zta_view_end(&view);
    free(found);
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_hours_and_days_have_the_same_sums),
        cmocka_unit_test(quantiles_are_within_a_sixteenth),
        cmocka_unit_test(routes_beyond_the_bound_share_a_count),
        cmocka_unit_test(only_who_was_let_in_is_told_apart),
        cmocka_unit_test(censuses_count_within_their_error_and_merge),
        cmocka_unit_test(records_come_back_and_damaged_ones_are_refused),
        cmocka_unit_test(a_damaged_sum_begins_anew_and_keeps_no_event_out),
        cmocka_unit_test(points_go_by_their_span_and_old_ones_are_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

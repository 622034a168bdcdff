/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the totals of finished requests: nothing is lost among processes, buckets are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/live/totals.h"
#include "tests/unit/ring_support.h"

enum {
    N_PROCESSES = 4,
    N_EACH = 20000,
};

static int open_segment(void **state)
{
    *state = ring_test_open();
    return 0;
}

static int close_segment(void **state)
{
    struct zta_segment *segment = *state;
    ring_test_close(&segment);
    return 0;
}

static struct zta_finished finished(uint8_t stage, enum zta_outcome outcome, enum zta_reason reason)
{
    return (struct zta_finished){
        .stage = stage, .outcome = outcome, .reason = reason, .durations_ns = {-1, -1}};
}

static uint64_t sum_of_decisions(const struct zta_segment *segment)
{
    uint64_t sum = 0;
    for (uint8_t stage = 0; stage < ZTA_TOTALS_STAGES; stage++) {
        for (unsigned outcome = 0; outcome < ZTA_TOTALS_OUTCOMES; outcome++) {
            for (unsigned reason = 0; reason < ZTA_N_REASONS; reason++) {
                sum += zta_totals_decisions(segment, stage, (enum zta_outcome)outcome,
                                            (enum zta_reason)reason);
            }
        }
    }
    return sum;
}

static void each_request_is_counted_where_it_belongs(void **state)
{
    static const struct {
        enum zta_outcome outcome;
        enum zta_reason reason;
        bool is_monitored;
        enum zta_outcome monitor_outcome;
        enum zta_reason monitor_reason;
        enum zta_counter counters[3]; /* that rise; REQUESTS for none further */
    } rows[] = {
        {.outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK, .counters = {ZTA_COUNTER_ALLOWED}},
        {.outcome = ZTA_OUTCOME_ALLOW,
         .reason = ZTA_REASON_OK,
         .is_monitored = true,
         .monitor_outcome = ZTA_OUTCOME_DENY,
         .monitor_reason = ZTA_REASON_NO_RULE,
         .counters = {ZTA_COUNTER_ALLOWED, ZTA_COUNTER_MONITOR_WOULD_DENY}},
        {.outcome = ZTA_OUTCOME_CHALLENGE,
         .reason = ZTA_REASON_NO_CREDENTIAL,
         .counters = {ZTA_COUNTER_DENIED, ZTA_COUNTER_UNAUTHENTICATED}},
        {.outcome = ZTA_OUTCOME_THROTTLE,
         .reason = ZTA_REASON_RATE_LIMITED,
         .counters = {ZTA_COUNTER_DENIED, ZTA_COUNTER_LIMITED}},
        {.outcome = ZTA_OUTCOME_DENY,
         .reason = ZTA_REASON_STORE_UNAVAILABLE,
         .is_monitored = true,
         .monitor_outcome = ZTA_OUTCOME_DENY,
         .monitor_reason = ZTA_REASON_NO_RULE,
         .counters = {ZTA_COUNTER_DENIED}},
    };
    uint64_t expected[ZTA_N_COUNTERS] = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zta_finished one = finished((uint8_t)i, rows[i].outcome, rows[i].reason);
        one.is_monitored = rows[i].is_monitored;
        one.monitor_outcome = rows[i].monitor_outcome;
        one.monitor_reason = rows[i].monitor_reason;
        zta_totals_add(*state, &one);
        expected[ZTA_COUNTER_REQUESTS]++;
        for (size_t k = 0; k < 3; k++) {
            expected[rows[i].counters[k]] += rows[i].counters[k] != ZTA_COUNTER_REQUESTS;
        }
        assert_int_equal(zta_totals_decisions(*state, (uint8_t)i, rows[i].outcome, rows[i].reason),
                         1);
    }
    assert_int_equal(sum_of_decisions(*state), 5);
    assert_int_equal(zta_totals_monitored(*state, ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE), 2);
    assert_int_equal(zta_totals_monitored(*state, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK), 0);
    for (unsigned i = 0; i < ZTA_N_COUNTERS; i++) {
        assert_int_equal(zta_counter_get(*state, (enum zta_counter)i), expected[i]);
    }
}

static void durations_fall_into_the_first_bucket_that_holds_them(void **state)
{
    for (unsigned d = 0; d < ZTA_N_DURATIONS; d++) {
        const struct zta_duration_bound *bounds = zta_duration_bounds((enum zta_duration)d);
        struct zta_finished one = finished(1, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK);
        uint64_t total_ns = 0;
        struct zta_duration_sum sum;
        for (unsigned b = 0; b < ZTA_DURATION_BUCKETS; b++) {
            const int64_t ns = b + 1 < ZTA_DURATION_BUCKETS ? bounds[b].ns : bounds[b - 1].ns + 1;
            /* The text says the same as the number. */
            assert_true(b == 0 || bounds[b].ns > bounds[b - 1].ns);
            if (b + 1 < ZTA_DURATION_BUCKETS) {
                assert_int_equal((int64_t)(strtod(bounds[b].text, NULL) * 1e9 + 0.5), ns);
            }
            one.durations_ns[d] = ns;
            zta_totals_add(*state, &one);
            total_ns += (uint64_t)ns;
        }
        assert_string_equal(bounds[ZTA_DURATION_BUCKETS - 1].text, "+Inf");
        one.durations_ns[d] = -1; /* was not measured */
        zta_totals_add(*state, &one);
        zta_totals_durations(*state, (enum zta_duration)d, &sum);
        for (unsigned b = 0; b < ZTA_DURATION_BUCKETS; b++) {
            assert_int_equal(sum.buckets[b], 1);
        }
        assert_int_equal(sum.total_ns, total_ns);
    }
}

static void processes_that_count_at_once_lose_nothing(void **state)
{
    pid_t pids[N_PROCESSES];
    for (unsigned p = 0; p < N_PROCESSES; p++) {
        pids[p] = fork();
        assert_true(pids[p] >= 0);
        if (pids[p] == 0) {
            struct zta_finished one = finished(2, ZTA_OUTCOME_DENY, ZTA_REASON_BLOCKED);
            one.durations_ns[ZTA_DURATION_REQUEST] = 3;
            for (unsigned i = 0; i < N_EACH; i++) {
                zta_totals_add(*state, &one);
            }
            _exit(EXIT_SUCCESS);
        }
    }
    /* Whoever looks meanwhile sees numbers that only grow. */
    uint64_t before = 0;
    for (unsigned i = 0; i < 200; i++) {
        const uint64_t now = sum_of_decisions(*state);
        assert_true(now >= before);
        before = now;
    }
    for (unsigned p = 0; p < N_PROCESSES; p++) {
        int status = -1;
        assert_int_equal(waitpid(pids[p], &status, 0), pids[p]);
        assert_int_equal(status, 0);
    }
    struct zta_duration_sum sum;
    zta_totals_durations(*state, ZTA_DURATION_REQUEST, &sum);
    assert_int_equal(sum.buckets[0], N_PROCESSES * N_EACH);
    assert_int_equal(sum.total_ns, 3 * N_PROCESSES * N_EACH);
    assert_int_equal(zta_totals_decisions(*state, 2, ZTA_OUTCOME_DENY, ZTA_REASON_BLOCKED),
                     N_PROCESSES * N_EACH);
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_REQUESTS), N_PROCESSES * N_EACH);
}

#define ON_SEGMENT(test) cmocka_unit_test_setup_teardown(test, open_segment, close_segment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SEGMENT(each_request_is_counted_where_it_belongs),
        ON_SEGMENT(durations_fall_into_the_first_bucket_that_holds_them),
        ON_SEGMENT(processes_that_count_at_once_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines: what becomes usual, when anything is known, and what is forgotten. */
#include "shared/risk/baseline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define DAY_S  INT64_C(86400)
#define HOUR_S INT64_C(3600)
/* Monday 2030-03-18, 00:00 UTC. */
#define MONDAY_S INT64_C(1900022400)

#define BIT(habit) (1u << (habit))

/* What alice does each day: the same network, country, device, agent and route. */
static struct zta_lesson usual_lesson(int64_t time_s)
{
    return (struct zta_lesson){
        .facts =
            {
                .time_s = time_s,
                .addr = {.bytes = {192, 0, 2, 7}, .family = 4},
                .asn = 64500,
                .country = ZTA_TEXT("CH"),
                .device = ZTA_TEXT("laptop-1"),
                .route = ZTA_TEXT("/orders"),
                .agent = ZTA_TEXT("curl/8.5.0"),
            },
        .n_requests = 1,
        .is_allowed = true,
    };
}

static struct zta_answers ask(const struct zta_baseline *baseline,
                              const struct zta_habit_facts *facts)
{
    struct zta_habit_values values;
    struct zta_answers usual;
    zta_habit_values_make(facts, &values);
    zta_baseline_answer(baseline, &values, &usual);
    return usual;
}

/* n requests a minute apart from 09:00 on. */
static void work(struct zta_baseline *baseline, int64_t day_s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct zta_lesson lesson = usual_lesson(day_s + 9 * HOUR_S + 60 * (int64_t)i);
        (void)zta_baseline_learn(baseline, &lesson);
    }
}

static void warm(struct zta_baseline *baseline, unsigned n_days)
{
    memset(baseline, 0, sizeof *baseline);
    for (unsigned day = 0; day < n_days; day++) {
        work(baseline, MONDAY_S + day * DAY_S, 20);
    }
}

static bool is_unusual(struct zta_answers usual, enum zta_habit habit)
{
    return (usual.known & BIT(habit)) != 0 && (usual.yes & BIT(habit)) == 0;
}

static bool is_usual(struct zta_answers usual, enum zta_habit habit)
{
    return (usual.known & usual.yes & BIT(habit)) != 0;
}

static void nothing_is_known_before_enough_days_and_requests(void **state)
{
    static const struct {
        unsigned days;
        unsigned requests;
        bool is_known;
    } rows[] = {
        {.days = 1, .requests = 5000, .is_known = false},
        {.days = ZTA_WARM_DAYS - 1, .requests = 50, .is_known = false},
        {.days = ZTA_WARM_DAYS, .requests = 14, .is_known = false}, /* 98 */
        {.days = ZTA_WARM_DAYS, .requests = 15, .is_known = true},
        {.days = 60, .requests = 1, .is_known = false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_baseline baseline = {.n_requests = 0};
        for (unsigned day = 0; day < rows[i].days; day++) {
            work(&baseline, MONDAY_S + day * DAY_S, rows[i].requests);
        }
        struct zta_lesson now = usual_lesson(MONDAY_S + rows[i].days * DAY_S);
        now.facts.agent = ZTA_TEXT("other/1");
        const struct zta_answers usual = ask(&baseline, &now.facts);
        assert_int_equal(is_unusual(usual, ZTA_HABIT_AGENT), rows[i].is_known);
        assert_int_equal(is_usual(usual, ZTA_HABIT_COUNTRY), rows[i].is_known);
    }
}

static void a_warm_baseline_tells_usual_from_unusual(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 10);
    struct zta_lesson now = usual_lesson(MONDAY_S + 10 * DAY_S + 9 * HOUR_S);
    const uint8_t lists = BIT(ZTA_HABIT_NETWORK) | BIT(ZTA_HABIT_COUNTRY) | BIT(ZTA_HABIT_DEVICE) |
                          BIT(ZTA_HABIT_AGENT) | BIT(ZTA_HABIT_ROUTE) | BIT(ZTA_HABIT_RATE);
    assert_int_equal(ask(&baseline, &now.facts).known, lists);
    assert_int_equal(ask(&baseline, &now.facts).yes, lists);

    now.facts.country = ZTA_TEXT("FR");
    now.facts.device = ZTA_TEXT("laptop-2");
    now.facts.route = ZTA_TEXT("/admin");
    now.facts.agent = ZTA_TEXT("python-requests/2.31");
    now.facts.addr.bytes[0] = 203;
    now.facts.asn = 64501;
    assert_int_equal(ask(&baseline, &now.facts).known, lists);
    assert_int_equal(ask(&baseline, &now.facts).yes, BIT(ZTA_HABIT_RATE));
}

/* A habit begins somewhere: while nothing is known, once is enough. */
static void what_is_seen_while_it_is_cold_becomes_usual(void **state)
{
    struct zta_baseline baseline = {.n_requests = 0};
    struct zta_lesson once = usual_lesson(MONDAY_S);
    once.facts.country = ZTA_TEXT("FR");
    (void)zta_baseline_learn(&baseline, &once);
    for (unsigned day = 0; day < 8; day++) {
        work(&baseline, MONDAY_S + day * DAY_S, 20);
    }
    once.facts.time_s = MONDAY_S + 8 * DAY_S;
    assert_true(is_usual(ask(&baseline, &once.facts), ZTA_HABIT_COUNTRY));
}

static void either_the_network_or_its_system_is_enough(void **state)
{
    static const struct {
        struct zta_addr addr;
        uint32_t asn;
        bool is_usual;
    } rows[] = {
        {.addr = {.bytes = {192, 0, 2, 200}, .family = 4}, .is_usual = true},
        {.addr = {.bytes = {192, 0, 3, 7}, .family = 4}, .is_usual = false},
        {.addr = {.bytes = {192, 0, 3, 7}, .family = 4}, .asn = 64500, .is_usual = true},
        {.addr = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 7}, .family = 6}, .is_usual = false},
        {.addr = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 7}, .family = 6},
         .asn = 64500,
         .is_usual = true},
    };
    struct zta_baseline baseline;
    warm(&baseline, 8);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_lesson now = usual_lesson(MONDAY_S + 8 * DAY_S);
        now.facts.addr = rows[i].addr;
        now.facts.asn = rows[i].asn;
        assert_int_equal(is_usual(ask(&baseline, &now.facts), ZTA_HABIT_NETWORK), rows[i].is_usual);
    }
}

static void an_unknown_fact_is_neither(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 8);
    struct zta_lesson now = usual_lesson(MONDAY_S + 8 * DAY_S);
    now.facts.country = now.facts.device = now.facts.route = (struct zta_text){.data = NULL};
    now.facts.addr.family = 0;
    now.facts.asn = 0;
    now.facts.hidden = BIT(ZTA_HABIT_AGENT);
    assert_int_equal(ask(&baseline, &now.facts).known, BIT(ZTA_HABIT_RATE));
    /* No agent is no unknown one: leaving it out helps nobody. */
    now.facts.hidden = 0;
    now.facts.agent = (struct zta_text){.data = NULL};
    assert_true(is_unusual(ask(&baseline, &now.facts), ZTA_HABIT_AGENT));
}

static void a_habit_that_was_never_seen_stays_unknown(void **state)
{
    struct zta_baseline baseline = {.n_requests = 0};
    for (unsigned i = 0; i < 300; i++) {
        struct zta_lesson lesson = usual_lesson(MONDAY_S + i * DAY_S / 10);
        lesson.facts.country = (struct zta_text){.data = NULL}; /* no ZTAGeoDB then */
        (void)zta_baseline_learn(&baseline, &lesson);
    }
    const struct zta_lesson now = usual_lesson(MONDAY_S + 30 * DAY_S);
    const struct zta_answers usual = ask(&baseline, &now.facts);
    assert_false((usual.known & BIT(ZTA_HABIT_COUNTRY)) != 0);
    assert_true(is_usual(usual, ZTA_HABIT_AGENT));
}

static void a_new_value_is_usual_on_its_third_day(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 10);
    for (unsigned day = 10; day < 14; day++) {
        struct zta_lesson lesson = usual_lesson(MONDAY_S + day * DAY_S);
        lesson.facts.country = ZTA_TEXT("FR");
        for (unsigned i = 0; i < 1000; i++) {
            /* Of the answers only that of the country changes, on its third day. */
            const bool is_changed = zta_baseline_learn(&baseline, &lesson);
            assert_int_equal(is_changed, (day == 12 && i == 0) || (i == ZTA_RATE_FLOOR));
            assert_int_equal(is_usual(ask(&baseline, &lesson.facts), ZTA_HABIT_COUNTRY), day >= 12);
        }
    }
}

static void refused_requests_teach_nothing(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 10);
    for (unsigned day = 10; day < 40; day++) {
        struct zta_lesson lesson = usual_lesson(MONDAY_S + day * DAY_S);
        lesson.facts.country = ZTA_TEXT("FR");
        lesson.is_allowed = false;
        (void)zta_baseline_learn(&baseline, &lesson);
        assert_true(is_unusual(ask(&baseline, &lesson.facts), ZTA_HABIT_COUNTRY));
    }
    assert_int_equal(baseline.n_requests, 200);
}

static void what_is_not_seen_for_ninety_days_goes(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 10);
    struct zta_lesson other = usual_lesson(0);
    other.facts.country = ZTA_TEXT("FR");
    for (unsigned day = 10; day < 9 + ZTA_FORGET_DAYS + 3; day++) {
        other.facts.time_s = MONDAY_S + day * DAY_S;
        (void)zta_baseline_learn(&baseline, &other);
        const struct zta_lesson home = usual_lesson(other.facts.time_s);
        assert_int_equal(is_usual(ask(&baseline, &home.facts), ZTA_HABIT_COUNTRY),
                         day <= 9 + ZTA_FORGET_DAYS);
        assert_true(is_usual(ask(&baseline, &home.facts), ZTA_HABIT_AGENT));
    }
    /* Nothing seen at all: all of it is cold again, and begins anew. */
    other.facts.time_s += (ZTA_FORGET_DAYS + 1) * DAY_S;
    assert_int_equal(ask(&baseline, &other.facts).known, 0);
    (void)zta_baseline_learn(&baseline, &other);
    assert_int_equal(ask(&baseline, &other.facts).known, 0);
}

/* 10,000 other agents, of which none comes back on a third day, displace one value at most. */
static void a_flood_of_values_is_bounded_and_displaces_one(void **state)
{
    struct zta_baseline baseline;
    memset(&baseline, 0, sizeof baseline);
    static const char *const agents[] = {"a/1", "b/1", "c/1", "d/1", "e/1"};
    for (unsigned day = 0; day < 10; day++) {
        for (unsigned i = 0; i < 50; i++) {
            struct zta_lesson lesson = usual_lesson(MONDAY_S + day * DAY_S + i);
            lesson.facts.agent = zta_text_of(agents[i % 5]);
            (void)zta_baseline_learn(&baseline, &lesson);
        }
    }
    assert_int_equal(baseline.n_values[ZTA_HABIT_AGENT], ZTA_BASELINE_AGENTS);
    for (unsigned i = 0; i < 10000; i++) {
        char agent[32];
        struct zta_lesson lesson = usual_lesson(MONDAY_S + (10 + i / 5000) * DAY_S);
        (void)snprintf(agent, sizeof agent, "flood-%c%c%c%c", 'a' + (int)(i % 10),
                       'a' + (int)(i / 10 % 10), 'a' + (int)(i / 100 % 10), 'a' + (int)(i / 1000));
        lesson.facts.agent = zta_text_of(agent);
        (void)zta_baseline_learn(&baseline, &lesson);
    }
    unsigned n_usual = 0;
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
        struct zta_lesson now = usual_lesson(MONDAY_S + 11 * DAY_S);
        now.facts.agent = zta_text_of(agents[i]);
        n_usual += is_usual(ask(&baseline, &now.facts), ZTA_HABIT_AGENT) ? 1 : 0;
    }
    assert_int_equal(baseline.n_values[ZTA_HABIT_AGENT], ZTA_BASELINE_AGENTS);
    assert_int_equal(n_usual, 4);
}

static void hours_are_of_the_week_and_an_hour_wide(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 27);
    struct zta_lesson now = usual_lesson(MONDAY_S + 28 * DAY_S + 9 * HOUR_S);
    (void)zta_baseline_learn(&baseline, &now);
    static const struct {
        int64_t day;
        int64_t hour;
        bool is_usual;
    } rows[] = {
        {.day = 0, .hour = 9, .is_usual = true},   {.day = 0, .hour = 8, .is_usual = true},
        {.day = 1, .hour = 10, .is_usual = true},  {.day = 0, .hour = 7, .is_usual = false},
        {.day = 2, .hour = 11, .is_usual = false}, {.day = 5, .hour = 3, .is_usual = false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        now.facts.time_s = MONDAY_S + (28 + rows[i].day) * DAY_S + rows[i].hour * HOUR_S;
        const struct zta_answers usual = ask(&baseline, &now.facts);
        assert_true((usual.known & BIT(ZTA_HABIT_HOURS)) != 0);
        assert_int_equal(is_usual(usual, ZTA_HABIT_HOURS), rows[i].is_usual);
    }
    assert_true(zta_baseline_hour_is_usual(&baseline, 9, now.facts.time_s)); /* Monday 09:00 */
    assert_false(zta_baseline_hour_is_usual(&baseline, 24 + 7, now.facts.time_s));
    /* One night at work makes no night usual, three in a row of weeks do. */
    for (unsigned week = 0; week < 4; week++) {
        now.facts.time_s = MONDAY_S + (28 + week * 7) * DAY_S + 2 * HOUR_S;
        assert_int_equal(is_usual(ask(&baseline, &now.facts), ZTA_HABIT_HOURS), week >= 3);
        for (unsigned i = 0; i < 3; i++) {
            (void)zta_baseline_learn(&baseline, &now);
        }
    }
    assert_true(zta_baseline_hour_is_usual(&baseline, 2, now.facts.time_s)); /* Monday */
    assert_false(zta_baseline_hour_is_usual(&baseline, 6 * 24 + 2, now.facts.time_s));
}

static void hours_wait_for_four_weeks(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 28);
    const struct zta_lesson now = usual_lesson(MONDAY_S + 27 * DAY_S + 20 * HOUR_S);
    const struct zta_lesson later = usual_lesson(MONDAY_S + 28 * DAY_S + 20 * HOUR_S);
    assert_false((ask(&baseline, &now.facts).known & BIT(ZTA_HABIT_HOURS)) != 0);
    assert_true(is_unusual(ask(&baseline, &later.facts), ZTA_HABIT_HOURS));
}

static void hours_are_forgotten_too(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 30);
    struct zta_lesson lesson = usual_lesson(0);
    for (unsigned day = 30; day < 30 + 2 * ZTA_FORGET_DAYS; day++) {
        lesson.facts.time_s = MONDAY_S + day * DAY_S + 20 * HOUR_S; /* the late shift from now on */
        (void)zta_baseline_learn(&baseline, &lesson);
    }
    assert_true(is_usual(ask(&baseline, &lesson.facts), ZTA_HABIT_HOURS));
    /* For good, though weeks are told apart modulo 64. */
    for (unsigned day = 30 + 2 * ZTA_FORGET_DAYS; day < 80 * 7; day++) {
        struct zta_lesson morning = usual_lesson(MONDAY_S + day * DAY_S + 9 * HOUR_S);
        assert_true(is_unusual(ask(&baseline, &morning.facts), ZTA_HABIT_HOURS));
        lesson.facts.time_s = MONDAY_S + day * DAY_S + 20 * HOUR_S;
        (void)zta_baseline_learn(&baseline, &lesson);
    }
}

static void a_rate_beyond_mean_and_spread_is_unusual_for_two_minutes(void **state)
{
    struct zta_baseline baseline;
    memset(&baseline, 0, sizeof baseline);
    /* 100 or 140 requests a minute: mean 120, deviation 20, so 200 is usual and 201 is not. */
    for (unsigned minute = 0; minute < 400; minute++) {
        struct zta_lesson lesson =
            usual_lesson(MONDAY_S + (minute / 40) * DAY_S + (minute % 40) * 60);
        lesson.n_requests = minute % 2 == 0 ? 100 : 140;
        (void)zta_baseline_learn(&baseline, &lesson);
    }
    const uint64_t limit = zta_rate_limit(&baseline.rate);
    assert_in_range(limit, 198, 202);
    struct zta_lesson lesson = usual_lesson(MONDAY_S + 10 * DAY_S);
    for (uint64_t i = 1; i <= limit + 1; i++) {
        assert_true(is_usual(ask(&baseline, &lesson.facts), ZTA_HABIT_RATE));
        assert_int_equal(zta_baseline_learn(&baseline, &lesson), i > limit);
    }
    static const struct {
        int64_t after_s;
        bool is_usual;
    } rows[] = {{.after_s = 0, .is_usual = false},
                {.after_s = 60, .is_usual = false},
                {.after_s = 119, .is_usual = false},
                {.after_s = 120, .is_usual = true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_lesson now = usual_lesson(MONDAY_S + 10 * DAY_S + rows[i].after_s);
        assert_int_equal(is_usual(ask(&baseline, &now.facts), ZTA_HABIT_RATE), rows[i].is_usual);
    }
}

static void a_burst_hardly_moves_the_mean_and_refused_ones_not_at_all(void **state)
{
    struct zta_baseline baseline;
    warm(&baseline, 10);
    const uint64_t before = zta_rate_limit(&baseline.rate);
    assert_int_equal(before, ZTA_RATE_FLOOR);
    struct zta_lesson lesson = usual_lesson(MONDAY_S + 10 * DAY_S);
    lesson.n_requests = 100000;
    (void)zta_baseline_learn(&baseline, &lesson);
    lesson.facts.time_s += 600;
    lesson.is_allowed = false;
    (void)zta_baseline_learn(&baseline, &lesson);
    assert_true(is_unusual(ask(&baseline, &lesson.facts), ZTA_HABIT_RATE));
    lesson.facts.time_s += 600;
    (void)zta_baseline_learn(&baseline, &lesson);
    assert_in_range(zta_rate_limit(&baseline.rate), before, before + 10);
}

/* Hours of 20 and 40 MiB on as many days, then one of so many. */
static bool is_volume_exceeded(unsigned n_days, unsigned hours_a_day, uint64_t mib)
{
    struct zta_baseline baseline;
    memset(&baseline, 0, sizeof baseline);
    for (unsigned i = 0; i < n_days * hours_a_day; i++) {
        struct zta_lesson lesson =
            usual_lesson(MONDAY_S + (i / hours_a_day) * DAY_S + (8 + i % hours_a_day) * HOUR_S);
        for (unsigned minute = 0; minute < 20; minute++) {
            lesson.bytes_out = (UINT64_C(4) << 20) / 3 * (1 + i % 2);
            (void)zta_baseline_learn(&baseline, &lesson);
            lesson.facts.time_s += 60;
        }
    }
    struct zta_lesson lesson = usual_lesson(MONDAY_S + n_days * DAY_S + 8 * HOUR_S);
    lesson.bytes_out = UINT64_C(1) << 20;
    for (uint64_t i = 0; i < mib; i++) {
        (void)zta_baseline_learn(&baseline, &lesson);
    }
    assert_false(zta_volume_exceeds(&baseline.volume, lesson.facts.time_s + HOUR_S));
    return zta_volume_exceeds(&baseline.volume, lesson.facts.time_s) &&
           zta_baseline_is_volume_known(&baseline, lesson.facts.time_s);
}

static void bytes_beyond_mean_and_spread_of_an_hour_are_unusual(void **state)
{
    /* Mean 40 MiB, deviation 13: six of them above are 120, and four times the mean is 160. */
    static const struct {
        unsigned n_days;
        unsigned hours_a_day;
        uint64_t mib;
        bool is_exceeded;
    } rows[] = {
        {.n_days = 10, .hours_a_day = 8, .mib = 80, .is_exceeded = false},
        {.n_days = 10, .hours_a_day = 8, .mib = 152, .is_exceeded = false},
        {.n_days = 10, .hours_a_day = 8, .mib = 168, .is_exceeded = true},
        {.n_days = 10, .hours_a_day = 8, .mib = 5000, .is_exceeded = true},
        {.n_days = 6, .hours_a_day = 8, .mib = 5000, .is_exceeded = false},  /* too few days */
        {.n_days = 10, .hours_a_day = 2, .mib = 5000, .is_exceeded = false}, /* too few hours */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (is_volume_exceeded(rows[i].n_days, rows[i].hours_a_day, rows[i].mib) !=
            rows[i].is_exceeded) {
            fail_msg("row %zu", i);
        }
    }
}

static void one_day_of_downloads_makes_the_next_no_more_usual(void **state)
{
    struct zta_volume volume = {.hour = 0};
    int64_t time_s = MONDAY_S;
    for (unsigned i = 0; i < 2 * ZTA_VOLUME_MEMORY; i++, time_s += HOUR_S) {
        zta_volume_count(&volume, time_s, 20, UINT64_C(1) << 20);
    }
    const uint64_t before = zta_volume_limit(&volume);
    for (unsigned i = 0; i < 8; i++, time_s += HOUR_S) {
        zta_volume_count(&volume, time_s, UINT32_MAX, UINT64_MAX / 2);
        assert_true(zta_volume_exceeds(&volume, time_s));
    }
    assert_in_range(zta_volume_limit(&volume), before, before * 4);
}

static void a_clock_that_steps_breaks_nothing(void **state)
{
    static const int64_t steps_s[] = {
        -400 * DAY_S, INT64_MIN / 2, 3 * DAY_S, INT64_MAX / 2, -DAY_S, 0, -1};
    struct zta_baseline baseline;
    warm(&baseline, 30);
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        struct zta_lesson lesson = usual_lesson(MONDAY_S + 30 * DAY_S + steps_s[i]);
        (void)zta_baseline_learn(&baseline, &lesson);
        (void)ask(&baseline, &lesson.facts);
        for (size_t habit = 0; habit < ZTA_N_HABITS; habit++) {
            assert_in_range(baseline.n_values[habit], 0, zta_baseline_room((enum zta_habit)habit));
        }
    }
    /* Back for an hour only: nothing is lost. */
    warm(&baseline, 10);
    struct zta_lesson back = usual_lesson(MONDAY_S + 9 * DAY_S);
    (void)zta_baseline_learn(&baseline, &back);
    assert_true(is_usual(ask(&baseline, &back.facts), ZTA_HABIT_COUNTRY));
}

static void agents_are_compared_without_versions(void **state)
{
    static const struct {
        const char *agent;
        const char *form;
        const char *label;
    } rows[] = {
        {.agent = "curl/8.5.0", .form = "curl", .label = "curl"},
        {.agent = "", .form = "", .label = ""},
        {.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
         .form = "Mozilla (X; Linux x; rv:) Gecko Firefox",
         .label = "X Firefox"},
        {.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
                  "Gecko) Chrome/120.0.0.0 Safari/537.36",
         .form = "Mozilla (Windows NT ; Win; x) AppleWebKit (KHTML, like Gecko) Chrome Safari",
         .label = "Windows NT Chrome"},
        {.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
                  "Gecko) Chrome/99.0.1.0 Safari/537.36 Edg/99.1",
         .form = "Mozilla (Windows NT ; Win; x) AppleWebKit (KHTML, like Gecko) Chrome Safari Edg",
         .label = "Windows NT Edg"},
        {.agent = "((((", .form = "((((", .label = "((( "},
        {.agent = "a)b) c", .form = "a)b) c", .label = "c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char form[ZTA_AGENT_FORM_SIZE];
        char storage[300];
        struct zta_buffer label;
        zta_buffer_init(&label, storage, sizeof storage);
        assert_string_equal(zta_agent_form(zta_text_of(rows[i].agent), form).data, rows[i].form);
        zta_agent_label(zta_text_of(rows[i].agent), &label);
        assert_string_equal(storage, rows[i].label);
    }
}

static void values_are_shown_as_they_are_known(void **state)
{
    static const struct {
        struct zta_habit_facts facts;
        const char *network;
        const char *system;
        const char *country;
    } rows[] = {
        {.facts = {.addr = {.bytes = {192, 0, 2, 7}, .family = 4},
                   .asn = 64500,
                   .country = {.data = "CH", .len = 2}},
         .network = "192.0.2.0/24",
         .system = "AS64500",
         .country = "CH"},
        {.facts = {.addr = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 7, 1}, .family = 6},
                   .asn = 4294967295,
                   .country = {.data = "FR", .len = 2}},
         .network = "2001:db8:7::/48",
         .system = "AS4294967295",
         .country = "FR"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_habit_values values;
        zta_habit_values_make(&rows[i].facts, &values);
        const struct {
            enum zta_habit habit;
            uint64_t value;
            const char *text;
        } shown[] = {
            {ZTA_HABIT_NETWORK, values.values[ZTA_HABIT_NETWORK], rows[i].network},
            {ZTA_HABIT_NETWORK, values.system, rows[i].system},
            {ZTA_HABIT_COUNTRY, values.values[ZTA_HABIT_COUNTRY], rows[i].country},
        };
        for (size_t s = 0; s < sizeof shown / sizeof shown[0]; s++) {
            char storage[ZTA_CIDR_TEXT_MAX + 16];
            struct zta_buffer text;
            zta_buffer_init(&text, storage, sizeof storage);
            zta_habit_value_print(shown[s].habit, shown[s].value, &text);
            assert_string_equal(storage, shown[s].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_enough_days_and_requests),
        cmocka_unit_test(a_warm_baseline_tells_usual_from_unusual),
        cmocka_unit_test(what_is_seen_while_it_is_cold_becomes_usual),
        cmocka_unit_test(either_the_network_or_its_system_is_enough),
        cmocka_unit_test(an_unknown_fact_is_neither),
        cmocka_unit_test(a_habit_that_was_never_seen_stays_unknown),
        cmocka_unit_test(a_new_value_is_usual_on_its_third_day),
        cmocka_unit_test(refused_requests_teach_nothing),
        cmocka_unit_test(what_is_not_seen_for_ninety_days_goes),
        cmocka_unit_test(a_flood_of_values_is_bounded_and_displaces_one),
        cmocka_unit_test(hours_are_of_the_week_and_an_hour_wide),
        cmocka_unit_test(hours_wait_for_four_weeks),
        cmocka_unit_test(hours_are_forgotten_too),
        cmocka_unit_test(a_rate_beyond_mean_and_spread_is_unusual_for_two_minutes),
        cmocka_unit_test(a_burst_hardly_moves_the_mean_and_refused_ones_not_at_all),
        cmocka_unit_test(bytes_beyond_mean_and_spread_of_an_hour_are_unusual),
        cmocka_unit_test(one_day_of_downloads_makes_the_next_no_more_usual),
        cmocka_unit_test(a_clock_that_steps_breaks_nothing),
        cmocka_unit_test(agents_are_compared_without_versions),
        cmocka_unit_test(values_are_shown_as_they_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Hours: what can be written, and that windows hold around every change of the clocks. */
#include "shared/rules/hours.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/unit/naive_priv.h"
#include "tests/unit/parse_support.h"
#include "tests/unit/rules_fixture.h"
#include "tests/unit/system_date.h"

#define NEED "require r\n  need hours "

static void faults_tell_place_and_expectation(void **state)
{
    const struct fault faults[] = {
        FAULT(NEED "\n", 2, 14, "", "days, times and a zone such as Mon-Fri 07:00", NULL),
        FAULT(NEED "Mon-Fry 07:00-19:00 UTC\n", 2, 18, "Fry", "days such as", "Fri"),
        FAULT(NEED "mon 07:00-19:00 UTC\n", 2, 14, "mon", "days such as", "Mon"),
        FAULT(NEED "Mon,Sat,Sunn 07:00-19:00 UTC\n", 2, 22, "Sunn", "days such as", "Sun"),
        FAULT(NEED "Mon, 07:00-19:00 UTC\n", 2, 14, "Mon,", "days such as", NULL),
        FAULT(NEED "Mon-Tue-Wed 07:00-19:00 UTC\n", 2, 18, "Tue-Wed", "days such as", NULL),
        FAULT(NEED "daily 07:00-19:00 UTC\n", 2, 14, "daily", "days such as", NULL),
        FAULT(NEED "Mon\n", 2, 17, "", "times such as 07:00-19:00", NULL),
        FAULT(NEED "Mon 7:00-19:00 UTC\n", 2, 18, "7:00-19:00", "times such as", NULL),
        FAULT(NEED "Mon 07:00-24:01 UTC\n", 2, 18, "07:00-24:01", "times such as", NULL),
        FAULT(NEED "Mon 24:00-07:00 UTC\n", 2, 18, "24:00-07:00", "times such as", NULL),
        FAULT(NEED "Mon 07:60-08:00 UTC\n", 2, 18, "07:60-08:00", "times such as", NULL),
        FAULT(NEED "Mon 07:00-07:00 UTC\n", 2, 18, "07:00-07:00", "00:00-24:00", NULL),
        FAULT(NEED "Mon 07:00 UTC\n", 2, 18, "07:00", "times such as", NULL),
        FAULT(NEED "Mon 07:00-19:00\n", 2, 29, "", "a time zone such as", NULL),
        FAULT(NEED "Mon 07:00-19:00 Sat\n", 2, 33, "", "times such as", NULL),
        FAULT(NEED "Mon 07:00-19:00 Sat 07:00-19:00\n", 2, 45, "", "a time zone such as", NULL),
        FAULT(NEED "Mon 07:00-19:00 UTC Sat 07:00-19:00\n", 2, 30, "UTC", "the zone stands last",
              NULL),
        FAULT(NEED "Mon 07:00-19:00 08:00-19:00\n", 2, 30, "08:00-19:00", "a time zone", NULL),
        FAULT(NEED "Mon 07:00-19:00 ../UTC\n", 2, 30, "../UTC", "a time zone", NULL),
        FAULT(NEED "Mon 07:00-19:00 /etc/localtime\n", 2, 30, "/etc/localtime", "a time", NULL),
        FAULT(NEED "unknown\n", 2, 14, "unknown", "the time is always known", NULL),
        FAULT(NEED "known\n", 2, 14, "known", "the time is always known", NULL),
        FAULT(NEED "list:office\n", 2, 14, "list:office", "no list has hours", NULL),
        FAULT(NEED "< 5\n", 2, 14, "<", "days, times and a zone", NULL),
        FAULT("allow x\n  need hours Mon 07:00-19:00 UTC\n", 2, 8, "hours",
              "context belongs in a require rule", NULL),
        FAULT("case x\n  given hours Mon\n  expect allow\n", 2, 9, "hours", "a line `at TIME`",
              NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void zones_that_are_not_there_are_named(void **state)
{
    struct zta_rules_error error;
    fixture_refused(NEED "Mon 07:00-19:00 Europe/Zurih\n", "corp", &error);
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 30);
    assert_string_equal(error.found, "Europe/Zurih");
    assert_non_null(strstr(error.expected, "a time zone of this system"));
    assert_string_equal(error.nearest, "Europe/Zurich");
    fixture_refused(NEED "Mon 07:00-19:00 Europe\n", "corp", &error);
    assert_non_null(strstr(error.expected, "a time zone of this system"));
}

static void windows_are_half_open_and_belong_to_the_day_they_start(void **state)
{
    /* 2026-11-23 is a Monday. */
    static const struct {
        const char *hours;
        const char *at;
        bool holds;
    } cases[] = {
        {"Mon-Fri 07:00-19:00 UTC", "2026-11-23T06:59:59Z", false},
        {"Mon-Fri 07:00-19:00 UTC", "2026-11-23T07:00:00Z", true},
        {"Mon-Fri 07:00-19:00 UTC", "2026-11-27T18:59:59Z", true},
        {"Mon-Fri 07:00-19:00 UTC", "2026-11-27T19:00:00Z", false},
        {"Mon-Fri 07:00-19:00 UTC", "2026-11-28T12:00:00Z", false},
        {"Fri 22:00-06:00 UTC", "2026-11-27T21:59:59Z", false},
        {"Fri 22:00-06:00 UTC", "2026-11-27T22:00:00Z", true},
        {"Fri 22:00-06:00 UTC", "2026-11-28T05:59:59Z", true},
        {"Fri 22:00-06:00 UTC", "2026-11-28T06:00:00Z", false},
        {"Fri 22:00-06:00 UTC", "2026-11-27T05:00:00Z", false},
        {"Sun 22:00-06:00 UTC", "2026-11-23T05:59:00Z", true},
        {"Mon 00:00-24:00 UTC", "2026-11-23T00:00:00Z", true},
        {"Mon 00:00-24:00 UTC", "2026-11-23T23:59:59Z", true},
        {"Mon 00:00-24:00 UTC", "2026-11-24T00:00:00Z", false},
        {"Mon 22:00-00:00 UTC", "2026-11-23T23:59:59Z", true},
        {"Mon 22:00-00:00 UTC", "2026-11-24T00:00:00Z", false},
        {"Sat-Tue 12:00-13:00 UTC", "2026-11-29T12:00:00Z", true},
        {"Sat-Tue 12:00-13:00 UTC", "2026-11-24T12:00:00Z", true},
        {"Sat-Tue 12:00-13:00 UTC", "2026-11-25T12:00:00Z", false},
        {"Mon 08:00-09:00 Sat,Sun 10:00-11:00 UTC", "2026-11-28T10:30:00Z", true},
        {"Mon 08:00-09:00 Sat,Sun 10:00-11:00 UTC", "2026-11-23T10:30:00Z", false},
        {"Tue 00:00-00:30 Pacific/Auckland", "2026-11-23T11:00:00Z", true},
        {"Thu 00:00-24:00 UTC", "1970-01-01T00:00:00Z", true},
        {"Wed 23:59-24:00 UTC", "1969-12-31T23:59:30Z", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct fixture fixture;
        struct zta_decision decision;
        int64_t now_s;
        (void)snprintf(text, sizeof text, "deny x\n  when hours %s\n", cases[i].hours);
        fixture_init(&fixture);
        fixture.stance.modes[ZTA_FEATURE_TIME] = ZTA_MODE_ENFORCE;
        assert_int_equal(zta_time_parse(zta_text_of(cases[i].at), &now_s), ZTA_OK);
        struct zta_ruleset *set = fixture_rules(text, "corp");
        zta_rules_decide(set, &fixture.facts, &fixture.stance, now_s, &decision);
        zta_ruleset_close(&set);
        if ((decision.verdict.reason == ZTA_REASON_RULE_DENIED) != cases[i].holds) {
            fail_msg("%s at %s", cases[i].hours, cases[i].at);
        }
    }
}

/* Refused for the hours alone, and only where the feature is in force. */
static void only_unmet_hours_are_hours_denied(void **state)
{
    static const char grant[] = "allow x\n  when path /**\n";
    static const struct {
        const char *rules;
        enum zta_mode mode;
        enum zta_reason reason;
        enum zta_reason monitored;
    } cases[] = {
        {NEED "Sun 01:00-02:00 UTC\n", ZTA_MODE_ENFORCE, ZTA_REASON_HOURS_DENIED,
         ZTA_REASON_UNJUDGED},
        {NEED "Sun 01:00-02:00 UTC\n", ZTA_MODE_MONITOR, ZTA_REASON_OK, ZTA_REASON_HOURS_DENIED},
        {NEED "Sun 01:00-02:00 UTC\n", ZTA_MODE_OFF, ZTA_REASON_OK, ZTA_REASON_UNJUDGED},
        {NEED "Sun 01:00-02:00 UTC\n  or not hours Fri 00:00-24:00 UTC\n", ZTA_MODE_ENFORCE,
         ZTA_REASON_HOURS_DENIED, ZTA_REASON_UNJUDGED},
        {NEED "Sun 01:00-02:00 UTC\n  or role boss\n", ZTA_MODE_ENFORCE, ZTA_REASON_RULE_DENIED,
         ZTA_REASON_UNJUDGED},
        {NEED "Sun 01:00-02:00 UTC\n  need role boss\n", ZTA_MODE_ENFORCE, ZTA_REASON_RULE_DENIED,
         ZTA_REASON_UNJUDGED},
        {NEED "Sun 01:00-02:00 UTC\n  need scope admin\n", ZTA_MODE_ENFORCE, ZTA_REASON_RULE_DENIED,
         ZTA_REASON_UNJUDGED},
        {NEED "Sun 01:00-02:00 UTC\n  need scope orders:read\n", ZTA_MODE_ENFORCE,
         ZTA_REASON_HOURS_DENIED, ZTA_REASON_UNJUDGED},
        {NEED "Fri 00:00-24:00 UTC\n", ZTA_MODE_ENFORCE, ZTA_REASON_OK, ZTA_REASON_UNJUDGED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        struct fixture fixture;
        struct zta_decision decision;
        (void)snprintf(text, sizeof text, "%s%s", grant, cases[i].rules);
        fixture_init(&fixture);
        fixture.stance.modes[ZTA_FEATURE_TIME] = (uint8_t)cases[i].mode;
        fixture_decide(&fixture, text, &decision);
        if (decision.verdict.reason != cases[i].reason ||
            decision.monitor.reason != cases[i].monitored) {
            fail_msg("%s %s in\n%s", zta_reason_name(decision.verdict.reason),
                     zta_reason_name(decision.monitor.reason), text);
        }
    }
}

/* What the system's `date` says of an instant against what windows of all sorts hold. */
struct watched {
    const struct zta_ast_cond *cond;
    struct zta_hours hours;
    uint64_t n_inside;
    uint64_t n_outside;
};

static void compare(void *context, const struct system_date *date)
{
    struct watched *watched = context;
    const int minute = date->weekday * 1440 + date->hour * 60 + date->minute;
    const bool expected = naive_windows_hold(watched->cond, minute);
    if (zta_hours_contain(&watched->hours, date->time_s) != expected) {
        fail_msg("@%" PRId64 " in %s: day %d %02d:%02d is %s", date->time_s,
                 watched->cond->values[watched->cond->n_values - 1].text.data, date->weekday,
                 date->hour, date->minute, expected ? "inside" : "outside");
    }
    watched->n_inside += expected;
    watched->n_outside += !expected;
}

static void hours_hold_around_every_change_of_clocks(void **state)
{
    static const char *const zones[] = {
        "Europe/Zurich",    "America/New_York",  "Australia/Lord_Howe", "America/Sao_Paulo",
        "Pacific/Auckland", "Africa/Casablanca", "Asia/Gaza",           "America/Nuuk"};
    static const char *const windows[][4] = {
        {"Mon-Sun", "01:30-02:30", NULL}, {"Sun", "02:00-03:00", "Sat", "22:00-02:30"},
        {"Mon-Fri", "07:00-19:00", NULL}, {"Sat", "23:00-01:45", "Sun", "01:59-02:01"},
        {"Fri-Sun", "00:00-24:00", NULL},
    };
    for (size_t z = 0; z < COUNT(zones); z++) {
        struct system_date_instants instants;
        struct zta_zone *zone = NULL;
        struct watched sum = {.n_inside = 0};
        assert_int_equal(zta_zone_open(zta_text_of(zones[z]), &zone, NULL), ZTA_OK);
        system_date_changes(zones[z], 2026, 2030, &instants);
        for (size_t w = 0; w < COUNT(windows); w++) {
            struct zta_ast_value values[5];
            struct zta_ast_cond cond = {.values = values};
            struct zta_hours_window compiled[2];
            struct zta_text bad;
            uint32_t n = 0;
            for (; n < 2 && windows[w][2 * n] != NULL; n++) {
                values[2 * n].text = zta_text_of(windows[w][2 * n]);
                values[2 * n + 1].text = zta_text_of(windows[w][2 * n + 1]);
                assert_int_equal(zta_hours_days_parse(values[2 * n].text, &compiled[n].days, &bad),
                                 ZTA_OK);
                assert_int_equal(zta_hours_span_parse(values[2 * n + 1].text, &compiled[n]),
                                 ZTA_OK);
            }
            values[2 * n].text = zta_text_of(zones[z]);
            cond.n_values = 2 * n + 1;
            struct watched watched = {.cond = &cond,
                                      .hours = {.zone = zone, .windows = compiled, .n_windows = n}};
            system_date_each(zones[z], &instants, compare, &watched);
            sum.n_inside += watched.n_inside;
            sum.n_outside += watched.n_outside;
        }
        print_message("%s: %zu changes, %" PRIu64 " instants inside, %" PRIu64 " outside\n",
                      zones[z], instants.n_changes, sum.n_inside, sum.n_outside);
        /* Sao Paulo has no summer time since 2019. */
        assert_int_equal(instants.n_changes == 0, strcmp(zones[z], "America/Sao_Paulo") == 0);
        assert_true(sum.n_inside > 0 && sum.n_outside > 0);
        system_date_clear(&instants);
        zta_zone_close(&zone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_tell_place_and_expectation),
        cmocka_unit_test(zones_that_are_not_there_are_named),
        cmocka_unit_test(windows_are_half_open_and_belong_to_the_day_they_start),
        cmocka_unit_test(only_unmet_hours_are_hours_denied),
        cmocka_unit_test(hours_hold_around_every_change_of_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

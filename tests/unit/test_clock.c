/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations as text. */
#include "shared/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_S        86400

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t time_s;
    } cases[] = {
        {.text = "1970-01-01T00:00:00Z", .time_s = 0},
        {.text = "2027-01-01T00:00Z", .time_s = 1798761600},
        {.text = "2027-01-01t00:00:00z", .time_s = 1798761600},
        {.text = "2027-01-01T00:00:00.999999999999Z", .time_s = 1798761600},
        {.text = "2027-01-01T01:00:00+01:00", .time_s = 1798761600},
        {.text = "2026-12-31T18:30-05:30", .time_s = 1798761600},
        {.text = "2027-01-01T00:00:00-00:00", .time_s = 1798761600},
        {.text = "2016-12-31T23:59:60Z", .time_s = 1483228800},
        {.text = "2017-01-01T00:59:60+01:00", .time_s = 1483228800},
        {.text = "2000-02-29T12:00:00Z", .time_s = 951825600},
        {.text = "1969-12-31T23:59:59.5Z", .time_s = -1},
        {.text = "0000-01-01T00:00:00Z", .time_s = INT64_C(-62167219200)},
        {.text = "9999-12-31T23:59:59Z", .time_s = INT64_C(253402300799)},
        {.text = "2038-01-19T03:14:08Z", .time_s = INT64_C(2147483648)},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t time_s = 777;
        if (zta_time_parse(zta_text_of(cases[i].text), &time_s) != ZTA_OK ||
            time_s != cases[i].time_s) {
            fail_msg("%s: %lld", cases[i].text, (long long)time_s);
        }
    }
}

static void other_times_are_refused(void **state)
{
    static const char *const cases[] = {
        NULL,
        "",
        "2027",
        "2027-01-01",
        "2027-01-01T00:00",
        "2027-01-01T00:00:00",
        "2027-01-01 00:00:00Z",
        "2027-01-01T00Z",
        "2027-01-01T00:00:Z",
        "2027-01-01T00:00:00.Z",
        "2027-01-01T00:00.5Z",
        "2027-01-01T00:00:00,5Z",
        "2027-01-01T24:00:00Z",
        "2027-01-01T00:60:00Z",
        "2027-01-01T00:00:61Z",
        "2027-01-01T00:00:60Z",
        "2016-12-31T23:59:60+01:00",
        "2027-00-01T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-01-00T00:00:00Z",
        "2027-04-31T00:00:00Z",
        "2027-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2027-01-01T00:00:00+24:00",
        "2027-01-01T00:00:00+01:60",
        "2027-01-01T00:00:00+0100",
        "2027-01-01T00:00:00+01",
        "2027-01-01T00:00:00Z ",
        " 2027-01-01T00:00:00Z",
        "2027-01-01T00:00:00Zx",
        "2027-1-1T00:00:00Z",
        "+027-01-01T00:00:00Z",
        "20270101T000000Z",
        "12027-01-01T00:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t time_s = 777;
        if (zta_time_parse(zta_text_of(cases[i]), &time_s) != ZTA_INVALID || time_s != 777) {
            fail_msg("%s", cases[i]);
        }
    }
    /* Every prefix of a good time is a bad one. */
    const struct zta_text whole = ZTA_TEXT("2027-01-01T00:00:00.5+01:00");
    for (size_t len = 0; len < whole.len; len++) {
        int64_t time_s;
        assert_int_equal(zta_time_parse((struct zta_text){.data = whole.data, .len = len}, &time_s),
                         ZTA_INVALID);
    }
}

static void times_are_printed(void **state)
{
    char out[ZTA_TIME_TEXT_MAX];
    zta_time_print(1798761600, out);
    assert_string_equal(out, "2027-01-01T00:00:00Z");
    zta_time_print(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59Z");
    zta_time_print(951825600, out);
    assert_string_equal(out, "2000-02-29T12:00:00Z");
    zta_time_print(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59Z");
    zta_time_print(INT64_MIN, out);
    assert_string_equal(out, "0000-01-01T00:00:00Z");
    zta_time_print_ms(INT64_C(1798761600123999999), out);
    assert_string_equal(out, "2027-01-01T00:00:00.123Z");
    zta_time_print_ms(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    zta_time_print_ms(INT64_MIN, out);
    assert_string_equal(out, "1677-09-21T00:12:43.145Z");
}

static void calendar_agrees_with_the_c_library(void **state)
{
    for (int64_t day = -800000; day < 2900000; day += 97) {
        time_t seconds = (time_t)(day * DAY_S + (day * 7919 % DAY_S + DAY_S) % DAY_S);
        struct tm broken;
        char wanted[ZTA_TIME_TEXT_MAX];
        char out[ZTA_TIME_TEXT_MAX];
        assert_non_null(gmtime_r(&seconds, &broken));
        if (broken.tm_year < -1900 || broken.tm_year > 8099) {
            continue;
        }
        snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                 (broken.tm_year + 1900) % 10000, (broken.tm_mon + 1) % 100, broken.tm_mday % 100,
                 broken.tm_hour % 100, broken.tm_min % 100, broken.tm_sec % 100);
        zta_time_print(seconds, out);
        assert_string_equal(out, wanted);
        int64_t back;
        assert_int_equal(zta_time_parse(zta_text_of(out), &back), ZTA_OK);
        assert_true(back == seconds);
    }
}

static void durations_are_read_and_printed(void **state)
{
    static const struct {
        const char *text;
        int64_t duration_s;
        const char *printed;
    } cases[] = {
        {.text = "0", .duration_s = 0, .printed = "0s"},
        {.text = "90", .duration_s = 90, .printed = "90s"},
        {.text = "90s", .duration_s = 90, .printed = "90s"},
        {.text = "15m", .duration_s = 900, .printed = "15m"},
        {.text = "120m", .duration_s = 7200, .printed = "2h"},
        {.text = "48h", .duration_s = 2 * DAY_S, .printed = "2d"},
        {.text = "7d", .duration_s = 7 * DAY_S, .printed = "7d"},
        {.text = "25h", .duration_s = 90000, .printed = "25h"},
        {.text = "36525d", .duration_s = INT64_C(36525) * DAY_S, .printed = "36525d"},
        {.text = "3155760000", .duration_s = INT64_C(3155760000), .printed = "36525d"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t duration_s = -1;
        char out[ZTA_DURATION_TEXT_MAX];
        if (zta_duration_parse(zta_text_of(cases[i].text), &duration_s) != ZTA_OK ||
            duration_s != cases[i].duration_s) {
            fail_msg("%s: %lld", cases[i].text, (long long)duration_s);
        }
        zta_duration_print(duration_s, out);
        assert_string_equal(out, cases[i].printed);
    }
    char out[ZTA_DURATION_TEXT_MAX];
    zta_duration_print(-120, out);
    assert_string_equal(out, "-2m");
    zta_duration_print(INT64_MIN, out);
    assert_string_equal(out, "-9223372036854775808s");
}

static void other_durations_are_refused(void **state)
{
    static const char *const cases[] = {
        NULL,    "",     "s",          "-1",  "+1s", "1 h",  "h1",   "1hm",
        "1h30m", "1.5h", "36525d1",    "1H",  "1ms", "1w",   "01h",  "36526d",
        "0x10",  "1e3s", "3155760001", "1dd", "d",   "1s\n", "\xc2", "99999999999999999999d",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t duration_s = 777;
        if (zta_duration_parse(zta_text_of(cases[i]), &duration_s) != ZTA_INVALID ||
            duration_s != 777) {
            fail_msg("%s", cases[i]);
        }
    }
}

static void clocks_run(void **state)
{
    int64_t real = zta_clock_real_ns();
    int64_t monotonic = zta_clock_monotonic_ns();
    assert_true(real / ZTA_NS_PER_S >= time(NULL) - 60 && real / ZTA_NS_PER_S <= time(NULL) + 60);
    assert_true(monotonic > 0 && zta_clock_monotonic_ns() >= monotonic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(times_are_printed),
        cmocka_unit_test(calendar_agrees_with_the_c_library),
        cmocka_unit_test(durations_are_read_and_printed),
        cmocka_unit_test(other_durations_are_refused),
        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

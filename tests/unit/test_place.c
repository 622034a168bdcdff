/* SPDX-License-Identifier: Apache-2.0 */
/* Places: distances, what nobody travels, and another agent within a session. */
#include "shared/risk/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW INT64_C(1900000000)

#define PARIS                                                                                      \
    {                                                                                              \
        .latitude = 4886, .longitude = 235, .radius_km = 20                                        \
    }
#define NEW_YORK                                                                                   \
    {                                                                                              \
        .latitude = 4071, .longitude = -7401, .radius_km = 20                                      \
    }
#define LONDON                                                                                     \
    {                                                                                              \
        .latitude = 5151, .longitude = -13, .radius_km = 20                                        \
    }
#define SYDNEY                                                                                     \
    {                                                                                              \
        .latitude = -3387, .longitude = 15121, .radius_km = 20                                     \
    }

static void distances_are_those_of_the_globe(void **state)
{
    static const struct {
        struct zta_coordinates a;
        struct zta_coordinates b;
        uint32_t km;
    } rows[] = {
        {.a = PARIS, .b = NEW_YORK, .km = 5837},
        {.a = LONDON, .b = SYDNEY, .km = 16994},
        {.a = PARIS, .b = LONDON, .km = 344},
        {.a = {.latitude = 0}, .b = {.longitude = 18000}, .km = 20015},
        {.a = {.latitude = 9000}, .b = {.latitude = -9000}, .km = 20015},
        {.a = {.longitude = 17990}, .b = {.longitude = -17990}, .km = 22},
        {.a = PARIS, .b = PARIS, .km = 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_in_range(zta_place_distance_km(&rows[i].a, &rows[i].b),
                        rows[i].km - (rows[i].km > 0), rows[i].km + 1);
        assert_int_equal(zta_place_distance_km(&rows[i].a, &rows[i].b),
                         zta_place_distance_km(&rows[i].b, &rows[i].a));
    }
}

static void only_what_nobody_travels_is_impossible(void **state)
{
    static const struct {
        struct zta_coordinates from;
        struct zta_coordinates to;
        int64_t seconds;
        bool is_impossible;
    } rows[] = {
        {.from = PARIS, .to = NEW_YORK, .seconds = 20 * 60, .is_impossible = true},
        {.from = PARIS, .to = NEW_YORK, .seconds = 6 * 3600, .is_impossible = true},
        {.from = PARIS, .to = NEW_YORK, .seconds = 6 * 3600 + 1800, .is_impossible = false},
        {.from = PARIS, .to = NEW_YORK, .seconds = INT64_C(1) << 40, .is_impossible = false},
        /* At once or in another order: beyond the floor. */
        {.from = PARIS, .to = LONDON, .seconds = 0, .is_impossible = true},
        {.from = PARIS, .to = LONDON, .seconds = -30, .is_impossible = true},
        /* 83 km */
        {.from = PARIS, .to = {4886, 349, 1}, .seconds = 0, .is_impossible = false},
        /* 344 km within the two radii */
        {.from = PARIS, .to = {5151, -13, 400}, .seconds = 1, .is_impossible = false},
        /* The country at best, or nothing */
        {.from = PARIS, .to = {4071, -7401, 1001}, .seconds = 1, .is_impossible = false},
        {.from = PARIS, .to = {4071, -7401, 0}, .seconds = 1, .is_impossible = false},
        {.from = {4071, -7401, 0}, .to = PARIS, .seconds = 1, .is_impossible = false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct zta_risk_place from = {.at = rows[i].from, .when_s = NOW};
        const struct zta_risk_place to = {.at = rows[i].to, .when_s = NOW + rows[i].seconds};
        if (zta_travel_between(&from, &to).is_impossible != rows[i].is_impossible) {
            fail_msg("row %zu", i);
        }
        const struct zta_risk_place never = {.at = rows[i].from};
        assert_false(zta_travel_between(&never, &to).is_impossible);
    }
}

static void a_journey_is_said_in_one_line(void **state)
{
    const struct zta_risk_place from = {.at = PARIS, .country = {'F', 'R'}, .when_s = NOW};
    struct zta_risk_place to = {.at = NEW_YORK, .country = {'U', 'S'}, .when_s = NOW + 1200};
    char text[48];
    struct zta_buffer out;
    struct zta_travel travel = zta_travel_between(&from, &to);
    zta_buffer_init(&out, text, sizeof text);
    zta_travel_print(&from, &to, &travel, &out);
    assert_string_equal(text, "FR to US, 5837 km in 20 min");
    to.country[0] = '\0';
    to.when_s = NOW + 3;
    travel = zta_travel_between(&from, &to);
    zta_buffer_init(&out, text, sizeof text);
    zta_travel_print(&from, &to, &travel, &out);
    assert_string_equal(text, "FR to ?, 5837 km in 3 s");
}

static void another_version_is_not_another_agent(void **state)
{
    const struct zta_text former = ZTA_TEXT("Mozilla/5.0 (X11; Linux) Firefox/120.0");
    const struct zta_risk_agent seen = zta_risk_agent_of(former);
    const struct zta_risk_agent none = {.whole = 0};
    const struct zta_text absent = {.data = NULL};
    assert_int_equal(zta_risk_agent_compare(&seen, former), ZTA_AGENT_SAME);
    assert_int_equal(
        zta_risk_agent_compare(&seen, ZTA_TEXT("Mozilla/5.0 (X11; Linux) Firefox/121.0")),
        ZTA_AGENT_UPDATED);
    assert_int_equal(zta_risk_agent_compare(&seen, ZTA_TEXT("curl/8.5.0")), ZTA_AGENT_CHANGED);
    assert_int_equal(zta_risk_agent_compare(&seen, absent), ZTA_AGENT_CHANGED);
    assert_int_equal(zta_risk_agent_compare(&none, former), ZTA_AGENT_SAME);
    const struct zta_risk_agent silent = zta_risk_agent_of(absent);
    assert_int_equal(zta_risk_agent_compare(&silent, absent), ZTA_AGENT_SAME);
    assert_int_equal(zta_risk_agent_compare(&silent, former), ZTA_AGENT_CHANGED);
}

static void families_are_kept_apart(void **state)
{
    const struct zta_addr v4 = {.family = 4};
    const struct zta_addr v6 = {.family = 6};
    assert_int_equal(zta_risk_family_of(&v4), ZTA_RISK_IPV4);
    assert_int_equal(zta_risk_family_of(&v6), ZTA_RISK_IPV6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_the_globe),
        cmocka_unit_test(only_what_nobody_travels_is_impossible),
        cmocka_unit_test(a_journey_is_said_in_one_line),
        cmocka_unit_test(another_version_is_not_another_agent),
        cmocka_unit_test(families_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

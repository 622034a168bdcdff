/* SPDX-License-Identifier: Apache-2.0 */
/* Figures and spans as short words; keys and their table; the theme. */
#include "admin-tui/console/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/console/keys.h"
#include "admin-tui/console/page.h"

static char text[TUI_SHORT_MAX];

static void counts_have_three_digits_where_they_can(void **state)
{
    static const struct {
        uint64_t n;
        const char *shown;
    } cases[] = {
        {0, "0"},          {999, "999"},           {1000, "1.0k"},   {4149, "4.1k"},
        {9949, "9.9k"},    {9950, "10k"},          {999499, "999k"}, {999500, "1.0M"},
        {3200000, "3.2M"}, {UINT64_MAX, "18447P"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tui_format_count(cases[i].n, text);
        assert_string_equal(text, cases[i].shown);
    }
}

static void shares_are_never_rounded_to_all_or_nothing(void **state)
{
    static const struct {
        double part;
        double whole;
        const char *shown;
    } cases[] = {
        {0, 0, "0 %"},      {0, 5, "0 %"},  {5, 5, "100 %"},       {1, 100000, "<0.1 %"},
        {7, 1000, "0.7 %"}, {1, 2, "50 %"}, {999, 1000, "99.9 %"}, {99999, 100000, ">99.9 %"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tui_format_share(cases[i].part, cases[i].whole, text);
        assert_string_equal(text, cases[i].shown);
    }
}

static void rates_and_sizes_are_short(void **state)
{
    tui_format_rate(0.04, text);
    assert_string_equal(text, "0");
    tui_format_rate(7.84, text);
    assert_string_equal(text, "7.8");
    tui_format_rate(412.4, text);
    assert_string_equal(text, "412");
    tui_format_size(512, text);
    assert_string_equal(text, "512 B");
    tui_format_size(UINT64_C(8) << 30, text);
    assert_string_equal(text, "8.0 GiB");
    tui_format_size(1023 * 1024 + 1000, text);
    assert_string_equal(text, "1.0 MiB");
}

static void times_say_how_long(void **state)
{
    tui_format_span(200, text);
    assert_string_equal(text, "3m 20s");
    tui_format_span(-5, text);
    assert_string_equal(text, "0s");
    tui_format_span(INT64_MAX, text);
    assert_string_equal(text, "9999d 0h");
    tui_format_ago(0, 100, text);
    assert_string_equal(text, "never");
    tui_format_ago(101, 100, text);
    assert_string_equal(text, "now");
    tui_format_ago(40, 7300, text);
    assert_string_equal(text, "2h");
    tui_format_until(86400 * 4, 86400, text);
    assert_string_equal(text, "in 3d");
    tui_format_until(40, 100, text);
    assert_string_equal(text, "1m ago");
    tui_format_clock(1800000000, text);
    assert_string_equal(text, "08:00:00");
}

static void every_key_means_one_thing_and_fits_the_help(void **state)
{
    for (size_t i = 0; tui_key_at(i) != NULL; i++) {
        const struct tui_key_row *row = tui_key_at(i);
        assert_int_equal(tui_key_action(row->key), row->action);
        assert_true(row->other == 0 || tui_key_action(row->other) == row->action);
        assert_true(strlen(row->label) < TUI_LABEL_SIZE);
        assert_true(row->key < '1' || row->key > '9');
    }
    assert_int_equal(tui_key_action('x'), TUI_ACTION_NONE);
    assert_int_equal(tui_key_action(TUI_KEY_NONE), TUI_ACTION_NONE);
}

static void colours_go_when_they_are_not_wanted_or_not_there(void **state)
{
    assert_int_equal(tui_theme_colours(NULL, 256), TUI_COLOURS_256);
    assert_int_equal(tui_theme_colours("", 8), TUI_COLOURS_8);
    assert_int_equal(tui_theme_colours("1", 256), TUI_COLOURS_NONE);
    assert_int_equal(tui_theme_colours(NULL, -1), TUI_COLOURS_NONE);
    assert_int_equal(tui_theme_colours(NULL, 16), TUI_COLOURS_16);
    for (int role = 0; role < TUI_N_ROLES; role++) {
        for (int selected = 0; selected < 2; selected++) {
            for (int theme = 0; theme < TUI_N_THEMES; theme++) {
                struct tui_style mono = tui_theme_style((enum tui_theme)theme, (enum tui_role)role,
                                                        selected == 1, TUI_COLOURS_NONE);
                assert_int_equal(mono.foreground, -1);
                assert_int_equal(mono.background, -1);
                struct tui_style plain = tui_theme_style((enum tui_theme)theme, (enum tui_role)role,
                                                         selected == 1, TUI_COLOURS_8);
                assert_true(plain.foreground < 8 && plain.background < 8);
                plain = tui_theme_style((enum tui_theme)theme, (enum tui_role)role, selected == 1,
                                        TUI_COLOURS_16);
                assert_true(plain.foreground < 16 && plain.background < 8);
            }
        }
    }
}

/* Linear light of one of the 256 colours, as WCAG 2 counts it. */
static double light_of(short colour)
{
    static const int steps[] = {0, 95, 135, 175, 215, 255};
    int rgb[3];
    double light = 0;
    for (int i = 0; i < 3; i++) {
        static const int places[] = {36, 6, 1};
        static const double shares[] = {0.2126, 0.7152, 0.0722};
        rgb[i] = colour >= 232 ? 8 + 10 * (colour - 232) : steps[(colour - 16) / places[i] % 6];
        const double part = rgb[i] / 255.0;
        light += shares[i] * (part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
    }
    return light;
}

static double contrast_of(short one, short other)
{
    const double a = light_of(one) + 0.05;
    const double b = light_of(other) + 0.05;
    return a > b ? a / b : b / a;
}

/* What is to be read, on the background that the theme is for: white, black. */
static void every_theme_can_be_read(void **state)
{
    static const struct {
        enum tui_theme theme;
        short own;
        double least;
    } cases[] = {
        {TUI_THEME_DARK, 16, 4.5}, {TUI_THEME_LIGHT, 231, 4.5}, {TUI_THEME_CONTRAST, 16, 7}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int role = 0; role < TUI_N_ROLES; role++) {
            struct tui_style style =
                tui_theme_style(cases[i].theme, (enum tui_role)role, false, TUI_COLOURS_256);
            const short back = style.background < 0 ? cases[i].own : style.background;
            const bool is_text = role != TUI_ROLE_BORDER && role != TUI_ROLE_CHART;
            const double least = role == TUI_ROLE_ALARM ? 4.5 : cases[i].least;
            if (is_text && style.foreground >= 0 && contrast_of(style.foreground, back) < least) {
                fail_msg("role %d of theme %s: %.1f", role, tui_theme_name(cases[i].theme),
                         contrast_of(style.foreground, back));
            }
        }
    }
}

static void themes_are_found_by_the_begin_of_their_names(void **state)
{
    enum tui_theme theme = TUI_THEME_DARK;
    assert_true(tui_theme_find("high", &theme));
    assert_int_equal(theme, TUI_THEME_CONTRAST);
    assert_true(tui_theme_find("light", &theme));
    assert_int_equal(theme, TUI_THEME_LIGHT);
    assert_false(tui_theme_find("", &theme));
    assert_false(tui_theme_find("pink", &theme));
    assert_int_equal(theme, TUI_THEME_LIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_three_digits_where_they_can),
        cmocka_unit_test(shares_are_never_rounded_to_all_or_nothing),
        cmocka_unit_test(rates_and_sizes_are_short),
        cmocka_unit_test(times_say_how_long),
        cmocka_unit_test(every_key_means_one_thing_and_fits_the_help),
        cmocka_unit_test(every_theme_can_be_read),
        cmocka_unit_test(themes_are_found_by_the_begin_of_their_names),
        cmocka_unit_test(colours_go_when_they_are_not_wanted_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

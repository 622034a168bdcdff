/* SPDX-License-Identifier: Apache-2.0 */
/* Cells: widths, cutting, hostile text, shapes; pages and prompts that are drawn into them. */
#include "admin-tui/console/canvas.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/console/page.h"
#include "admin-tui/console/prompt.h"
#include "admin-tui/console/term.h"
#include "admin-tui/target.h"

static struct tui_canvas canvas;
static struct tui_area all;
static char row[1024];

static void make(int width, int height, bool is_ascii)
{
    canvas.is_ascii = is_ascii;
    assert_int_equal(tui_canvas_resize(&canvas, width, height), ZTA_OK);
    all = tui_area_of(&canvas);
}

static int clean(void **state)
{
    tui_canvas_close(&canvas);
    return 0;
}

static const char *row_at(int y)
{
    struct zta_buffer out;
    zta_buffer_init(&out, row, sizeof row);
    tui_canvas_row(&canvas, y, &out);
    return row;
}

static void text_is_cut_with_an_ellipsis_where_the_area_ends(void **state)
{
    static const struct {
        const char *text;
        int width;
        const char *shown;
    } cases[] = {
        {"short", 8, "short"},
        {"exactly8", 8, "exactly8"},
        {"more than 8", 8, "more th…"},
        {"漢字漢字", 8, "漢字漢字"},
        {"漢字漢字", 7, "漢字漢…"},
        {"漢字漢字", 6, "漢字 …"},
        {"e\xcc\x81t", 8, "e\xcc\x81t"},
        {"", 8, ""},
        {"x", 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(8, 1, false);
        struct tui_area area = tui_area_part(&all, 0, 0, cases[i].width, 1);
        (void)tui_put(&area, 0, 0, TUI_ROLE_TEXT, zta_text_of(cases[i].text));
        assert_string_equal(row_at(0), cases[i].shown);
    }
}

static void nothing_drawn_can_hold_a_control_character(void **state)
{
    char hostile[256];
    for (int i = 0; i < 255; i++) {
        hostile[i] = (char)(i + 1);
    }
    hostile[255] = '\0';
    make(300, 1, false);
    (void)tui_put(&all, 0, 0, TUI_ROLE_TEXT, zta_text_of(hostile));
    (void)tui_put(&all, 256, 0, TUI_ROLE_TEXT,
                  ZTA_TEXT("\xc2\x9b"
                           "2J\xe2\x80\xae\xe2\x80\x8b"));
    for (const char *c = row_at(0); *c != '\0'; c++) {
        assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
    }
    assert_null(strstr(row, "\xc2\x9b"));
    assert_null(strstr(row, "\xe2\x80\xae"));
}

static void an_ascii_canvas_holds_ascii(void **state)
{
    make(20, 3, true);
    (void)tui_titled(&all, "Özdemir");
    tui_bar(&all, 1, TUI_ROLE_TEXT, 0.5);
    (void)tui_put(&all, 0, 2, TUI_ROLE_TEXT, ZTA_TEXT("漢 is longer than that"));
    for (int y = 0; y < 3; y++) {
        for (const char *c = row_at(y); *c != '\0'; c++) {
            assert_true((unsigned char)*c < 0x7f);
        }
    }
    assert_string_equal(row_at(2), "? is longer than th~");
}

static void half_a_wide_character_is_never_left(void **state)
{
    make(6, 1, false);
    (void)tui_put(&all, 0, 0, TUI_ROLE_TEXT, ZTA_TEXT("漢字漢"));
    (void)tui_put(&all, 1, 0, TUI_ROLE_TEXT, ZTA_TEXT("x"));
    assert_string_equal(row_at(0), " x字漢");
    (void)tui_put(&all, 2, 0, TUI_ROLE_TEXT, ZTA_TEXT("y"));
    assert_string_equal(row_at(0), " xy 漢");
}

static void drawing_outside_is_cut_not_an_error(void **state)
{
    make(5, 2, false);
    for (int x = -3; x < 9; x++) {
        for (int y = -2; y < 5; y++) {
            for (int n = -1; n < 9; n++) {
                struct tui_area part = tui_area_part(&all, x, y, n, n);
                assert_true(part.x + part.width <= 5 && part.y + part.height <= 2);
                (void)tui_put(&part, 0, 0, TUI_ROLE_TEXT, ZTA_TEXT("漢abc"));
                (void)tui_boxed(&part, "title");
                (void)tui_put_right(&part, 0, TUI_ROLE_TEXT, ZTA_TEXT("right"));
                const double values[] = {1, 2, 3};
                tui_chart(&part, TUI_ROLE_CHART, values, 3, 3);
            }
        }
    }
}

static void bars_show_shares_in_halves_and_never_something_as_nothing(void **state)
{
    static const struct {
        double share;
        const char *shown;
    } cases[] = {
        {0, "╌╌╌╌"}, {0.0001, "╸╌╌╌"}, {0.5, "━━╌╌"}, {0.63, "━━╸╌"}, {1, "━━━━"}, {7, "━━━━"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(4, 1, false);
        tui_bar(&all, 0, TUI_ROLE_CHART, cases[i].share);
        assert_string_equal(row_at(0), cases[i].shown);
    }
}

static void charts_put_the_newest_at_the_right(void **state)
{
    const double values[] = {0, 4, 8, 16};
    make(5, 2, false);
    tui_chart(&all, TUI_ROLE_CHART, values, 4, 16);
    assert_string_equal(row_at(0), "    █");
    assert_string_equal(row_at(1), "  ▄██");
}

static void pages_wrap_below_their_text(void **state)
{
    static struct tui_page page;
    make(30, 6, false);
    tui_page_open(&page, "Why");
    tui_page_line(&page, "why", ZTA_TEXT("words that need \x1b[31m two lines"));
    tui_page_printf(&page, "rule", "%s", "none");
    tui_page_draw(&all, &page);
    assert_string_equal(row_at(0), "─ Why ────────────────────────");
    assert_string_equal(row_at(1), " why       words that need");
    assert_string_equal(row_at(2), "           \\x1b[31m two lines");
    assert_string_equal(row_at(3), " rule      none");
    assert_int_equal(page.n_lines, 3);
}

static void rules_keep_their_lines_on_a_page_and_none_in_a_cell(void **state)
{
    static struct tui_page page;
    const struct zta_text rule =
        ZTA_TEXT("deny    closed\n  when  path  /a/**\n  note  \"\x1b[2J\"\n");
    tui_page_open(&page, "Action");
    tui_page_lines_of(&page, "after", rule);
    tui_page_lines_of(&page, "before", ZTA_TEXT(""));
    assert_string_equal(page.text, "after     deny    closed\n"
                                   "            when  path  /a/**\n"
                                   "            note  \"\\x1b[2J\"\n");
    char cell[64];
    struct zta_buffer out;
    zta_buffer_init(&out, cell, sizeof cell);
    ctl_print_change(&out, rule);
    assert_string_equal(cell, "deny closed when path /a/** note \"\x1b[2J\"");
}

static void pages_scroll_no_further_than_their_end(void **state)
{
    static struct tui_page page;
    make(30, 4, false);
    tui_page_open(&page, "Keys");
    for (int i = 0; i < 9; i++) {
        tui_page_printf(&page, "line", "%d", i);
    }
    tui_page_draw(&all, &page);
    assert_true(tui_page_move(&page, TUI_ACTION_BOTTOM));
    assert_true(tui_page_move(&page, TUI_ACTION_DOWN));
    tui_page_draw(&all, &page);
    assert_string_equal(row_at(3), " line      8");
    assert_true(tui_page_move(&page, TUI_ACTION_PAGE_UP));
    assert_int_equal(page.top, 3);
    assert_false(tui_page_move(&page, TUI_ACTION_FILTER));
}

static void type(struct tui_prompt *prompt, const int *keys)
{
    for (; *keys != 0; keys++) {
        assert_int_equal(tui_prompt_key(prompt, *keys), TUI_PROMPT_GOES_ON);
    }
}

static void prompts_edit_whole_characters(void **state)
{
    static struct tui_prompt prompt;
    const int first[] = {'a', 0xd6, 0x6f22, 0x1f600, TUI_KEY_BACKSPACE, TUI_KEY_LEFT, 'x', 0};
    tui_prompt_open(&prompt, "filter:", NULL);
    type(&prompt, first);
    assert_string_equal(prompt.text, "aÖx漢");
    const int second[] = {TUI_KEY_HOME, TUI_KEY_DELETE, TUI_KEY_RIGHT, 'y', 27 - 26, 'z', 0};
    type(&prompt, second);
    assert_string_equal(prompt.text, "zÖyx漢");
    const int third[] = {TUI_KEY_END, ' ', 'b', 'c', 'w' - 96, TUI_KEY_RESIZE, 0xd800, 2, 0};
    type(&prompt, third);
    assert_string_equal(prompt.text, "zÖyx漢 ");
    make(12, 1, false);
    tui_prompt_draw(&all, &prompt);
    assert_non_null(strstr(row_at(0), "filter:"));
    assert_int_equal(tui_prompt_key(&prompt, TUI_KEY_ENTER), TUI_PROMPT_DONE);
    assert_false(prompt.is_open);
}

static void prompts_take_no_more_than_fits(void **state)
{
    static struct tui_prompt prompt;
    tui_prompt_open(&prompt, "x", NULL);
    for (int i = 0; i < 3 * TUI_PROMPT_SIZE; i++) {
        (void)tui_prompt_key(&prompt, 0x6f22);
    }
    assert_true(prompt.len < TUI_PROMPT_SIZE && prompt.len % 3 == 0);
    assert_int_equal(tui_prompt_key(&prompt, TUI_KEY_ESCAPE), TUI_PROMPT_CANCELLED);
}

static void a_search_finds_places_of_a_page_in_turn_and_shows_them(void **state)
{
    static struct tui_page page;
    make(30, 5, false);
    tui_page_open(&page, "Why");
    tui_page_section(&page, "Who");
    for (int i = 0; i < 20; i++) {
        tui_page_printf(&page, "line", "number %d", i);
    }
    assert_int_equal(tui_page_lines(&page, 30), 22);
    assert_true(tui_page_search(&page, "NUMBER 17", false));
    tui_page_draw(&all, &page);
    assert_string_equal(row_at(3), " line      number 17");
    assert_int_equal(canvas.cells[3 * 30 + 11].role, TUI_ROLE_CURSOR);
    assert_int_equal(canvas.cells[3 * 30 + 20].role, TUI_ROLE_TEXT);
    assert_true(tui_page_search(&page, "number 1", false));
    tui_page_draw(&all, &page);
    assert_string_equal(row_at(4), " line      number 18");
    assert_true(tui_page_search(&page, "number 1", true));
    assert_true(tui_page_search(&page, "number 1", true));
    tui_page_draw(&all, &page);
    assert_string_equal(row_at(2), " line      number 16");
    assert_true(tui_page_search(&page, "who", false));
    tui_page_draw(&all, &page);
    assert_string_equal(row_at(1), " Who");
    assert_false(tui_page_search(&page, "nowhere", false));
    assert_false(tui_page_search(&page, "\x0c", false));
}

static void a_line_over_several_is_cut_between_words(void **state)
{
    make(10, 2, false);
    assert_int_equal(tui_put_wrapped(&all, TUI_ROLE_TEXT, ZTA_TEXT("one two three four five")), 2);
    assert_string_equal(row_at(0), "one two");
    assert_string_equal(row_at(1), "three fou…");
    make(40, 2, false);
    assert_int_equal(tui_put_wrapped(&all, TUI_ROLE_TEXT, ZTA_TEXT("one")), 1);
}

static void columns_of_a_chart_in_text_stay_columns_in_ascii(void **state)
{
    make(8, 1, true);
    (void)tui_put(&all, 0, 0, TUI_ROLE_TEXT, ZTA_TEXT("▁▄█ é"));
    assert_string_equal(row_at(0), ".:# ?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_with_an_ellipsis_where_the_area_ends),
        cmocka_unit_test(nothing_drawn_can_hold_a_control_character),
        cmocka_unit_test(an_ascii_canvas_holds_ascii),
        cmocka_unit_test(half_a_wide_character_is_never_left),
        cmocka_unit_test(drawing_outside_is_cut_not_an_error),
        cmocka_unit_test(bars_show_shares_in_halves_and_never_something_as_nothing),
        cmocka_unit_test(charts_put_the_newest_at_the_right),
        cmocka_unit_test(pages_wrap_below_their_text),
        cmocka_unit_test(a_search_finds_places_of_a_page_in_turn_and_shows_them),
        cmocka_unit_test(a_line_over_several_is_cut_between_words),
        cmocka_unit_test(rules_keep_their_lines_on_a_page_and_none_in_a_cell),
        cmocka_unit_test(pages_scroll_no_further_than_their_end),
        cmocka_unit_test(prompts_edit_whole_characters),
        cmocka_unit_test(prompts_take_no_more_than_fits),
        cmocka_unit_test(columns_of_a_chart_in_text_stay_columns_in_ascii),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, clean);
}

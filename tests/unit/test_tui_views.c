/* SPDX-License-Identifier: Apache-2.0 */
/* The console on a fixture store: each view at many sizes, keys, a revocation, hostile records. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/unit/console_fixture.h"
#include "tests/unit/scratch_store.h"

static void every_view_draws_at_every_size_and_nothing_hostile(void **state)
{
    static const int sizes[][2] = {{80, 24}, {120, 35}, {200, 60}, {40, 10}, {20, 5},
                                   {3, 2},   {1, 1},    {400, 3},  {10, 100}};
    static const char *const pages[] = {"", "\r", "?"};
    for (char view = '1'; view <= '9'; view++) {
        for (size_t page = 0; page < sizeof pages / sizeof pages[0]; page++) {
            const char keys[] = {view, '\0'};
            press(keys);
            press(pages[page]);
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                const char *text = draw(sizes[i][0], sizes[i][1]);
                assert_null(strchr(text, '\x1b'));
                assert_null(strchr(text, '\x07'));
            }
        }
        tui_app_key(&app, TUI_KEY_ESCAPE);
    }
}

static void the_overview_shows_rates_reasons_places_and_health(void **state)
{
    press("1");
    draw(80, 24);
    assert_shows("33 % of 300 requests refused in 31s, mostly no_rule on /orders");
    assert_shows("all          10/s");
    assert_shows("deny        3.3/s    33 %");
    assert_null(strstr(screen, "since"));
    assert_shows("/orders api.exampl… stage 1, monitor 2");
    assert_shows("running, 2 children");
    assert_shows("up 2h 5m");
    draw(40, 10);
    assert_shows("1 Overview");
    draw(200, 60);
    assert_shows("Latest refusals");
    assert_shows("What operators changed");
    assert_shows("abcdefghijkl");
}

static void traffic_follows_filters_and_explains(void **state)
{
    press("2");
    draw(120, 35);
    assert_shows("following");
    assert_shows("300 rows");
    press("fstatus>=\r");
    draw(120, 35);
    assert_shows("filter: status>=");
    press("400\r");
    draw(120, 35);
    assert_shows("100 rows");
    press("k\r");
    draw(120, 35);
    assert_shows("not following");
    assert_shows("denied: no_rule");
    assert_shows("alice\\x1b[31m");
    press("qf\x15\rG");
    draw(120, 35);
    assert_shows("300 rows");
    assert_shows("following");
}

static void a_search_selects_the_row_and_keeps_it(void **state)
{
    press("2/403\r");
    draw(80, 24);
    assert_shows("not following");
    press("/nowhere\r");
    draw(80, 24);
    assert_shows("no row has 'nowhere'");
    press("G");
    draw(80, 24);
    assert_shows(" following");
}

static void sessions_are_sorted_filtered_and_shown(void **state)
{
    press("3");
    draw(120, 35);
    assert_shows("7 sessions");
    assert_shows("user3\\x1b[2J");
    const char *first = strstr(screen, "user1");
    assert_true(first != NULL && first < strstr(screen, "user7"));
    press("ss");
    draw(120, 35);
    assert_true(strstr(screen, "user7") < strstr(screen, "user1"));
    press("fuser5\r");
    draw(120, 35);
    assert_shows("1 session matches  user5");
    press("\r");
    draw(120, 35);
    assert_shows("requests  500, 0 of them refused");
    press("qf\x15\r");
}

static void revoking_asks_says_and_can_be_taken_back(void **state)
{
    press("3");
    draw(80, 24);
    press(" R");
    draw(80, 24);
    assert_shows("hits 1 session, last seen");
    assert_shows("reason:");
    press("\r");
    draw(80, 24);
    assert_shows("a reason is needed");
    press("stolen laptop\rno\r");
    draw(80, 24);
    assert_shows("that was not yes: nothing was changed");
    press("  R");
    draw(80, 24);
    assert_null(strstr(screen, "by session"));
    press("stolen\r2\r");
    draw(80, 24);
    assert_shows("revoked, action 3; u takes it back");
    assert_shows("revoked by session");
    press("gj\r");
    draw(120, 35);
    assert_shows("revoked   by session");
    assert_shows(", by tester, action 3: stolen");
    assert_shows("undo      ztactl unrevoke --session");
    press("q0");
    draw(80, 24);
    assert_shows("stolen");
    assert_shows("consistent, 4 entries");
    press("3u");
    draw(80, 24);
    assert_shows("take it back, because:");
    press("found\r");
    draw(80, 24);
    assert_shows("taken back, action 5");
    press("3");
    draw(80, 24);
    assert_null(strstr(screen, "by session"));
    press("0R");
    draw(80, 24);
    assert_shows("that key means nothing here");
}

static void keys_are_shown_and_revoked_for_good(void **state)
{
    press("7");
    draw(80, 24);
    assert_shows("billing");
    assert_shows("living");
    press("\r");
    draw(80, 24);
    assert_shows("used      0 times");
    press("qR");
    draw(80, 24);
    assert_shows("cannot be undone");
    press("over\ryes\r");
    draw(80, 24);
    now_ns += 2 * ZTA_NS_PER_S;
    draw(80, 24);
    assert_shows("revoked");
    press("R");
    draw(80, 24);
    assert_shows("this key was revoked before");
}

static void commands_have_the_names_of_views_and_actions(void **state)
{
    press("1:sess\t\r");
    draw(80, 24);
    assert_shows("7 sessions");
    press(":s\t");
    draw(80, 24);
    assert_shows("Tab chooses");
    assert_shows("sessions");
    assert_shows(": s");
    press("o\t\r");
    draw(80, 24);
    assert_true(strstr(screen, "user7") < strstr(screen, "user1"));
    press(":filter user5\r");
    draw(80, 24);
    assert_shows("1 session matches  user5");
    press(":filter\r\x15\r:sea\r");
    draw(80, 24);
    assert_shows("'sea' begins several commands");
    press("\x15nonsense\r");
    draw(80, 24);
    assert_shows("no command 'nonsense'");
    press("\x15:\t");
    draw(80, 24);
    assert_shows("nothing that is known begins so");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press(":search user3\r:detail\r");
    draw(120, 35);
    assert_shows("subject   user3");
    assert_shows("Latest requests");
    press(":quit\r");
    assert_false(app.is_over);
    press("ssss");
}

/* The first row of the screen that has the text. */
static int row_of(const char *text)
{
    const char *found = strstr(screen, text);
    int y = 0;
    assert_non_null(found);
    for (const char *c = screen; c < found; c++) {
        y += *c == '\n';
    }
    return y;
}

static void the_mouse_chooses_views_and_rows_and_opens_a_chosen_row(void **state)
{
    press("1");
    draw(80, 24);
    int names = (int)(strstr(screen, "3Ses") - screen);
    tui_app_pointer(&app, TUI_KEY_CLICK, names, 0);
    draw(80, 24);
    assert_shows("SUBJECT");
    tui_app_pointer(&app, TUI_KEY_CLICK, 79, 0);
    press("g");
    draw(80, 24);
    assert_shows("SUBJECT");
    tui_app_pointer(&app, TUI_KEY_CLICK, 3, 4);
    draw(80, 24);
    assert_shows("SUBJECT");
    assert_int_equal(selected_row(), 4);
    tui_app_pointer(&app, TUI_KEY_CLICK, 3, 4);
    draw(80, 24);
    assert_shows("Latest requests");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    tui_app_pointer(&app, TUI_KEY_CLICK, 3, 1); /* titles */
    tui_app_pointer(&app, TUI_KEY_CLICK, 79, 23);
    tui_app_pointer(&app, TUI_KEY_CLICK, -1, 500);
    draw(80, 24);
    assert_int_equal(selected_row(), 4);
}

/* Of the session on the row that is selected. */
static const char *selected_subject(void)
{
    const char *line = screen;
    for (int y = selected_row(); y > 0; y--) {
        line = strchr(line, '\n') + 1;
    }
    return strstr(line, "user");
}

static void a_double_click_opens_what_it_chose_though_rows_moved_meanwhile(void **state)
{
    press("3g");
    draw(80, 24);
    tui_app_pointer(&app, TUI_KEY_CLICK, 3, 4);
    press("jj"); /* as new rows above would move it */
    draw(80, 24);
    assert_int_equal(selected_row(), 6);
    char chosen[sizeof "subject   user1234"];
    const char *name = selected_subject();
    (void)snprintf(chosen, sizeof chosen, "subject   %.*s", (int)strcspn(name, " "), name);
    tui_app_pointer(&app, TUI_KEY_CLICK, 3, 4);
    draw(80, 24);
    assert_shows(chosen);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("3g");
    draw(80, 24);
}

static void the_wheel_moves_what_is_below_it(void **state)
{
    press("3g");
    draw(120, 35);
    int first = selected_row();
    tui_app_pointer(&app, TUI_KEY_WHEEL_DOWN, 3, 8);
    draw(120, 35);
    assert_int_equal(selected_row(), first + 3);
    press("\r");
    draw(120, 35);
    int below = row_of("Latest requests");
    tui_app_pointer(&app, TUI_KEY_WHEEL_UP, 3, first);
    draw(120, 35);
    assert_int_equal(selected_row(), first);
    int top = app.desk.page.top;
    tui_app_pointer(&app, TUI_KEY_WHEEL_DOWN, 3, below);
    draw(120, 35);
    assert_int_equal(selected_row(), first);
    assert_true(app.desk.page.top >= top);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("?");
    draw(80, 24);
    tui_app_pointer(&app, TUI_KEY_WHEEL_DOWN, 3, 3);
    draw(80, 24);
    assert_int_equal(app.desk.page.top, 3);
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

/* What asks for a word or yes takes keys alone. */
static void the_mouse_means_nothing_to_a_dialog(void **state)
{
    press("3gR");
    draw(80, 24);
    tui_app_pointer(&app, TUI_KEY_CLICK, 3, 0);
    tui_app_pointer(&app, TUI_KEY_WHEEL_DOWN, 3, 5);
    draw(80, 24);
    assert_shows("reason:");
    assert_shows("SUBJECT");
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

static void keys_typed_while_it_counts_are_for_the_dialog(void **state)
{
    press("3");
    draw(80, 24);
    press("GRlost\r");
    draw(80, 24);
    assert_shows("type yes to revoke:");
    assert_shows("hits 1 session");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("R");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    draw(80, 24);
    assert_shows("nothing was changed");
    press("R");
    for (int i = 0; i < 3 * TUI_AHEAD_MAX; i++) {
        press("x");
    }
    assert_int_equal(app.desk.dialog.n_ahead, TUI_AHEAD_MAX);
    draw(80, 24);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("g");
}

static void details_are_searched(void **state)
{
    press("3");
    draw(120, 35);
    press("\r/LATEST\r");
    draw(120, 35);
    assert_shows("Latest requests");
    assert_shows("GET /orders/17");
    press("/nowhere\r");
    draw(120, 35);
    assert_shows("'nowhere' is not on this page");
    press("q");
}

static void a_stopped_server_is_said(void **state)
{
    now_ns += 60 * ZTA_NS_PER_S;
    press("1");
    draw(80, 24);
    assert_shows("not running: last heartbeat 1m ago");
    now_ns -= 60 * ZTA_NS_PER_S;
}

static void who_may_not_write_is_told_why(void **state)
{
    (void)snprintf(model->read_only, sizeof model->read_only, "it belongs to zta");
    press("3");
    draw(80, 24);
    assert_shows("read-only");
    press("R");
    draw(80, 24);
    assert_shows("read-only: it belongs to zta");
    /* Before anything is typed, whatever the view would make of the key. */
    for (size_t i = 0; tui_key_at(i) != NULL; i++) {
        if (tui_key_at(i)->group == TUI_GROUP_CHANGE) {
            tui_app_key(&app, tui_key_at(i)->key);
            draw(80, 24);
            assert_shows("read-only: it belongs to zta");
            assert_false(app.prompt.is_open);
            assert_int_equal(app.desk.dialog.step, TUI_DIALOG_CLOSED);
        }
    }
    draw(160, 24);
    assert_shows(" read-only ");
    model->read_only[0] = '\0';
}

static void any_keys_in_any_order_do_no_harm(void **state)
{
    uint64_t random = 7;
    for (int i = 0; i < 5000; i++) {
        uint64_t r = scratch_random(&random);
        int key = r % 3 == 0 ? TUI_KEY_UP + (int)(r / 3 % 12) : (int)(r / 3 % 127);
        tui_app_key(&app, key);
        app.is_over = false;
        if (i % 20 == 0) {
            draw(1 + (int)(r >> 20) % 150, 1 + (int)(r >> 40) % 50);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view_draws_at_every_size_and_nothing_hostile),
        cmocka_unit_test(the_overview_shows_rates_reasons_places_and_health),
        cmocka_unit_test(traffic_follows_filters_and_explains),
        cmocka_unit_test(a_search_selects_the_row_and_keeps_it),
        cmocka_unit_test(sessions_are_sorted_filtered_and_shown),
        cmocka_unit_test(revoking_asks_says_and_can_be_taken_back),
        cmocka_unit_test(keys_are_shown_and_revoked_for_good),
        cmocka_unit_test(commands_have_the_names_of_views_and_actions),
        cmocka_unit_test(the_mouse_chooses_views_and_rows_and_opens_a_chosen_row),
        cmocka_unit_test(a_double_click_opens_what_it_chose_though_rows_moved_meanwhile),
        cmocka_unit_test(the_wheel_moves_what_is_below_it),
        cmocka_unit_test(the_mouse_means_nothing_to_a_dialog),
        cmocka_unit_test(keys_typed_while_it_counts_are_for_the_dialog),
        cmocka_unit_test(details_are_searched),
        cmocka_unit_test(a_stopped_server_is_said),
        cmocka_unit_test(who_may_not_write_is_told_why),
        cmocka_unit_test(any_keys_in_any_order_do_no_harm),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_filled, close_filled);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that are written in the console: checked as they are typed, tried, applied, never lost. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/live.h"
#include "shared/base/clock.h"
#include "shared/store/layers.h"
#include "shared/store/published.h"
#include "tests/unit/console_fixture.h"
#include "tests/unit/store_fixture.h"

#define BASELINE "# of the configuration\nallow   read\n  when  path    /orders/**\n"

enum {
    CONTROL_S = 's' - 96,
    CONTROL_W = 'w' - 96,
};

static struct store_fixture fixture;

static int open_all(void **state)
{
    struct zta_error error;
    store_fixture_make(&fixture);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "fixture");
    struct zta_published_location location = {.server = ZTA_TEXT("api:443"),
                                              .path = ZTA_TEXT("/orders")};
    location.stance.modes[ZTA_FEATURE_RULES] = ZTA_MODE_ENFORCE;
    assert_int_equal(zta_published_put_locations(change, &location, 1), ZTA_OK);
    assert_int_equal(
        zta_published_put_rules(change, ZTA_TEXT("/etc/zta/api.zta"), ZTA_TEXT(BASELINE), 0, 1),
        ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&store);
    is_clock_running = true;
    open_console(fixture.dir);
    return 0;
}

static int close_all(void **state)
{
    close_console();
    store_fixture_remove(&fixture);
    return 0;
}

/* What a command says is there before its end, and until then keys are the draft's. */
static void draw_until_closed(void)
{
    const int64_t end_ns = zta_clock_monotonic_ns() + 60 * ZTA_NS_PER_S;
    while (app.desk.draft.step != TUI_DRAFT_CLOSED) {
        draw(120, 35);
        assert_true(zta_clock_monotonic_ns() < end_ns);
    }
}

static void press_key(int key, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        tui_app_key(&app, key);
    }
}

/* The version in force, and whether it has that text anywhere; 0: none. */
static uint64_t version_with(const char *text, bool *has_it)
{
    struct zta_view *view = NULL;
    struct zta_layer layer;
    void *storage = NULL;
    assert_int_equal(zta_view_begin(model->ctl->store, &view), ZTA_OK);
    assert_int_equal(zta_layer_in_force(view, zta_clock_real_ns() / ZTA_NS_PER_S, &layer, &storage),
                     ZTA_OK);
    const uint64_t version = layer.version;
    *has_it = false;
    for (size_t i = 0; i < layer.n; i++) {
        *has_it |= layer.entries[i].text.len > 0 &&
                   memmem(layer.entries[i].text.data, layer.entries[i].text.len, text,
                          strlen(text)) != NULL;
    }
    free(storage);
    zta_view_end(&view);
    return version;
}

/* Another operator, elsewhere. */
static void change_elsewhere(const char *line)
{
    struct tui_shell shell = {.pid = 0};
    static struct tui_page page;
    struct zta_error error;
    assert_int_equal(tui_shell_start(&shell, model->ctl, line, &page, &error), ZTA_OK);
    while (shell.pid != 0) {
        (void)tui_shell_go_on(&shell, &page);
    }
    if (shell.code != CTL_DONE) {
        fail_msg("%s: %s", line, page.text);
    }
}

static void a_new_rule_is_checked_as_it_is_typed_and_applied(void **state)
{
    bool is_there;
    press("5");
    draw_until("1 rule");
    press("A");
    draw_until("good: it is new");
    press_key(CONTROL_W, 1);
    press("read");
    draw_until("found 'read', expected a name that is free: /etc/zta/api.zta:2 has a rule");
    press_key(CONTROL_S, 1);
    draw_until("it cannot go into force as it is");
    press_key(TUI_KEY_END, 1);
    press("-not");
    draw_until("good: it is new");
    press_key(TUI_KEY_DOWN, 1);
    press_key(TUI_KEY_END, 1);
    press("\rwhen mehtod GET");
    draw_until("line 3   found 'mehtod', expected an attribute; did you mean 'method'?");
    press_key(CONTROL_W, 2);
    press("method GET");
    draw_until("good: it is new");
    press_key(CONTROL_S, 1);
    draw_until("why, Esc goes back:");
    assert_non_null(strstr(screen, "+   when  method GET"));
    assert_non_null(strstr(screen, "No request was recorded in the last"));
    press("\r");
    draw_until("a reason is needed");
    press("because\r");
    draw_until("for how long (30m, 1h, 7d, permanent): 1h");
    press("x\r");
    draw_until("a duration such as 1h, or permanent: 1h");
    press("\r\r");
    draw_until("added, action 2: in force on the next request");
    assert_int_equal(version_with("deny    read-not", &is_there), 1);
    assert_true(is_there);
    draw_until("2 rules");
    press("u");
    draw_until(": undo 2 --reason=");
    press_key(TUI_KEY_ESCAPE, 1);
}

static void a_rule_of_the_configuration_is_edited_over_it(void **state)
{
    bool is_there;
    press("5g");
    draw_until("api.zta");
    press("E");
    draw_until("over /etc/zta/api.zta:2, which stays as it is");
    draw_until("good: takes the place of rule read at /etc/zta/api.zta:2");
    assert_non_null(strstr(screen, "   1 allow   read"));
    press_key(TUI_KEY_END, 1);
    press("\rmode monitor");
    press_key(CONTROL_S, 1);
    draw_until("why, Esc goes back:");
    assert_non_null(strstr(screen, "+   mode  monitor"));
    press("trial\r\r\r");
    draw_until("Type yes to go on:");
    assert_non_null(strstr(screen, "takes out of force what is enforced now: read"));
    press("no\r");
    draw_until("Type yes to go on:");
    press_key(TUI_KEY_ESCAPE, 1);
    draw_until("nothing was changed; the text is as it was");
    assert_int_equal(version_with("allow   read\n", &is_there), 1);
    press_key(CONTROL_S, 1);
    draw_until("why, Esc goes back: trial");
    press("\r\r\r");
    draw_until("Type yes to go on:");
    press("yes\r");
    draw_until("added, action 3");
    draw_until_closed();
    assert_int_equal(version_with("allow   read\n", &is_there), 2);
    assert_true(is_there);
}

static void a_text_outlives_what_refuses_it_and_what_others_change(void **state)
{
    bool is_there;
    press("5");
    press("A");
    draw_until("good: it is new");
    change_elsewhere("rules add -e 'deny theirs' -e 'when path /theirs' --permanent --reason=x");
    draw_until("somebody else changed the rules: version 3 is in force, this was begun on 2");
    press_key(CONTROL_S, 1);
    draw_until("why, Esc goes back:");
    change_elsewhere("rules remove theirs --reason=x --yes");
    press("mine\r\r\r");
    draw_until("version 4 is in force, not --base 3");
    draw_until("nothing was changed; a key goes back");
    press("x");
    draw_until("deny    NAME");
    press_key(TUI_KEY_ESCAPE, 1);
    draw(120, 35);
    assert_null(strstr(screen, "deny    NAME"));
    assert_int_equal(version_with("NAME", &is_there), 4);
    assert_false(is_there);
}

static void typed_text_is_not_lost_by_one_key(void **state)
{
    press("5A");
    draw_until("good: it is new");
    press_key(TUI_KEY_PASTE, 1);
    press("-pasted");
    press_key(TUI_KEY_PASTED, 1);
    press_key(TUI_KEY_ESCAPE, 1);
    draw_until("lose what was typed?");
    press("\r");
    draw_until("deny    NAME-pasted");
    press_key(TUI_KEY_ESCAPE, 1);
    press("yes\r");
    draw(120, 35);
    assert_null(strstr(screen, "NAME-pasted"));
    /* Pasted into a list it is no keys. */
    press_key(TUI_KEY_PASTE, 1);
    press("q:A");
    press_key(TUI_KEY_PASTED, 1);
    draw_until("pasted text is not taken for keys");
    assert_false(app.is_over);
    assert_int_equal(app.desk.draft.step, TUI_DRAFT_CLOSED);
}

static void the_detail_of_a_rule_has_text_standing_hour_and_changes(void **state)
{
    press("5");
    draw_until("read-not");
    press("/read-not\r\r");
    draw_until("Changed by operators");
    assert_non_null(strstr(screen, "deny    read-not"));
    assert_non_null(strstr(screen, "in force  api:443/orders, enforce"));
    assert_non_null(strstr(screen, "tester: because"));
    press("q");
}

static void versions_are_shown_line_by_line_and_rolled_back_to(void **state)
{
    bool is_there;
    press("5v");
    draw_until("4 versions");
    assert_non_null(strstr(screen, "in force"));
    assert_non_null(strstr(screen, "because"));
    press("G\r");
    draw_until("rules history 1 · done");
    assert_non_null(strstr(screen, "against version 0:"));
    assert_non_null(strstr(screen, "+ deny    read-not"));
    press_key(TUI_KEY_ESCAPE, 1);
    press("Z");
    draw_until(": rules rollback 1 --base=4 --reason=");
    change_elsewhere("rules monitor read-not --permanent --reason=x --yes");
    press("back\r");
    draw_until("version 5 is in force, not --base 4");
    press_key(TUI_KEY_ESCAPE, 2);
    draw_until("5 versions");
    press("GZback\r");
    draw_until("nothing is done yet; Enter does it");
    assert_non_null(strstr(screen, "rule read changes"));
    press_key(TUI_KEY_ENTER, 1);
    draw_until("rolled back, action");
    assert_int_equal(version_with("deny    read-not", &is_there), 6);
    assert_true(is_there);
    press_key(TUI_KEY_ESCAPE, 1);
    press("[");
    draw_until("2 rules");
}

static void a_rule_is_written_from_the_filter_or_the_row(void **state)
{
    press("2fsubject=mallory\rD");
    draw_until("New deny rule from the filter");
    draw_until("deny    no-mallory");
    draw_until("good: it is new");
    press_key(TUI_KEY_ESCAPE, 1);
    press("L");
    draw_until("limit   slow-mallory");
    assert_non_null(strstr(screen, "key   subject"));
    press_key(TUI_KEY_ESCAPE, 1);
    press("1D");
    draw_until("deny    NAME");
    press_key(TUI_KEY_ESCAPE, 1);
}

static void a_draft_draws_at_every_size(void **state)
{
    static const int sizes[][2] = {{80, 24}, {120, 35}, {160, 50}, {40, 10}, {20, 5},
                                   {3, 2},   {1, 1},    {400, 3},  {10, 100}};
    press("5A");
    draw_until("good: it is new");
    for (int step = TUI_DRAFT_TYPING; step <= TUI_DRAFT_LEAVING; step++) {
        app.desk.draft.step = (enum tui_draft_step)step;
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct tui_area all;
            assert_int_equal(tui_canvas_resize(&canvas, sizes[i][0], sizes[i][1]), ZTA_OK);
            all = tui_area_of(&canvas);
            tui_draft_draw(&all, &app.desk.draft);
            tui_draft_footer(&all, &app.desk.draft);
        }
    }
    app.desk.draft.step = TUI_DRAFT_TYPING;
    press_key(TUI_KEY_ESCAPE, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_rule_is_checked_as_it_is_typed_and_applied),
        cmocka_unit_test(a_rule_of_the_configuration_is_edited_over_it),
        cmocka_unit_test(a_text_outlives_what_refuses_it_and_what_others_change),
        cmocka_unit_test(typed_text_is_not_lost_by_one_key),
        cmocka_unit_test(the_detail_of_a_rule_has_text_standing_hour_and_changes),
        cmocka_unit_test(versions_are_shown_line_by_line_and_rolled_back_to),
        cmocka_unit_test(a_rule_is_written_from_the_filter_or_the_row),
        cmocka_unit_test(a_draft_draws_at_every_size),
    };
    (void)setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_all, close_all);
}

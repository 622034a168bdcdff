/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, jumps between what is related, breadcrumbs, filters: the console in an operator's hands. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/console/row.h"
#include "shared/base/clock.h"
#include "tests/unit/console_fixture.h"

/* Leaves whatever is open, jumps too, and goes to the view. */
static void go(const char *view)
{
    for (int i = 0; i < 4; i++) {
        tui_app_key(&app, TUI_KEY_ESCAPE);
    }
    press(view);
    draw(120, 35);
}

static const char *selected_id(void)
{
    static struct tui_row row;
    struct tui_view *view = &app.views[app.current];
    return view->ops->row(view, &row) ? row.id : "";
}

/* ---- keys ---- */

static void every_key_has_one_meaning_and_a_label_that_names_it(void **state)
{
    for (size_t i = 0; tui_key_at(i) != NULL; i++) {
        const struct tui_key_row *row = tui_key_at(i);
        const int keys[] = {row->key, row->other, row->function};
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            if (keys[k] != 0 && tui_key_action(keys[k]) != row->action) {
                fail_msg("key %d of '%s' means something else", keys[k], row->label);
            }
            assert_false(keys[k] >= '0' && keys[k] <= '9');
        }
        if (row->key > ' ' && row->key < 127) {
            assert_int_equal(row->label[0], row->key);
        }
        assert_true((row->function != 0) == (strstr(row->label, " F") != NULL));
    }
}

/* As section 9 of the design has them. */
static void the_keys_that_were_promised_are_there(void **state)
{
    static const char promised[] = "jkgG/nNfstp eywy[]u?:qRIBDLME";
    for (const char *key = promised; *key != '\0'; key++) {
        if (tui_key_action(*key) == TUI_ACTION_NONE) {
            fail_msg("'%c' means nothing", *key);
        }
    }
}

/* ---- jumps ---- */

static void a_row_leads_to_what_it_is_about_and_back(void **state)
{
    char id[TUI_ROW_ID_SIZE];
    go("2");
    press("gj");
    (void)snprintf(id, sizeof id, "%s", selected_id());
    press("o");
    draw(120, 35);
    assert_shows(" Go to ");
    assert_shows("1 session ");
    assert_shows("requests of alice\\x1b[31m");
    press("1");
    draw(120, 35);
    assert_shows("Traffic > request ");
    assert_shows(" > session ");
    assert_shows("Latest requests"); /* it is open */
    press("qo1");
    draw(120, 35);
    assert_shows(" > requests of session ");
    assert_shows("filter session=");
    const char *crumbs = strstr(screen, "Traffic > ");
    assert_non_null(crumbs);
    /* Back, one place at a time, by the key and by leaving. */
    press("[");
    draw(120, 35);
    assert_null(strstr(screen, "requests of session"));
    assert_shows("Traffic > request ");
    assert_shows("filter"); /* of Sessions, for that one */
    press("q");
    draw(120, 35);
    assert_shows("300 rows");
    assert_null(strstr(screen, "Traffic > "));
    assert_string_equal(selected_id(), id);
    /* And forth. */
    press("]]");
    draw(120, 35);
    assert_shows(" > requests of session ");
    assert_false(app.is_over);
}

static void a_trail_leaves_the_operators_own_filters_alone(void **state)
{
    go("2");
    press("fmethod=GET\r");
    draw(120, 35);
    press("o1");
    draw(120, 35);
    press("qo1");
    draw(120, 35);
    assert_shows("filter session=");
    press("2");
    draw(120, 35);
    assert_shows("filter method=GET");
    assert_null(strstr(screen, "Traffic > "));
    press("3");
    draw(120, 35);
    assert_shows("7 sessions");
    press("2f\x15\r");
    draw(120, 35);
    assert_shows("300 rows");
}

static void what_is_gone_is_said(void **state)
{
    struct tui_jump jump = {.to = &tui_view_keys, .name = "key nobody", .id = "nobody"};
    go("1");
    app.desk.jump = jump;
    tui_app_key(&app, 't');
    draw(80, 24);
    assert_shows("key nobody is not here, or not any more");
    assert_shows("Overview > key nobody");
    press("q");
    draw(80, 24);
    assert_shows("Health");
}

static void a_menu_takes_arrows_letters_the_mouse_and_escape(void **state)
{
    go("3");
    press("go");
    draw(80, 24);
    assert_true(app.menu.is_open);
    press("j\r");
    draw(80, 24);
    assert_shows("> sessions of user1");
    press("q");
    draw(80, 24);
    press("o");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    assert_false(app.menu.is_open);
    press("o");
    draw(80, 24);
    tui_app_pointer(&app, TUI_KEY_CLICK, app.menu.list.x + 1, app.menu.list.y + 1);
    draw(80, 24);
    assert_shows("> sessions of user1");
    press("q");
    draw(80, 24);
    press("o");
    draw(80, 24);
    tui_app_pointer(&app, TUI_KEY_CLICK, 0, 0);
    assert_false(app.menu.is_open);
    tui_app_key(&app, TUI_KEY_F2);
    assert_true(app.menu.is_open);
    press("q");
}

static void a_key_leads_to_its_sessions_and_an_action_to_what_it_changed(void **state)
{
    go("7");
    press("o");
    draw(80, 24);
    assert_shows("sessions of key billing");
    press("1");
    draw(80, 24);
    assert_shows("> sessions of key billing");
    assert_shows("apikey=billing");
    go("0");
    press("go");
    draw(80, 24);
    assert_shows("key abcdefghijkl");
    press("1");
    draw(80, 24);
    assert_shows("used      0 times");
    assert_shows("Audit > action ");
    go("0");
}

static void targets_are_read_as_they_are_printed(void **state)
{
    static const struct {
        const char *target;
        const char *name; /* of the first jump; NULL: none */
        const char *filter;
        const char *id;
    } cases[] = {
        {"session 9e3779b97f4a7c150000000100000000", "session 9e3779b97f4a",
         "session=9e3779b97f4a7c150000000100000000", "9e3779b97f4a7c150000000100000000"},
        {"subject alice@corp", "sessions of alice@corp", "subject=alice@corp", ""},
        {"key billing00001 (billing)", "key billing00001", "", "billing00001"},
        {"203.0.113.0/24", "requests from 203.0.113.0/24", "address=203.0.113.0/24", ""},
        {"rule no-bots", "rule no-bots", "", "no-bots"},
        {"device x\"y", "device x\"y", "", "x\"y"},
        {"store", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
        {"subject ", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct tui_row row;
        tui_row_init(&row, "action", ZTA_TEXT("1"), "audit list");
        tui_row_leads_to_target(&row, zta_text_of(cases[i].target));
        assert_int_equal(row.n_jumps > 0, cases[i].name != NULL);
        if (row.n_jumps > 0) {
            assert_string_equal(row.jumps[0].name, cases[i].name);
            assert_string_equal(row.jumps[0].filter, cases[i].filter);
            assert_string_equal(row.jumps[0].id, cases[i].id);
        }
    }
}

static void values_are_quoted_for_filters_and_for_the_command_line(void **state)
{
    char text[256];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    tui_filter_put(&out, "subject", ZTA_TEXT("a b,c\"d\\"));
    tui_filter_put(&out, "rule", ZTA_TEXT("unknown"));
    tui_filter_put(&out, "address", ZTA_TEXT("10.0.0.0/8"));
    assert_string_equal(text, "subject=\"a b,c\\\"d\\\\\" rule=\"unknown\" address=10.0.0.0/8");
    zta_buffer_init(&out, text, sizeof text);
    tui_put_command(&out, "keys show % --json", ZTA_TEXT("it's; --yes"));
    assert_string_equal(text, "keys show 'it'\\''s; --yes' --json");
    zta_buffer_init(&out, text, sizeof text);
    tui_put_command(&out, "keys show %", ZTA_TEXT("--yes"));
    assert_string_equal(text, "keys show '--yes'");
}

/* ---- filters ---- */

static void lists_are_filtered_in_one_language(void **state)
{
    static const struct {
        const char *view;
        const char *filter;
        const char *shown;
        const char *absent;
    } cases[] = {
        {"3", "subject=user5", "1 session matches", "user4"},
        {"3", "requests>=600 not subject=user7", "1 session matches", "user5"},
        {"3", "kind=cnf", "1 session matches", "user1"},
        {"3", "USER2", "1 session matches", "user1"},
        {"7", "state=living,revoked name=bill*", "1 API key", NULL},
        {"7", "used=unknown", "1 API key", NULL},
        {"7", "owner=nobody", "no API key matches", "abcdefghijkl"},
        {"0", "action=\"store init\"", "store init", "abcdefghijkl"},
        {"0", "id>1 abcdef", "abcdefghijkl", "store init"},
        {"0", "age<1s", "no action matches", "abcdefghijkl"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        go(cases[i].view);
        press("f\x15");
        press(cases[i].filter);
        press("\r");
        draw(120, 35);
        assert_shows(cases[i].shown);
        if (cases[i].absent != NULL && strstr(screen, cases[i].absent) != NULL) {
            fail_msg("%s leaves '%s':\n%s", cases[i].filter, cases[i].absent, screen);
        }
        press("f\x15\r");
    }
}

static void a_wrong_filter_says_what_was_expected_and_changes_nothing(void **state)
{
    static const char *const cases[][3] = {
        {"2", "reason=nonsense", "found 'nonsense' for reason"},
        {"3", "subjekt=alice", "did you mean 'subject'?"},
        {"3", "requests>many", "found 'many' for requests"},
        {"7", "uses=x", "found 'x' for uses, expected number of requests"},
        {"0", "who>kim", "this field has no order"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        go(cases[i][0]);
        press("f\x15");
        press(cases[i][1]);
        press("\r");
        draw(120, 35);
        assert_shows(cases[i][2]);
        assert_true(app.prompt.is_open);
        tui_app_key(&app, TUI_KEY_ESCAPE);
        draw(120, 35);
        assert_null(strstr(screen, cases[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_one_meaning_and_a_label_that_names_it),
        cmocka_unit_test(the_keys_that_were_promised_are_there),
        cmocka_unit_test(a_row_leads_to_what_it_is_about_and_back),
        cmocka_unit_test(a_trail_leaves_the_operators_own_filters_alone),
        cmocka_unit_test(what_is_gone_is_said),
        cmocka_unit_test(a_menu_takes_arrows_letters_the_mouse_and_escape),
        cmocka_unit_test(a_key_leads_to_its_sessions_and_an_action_to_what_it_changed),
        cmocka_unit_test(targets_are_read_as_they_are_printed),
        cmocka_unit_test(values_are_quoted_for_filters_and_for_the_command_line),
        cmocka_unit_test(lists_are_filtered_in_one_language),
        cmocka_unit_test(a_wrong_filter_says_what_was_expected_and_changes_nothing),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_all, close_all);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, jumps between what is related, breadcrumbs, filters: the console in an operator's hands. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void tab_goes_over_what_a_detail_leads_to(void **state)
{
    go("3");
    press("g\r");
    /* Before anything was drawn, too: hands are faster than screens. */
    tui_app_key(&app, TUI_KEY_TAB);
    draw(80, 24);
    assert_shows("go to     requests of session ");
    assert_shows("Enter go there");
    tui_app_key(&app, TUI_KEY_TAB);
    assert_string_equal(app.linked.jumps[app.link - 1].name, "sessions of user1");
    tui_app_key(&app, TUI_KEY_BACK_TAB);
    press("\r");
    draw(80, 24);
    assert_shows("Sessions > session ");
    assert_shows("filter session=");
    press("[");
    draw(80, 24);
    assert_shows("go to     requests of session ");
    assert_int_equal(app.link, 1);
    tui_app_key(&app, TUI_KEY_BACK_TAB);
    /* Behind the last none is chosen, and Enter is the list's again; arrows are the views'. */
    for (size_t i = 0; i <= app.desk.page.n_links; i++) {
        tui_app_key(&app, TUI_KEY_TAB);
    }
    assert_int_equal(app.link, 0);
    press("\r");
    assert_true(app.desk.page.is_open);
    tui_app_key(&app, TUI_KEY_BACK_TAB);
    assert_int_equal(app.link, app.desk.page.n_links);
    press("o");
    draw(80, 24);
    assert_shows("> issuer corp");
    press("[");
    tui_app_key(&app, TUI_KEY_RIGHT);
    draw(80, 24);
    assert_shows("4 Devices");
}

/* Not only who asked, also for what. */
static void a_rule_from_a_request_is_about_its_path_and_method(void **state)
{
    static const char *const keys[] = {"D", "L"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        go("2");
        press("g//orders/\r");
        press(keys[i]);
        draw(120, 35);
        assert_shows(i == 0 ? "New deny rule from the row" : "New limit from the row");
        assert_shows("when  subject \"alice");
        assert_shows("when  path    /orders/");
        assert_shows("when  method  GET");
        assert_shows(i == 0 ? "deny    no-alice" : "key   subject");
        tui_app_key(&app, TUI_KEY_ESCAPE);
        draw(120, 35);
        assert_null(strstr(screen, "from the row"));
    }
}

static void the_overview_leads_to_what_is_refused_most(void **state)
{
    go("1");
    press("o");
    draw(120, 35);
    assert_shows("1 requests refused for no_rule");
    assert_shows("requests to /orders");
    press("1");
    draw(120, 35);
    assert_shows("filter reason=no_rule");
    assert_shows("100 rows");
    assert_shows("Overview > requests refused for no_rule");
    /* Of what a filter shows the network that it shares is proposed, of a row alone its address. */
    press("B");
    draw(120, 35);
    assert_shows(": block 10.0.0.0/23 --for=1h --reason=");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    press("2");
    draw(120, 35);
    press("GB");
    draw(120, 35);
    assert_shows(": block 10.0.1.43 --for=1h --reason=");
    tui_app_key(&app, TUI_KEY_ESCAPE);
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

/* ---- searching ---- */

static void a_search_moves_as_it_is_typed_and_goes_back(void **state)
{
    go("3");
    press("gj");
    draw(120, 35);
    char id[TUI_ROW_ID_SIZE];
    (void)snprintf(id, sizeof id, "%s", selected_id());
    press("/USER");
    draw(120, 35);
    assert_shows("hit 2 of 7"); /* the row that one stands on counts */
    assert_string_equal(selected_id(), id);
    press("5");
    draw(120, 35);
    assert_shows("hit 1 of 1");
    assert_string_not_equal(selected_id(), id);
    press("x");
    draw(120, 35);
    assert_shows("no row has 'USER5x'");
    assert_string_equal(selected_id(), id);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    draw(120, 35);
    assert_string_equal(selected_id(), id);
    press("/user\rnn");
    draw(120, 35);
    assert_shows("hit 4 of 7");
    press("N");
    draw(120, 35);
    assert_shows("hit 3 of 7");
}

/* Cells of the screen in that role. */
static int cells_in(enum tui_role role)
{
    int n = 0;
    for (int i = 0; i < canvas.width * canvas.height; i++) {
        n += canvas.cells[i].role == role;
    }
    return n;
}

static void every_hit_is_seen_until_escape(void **state)
{
    go("3");
    press("/corp\r");
    draw(120, 35);
    assert_int_equal(cells_in(TUI_ROLE_CURSOR), 7 * 4);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    draw(120, 35);
    assert_int_equal(cells_in(TUI_ROLE_CURSOR), 0);
}

static void a_page_is_searched_as_one_types(void **state)
{
    go("2");
    press("?/ztactl");
    draw(80, 24);
    const int top = app.desk.page.top;
    assert_true(top > 0);
    assert_shows("hit 1 of ");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    draw(80, 24);
    assert_int_equal(app.desk.page.top, 0);
    press("q");
}

static void the_help_begins_with_the_view(void **state)
{
    static const char *const firsts[][2] = {{"2", "Traffic"}, {"7", "Keys"}, {"5", "Rules"}};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        go(firsts[i][0]);
        press("?");
        draw(120, 60);
        const char *here = strstr(screen, firsts[i][1]);
        assert_non_null(here);
        assert_true(strstr(screen, "Moving") > here);
        assert_shows("R ");
        press("q");
    }
    press("7?");
    draw(80, 24);
    assert_shows("revoke for good");
    press("q");
}

/* ---- the `:` line ---- */

/* Each command of the table is found from its first letters, and so are its options. */
static void every_command_is_completed_and_can_be_run(void **state)
{
    char line[TUI_PROMPT_SIZE];
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        const struct ctl_command *command = ctl_command_at(i);
        const size_t len = strlen(command->words);
        go("1");
        (void)snprintf(line, sizeof line, ":%.*s\t", (int)len - 1, command->words);
        press(line);
        if (app.completing.is_open) {
            bool is_there = false;
            for (size_t k = 0; k < app.completing.choices.n; k++) {
                const char *text = app.completing.choices.all[k].text;
                const char *last = strrchr(command->words, ' ');
                is_there |= strcmp(text, last == NULL ? command->words : last + 1) == 0;
            }
            assert_true(is_there);
        }
        else if (strncmp(app.prompt.text, command->words, len) != 0) {
            fail_msg("'%s' became '%s'", command->words, app.prompt.text);
        }
        (void)snprintf(line, sizeof line, "\x15%s --h\t", command->words);
        press(line);
        if (strstr(app.prompt.text, " --help ") == NULL && !app.completing.is_open) {
            fail_msg("options of '%s': '%s'", command->words, app.prompt.text);
        }
        (void)snprintf(line, sizeof line, "\x15%s --help\r", command->words);
        press(line);
        for (int k = 0; k < 500 && app.shell.pid != 0; k++) {
            (void)usleep(10000);
            draw(80, 24);
        }
        draw(200, 60);
        assert_shows(" · done");
        assert_shows("ztactl");
    }
}

static void values_come_from_the_store(void **state)
{
    go("1");
    press(":keys show b\t");
    assert_string_equal(app.prompt.text, "keys show billing ");
    press("\x15revoke --subj\t");
    assert_string_equal(app.prompt.text, "revoke --subject=");
    press("\x15sessions show \t");
    assert_true(app.completing.is_open);
    assert_int_equal(app.completing.choices.n, 7);
    draw(80, 24);
    assert_shows("7, Tab chooses");
    press("\t");
    char chosen[TUI_PROMPT_SIZE];
    (void)snprintf(chosen, sizeof chosen, "%s", app.prompt.text);
    press("\t");
    assert_string_not_equal(app.prompt.text, chosen);
    tui_app_key(&app, TUI_KEY_BACK_TAB);
    assert_string_equal(app.prompt.text, chosen);
    tui_app_key(&app, TUI_KEY_ESCAPE); /* out of the choices, then of the line */
    assert_true(app.prompt.is_open);
    tui_app_key(&app, TUI_KEY_ESCAPE);
    assert_false(app.prompt.is_open);
}

static void older_lines_come_back_by_how_they_begin(void **state)
{
    go("1");
    press(":traffic\r:keys list\r:sort\r:");
    tui_app_key(&app, TUI_KEY_UP);
    assert_string_equal(app.prompt.text, "sort");
    press("\x15k");
    app.line = app.history.n;
    tui_app_key(&app, TUI_KEY_UP);
    assert_string_equal(app.prompt.text, "keys list");
    tui_app_key(&app, TUI_KEY_DOWN);
    assert_string_equal(app.prompt.text, "k");
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

static void a_filter_is_looked_at_as_it_is_typed(void **state)
{
    go("3");
    press("f\x15subjekt=");
    draw(120, 35);
    assert_shows("did you mean 'subject'?");
    assert_shows("7 sessions");
    press("\x15subject=user5");
    draw(120, 35);
    assert_null(strstr(screen, "column"));
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

/* ---- acting ---- */

/* Time goes on meanwhile, so that lists are read again. */
static void draw_later(const char *text)
{
    for (int i = 0; i < 1500 && strstr(draw(120, 40), text) == NULL; i++) {
        now_ns += 10 * 1000 * 1000;
        (void)usleep(10000);
    }
    assert_shows(text);
}

static void what_a_line_did_is_taken_back_by_its_number(void **state)
{
    go("1");
    press(":block 198.51.100.7 --for=1h --reason=x\r");
    draw_later("· done");
    assert_shows("blocked, action ");
    const char *number = strstr(screen, "blocked, action ") + strlen("blocked, action ");
    char line[64];
    (void)snprintf(line, sizeof line, "undo %.*s --reason=", (int)strspn(number, "0123456789"),
                   number);
    press("qu");
    assert_string_equal(app.prompt.text, line);
    press("oops\r");
    draw_later("nothing is done yet");
    assert_shows("198.51.100.7");
    press("\r");
    draw_later("· done");
    press("qu");
    draw(80, 24);
    assert_shows("nothing was done from here that could be taken back");
}

static void more_than_one_hit_is_done_by_its_number_alone(void **state)
{
    go("1");
    press(":revoke issuer=corp --reason=all\r");
    draw_later("type 7 to do it:");
    press("6\r");
    draw(120, 40);
    assert_shows("that was not 7: nothing was changed");
    go("1");
    press(":revoke issuer=corp --reason=all\r");
    draw_later("type 7 to do it:");
    press("7\r");
    draw_later("· done");
    assert_shows("revoked, action ");
    press("qu");
    assert_non_null(strstr(app.prompt.text, "undo "));
    press("back\r");
    draw_later("nothing is done yet");
    press("\r");
    draw_later("· done");
    go("1");
}

static void marked_rows_are_acted_on_together(void **state)
{
    go("1");
    press(":block 198.51.100.8 --for=1h --reason=x\r");
    draw_later("· done");
    assert_shows("blocked, action ");
    press("q:block 198.51.100.9 --for=1h --reason=x\r");
    draw_later("· done");
    assert_shows("blocked, action ");
    go("6");
    draw_later("198.51.100.9");
    press("f\x15target=198.*\rg  ");
    draw(120, 40);
    assert_shows("2 marked");
    press("X");
    assert_string_equal(app.prompt.text, "blocks remove @marked --reason=");
    press("over\r");
    draw_later("type 2 to do it:");
    assert_shows("198.51.100.8");
    assert_shows("198.51.100.9");
    press("2\r");
    draw_later("· done");
    assert_shows("block removed");
    press("q");
    draw_later("no row matches");
    press("f\x15\r");
}

/* ---- the mouse ---- */

static int column_of(const char *text)
{
    const char *at = strstr(screen, text);
    assert_non_null(at);
    int x = 0;
    for (; at > screen && at[-1] != '\n'; at--) {
        x += ((unsigned char)at[-1] & 0xc0) != 0x80;
    }
    return x;
}

static void titles_sort_and_hints_are_pressed(void **state)
{
    go("3");
    press("g");
    draw(80, 24);
    const int titles = selected_row() - 1;
    tui_app_pointer(&app, TUI_KEY_CLICK, column_of("REQS") + 1, titles);
    draw(80, 24);
    assert_true(strstr(screen, "user7") < strstr(screen, "user1"));
    tui_app_pointer(&app, TUI_KEY_CLICK, column_of("ADDRESS"), titles);
    draw(80, 24);
    assert_shows("rows are not sorted by that");
    tui_app_pointer(&app, TUI_KEY_CLICK, column_of("SEEN"), titles);
    draw(80, 24);
    tui_app_pointer(&app, TUI_KEY_CLICK, column_of("f filter"), 23);
    assert_int_equal(app.asking, TUI_ASKING_FILTER);
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

/* ---- copying ---- */

static void a_row_is_copied_as_id_json_and_command(void **state)
{
    go("7");
    press("y");
    assert_string_equal(app.desk.copied, "abcdefghijkl");
    press("Y3");
    assert_string_equal(app.desk.copied, "ztactl keys show abcdefghijkl");
    app.desk.copied[0] = '\0';
    press("Y2");
    draw_later("copied key billing as JSON");
    assert_non_null(strstr(app.desk.copied, "\"name\": \"billing\""));
    go("0");
    press("gY2");
    draw_later("as JSON");
    assert_int_equal(app.desk.copied[0], '{');
    app.has_no_clipboard = true;
    press("y");
    draw(80, 24);
    assert_shows("this terminal takes no copies: ");
    app.has_no_clipboard = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_one_meaning_and_a_label_that_names_it),
        cmocka_unit_test(the_keys_that_were_promised_are_there),
        cmocka_unit_test(a_row_leads_to_what_it_is_about_and_back),
        cmocka_unit_test(a_trail_leaves_the_operators_own_filters_alone),
        cmocka_unit_test(tab_goes_over_what_a_detail_leads_to),
        cmocka_unit_test(a_rule_from_a_request_is_about_its_path_and_method),
        cmocka_unit_test(the_overview_leads_to_what_is_refused_most),
        cmocka_unit_test(what_is_gone_is_said),
        cmocka_unit_test(a_menu_takes_arrows_letters_the_mouse_and_escape),
        cmocka_unit_test(a_key_leads_to_its_sessions_and_an_action_to_what_it_changed),
        cmocka_unit_test(targets_are_read_as_they_are_printed),
        cmocka_unit_test(values_are_quoted_for_filters_and_for_the_command_line),
        cmocka_unit_test(lists_are_filtered_in_one_language),
        cmocka_unit_test(a_wrong_filter_says_what_was_expected_and_changes_nothing),
        cmocka_unit_test(a_search_moves_as_it_is_typed_and_goes_back),
        cmocka_unit_test(every_hit_is_seen_until_escape),
        cmocka_unit_test(a_page_is_searched_as_one_types),
        cmocka_unit_test(the_help_begins_with_the_view),
        cmocka_unit_test(every_command_is_completed_and_can_be_run),
        cmocka_unit_test(values_come_from_the_store),
        cmocka_unit_test(older_lines_come_back_by_how_they_begin),
        cmocka_unit_test(a_filter_is_looked_at_as_it_is_typed),
        cmocka_unit_test(what_a_line_did_is_taken_back_by_its_number),
        cmocka_unit_test(more_than_one_hit_is_done_by_its_number_alone),
        cmocka_unit_test(marked_rows_are_acted_on_together),
        cmocka_unit_test(titles_sort_and_hints_are_pressed),
        cmocka_unit_test(a_row_is_copied_as_id_json_and_command),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_filled, close_filled);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of keys.def, in a view where it means something: it does there what the help says. */
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

enum effect {
    SHOWS = 0, /* the text */
    MOVES,     /* to another row */
    CHANGES,   /* how the screen looks */
    REDRAWS,
    ENDS,
};

/* What is pressed before it, from the first view on, and what it brings. */
static const struct {
    const char *before;
    enum effect effect;
    const char *text;
} cases[TUI_N_ACTIONS] = {
    [TUI_ACTION_DOWN] = {.before = "2g", .effect = MOVES},
    [TUI_ACTION_UP] = {.before = "2gjj", .effect = MOVES},
    [TUI_ACTION_PAGE_DOWN] = {.before = "2g", .effect = MOVES},
    [TUI_ACTION_PAGE_UP] = {.before = "2G", .effect = MOVES},
    [TUI_ACTION_TOP] = {.before = "2G", .effect = MOVES},
    [TUI_ACTION_BOTTOM] = {.before = "2g", .effect = MOVES},
    [TUI_ACTION_NEXT_VIEW] = {.before = "2", .effect = SHOWS, .text = " 3 Sessions "},
    [TUI_ACTION_FORMER_VIEW] = {.before = "2", .effect = SHOWS, .text = " 1 Overview "},
    [TUI_ACTION_BACK] = {.before = "23", .effect = SHOWS, .text = " 2 Traffic "},
    [TUI_ACTION_FORTH] = {.before = "23[", .effect = SHOWS, .text = " 3 Sessions "},
    [TUI_ACTION_RELATED] = {.before = "3g", .effect = SHOWS, .text = "Go to"},
    [TUI_ACTION_DETAIL] = {.before = "3g", .effect = SHOWS, .text = "Who"},
    [TUI_ACTION_EXPLAIN] = {.before = "2g", .effect = SHOWS, .text = "What was asked"},
    [TUI_ACTION_SEARCH] = {.before = "2", .effect = SHOWS, .text = "search:"},
    [TUI_ACTION_SEARCH_NEXT] = {.before = "2g/orders\r", .effect = MOVES},
    [TUI_ACTION_SEARCH_FORMER] = {.before = "2g/orders\r", .effect = MOVES},
    [TUI_ACTION_FILTER] = {.before = "2", .effect = SHOWS, .text = "filter:"},
    [TUI_ACTION_SORT] = {.before = "3s", .effect = CHANGES},
    [TUI_ACTION_TOP_OF] = {.before = "1", .effect = CHANGES},
    [TUI_ACTION_PAUSE] = {.before = "2", .effect = CHANGES},
    [TUI_ACTION_MARK] = {.before = "3g", .effect = SHOWS, .text = "1 marked"},
    [TUI_ACTION_COPY] = {.before = "3g", .effect = SHOWS, .text = "copied "},
    [TUI_ACTION_COPY_AS] = {.before = "3g",
                            .effect = SHOWS,
                            .text = "command: ztactl sessions show "},
    [TUI_ACTION_WHATIF] = {.before = "5g", .effect = SHOWS, .text = "dry run: nothing was changed"},
    [TUI_ACTION_VERIFY] = {.before = "0", .effect = SHOWS, .text = "consistent"},
    [TUI_ACTION_REVOKE] = {.before = "3g", .effect = SHOWS, .text = "reason:"},
    [TUI_ACTION_ISOLATE] = {.before = "3g", .effect = SHOWS, .text = ": sessions quarantine "},
    [TUI_ACTION_BLOCK] = {.before = "2g", .effect = SHOWS, .text = ": block "},
    [TUI_ACTION_DENY] = {.before = "2g", .effect = SHOWS, .text = "New deny rule"},
    [TUI_ACTION_LIMIT] = {.before = "2g", .effect = SHOWS, .text = "New limit"},
    [TUI_ACTION_MODE] = {.before = "5g", .effect = SHOWS, .text = ": rules monitor mine "},
    [TUI_ACTION_EDIT] = {.before = "5g", .effect = SHOWS, .text = "line 1 of "},
    [TUI_ACTION_ROLL_BACK] = {.before = "5vg", .effect = SHOWS, .text = ": rules rollback 1 "},
    [TUI_ACTION_ADD] = {.before = "5", .effect = SHOWS, .text = "New rule"},
    [TUI_ACTION_REMOVE] = {.before = "5g", .effect = SHOWS, .text = ": rules remove mine "},
    [TUI_ACTION_THREAT] = {.before = "9", .effect = SHOWS, .text = ": threat-level set "},
    [TUI_ACTION_FETCH] = {.before = ":readiness\r", .effect = SHOWS, .text = ", judged "},
    [TUI_ACTION_UNDO] = {.before = "5", .effect = SHOWS, .text = ": undo "},
    [TUI_ACTION_COMMAND] = {.before = "2", .effect = CHANGES},
    [TUI_ACTION_HELP] = {.before = "2", .effect = SHOWS, .text = "one row down"},
    [TUI_ACTION_MOUSE] = {.before = "2", .effect = SHOWS, .text = "mouse off"},
    [TUI_ACTION_THEME] = {.before = "2", .effect = SHOWS, .text = "theme light"},
    [TUI_ACTION_REDRAW] = {.before = "2", .effect = REDRAWS},
    [TUI_ACTION_QUIT] = {.before = "2", .effect = ENDS},
};

/* What commands print comes when it comes. */
static bool comes(const char *text)
{
    const int64_t end_ns = zta_clock_monotonic_ns() + 60 * ZTA_NS_PER_S;
    while (strstr(draw(120, 35), text) == NULL) {
        if (zta_clock_monotonic_ns() > end_ns) {
            return false;
        }
        (void)tui_app_go_on(&app);
    }
    return true;
}

/* A view is drawn before the next key, as somebody does who looks. */
static void go(const char *before, const char *until)
{
    for (int i = 0; i < 4; i++) {
        tui_app_key(&app, TUI_KEY_ESCAPE);
    }
    for (; *before != '\0'; before++) {
        const char key[] = {*before, '\0'};
        press(key);
        (void)draw(120, 35);
        if (*before == '5') {
            assert_true(comes("mine"));
        }
        if (*before == 'v') {
            assert_true(comes(until));
        }
    }
}

static void run(const char *line)
{
    press(":");
    press(line);
    press("\r");
    assert_true(comes("\xc2\xb7 done"));
    tui_app_key(&app, TUI_KEY_ESCAPE);
}

static void every_key_does_what_the_help_says(void **state)
{
    static char former[SCREEN_SIZE];
    (void)draw(120, 35);
    run("rules add -e 'deny mine' -e 'when path /x' --permanent --reason=test --yes");
    for (size_t i = 0; tui_key_at(i) != NULL; i++) {
        const struct tui_key_row *key = tui_key_at(i);
        if (cases[key->action].before == NULL) {
            fail_msg("no case for '%s': %s", key->label, key->help);
        }
        go(cases[key->action].before, "in force");
        (void)snprintf(former, sizeof former, "%s", draw(120, 35));
        const int row = selected_row();
        app.is_redraw_due = app.is_over = false;
        tui_app_key(&app, key->key);
        bool is_done = false;
        switch (cases[key->action].effect) {
        case SHOWS:
            is_done = comes(cases[key->action].text);
            break;
        case MOVES:
            (void)draw(120, 35);
            is_done = selected_row() != row || strcmp(former, screen) != 0;
            break;
        case CHANGES:
            is_done = strcmp(former, draw(120, 35)) != 0;
            break;
        case REDRAWS:
            is_done = app.is_redraw_due;
            break;
        case ENDS:
            is_done = app.is_over;
            break;
        }
        if (!is_done) {
            fail_msg("'%s' does not do what the help says (%s):\n%s", key->label, key->help,
                     draw(120, 35));
        }
        if (key->action == TUI_ACTION_PAUSE) {
            tui_app_key(&app, key->key);
        }
    }
}

/* And none is left out where the help lists them. */
static void the_help_lists_every_key(void **state)
{
    go("2?", NULL);
    for (size_t i = 0; tui_key_at(i) != NULL; i++) {
        assert_non_null(strstr(app.desk.page.text, tui_key_at(i)->label));
        assert_non_null(strstr(app.desk.page.text, tui_key_at(i)->help));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_does_what_the_help_says),
        cmocka_unit_test(the_help_lists_every_key),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_filled, close_filled);
}

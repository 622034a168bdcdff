/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody waits for in the console: how far it is, and its end. */
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/listing.h"
#include "shared/base/clock.h"
#include "tests/unit/console_fixture.h"

static void what_takes_longer_has_a_bar_and_an_end(void **state)
{
    int pipes[2];
    press("2");
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    app.shell = (struct tui_shell){.fd = pipes[0],
                                   .doing = "counting whom this hits",
                                   .percent = 37,
                                   .begun_ns = zta_clock_monotonic_ns()};
    app.shell.pid = fork();
    if (app.shell.pid == 0) {
        for (;;) {
            (void)pause();
        }
    }
    tui_page_open(&app.desk.page, "block");
    app.desk.page.is_plain = true;
    draw(80, 24);
    assert_null(strstr(screen, "Esc stops it"));
    app.shell.begun_ns -= ZTA_NS_PER_S;
    assert_true(tui_app_go_on(&app));
    draw(80, 24);
    assert_shows("counting whom this hits ");
    assert_shows(" 37 %");
    assert_shows("Esc stops it");
    app.shell.is_endless = true;
    draw(80, 24);
    assert_null(strstr(screen, "Esc stops it"));
    tui_app_key(&app, TUI_KEY_ESCAPE);
    assert_int_equal(app.shell.pid, 0);
    (void)close(pipes[1]);
}

/* Of a list, too, whose first rows are not there yet. */
static void a_list_that_takes_longer_is_stopped(void **state)
{
    press("8");
    draw(80, 24);
    struct tui_view *view = &app.views[app.current];
    struct tui_rows *rows = view->state;
    tui_listing_close(view);
    memset(rows, 0, sizeof *rows);
    (void)tui_listing_refresh(view, now_ns);
    assert_int_not_equal(rows->feed.pid, 0);
    rows->feed.begun_ns = now_ns - ZTA_NS_PER_S;
    tui_app_draw(&app, &canvas);
    struct tui_running running;
    assert_true(tui_app_running(&app, &running));
    assert_string_equal(running.words, "reading issuers");
    tui_app_key(&app, TUI_KEY_ESCAPE);
    assert_int_equal(rows->feed.pid, 0);
    draw(80, 24);
    assert_shows("it was stopped");
    tui_listing_close(view);
    memset(rows, 0, sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_takes_longer_has_a_bar_and_an_end),
        cmocka_unit_test(a_list_that_takes_longer_is_stopped),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, open_filled, close_filled);
}

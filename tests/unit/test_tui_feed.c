/* SPDX-License-Identifier: Apache-2.0 */
/* What a command prints, taken as it comes: its progress is told and is no part of the JSON. */
#include "admin-tui/console/feed.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-tui/console/progress.h"
#include "shared/base/clock.h"

/*
 * A process that prints the parts, one each time a byte comes, and ends with that code; progress
 * and complaints go where a command has its standard error.
 */
struct printer {
    struct tui_feed feed;
    int more;
};

static void start(struct printer *printer, const char *const *parts, int code)
{
    int out[2];
    int more[2];
    assert_int_equal(pipe2(out, O_NONBLOCK), 0);
    assert_int_equal(pipe(more), 0);
    const int notes = memfd_create("notes", 0);
    assert_true(notes >= 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char byte;
        (void)close(more[1]);
        for (; *parts != NULL && read(more[0], &byte, 1) == 1; parts++) {
            const bool is_note = **parts == '\r' || strstr(*parts, "error") != NULL;
            if (write(is_note ? notes : out[1], *parts, strlen(*parts)) < 0) {
                _exit(99);
            }
        }
        _exit(code);
    }
    (void)close(out[1]);
    (void)close(more[0]);
    *printer = (struct printer){.feed = {.pid = pid, .fd = out[0], .notes = notes, .percent = -1},
                                .more = more[1]};
}

static void next(struct printer *printer)
{
    assert_int_equal(write(printer->more, "x", 1), 1);
}

static void wait_for_percent(struct printer *printer, int percent)
{
    json_t *value = NULL;
    while (printer->feed.percent != percent) {
        assert_false(tui_feed_go_on(&printer->feed, &value));
        (void)usleep(1000);
    }
}

static json_t *wait_for_end(struct printer *printer)
{
    json_t *value = NULL;
    while (!tui_feed_go_on(&printer->feed, &value)) {
        (void)usleep(1000);
    }
    return value;
}

static void end(struct printer *printer)
{
    (void)close(printer->more);
    tui_feed_close(&printer->feed);
}

static void progress_is_told_and_taken_out(void **state)
{
    static const char *const parts[] = {"\rjudging recorded requests:   7 %",
                                        "\rjudging recorded requests:  60 %",
                                        "\rjudging recorded requests: 100 %\r\033[K",
                                        "[{\"a\":1,",
                                        "\"b\":[2]}]\n",
                                        NULL};
    struct printer printer;
    start(&printer, parts, 0);
    next(&printer);
    wait_for_percent(&printer, 7);
    next(&printer);
    wait_for_percent(&printer, 60);
    next(&printer);
    wait_for_percent(&printer, 100);
    next(&printer);
    next(&printer);
    json_t *value = wait_for_end(&printer);
    char *text = json_dumps(value, JSON_COMPACT);
    assert_string_equal(text, "[{\"a\":1,\"b\":[2]}]");
    assert_string_equal(printer.feed.fault, "");
    free(text);
    json_decref(value);
    end(&printer);
}

static void what_went_wrong_is_said(void **state)
{
    static const char *const fails[] = {"\rat 3 %\r\033[K", "{\"error\":\"no such place\"}\n",
                                        NULL};
    static const char *const nothing[] = {NULL};
    struct printer printer;
    start(&printer, fails, 1);
    next(&printer);
    next(&printer);
    assert_null(wait_for_end(&printer));
    assert_string_equal(printer.feed.fault, "no such place");
    end(&printer);
    start(&printer, nothing, 0);
    assert_null(wait_for_end(&printer));
    assert_string_equal(printer.feed.fault, "it printed nothing");
    end(&printer);
}

static void nothing_is_said_for_half_a_second(void **state)
{
    struct tui_canvas canvas = {.cells = NULL, .is_ascii = true};
    static const struct {
        int percent;
        int64_t ns;
        const char *line;
    } cases[] = {
        {-1, TUI_PROGRESS_FROM_NS - 1, ""},
        {40, TUI_PROGRESS_FROM_NS, "counting ========............ 40 %"},
        {100, 9 * ZTA_NS_PER_S, "counting ==================== 100 %"},
        {-1, 1 * ZTA_NS_PER_S, "counting ........====........ 1 s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[256];
        struct zta_buffer out;
        assert_int_equal(tui_canvas_resize(&canvas, 35, 1), ZTA_OK);
        const struct tui_area area = tui_area_of(&canvas);
        tui_progress_draw(&area, "counting", cases[i].percent, cases[i].ns);
        zta_buffer_init(&out, line, sizeof line);
        tui_canvas_row(&canvas, 0, &out);
        assert_string_equal(line, cases[i].line);
    }
    tui_canvas_close(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_is_told_and_taken_out),
        cmocka_unit_test(what_went_wrong_is_said),
        cmocka_unit_test(nothing_is_said_for_half_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

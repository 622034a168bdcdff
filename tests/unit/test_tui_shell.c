/* SPDX-License-Identifier: Apache-2.0 */
/* The console's command line: how a line is parted into words, and what comes of what runs. */
#include "admin-tui/console/shell.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-tui/console/progress.h"

static void words_are_parted_by_blanks_but_in_quotes(void **state)
{
    static const struct {
        const char *line;
        const char *words[5];
    } rows[] = {
        {"", {NULL}},
        {"   ", {NULL}},
        {"status", {"status"}},
        {"  rules   list ", {"rules", "list"}},
        {"block 192.0.2.7 --reason 'two words'", {"block", "192.0.2.7", "--reason", "two words"}},
        {"revoke --reason=\"it's gone\"", {"revoke", "--reason=it's gone"}},
        {"a\\ b 'c\\d' \"e\\\"f\" ''", {"a b", "c\\d", "e\"f", ""}},
        {"x'y'\"z\"", {"xyz"}},
        {"$(reboot) `id` ; | > &", {"$(reboot)", "`id`", ";", "|", ">"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tui_shell_words words;
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(tui_shell_split(rows[i].line, &words, &error), ZTA_OK);
        assert_null(words.words[words.n]);
        for (size_t k = 0; k < 5 && rows[i].words[k] != NULL; k++) {
            assert_true(k < words.n);
            assert_string_equal(words.words[k], rows[i].words[k]);
        }
        assert_true(rows[i].words[4] != NULL || words.n == 5 || rows[i].words[words.n] == NULL);
    }
}

static void what_cannot_be_parted_is_refused_with_a_reason(void **state)
{
    char many[2 * TUI_SHELL_WORDS_MAX + 1];
    struct tui_shell_words words;
    struct zta_error error = {.status = ZTA_OK};
    for (size_t i = 0; i < TUI_SHELL_WORDS_MAX; i++) {
        memcpy(many + 2 * i, "a ", 3);
    }
    assert_int_equal(tui_shell_split(many, &words, &error), ZTA_INVALID);
    assert_string_equal(error.text, "more than 63 words");
    many[2 * (TUI_SHELL_WORDS_MAX - 1)] = '\0';
    assert_int_equal(tui_shell_split(many, &words, &error), ZTA_OK);
    assert_int_equal(words.n, TUI_SHELL_WORDS_MAX - 1);
    static const char *const open[] = {"'a", "\"a", "a \"b c", "'a\\'b'"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        assert_int_equal(tui_shell_split(open[i], &words, &error), ZTA_INVALID);
        assert_string_equal(error.text, "a quote is not closed");
    }
}

/* ---- what runs ---- */

static struct tui_page page;

/* What it prints is the test's to write, into the end that is given back. */
static int start(struct tui_shell *shell)
{
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    *shell = (struct tui_shell){.fd = pipes[0], .percent = -1};
    shell->pid = fork();
    if (shell->pid == 0) {
        (void)close(pipes[1]);
        /* Until nobody has the other end any more; what stands in the pipe is the parent's. */
        struct pollfd end = {.fd = pipes[0]};
        while (poll(&end, 1, -1) < 0) {
        }
        _exit(0);
    }
    tui_page_open(&page, "");
    return pipes[1];
}

static void print(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* In one piece or byte by byte. */
static void progress_is_no_line(void **state)
{
    static const char *const parts[] = {"first\n", "\rcounting whom this hits:   7 %",
                                        "\rcounting whom this hits:  37 %", "\r\033[Klast\n"};
    for (int is_split = 0; is_split < 2; is_split++) {
        struct tui_shell shell;
        const int fd = start(&shell);
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            for (const char *at = parts[i]; *at != '\0'; at += is_split ? 1 : strlen(at)) {
                const char byte[] = {*at, '\0'};
                print(fd, is_split ? byte : at);
                assert_true(tui_shell_go_on(&shell, &page));
            }
            assert_int_equal(shell.percent, i == 0 ? -1 : i == 1 ? 7 : 37);
        }
        assert_string_equal(page.text, "first\nlast\n");
        assert_string_equal(shell.doing, "counting whom this hits");
        assert_false(tui_shell_go_on(&shell, &page));
        (void)close(fd);
        tui_shell_stop(&shell);
    }
}

static void percents_are_read_wherever_they_end(void **state)
{
    static const struct {
        const char *text;
        int percent;
    } cases[] = {{"", -1},
                 {"%", -1},
                 {" %", -1},
                 {"7 %", 7},
                 {"a: 100 %", 100},
                 {"a:  37 %\r\033[K", 37},
                 {"a: 1 %\ra: 2 %", 2},
                 {"999 %", 100}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(tui_progress_percent(cases[i].text, strlen(cases[i].text)),
                         cases[i].percent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_parted_by_blanks_but_in_quotes),
        cmocka_unit_test(what_cannot_be_parted_is_refused_with_a_reason),
        cmocka_unit_test(progress_is_no_line),
        cmocka_unit_test(percents_are_read_wherever_they_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

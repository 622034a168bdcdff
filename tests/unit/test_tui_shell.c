/* SPDX-License-Identifier: Apache-2.0 */
/* The console's command line: how a line is parted into words. */
#include "admin-tui/console/shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_parted_by_blanks_but_in_quotes),
        cmocka_unit_test(what_cannot_be_parted_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

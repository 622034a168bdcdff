/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: options anywhere, words of commands, values that are numbers. */
#include "admin-tui/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/command.h"

static struct ctl_options options;
static struct zta_error error;

#define PARSE(...)                                                                                 \
    parse((const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static enum zta_status parse(const char **words, size_t n)
{
    static char text[32][64];
    static char *argv[32];
    for (size_t i = 0; i < n; i++) {
        memcpy(text[i], words[i], strlen(words[i]) + 1);
        argv[i] = text[i];
    }
    error.text[0] = '\0';
    return ctl_options_parse((int)n, argv, &options, &error);
}

static void options_stand_anywhere_and_take_values_both_ways(void **state)
{
    assert_int_equal(PARSE("--store", "/a", "keys", "--json", "create", "--name=ci", "--scope",
                           "a:b", "--scope=c", "x"),
                     ZTA_OK);
    assert_int_equal(options.n_arguments, 3);
    assert_string_equal(options.arguments[0], "keys");
    assert_string_equal(options.arguments[1], "create");
    assert_string_equal(options.arguments[2], "x");
    assert_string_equal(ctl_option_text(&options, CTL_OPTION_STORE).data, "/a");
    assert_string_equal(ctl_option_text(&options, CTL_OPTION_NAME).data, "ci");
    assert_true(ctl_option_is_set(&options, CTL_OPTION_JSON));
    assert_false(ctl_option_is_set(&options, CTL_OPTION_DEEP));
    assert_int_equal(options.n[CTL_OPTION_SCOPE], 2);
    assert_string_equal(options.values[CTL_OPTION_SCOPE][1], "c");
    assert_true(zta_text_is_absent(ctl_option_text(&options, CTL_OPTION_ROLE)));
}

static void a_value_in_brackets_may_be_left_out(void **state)
{
    int64_t last_s = 7;
    assert_int_equal(PARSE("explain", "--last", "reason=revoked"), ZTA_OK);
    assert_int_equal(options.n_arguments, 2);
    assert_true(ctl_option_is_set(&options, CTL_OPTION_LAST));
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_LAST, &last_s, &error), ZTA_OK);
    assert_int_equal(last_s, 7);
    assert_int_equal(PARSE("explain", "--last"), ZTA_OK);
    assert_true(ctl_option_is_set(&options, CTL_OPTION_LAST));
    assert_int_equal(PARSE("whatif", "--last", "2h", "draft.zta"), ZTA_OK);
    assert_int_equal(options.n_arguments, 2);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_LAST, &last_s, &error), ZTA_OK);
    assert_int_equal(last_s, 7200);
    assert_int_equal(PARSE("status", "--watch", "5", "x"), ZTA_OK);
    assert_int_equal(options.n_arguments, 2);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_WATCH, &last_s, &error), ZTA_OK);
    assert_int_equal(last_s, 5);
    assert_int_equal(PARSE("--watch", "status"), ZTA_OK);
    assert_int_equal(options.n_arguments, 1);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_WATCH, &last_s, &error), ZTA_OK);
    assert_int_equal(PARSE("--watch=2m"), ZTA_OK);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_WATCH, &last_s, &error), ZTA_OK);
    assert_int_equal(last_s, 120);
    assert_int_equal(PARSE("--watch=0"), ZTA_OK);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_WATCH, &last_s, &error), ZTA_INVALID);
    assert_int_equal(PARSE("whatif", "--last=soon"), ZTA_OK);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_LAST, &last_s, &error), ZTA_INVALID);
}

static void a_dash_is_a_value_and_two_end_the_options(void **state)
{
    assert_int_equal(PARSE("revoke", "--token", "-", "--", "--json", "-"), ZTA_OK);
    assert_string_equal(ctl_option_text(&options, CTL_OPTION_TOKEN).data, "-");
    assert_false(ctl_option_is_set(&options, CTL_OPTION_JSON));
    assert_int_equal(options.n_arguments, 3);
    assert_string_equal(options.arguments[1], "--json");
    /* A value may look like an option: a reason is free text. */
    assert_int_equal(PARSE("revoke", "--reason", "--json"), ZTA_OK);
    assert_string_equal(ctl_option_text(&options, CTL_OPTION_REASON).data, "--json");
}

static void faults_of_the_command_line_are_named(void **state)
{
    assert_int_equal(PARSE("--nmae", "x"), ZTA_INVALID);
    assert_non_null(strstr(error.text, "--nmae"));
    assert_int_equal(PARSE("-x"), ZTA_INVALID);
    assert_int_equal(PARSE("--name"), ZTA_INVALID);
    assert_non_null(strstr(error.text, "needs its NAME"));
    assert_int_equal(PARSE("--name", "a", "--name", "b"), ZTA_INVALID);
    assert_int_equal(PARSE("--json=yes"), ZTA_INVALID);
    assert_int_equal(PARSE("--=x"), ZTA_INVALID);
    assert_int_equal(PARSE("--json", "--deep"), ZTA_OK);
    assert_int_equal(ctl_options_restrict(&options, CTL_SET(JSON), &error), ZTA_INVALID);
    assert_non_null(strstr(error.text, "--deep"));
    assert_int_equal(ctl_options_restrict(&options, CTL_SET(JSON) | CTL_SET(DEEP), &error), ZTA_OK);
}

static void numbers_durations_and_sizes_are_strict(void **state)
{
    uint64_t count = 7;
    int64_t duration_s = 5;
    uint64_t size = 3;
    assert_int_equal(PARSE("--limit=10", "--for=2h", "--size=16M"), ZTA_OK);
    assert_int_equal(ctl_option_count(&options, CTL_OPTION_LIMIT, &count, &error), ZTA_OK);
    assert_int_equal(count, 10);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_FOR, &duration_s, &error), ZTA_OK);
    assert_int_equal(duration_s, 7200);
    assert_int_equal(ctl_option_size(&options, CTL_OPTION_SIZE, &size, &error), ZTA_OK);
    assert_int_equal(size, 16 << 20);
    assert_int_equal(PARSE("--limit=ten", "--for=0s", "--size=9999999T"), ZTA_OK);
    assert_int_equal(ctl_option_count(&options, CTL_OPTION_LIMIT, &count, &error), ZTA_INVALID);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_FOR, &duration_s, &error),
                     ZTA_INVALID);
    assert_int_equal(ctl_option_size(&options, CTL_OPTION_SIZE, &size, &error), ZTA_INVALID);
    assert_int_equal(count, 10);
    assert_int_equal(PARSE("--for=1x", "--size=", "--limit=-1"), ZTA_OK);
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_FOR, &duration_s, &error),
                     ZTA_INVALID);
    assert_int_equal(ctl_option_size(&options, CTL_OPTION_SIZE, &size, &error), ZTA_INVALID);
    assert_int_equal(ctl_option_count(&options, CTL_OPTION_LIMIT, &count, &error), ZTA_INVALID);
    assert_int_equal(PARSE("x"), ZTA_OK); /* absent: the default stays */
    assert_int_equal(ctl_option_duration(&options, CTL_OPTION_FOR, &duration_s, &error), ZTA_OK);
    assert_int_equal(duration_s, 7200);
}

static void commands_are_found_by_their_longest_words(void **state)
{
    char first[] = "sessions";
    char second[] = "list";
    char wrong[] = "sesions";
    char *words[] = {first, second};
    char *typo[] = {wrong, second};
    size_t n_taken = 0;
    const char *nearest = NULL;
    const struct ctl_command *command = ctl_command_find(words, 2, &n_taken, &nearest);
    assert_non_null(command);
    assert_string_equal(command->words, "sessions list");
    assert_int_equal(n_taken, 2);
    assert_null(ctl_command_find(words, 1, &n_taken, &nearest));
    assert_null(ctl_command_find(typo, 2, &n_taken, &nearest));
    assert_string_equal(nearest, "sessions list");
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        assert_non_null(ctl_command_at(i)->run);
        assert_true(ctl_command_at(i)->least <= ctl_command_at(i)->most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere_and_take_values_both_ways),
        cmocka_unit_test(a_value_in_brackets_may_be_left_out),
        cmocka_unit_test(a_dash_is_a_value_and_two_end_the_options),
        cmocka_unit_test(faults_of_the_command_line_are_named),
        cmocka_unit_test(numbers_durations_and_sizes_are_strict),
        cmocka_unit_test(commands_are_found_by_their_longest_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

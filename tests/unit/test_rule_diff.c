/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two texts, two sets and two versions of rules. */
#include "admin-tui/rule_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/parse.h"

static char said[16384];
static struct zta_buffer out;

static void note_line(void *context, char sign, struct zta_text line)
{
    zta_buffer_printf(&out, "%c%.*s|", sign, (int)line.len, line.data);
}

static void note_change(void *context, const struct ctl_rule_change *change)
{
    zta_buffer_printf(&out, "%s %s %.*s: ", change->change, change->kind, (int)change->name.len,
                      change->name.data);
    ctl_diff_lines(change->before, change->after, note_line, NULL);
}

static void begin(void)
{
    zta_buffer_init(&out, said, sizeof said);
}

static void lines_that_both_have_are_kept_together(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        const char *said;
    } cases[] = {
        {"", "", ""},
        {"a\n", "a\n", " a|"},
        {"", "a\nb", "+a|+b|"},
        {"a\nb\n", "", "-a|-b|"},
        {"a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c|"},
        {"a\nb\nc\n", "b\nc\nd\n", "-a| b| c|+d|"},
        {"one", "one\n", " one|"},
        {"a\n\nb\n", "a\nb\n", " a|-| b|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        ctl_diff_lines(zta_text_of(cases[i].before), zta_text_of(cases[i].after), note_line, NULL);
        assert_string_equal(said, cases[i].said);
    }
}

static void texts_too_long_to_compare_come_one_behind_the_other(void **state)
{
    enum {
        N = 1500
    };
    static char text[2 * N + 1];
    for (size_t i = 0; i < N; i++) {
        memcpy(text + 2 * i, "x\n", 3);
    }
    begin();
    ctl_diff_lines(zta_text_of(text), zta_text_of("x\n"), note_line, NULL);
    assert_int_equal(out.len, 3 * N + 3);
    assert_string_equal(said + 3 * N, "+x|");
}

static struct zta_rules_ast *parse(const char *text)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    const struct zta_rules_source source = {.name = ZTA_TEXT("t"), .text = zta_text_of(text)};
    assert_int_equal(zta_rules_parse(&source, 1, &ast, &error), ZTA_OK);
    return ast;
}

static void sets_are_compared_by_what_rules_mean(void **state)
{
    struct zta_rules_ast *before = parse("list l a b\n"
                                         "deny same\n  when path /a\n"
                                         "deny other\n  when path /b\n"
                                         "deny gone\n  when path /c\n");
    struct zta_rules_ast *after = parse("list l a c\n"
                                        "deny   same # as it was\n    when   path   /a\n"
                                        "deny other\n  when path /d\n"
                                        "deny new\n  when path /e\n");
    begin();
    assert_int_equal(ctl_rule_diff_sets(before, after, note_change, NULL), ZTA_OK);
    assert_string_equal(said,
                        "changes list l: -list    l a b|+list    l a c|"
                        "changes rule other:  deny    other|-  when  path /b|+  when  path /d|"
                        "comes rule new: +deny    new|+  when  path /e|"
                        "goes rule gone: -deny    gone|-  when  path /c|");
    begin();
    assert_int_equal(ctl_rule_diff_sets(NULL, before, note_change, NULL), ZTA_OK);
    assert_non_null(strstr(said, "comes rule gone"));
    zta_rules_ast_close(&before);
    zta_rules_ast_close(&after);
}

static void versions_are_compared_with_modes_and_step_backs(void **state)
{
    struct zta_layer_entry before_entries[] = {
        {.kind = ZTA_LAYER_MODE, .name = ZTA_TEXT("a"), .mode = ZTA_MODE_MONITOR},
        {.kind = ZTA_LAYER_RULE, .name = ZTA_TEXT("a"), .text = ZTA_TEXT("deny a\n")},
    };
    struct zta_layer_entry after_entries[] = {
        {.kind = ZTA_LAYER_MODE, .name = ZTA_TEXT("a"), .mode = ZTA_MODE_OFF},
        {.kind = ZTA_LAYER_RULE, .name = ZTA_TEXT("a"), .text = ZTA_TEXT("deny a\n")},
        {.kind = ZTA_LAYER_STEP_BACK,
         .name = ZTA_TEXT("/x"),
         .mode = ZTA_MODE_MONITOR,
         .until_s = 1800000000},
    };
    const struct zta_layer before = {.entries = before_entries, .n = 2};
    const struct zta_layer after = {.entries = after_entries, .n = 3};
    begin();
    ctl_rule_diff_layers(&before, &after, note_change, NULL);
    assert_string_equal(said, "changes mode a: -mode    monitor|+mode    off|"
                              "comes step-back /x: +mode    monitor until 2027-01-15T08:00:00Z|");
    begin();
    ctl_rule_diff_layers(&after, &before, note_change, NULL);
    assert_non_null(strstr(said, "goes step-back /x: -mode    monitor until"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_both_have_are_kept_together),
        cmocka_unit_test(texts_too_long_to_compare_come_one_behind_the_other),
        cmocka_unit_test(sets_are_compared_by_what_rules_mean),
        cmocka_unit_test(versions_are_compared_with_modes_and_step_backs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

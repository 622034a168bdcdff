/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from filters: what is a condition, what is only told, and that the parser takes them. */
#include "admin-tui/console/rule_from.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/parse.h"

static void parse(const char *text)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error = {.line = 0};
    const struct zta_rules_source source = {.name = ZTA_TEXT("t"), .text = zta_text_of(text)};
    if (zta_rules_parse(&source, 1, &ast, &error) != ZTA_OK) {
        fail_msg("%s:%u:%u found '%s', expected %s", text, error.line, error.column, error.found,
                 error.expected);
    }
    zta_rules_ast_close(&ast);
}

static void terms_become_conditions_and_the_rest_notes(void **state)
{
    static const struct {
        const char *filter;
        bool is_limit;
        const char *text; /* NULL: no condition in it */
    } cases[] = {
        {"subject=alice", false, "deny    no-alice\n  when  subject alice\n"},
        {"  subject=alice@corp  reason=no_rule", false,
         "deny    no-alice\n  when  subject alice\n  when  issuer  corp\n"
         "  # not for rules: reason=no_rule\n"},
        {"subject=alice@example.com", false,
         "deny    no-alice-example-com\n  when  subject alice@example.com\n"},
        {"not subject=alice,bob address=203.0.113.0/24", false,
         "deny    no-alice\n  when  not subject alice bob\n  when  network 203.0.113.0/24\n"},
        {"address=203.0.113.7 status>=400", true,
         "limit   slow-203-0-113-7\n  when  network 203.0.113.7\n"
         "  # not for rules: status>=400\n  key   ip\n  rate  30/m burst 10\n"},
        {"route=/orders method=GET,HEAD", true,
         "limit   slow-orders\n  when  path    /orders/**\n  when  method  GET HEAD\n"
         "  key   ip\n  rate  30/m burst 10\n"},
        {"subject=\"a b\" client=shop", false,
         "deny    no-a-b\n  when  subject \"a b\"\n  when  client  shop\n"},
        {"reason=no_rule", false, NULL},
        {"subject=unknown", false, NULL},
        {"word", false, NULL},
        {"", false, NULL},
        {"subject=", false, NULL},
        {"not", false, NULL},
        {"\"open subject=alice", false, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024] = "";
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        const bool has_any =
            tui_rule_from_filter(zta_text_of(cases[i].filter), cases[i].is_limit, &out);
        assert_int_equal(has_any, cases[i].text != NULL);
        assert_string_equal(text, cases[i].text == NULL ? "" : cases[i].text);
        if (has_any) {
            parse(text);
        }
    }
}

static void blanks_are_rules_but_for_what_is_to_be_written(void **state)
{
    for (int is_limit = 0; is_limit < 2; is_limit++) {
        char text[1024];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        tui_rule_blank(is_limit == 1, &out);
        parse(text);
    }
}

static void a_filter_too_long_for_a_rule_is_none(void **state)
{
    enum {
        SIZE = 1 << 16
    };
    char *filter = malloc(SIZE);
    char text[1024] = "";
    struct zta_buffer out;
    assert_non_null(filter);
    memset(filter, 'a', SIZE - 1);
    memcpy(filter, "subject=", strlen("subject="));
    filter[SIZE - 1] = '\0';
    zta_buffer_init(&out, text, sizeof text);
    assert_false(tui_rule_from_filter(zta_text_of(filter), false, &out));
    assert_string_equal(text, "");
    free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_become_conditions_and_the_rest_notes),
        cmocka_unit_test(blanks_are_rules_but_for_what_is_to_be_written),
        cmocka_unit_test(a_filter_too_long_for_a_rule_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

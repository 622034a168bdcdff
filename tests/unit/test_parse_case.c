/* SPDX-License-Identifier: Apache-2.0 */
/* Cases as the parser reads them, and their faults. */
#include "shared/rules/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/identity.h"
#include "shared/rules/attributes.h"
#include "tests/unit/parse_support.h"

static void parse_builds_cases(void **state)
{
    struct zta_rules_ast *ast = parse_support_good("case one\n"
                                                   "  given path \"/a b\"\n"
                                                   "  given role admin \"a b\"\n"
                                                   "  given claim:x.\"y.z\" 5 \"5\" true\n"
                                                   "  given auth-age 15m\n"
                                                   "  at 2027-01-01T00:00+01:00\n"
                                                   "  stage 3\n"
                                                   "  expect deny rule_denied by r\n"
                                                   "allow one\n  need role x\n"
                                                   "case two\n  expect challenge\n");
    assert_int_equal(ast->n_cases, 2);
    assert_int_equal(ast->n_rules, 1);
    const struct zta_ast_case *item = &ast->cases[0];
    assert_text(item->name, "one");
    assert_int_equal(item->place.line, 1);
    assert_int_equal(item->n_givens, 4);
    assert_text(item->givens[0].values[0].text, "/a b");
    assert_int_equal(item->givens[1].attribute, ZTA_ATTRIBUTE_ROLE);
    assert_int_equal(item->givens[1].n_values, 2);
    assert_text(item->givens[2].claim, "x.\"y.z\"");
    assert_true(item->givens[2].values[1].is_quoted);
    assert_false(item->givens[2].values[0].is_quoted);
    assert_text(item->at, "2027-01-01T00:00+01:00");
    assert_int_equal(item->at_s, INT64_C(1798758000));
    assert_true(item->has_stage);
    assert_int_equal(item->stage, 3);
    assert_int_equal(item->outcome, ZTA_OUTCOME_DENY);
    assert_true(item->has_reason);
    assert_int_equal(item->reason, ZTA_REASON_RULE_DENIED);
    assert_text(item->by, "r");
    item = &ast->cases[1];
    assert_int_equal(item->n_givens, 0);
    assert_true(zta_text_is_absent(item->at));
    assert_false(item->has_stage);
    assert_false(item->has_reason);
    assert_int_equal(item->outcome, ZTA_OUTCOME_CHALLENGE);
    assert_true(zta_text_is_absent(item->by));
    zta_rules_ast_close(&ast);
}

static void faults_of_cases(void **state)
{
    const struct fault faults[] = {
        FAULT("case\n", 1, 5, "", "a name", NULL),
        FAULT("case a\n", 1, 1, "case", "an expect line", NULL),
        FAULT("case a\n  stage 2\nallow x\n  need role x\n", 1, 1, "case", "an expect line", NULL),
        FAULT("case a\n  expect allow\ncase a\n  expect deny\n", 3, 6, "a", "used at rules.zta:1",
              NULL),
        FAULT("case a\n  when path /x\n", 2, 3, "when", "given, at, stage or expect", NULL),
        FAULT("case a\n  gven path /x\n", 2, 3, "gven", "given, at", "given"),
        FAULT("case a\n  given risk 101\n", 2, 14, "101", "a number from 0 to 100", NULL),
        FAULT("case a\n  given threat-level hihg\n", 2, 22, "hihg", "normal, elevated", "high"),
        FAULT("case a\n  given signal new-contry\n", 2, 16, "new-contry", "a signal",
              "new-country"),
        FAULT("case a\n  given claim x\n", 2, 9, "claim", "claim:NAME", "claim:"),
        FAULT("case a\n  given pth /x\n", 2, 9, "pth", "an attribute", "path"),
        FAULT("case a\n  given path\n", 2, 13, "", "the path of a request", NULL),
        FAULT("case a\n  given path /x /y\n", 2, 17, "/y", "one value", NULL),
        FAULT("case a\n  given path /x/**\n", 2, 14, "/x/**", "without query and wild", NULL),
        FAULT("case a\n  given path x\n", 2, 14, "x", "from / on", NULL),
        FAULT("case a\n  given path \"**/x\"\n", 2, 14, "\"**/x\"", "from / on", NULL),
        FAULT("case a\n  given path /x?a=b\n", 2, 14, "/x?a=b", "without query", NULL),
        FAULT("case a\n  given host *.example.com\n", 2, 14, "*.example.com",
              "the host name of a request", NULL),
        FAULT("case a\n  given method get\n", 2, 16, "get", "a method as on the wire", "GET"),
        FAULT("case a\n  given content-type text/*\n", 2, 22, "text/*",
              "the media type of a request", NULL),
        FAULT("case a\n  given content-length many\n", 2, 24, "many", "a number", NULL),
        FAULT("case a\n  given content-length < 5\n", 2, 24, "<", "a number", NULL),
        FAULT("case a\n  given credential tokn\n", 2, 20, "tokn", "token, apikey", "token"),
        FAULT("case a\n  given auth-age 5w\n", 2, 18, "5w", "a duration", NULL),
        FAULT("case a\n  given role list:x\n", 2, 14, "list:x", "no lists in a request", NULL),
        FAULT("case a\n  given role unknown\n", 2, 14, "unknown", "does not give is unknown", NULL),
        FAULT("case a\n  given role x*\n", 2, 14, "x*", "'*' is no pattern", NULL),
        FAULT("case a\n  given not role x\n", 2, 9, "not", "an attribute", NULL),
        FAULT("case a\n  given role x\n  given role y\n", 3, 9, "role", "each attribute once",
              NULL),
        FAULT("case a\n  given claim:a 1\n  given claim:\"a\" 2\n", 3, 9, "claim:\"a\"",
              "each attribute once", NULL),
        FAULT("case a\n  at noon\n", 2, 6, "noon", "a time such as", NULL),
        FAULT("case a\n  at 2027-01-01T00:00\n", 2, 6, "2027-01-01T00:00", "a time such as", NULL),
        FAULT("case a\n  at 2027-01-01T00:00Z\n  at 2027-01-01T00:00Z\n", 3, 3, "at",
              "one such line", NULL),
        FAULT("case a\n  stage 5\n", 2, 9, "5", "a stage from 0 to 4", NULL),
        FAULT("case a\n  stage 0\n  stage 0\n", 3, 3, "stage", "one such line", NULL),
        FAULT("case a\n  expect\n", 2, 9, "", "deny, allow", NULL),
        FAULT("case a\n  expect refuse\n", 2, 10, "refuse", "deny, allow, step_up, throttle or",
              NULL),
        FAULT("case a\n  expect alow\n", 2, 10, "alow", "deny, allow", "allow"),
        FAULT("case a\n  expect deny no_rul\n", 2, 15, "no_rul", "a reason such as", "no_rule"),
        FAULT("case a\n  expect deny by\n", 2, 17, "", "the name of a rule", NULL),
        FAULT("case a\n  expect deny by x y\n", 2, 20, "y", "end of the line", NULL),
        FAULT("case a\n  expect deny\n  stage 2\n", 3, 3, "stage", "expect is the last", NULL),
        FAULT("case a\n  expect deny\n  expect deny\n", 3, 3, "expect", "expect is the last", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

static void faults_of_given_circumstances(void **state)
{
    const struct fault faults[] = {
        FAULT("case a\n  given device unknown\n", 2, 16, "unknown", "does not give is unknown",
              NULL),
        FAULT("case a\n  given device secure\n", 2, 16, "secure", "known, managed", NULL),
        FAULT("case a\n  given os macos>=14\n", 2, 12, "macos>=14", "such as macos 14.2", NULL),
        FAULT("case a\n  given os macos x\n", 2, 18, "x", "such as macos 14.2", NULL),
        FAULT("case a\n  given os macos 14 2\n", 2, 21, "2", "such as macos 14.2", NULL),
        FAULT("case a\n  given network 10.0.0.0/8\n", 2, 17, "10.0.0.0/8", "one address", NULL),
        FAULT("case a\n  given network 10.0.0.1 10.0.0.2\n", 2, 26, "10.0.0.2", "one address",
              NULL),
        FAULT("case a\n  given network asn:1 asn:2\n", 2, 23, "asn:2", "one asn:", NULL),
        FAULT("case a\n  given network known\n", 2, 17, "known", "does not give", NULL),
        FAULT("case a\n  given country CHE\n", 2, 17, "CHE", "two letters", NULL),
        FAULT("case a\n  given country CH DE\n", 2, 20, "DE", "one value", NULL),
        FAULT("case a\n  given user-agent curl/*\n", 2, 20, "curl/*", "'*' is no pattern", NULL),
        FAULT("case a\n  given behaviour usual-rate unusual-rate\n", 2, 30, "unusual-rate",
              "each once", NULL),
        FAULT("case a\n  given behaviour unusual-rate usual-hours usual-rate\n", 2, 44,
              "usual-rate", "each once", NULL),
    };
    assert_faults(faults, COUNT(faults));
}

/* No case gives more than a request can have. */
static void cases_give_no_more_than_an_identity_holds(void **state)
{
    static const struct {
        const char *attribute;
        unsigned max;
    } bounds[] = {
        {.attribute = "scope", .max = ZTA_IDENTITY_VALUES_MAX},
        {.attribute = "claim:c", .max = ZTA_IDENTITY_CLAIMS_MAX},
    };
    static char text[8192];
    for (size_t i = 0; i < 2 * COUNT(bounds); i++) {
        struct zta_buffer out;
        bool is_beyond = i % 2 == 1;
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_printf(&out, "case a\n  given %s", bounds[i / 2].attribute);
        for (unsigned v = 0; v < bounds[i / 2].max + is_beyond; v++) {
            zta_buffer_printf(&out, " v%u", v);
        }
        zta_buffer_string(&out, "\n  expect allow\n");
        assert_false(out.is_overflowed);
        struct zta_rules_ast *ast = NULL;
        struct zta_rules_error error;
        assert_int_equal(parse_support_parse(zta_text_of(text), &ast, &error),
                         is_beyond ? ZTA_INVALID : ZTA_OK);
        assert_int_equal(strstr(error.expected, "values in all") != NULL, is_beyond);
        zta_rules_ast_close(&ast);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_builds_cases),
        cmocka_unit_test(faults_of_cases),
        cmocka_unit_test(faults_of_given_circumstances),
        cmocka_unit_test(cases_give_no_more_than_an_identity_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

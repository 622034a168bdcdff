/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of compiling: what the configuration has to agree with, and what a rule set tells. */
#include "shared/rules/compile.h"

#include "shared/rules/decide.h"
#include "tests/unit/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Meaning 17. */
static void several_issuers_have_to_be_named(void **state)
{
    static const char *const refused[] = {
        "allow a\n  need role admin\n",
        "allow a\n  when method GET\n  need role admin\n",
        "allow a\n  need issuer corp\n  need role admin\n",
        "allow a\n  when issuer corp\n  or method GET\n  need role admin\n",
        "allow a\n  when issuer corp partner known\n  need role admin\n",
        "allow a\n  when not issuer corp\n  need subject alice\n",
        "allow a\n  need claim:level > 3\n",
        "allow a\n  need scope s@corp t\n",
        "allow a\n  need subject alice@elsewhere\n",
        "allow a\n  when issuer nobody\n",
        "list l x@corp y\nallow a\n  need group list:l\n",
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct zta_rules_error error;
        fixture_refused(refused[i], "corp partner", &error);
        assert_string_equal(error.source, "test.zta");
        assert_true(error.line > 1 && error.column > 1);
        assert_string_not_equal(error.expected, "");
    }
}

static void errors_show_what_was_found(void **state)
{
    struct zta_rules_error error;
    fixture_refused("allow a\n  when issuer partnr\n", "corp partner", &error);
    assert_string_equal(error.found, "partnr");
    assert_string_equal(error.nearest, "partner");
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 15);
    fixture_refused(
        "allow a\n  need subject "
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        "corp partner", &error);
    assert_int_equal(strspn(error.found, "x"), sizeof error.found - sizeof "...");
    assert_string_equal(error.nearest, "");
}

static void values_of_one_issuer_do_not_match_another(void **state)
{
    static const struct {
        const char *rules;
        bool is_corp;
        bool is_partner;
    } cases[] = {
        {.rules = "allow a\n  need subject alice@corp\n", .is_corp = true, .is_partner = false},
        {.rules = "allow a\n  need subject alice@partner alice@corp\n",
         .is_corp = true,
         .is_partner = true},
        {.rules = "allow a\n  when issuer partner\n  need subject alice\n",
         .is_corp = false,
         .is_partner = true},
        {.rules = "allow a\n  need claim:level 3@corp\n", .is_corp = true, .is_partner = false},
        {.rules = "list l alice@partner bob@corp\nallow a\n  need subject list:l\n",
         .is_corp = false,
         .is_partner = true},
        {.rules = "allow a\n  need subject known\n", .is_corp = true, .is_partner = true},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_decision decision;
        struct zta_ruleset *set = fixture_rules(cases[i].rules, "corp partner local");
        fixture.identity.issuer = ZTA_TEXT("corp");
        zta_rules_decide(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &decision);
        assert_int_equal(decision.verdict.outcome == ZTA_OUTCOME_ALLOW, cases[i].is_corp);
        fixture.identity.issuer = ZTA_TEXT("partner");
        zta_rules_decide(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &decision);
        assert_int_equal(decision.verdict.outcome == ZTA_OUTCOME_ALLOW, cases[i].is_partner);
        zta_ruleset_close(&set);
    }
}

static void the_weakest_of_feature_and_mode_is_the_mode_of_a_rule(void **state)
{
    struct zta_ruleset *set = fixture_rules("allow z\n  need role clerk\n"
                                            "deny y\n  when role clerk\n  mode monitor\n"
                                            "deny x\n  when path /x\n"
                                            "limit w\n  key ip\n  rate 1/s\n",
                                            "corp");
    static const enum zta_mode expected[][4] = {
        {ZTA_MODE_ENFORCE, ZTA_MODE_MONITOR, ZTA_MODE_ENFORCE, ZTA_MODE_ENFORCE},
        {ZTA_MODE_MONITOR, ZTA_MODE_MONITOR, ZTA_MODE_MONITOR, ZTA_MODE_ENFORCE},
        {ZTA_MODE_ENFORCE, ZTA_MODE_OFF, ZTA_MODE_ENFORCE, ZTA_MODE_OFF},
    };
    struct fixture stances[3];
    for (size_t i = 0; i < COUNT(stances); i++) {
        fixture_init(&stances[i]);
    }
    stances[1].stance.modes[ZTA_FEATURE_RULES] = ZTA_MODE_MONITOR;
    stances[2].stance.modes[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_OFF;
    stances[2].stance.modes[ZTA_FEATURE_RATELIMIT] = ZTA_MODE_OFF;
    for (size_t i = 0; i < COUNT(stances); i++) {
        for (size_t rule = 0; rule < COUNT(expected[i]); rule++) {
            assert_int_equal(zta_ruleset_rule_mode(set, rule, &stances[i].stance, FIXTURE_NOW_S),
                             expected[i][rule]);
        }
        assert_int_equal(zta_ruleset_rule_mode(set, 4, &stances[i].stance, FIXTURE_NOW_S),
                         ZTA_MODE_OFF);
    }
    zta_ruleset_close(&set);
}

static void rule_sets_tell_about_themselves(void **state)
{
    struct zta_ruleset *set = fixture_rules("allow zz\n  need claim:b.c 1\n  need claim:a x\n"
                                            "limit aa\n  key claim:a\n  rate 1/s\n",
                                            "corp");
    size_t n_claims;
    const struct zta_text *claims = zta_ruleset_claims(set, &n_claims);
    assert_int_equal(n_claims, 2);
    assert_true(zta_text_equal(claims[0], ZTA_TEXT("a")));
    assert_true(zta_text_equal(claims[1], ZTA_TEXT("b.c")));
    assert_int_equal(zta_ruleset_n_rules(set), 2);
    assert_string_equal(zta_ruleset_rule_name(set, 0), "zz");
    assert_string_equal(zta_ruleset_rule_name(set, 1), "aa");
    assert_string_equal(zta_ruleset_rule_name(set, 2), "");
    assert_string_equal(zta_ruleset_source(set, 0), "test.zta");
    assert_string_equal(zta_ruleset_source(set, 1), "");
    assert_int_equal(zta_ruleset_generation(set), 7);
    zta_ruleset_close(&set);
    assert_null(set);
    zta_ruleset_close(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_issuers_have_to_be_named),
        cmocka_unit_test(errors_show_what_was_found),
        cmocka_unit_test(values_of_one_issuer_do_not_match_another),
        cmocka_unit_test(the_weakest_of_feature_and_mode_is_the_mode_of_a_rule),
        cmocka_unit_test(rule_sets_tell_about_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

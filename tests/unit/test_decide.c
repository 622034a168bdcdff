/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the decision: each meaning of docs/rules.md by examples. */
#include "shared/rules/decide.h"

#include "tests/unit/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GRANT        "allow all\n  when path /**\n"

/* Fields that are NULL are not looked at. */
struct decide_case {
    const char *rules;
    enum zta_reason reason;
    const char *rule;
    const char *scope;
    const char *missing;
    const char *nearest;
};

static void expect_text(const char *rules, const char *what, const char *found,
                        const char *expected)
{
    if (expected != NULL && strcmp(found, expected) != 0) {
        fail_msg("%s is '%s', expected '%s', by\n%s", what, found, expected, rules);
    }
}

static void check(const struct fixture *fixture, const struct decide_case *expected)
{
    struct zta_decision decision;
    fixture_decide(fixture, expected->rules, &decision);
    expect_text(expected->rules, "reason", zta_reason_name(decision.verdict.reason),
                zta_reason_name(expected->reason));
    assert_int_equal(decision.verdict.outcome == ZTA_OUTCOME_ALLOW,
                     expected->reason == ZTA_REASON_OK);
    expect_text(expected->rules, "rule", decision.verdict.rule, expected->rule);
    expect_text(expected->rules, "scope", decision.scope, expected->scope);
    expect_text(expected->rules, "missing", decision.missing, expected->missing);
    expect_text(expected->rules, "nearest", decision.nearest, expected->nearest);
}

static void check_all(const struct decide_case *cases, size_t n)
{
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < n; i++) {
        check(&fixture, &cases[i]);
    }
}

static void decide_denies_when_no_rule_matches(void **state)
{
    static const struct decide_case cases[] = {
        {.rules = "", .reason = ZTA_REASON_NO_RULE, .rule = "", .nearest = ""},
        {.rules = "allow a\n  when path /other/**\n",
         .reason = ZTA_REASON_NO_RULE,
         .rule = "",
         .missing = ""},
        {.rules = GRANT, .reason = ZTA_REASON_OK, .rule = "all", .nearest = "", .missing = ""},
    };
    struct fixture fixture;
    struct zta_decision decision;
    check_all(cases, COUNT(cases));
    fixture_init(&fixture);
    fixture.stance.allows_by_default = 1;
    fixture_decide(&fixture, "", &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_ALLOW);
    fixture_decide(&fixture, "allow a\n  when path /orders/**\n  need role boss\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_NOT_ENTITLED);
}

/* Meaning 6. */
static void decide_refuses_for_what_the_nearest_allow_lacks(void **state)
{
    static const struct decide_case cases[] = {
        {.rules = "allow far\n  need role boss\n  need group it\n"
                  "allow near\n  when path /**\n  need role boss\n",
         .reason = ZTA_REASON_NOT_ENTITLED,
         .rule = "",
         .scope = "",
         .missing = "role boss",
         .nearest = "near"},
        {.rules = "allow b\n  need role boss\nallow a\n  need group it\n",
         .reason = ZTA_REASON_NOT_ENTITLED,
         .missing = "group it",
         .nearest = "a"},
        {.rules = "allow a\n  when path /none\n  need role boss\n"
                  "allow b\n  need role boss\n  need role chief\n",
         .reason = ZTA_REASON_NOT_ENTITLED,
         .nearest = "b"},
        {.rules = "allow a\n  need scope profile\n  need scope orders:write admin\n",
         .reason = ZTA_REASON_INSUFFICIENT_SCOPE,
         .scope = "profile orders:write",
         .missing = "scope orders:write admin",
         .nearest = "a"},
        {.rules = "allow a\n  need scope s1\n  need role boss\n",
         .reason = ZTA_REASON_NOT_ENTITLED,
         .scope = "",
         .missing = "scope s1"},
        {.rules = "allow a\n  need scope s1\n  or role boss\n",
         .reason = ZTA_REASON_NOT_ENTITLED,
         .missing = "scope s1 or role boss"},
        {.rules = "allow a\n  need not scope profile\n", .reason = ZTA_REASON_NOT_ENTITLED},
        {.rules = "allow a\n  need scope unknown\n", .reason = ZTA_REASON_NOT_ENTITLED},
        {.rules = "list s s7 s8\nallow a\n  need scope list:s\n",
         .reason = ZTA_REASON_INSUFFICIENT_SCOPE,
         .scope = "s7"},
        {.rules = "allow a\n  when apikey k\n", .reason = ZTA_REASON_NOT_ENTITLED, .nearest = "a"},
        {.rules = "allow a\n  need role boss\nallow z\n  need role clerk\n",
         .reason = ZTA_REASON_OK,
         .rule = "z",
         .nearest = ""},
    };
    check_all(cases, COUNT(cases));
}

/* Meaning 8. */
static void decide_names_the_first_of_several_denials(void **state)
{
    static const struct decide_case cases[] = {
        {.rules = GRANT "deny d\n  when subject alice\n",
         .reason = ZTA_REASON_RULE_DENIED,
         .rule = "d"},
        {.rules = GRANT "deny d2\n  when subject alice\ndeny d1\n  when client web\n",
         .reason = ZTA_REASON_RULE_DENIED,
         .rule = "d1"},
        {.rules = GRANT "deny d\n  when subject alice\nrequire b\n  need role boss\n",
         .reason = ZTA_REASON_RULE_DENIED,
         .rule = "b",
         .missing = "role boss",
         .nearest = ""},
        {.rules = GRANT "deny d\n  when subject alice\n  when not role clerk\n",
         .reason = ZTA_REASON_OK},
        {.rules = GRANT "require r\n  need scope a\n  need scope profile b\n",
         .reason = ZTA_REASON_INSUFFICIENT_SCOPE,
         .rule = "r",
         .scope = "a profile",
         .missing = "scope a"},
        {.rules = GRANT "require r\n  when method POST\n  need role boss\n",
         .reason = ZTA_REASON_OK},
        {.rules = "allow a\n  need role boss\ndeny d\n  when subject alice\n",
         .reason = ZTA_REASON_RULE_DENIED,
         .rule = "d",
         .nearest = "",
         .missing = ""},
    };
    struct fixture fixture;
    struct zta_decision decision;
    check_all(cases, COUNT(cases));
    fixture_init(&fixture);
    fixture_decide(&fixture, GRANT "deny x\n  when subject alice\nrequire y\n  need role boss\n",
                   &decision);
    assert_int_equal(decision.n_denied_by, 2);
    assert_int_equal(decision.n_granted_by, 1);
    assert_int_equal(decision.verdict.line, 3);
    assert_int_equal(decision.stage, 2);
}

/* Meanings 3 and 4: alice has no apikey and no amr. */
static void unknown_facts_never_help(void **state)
{
    static const struct decide_case cases[] = {
        {.rules = "allow a\n  need amr mfa\n", .reason = ZTA_REASON_NOT_ENTITLED},
        {.rules = "allow a\n  need not amr pwd\n", .reason = ZTA_REASON_NOT_ENTITLED},
        {.rules = "allow a\n  need amr mfa\n  or role clerk\n", .reason = ZTA_REASON_OK},
        {.rules = "allow a\n  need amr unknown\n", .reason = ZTA_REASON_OK},
        {.rules = "allow a\n  need amr mfa unknown\n", .reason = ZTA_REASON_OK},
        {.rules = "allow a\n  when amr known\n", .reason = ZTA_REASON_NO_RULE},
        {.rules = "allow a\n  when not amr unknown\n", .reason = ZTA_REASON_NO_RULE},
        {.rules = "allow a\n  when amr known mfa\n", .reason = ZTA_REASON_NOT_ENTITLED},
        {.rules = "allow a\n  need role \"known\"\n", .reason = ZTA_REASON_NOT_ENTITLED},
        {.rules = "allow a\n  need role known\n", .reason = ZTA_REASON_OK},
        {.rules = GRANT "deny d\n  when amr pwd\n", .reason = ZTA_REASON_OK},
        {.rules = GRANT "deny d\n  when not amr mfa\n", .reason = ZTA_REASON_RULE_DENIED},
        {.rules = GRANT "deny d\n  when not amr mfa known\n", .reason = ZTA_REASON_RULE_DENIED},
        {.rules = GRANT "deny d\n  when not amr mfa unknown\n", .reason = ZTA_REASON_OK},
        {.rules = GRANT "deny d\n  when amr pwd\n  or not apikey k\n",
         .reason = ZTA_REASON_RULE_DENIED},
        {.rules = GRANT "deny d\n  when amr unknown\n", .reason = ZTA_REASON_RULE_DENIED},
        {.rules = GRANT "require r\n  need amr mfa\n", .reason = ZTA_REASON_RULE_DENIED},
        {.rules = GRANT "require r\n  when amr pwd\n  need role boss\n", .reason = ZTA_REASON_OK},
        {.rules = GRANT "require r\n  when not apikey k\n  need role boss\n",
         .reason = ZTA_REASON_RULE_DENIED},
    };
    check_all(cases, COUNT(cases));
}

/* Meaning 11. */
static void claims_compare_by_their_json_kind(void **state)
{
    static const struct {
        const char *cond;
        bool holds;
    } cases[] = {
        {.cond = "claim:dept eng", .holds = true},
        {.cond = "claim:dept ENG", .holds = false},
        {.cond = "claim:level 3", .holds = true},
        {.cond = "claim:level 3.0", .holds = true},
        {.cond = "claim:level \"3\"", .holds = false},
        {.cond = "claim:level 30", .holds = false},
        {.cond = "claim:level > 2.5", .holds = true},
        {.cond = "claim:level > 3", .holds = false},
        {.cond = "claim:level >= 3", .holds = true},
        {.cond = "claim:level <= 2", .holds = false},
        {.cond = "claim:level < 4", .holds = true},
        {.cond = "claim:dept > 0", .holds = false},
        {.cond = "claim:admin true", .holds = true},
        {.cond = "claim:admin \"true\"", .holds = false},
        {.cond = "claim:admin false", .holds = false},
        {.cond = "claim:admin 1", .holds = false},
        {.cond = "claim:tags y", .holds = true},
        {.cond = "claim:tags x", .holds = true},
        {.cond = "claim:tags z", .holds = false},
        {.cond = "claim:none known", .holds = true},
        {.cond = "claim:none x", .holds = false},
        {.cond = "claim:other unknown", .holds = true},
        {.cond = "claim:other known", .holds = false},
        {.cond = "auth-age <= 600s", .holds = true},
        {.cond = "auth-age < 10m", .holds = false},
        {.cond = "auth-age >= 10m", .holds = true},
        {.cond = "content-length 100 7", .holds = true},
        {.cond = "content-length > 100", .holds = false},
        {.cond = "content-type APPLICATION/*", .holds = true},
        {.cond = "host API.example.com", .holds = true},
        {.cond = "host *.com", .holds = true},
        {.cond = "host *.api.example.com", .holds = false},
        {.cond = "credential token", .holds = true},
        {.cond = "credential apikey browser", .holds = false},
        {.cond = "binding none", .holds = true},
        {.cond = "binding dpop mtls", .holds = false},
        {.cond = "acr silver", .holds = true},
        {.cond = "issuer corp", .holds = true},
        {.cond = "method POST", .holds = false},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_decision decision;
        char rules[128];
        (void)snprintf(rules, sizeof rules, "allow a\n  need %s\n", cases[i].cond);
        fixture_decide(&fixture, rules, &decision);
        if ((decision.verdict.outcome == ZTA_OUTCOME_ALLOW) != cases[i].holds) {
            fail_msg("%s should be %d", cases[i].cond, cases[i].holds);
        }
    }
}

static void get_covers_head(void **state)
{
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    fixture.facts.method = ZTA_TEXT("HEAD");
    fixture_decide(&fixture, "allow a\n  when method GET\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    fixture_decide(&fixture, GRANT "deny d\n  when not method GET\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    fixture.facts.method = ZTA_TEXT("GET");
    fixture_decide(&fixture, "allow a\n  when method HEAD\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_NO_RULE);
}

/* The issuer's clock may be ahead of ours. */
static void a_login_in_the_future_is_of_just_now(void **state)
{
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    fixture.identity.auth_time_s = FIXTURE_NOW_S + 5;
    fixture_decide(&fixture, "allow a\n  need auth-age <= 0s\n  need auth-age >= 0s\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    fixture.identity.auth_time_s = 0;
    fixture_decide(&fixture, "allow a\n  need auth-age >= 0s\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_NOT_ENTITLED);
}

/* Meaning 7. */
static void monitored_rules_are_told_apart(void **state)
{
    static const char rules[] = GRANT "deny d\n  when subject alice\n  mode monitor\n";
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    fixture_decide(&fixture, rules, &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    assert_true(decision.has_monitor);
    assert_int_equal(decision.monitor.reason, ZTA_REASON_RULE_DENIED);
    assert_string_equal(decision.monitor.rule, "d");
    assert_int_equal(decision.n_denied_by, 0);
    fixture_decide(&fixture, GRANT "deny d\n  when subject alice\n  mode off\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    assert_false(decision.has_monitor);
    fixture_decide(&fixture, GRANT "deny d\n  when subject bob\n  mode monitor\n", &decision);
    assert_false(decision.has_monitor);
    fixture.stance.modes[ZTA_FEATURE_RULES] = ZTA_MODE_MONITOR;
    fixture_decide(&fixture, "", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    assert_true(decision.has_monitor);
    assert_int_equal(decision.monitor.reason, ZTA_REASON_NO_RULE);
    fixture.stance.modes[ZTA_FEATURE_RULES] = ZTA_MODE_OFF;
    fixture_decide(&fixture, "", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    assert_false(decision.has_monitor);
}

static void needs_are_in_force_where_their_attributes_are(void **state)
{
    static const char rules[] = "require r\n  need role boss\n" GRANT;
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    fixture.stance.modes[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_MONITOR;
    fixture_decide(&fixture, rules, &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    assert_true(decision.has_monitor);
    assert_int_equal(decision.monitor.reason, ZTA_REASON_RULE_DENIED);
    fixture.stance.modes[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_OFF;
    fixture_decide(&fixture, rules, &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_OK);
    assert_false(decision.has_monitor);
}

/* Meaning 16. */
static void no_rule_lets_a_request_pass_without_a_credential(void **state)
{
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    fixture.stance.allows_by_default = 1;
    fixture.facts.identity = NULL;
    fixture_decide(&fixture, GRANT, &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_CHALLENGE);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_NO_CREDENTIAL);
    fixture.facts.identity = &fixture.identity;
    fixture.identity.credential = ZTA_CREDENTIAL_NONE;
    fixture_decide(&fixture, GRANT, &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_NO_CREDENTIAL);
}

static void facts_without_host_path_or_method_are_unjudged(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct zta_text *const parts[] = {&fixture.facts.host, &fixture.facts.path,
                                      &fixture.facts.method};
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct zta_decision decision;
        fixture_init(&fixture);
        *parts[i] = (struct zta_text){.data = NULL};
        fixture_decide(&fixture, GRANT, &decision);
        assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_DENY);
        assert_int_equal(decision.verdict.reason, ZTA_REASON_UNJUDGED);
    }
}

static void needed_scopes_are_told_without_their_issuer(void **state)
{
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    struct zta_ruleset *set =
        fixture_rules("allow a\n  need scope s1@partner s2@corp\n", "corp partner");
    zta_rules_decide(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_INSUFFICIENT_SCOPE);
    assert_string_equal(decision.scope, "s2");
    zta_ruleset_close(&set);
}

/* What no issuer of the client can give is no scope that it lacks. */
static void scopes_that_cannot_be_asked_for_are_not_told(void **state)
{
    static const char *const rules[] = {
        "allow a\n  need scope s1@partner\n",
        "allow a\n  need scope orders:write@corp\n  need scope s1@partner\n",
        "allow a\n  when path /**\nrequire b\n  need scope s1@partner s2@partner\n",
        "list theirs s1@partner s2@partner\nallow a\n  need scope list:theirs\n",
        "list none\nallow a\n  when issuer corp\n  need scope list:none\n",
    };
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct fixture fixture;
        struct zta_decision decision;
        fixture_init(&fixture);
        struct zta_ruleset *set = fixture_rules(rules[i], "corp partner");
        zta_rules_decide(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &decision);
        assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_DENY);
        assert_int_not_equal(decision.verdict.reason, ZTA_REASON_INSUFFICIENT_SCOPE);
        assert_string_equal(decision.scope, "");
        zta_ruleset_close(&set);
    }
}

/* Deeper than the index looks, and at each depth a star beside a name. */
static void deep_patterns_are_found_on_every_way(void **state)
{
    static char rules[32768];
    struct zta_buffer buffer;
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    zta_buffer_init(&buffer, rules, sizeof rules);
    for (unsigned depth = 0; depth < 20; depth++) {
        zta_buffer_printf(&buffer, "allow star-%u\n  when path ", depth);
        for (unsigned i = 0; i < depth; i++) {
            zta_buffer_string(&buffer, "/*");
        }
        zta_buffer_printf(&buffer, "/a/**\nallow name-%u\n  when path ", depth);
        for (unsigned i = 0; i < depth; i++) {
            zta_buffer_string(&buffer, "/a");
        }
        zta_buffer_string(&buffer, "/*/**\n");
    }
    assert_false(buffer.is_overflowed);
    fixture.facts.path = ZTA_TEXT("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a");
    fixture_decide(&fixture, rules, &decision);
    assert_int_equal(decision.n_granted_by, 40);
    fixture.facts.path = ZTA_TEXT("/a/a/a");
    fixture_decide(&fixture, rules, &decision);
    assert_int_equal(decision.n_granted_by, 6);
}

/* More than the index keeps apart: it finds the rule for others below /orders, too. */
static void of_many_paths_only_those_that_stand_there_match(void **state)
{
    char rules[4096];
    struct zta_buffer text;
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    for (int misses = 1; misses >= 0; misses--) {
        zta_buffer_init(&text, rules, sizeof(rules));
        zta_buffer_string(&text, "allow many\n  when path");
        for (int i = 0; i < 100; i++) {
            zta_buffer_printf(&text, " /orders/%d", i == 42 && misses ? 1000 : i);
        }
        zta_buffer_string(&text, "\n");
        assert_false(text.is_overflowed);
        fixture_decide(&fixture, rules, &decision);
        assert_int_equal(decision.verdict.reason, misses ? ZTA_REASON_NO_RULE : ZTA_REASON_OK);
    }
}

static void long_explanations_are_cut_between_characters(void **state)
{
    char rules[400];
    struct zta_buffer buffer;
    struct fixture fixture;
    struct zta_decision decision;
    fixture_init(&fixture);
    zta_buffer_init(&buffer, rules, sizeof rules);
    zta_buffer_string(&buffer, "allow a\n  need group ");
    for (size_t i = 0; i < 100; i++) {
        zta_buffer_string(&buffer, "\xc3\xa9");
    }
    zta_buffer_string(&buffer, "\n");
    fixture_decide(&fixture, rules, &decision);
    assert_int_equal(strlen(decision.missing), ZTA_MISSING_MAX - 2);
    assert_true(zta_text_is_utf8(zta_text_of(decision.missing)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_denies_when_no_rule_matches),
        cmocka_unit_test(decide_refuses_for_what_the_nearest_allow_lacks),
        cmocka_unit_test(decide_names_the_first_of_several_denials),
        cmocka_unit_test(unknown_facts_never_help),
        cmocka_unit_test(claims_compare_by_their_json_kind),
        cmocka_unit_test(get_covers_head),
        cmocka_unit_test(a_login_in_the_future_is_of_just_now),
        cmocka_unit_test(monitored_rules_are_told_apart),
        cmocka_unit_test(needs_are_in_force_where_their_attributes_are),
        cmocka_unit_test(no_rule_lets_a_request_pass_without_a_credential),
        cmocka_unit_test(facts_without_host_path_or_method_are_unjudged),
        cmocka_unit_test(needed_scopes_are_told_without_their_issuer),
        cmocka_unit_test(scopes_that_cannot_be_asked_for_are_not_told),
        cmocka_unit_test(deep_patterns_are_found_on_every_way),
        cmocka_unit_test(of_many_paths_only_those_that_stand_there_match),
        cmocka_unit_test(long_explanations_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

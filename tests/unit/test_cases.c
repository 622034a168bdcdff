/* SPDX-License-Identifier: Apache-2.0 */
/* Cases judged: each fact they can give arrives, what they do not give is unknown. */
#include "shared/rules/cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/parse_support.h"
#include "tests/unit/rules_fixture.h"

/* Judges the first case of the text. */
static void judge(const char *text, const char *issuers, struct zta_decision *decision,
                  bool *is_met)
{
    struct zta_rules_ast *ast = parse_support_good(text);
    struct zta_ruleset *set = fixture_rules(text, issuers);
    assert_true(ast->n_cases > 0);
    memset(decision, 0xa5, sizeof *decision);
    assert_int_equal(zta_rules_case_judge(set, &ast->cases[0], FIXTURE_NOW_S, decision), ZTA_OK);
    *is_met = zta_rules_case_is_met(&ast->cases[0], &decision->verdict);
    zta_ruleset_close(&set);
    zta_rules_ast_close(&ast);
}

/* What a fact is must match, anything else must not: the rule grants exactly then. */
static void every_fact_arrives(void **state)
{
    static const struct {
        const char *given;
        const char *matching;
        const char *other;
    } facts[] = {
        {"host API.Example.com", "host *.example.com", "host localhost"},
        {"path /a/b", "path /a/*", "path /a"},
        {"path \"/a*b\"", "path /a\\*b", "path /axb"},
        {"method DELETE", "method DELETE", "method GET"},
        {"content-length 5", "content-length 5", "content-length > 5"},
        {"content-type text/plain", "content-type text/*", "content-type application/json"},
        {"credential browser", "credential browser", "credential token"},
        {"binding dpop", "binding dpop", "binding none"},
        {"certificate 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
         "certificate 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
         "certificate BEQhsNa6a9ow3WTcenkzemq_fJv7paL5x8UzTEhUUU8"},
        {"subject alice", "subject alice", "subject bob"},
        {"client web", "client web", "client app"},
        {"issuer corp", "issuer corp", "issuer local"},
        {"apikey batch", "apikey batch", "apikey other"},
        {"role a \"b c\"", "role \"b c\"", "role b"},
        {"group a b", "group b", "group c"},
        {"scope a:r b", "scope a:r", "scope a"},
        {"claim:x.y 5", "claim:x.y 5", "claim:x.y > 5"},
        {"claim:x 5", "claim:x >= 5", "claim:x.y 5"},
        {"claim:x true", "claim:x true", "claim:x 1"},
        {"claim:x a b", "claim:x b", "claim:x c"},
        {"claim:x \"5\"", "claim:x \"5\"", "claim:x > 4"},
        {"acr gold", "acr gold", "acr silver"},
        {"amr pwd mfa", "amr mfa", "amr otp"},
        {"auth-age 15m", "auth-age <= 15m", "auth-age < 15m"},
        {"auth-age 15m", "auth-age > 899", "auth-age known\n  when auth-age > 900"},
    };
    for (size_t i = 0; i < COUNT(facts); i++) {
        for (unsigned k = 0; k < 2; k++) {
            char text[1024];
            struct zta_decision decision;
            bool is_met;
            (void)snprintf(text, sizeof text,
                           "allow r\n  when %s\n"
                           "case c\n  given client web\n  given %s\n  expect %s\n",
                           k == 0 ? facts[i].matching : facts[i].other, facts[i].given,
                           k == 0 ? "allow ok by r" : "deny");
            if (strncmp(facts[i].given, "client", strlen("client")) == 0) {
                (void)snprintf(text, sizeof text,
                               "allow r\n  when %s\ncase c\n  given %s\n  expect %s\n",
                               k == 0 ? facts[i].matching : facts[i].other, facts[i].given,
                               k == 0 ? "allow ok by r" : "deny");
            }
            judge(text, "", &decision, &is_met);
            if (!is_met) {
                fail_msg("%s by '%s' is %s %s", facts[i].given,
                         k == 0 ? facts[i].matching : facts[i].other,
                         zta_outcome_name(decision.verdict.outcome),
                         zta_reason_name(decision.verdict.reason));
            }
        }
    }
}

static void what_is_not_given_is_unknown(void **state)
{
    static const char *const facts[] = {
        "content-length", "content-type", "certificate", "subject", "client", "issuer", "apikey",
        "role",           "group",        "scope",       "claim:x", "acr",    "amr",    "auth-age",
    };
    for (size_t i = 0; i < COUNT(facts); i++) {
        char text[256];
        struct zta_decision decision;
        bool is_met;
        (void)snprintf(text, sizeof text,
                       "allow r\n  when %s unknown\n"
                       "case c\n  given credential token\n  expect allow ok by r\n",
                       facts[i]);
        judge(text, "", &decision, &is_met);
        if (!is_met) {
            fail_msg("%s is known", facts[i]);
        }
    }
}

struct expectation {
    const char *item;
    bool is_met;
};

static void check_cases(const char *rules, const struct expectation *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[2048];
        struct zta_decision decision;
        bool is_met;
        (void)snprintf(text, sizeof text, "%scase c\n %s\n", rules, cases[i].item);
        judge(text, "", &decision, &is_met);
        if (is_met != cases[i].is_met) {
            fail_msg("%s: found %s %s by '%s'", cases[i].item,
                     zta_outcome_name(decision.verdict.outcome),
                     zta_reason_name(decision.verdict.reason), decision.verdict.rule);
        }
    }
}

static void cases_are_met_or_not(void **state)
{
    static const char rules[] = "allow read\n  when path /a/**\n  when method GET\n  need scope s\n"
                                "deny no-bob\n  when subject bob\n  when host localhost\n"
                                "allow corp-only\n  when path /c\n  when subject alice\n"
                                "  when issuer corp\n"
                                "allow keys\n  when path /k\n  when issuer local\n"
                                "  when credential apikey\n"
                                "allow certificates\n  when path /m\n  when issuer mtls\n"
                                "allow tokens\n  when path /t\n  when credential token\n"
                                "  when binding none\n"
                                "allow root\n  when path /\n  need role x\n";

    static const struct expectation cases[] = {
        {"given path /a/b\n given scope s\n expect allow", true},
        {"given path /a/b\n given scope s\n expect allow ok", true},
        {"given path /a/b\n given scope s\n expect allow ok by read", true},
        {"given path /a/b\n given scope s\n expect allow by read", true},
        {"given path /a/b\n given scope s\n expect allow by root", false},
        {"given path /a/b\n given scope s\n expect deny", false},
        {"given path /a/b\n given scope s\n expect allow no_rule", false},
        /* No credential, no pass; a bare credential is one of somebody. */
        {"given path /a/b\n expect challenge no_credential", true},
        {"given path /a/b\n given method POST\n expect challenge", true},
        {"given path /a/b\n given credential token\n expect deny insufficient_scope", true},
        /* Host, path and method have their defaults. */
        {"given role x\n expect allow ok by root", true},
        {"given subject bob\n expect deny rule_denied by no-bob", true},
        {"given subject bob\n given host example.com\n given role x\n expect allow by root", true},
        /* Whose credential it is. */
        {"given path /c\n given subject alice\n given issuer corp\n expect allow", true},
        {"given path /c\n given subject alice\n given issuer partner\n expect deny", true},
        {"given path /c\n given subject alice\n expect deny not_entitled", true},
        {"given path /k\n given apikey k1\n expect allow by keys", true},
        {"given path /k\n given credential apikey\n expect allow by keys", true},
        {"given path /k\n given apikey k1\n given credential token\n expect deny", true},
        {"given path /m\n given credential certificate\n expect allow by certificates", true},
        {"given path /m\n given credential certificate\n given issuer corp\n expect deny", true},
        {"given path /t\n given role x\n expect allow by tokens", true},
        /* Stages. */
        {"given path /a/b\n given credential token\n stage 1\n expect allow ok", true},
        {"stage 0\n expect allow ok", true},
        {"stage 1\n expect challenge no_credential", true},
        {"given path /none\n given role x\n stage 4\n expect deny no_rule", true},
    };
    check_cases(rules, cases, COUNT(cases));
}

static void cases_are_of_risk(void **state)
{
    static const char rules[] = "allow all\n  when path /r /s\n  need role x\n"
                                "allow keys\n  when path /r\n  when apikey known\n"
                                "require calm\n  when path /r\n  need risk < 40\n"
                                "  else step-up acr=mfa max-age=5m\n"
                                "deny no-bait\n  when path /s\n"
                                "  when signal honeypot\n  or threat-level >= high\n";
    static const struct expectation cases[] = {
        {"given path /r\n given role x\n stage 4\n expect deny risk_high by calm", true},
        {"given path /r\n given role x\n given risk 39\n stage 4\n expect allow", true},
        {"given path /r\n given role x\n given risk 40\n stage 4\n expect step_up by calm", true},
        {"given path /r\n given role x\n given risk 40\n stage 3\n expect allow", true},
        {"given path /r\n given apikey k\n given risk 40\n stage 4\n expect deny risk_high", true},
        {"given path /s\n given role x\n given signal honeypot new-device\n stage 4\n"
         " expect deny rule_denied by no-bait",
         true},
        {"given path /s\n given role x\n given signal new-device\n stage 4\n expect allow", true},
        {"given path /s\n given role x\n given threat-level high\n stage 4\n expect deny", true},
    };
    check_cases(rules, cases, COUNT(cases));
}

static void names_of_several_issuers_are_told_apart(void **state)
{
    static const char *const issuers[] = {"corp", "partner"};
    for (size_t i = 0; i < COUNT(issuers); i++) {
        char text[256];
        struct zta_decision decision;
        bool is_met;
        (void)snprintf(text, sizeof text,
                       "allow r\n  when subject alice@corp\n"
                       "case c\n  given subject alice\n  given issuer %s\n  expect %s\n",
                       issuers[i], i == 0 ? "allow ok by r" : "deny no_rule");
        judge(text, "corp partner", &decision, &is_met);
        assert_true(is_met);
    }
}

/* And ages count back from it. */
static void a_case_is_judged_at_its_time(void **state)
{
    static const struct {
        const char *lines;
        const char *expected;
    } rows[] = {
        {"at 2027-01-01T00:00Z", "allow ok by r"},
        {"at 2026-12-31T23:59:59Z", "deny no_rule"},
        {"at 2027-01-31T23:59:59Z", "allow ok by r"},
        {"at 2027-02-01T00:00:00Z", "deny no_rule"},
        {"at 2027-01-15T00:00Z\n  stage 1", "allow ok"},
        {"stage 2", "allow ok by r"}, /* the time of the caller: 2027-01-15 */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        struct zta_decision decision;
        bool is_met;
        (void)snprintf(text, sizeof text,
                       "allow r\n  when auth-age <= 5m\n  from 2027-01-01T00:00Z\n"
                       "  until 2027-02-01T00:00Z\n"
                       "case c\n  %s\n  given auth-age 5m\n  expect %s\n",
                       rows[i].lines, rows[i].expected);
        judge(text, "", &decision, &is_met);
        if (!is_met) {
            fail_msg("%s: %s", rows[i].lines, zta_reason_name(decision.verdict.reason));
        }
    }
}

/* What slows a request down comes before what allows it, and behind what refuses it. */
static void unmet_needs_that_throttle_are_told(void **state)
{
    static const struct {
        const char *rules;
        const char *expected;
    } rows[] = {
        {"require slow\n  need role x\n  else throttle 5/m\n", "throttle rate_limited by slow"},
        {"require slow\n  need role clerk\n  else throttle 5/m\n", "allow ok by r"},
        {"require slow\n  need role x\n  else throttle 5/m\n  mode monitor\n", "allow ok by r"},
        {"require slow\n  when path /other\n  need role x\n  else throttle 5/m\n", "allow ok by r"},
        {"require slow\n  need role x\n  else throttle 5/m\n"
         "require also\n  need role x\n  else throttle 9/m\n",
         "throttle rate_limited by also"},
        {"require slow\n  need role x\n  else throttle 5/m\n"
         "require strict\n  need role x\n  else deny\n",
         "deny rule_denied by strict"},
        {"require strict\n  need role x\n  else deny\n", "deny rule_denied by strict"},
        {"require slow\n  need hours Sun 01:00-02:00 UTC\n  else throttle 5/m\n", "allow ok by r"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        struct zta_decision decision;
        bool is_met;
        (void)snprintf(text, sizeof text,
                       "allow r\n  when path /**\n%scase c\n  given role clerk\n  expect %s\n",
                       rows[i].rules, rows[i].expected);
        judge(text, "", &decision, &is_met);
        if (!is_met) {
            fail_msg("%s: %s %s by %s", rows[i].rules, zta_outcome_name(decision.verdict.outcome),
                     zta_reason_name(decision.verdict.reason), decision.verdict.rule);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_arrives),
        cmocka_unit_test(what_is_not_given_is_unknown),
        cmocka_unit_test(cases_are_met_or_not),
        cmocka_unit_test(cases_are_of_risk),
        cmocka_unit_test(names_of_several_issuers_are_told_apart),
        cmocka_unit_test(a_case_is_judged_at_its_time),
        cmocka_unit_test(unmet_needs_that_throttle_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

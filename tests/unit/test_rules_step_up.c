/* SPDX-License-Identifier: Apache-2.0 */
/* Step-up: who is asked for a better login, for which, and whom a login already spares. */
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
#define NOW_S        FIXTURE_NOW_S

enum stage {
    STAGE_2 = 2,
    STAGE_4 = 4,
};

/* Alice, who logged in 600 s ago with silver, at stage 4; her risk is of 700 s ago. */
struct world {
    struct fixture fixture;
    struct zta_risk_facts risk;
};

static void set_stage(struct world *world, unsigned stage, unsigned monitor)
{
    int8_t overrides[ZTA_N_FEATURES];
    memset(overrides, -1, sizeof overrides);
    assert_int_equal(zta_stance_make(stage, monitor, overrides, &world->fixture.stance), ZTA_OK);
}

static void world_init(struct world *world)
{
    fixture_init(&world->fixture);
    world->risk = (struct zta_risk_facts){
        .score = 60, .signals = 1u << ZTA_RISK_NEW_COUNTRY, .newest_s = NOW_S - 700};
    world->fixture.facts.risk = &world->risk;
    set_stage(world, STAGE_4, STAGE_4);
}

static void decide(const struct world *world, const char *rules, struct zta_decision *decision)
{
    fixture_decide(&world->fixture, rules, decision);
    assert_true(decision->verdict.outcome == ZTA_OUTCOME_STEP_UP ||
                (decision->step_up.acr[0] == '\0' && decision->step_up.max_age_s == 0));
}

/* Fails unless the rules ask for this step-up by this rule; acr NULL: none is asked for at all. */
static void expect(const struct world *world, const char *rules, const char *by, const char *acr,
                   int64_t max_age_s)
{
    struct zta_decision decision;
    decide(world, rules, &decision);
    if (decision.verdict.outcome != ZTA_OUTCOME_STEP_UP ||
        decision.verdict.reason != ZTA_REASON_STEP_UP_REQUIRED ||
        strcmp(decision.verdict.rule, by) != 0 || strcmp(decision.step_up.acr, acr) != 0 ||
        decision.step_up.max_age_s != max_age_s) {
        fail_msg("%s %s by '%s', acr '%s', max-age %lld; rules\n%s",
                 zta_outcome_name(decision.verdict.outcome),
                 zta_reason_name(decision.verdict.reason), decision.verdict.rule,
                 decision.step_up.acr, (long long)decision.step_up.max_age_s, rules);
    }
}

static void expect_reason(const struct world *world, const char *rules, enum zta_reason reason)
{
    struct zta_decision decision;
    decide(world, rules, &decision);
    if (decision.verdict.reason != reason) {
        fail_msg("%s, expected %s, by\n%s", zta_reason_name(decision.verdict.reason),
                 zta_reason_name(reason), rules);
    }
}

static void a_login_that_is_good_enough_satisfies_the_rule(void **state)
{
    static const struct {
        const char *otherwise;
        bool is_met;
    } rows[] = {
        {"acr=silver", true},
        {"acr=bronze", true},
        {"acr=gold", false},
        {"acr=platinum", false}, /* nothing is as good as what has no place in the order */
        {"max-age=600s", true},
        {"max-age=599s", false},
        {"acr=silver max-age=600s", true},
        {"acr=silver max-age=599s", false},
        {"acr=gold max-age=600s", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world world;
        struct zta_decision decision;
        char rules[256];
        world_init(&world);
        (void)snprintf(rules, sizeof rules,
                       GRANT "require r\n  need device compliant\n  else step-up %s\n",
                       rows[i].otherwise);
        decide(&world, rules, &decision);
        if ((decision.verdict.outcome == ZTA_OUTCOME_ALLOW) != rows[i].is_met) {
            fail_msg("%s: %s", rows[i].otherwise, zta_outcome_name(decision.verdict.outcome));
        }
        assert_int_equal(decision.verdict.outcome == ZTA_OUTCOME_STEP_UP, !rows[i].is_met);
    }
}

static void what_is_not_known_of_a_login_never_suffices(void **state)
{
    static const char by_age[] = GRANT "require r\n  need role x\n  else step-up max-age=1h\n";
    static const char by_acr[] = GRANT "require r\n  need role x\n  else step-up acr=bronze\n";
    struct world world;
    world_init(&world);
    world.fixture.identity.auth_time_s = 0;
    expect(&world, by_age, "r", "", 3600);
    expect_reason(&world, by_acr, ZTA_REASON_OK);
    world.fixture.identity.acr = (struct zta_text){.data = NULL};
    expect(&world, by_acr, "r", "bronze", -1);
    /* Another issuer's words are not in this order. */
    world.fixture.identity.acr = ZTA_TEXT("gold");
    expect_reason(&world, by_acr, ZTA_REASON_OK);
    world.fixture.identity.issuer = ZTA_TEXT("partner");
    expect(&world, by_acr, "r", "bronze", -1);
    /* The issuer's clock may be ahead of ours. */
    world.fixture.identity.auth_time_s = NOW_S + 5;
    expect_reason(&world, by_age, ZTA_REASON_OK);
}

static void risk_asks_for_a_login_behind_its_newest_reason(void **state)
{
    static const char rules[] =
        GRANT "require calm\n  need risk < 40\n  else step-up acr=silver max-age=5m\n";
    static const char no_age[] = GRANT "require calm\n  need not signal new-country\n"
                                       "  else step-up acr=silver\n";
    static const char mixed[] = GRANT "require calm\n  need risk < 40\n  need role x\n"
                                      "  else step-up acr=silver max-age=5m\n";
    struct world world;
    struct zta_decision decision;
    world_init(&world);
    /* 600 s old, and later than the risk of 700 s ago: however old it gets. */
    expect_reason(&world, rules, ZTA_REASON_OK);
    expect_reason(&world, no_age, ZTA_REASON_OK);
    expect(&world, mixed, "calm", "silver", 300);
    world.risk.newest_s = NOW_S - 600;
    decide(&world, rules, &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_STEP_UP);
    assert_true(decision.step_up.newer_than_s == NOW_S - 600);
    expect(&world, no_age, "calm", "silver", -1);
    /* A login that is fresh, but from before the risk came up, is no answer to it. */
    world.fixture.identity.auth_time_s = NOW_S - 10;
    world.risk.newest_s = NOW_S - 5;
    expect(&world, rules, "calm", "silver", 300);
    expect(&world, mixed, "calm", "silver", 300);
    /* Without a time of the risk the age counts. */
    world.risk.newest_s = 0;
    expect_reason(&world, rules, ZTA_REASON_OK);
    world.fixture.identity.auth_time_s = NOW_S - 301;
    expect(&world, rules, "calm", "silver", 300);
}

static void what_no_login_changes_is_refused(void **state)
{
    static const char rules[] = GRANT "require calm\n  need risk < 40\n  else step-up max-age=5m\n";
    struct world world;
    world_init(&world);
    world.fixture.facts.risk = NULL;
    expect_reason(&world, rules, ZTA_REASON_RISK_HIGH);
    world_init(&world);
    world.risk.newest_s = NOW_S - 1;
    world.fixture.identity.credential = ZTA_CREDENTIAL_APIKEY;
    expect_reason(&world, rules, ZTA_REASON_RISK_HIGH);
    world.fixture.identity.credential = ZTA_CREDENTIAL_BROWSER;
    expect_reason(&world, rules, ZTA_REASON_STEP_UP_REQUIRED);
}

static void without_the_feature_the_rule_refuses(void **state)
{
    static const char rules[] = GRANT "require r\n  need role x\n  else step-up acr=gold\n";
    static const char spared[] = GRANT "require r\n  need role x\n  else step-up acr=silver\n";
    struct world world;
    struct zta_decision decision;
    world_init(&world);
    set_stage(&world, STAGE_2, STAGE_2);
    expect_reason(&world, rules, ZTA_REASON_RULE_DENIED);
    expect_reason(&world, spared, ZTA_REASON_OK); /* as at stage 4: raising never grants */
    set_stage(&world, STAGE_2, STAGE_4);
    decide(&world, rules, &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_RULE_DENIED);
    assert_true(decision.has_monitor);
    assert_int_equal(decision.monitor.outcome, ZTA_OUTCOME_STEP_UP);
    world_init(&world);
    world.fixture.stance.modes[ZTA_FEATURE_STEPUP] = ZTA_MODE_OFF;
    expect_reason(&world, rules, ZTA_REASON_RULE_DENIED);
}

static void an_allow_that_lacks_a_login_asks_for_it(void **state)
{
    static const struct {
        const char *rules;
        enum zta_reason reason;
        const char *acr;
        int64_t max_age_s;
    } rows[] = {
        {"allow a\n  need acr gold\n", ZTA_REASON_STEP_UP_REQUIRED, "gold", -1},
        {"allow a\n  need acr >= gold\n", ZTA_REASON_STEP_UP_REQUIRED, "gold", -1},
        {"allow a\n  need acr >= silver\n", ZTA_REASON_OK, "", 0},
        {"allow a\n  need acr > silver\n", ZTA_REASON_STEP_UP_REQUIRED, "", -1},
        {"allow a\n  need auth-age < 5m\n", ZTA_REASON_STEP_UP_REQUIRED, "", 299},
        {"allow a\n  need auth-age <= 5m\n  need acr gold\n", ZTA_REASON_STEP_UP_REQUIRED, "gold",
         300},
        {"allow a\n  need amr mfa\n", ZTA_REASON_STEP_UP_REQUIRED, "", -1},
        {"allow a\n  need amr mfa\n  or acr gold\n", ZTA_REASON_STEP_UP_REQUIRED, "", -1},
        {"allow a\n  need auth-age > 1h\n", ZTA_REASON_NOT_ENTITLED, "", 0},
        {"allow a\n  need acr gold\n  or role x\n", ZTA_REASON_NOT_ENTITLED, "", 0},
        {"allow a\n  need acr gold\n  need role x\n", ZTA_REASON_NOT_ENTITLED, "", 0},
        /* The nearest is asked for. */
        {"allow a\n  need acr gold\n  need amr mfa\nallow b\n  need auth-age < 1m\n",
         ZTA_REASON_STEP_UP_REQUIRED, "", 59},
        {"allow a\n  need role x\nallow b\n  need acr gold\n", ZTA_REASON_NOT_ENTITLED, "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world world;
        struct zta_decision decision;
        world_init(&world);
        decide(&world, rows[i].rules, &decision);
        if (decision.verdict.reason != rows[i].reason ||
            strcmp(decision.step_up.acr, rows[i].acr) != 0 ||
            decision.step_up.max_age_s != rows[i].max_age_s) {
            fail_msg("%s acr '%s' max-age %lld, by\n%s", zta_reason_name(decision.verdict.reason),
                     decision.step_up.acr, (long long)decision.step_up.max_age_s, rows[i].rules);
        }
        set_stage(&world, STAGE_2, STAGE_2);
        decide(&world, rows[i].rules, &decision);
        assert_int_equal(decision.verdict.reason == ZTA_REASON_STEP_UP_REQUIRED, false);
    }
}

static void several_step_ups_are_one(void **state)
{
    static const char both[] =
        GRANT "require b\n  need role x\n  else step-up acr=silver max-age=5m\n"
              "require a\n  need role x\n  else step-up max-age=8m\n"
              "require c\n  need role x\n  else step-up acr=gold max-age=9m\n";
    static const char unordered[] = GRANT "require b\n  need role x\n  else step-up acr=urn:b\n"
                                          "require a\n  need role x\n  else step-up acr=urn:a\n";
    static const char severe[] = GRANT "require a\n  need role x\n  else step-up acr=gold\n"
                                       "require b\n  need role y\n";
    static const char not_granted[] = "allow all\n  when path /x\n"
                                      "require a\n  need role x\n  else step-up acr=gold\n";
    static const char with_allow[] = "allow all\n  need auth-age < 1m\n"
                                     "require a\n  need role x\n  else step-up acr=gold\n";
    static const char slowed[] = GRANT "require a\n  need role x\n  else throttle 1/m\n"
                                       "require b\n  need role x\n  else step-up acr=gold\n";
    struct world world;
    world_init(&world);
    expect(&world, both, "a", "gold", 300);
    expect(&world, unordered, "a", "urn:a", -1);
    /* Who may not enter anyway is not sent to log in. */
    expect_reason(&world, severe, ZTA_REASON_RULE_DENIED);
    expect_reason(&world, not_granted, ZTA_REASON_NO_RULE);
    expect(&world, with_allow, "a", "gold", 59);
    expect(&world, slowed, "b", "gold", -1);
}

static void acr_is_compared_by_the_order_of_its_issuer(void **state)
{
    static const struct {
        const char *cond;
        bool holds;
    } rows[] = {
        {"acr silver", true},      {"acr gold", false},       {"acr >= bronze", true},
        {"acr >= silver", true},   {"acr >= gold", false},    {"acr > bronze", true},
        {"acr > silver", false},   {"acr < gold", true},      {"acr <= bronze", false},
        {"not acr < gold", false}, {"not acr >= gold", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world world;
        char rules[128];
        world_init(&world);
        (void)snprintf(rules, sizeof rules, GRANT "deny d\n  when %s\n", rows[i].cond);
        expect_reason(&world, rules, rows[i].holds ? ZTA_REASON_RULE_DENIED : ZTA_REASON_OK);
        /* What cannot be compared is unknown: a negated line holds. */
        world.fixture.identity.acr = ZTA_TEXT("urn:other");
        const bool is_negated = strncmp(rows[i].cond, "not", 3) == 0;
        expect_reason(&world, rules, is_negated ? ZTA_REASON_RULE_DENIED : ZTA_REASON_OK);
    }
    struct zta_rules_error error;
    fixture_refused("allow a\n  need acr >= goldd\n", "corp", &error);
    assert_string_equal(error.found, "goldd");
    assert_string_equal(error.nearest, "gold");
}

static void risk_threat_and_signals_are_judged(void **state)
{
    static const struct {
        const char *cond;
        enum {
            NO,
            UNKNOWN,
            YES
        } known;
    } rows[] = {
        {"risk < 60", NO},
        {"risk <= 60", YES},
        {"risk > 60", NO},
        {"risk >= 60", YES},
        {"risk known", YES},
        {"risk unknown", NO},
        {"threat-level elevated high", YES},
        {"threat-level normal", NO},
        {"threat-level >= elevated", YES},
        {"threat-level > elevated", NO},
        {"threat-level < high", YES},
        {"threat-level known", YES},
        {"signal new-country", YES},
        {"signal honeypot waf", NO},
        {"signal honeypot unknown", NO},
        {"signal known", YES},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world world;
        char rules[128];
        world_init(&world);
        world.risk.threat = ZTA_THREAT_ELEVATED;
        (void)snprintf(rules, sizeof rules, GRANT "deny d\n  when %s\n", rows[i].cond);
        expect_reason(&world, rules, rows[i].known == YES ? ZTA_REASON_RULE_DENIED : ZTA_REASON_OK);
        world.fixture.facts.risk = NULL;
        const bool takes_unknown = strstr(rows[i].cond, "unknown") != NULL;
        expect_reason(&world, rules, takes_unknown ? ZTA_REASON_RULE_DENIED : ZTA_REASON_OK);
        (void)snprintf(rules, sizeof rules, GRANT "require d\n  need %s\n", rows[i].cond);
        struct zta_decision decision;
        decide(&world, rules, &decision);
        assert_int_equal(decision.verdict.outcome == ZTA_OUTCOME_ALLOW, takes_unknown);
    }
}

static void what_was_at_risk_is_told(void **state)
{
    struct world world;
    struct zta_decision decision;
    world_init(&world);
    decide(&world, GRANT "require r\n  need risk < 40\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_RISK_HIGH);
    assert_string_equal(decision.missing, "risk < 40 (request: risk 60)");
    decide(&world, GRANT "require r\n  need not signal new-country\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_RISK_HIGH);
    assert_string_equal(decision.missing, "not signal new-country (request: new-country)");
    decide(&world, GRANT "require r\n  need threat-level elevated\n", &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_RULE_DENIED);
    assert_string_equal(decision.missing, "threat-level elevated (request: normal)");
    /* Stage 3 knows no risk. */
    set_stage(&world, 3, 3);
    expect_reason(&world, GRANT "require r\n  need risk < 40\n", ZTA_REASON_OK);
    expect_reason(&world, GRANT "deny r\n  when risk >= 40\n", ZTA_REASON_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_that_is_good_enough_satisfies_the_rule),
        cmocka_unit_test(what_is_not_known_of_a_login_never_suffices),
        cmocka_unit_test(risk_asks_for_a_login_behind_its_newest_reason),
        cmocka_unit_test(what_no_login_changes_is_refused),
        cmocka_unit_test(without_the_feature_the_rule_refuses),
        cmocka_unit_test(an_allow_that_lacks_a_login_asks_for_it),
        cmocka_unit_test(several_step_ups_are_one),
        cmocka_unit_test(acr_is_compared_by_the_order_of_its_issuer),
        cmocka_unit_test(risk_threat_and_signals_are_judged),
        cmocka_unit_test(what_was_at_risk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

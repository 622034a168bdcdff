/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Truth tables: one rule of three conditions in every grouping, each plain or negated, each with or
 * without `known` or `unknown`, over every combination of true, false and unknown facts. What comes
 * out is compared with the tables of docs/rules.md and with the naive evaluator.
 */
#include "shared/rules/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/naive.h"
#include "tests/unit/rules_fixture.h"

enum {
    N_CONDS = 3,
    N_FACTS = 27,    /* true, false, unknown of each */
    N_KEYWORDS = 27, /* none, known, unknown at each */
    N_NOTS = 8,
};

enum truth {
    FALSE = 0,
    UNKNOWN,
    TRUE
};

enum keyword {
    NO_KEYWORD = 0,
    KNOWN,
    OR_UNKNOWN
};

/* Facts that are made true, false or unknown; where one is unknown all of its attribute is. */
enum vocabulary {
    CREDENTIAL = 0, /* role, acr, claim */
    DEVICE,         /* country, device, behaviour */
    NETWORK,        /* network, os, user-agent */
    RISK,           /* risk, threat-level, signal: known together */
    N_VOCABULARIES
};

static const char *const conditions[N_VOCABULARIES][N_CONDS] = {
    [CREDENTIAL] = {"role clerk", "acr gold", "claim:dept eng"},
    [DEVICE] = {"country CH", "device compliant", "behaviour unusual-rate"},
    [NETWORK] = {"network asn:64500", "os macos>=14", "user-agent curl/*"},
    [RISK] = {"signal waf", "threat-level high", "role clerk"},
};

/* Which group each condition is in, and how many there are. */
static const struct {
    unsigned group_of[N_CONDS];
    unsigned n;
} groupings[] = {
    {.group_of = {0, 1, 2}, .n = 3},
    {.group_of = {0, 0, 1}, .n = 2},
    {.group_of = {0, 1, 1}, .n = 2},
    {.group_of = {0, 0, 0}, .n = 1},
};

struct rule {
    enum zta_rule_kind kind;
    enum vocabulary vocabulary;
    unsigned grouping;
    unsigned needs; /* set of groups */
    unsigned nots;  /* set of conditions */
    unsigned keywords;
};

struct world {
    struct fixture fixture;
    struct zta_context context;
    struct zta_risk_facts risk;
    enum truth truths[N_CONDS];
};

static unsigned digit(unsigned number, unsigned place)
{
    while (place-- > 0) {
        number /= 3;
    }
    return number % 3;
}

static void write_rule(const struct rule *rule, char *text, size_t size)
{
    static const char *const kinds[] = {"allow", "deny", "require", "limit"};
    static const char *const keywords[] = {"", " known", " unknown"};
    struct zta_buffer out;
    zta_buffer_init(&out, text, size);
    zta_buffer_string(&out, rule->kind == ZTA_RULE_ALLOW ? "" : "allow z\n  when path /**\n");
    zta_buffer_printf(&out, "%s r\n", kinds[rule->kind]);
    for (unsigned i = 0; i < N_CONDS; i++) {
        const unsigned group = groupings[rule->grouping].group_of[i];
        const bool is_or = i > 0 && groupings[rule->grouping].group_of[i - 1] == group;
        zta_buffer_printf(&out, "  %s %s%s%s\n",
                          is_or                              ? "or"
                          : (rule->needs & 1u << group) != 0 ? "need"
                                                             : "when",
                          (rule->nots & 1u << i) != 0 ? "not " : "",
                          conditions[rule->vocabulary][i], keywords[digit(rule->keywords, i)]);
    }
    zta_buffer_string(&out, rule->kind == ZTA_RULE_LIMIT ? "  key all\n  rate 1/s\n" : "");
    assert_false(out.is_overflowed);
}

/* ---- facts ---- */

static void set_credential(struct world *world)
{
    struct zta_identity *identity = &world->fixture.identity;
    const enum truth *truths = world->truths;
    identity->roles.is_known = truths[0] != UNKNOWN;
    identity->roles.n = truths[0] == TRUE ? 1 : 0;
    identity->acr = zta_text_of(truths[1] == TRUE ? "gold" : truths[1] == FALSE ? "tin" : NULL);
    identity->n_claims = truths[2] == UNKNOWN ? 0 : 1;
    identity->claims[0].text = truths[2] == TRUE ? ZTA_TEXT("eng") : ZTA_TEXT("ops");
}

static void set_device(struct world *world)
{
    struct zta_context *context = &world->context;
    const enum truth *truths = world->truths;
    const uint8_t traits = 1u << ZTA_DEVICE_KNOWN | 1u << ZTA_DEVICE_COMPLIANT;
    context->country = zta_text_of(truths[0] == TRUE ? "CH" : truths[0] == FALSE ? "FR" : NULL);
    context->traits = (struct zta_answers){
        .known = truths[1] == UNKNOWN ? 0 : traits,
        .yes = truths[1] == TRUE ? traits : 1u << ZTA_DEVICE_KNOWN,
    };
    context->usual = (struct zta_answers){
        .known = truths[2] == UNKNOWN ? 0 : 1u << ZTA_HABIT_RATE,
        .yes = truths[2] == FALSE ? 1u << ZTA_HABIT_RATE : 0,
    };
}

static void set_network(struct world *world)
{
    struct zta_context *context = &world->context;
    const enum truth *truths = world->truths;
    world->fixture.facts.addr.family = truths[0] == UNKNOWN ? 0 : 4;
    context->asn = truths[0] == TRUE ? 64500 : truths[0] == FALSE ? 64501 : 0;
    context->os = zta_text_of(truths[1] == UNKNOWN ? NULL : "macos");
    context->os_version = zta_text_of(truths[1] == TRUE ? "14.1" : "13.9");
    world->fixture.facts.agent = zta_text_of(truths[2] == TRUE    ? "curl/8"
                                             : truths[2] == FALSE ? "wget"
                                                                  : NULL);
}

/* The first two are known or unknown together: where they differ both are. */
static void set_risk(struct world *world)
{
    enum truth *truths = world->truths;
    if (truths[0] == UNKNOWN || truths[1] == UNKNOWN) {
        truths[0] = UNKNOWN;
        truths[1] = UNKNOWN;
    }
    world->fixture.facts.risk = truths[0] == UNKNOWN ? NULL : &world->risk;
    world->risk.signals = truths[0] == TRUE ? 1u << ZTA_RISK_WAF : 1u << ZTA_RISK_HONEYPOT;
    world->risk.threat = truths[1] == TRUE ? ZTA_THREAT_HIGH : ZTA_THREAT_ELEVATED;
    world->fixture.identity.roles.is_known = truths[2] != UNKNOWN;
    world->fixture.identity.roles.n = truths[2] == TRUE ? 1 : 0;
}

static void set_facts(struct world *world, enum vocabulary vocabulary, unsigned facts)
{
    for (unsigned i = 0; i < N_CONDS; i++) {
        world->truths[i] = (enum truth)digit(facts, i);
    }
    switch (vocabulary) {
    case CREDENTIAL:
        set_credential(world);
        break;
    case DEVICE:
        set_device(world);
        break;
    case NETWORK:
        set_network(world);
        break;
    case RISK:
        set_risk(world);
        break;
    case N_VOCABULARIES:
        break;
    }
}

static void world_init(struct world *world)
{
    int8_t overrides[ZTA_N_FEATURES];
    memset(world, 0, sizeof *world);
    memset(overrides, -1, sizeof overrides);
    fixture_init(&world->fixture);
    world->fixture.facts.context = &world->context;
    assert_int_equal(zta_stance_make(4, 4, overrides, &world->fixture.stance), ZTA_OK);
}

/* ---- the tables ---- */

static enum truth cond_truth(const struct rule *rule, const struct world *world, unsigned cond)
{
    enum truth truth = world->truths[cond];
    const enum keyword keyword = (enum keyword)digit(rule->keywords, cond);
    if (keyword == KNOWN && truth != UNKNOWN) {
        truth = TRUE;
    }
    if (keyword == OR_UNKNOWN && truth == UNKNOWN) {
        truth = TRUE;
    }
    return (rule->nots & 1u << cond) != 0 ? (enum truth)(TRUE - truth) : truth;
}

struct sums {
    bool covers;  /* no `when` is false */
    bool is_met;  /* every line is true */
    bool applies; /* every `when`, each condition settled against the client */
    bool lacks;   /* some `need` is not true */
};

static struct sums sum(const struct rule *rule, const struct world *world)
{
    struct sums sums = {.covers = true, .is_met = true, .applies = true};
    for (unsigned g = 0; g < groupings[rule->grouping].n; g++) {
        const bool is_need = (rule->needs & 1u << g) != 0;
        enum truth best = FALSE;
        bool holds = false;
        for (unsigned i = 0; i < N_CONDS; i++) {
            if (groupings[rule->grouping].group_of[i] == g) {
                const enum truth truth = cond_truth(rule, world, i);
                best = truth > best ? truth : best;
                holds = holds || truth == TRUE || (truth == UNKNOWN && (rule->nots & 1u << i) != 0);
            }
        }
        sums.covers = sums.covers && (is_need || best != FALSE);
        sums.is_met = sums.is_met && best == TRUE;
        sums.applies = sums.applies && (is_need || holds);
        sums.lacks = sums.lacks || (is_need && best != TRUE);
    }
    return sums;
}

static void expect_verdict(const struct rule *rule, const struct world *world,
                           const struct zta_verdict *verdict)
{
    const struct sums sums = sum(rule, world);
    if (rule->kind == ZTA_RULE_ALLOW) {
        assert_int_equal(verdict->outcome == ZTA_OUTCOME_ALLOW, sums.is_met);
        assert_int_equal(verdict->reason == ZTA_REASON_NO_RULE, !sums.covers);
        return;
    }
    const bool is_refused = sums.applies && (rule->kind == ZTA_RULE_DENY || sums.lacks);
    assert_int_equal(verdict->outcome == ZTA_OUTCOME_DENY, is_refused);
    assert_string_equal(verdict->rule, is_refused ? "r" : "z");
}

static void expect_limit(const struct rule *rule, const struct world *world,
                         const struct zta_ruleset *set, const struct naive *naive)
{
    static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    struct zta_text name;
    size_t n_left_out;
    const size_t n = zta_rules_limits(set, &world->fixture.facts, &world->fixture.stance,
                                      FIXTURE_NOW_S, ZTA_LIMIT_AFTER, &key, charges, &n_left_out);
    assert_int_equal(n, sum(rule, world).applies ? 1 : 0);
    assert_int_equal(naive_limits(naive, ZTA_LIMIT_AFTER, &name, 1), n);
}

/* ---- all of them ---- */

static size_t try_rule(struct world *world, const struct rule *rule)
{
    char text[512];
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    write_rule(rule, text, sizeof text);
    const struct zta_rules_source source = {.name = ZTA_TEXT("test.zta"),
                                            .text = zta_text_of(text)};
    struct zta_ruleset *set = fixture_rules(text, "corp");
    assert_int_equal(zta_rules_parse(&source, 1, &ast, &error), ZTA_OK);
    const struct naive naive = {
        .ast = ast,
        .facts = &world->fixture.facts,
        .stance = &world->fixture.stance,
        .now_s = FIXTURE_NOW_S,
    };
    for (unsigned facts = 0; facts < N_FACTS; facts++) {
        struct zta_decision decision;
        struct zta_verdict verdict;
        set_facts(world, rule->vocabulary, facts);
        if (rule->kind == ZTA_RULE_LIMIT) {
            expect_limit(rule, world, set, &naive);
            continue;
        }
        zta_rules_decide(set, &world->fixture.facts, &world->fixture.stance, FIXTURE_NOW_S,
                         &decision);
        naive_decide(&naive, ZTA_MODE_ENFORCE, &verdict);
        if (decision.verdict.outcome != verdict.outcome ||
            decision.verdict.reason != verdict.reason) {
            fail_msg("%s\nfacts %u %u %u: %s, naive %s", text, world->truths[0], world->truths[1],
                     world->truths[2], zta_reason_name(decision.verdict.reason),
                     zta_reason_name(verdict.reason));
        }
        expect_verdict(rule, world, &decision.verdict);
    }
    zta_rules_ast_close(&ast);
    zta_ruleset_close(&set);
    return N_FACTS;
}

/* Of context only what may be written: docs/rules.md, meaning 4. */
static bool can_be(const struct rule *rule)
{
    const unsigned all = (1u << groupings[rule->grouping].n) - 1;
    if (rule->kind == ZTA_RULE_ALLOW) {
        return rule->vocabulary == CREDENTIAL && rule->needs <= all;
    }
    return rule->kind == ZTA_RULE_REQUIRE ? rule->needs > 0 && rule->needs <= all
                                          : rule->needs == 0;
}

static void expect_kind(enum zta_rule_kind kind, size_t n_expected)
{
    struct world world;
    struct rule rule = {.kind = kind};
    size_t n = 0;
    for (unsigned v = 0; v < N_VOCABULARIES; v++) {
        world_init(&world);
        rule.vocabulary = (enum vocabulary)v;
        for (rule.grouping = 0; rule.grouping < sizeof groupings / sizeof groupings[0];
             rule.grouping++) {
            for (rule.needs = 0; rule.needs < 1u << N_CONDS; rule.needs++) {
                for (unsigned i = 0; can_be(&rule) && i < N_NOTS * N_KEYWORDS; i++) {
                    rule.nots = i % N_NOTS;
                    rule.keywords = i / N_NOTS;
                    n += try_rule(&world, &rule);
                }
            }
        }
    }
    assert_int_equal(n, n_expected);
}

#define PER_SHAPE ((size_t)N_NOTS * N_KEYWORDS * N_FACTS)

static void allow_follows_the_tables(void **state)
{
    expect_kind(ZTA_RULE_ALLOW, (8 + 4 + 4 + 2) * PER_SHAPE);
}

static void deny_follows_the_tables(void **state)
{
    expect_kind(ZTA_RULE_DENY, 4 * PER_SHAPE * N_VOCABULARIES);
}

static void require_follows_the_tables(void **state)
{
    expect_kind(ZTA_RULE_REQUIRE, (7 + 3 + 3 + 1) * PER_SHAPE * N_VOCABULARIES);
}

static void limit_follows_the_tables(void **state)
{
    expect_kind(ZTA_RULE_LIMIT, 4 * PER_SHAPE * N_VOCABULARIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allow_follows_the_tables),
        cmocka_unit_test(deny_follows_the_tables),
        cmocka_unit_test(require_follows_the_tables),
        cmocka_unit_test(limit_follows_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

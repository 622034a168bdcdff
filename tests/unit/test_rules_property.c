/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for all rules (docs/rules.md), tried on random ones: compiled and naive judgement are
 * the same, and no change that should only take away ever gives. ZTA_TEST_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/rules/compile.h"
#include "shared/rules/decide.h"
#include "shared/rules/print.h"
#include "tests/unit/naive.h"
#include "tests/unit/random_rules.h"
#include "tests/unit/sanitized.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define N_SETS     (20000 / SANITIZED_COST)
#define N_REQUESTS 6
#define SEED       UINT64_C(20260101)

/* One trial: everything in it follows from its seed. */
struct trial {
    uint64_t seed;
    struct random_source source;
    struct random_rules rules;
    struct random_request request;
    struct zta_stance stance;
    struct zta_ruleset *set;
};

static const struct random_shape any_shape = {
    .has_keywords = true,
    .has_plain_context = true,
    .n_rules_max = RANDOM_RULES_MAX,
};

static uint64_t first_seed(void)
{
    const char *text = getenv("ZTA_TEST_SEED");
    return text != NULL ? strtoull(text, NULL, 10) : SEED;
}

static void report(const struct trial *trial, const char *what)
{
    static char text[65536];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_rules_print(&trial->rules.ast, &buffer);
    fail_msg("%s; ZTA_TEST_SEED=%" PRIu64 " repeats it first\n%s %s\n%s", what, trial->seed,
             trial->request.facts.method.data, trial->request.path, text);
}

static void compile(struct trial *trial)
{
    const struct zta_rules_env env = {
        .issuers = trial->rules.issuers,
        .n_issuers = trial->rules.n_issuers,
        .acrs = trial->rules.acrs,
    };
    struct zta_rules_error error;
    zta_ruleset_close(&trial->set);
    if (zta_ruleset_compile(&trial->rules.ast, &env, &trial->set, &error) != ZTA_OK) {
        print_message("found '%s', expected %s\n", error.found, error.expected);
        report(trial, "does not compile");
    }
}

static void begin(struct trial *trial, uint64_t seed, const struct random_shape *shape)
{
    trial->seed = seed;
    trial->source.state = seed;
    random_rules_make(&trial->source, shape, &trial->rules);
    random_stance_make(&trial->source, &trial->stance);
    compile(trial);
}

static void decide(const struct trial *trial, struct zta_decision *decision)
{
    zta_rules_decide(trial->set, &trial->request.facts, &trial->stance, RANDOM_NOW_S, decision);
}

static bool is_allowed(const struct trial *trial)
{
    struct zta_decision decision;
    decide(trial, &decision);
    return decision.verdict.outcome == ZTA_OUTCOME_ALLOW;
}

static bool is_same_verdict(const struct zta_verdict *a, const struct zta_verdict *b)
{
    return a->outcome == b->outcome && a->reason == b->reason && strcmp(a->rule, b->rule) == 0 &&
           a->line == b->line && a->source == b->source;
}

static struct naive naive_of(const struct trial *trial)
{
    return (struct naive){
        .ast = &trial->rules.ast,
        .n_issuers = trial->rules.n_issuers,
        .issuers = trial->rules.issuers,
        .acrs = trial->rules.acrs,
        .facts = &trial->request.facts,
        .stance = &trial->stance,
        .now_s = RANDOM_NOW_S,
    };
}

static void compare_verdicts(const struct trial *trial)
{
    const struct naive naive = naive_of(trial);
    struct zta_decision decision;
    struct zta_verdict enforced;
    struct zta_verdict monitored;
    decide(trial, &decision);
    const struct zta_ast_rule *slowed = naive_decide(&naive, ZTA_MODE_ENFORCE, &enforced);
    const bool is_slowed =
        naive_decide(&naive, ZTA_MODE_MONITOR, &monitored) != NULL || slowed != NULL;
    if (decision.is_slowed != is_slowed ||
        decision.slowed.outcome != (slowed != NULL ? ZTA_OUTCOME_THROTTLE : ZTA_OUTCOME_DENY) ||
        (slowed != NULL && !zta_text_equal(slowed->name, zta_text_of(decision.slowed.rule)))) {
        report(trial, "compiled and naive rules slow down differently");
    }
    if (!is_same_verdict(&decision.verdict, &enforced)) {
        print_message(
            "compiled %s %s '%s', naive %s %s '%s'\n", zta_outcome_name(decision.verdict.outcome),
            zta_reason_name(decision.verdict.reason), decision.verdict.rule,
            zta_outcome_name(enforced.outcome), zta_reason_name(enforced.reason), enforced.rule);
        report(trial, "compiled and naive verdict differ");
    }
    const bool differs =
        enforced.outcome != monitored.outcome || enforced.reason != monitored.reason ||
        (enforced.outcome != ZTA_OUTCOME_ALLOW && strcmp(enforced.rule, monitored.rule) != 0);
    if (decision.has_monitor != differs ||
        (differs && !is_same_verdict(&decision.monitor, &monitored))) {
        report(trial, "compiled and naive monitor verdict differ");
    }
}

static void compare_limits(const struct trial *trial, enum zta_limit_phase phase)
{
    static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
    const struct naive naive = naive_of(trial);
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    struct zta_text names[RANDOM_RULES_MAX];
    size_t n_left_out;
    const size_t n = zta_rules_limits(trial->set, &trial->request.facts, &trial->stance,
                                      RANDOM_NOW_S, phase, &key, charges, &n_left_out);
    bool is_same = naive_limits(&naive, phase, names, RANDOM_RULES_MAX) == n && n_left_out == 0;
    for (size_t i = 0; is_same && i < n; i++) {
        is_same = zta_text_equal(zta_text_of(charges[i].name), names[i]);
    }
    if (!is_same) {
        report(trial, "compiled and naive limits differ");
    }
}

/* Asked only of requests that are judged at all: others are never allowed. */
static void compare_else(const struct trial *trial)
{
    struct zta_decision decision;
    decide(trial, &decision);
    if (decision.is_slowed) {
        compare_limits(trial, ZTA_LIMIT_ELSE);
    }
}

static void compiled_rules_say_what_the_text_says(void **state)
{
    struct trial *trial = *state;
    size_t n_outcomes[ZTA_N_REASONS] = {0};
    size_t n_slowed = 0;
    for (uint64_t i = 0; i < N_SETS; i++) {
        begin(trial, first_seed() + i, &any_shape);
        for (int k = 0; k < N_REQUESTS; k++) {
            random_request_make(&trial->source, &trial->rules, &trial->request);
            if (random_chance(&trial->source, 20)) {
                random_request_forget(&trial->source, &trial->request);
            }
            compare_verdicts(trial);
            compare_limits(trial, ZTA_LIMIT_BEFORE);
            compare_limits(trial, ZTA_LIMIT_AFTER);
            compare_else(trial);
            struct zta_decision decision;
            decide(trial, &decision);
            n_outcomes[decision.verdict.reason]++;
            n_slowed += decision.slowed.outcome == ZTA_OUTCOME_THROTTLE;
        }
    }
    assert_true(n_slowed > N_SETS / 50);
    /* The world is small enough that each way to end is met. */
    static const enum zta_reason met[] = {
        ZTA_REASON_OK,
        ZTA_REASON_NO_CREDENTIAL,
        ZTA_REASON_RULE_DENIED,
        ZTA_REASON_NO_RULE,
        ZTA_REASON_INSUFFICIENT_SCOPE,
        ZTA_REASON_NOT_ENTITLED,
        ZTA_REASON_UNJUDGED,
        ZTA_REASON_HOURS_DENIED,
        ZTA_REASON_NETWORK_DENIED,
        ZTA_REASON_COUNTRY_DENIED,
        ZTA_REASON_BEHAVIOUR_UNUSUAL,
        ZTA_REASON_DEVICE_UNKNOWN,
        ZTA_REASON_DEVICE_NONCOMPLIANT,
        ZTA_REASON_RISK_HIGH,
        ZTA_REASON_STEP_UP_REQUIRED,
    };
    for (size_t i = 0; i < sizeof met / sizeof met[0]; i++) {
        if (n_outcomes[met[i]] < N_SETS / 200) {
            fail_msg("%s was met %zu times only", zta_reason_name(met[i]), n_outcomes[met[i]]);
        }
    }
}

/*
 * From stage 1 on, with whatever exceptions stay the same: the rules feature alone can be made
 * weaker than its stage, the credential feature never is.
 */
static void raising_the_stage_never_grants(void **state)
{
    struct trial *trial = *state;
    size_t n_changed = 0;
    for (uint64_t i = 0; i < N_SETS; i++) {
        int8_t overrides[ZTA_N_FEATURES];
        begin(trial, first_seed() + i, &any_shape);
        random_request_make(&trial->source, &trial->rules, &trial->request);
        const uint8_t allows_by_default = trial->stance.allows_by_default;
        for (size_t f = 0; f < ZTA_N_FEATURES; f++) {
            overrides[f] = (int8_t)(f == ZTA_FEATURE_CREDENTIAL || random_chance(&trial->source, 90)
                                        ? -1
                                        : (int)random_below(&trial->source, 2));
        }
        bool was_allowed = true;
        for (unsigned stage = 0; stage <= ZTA_STAGE_MAX; stage++) {
            const unsigned monitor =
                stage + random_below(&trial->source, ZTA_STAGE_MAX + 1 - stage);
            assert_int_equal(zta_stance_make(stage, monitor, overrides, &trial->stance), ZTA_OK);
            trial->stance.allows_by_default = allows_by_default;
            const bool allowed = is_allowed(trial);
            if (allowed && !was_allowed) {
                report(trial, "a higher stage granted");
            }
            n_changed += allowed != was_allowed;
            was_allowed = allowed;
        }
    }
    assert_true(n_changed > N_SETS / 10);
}

/* Adds a rule of one of the kinds, compiles, and says whether the request is allowed then. */
static bool is_allowed_with(struct trial *trial, enum zta_rule_kind kind)
{
    random_rules_add(&trial->source, &any_shape, kind, &trial->rules);
    compile(trial);
    return is_allowed(trial);
}

static void begin_with_room(struct trial *trial, uint64_t seed)
{
    static const struct random_shape shape = {
        .has_keywords = true,
        .has_plain_context = true,
        .n_rules_max = 5,
    };
    begin(trial, seed, &shape);
    random_request_make(&trial->source, &trial->rules, &trial->request);
}

static void adding_deny_require_or_limit_never_grants(void **state)
{
    static const enum zta_rule_kind kinds[] = {ZTA_RULE_DENY, ZTA_RULE_REQUIRE, ZTA_RULE_LIMIT};
    struct trial *trial = *state;
    size_t n_changed = 0;
    for (uint64_t i = 0; i < N_SETS; i++) {
        begin_with_room(trial, first_seed() + i);
        bool was_allowed = is_allowed(trial);
        for (int k = 0; k < 4; k++) {
            const bool allowed = is_allowed_with(trial, kinds[random_below(&trial->source, 3)]);
            if (allowed && !was_allowed) {
                report(trial, "one more rule that can only refuse granted");
            }
            n_changed += allowed != was_allowed;
            was_allowed = allowed;
        }
    }
    assert_true(n_changed > N_SETS / 50);
}

static void adding_allow_never_refuses_under_default_deny(void **state)
{
    struct trial *trial = *state;
    size_t n_changed = 0;
    for (uint64_t i = 0; i < N_SETS; i++) {
        begin_with_room(trial, first_seed() + i);
        trial->stance.allows_by_default = 0;
        bool was_allowed = is_allowed(trial);
        for (int k = 0; k < 4; k++) {
            const bool allowed = is_allowed_with(trial, ZTA_RULE_ALLOW);
            if (!allowed && was_allowed) {
                report(trial, "one more allow refused");
            }
            n_changed += allowed != was_allowed;
            was_allowed = allowed;
        }
    }
    assert_true(n_changed > N_SETS / 50);
}

/*
 * Where rules do not ask for the unknown itself, and deny and require are narrowed by the request
 * alone or by exceptions (a plain `when` names what is known to be refused: meaning 4).
 */
static void forgetting_a_fact_never_helps(void **state)
{
    static const struct random_shape shape = {
        .has_keywords = false,
        .has_plain_context = false,
        .n_rules_max = RANDOM_RULES_MAX,
    };
    struct trial *trial = *state;
    size_t n_changed = 0;
    for (uint64_t i = 0; i < N_SETS; i++) {
        begin(trial, first_seed() + i, &shape);
        for (int k = 0; k < N_REQUESTS; k++) {
            random_request_make(&trial->source, &trial->rules, &trial->request);
            const bool was_allowed = is_allowed(trial);
            random_request_forget(&trial->source, &trial->request);
            const bool allowed = is_allowed(trial);
            if (allowed && !was_allowed) {
                report(trial, "a forgotten fact granted");
            }
            n_changed += allowed != was_allowed;
        }
    }
    assert_true(n_changed > N_SETS / 20);
}

/* The verdict is the one of the same rules with everything monitored switched off. */
static void monitored_parts_never_change_the_verdict(void **state)
{
    struct trial *trial = *state;
    size_t n_monitored = 0;
    for (uint64_t i = 0; i < N_SETS; i++) {
        struct zta_decision with;
        struct zta_decision without;
        begin(trial, first_seed() + i, &any_shape);
        random_request_make(&trial->source, &trial->rules, &trial->request);
        decide(trial, &with);
        for (size_t f = 0; f < ZTA_N_FEATURES; f++) {
            if (trial->stance.modes[f] == ZTA_MODE_MONITOR) {
                trial->stance.modes[f] = ZTA_MODE_OFF;
            }
        }
        for (size_t r = 0; r < trial->rules.ast.n_rules; r++) {
            if (trial->rules.rules[r].mode == ZTA_MODE_MONITOR) {
                trial->rules.rules[r].mode = ZTA_MODE_OFF;
            }
        }
        compile(trial);
        decide(trial, &without);
        if (!is_same_verdict(&with.verdict, &without.verdict) || without.has_monitor ||
            with.n_denied_by != without.n_denied_by || with.n_granted_by != without.n_granted_by) {
            report(trial, "a monitored part changed the verdict");
        }
        n_monitored += with.has_monitor;
    }
    assert_true(n_monitored > N_SETS / 50);
}

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct trial));
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct trial *trial = *state;
    zta_ruleset_close(&trial->set);
    free(trial);
    return 0;
}

#define PROPERTY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROPERTY(compiled_rules_say_what_the_text_says),
        PROPERTY(raising_the_stage_never_grants),
        PROPERTY(adding_deny_require_or_limit_never_grants),
        PROPERTY(adding_allow_never_refuses_under_default_deny),
        PROPERTY(forgetting_a_fact_never_helps),
        PROPERTY(monitored_parts_never_change_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was decided is decided again from what was recorded, on 100,000 mixed requests that took the
 * real way: event, ring, observer, store. And what other rules would have done to them.
 * ZTA_TEST_SEED repeats a run.
 */
#include "shared/evidence/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/evidence/whatif.h"
#include "shared/inputs.h"
#include "shared/live/ring.h"
#include "shared/live/token_cache.h"
#include "shared/record.h"
#include "shared/rules/decide.h"
#include "tests/unit/observer_world.h"
#include "tests/unit/random_rules.h"

#define N_REQUESTS   100000
#define PER_SET      1000
#define N_SETS       (N_REQUESTS / PER_SET)
#define BATCH        50 /* what a small shared memory surely holds until it is stored */
#define SEED         UINT64_C(20261122)
#define BIG_MAP_SIZE (UINT64_C(4) << 30) /* its share for credentials holds all that are made */

static const struct random_shape any_shape = {
    .has_keywords = true,
    .has_plain_context = true,
    .n_rules_max = RANDOM_RULES_MAX,
};

/* Of no certificate, and what events have where there was none. */
static const char zero_thumbprint[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

struct scene {
    struct world world;
    struct random_source source;
    struct random_rules rules;
    struct zta_ruleset *sets[N_SETS];
    uint64_t n_allowed;
    uint64_t n_monitored;
    uint64_t n_slowed;
    uint64_t n_in_vain;
    uint64_t n_demanded;
};

static struct scene scene;

static void make_set(size_t number)
{
    random_rules_make(&scene.source, &any_shape, &scene.rules);
    const struct zta_rules_env env = {
        .issuers = scene.rules.issuers,
        .n_issuers = scene.rules.n_issuers,
        .acrs = scene.rules.acrs,
        .generation = (uint32_t)number,
    };
    struct zta_rules_error error;
    assert_int_equal(zta_ruleset_compile(&scene.rules.ast, &env, &scene.sets[number], &error),
                     ZTA_OK);
}

/* As a child names and offers what it verified. */
static void offer(struct zta_identity *identity, const struct zta_ruleset *set)
{
    char data[ZTA_INPUTS_SIZE_MAX];
    size_t size;
    size_t n_claims;
    const struct zta_text *claims = zta_ruleset_claims(set, &n_claims);
    struct zta_token_key key;
    assert_int_equal(zta_inputs_encode(identity, claims, n_claims, data, sizeof data, &size),
                     ZTA_OK);
    zta_inputs_name(data, size, identity->inputs);
    zta_token_key_of_inputs(identity->inputs, &key);
    const int64_t now_s = scene.world.real_ns / ZTA_NS_PER_S;
    if (!zta_token_cache_has(scene.world.segment, &key, now_s)) {
        assert_int_equal(zta_token_cache_put(scene.world.segment, scene.world.incarnation, &key,
                                             data, size, now_s + 60, 0),
                         ZTA_OK);
    }
}

/* Behind the rules: the rate of a require that slows is exceeded, where it is enforced or not. */
static void exceed(struct zta_decision *decision, bool is_enforced)
{
    const struct zta_verdict refusal = {.outcome = ZTA_OUTCOME_THROTTLE,
                                        .reason = ZTA_REASON_RATE_LIMITED,
                                        .rule = "slowing",
                                        .line = is_enforced ? 12 : 0};
    if (decision->monitor.outcome == ZTA_OUTCOME_ALLOW) {
        decision->monitor = refusal;
    }
    if (is_enforced) {
        decision->verdict = refusal;
    }
    scene.n_slowed++;
}

/* Behind the rules: a challenge that was in vain before, or one that a measure asks for. */
static void demand_login(struct zta_decision *decision)
{
    static const struct zta_verdict demanded = {.outcome = ZTA_OUTCOME_STEP_UP,
                                                .reason = ZTA_REASON_STEP_UP_REQUIRED,
                                                .rule = "a-response"};
    const bool asks = decision->verdict.outcome == ZTA_OUTCOME_STEP_UP;
    const bool allows = decision->verdict.outcome == ZTA_OUTCOME_ALLOW;
    const bool is_same = decision->monitor.outcome == decision->verdict.outcome;
    if (asks && random_chance(&scene.source, 30)) {
        decision->verdict.outcome = ZTA_OUTCOME_DENY;
        decision->verdict.reason = ZTA_REASON_STEP_UP_UNSATISFIED;
        scene.n_in_vain++;
    }
    else if (allows && random_chance(&scene.source, 5)) {
        decision->verdict = demanded;
        scene.n_demanded++;
    }
    else {
        return;
    }
    if (is_same) {
        decision->monitor = decision->verdict;
    }
}

/* Before the rules: a check that refuses, or one that is monitored and would. */
static void judge(const struct zta_ruleset *set, struct zta_recorded *recorded,
                  struct zta_decision *decision)
{
    const struct zta_verdict refusal = {
        .outcome = ZTA_OUTCOME_THROTTLE, .reason = ZTA_REASON_RATE_LIMITED, .rule = "a-limit"};
    memset(decision, 0, sizeof *decision);
    recorded->has_reached_rules = !random_chance(&scene.source, 10);
    recorded->is_noted = random_chance(&scene.source, 10);
    if (!recorded->has_reached_rules) {
        decision->verdict = refusal;
        decision->monitor = refusal;
        return;
    }
    zta_rules_decide(set, recorded->facts, recorded->stance, scene.world.real_ns / ZTA_NS_PER_S,
                     decision);
    if (recorded->is_noted) {
        decision->monitor = refusal;
    }
    else if (!decision->has_monitor) {
        decision->monitor = decision->verdict;
    }
    demand_login(decision);
    if (decision->is_slowed && decision->verdict.outcome == ZTA_OUTCOME_ALLOW &&
        random_chance(&scene.source, 50)) {
        exceed(decision, random_chance(&scene.source, 50));
    }
    decision->has_monitor = decision->monitor.outcome != decision->verdict.outcome ||
                            decision->monitor.reason != decision->verdict.reason;
    scene.n_allowed += decision->verdict.outcome == ZTA_OUTCOME_ALLOW;
    scene.n_monitored += decision->has_monitor;
}

static void publish_one(size_t set, uint64_t number)
{
    static struct random_request request;
    struct zta_stance stance;
    struct zta_decision decision;
    struct zta_event event;
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {{.data = NULL}};
    char os[ZTA_RECORD_OS_MAX];
    struct zta_recorded recorded = {
        .facts = &request.facts, .stance = &stance, .decision = &decision};
    random_request_make(&scene.source, &scene.rules, &request);
    random_stance_make(&scene.source, &stance);
    if (zta_text_equal(request.identity.certificate, zta_text_of(zero_thumbprint))) {
        request.identity.certificate = (struct zta_text){.data = NULL};
    }
    if (request.facts.identity != NULL) {
        offer(&request.identity, scene.sets[set]);
    }
    judge(scene.sets[set], &recorded, &decision);

    memset(&event, 0, sizeof event);
    zta_put_u64(event.id.bytes + 8, number);
    event.time_ns = scene.world.real_ns;
    event.rules_generation = (uint32_t)set;
    zta_put_u64(event.session, number + 1);
    zta_record_fill(&event, &recorded, texts, os);
    if (request.facts.identity != NULL) {
        event.credential = (uint8_t)request.identity.credential;
        event.binding = (uint8_t)request.identity.binding;
    }
    zta_event_set_texts(&event, texts);
    assert_int_equal(zta_ring_publish(scene.world.segment, scene.world.incarnation, &event),
                     ZTA_OK);
}

static int record_all(void **state)
{
    const char *seed = getenv("ZTA_TEST_SEED");
    scene.source.state = seed != NULL ? strtoull(seed, NULL, 10) : SEED;
    world_open(&scene.world, fast_dir(), BIG_MAP_SIZE);
    world_observe(&scene.world);
    for (uint64_t i = 0; i < N_REQUESTS; i++) {
        if (i % PER_SET == 0) {
            make_set(i / PER_SET);
        }
        publish_one(i / PER_SET, i);
        if (i % BATCH == BATCH - 1) {
            world_pass(&scene.world, MOD_ZTA_COMMIT_NS);
        }
    }
    world_pass(&scene.world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(world_counter(&scene.world, ZTA_COUNTER_INPUTS_MISSED), 0);
    return 0;
}

static int forget_all(void **state)
{
    for (size_t i = 0; i < N_SETS; i++) {
        zta_ruleset_close(&scene.sets[i]);
    }
    world_close(&scene.world);
    return 0;
}

/* ---- judged again ---- */

struct comparison {
    uint64_t n_same;
    uint64_t n_settled;
    uint64_t n_unrecorded;
    uint64_t n_undecidable;
    uint64_t n_different;
    struct zta_event different;
};

static bool is_same(const struct zta_event *event, const struct zta_decision *decision)
{
    const bool is_monitored = (event->flags & ZTA_EVENT_MONITORED) != 0;
    return event->outcome == decision->verdict.outcome &&
           event->reason == decision->verdict.reason &&
           event->rule_line == decision->verdict.line &&
           zta_text_compare(zta_event_text(event, ZTA_EVENT_RULE),
                            zta_text_of(decision->verdict.rule)) == 0 &&
           event->monitor_outcome == decision->monitor.outcome &&
           event->monitor_reason == decision->monitor.reason &&
           is_monitored == decision->has_monitor;
}

static void compare(void *context, unsigned worker, struct zta_replayed *request)
{
    struct comparison *comparison = (struct comparison *)context + worker;
    struct zta_decision decision;
    if (request->state != ZTA_REPLAY_IS_READY) {
        comparison->n_settled += request->state == ZTA_REPLAY_IS_SETTLED;
        comparison->n_unrecorded += request->state == ZTA_REPLAY_IS_UNRECORDED;
        return;
    }
    if (!zta_replay_judge(request, scene.sets[request->event->rules_generation], NULL, &decision)) {
        comparison->n_undecidable++;
        return;
    }
    if (is_same(request->event, &decision)) {
        comparison->n_same++;
        return;
    }
    comparison->n_different++;
    comparison->different = *request->event;
}

static void the_same_rules_decide_every_recorded_request_as_before(void **state)
{
    struct comparison all[ZTA_REPLAY_WORKERS_MAX] = {{.n_same = 0}};
    struct zta_replay_covered covered;
    const struct zta_replay_options options = {
        .from_ns = 0, .until_ns = INT64_MAX, .n_workers = 3, .fn = compare, .context = all};
    struct zta_store *store = mod_zta_observer_store(scene.world.observer);
    assert_int_equal(zta_replay_run(store, &options, &covered), ZTA_OK);
    for (unsigned i = 1; i < ZTA_REPLAY_WORKERS_MAX; i++) {
        all[0].n_same += all[i].n_same;
        all[0].n_settled += all[i].n_settled;
        all[0].n_unrecorded += all[i].n_unrecorded;
        all[0].n_undecidable += all[i].n_undecidable;
        all[0].n_different += all[i].n_different;
    }
    assert_int_equal(covered.n_requests, N_REQUESTS);
    assert_int_equal(covered.n_lost, 0);
    assert_int_equal(all[0].n_different, 0);
    assert_int_equal(all[0].n_undecidable, 0);
    /* Enough of everything that the comparison means something. */
    assert_int_equal(all[0].n_same + all[0].n_settled + all[0].n_unrecorded, N_REQUESTS);
    assert_in_range(all[0].n_unrecorded, 0, N_REQUESTS / 1000);
    assert_in_range(all[0].n_settled, N_REQUESTS / 12, N_REQUESTS / 8);
    assert_in_range(scene.n_allowed, N_REQUESTS / 10, N_REQUESTS);
    assert_in_range(scene.n_in_vain, N_REQUESTS / 1000, N_REQUESTS);
    assert_in_range(scene.n_demanded, N_REQUESTS / 1000, N_REQUESTS);
    assert_in_range(scene.n_slowed, N_REQUESTS / 1000, N_REQUESTS);
    assert_in_range(scene.n_monitored, N_REQUESTS / 20, N_REQUESTS);
}

/* ---- and by other rules ---- */

static bool is_of_set(void *context, const struct zta_event *event)
{
    return event->rules_generation == *(const uint32_t *)context;
}

/* Counted once more, without threads, tables and merging. */
struct flips {
    const struct zta_ruleset *after;
    uint32_t set;
    uint64_t n[ZTA_N_FLIPS];
    uint64_t n_undecidable;
};

static void count_flip(void *context, unsigned worker, struct zta_replayed *request)
{
    struct flips *flips = context;
    struct zta_decision decision;
    if (request->event->rules_generation != flips->set || request->state != ZTA_REPLAY_IS_READY) {
        return;
    }
    if (!zta_replay_judge(request, flips->after, NULL, &decision)) {
        flips->n_undecidable += request->weight;
        return;
    }
    const bool was = request->event->outcome == ZTA_OUTCOME_ALLOW;
    const bool is = decision.verdict.outcome == ZTA_OUTCOME_ALLOW;
    if (was != is) {
        flips->n[was ? ZTA_FLIP_TO_DENY : ZTA_FLIP_TO_ALLOW] += request->weight;
    }
}

static uint64_t column_sum(const struct zta_tally *tally, enum zta_flip flip)
{
    uint64_t n = tally->n_other[flip];
    for (size_t i = 0; i < tally->n_rows; i++) {
        n += tally->rows[i].n[flip];
        assert_true(i == 0 || tally->rows[i].n[0] + tally->rows[i].n[1] <=
                                  tally->rows[i - 1].n[0] + tally->rows[i - 1].n[1]);
    }
    return n;
}

static void check_flips(const struct zta_whatif *result, const struct flips *wanted)
{
    for (unsigned flip = 0; flip < ZTA_N_FLIPS; flip++) {
        const struct zta_whatif_flips *flips = &result->flips[flip];
        assert_int_equal(flips->n, wanted->n[flip]);
        assert_int_equal(column_sum(&result->by_subject, flip), flips->n);
        assert_int_equal(column_sum(&result->by_route, flip), flips->n);
        assert_int_equal(column_sum(&result->by_rule, flip), flips->n);
        assert_int_equal(column_sum(&result->by_reason, flip), flips->n);
        assert_int_equal(flips->sessions.n, flips->n); /* each request is a session of its own */
        assert_int_equal(flips->n_examples,
                         flips->n < ZTA_WHATIF_EXAMPLES ? flips->n : ZTA_WHATIF_EXAMPLES);
        for (size_t i = 1; i < flips->n_examples; i++) {
            assert_true(flips->examples[i].time_ns <= flips->examples[i - 1].time_ns);
        }
    }
}

static void other_rules_flip_what_a_second_count_finds(void **state)
{
    struct zta_store *store = mod_zta_observer_store(scene.world.observer);
    uint64_t n_flips = 0;
    for (uint32_t set = 0; set < 5; set++) {
        struct flips wanted = {.after = scene.sets[set + 1], .set = set};
        const struct zta_replay_options replay = {
            .until_ns = INT64_MAX, .n_workers = 1, .fn = count_flip, .context = &wanted};
        struct zta_replay_covered covered;
        assert_int_equal(zta_replay_run(store, &replay, &covered), ZTA_OK);
        struct zta_whatif_options options = {.until_ns = INT64_MAX,
                                             .n_workers = 3,
                                             .after = scene.sets[set + 1],
                                             .match = is_of_set,
                                             .context = &set};
        struct zta_whatif *result = NULL;
        assert_int_equal(zta_whatif_run(store, &options, &result), ZTA_OK);
        check_flips(result, &wanted);
        assert_int_equal(result->n_requests, PER_SET);
        assert_int_equal(zta_whatif_undecidable(result), wanted.n_undecidable);
        assert_int_equal(result->n_settled + result->n_judged + zta_whatif_undecidable(result),
                         PER_SET);
        n_flips += wanted.n[0] + wanted.n[1];
        zta_whatif_close(&result);

        options.after = scene.sets[set];
        assert_int_equal(zta_whatif_run(store, &options, &result), ZTA_OK);
        assert_int_equal(result->flips[0].n + result->flips[1].n, 0);
        assert_int_equal(result->n_monitored[0] + result->n_monitored[1], 0);
        zta_whatif_close(&result);
    }
    assert_in_range(n_flips, 100, 5 * PER_SET);
}

static bool stop(void *context, uint64_t n_done, uint64_t n_all)
{
    return false;
}

static void who_does_not_want_the_rest_gets_none(void **state)
{
    struct zta_whatif *result = NULL;
    const struct zta_whatif_options options = {
        .until_ns = INT64_MAX, .after = scene.sets[0], .progress = stop};
    assert_int_equal(
        zta_whatif_run(mod_zta_observer_store(scene.world.observer), &options, &result), ZTA_BUSY);
    assert_null(result);
}

static void only_the_period_counts(void **state)
{
    struct zta_whatif *result = NULL;
    struct zta_whatif_options options = {
        .from_ns = T0, .until_ns = T0 + 10 * MOD_ZTA_COMMIT_NS, .after = scene.sets[0]};
    struct zta_store *store = mod_zta_observer_store(scene.world.observer);
    assert_int_equal(zta_whatif_run(store, &options, &result), ZTA_OK);
    assert_int_equal(result->n_requests, 10 * BATCH);
    assert_int_equal(result->covered.first_ns, T0);
    assert_int_equal(result->covered.last_ns, T0 + 9 * MOD_ZTA_COMMIT_NS);
    zta_whatif_close(&result);
    options.from_ns = options.until_ns = scene.world.real_ns + 1;
    assert_int_equal(zta_whatif_run(store, &options, &result), ZTA_OK);
    assert_int_equal(result->n_requests, 0);
    zta_whatif_close(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_rules_decide_every_recorded_request_as_before),
        cmocka_unit_test(other_rules_flip_what_a_second_count_finds),
        cmocka_unit_test(who_does_not_want_the_rest_gets_none),
        cmocka_unit_test(only_the_period_counts),
    };
    return cmocka_run_group_tests(tests, record_all, forget_all);
}

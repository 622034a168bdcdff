/* SPDX-License-Identifier: Apache-2.0 */
/* Measures: who is hit, how they are extended, lifted, spared and pruned. */
#include "shared/store/measures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/unit/store_fixture.h"

#define NOW_S INT64_C(1900000000)

static struct store_fixture fixture;
static struct zta_store *helper;

static int setup(void **state)
{
    store_fixture_make(&fixture);
    helper = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    return 0;
}

static int teardown(void **state)
{
    zta_store_close(&helper);
    store_fixture_remove(&fixture);
    return 0;
}

static struct zta_addr addr(const char *text)
{
    struct zta_addr parsed;
    assert_int_equal(zta_addr_parse(zta_text_of(text), &parsed), ZTA_OK);
    return parsed;
}

static struct zta_measure block_of(const char *text, uint8_t v4_prefix, uint8_t v6_prefix)
{
    const struct zta_addr parsed = addr(text);
    return (struct zta_measure){
        .kind = ZTA_MEASURE_BLOCK,
        .source = ZTA_MEASURE_OF_RULE,
        .target = {.kind = ZTA_TARGET_NETWORK,
                   .network = zta_addr_network(&parsed, v4_prefix, v6_prefix)},
        .rule = ZTA_TEXT("stuffing"),
        .reason = ZTA_TEXT("auth-failures 51 > 50 in 60s by ip"),
        .created_ns = NOW_S * ZTA_NS_PER_S,
        .for_s = 900,
        .max_age_s = -1,
    };
}

static struct zta_measure quarantine_of(struct zta_target target)
{
    struct zta_measure measure = block_of("192.0.2.7", 32, 64);
    measure.kind = ZTA_MEASURE_QUARANTINE;
    measure.target = target;
    return measure;
}

/* LMDB opens an environment once a process: the helper's handle waits meanwhile. */
static struct zta_store *open_operator(void)
{
    zta_store_close(&helper);
    return store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
}

static void close_operator(struct zta_store *store)
{
    zta_store_close(&store);
    helper = store_fixture_open(&fixture, ZTA_STORE_HELPER);
}

static enum zta_status put(const struct zta_measure *measure, struct zta_measure_placed *placed)
{
    const bool is_operator = measure->source == ZTA_MEASURE_OF_OPERATOR;
    struct zta_store *store = is_operator ? open_operator() : helper;
    struct zta_error error;
    struct zta_change *change = store_begin(store, "measures");
    enum zta_status status = zta_measure_put(change, measure, placed);
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, &error);
    }
    zta_change_abort(&change);
    if (is_operator) {
        close_operator(store);
    }
    return status;
}

struct heard {
    size_t n;
    size_t n_lifted;
    enum zta_measure_kind kind;
    uint64_t id;
    int64_t until_s;
};

static void hear(void *context, const struct zta_measure *measure)
{
    struct heard *heard = context;
    heard->n++;
    heard->kind = measure->kind;
    heard->id = measure->id;
    heard->until_s = measure->until_s;
}

static struct heard find(const struct zta_measure_question *question, int64_t now_s)
{
    struct heard heard = {.n = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_measures_find(view, question, now_s, hear, &heard), ZTA_OK);
    zta_view_end(&view);
    return heard;
}

static size_t n_against(const char *text, int64_t now_s)
{
    const struct zta_addr parsed = addr(text);
    const struct zta_measure_question question = {.asks_everyone = true, .addr = &parsed};
    return find(&question, now_s).n;
}

static bool list(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct heard *heard = context;
    hear(context, measure);
    heard->n_lifted += is_lifted;
    return true;
}

static struct heard list_all(void)
{
    struct heard heard = {.n = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_measure_each(view, list, &heard), ZTA_OK);
    zta_view_end(&view);
    return heard;
}

static void addresses_are_hit_with_their_network_until_the_end(void **state)
{
    static const struct {
        const char *addr;
        int64_t after_s;
        size_t n;
    } cases[] = {
        {.addr = "192.0.2.7", .after_s = 0, .n = 1},
        {.addr = "192.0.2.7", .after_s = 899, .n = 1},
        {.addr = "192.0.2.7", .after_s = 900, .n = 0},
        {.addr = "192.0.2.8", .after_s = 0, .n = 0},
        {.addr = "198.51.100.200", .after_s = 0, .n = 1},
        {.addr = "2001:db8::ffff", .after_s = 0, .n = 1},
        {.addr = "2001:db8:0:1::1", .after_s = 0, .n = 0},
    };
    const struct zta_measure measures[] = {block_of("192.0.2.7", 32, 64),
                                           block_of("198.51.100.7", 24, 48),
                                           block_of("2001:db8::1", 32, 64)};
    struct zta_measure_placed placed;
    assert_int_equal(n_against("192.0.2.7", NOW_S), 0);
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        assert_int_equal(put(&measures[i], &placed), ZTA_OK);
        assert_true(placed.is_new);
        assert_int_equal(placed.id, i + 1);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(n_against(cases[i].addr, NOW_S + cases[i].after_s), cases[i].n);
    }
}

static void identities_are_hit_by_session_subject_client_and_key(void **state)
{
    struct zta_identity identity;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = ZTA_TEXT("ann");
    identity.client = ZTA_TEXT("app");
    identity.apikey = ZTA_TEXT("ci");
    identity.session_kind = ZTA_SESSION_SID;
    memset(identity.session, 7, sizeof identity.session);
    struct zta_target targets[] = {
        {.kind = ZTA_TARGET_SESSION},
        {.kind = ZTA_TARGET_SUBJECT, .issuer = ZTA_TEXT("corp"), .name = ZTA_TEXT("ann")},
        {.kind = ZTA_TARGET_CLIENT, .issuer = ZTA_TEXT("corp"), .name = ZTA_TEXT("app")},
        {.kind = ZTA_TARGET_APIKEY, .name = ZTA_TEXT("ci")},
    };
    const struct zta_measure_question question = {.identity = &identity};
    struct zta_measure_placed placed;
    memset(targets[0].session, 7, sizeof targets[0].session);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        const struct zta_measure measure = quarantine_of(targets[i]);
        assert_int_equal(put(&measure, &placed), ZTA_OK);
        assert_int_equal(find(&question, NOW_S).n, i + 1);
    }
    identity.issuer = ZTA_TEXT("other");
    identity.session[0] = 8;
    assert_int_equal(find(&question, NOW_S).n, 1);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct zta_measure_placed placed;
    struct zta_measure measure = block_of("192.0.2.7", 32, 64);
    measure.for_s = 0;
    assert_int_equal(put(&measure, &placed), ZTA_INVALID);
    measure = block_of("192.0.2.7", 16, 64);
    assert_int_equal(put(&measure, &placed), ZTA_INVALID);
    measure = block_of("192.0.2.7", 32, 64);
    measure.kind = ZTA_MEASURE_QUARANTINE;
    assert_int_equal(put(&measure, &placed), ZTA_INVALID);
    measure = block_of("192.0.2.7", 32, 64);
    measure.target = (struct zta_target){.kind = ZTA_TARGET_EVERYONE};
    assert_int_equal(put(&measure, &placed), ZTA_INVALID);
    measure.kind = ZTA_MEASURE_THREAT_LEVEL;
    assert_int_equal(put(&measure, &placed), ZTA_INVALID);
    measure.level = ZTA_THREAT_HIGH;
    assert_int_equal(put(&measure, &placed), ZTA_OK);
}

static void a_trigger_while_it_runs_extends_to_at_most_four_times(void **state)
{
    struct zta_measure measure = block_of("192.0.2.7", 32, 64);
    struct zta_measure_placed placed;
    assert_int_equal(put(&measure, &placed), ZTA_OK);
    for (unsigned i = 1; i < 10; i++) {
        measure.created_ns += 600 * ZTA_NS_PER_S;
        if (measure.created_ns / ZTA_NS_PER_S >= NOW_S + 3600) {
            break;
        }
        assert_int_equal(put(&measure, &placed), ZTA_OK);
        assert_false(placed.is_new);
        assert_int_equal(placed.id, 1);
        const int64_t wanted_s = NOW_S + 600 * i + 900;
        assert_int_equal(placed.until_s, wanted_s < NOW_S + 3600 ? wanted_s : NOW_S + 3600);
    }
    assert_int_equal(n_against("192.0.2.7", NOW_S + 3599), 1);
    assert_int_equal(n_against("192.0.2.7", NOW_S + 3600), 0);
    assert_int_equal(put(&measure, &placed), ZTA_OK);
    assert_true(placed.is_new);
}

static enum zta_status lift(const struct zta_measure *measure, bool is_undone)
{
    struct zta_store *store = open_operator();
    struct zta_error error;
    struct zta_change *change = store_begin(store, "lift");
    enum zta_status status =
        is_undone ? zta_measure_unlift(change, measure) : zta_measure_lift(change, measure, 3);
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, &error);
    }
    zta_change_abort(&change);
    close_operator(store);
    return status;
}

static void an_operator_lifts_it_and_its_rule_spares_the_target_as_long(void **state)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct zta_measure measure = block_of("192.0.2.7", 32, 64);
    struct zta_measure other = measure;
    struct zta_measure_placed placed;
    struct zta_view *view;
    int64_t spared_s;
    int64_t lifted_ns;
    uint64_t action_id;
    measure.created_ns = other.created_ns = now_s * ZTA_NS_PER_S;
    other.rule = ZTA_TEXT("scans");
    assert_int_equal(put(&measure, &placed), ZTA_OK);
    assert_int_equal(put(&other, &placed), ZTA_OK);
    assert_int_equal(n_against("192.0.2.7", now_s), 2);
    measure.until_s = now_s + 900;
    assert_int_equal(lift(&measure, false), ZTA_OK);
    assert_int_equal(n_against("192.0.2.7", now_s), 1);
    assert_int_equal(list_all().n, 2);
    assert_int_equal(list_all().n_lifted, 1);
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_measure_spared_until(view, &measure, &spared_s, &lifted_ns), ZTA_OK);
    assert_in_range(spared_s, now_s + 900, now_s + 960);
    assert_true(lifted_ns >= measure.created_ns);
    assert_int_equal(zta_measure_spared_until(view, &other, &spared_s, &lifted_ns), ZTA_OK);
    assert_int_equal(spared_s, 0);
    assert_int_equal(zta_measure_lifted_by(view, &measure, &action_id), ZTA_OK);
    assert_int_equal(action_id, 3);
    assert_int_equal(zta_measure_lifted_by(view, &other, &action_id), ZTA_OK);
    assert_int_equal(action_id, 0);
    zta_view_end(&view);
    assert_int_equal(lift(&measure, true), ZTA_OK);
    assert_int_equal(n_against("192.0.2.7", now_s), 2);
    assert_int_equal(lift(&measure, true), ZTA_NOT_FOUND);
}

static void operators_hold_in_policy_and_end_it_there(void **state)
{
    struct zta_identity identity;
    struct zta_target target = {.kind = ZTA_TARGET_SESSION};
    const struct zta_measure_question question = {.identity = &identity};
    struct zta_measure_placed placed;
    struct heard heard = {.n = 0};
    struct zta_view *view;
    uint64_t n;
    zta_identity_init(&identity);
    identity.session_kind = ZTA_SESSION_SID;
    memset(identity.session, 7, sizeof identity.session);
    memset(target.session, 7, sizeof target.session);
    struct zta_measure measure = quarantine_of(target);
    measure.source = ZTA_MEASURE_OF_OPERATOR;
    assert_int_equal(put(&measure, &placed), ZTA_OK);
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_measures_find_operators(view, &question, NOW_S, hear, &heard), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(heard.n, 1);
    assert_int_equal(find(&question, NOW_S).n, 1);

    struct zta_store *store = open_operator();
    struct zta_error error;
    struct zta_change *change = store_begin(store, "release");
    assert_int_equal(zta_measures_prune_policy(change, NOW_S, &n), ZTA_OK);
    assert_int_equal(n, 0);
    measure.id = placed.id;
    assert_int_equal(zta_measure_remove(change, &measure), ZTA_OK);
    assert_int_equal(zta_measure_remove(change, &measure), ZTA_NOT_FOUND);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    close_operator(store);
    assert_int_equal(find(&question, NOW_S).n, 0);
    assert_int_equal(list_all().n, 0);
}

static void keep_first(void *context, const struct zta_measure *measure)
{
    int64_t *times = context;
    times[0] = measure->created_ns / ZTA_NS_PER_S;
    times[1] = measure->until_s;
}

/* Who logged in behind the first word of a transmitter is asked anew behind the second. */
static void a_transmitter_s_newer_word_begins_anew(void **state)
{
    static const struct {
        int64_t at_s;
        int64_t created_s;
    } words[] = {{NOW_S, NOW_S}, {NOW_S + 600, NOW_S + 600}, {NOW_S + 300, NOW_S + 600}};
    struct zta_identity identity;
    const struct zta_measure_question question = {.identity = &identity};
    struct zta_measure_placed placed;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = ZTA_TEXT("alice");
    struct zta_measure measure = quarantine_of((struct zta_target){
        .kind = ZTA_TARGET_SUBJECT, .issuer = identity.issuer, .name = identity.subject});
    measure.kind = ZTA_MEASURE_STEP_UP;
    measure.source = ZTA_MEASURE_OF_TRANSMITTER;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct zta_view *view;
        int64_t times[2] = {0, 0};
        measure.created_ns = words[i].at_s * ZTA_NS_PER_S;
        assert_int_equal(put(&measure, &placed), ZTA_OK);
        assert_int_equal(placed.is_new, i == 0);
        assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
        assert_int_equal(zta_measures_find(view, &question, NOW_S, keep_first, times), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(times[0], words[i].created_s);
        assert_int_equal(times[1], words[i].created_s + measure.for_s);
    }
}

/* While nobody can look them up, nobody passes: but a limit or a level is against nobody. */
static void it_is_known_whether_any_stands_against_somebody(void **state)
{
    const struct zta_measure hit = block_of("192.0.2.7", 32, 64);
    struct zta_measure level = hit;
    struct zta_measure_placed placed;
    level.kind = ZTA_MEASURE_THREAT_LEVEL;
    level.target = (struct zta_target){.kind = ZTA_TARGET_EVERYONE};
    level.level = ZTA_THREAT_HIGH;
    const struct zta_measure *const measures[] = {NULL, &level, &hit};
    for (size_t i = 0; i < 3; i++) {
        struct zta_view *view;
        bool do_exist = i != 2;
        if (measures[i] != NULL) {
            assert_int_equal(put(measures[i], &placed), ZTA_OK);
        }
        assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
        assert_int_equal(zta_measures_exist(view, false, &do_exist), ZTA_OK);
        assert_int_equal(do_exist, i == 2);
        assert_int_equal(zta_measures_exist(view, true, &do_exist), ZTA_OK);
        assert_false(do_exist);
        zta_view_end(&view);
    }
}

static void what_has_ended_is_pruned_and_the_rest_stays(void **state)
{
    uint8_t place[ZTA_MEASURE_KEY_SIZE] = {0};
    struct zta_measure_placed placed;
    struct zta_error error;
    uint64_t n_all = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct zta_measure measure = block_of("192.0.2.7", 32, 64);
        measure.target.network.addr.bytes[3] = (uint8_t)i;
        measure.for_s = i % 2 == 0 ? 60 : 900;
        assert_int_equal(put(&measure, &placed), ZTA_OK);
    }
    for (unsigned i = 0; i < 10; i++) {
        struct zta_change *change = store_begin(helper, "prune");
        uint64_t n;
        assert_int_equal(zta_measures_prune(change, place, NOW_S + 60, 50, &n), ZTA_OK);
        assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
        n_all += n;
    }
    assert_int_equal(n_all, 100);
    assert_int_equal(list_all().n, 100);
    assert_int_equal(n_against("192.0.2.1", NOW_S + 60), 1);
    assert_int_equal(n_against("192.0.2.2", NOW_S), 0);
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
}

static void a_target_has_a_bounded_number_of_them(void **state)
{
    struct zta_measure_placed placed;
    struct zta_measure measure = block_of("192.0.2.7", 32, 64);
    char name[16];
    for (unsigned i = 0; i <= ZTA_MEASURE_TARGET_MAX; i++) {
        (void)snprintf(name, sizeof name, "rule-%u", i);
        measure.rule = zta_text_of(name);
        assert_int_equal(put(&measure, &placed), i == ZTA_MEASURE_TARGET_MAX ? ZTA_FULL : ZTA_OK);
    }
}

#define WITH_HELPER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HELPER(addresses_are_hit_with_their_network_until_the_end),
        WITH_HELPER(identities_are_hit_by_session_subject_client_and_key),
        WITH_HELPER(what_does_not_fit_is_refused),
        WITH_HELPER(a_trigger_while_it_runs_extends_to_at_most_four_times),
        WITH_HELPER(an_operator_lifts_it_and_its_rule_spares_the_target_as_long),
        WITH_HELPER(operators_hold_in_policy_and_end_it_there),
        WITH_HELPER(a_transmitter_s_newer_word_begins_anew),
        WITH_HELPER(it_is_known_whether_any_stands_against_somebody),
        WITH_HELPER(what_has_ended_is_pruned_and_the_rest_stays),
        WITH_HELPER(a_target_has_a_bounded_number_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The risk of one request: what it shows, what is kept, and that neither counts twice. */
#include "shared/risk/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define NOW_S INT64_C(1900022400) /* a Monday, 00:00 UTC */
#define HOUR  3600
#define DAY   86400

#define BIT(name) (1u << (name))

/* Everything a request can be judged by; zeroed, nothing is unusual. */
struct world {
    struct zta_addr addr;
    struct zta_context context;
    struct zta_risk_request request;
    struct zta_risk session;
    struct zta_risk address;
    struct zta_risk subject;
    struct zta_risk_agent agent;
    struct zta_risk_place place;
    struct zta_risk_kept kept;
    struct zta_risk_tuning tuning;
    struct zta_risk_facts facts;
    struct zta_risk raised;
};

static void world_make(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->addr = (struct zta_addr){.bytes = {192, 0, 2, 7}, .family = 4};
    world->context = (struct zta_context){
        .country = ZTA_TEXT("FR"),
        .at = {.latitude = 4886, .longitude = 235, .radius_km = 20},
        .device = ZTA_TEXT("laptop-7"),
        .usual = {.known = 0x7f, .yes = 0x7f},
    };
    world->request = (struct zta_risk_request){.now_s = NOW_S,
                                               .addr = &world->addr,
                                               .context = &world->context,
                                               .path = ZTA_TEXT("/orders/1"),
                                               .agent = ZTA_TEXT("curl/8.5.0")};
    world->agent = zta_risk_agent_of(world->request.agent);
    world->kept = (struct zta_risk_kept){.session = &world->session,
                                         .address = &world->address,
                                         .subject = &world->subject,
                                         .agent = &world->agent,
                                         .place = &world->place};
    zta_risk_tuning_init(&world->tuning);
}

static void judge(struct world *world)
{
    world->raised.n = 0;
    zta_risk_judge(&world->request, &world->kept, &world->tuning, &world->facts, &world->raised);
}

/* As the observer does. */
static void keep(struct world *world)
{
    for (size_t i = 0; i < world->raised.n; i++) {
        if (world->raised.factors[i].half_life_s > 0) {
            (void)zta_risk_put(&world->session, &world->raised.factors[i]);
            (void)zta_risk_put(&world->subject, &world->raised.factors[i]);
        }
    }
}

static const char *evidence(const struct zta_risk *risk, enum zta_risk_signal signal)
{
    const struct zta_risk_factor *factor = zta_risk_find(risk, signal);
    return factor == NULL ? "" : factor->evidence;
}

static void what_is_usual_or_unknown_raises_nothing(void **state)
{
    struct world world;
    world_make(&world);
    judge(&world);
    assert_int_equal(world.facts.score, 0);
    assert_int_equal(world.facts.signals, 0);
    assert_int_equal(world.facts.newest_s, 0);
    assert_int_equal(world.raised.n, 0);
    /* A cold start is unknown, not unusual; without records nothing is compared. */
    world.context.usual = (struct zta_answers){.known = 0};
    world.kept = (struct zta_risk_kept){.session = NULL};
    world.request.agent = ZTA_TEXT("wget/1");
    judge(&world);
    assert_int_equal(world.facts.score, 0);
    assert_int_equal(world.raised.n, 0);
}

static void each_habit_that_is_unusual_raises_its_signal(void **state)
{
    static const struct {
        enum zta_habit habit;
        enum zta_risk_signal signal;
        uint8_t score;
        const char *evidence;
    } rows[] = {
        {ZTA_HABIT_DEVICE, ZTA_RISK_NEW_DEVICE, 20, "laptop-7"},
        {ZTA_HABIT_NETWORK, ZTA_RISK_NEW_NETWORK, 10, "192.0.2.0/24"},
        {ZTA_HABIT_COUNTRY, ZTA_RISK_NEW_COUNTRY, 25, "FR"},
        {ZTA_HABIT_HOURS, ZTA_RISK_OFF_HOURS, 5, "Mon 00:00 UTC"},
    };
    struct world world;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_make(&world);
        world.context.usual.yes = (uint8_t)(0x7f & ~BIT(rows[i].habit));
        assert_true(zta_risk_asks_subject(&world.request));
        judge(&world);
        assert_int_equal(world.facts.score, rows[i].score);
        assert_int_equal(world.facts.signals, BIT(rows[i].signal));
        assert_string_equal(evidence(&world.raised, rows[i].signal), rows[i].evidence);
        world.tuning.signals[rows[i].signal].weight = 0;
        judge(&world);
        assert_int_equal(world.facts.score, 0);
    }
    world_make(&world);
    world.context.asn = 64500;
    world.context.usual.yes = 0;
    judge(&world);
    assert_string_equal(evidence(&world.raised, ZTA_RISK_NEW_NETWORK), "AS64500");
    assert_int_equal(world.raised.n, 4);
    /* 1 - 0.8 * 0.9 * 0.75 * 0.95; an hour of the week is of the moment alone. */
    assert_int_equal(world.facts.score, 49);
    assert_int_equal(world.facts.newest_s, NOW_S);
    world.context.usual.yes = (uint8_t)(0x7f & ~BIT(ZTA_HABIT_HOURS));
    judge(&world);
    assert_int_equal(world.facts.newest_s, 0);
}

static void what_lasts_decays_and_is_raised_once(void **state)
{
    struct world world;
    world_make(&world);
    world.context.usual.yes = (uint8_t)(0x7f & ~BIT(ZTA_HABIT_COUNTRY));
    judge(&world);
    keep(&world);
    world.request.now_s += 60;
    judge(&world);
    assert_int_equal(world.raised.n, 0);
    assert_int_equal(world.facts.score, 25);
    assert_int_equal(world.facts.newest_s, NOW_S);
    world.request.now_s = NOW_S + 6 * DAY;
    judge(&world);
    assert_int_equal(world.raised.n, 0);
    assert_int_equal(world.facts.score, 14); /* 25 * 2^(-6/7) */
    world.request.now_s = NOW_S + 7 * DAY;
    judge(&world);
    assert_int_equal(world.raised.n, 1);
    assert_int_equal(world.facts.score, 25);
}

static void a_session_begins_with_what_its_subject_showed_before(void **state)
{
    struct world world;
    world_make(&world);
    world.context.usual.yes = (uint8_t)(0x7f & ~BIT(ZTA_HABIT_DEVICE));
    judge(&world);
    keep(&world);
    /* The login that answers a challenge begins another session. */
    world.session.n = 0;
    world.request.now_s = NOW_S + 600;
    judge(&world);
    assert_int_equal(world.raised.n, 1);
    assert_int_equal(world.facts.newest_s, NOW_S);
    /* Another device is another matter, and so is the same one long after. */
    world.context.device = ZTA_TEXT("phone");
    judge(&world);
    assert_int_equal(world.facts.newest_s, NOW_S + 600);
    world.context.device = ZTA_TEXT("laptop-7");
    world.request.now_s = NOW_S + 3 * DAY;
    judge(&world);
    assert_int_equal(world.facts.newest_s, NOW_S + 3 * DAY);
}

static void only_impossible_journeys_of_one_person_count(void **state)
{
    struct world world;
    world_make(&world);
    world.context.usual = (struct zta_answers){.known = 0};
    world.place =
        (struct zta_risk_place){.at = {.latitude = 4071, .longitude = -7401, .radius_km = 20},
                                .country = {'U', 'S'},
                                .when_s = NOW_S - 1200};
    assert_true(zta_risk_asks_subject(&world.request));
    judge(&world);
    assert_int_equal(world.facts.score, 50);
    assert_string_equal(evidence(&world.raised, ZTA_RISK_IMPOSSIBLE_TRAVEL),
                        "US to FR, 5837 km in 20 min");
    /* The egress of its company, a device that proves to be here, a key of programs */
    world.context.usual =
        (struct zta_answers){.known = BIT(ZTA_HABIT_NETWORK), .yes = BIT(ZTA_HABIT_NETWORK)};
    judge(&world);
    assert_int_equal(world.facts.score, 0);
    world.context.usual =
        (struct zta_answers){.known = BIT(ZTA_HABIT_DEVICE), .yes = BIT(ZTA_HABIT_DEVICE)};
    judge(&world);
    assert_int_equal(world.facts.score, 50);
    world.context.device_from.source = ZTA_SOURCE_CERTIFICATE;
    judge(&world);
    assert_int_equal(world.facts.score, 0);
    world.context.usual = (struct zta_answers){.known = 0};
    world.request.is_shared = true;
    judge(&world);
    assert_int_equal(world.facts.score, 0);
    assert_false(zta_risk_asks_subject(&world.request));
    world.request.is_shared = false;
    world.place.when_s = NOW_S - 7 * HOUR;
    judge(&world);
    assert_int_equal(world.facts.score, 0);
}

static void an_agent_that_changes_within_a_session_shows(void **state)
{
    struct world world;
    world_make(&world);
    world.request.agent = ZTA_TEXT("curl/8.6.0");
    judge(&world);
    assert_int_equal(world.facts.score, 2);
    assert_string_equal(evidence(&world.raised, ZTA_RISK_AGENT_UPDATE), "curl");
    world.request.agent = ZTA_TEXT("python-requests/2.31");
    judge(&world);
    assert_int_equal(world.facts.score, 30);
    assert_string_equal(evidence(&world.raised, ZTA_RISK_AGENT_CHANGE), "python-requests");
    world.request.agent = (struct zta_text){.data = NULL};
    judge(&world);
    assert_string_equal(evidence(&world.raised, ZTA_RISK_AGENT_CHANGE), "none");
    world.request.is_shared = true;
    judge(&world);
    assert_int_equal(world.facts.score, 0);
}

static void what_a_rule_chose_is_raised(void **state)
{
    struct world world;
    world_make(&world);
    world.tuning.signals[ZTA_RISK_HONEYPOT].is_admitted = true;
    world.tuning.signals[ZTA_RISK_ADDRESS_LIST].is_admitted = true;
    judge(&world);
    assert_int_equal(world.facts.score, 88);
    assert_string_equal(evidence(&world.raised, ZTA_RISK_HONEYPOT), "/orders/1");
    assert_string_equal(evidence(&world.raised, ZTA_RISK_ADDRESS_LIST), "192.0.2.7");
    assert_int_equal(world.facts.newest_s, NOW_S);
}

static void an_address_has_signals_and_no_part_in_the_score(void **state)
{
    struct world world;
    world_make(&world);
    assert_true(zta_risk_raise(&world.address, &world.tuning, ZTA_RISK_STUFFING, 100,
                               ZTA_TEXT("12 accounts"), NOW_S));
    assert_true(zta_risk_raise(&world.session, &world.tuning, ZTA_RISK_TOKEN_REPLAY, 100,
                               ZTA_TEXT("proof"), NOW_S - 6 * HOUR));
    judge(&world);
    assert_int_equal(world.facts.score, 25);
    assert_int_equal(world.facts.signals, BIT(ZTA_RISK_STUFFING) | BIT(ZTA_RISK_TOKEN_REPLAY));
    assert_int_equal(world.facts.newest_s, NOW_S - 6 * HOUR);
}

/* What others raised adds to the very request, and keeps nothing from being raised here. */
static void what_other_nodes_raised_only_adds(void **state)
{
    struct world world;
    struct zta_risk_others others = {.risk = {.n = 0}};
    struct zta_risk_others of_address = {.risk = {.n = 0}};
    world_make(&world);
    world.context.usual.yes = (uint8_t)(0x7f & ~BIT(ZTA_HABIT_COUNTRY));
    world.kept.others = &others;
    world.kept.others_of_address = &of_address;
    /* The same signal for the same reason, all but over: this node's own is as new as ever. */
    assert_true(zta_risk_raise(&others.risk, &world.tuning, ZTA_RISK_NEW_COUNTRY, 100,
                               ZTA_TEXT("FR"), NOW_S - 6 * DAY));
    judge(&world);
    assert_int_equal(world.facts.score, 25);
    assert_int_equal(world.facts.newest_s, NOW_S);
    assert_int_equal(world.raised.n, 1);
    assert_true(zta_risk_raise(&others.risk, &world.tuning, ZTA_RISK_TOKEN_REPLAY, 100,
                               ZTA_TEXT("proof"), NOW_S));
    others.newest_s = NOW_S + 5; /* by its own clock */
    assert_true(zta_risk_raise(&of_address.risk, &world.tuning, ZTA_RISK_STUFFING, 100,
                               ZTA_TEXT("12 accounts"), NOW_S));
    judge(&world);
    assert_int_equal(world.facts.score, 63); /* 1 - 0.75 * 0.5 */
    assert_int_equal(world.facts.newest_s, NOW_S + 5);
    assert_int_equal(world.facts.signals, BIT(ZTA_RISK_NEW_COUNTRY) | BIT(ZTA_RISK_TOKEN_REPLAY) |
                                              BIT(ZTA_RISK_STUFFING));
    assert_int_equal(world.raised.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_or_unknown_raises_nothing),
        cmocka_unit_test(each_habit_that_is_unusual_raises_its_signal),
        cmocka_unit_test(what_lasts_decays_and_is_raised_once),
        cmocka_unit_test(a_session_begins_with_what_its_subject_showed_before),
        cmocka_unit_test(only_impossible_journeys_of_one_person_count),
        cmocka_unit_test(an_agent_that_changes_within_a_session_shows),
        cmocka_unit_test(what_a_rule_chose_is_raised),
        cmocka_unit_test(an_address_has_signals_and_no_part_in_the_score),
        cmocka_unit_test(what_other_nodes_raised_only_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Risk in the observer: what becomes a factor, of whom, and that events tell all of it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/helper/risk_table.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/risk/detect.h"
#include "shared/risk/recorded.h"
#include "shared/store/risks.h"
#include "tests/unit/observer_world.h"

/* Of a place at stage 4. */
static void make_event(struct world *world, uint32_t source, uint32_t session,
                       struct zta_event *event)
{
    const struct scratch_event wanted = {
        .number = ++world->next,
        .time_ns = world->real_ns,
        .source = source,
        .session = session,
        .outcome = session != 0 ? ZTA_OUTCOME_ALLOW : ZTA_OUTCOME_CHALLENGE,
        .reason = session != 0 ? ZTA_REASON_OK : ZTA_REASON_BAD_CREDENTIAL,
        .teaches = session != 0,
    };
    const struct zta_stance stance = {
        .modes = {
            [ZTA_FEATURE_BEHAVIOUR] = ZTA_MODE_ENFORCE, [ZTA_FEATURE_RISK] = ZTA_MODE_ENFORCE}};
    scratch_event_make(&wanted, event);
    event->modes = zta_event_pack_modes(&stance);
}

static void publish(struct world *world, const struct zta_event *event)
{
    assert_int_equal(zta_ring_publish(world->segment, world->incarnation, event), ZTA_OK);
}

static void set_path(struct zta_event *event, unsigned number)
{
    char path[32];
    struct zta_text texts[ZTA_N_EVENT_TEXTS];
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        texts[i] = zta_event_text(event, (enum zta_event_text)i);
        texts[i].data = texts[i].len > 0 ? strndup(texts[i].data, texts[i].len) : NULL;
    }
    (void)snprintf(path, sizeof path, "/orders/%u", number);
    free((void *)(uintptr_t)texts[ZTA_EVENT_PATH].data);
    texts[ZTA_EVENT_PATH] = zta_text_of(path);
    zta_event_set_texts(event, texts);
    texts[ZTA_EVENT_PATH].data = NULL;
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        free((void *)(uintptr_t)texts[i].data);
    }
}

static enum zta_status find(struct world *world, const struct zta_risk_owner *owner,
                            struct zta_risk_record *record)
{
    struct zta_view *view;
    memset(record, 0, sizeof *record);
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    enum zta_status status = zta_risks_get(view, owner, record);
    zta_view_end(&view);
    return status;
}

static struct zta_risk_record of_session(struct world *world, uint32_t number)
{
    uint8_t id[ZTA_SESSION_ID_SIZE];
    struct zta_risk_record record;
    scratch_session_id(number, id);
    const struct zta_risk_owner owner = zta_risk_owner_session(id);
    (void)find(world, &owner, &record);
    return record;
}

static struct zta_risk_record of_address(struct world *world, uint32_t source)
{
    struct zta_event event;
    struct zta_risk_record record;
    make_event(world, source, 0, &event);
    const struct zta_risk_owner owner = zta_risk_owner_address(&event.addr);
    (void)find(world, &owner, &record);
    return record;
}

static void assert_factor(const struct zta_risk_record *record, enum zta_risk_signal signal,
                          unsigned weight, const char *evidence)
{
    const struct zta_risk_factor *factor = zta_risk_find(&record->risk, signal);
    assert_non_null(factor);
    assert_int_equal(factor->weight, weight);
    assert_int_equal(factor->half_life_s, zta_risk_signal_info(signal)->half_life_s);
    assert_non_null(strstr(factor->evidence, evidence));
}

static void begin(struct world *world)
{
    world_open(world, fast_dir(), MAP_SIZE);
    world_observe(world);
}

/* ---- scores from recorded events alone ---- */

struct rebuilding {
    uint8_t session[ZTA_SESSION_ID_SIZE];
    struct zta_risk risk;
    size_t n_events; /* that raised anything for anybody */
};

static bool rebuild_one(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct rebuilding *rebuilding = context;
    struct zta_risk_factor factor;
    bool has_raised = false;
    for (size_t i = 0; zta_risk_recorded(event, i, &factor); i++) {
        const unsigned owners = event->risk.raised[i].owners;
        has_raised = has_raised || owners != 0;
        if ((owners & ZTA_RISK_KEPT_FOR_SESSION) != 0 &&
            memcmp(event->session, rebuilding->session, sizeof event->session) == 0) {
            (void)zta_risk_put(&rebuilding->risk, &factor);
        }
    }
    rebuilding->n_events += has_raised ? 1 : 0;
    /* Kept as itself, never sampled. */
    assert_true(!has_raised || key->weight == 1);
    return true;
}

static struct rebuilding rebuild(struct world *world, uint32_t number)
{
    struct rebuilding rebuilding = {.n_events = 0};
    const struct zta_event_key all = {.sequence = 0};
    struct zta_view *view;
    scratch_session_id(number, rebuilding.session);
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    assert_int_equal(zta_event_each_after(view, &all, rebuild_one, &rebuilding), ZTA_OK);
    zta_view_end(&view);
    return rebuilding;
}

/* n requests for things that are not there, a second apart. */
static void walk(struct world *world, uint32_t session, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct zta_event event;
        make_event(world, session, session, &event);
        event.http_status = 404;
        set_path(&event, i);
        publish(world, &event);
        world_pass(world, ZTA_NS_PER_S);
    }
}

static void a_walk_becomes_a_factor_and_the_score_is_rebuilt_from_events(void **state)
{
    struct world world;
    begin(&world);
    walk(&world, 7, 300);
    const int64_t now_s = world.real_ns / ZTA_NS_PER_S;
    const struct zta_risk_record session = of_session(&world, 7);
    assert_factor(&session, ZTA_RISK_ENUMERATION, 25, "403 or 404");
    const struct zta_risk_record address = of_address(&world, 7);
    assert_factor(&address, ZTA_RISK_ENUMERATION, 25, "403 or 404");
    assert_int_equal(of_session(&world, 8).risk.n, 0);
    const struct rebuilding rebuilt = rebuild(&world, 7);
    assert_in_range(rebuilt.n_events, 2, 10);
    assert_int_equal(zta_risk_score(&rebuilt.risk, now_s), zta_risk_score(&session.risk, now_s));
    assert_int_equal(rebuilt.risk.factors[0].raised_s, session.risk.factors[0].raised_s);
    (void)world_check(&world);
    world_close(&world);
}

static void refused_credentials_are_of_the_address_alone(void **state)
{
    struct world world;
    begin(&world);
    for (unsigned i = 1; i <= 60; i++) {
        struct zta_event event;
        make_event(&world, 9, 0, &event);
        event.account = (uint16_t)(i * 259);
        publish(&world, &event);
        world_pass(&world, ZTA_NS_PER_S);
    }
    const struct zta_risk_record record = of_address(&world, 9);
    assert_factor(&record, ZTA_RISK_STUFFING, 50, "accounts refused");
    assert_factor(&record, ZTA_RISK_AUTH_FAILURES, 20, "credentials refused");
    assert_int_equal(rebuild(&world, 9).risk.n, 0);
    (void)world_check(&world);
    world_close(&world);
}

static void what_a_request_raised_is_kept_once_until_it_has_lost_a_point(void **state)
{
    static const struct {
        enum zta_risk_signal signal;
        bool is_of_session;
        bool is_of_address;
    } rows[] = {
        {.signal = ZTA_RISK_NEW_COUNTRY, .is_of_session = true},
        {.signal = ZTA_RISK_HONEYPOT, .is_of_session = true, .is_of_address = true},
        {.signal = ZTA_RISK_OFF_HOURS}, /* counts for its own request alone */
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world world;
        begin(&world);
        const struct zta_risk_signal_info *info = zta_risk_signal_info(rows[i].signal);
        for (unsigned k = 0; k < 20; k++) {
            struct zta_event event;
            make_event(&world, 5, 5, &event);
            const struct zta_risk_factor factor = {.signal = rows[i].signal,
                                                   .weight = info->weight,
                                                   .half_life_s = info->half_life_s,
                                                   .raised_s = event.time_ns / ZTA_NS_PER_S,
                                                   .n_raised = 1,
                                                   .evidence = "as shown"};
            assert_true(zta_risk_record_add(&event, &factor));
            publish(&world, &event);
            world_pass(&world, ZTA_NS_PER_S);
        }
        assert_int_equal(of_session(&world, 5).risk.n, rows[i].is_of_session);
        assert_int_equal(of_address(&world, 5).risk.n, rows[i].is_of_address);
        struct zta_event event;
        struct zta_risk_record subject;
        make_event(&world, 5, 5, &event);
        const struct zta_risk_owner owner = zta_risk_owner_subject(
            zta_event_text(&event, ZTA_EVENT_ISSUER), zta_event_text(&event, ZTA_EVENT_SUBJECT));
        assert_int_equal(find(&world, &owner, &subject), ZTA_OK);
        assert_int_equal(subject.risk.n, rows[i].is_of_session);
        const struct rebuilding rebuilt = rebuild(&world, 5);
        assert_int_equal(rebuilt.risk.n, rows[i].is_of_session);
        assert_int_equal(rebuilt.n_events, rows[i].is_of_session || rows[i].is_of_address);
        world_close(&world);
    }
}

static void a_firewall_s_score_is_a_share_of_its_weight(void **state)
{
    struct world world;
    begin(&world);
    for (uint32_t i = 1; i <= 3; i++) {
        struct zta_event event;
        make_event(&world, i, i, &event);
        event.risk.waf = (uint16_t)(i * i * 5); /* 5, 20, 45 */
        publish(&world, &event);
    }
    world_pass(&world, ZTA_NS_PER_S);
    static const unsigned weights[] = {10, 40, 40};
    for (uint32_t i = 1; i <= 3; i++) {
        const struct zta_risk_record session = of_session(&world, i);
        const struct zta_risk_record address = of_address(&world, i);
        assert_factor(&session, ZTA_RISK_WAF, weights[i - 1], "anomaly score");
        assert_factor(&address, ZTA_RISK_WAF, weights[i - 1], "anomaly score");
    }
    world_close(&world);
}

/* A genuine token of somebody else without its key opens nothing, and taints nobody but there. */
static void a_firewall_s_score_of_who_was_not_verified_is_of_the_address_alone(void **state)
{
    struct world world;
    begin(&world);
    struct zta_event event;
    make_event(&world, 5, 5, &event);
    event.outcome = ZTA_OUTCOME_CHALLENGE;
    event.reason = ZTA_REASON_BINDING_FAILED;
    event.replay &= (uint8_t)~ZTA_REPLAY_IDENTITY;
    event.risk.waf = 20;
    publish(&world, &event);
    world_pass(&world, ZTA_NS_PER_S);
    const struct zta_risk_record address = of_address(&world, 5);
    assert_int_equal(of_session(&world, 5).risk.n, 0);
    assert_factor(&address, ZTA_RISK_WAF, 40, "anomaly score");
    world_close(&world);
}

/* By what the event says of its request: here of its path. */
static void signal_rules_say_what_is_worth_how_much(void **state)
{
    static const struct zta_text name = ZTA_TEXT("rules.zta");
    static const struct zta_text text =
        ZTA_TEXT("signal waf weight 80 half-life 2h\n  when path /orders/7\n");
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world.options.rules.names = &name;
    world.options.rules.texts = &text;
    world.options.rules.n = 1;
    world_observe(&world);
    for (uint32_t i = 7; i <= 8; i++) {
        struct zta_event event;
        make_event(&world, i, i, &event);
        set_path(&event, i);
        event.risk.waf = 20;
        publish(&world, &event);
    }
    world_pass(&world, ZTA_NS_PER_S);
    const struct zta_risk_record chosen = of_session(&world, 7);
    const struct zta_risk_factor *factor = zta_risk_find(&chosen.risk, ZTA_RISK_WAF);
    assert_non_null(factor);
    assert_int_equal(factor->weight, 80);
    assert_int_equal(factor->half_life_s, 2 * 3600);
    assert_int_equal(of_session(&world, 8).risk.n, 0);
    assert_int_equal(of_address(&world, 8).risk.n, 0);
    world_close(&world);
}

static void a_proof_from_elsewhere_is_of_session_and_address(void **state)
{
    struct world world;
    begin(&world);
    struct zta_event event;
    make_event(&world, 1, 1, &event);
    event.context.asn = 64500;
    publish(&world, &event);
    make_event(&world, 70000, 1, &event);
    event.context.asn = 64666;
    memcpy(event.context.country, "FR", 2);
    event.outcome = ZTA_OUTCOME_CHALLENGE;
    event.reason = ZTA_REASON_BINDING_FAILED;
    event.replay &= (uint8_t)~ZTA_REPLAY_IDENTITY;
    event.risk.proof = ZTA_PROOF_REPLAYED;
    publish(&world, &event);
    world_pass(&world, ZTA_NS_PER_S);
    const struct zta_risk_record session = of_session(&world, 1);
    const struct zta_risk_record thief = of_address(&world, 70000);
    assert_factor(&session, ZTA_RISK_TOKEN_REPLAY, 50, "another network");
    assert_factor(&thief, ZTA_RISK_TOKEN_REPLAY, 50, "another network");
    assert_int_equal(of_address(&world, 1).risk.n, 0);
    world_close(&world);
}

/* Twenty requests of 1 MiB on each of ten days, then so many of them in a minute. */
static struct zta_risk_record after(unsigned n, uint64_t bytes)
{
    struct world world;
    begin(&world);
    for (unsigned day = 0; day < 10; day++) {
        for (unsigned i = 0; i < 200; i++) {
            struct zta_event event;
            make_event(&world, 3, 3, &event);
            event.bytes_out = UINT64_C(1) << 20;
            publish(&world, &event);
            world.real_ns += 120 * ZTA_NS_PER_S;
            if (i % 50 == 49) {
                world_pass(&world, ZTA_NS_PER_S);
            }
        }
        world.real_ns += INT64_C(15) * 3600 * ZTA_NS_PER_S;
        world_pass(&world, ZTA_NS_PER_S);
    }
    world.real_ns -= world.real_ns % (60 * ZTA_NS_PER_S);
    for (unsigned i = 0; i < n; i++) {
        struct zta_event event;
        make_event(&world, 3, 3, &event);
        event.bytes_out = bytes;
        publish(&world, &event);
    }
    world_pass(&world, ZTA_NS_PER_S);
    const struct zta_risk_record record = of_session(&world, 3);
    (void)world_check(&world);
    world_close(&world);
    return record;
}

static void more_than_is_usual_is_found_by_the_baseline(void **state)
{
    const struct zta_risk_record fast = after(100, 1000);
    assert_factor(&fast, ZTA_RISK_RATE_ANOMALY, 20, "in a minute, usual up to 60");
    assert_int_equal(fast.risk.n, 1);
    const struct zta_risk_record much = after(10, UINT64_C(50) << 20);
    assert_factor(&much, ZTA_RISK_VOLUME_ANOMALY, 30, "MiB in an hour, usual to");
    assert_int_equal(much.risk.n, 1);
    assert_int_equal(after(30, UINT64_C(1) << 20).risk.n, 0);
}

static void agents_and_places_are_learned_from_what_was_let_in(void **state)
{
    struct world world;
    begin(&world);
    struct zta_event event;
    make_event(&world, 4, 4, &event);
    event.risk.latitude = 4737;
    event.risk.longitude = 854;
    event.risk.radius_km = 20;
    publish(&world, &event);
    world_pass(&world, ZTA_NS_PER_S);
    const struct zta_risk_agent agent = zta_risk_agent_of(zta_event_text(&event, ZTA_EVENT_AGENT));
    const struct zta_risk_record session = of_session(&world, 4);
    assert_memory_equal(&session.agent, &agent, sizeof agent);
    const struct zta_risk_owner subject = zta_risk_owner_subject(
        zta_event_text(&event, ZTA_EVENT_ISSUER), zta_event_text(&event, ZTA_EVENT_SUBJECT));
    struct zta_risk_record record;
    assert_int_equal(find(&world, &subject, &record), ZTA_OK);
    assert_int_equal(record.places[ZTA_RISK_IPV4].at.latitude, 4737);
    assert_int_equal(record.places[ZTA_RISK_IPV4].when_s, event.time_ns / ZTA_NS_PER_S);
    assert_int_equal(record.places[ZTA_RISK_IPV6].when_s, 0);
    /* Refused from elsewhere: nobody was there. */
    make_event(&world, 70000, 4, &event);
    event.risk.latitude = -2355;
    event.risk.radius_km = 20;
    event.outcome = ZTA_OUTCOME_STEP_UP;
    event.reason = ZTA_REASON_STEP_UP_REQUIRED;
    publish(&world, &event);
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_equal(find(&world, &subject, &record), ZTA_OK);
    assert_int_equal(record.places[ZTA_RISK_IPV4].at.latitude, 4737);
    /* Staying is written now and then, not each time. */
    const int64_t first_s = record.places[ZTA_RISK_IPV4].when_s;
    for (unsigned i = 0; i < 29; i++) {
        make_event(&world, 4, 4, &event);
        event.risk.latitude = 4737;
        event.risk.longitude = 854;
        event.risk.radius_km = 20;
        publish(&world, &event);
        world_pass(&world, 2 * ZTA_NS_PER_S);
    }
    assert_int_equal(find(&world, &subject, &record), ZTA_OK);
    assert_in_range(record.places[ZTA_RISK_IPV4].when_s, first_s + 29, first_s + 58);
    world_close(&world);
}

static void what_was_not_committed_is_found_again_by_the_next_observer(void **state)
{
    struct world world;
    begin(&world);
    walk(&world, 7, ZTA_MISSING_PATHS + 5);
    const struct zta_risk_record before = of_session(&world, 7);
    assert_int_equal(before.risk.n, 1);
    mod_zta_observer_close(&world.observer); /* as kill -9 leaves it: no last commit */
    world_observe(&world);
    const struct zta_risk_record kept = of_session(&world, 7);
    assert_memory_equal(&kept.risk.factors[0], &before.risk.factors[0],
                        sizeof kept.risk.factors[0]);
    const struct rebuilding rebuilt = rebuild(&world, 7);
    assert_int_equal(rebuilt.risk.factors[0].raised_s, kept.risk.factors[0].raised_s);
    assert_int_equal(rebuilt.risk.n, 1);
    (void)world_check(&world);
    world_close(&world);
}

static void where_risk_is_off_nothing_is_found(void **state)
{
    struct world world;
    begin(&world);
    for (unsigned i = 0; i < 60; i++) {
        struct zta_event event;
        make_event(&world, 7, 7, &event);
        event.modes = 0;
        event.http_status = 404;
        event.risk.waf = 50;
        set_path(&event, i);
        publish(&world, &event);
    }
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_equal(of_session(&world, 7).risk.n, 0);
    assert_int_equal(of_session(&world, 7).agent.form, 0);
    assert_int_equal(of_address(&world, 7).risk.n, 0);
    world_close(&world);
}

static bool count_one(void *context, const struct zta_risk_owner *owner,
                      const struct zta_risk_record *record)
{
    uint32_t *n = context;
    (*n)++;
    return true;
}

/* As many addresses as one likes: what is kept of them is bounded, and a real threat stays. */
static void a_flood_of_addresses_keeps_a_bounded_number_of_them(void **state)
{
    const uint32_t n_most = 65536;
    const uint32_t n_more = 700;
    struct world world;
    uint32_t n_kept = 0;
    struct zta_view *view;
    begin(&world);
    for (uint32_t i = 0; i < n_most + n_more; i++) {
        struct zta_event event;
        make_event(&world, i, 0, &event);
        event.risk.waf = i == 0 ? 20 : 5;
        publish(&world, &event);
        if (i % 1000 == 0) {
            world_pass(&world, ZTA_NS_PER_S);
        }
    }
    world_pass(&world, ZTA_NS_PER_S);
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_risks_each(view, ZTA_RISK_OF_ADDRESS, count_one, &n_kept), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n_kept, n_most);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_ADDRESSES_FORGOTTEN), n_more);
    assert_int_equal(of_address(&world, 0).risk.n, 1);
    assert_int_equal(of_address(&world, n_most + n_more - 1).risk.n, 1);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_becomes_a_factor_and_the_score_is_rebuilt_from_events),
        cmocka_unit_test(refused_credentials_are_of_the_address_alone),
        cmocka_unit_test(what_a_request_raised_is_kept_once_until_it_has_lost_a_point),
        cmocka_unit_test(a_firewall_s_score_is_a_share_of_its_weight),
        cmocka_unit_test(a_firewall_s_score_of_who_was_not_verified_is_of_the_address_alone),
        cmocka_unit_test(signal_rules_say_what_is_worth_how_much),
        cmocka_unit_test(a_proof_from_elsewhere_is_of_session_and_address),
        cmocka_unit_test(more_than_is_usual_is_found_by_the_baseline),
        cmocka_unit_test(agents_and_places_are_learned_from_what_was_let_in),
        cmocka_unit_test(what_was_not_committed_is_found_again_by_the_next_observer),
        cmocka_unit_test(where_risk_is_off_nothing_is_found),
        cmocka_unit_test(a_flood_of_addresses_keeps_a_bounded_number_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

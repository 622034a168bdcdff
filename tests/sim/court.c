/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a request as mod_zta goes it, from what is kept to the record of the event. */
#include "tests/sim/court.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/facts.h"
#include "shared/live/ring.h"
#include "shared/record.h"
#include "shared/risk/judge.h"
#include "shared/risk/recorded.h"
#include "shared/rules/tuning.h"
#include "shared/store/baselines.h"
#include "shared/store/risks.h"
#include "tests/unit/observer_world.h"
#include "tests/unit/rules_fixture.h"

#define COURT_MAP_SIZE (UINT64_C(2) << 30)
#define RETAINED_S     7200
#define OBSERVE_NS     ZTA_NS_PER_S
#define SUBJECT_TEXT   32
#define DEVICE_TEXT    32

static const char rules[] = "zta 1\n"
                            "allow   everyone\n"
                            "  when  path /**\n"
                            "require calm\n"
                            "  when  path /**\n"
                            "  when  not credential apikey\n"
                            "  need  risk < 40\n"
                            "  else  step-up acr=gold\n"
                            "require safe\n"
                            "  when  path /**\n"
                            "  need  risk < 70\n"
                            "deny    stuffed\n"
                            "  when  signal stuffing\n"
                            "deny    key-elsewhere\n"
                            "  when  credential apikey\n"
                            "  when  signal new-country several-networks\n"
                            "deny    key-in-hosting\n"
                            "  when  credential apikey\n"
                            "  when  signal address-list\n"
                            "  when  signal new-network\n"
                            "signal  volume-anomaly weight 45\n"
                            "signal  enumeration weight 45 half-life 6h\n"
                            "signal  address-list\n"
                            "  when  network asn:64506 asn:64516 asn:64563\n"; /* of hosting */
static const char rules_name[] = "sim.zta";

struct sim_court {
    struct world world;
    struct zta_ruleset *set;
    struct zta_stance stance;
    struct zta_text texts[2]; /* of the helper: name and rules */
    struct zta_text issuers[2];
    int64_t observed_ns;
    uint64_t number;
};

struct sim_court *sim_court_open(const struct sim_options *options)
{
    struct sim_court *court = calloc(1, sizeof *court);
    int8_t overrides[ZTA_N_FEATURES];
    assert_non_null(court);
    memset(overrides, -1, sizeof overrides);
    assert_int_equal(zta_stance_make(4, 4, overrides, &court->stance), ZTA_OK);
    court->set = fixture_rules(rules, "corp local");
    world_open(&court->world, options->store_below, COURT_MAP_SIZE);
    court->world.options.retain_events_s = RETAINED_S;
    court->texts[0] = zta_text_of(rules_name);
    court->texts[1] = zta_text_of(rules);
    court->issuers[0] = ZTA_TEXT("corp");
    court->issuers[1] = ZTA_TEXT(ZTA_ISSUER_LOCAL);
    court->world.options.rules = (struct mod_zta_ruleset_options){
        .names = &court->texts[0],
        .texts = &court->texts[1],
        .n = 1,
        .env = {.issuers = court->issuers, .n_issuers = 2},
    };
    court->world.real_ns = court->observed_ns = SIM_START_S * ZTA_NS_PER_S;
    world_observe(&court->world);
    return court;
}

void sim_court_close(struct sim_court **court)
{
    if (*court != NULL) {
        zta_ruleset_close(&(*court)->set);
        world_close(&(*court)->world);
        free(*court);
        *court = NULL;
    }
}

/* What is known of one request while it is judged. */
struct hearing {
    struct zta_facts facts;
    struct zta_identity identity;
    struct zta_context context;
    struct zta_risk_facts risk;
    struct zta_risk raised;
    char subject[SUBJECT_TEXT];
    char device[DEVICE_TEXT];
};

static void identify(const struct sim_session *session, struct hearing *hearing)
{
    struct zta_identity *identity = &hearing->identity;
    zta_identity_init(identity);
    (void)snprintf(hearing->subject, sizeof hearing->subject, "user-%u@example.com",
                   (unsigned)session->subject);
    identity->credential = session->is_key ? ZTA_CREDENTIAL_APIKEY : ZTA_CREDENTIAL_TOKEN;
    identity->session_kind = session->is_key ? ZTA_SESSION_APIKEY : ZTA_SESSION_SID;
    identity->issuer = session->is_key ? ZTA_TEXT(ZTA_ISSUER_LOCAL) : ZTA_TEXT("corp");
    identity->subject = zta_text_of(hearing->subject);
    identity->client = ZTA_TEXT("web");
    identity->acr = session->has_mfa ? ZTA_TEXT("gold") : ZTA_TEXT("bronze");
    identity->auth_time_s = session->login_s;
    scratch_session_id(session->number, identity->session);
    if (session->device != 0) {
        (void)snprintf(hearing->device, sizeof hearing->device, "device-%u",
                       (unsigned)session->device);
        hearing->context.device = zta_text_of(hearing->device);
    }
    hearing->facts.identity = identity;
}

static void gather(const struct sim_request *request, struct hearing *hearing)
{
    const struct sim_place *place = request->place;
    hearing->context = (struct zta_context){
        .country = {.data = place->country, .len = sizeof place->country},
        .at = place->at,
        .asn = place->asn,
    };
    hearing->facts = (struct zta_facts){
        .host = ZTA_TEXT("api.example.com"),
        .path = zta_text_of(request->path),
        .method = ZTA_TEXT("GET"),
        .route = ZTA_TEXT("/"),
        .content_length = -1,
        .addr = place->addr,
        .context = &hearing->context,
    };
    if (request->session != NULL) {
        hearing->facts.agent = zta_text_of(request->session->agent);
        identify(request->session, hearing);
    }
}

static void ask_baseline(struct zta_view *view, const struct sim_request *request,
                         struct hearing *hearing)
{
    struct zta_baseline baseline;
    struct zta_habit_values values;
    const struct zta_habit_facts facts = {
        .time_s = request->time_ns / ZTA_NS_PER_S,
        .addr = hearing->facts.addr,
        .asn = hearing->context.asn,
        .country = hearing->context.country,
        .device = hearing->context.device,
        .route = hearing->facts.route,
        .agent = hearing->facts.agent,
    };
    if (zta_baseline_get(view, hearing->identity.issuer, hearing->identity.subject, &baseline) ==
        ZTA_OK) {
        zta_habit_values_make(&facts, &values);
        zta_baseline_answer(&baseline, &values, &hearing->context.usual);
    }
}

static const struct zta_risk_record *read_kept(struct zta_view *view,
                                               const struct zta_risk_owner *owner,
                                               struct zta_risk_record *storage)
{
    return zta_risks_get(view, owner, storage) == ZTA_OK ? storage : NULL;
}

static void ask_risk(struct sim_court *court, struct zta_view *view,
                     const struct sim_request *request, struct hearing *hearing)
{
    struct zta_risk_record storage[3];
    const struct zta_identity *identity = &hearing->identity;
    const struct zta_risk_request asked = {
        .now_s = request->time_ns / ZTA_NS_PER_S,
        .addr = &hearing->facts.addr,
        .context = &hearing->context,
        .path = hearing->facts.path,
        .agent = hearing->facts.agent,
        .is_shared = identity->credential == ZTA_CREDENTIAL_APIKEY,
    };
    const struct zta_risk_owner owners[] = {
        zta_risk_owner_session(identity->session),
        zta_risk_owner_address(&hearing->facts.addr),
        zta_risk_owner_subject(identity->issuer, identity->subject),
    };
    const struct zta_risk_record *session = read_kept(view, &owners[0], &storage[0]);
    const struct zta_risk_record *address = read_kept(view, &owners[1], &storage[1]);
    const struct zta_risk_record *subject =
        zta_risk_asks_subject(&asked) ? read_kept(view, &owners[2], &storage[2]) : NULL;
    const struct zta_risk_kept kept = {
        .session = session != NULL ? &session->risk : NULL,
        .agent = session != NULL ? &session->agent : NULL,
        .address = address != NULL ? &address->risk : NULL,
        .subject = subject != NULL ? &subject->risk : NULL,
        .place = subject != NULL ? &subject->places[zta_risk_family_of(asked.addr)] : NULL,
    };
    struct zta_risk_tuning tuning;
    zta_rules_signals(court->set, &hearing->facts, &court->stance, asked.now_s, &tuning);
    zta_risk_judge(&asked, &kept, &tuning, &hearing->risk, &hearing->raised);
    hearing->facts.risk = &hearing->risk;
}

/* Nobody comes in: what is up for the address is for the report alone. */
static void look_at_address(struct sim_court *court, const struct sim_request *request,
                            struct hearing *hearing)
{
    const struct zta_risk_owner owner = zta_risk_owner_address(&hearing->facts.addr);
    struct zta_risk_record record;
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(court->world.observer), &view), ZTA_OK);
    if (zta_risks_get(view, &owner, &record) == ZTA_OK) {
        hearing->risk.signals = zta_risk_signals(&record.risk, request->time_ns / ZTA_NS_PER_S);
    }
    zta_view_end(&view);
}

static void record(struct sim_court *court, const struct sim_request *request,
                   const struct hearing *hearing, const struct zta_decision *decision)
{
    const struct zta_recorded recorded = {
        .facts = &hearing->facts,
        .stance = &court->stance,
        .decision = decision,
        .has_reached_rules = true,
    };
    struct zta_event event;
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {{.data = NULL}};
    char evidence[ZTA_RECORDED_EVIDENCE_MAX];
    char os[ZTA_RECORD_OS_MAX];
    memset(&event, 0, sizeof event);
    event.time_ns = request->time_ns;
    zta_put_u64(event.id.bytes, (uint64_t)request->time_ns / 1000000 << 16);
    zta_put_u64(event.id.bytes + 8, ++court->number);
    zta_record_fill(&event, &recorded, texts, os);
    event.http_status = (uint16_t)(decision->verdict.outcome == ZTA_OUTCOME_ALLOW
                                       ? (int)request->http_status
                                       : zta_reason_http_status(decision->verdict.reason));
    event.bytes_out = decision->verdict.outcome == ZTA_OUTCOME_ALLOW ? request->bytes_out : 300;
    event.account = (uint16_t)(request->session == NULL ? request->account : 0);
    if (request->session != NULL) {
        const struct zta_identity *identity = &hearing->identity;
        memcpy(event.session, identity->session, sizeof event.session);
        event.session_kind = (uint8_t)identity->session_kind;
        event.credential = (uint8_t)identity->credential;
        texts[ZTA_EVENT_ISSUER] = identity->issuer;
        texts[ZTA_EVENT_SUBJECT] = identity->subject;
        texts[ZTA_EVENT_CLIENT] = identity->client;
        texts[ZTA_EVENT_EVIDENCE] = zta_risk_record_raised(&event, &hearing->raised, evidence);
    }
    zta_event_set_texts(&event, texts);
    assert_int_equal(zta_ring_publish(court->world.segment, court->world.incarnation, &event),
                     ZTA_OK);
}

/* The observer is a second behind at most, and ahead of nobody. */
static void observe(struct sim_court *court, int64_t now_ns)
{
    struct world *world = &court->world;
    if (now_ns - court->observed_ns < OBSERVE_NS) {
        return;
    }
    const int64_t passed_ns = now_ns - court->observed_ns;
    court->observed_ns = now_ns;
    world_pass(world, passed_ns);
    world->real_ns = now_ns;
}

void sim_court_judge(struct sim_court *court, const struct sim_request *request,
                     struct sim_verdict *verdict)
{
    struct hearing hearing;
    struct zta_decision decision;
    memset(&hearing.context, 0, sizeof hearing.context);
    hearing.risk = (struct zta_risk_facts){.score = 0};
    hearing.raised.n = 0;
    observe(court, request->time_ns);
    gather(request, &hearing);
    if (request->session != NULL) {
        struct zta_view *view;
        assert_int_equal(zta_view_begin(mod_zta_observer_store(court->world.observer), &view),
                         ZTA_OK);
        ask_baseline(view, request, &hearing);
        ask_risk(court, view, request, &hearing);
        zta_view_end(&view);
        zta_rules_decide(court->set, &hearing.facts, &court->stance,
                         request->time_ns / ZTA_NS_PER_S, &decision);
    }
    else {
        look_at_address(court, request, &hearing);
        memset(&decision, 0, sizeof decision);
        decision.verdict.outcome = ZTA_OUTCOME_CHALLENGE;
        decision.verdict.reason = ZTA_REASON_BAD_CREDENTIAL;
    }
    record(court, request, &hearing, &decision);
    *verdict = (struct sim_verdict){
        .outcome = decision.verdict.outcome,
        .reason = decision.verdict.reason,
        .score = hearing.risk.score,
        .signals = hearing.risk.signals,
    };
}

bool sim_court_rest(struct sim_court *court)
{
    world_pass(&court->world, ZTA_NS_PER_S);
    return world_counter(&court->world, ZTA_COUNTER_EVENTS_DROPPED_STORE) == 0 &&
           world_counter(&court->world, ZTA_COUNTER_EVENTS_DROPPED_FULL) == 0;
}

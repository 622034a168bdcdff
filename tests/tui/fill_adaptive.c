/* SPDX-License-Identifier: Apache-2.0 */
/* The same in every run; risk is recorded in events and in records alike, as the observer does. */
#include "tests/tui/fill_adaptive.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/risk/recorded.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"
#include "shared/store/responses.h"
#include "shared/store/risks.h"
#include "tests/unit/scratch_store.h"

#define NOW_S INT64_C(1800000000)

enum {
    MINUTE_S = 60,
    N_SESSIONS = 24,
    MALLORY = 11,
    HEIDI = 8,
    BOB = 2,
};

/* ---- risk ---- */

static const struct raise {
    uint32_t session;
    int64_t ago_s;
    enum zta_risk_signal signal;
    const char *evidence;
} raises[] = {
    {.session = MALLORY,
     .ago_s = 395,
     .signal = ZTA_RISK_NEW_COUNTRY,
     .evidence = "BR, never seen before"},
    {.session = MALLORY,
     .ago_s = 240,
     .signal = ZTA_RISK_IMPOSSIBLE_TRAVEL,
     .evidence = "BR, 9402 km in 21 min"},
    {.session = MALLORY, .ago_s = 90, .signal = ZTA_RISK_ENUMERATION, .evidence = "41 ids in 60 s"},
    {.session = HEIDI,
     .ago_s = 300,
     .signal = ZTA_RISK_AGENT_CHANGE,
     .evidence = "Firefox became curl"},
    {.session = HEIDI, .ago_s = 200, .signal = ZTA_RISK_WAF, .evidence = "score 15"},
    {.session = BOB, .ago_s = 350, .signal = ZTA_RISK_NEW_NETWORK, .evidence = "AS64501"},
};

static bool was_raised[sizeof raises / sizeof raises[0]];
static struct zta_risk kept[N_SESSIONS + 1];

void fill_risk_of(struct zta_event *event, uint32_t session)
{
    const int64_t time_s = event->time_ns / ZTA_NS_PER_S;
    for (size_t i = 0; i < sizeof raises / sizeof raises[0]; i++) {
        struct zta_risk_factor factor;
        if (raises[i].session != session || was_raised[i] || NOW_S - time_s > raises[i].ago_s) {
            continue;
        }
        was_raised[i] = true;
        if (zta_risk_factor_make(&zta_risk_tuning_default, raises[i].signal, 100,
                                 zta_text_of(raises[i].evidence), time_s, &factor) &&
            zta_risk_record_add(event, &factor)) {
            event->risk.raised[event->risk.n_raised - 1].owners = ZTA_RISK_KEPT_FOR_SESSION;
            (void)zta_risk_put(&kept[session], &factor);
        }
    }
    if (session <= N_SESSIONS) {
        event->risk.score = zta_risk_score(&kept[session], time_s);
    }
}

static enum zta_status put_risks(struct zta_change *change)
{
    enum zta_status status = ZTA_OK;
    for (uint32_t i = 1; i <= N_SESSIONS && status == ZTA_OK; i++) {
        uint8_t id[ZTA_SESSION_ID_SIZE];
        const struct zta_risk_record record = {.last_s = NOW_S, .risk = kept[i]};
        scratch_session_id(i, id);
        const struct zta_risk_owner owner = zta_risk_owner_session(id);
        if (kept[i].n > 0) {
            status = zta_risks_put(change, &owner, &record);
        }
    }
    return status;
}

/* ---- measures ---- */

static enum zta_status put_measures(struct zta_change *change)
{
    struct zta_measure measures[] = {
        {.kind = ZTA_MEASURE_QUARANTINE,
         .source = ZTA_MEASURE_OF_RULE,
         .target = {.kind = ZTA_TARGET_SESSION},
         .rule = ZTA_TEXT("stop-thieves"),
         .reason = ZTA_TEXT("risk 71 >= 70"),
         .created_ns = (NOW_S - 88) * ZTA_NS_PER_S,
         .for_s = 30 * MINUTE_S,
         .max_age_s = -1},
        {.kind = ZTA_MEASURE_STEP_UP,
         .source = ZTA_MEASURE_OF_TRANSMITTER,
         .target = {.kind = ZTA_TARGET_SUBJECT,
                    .issuer = ZTA_TEXT("corp"),
                    .name = ZTA_TEXT("peggy")},
         .rule = ZTA_TEXT("idp"),
         .reason = ZTA_TEXT("assurance-level-change nist-aal 2 to 1"),
         .created_ns = (NOW_S - 12 * MINUTE_S) * ZTA_NS_PER_S,
         .for_s = 20 * MINUTE_S,
         .max_age_s = 600},
        {.kind = ZTA_MEASURE_LIMIT,
         .source = ZTA_MEASURE_OF_RULE,
         .target = {.kind = ZTA_TARGET_EVERYONE},
         .rule = ZTA_TEXT("storm"),
         .reason = ZTA_TEXT("limited 412 > 300 in 60s"),
         .created_ns = (NOW_S - 4 * MINUTE_S) * ZTA_NS_PER_S,
         .for_s = 10 * MINUTE_S,
         .limit = ZTA_TEXT("search-burst"),
         .count = 5,
         .window_s = 60,
         .max_age_s = -1},
    };
    enum zta_status status = ZTA_OK;
    scratch_session_id(MALLORY, measures[0].target.session);
    for (size_t i = 0; i < sizeof measures / sizeof measures[0] && status == ZTA_OK; i++) {
        struct zta_measure_placed placed;
        status = zta_measure_put(change, &measures[i], &placed);
        const struct zta_response response = {.time_ns = measures[i].created_ns,
                                              .result = ZTA_RESPONSE_BEGUN,
                                              .measure = placed.id,
                                              .until_s = placed.until_s,
                                              .rule = measures[i].rule,
                                              .what = ZTA_TEXT("begun"),
                                              .target = ZTA_TEXT("-"),
                                              .evidence = measures[i].reason};
        if (status == ZTA_OK && measures[i].source == ZTA_MEASURE_OF_RULE) {
            status = zta_response_put(change, &response);
        }
    }
    return status;
}

/* ---- signals ---- */

static const struct told {
    int64_t ago_s;
    enum zta_notice_kind kind;
    enum zta_notice_outcome outcome;
    enum zta_notice_reach reach;
    uint8_t level;
    const char *subject;
    const char *client;
    const char *device;
    const char *detail;
} tellings[] = {
    {.ago_s = 7200,
     .kind = ZTA_NOTICE_SESSION_ESTABLISHED,
     .outcome = ZTA_NOTICE_NOTED,
     .reach = ZTA_NOTICE_ONE,
     .subject = "alice"},
    {.ago_s = 2600,
     .kind = ZTA_NOTICE_DEVICE_COMPLIANCE_CHANGE,
     .outcome = ZTA_NOTICE_APPLIED,
     .reach = ZTA_NOTICE_ONE,
     .level = ZTA_NOTICE_NOT_COMPLIANT,
     .device = "laptop-0077",
     .detail = "disk encryption was switched off"},
    {.ago_s = 720,
     .kind = ZTA_NOTICE_ASSURANCE_LEVEL_CHANGE,
     .outcome = ZTA_NOTICE_APPLIED,
     .reach = ZTA_NOTICE_ONE,
     .subject = "peggy",
     .detail = "nist-aal 2 to 1"},
    {.ago_s = 150,
     .kind = ZTA_NOTICE_SESSIONS_REVOKED,
     .outcome = ZTA_NOTICE_HELD,
     .reach = ZTA_NOTICE_MANY,
     .client = "backoffice",
     .detail = "about an application \x1b[31mred"},
    {.ago_s = 40,
     .kind = ZTA_NOTICE_ACCOUNT_DISABLED,
     .outcome = ZTA_NOTICE_UNKNOWN_SUBJECT,
     .reach = ZTA_NOTICE_NOBODY,
     .detail = "an email that no session has"},
};

static enum zta_status put_notices(struct zta_change *change)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < sizeof tellings / sizeof tellings[0] && status == ZTA_OK; i++) {
        const struct told *told = &tellings[i];
        char jti[16];
        (void)snprintf(jti, sizeof jti, "set-%zu", i + 1);
        struct zta_notice notice = {
            .kind = told->kind,
            .effect = zta_notice_kind_effect(told->kind),
            .reach = told->reach,
            .level = told->level,
            .transmitter = ZTA_TEXT("idp"),
            .issuer = ZTA_TEXT("corp"),
            .subject = zta_text_of(told->subject),
            .client = zta_text_of(told->client),
            .device = zta_text_of(told->device),
            .jti = zta_text_of(jti),
            .type = zta_text_of(zta_notice_kind_name(told->kind)),
            .detail = zta_text_of(told->detail),
            .event_s = NOW_S - told->ago_s - 2,
            .issued_s = NOW_S - told->ago_s - 1,
            .expires_s = NOW_S + 7200,
        };
        memset(notice.id.bytes, (int)(0x11 * (i + 1)), sizeof notice.id.bytes);
        status =
            zta_notice_log(change, &notice, told->outcome, (NOW_S - told->ago_s) * ZTA_NS_PER_S);
    }
    return status;
}

enum zta_status fill_adaptive(struct zta_change *change)
{
    enum zta_status status = put_risks(change);
    if (status == ZTA_OK) {
        status = put_measures(change);
    }
    return status == ZTA_OK ? put_notices(change) : status;
}

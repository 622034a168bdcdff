/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile texts, and a record of every kind for each of them. */
#include "tests/unit/hostile_store.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/segment.h"
#include "shared/notice.h"
#include "shared/store/audit.h"
#include "shared/store/blocks.h"
#include "shared/store/devices.h"
#include "shared/store/events.h"
#include "shared/store/keys.h"
#include "shared/store/keysets.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"
#include "shared/store/published.h"
#include "shared/store/responses.h"
#include "shared/store/revocations.h"
#include "shared/store/sessions.h"

#define HOUR_S INT64_C(3600)

static const char *const texts[] = {
    "a\x1b[" HOSTILE_MARK "mb",         /* CSI */
    "a\x1b]0;" HOSTILE_MARK "\x07z",    /* a title */
    "a\x1bP" HOSTILE_MARK "\x1b\\z",    /* DCS */
    "a\x1b]52;c;" HOSTILE_MARK "\x07z", /* the clipboard */
    "a\xc2\x9b" HOSTILE_MARK "m\xc2\x9d"
    "0;x\xc2\x9c",                     /* C1, as UTF-8 */
    "a\x9b" HOSTILE_MARK "m\x90z\x9c", /* C1, as bytes */
    "a\x1b[2J\x1b[H\x1b[?1049l\x1b"
    "cz",
    "a\r\n\t\b\x7f\x0e\x0f\x05z",
    "a\xe2\x80\xae"
    "dcb\xe2\x80\xacz", /* right to left override */
    "a\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c\xe2\x80\x8f\xe2\x80\x8ez",
    "a\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xef\xbb\xbf\xc2\xad\xe2\x81\xa0z", /* no width */
    "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87\xcc\x88\xcc\x89\xcc\x8a",
    "\xcc\x81\xcc\x81 begins with them",
    "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97", /* wide */
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbf\xf0\x9f\x87\xa8\xf0\x9f\x87\xad",
    "a\xff\xfe\xc0\xaf\xed\xa0\x80\xf8\x88\x80\x80\x80\xf4\x90\x80\x80z", /* no UTF-8 */
    "cut \xe6\xbc",
    "a\xf3\xa0\x81\xa1\xef\xbf\xb9\xe3\x85\xa4\xe1\x85\x9f\xf0\x9d\x85\xb3z", /* tags, fillers */
    "\xd7\x90\xd7\x91\xd7\x92 123 \xd8\xa7\xd8\xa8",                          /* Hebrew, Arabic */
    "%n%s%s%s%n' --yes \"; $(reboot) `id` \\",
};

enum {
    N_TEXTS = sizeof texts / sizeof texts[0],
    EVENTS_EACH = 3,
};

const char *hostile_text(size_t i)
{
    return i < N_TEXTS ? texts[i] : NULL;
}

static struct zta_text text_at(size_t i)
{
    return zta_text_of(texts[i % N_TEXTS]);
}

static struct zta_store *open_as(const char *dir, enum zta_store_role role)
{
    struct zta_store *store = NULL;
    struct zta_error error = {.text = ""};
    if (zta_store_open(dir, role, 0, &store, &error) != ZTA_OK) {
        (void)fprintf(stderr, "hostile store: %s\n", error.text);
        abort();
    }
    return store;
}

/* What refuses a text as invalid needs no console that withstands it. */
static size_t n_taken;
static void put(enum zta_status status)
{
    if (status != ZTA_OK && status != ZTA_INVALID) {
        (void)fprintf(stderr, "hostile store: %s\n", zta_status_text(status));
        abort();
    }
    n_taken += status == ZTA_OK;
}

static void change(struct zta_store *store, void (*fill)(struct zta_change *, int64_t),
                   int64_t now_ns)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    n_taken = 0;
    if (zta_change_begin(store, "hostile", &change, &error) == ZTA_OK) {
        fill(change, now_ns);
    }
    if (n_taken == 0 || zta_change_commit(&change, &error) != ZTA_OK) {
        (void)fprintf(stderr, "hostile store: nothing was taken: %s\n", error.text);
        abort();
    }
}

/* ---- state/ ---- */

static void put_events(struct zta_change *change, int64_t now_ns)
{
    static struct zta_event events[EVENTS_EACH * N_TEXTS];
    static uint64_t sequences[EVENTS_EACH * N_TEXTS];
    const struct zta_event_key key = {.segment_created_ns = 2, .segment_id = 66};
    for (size_t i = 0; i < EVENTS_EACH * N_TEXTS; i++) {
        struct zta_text all[ZTA_N_EVENT_TEXTS];
        const struct scratch_event wanted = {
            .number = 5000 + i,
            .time_ns = now_ns - (int64_t)(EVENTS_EACH * N_TEXTS - i) * ZTA_NS_PER_S,
            .session = (uint32_t)(i % N_TEXTS) + 1,
            .outcome = i % 2 == 0 ? ZTA_OUTCOME_DENY : (uint8_t)ZTA_OUTCOME_ALLOW,
            .reason = i % 2 == 0 ? ZTA_REASON_RULE_DENIED : (uint8_t)ZTA_REASON_OK};
        scratch_event_make(&wanted, &events[i]);
        for (size_t k = 0; k < ZTA_N_EVENT_TEXTS; k++) {
            all[k] = text_at(i);
        }
        zta_event_set_texts(&events[i], all);
        sequences[i] = i;
    }
    put(scratch_series_put(change, events, EVENTS_EACH * N_TEXTS));
    put(zta_events_append(change, &key, events, sequences, EVENTS_EACH * N_TEXTS,
                          EVENTS_EACH * N_TEXTS));
}

static void put_sessions(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct zta_session session;
        memset(&session, 0, sizeof session);
        scratch_session_id((uint32_t)i + 1, session.id);
        session.kind = ZTA_SESSION_SID;
        session.credential = ZTA_CREDENTIAL_TOKEN;
        session.last_s = now_ns / ZTA_NS_PER_S - (int64_t)i;
        session.first_s = session.last_s - HOUR_S;
        session.n_requests = 1000 - i;
        session.n_denied = i;
        session.last_reason = ZTA_REASON_RULE_DENIED;
        (void)snprintf(session.subject, sizeof session.subject, "%s", texts[i]);
        (void)snprintf(session.issuer, sizeof session.issuer, "%.30s", texts[i]);
        (void)snprintf(session.client, sizeof session.client, "%s", texts[i]);
        (void)snprintf(session.agent, sizeof session.agent, "%s", texts[i]);
        put(zta_session_put(change, &session));
    }
}

static void put_published(struct zta_change *change, int64_t now_ns)
{
    struct zta_published_location locations[N_TEXTS] = {0};
    struct zta_published_alert alerts[N_TEXTS];
    struct zta_text names[N_TEXTS];
    const uint64_t counters[ZTA_N_COUNTERS] = {[ZTA_COUNTER_REQUESTS] = 1};
    struct zta_heartbeat heartbeat = {.time_s = now_ns / ZTA_NS_PER_S, .ring_capacity = 4096};
    for (size_t i = 0; i < N_TEXTS; i++) {
        locations[i].server = locations[i].path = names[i] = text_at(i);
        alerts[i] = (struct zta_published_alert){
            .name = text_at(i), .text = text_at(i), .since_s = heartbeat.time_s - 60};
    }
    (void)snprintf(heartbeat.version, sizeof heartbeat.version, "%s", texts[0]);
    (void)snprintf(heartbeat.threat_reason, sizeof heartbeat.threat_reason, "%s", texts[1]);
    heartbeat.threat = ZTA_THREAT_HIGH;
    put(zta_published_put_locations(change, locations, N_TEXTS));
    put(zta_published_put_alerts(change, alerts, N_TEXTS));
    put(zta_published_put_issuers(change, names, names, N_TEXTS));
    put(zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS));
    put(zta_published_put_rules(change, text_at(0),
                                ZTA_TEXT("# \xe2\x80\xae\xc2\x9b" HOSTILE_MARK "m\n"
                                         "allow plain\n  when path /**\n"
                                         "deny other\n  when subject \xe2\x80\xae\n"),
                                0, 1));
}

static void put_issuers(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct zta_keyset_record record = {.name = text_at(i),
                                                 .url = text_at(i),
                                                 .keys = text_at(i),
                                                 .jwks_uri = text_at(i),
                                                 .etag = text_at(i),
                                                 .error = text_at(i),
                                                 .jwks = ZTA_TEXT("{\"keys\":[]}"),
                                                 .attempted_s = now_ns / ZTA_NS_PER_S,
                                                 .n_failures = 3};
        put(zta_keyset_put(change, &record));
    }
}

static void put_measures(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct zta_measure measure = {
            .kind = ZTA_MEASURE_QUARANTINE,
            .source = ZTA_MEASURE_OF_RULE,
            .target = {.kind = ZTA_TARGET_SUBJECT, .issuer = ZTA_TEXT("corp"), .name = text_at(i)},
            .rule = text_at(i),
            .reason = text_at(i),
            .created_ns = now_ns,
            .for_s = HOUR_S,
            .max_age_s = -1};
        const struct zta_response response = {.time_ns = now_ns,
                                              .result = ZTA_RESPONSE_BEGUN,
                                              .rule = text_at(i),
                                              .what = text_at(i),
                                              .target = text_at(i),
                                              .evidence = text_at(i)};
        struct zta_measure_placed placed;
        put(zta_measure_put(change, &measure, &placed));
        put(zta_response_put(change, &response));
    }
}

static void put_notices(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct zta_notice notice = {.kind = ZTA_NOTICE_UNKNOWN,
                                    .reach = ZTA_NOTICE_MANY,
                                    .transmitter = text_at(i),
                                    .issuer = text_at(i),
                                    .subject = text_at(i),
                                    .device = text_at(i),
                                    .jti = text_at(i),
                                    .type = text_at(i),
                                    .detail = text_at(i),
                                    .event_s = now_ns / ZTA_NS_PER_S,
                                    .issued_s = now_ns / ZTA_NS_PER_S,
                                    .expires_s = now_ns / ZTA_NS_PER_S + HOUR_S};
        notice.id.bytes[0] = (uint8_t)i;
        put(zta_notice_log(change, &notice, i % 2 == 0 ? ZTA_NOTICE_HELD : ZTA_NOTICE_NOTED,
                           now_ns + (int64_t)i));
        const struct zta_stream stream = {.name = text_at(i), .error = text_at(i)};
        put(zta_stream_put(change, &stream));
    }
}

/* ---- policy/ ---- */

static void put_keys(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct zta_key key = {.name = text_at(i),
                              .owner = text_at(i + 1),
                              .roles = {text_at(i)},
                              .n_roles = 1,
                              .scopes = {text_at(i)},
                              .n_scopes = 1,
                              .created_s = now_ns / ZTA_NS_PER_S,
                              .revoked_s = i % 3 == 0 ? now_ns / ZTA_NS_PER_S : 0,
                              .reason = text_at(i),
                              .author = text_at(i)};
        (void)snprintf(key.id, sizeof key.id, "hostile%05u", (unsigned)i);
        put(zta_key_put(change, &key));
    }
}

static void put_restrictions(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        const struct zta_block block = {.kind = ZTA_BLOCK_SUBJECT,
                                        .issuer = ZTA_TEXT("corp"),
                                        .subject = text_at(i),
                                        .until_s = now_ns / ZTA_NS_PER_S + HOUR_S,
                                        .created_ns = now_ns,
                                        .reason = text_at(i),
                                        .author = text_at(i)};
        const struct zta_revocation revocation = {.kind = ZTA_REVOKE_SUBJECT,
                                                  .issuer = ZTA_TEXT("corp"),
                                                  .subject = text_at(i),
                                                  .watermark_s = now_ns / ZTA_NS_PER_S,
                                                  .reason = text_at(i),
                                                  .author = text_at(i)};
        put(zta_block_put(change, &block));
        put(zta_revocation_put(change, &revocation));
    }
}

static void put_devices(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        bool is_changed = false;
        char id[32];
        (void)snprintf(id, sizeof id, "device-%u", (unsigned)i);
        struct zta_device device = {.id = text_at(i),
                                    .issuer = ZTA_TEXT("corp"),
                                    .subject = text_at(i),
                                    .note = text_at(i),
                                    .author = text_at(i)};
        enum zta_status status = zta_device_put(change, &device, &is_changed);
        if (status == ZTA_INVALID) {
            device.id = zta_text_of(id);
            status = zta_device_put(change, &device, &is_changed);
        }
        put(status);
    }
}

static void put_actions(struct zta_change *change, int64_t now_ns)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct zta_audit_entry entry = {.time_ns = now_ns,
                                        .login = text_at(i),
                                        .sudo_user = text_at(i),
                                        .tty = text_at(i),
                                        .action = text_at(i),
                                        .target = text_at(i),
                                        .before = text_at(i),
                                        .after = text_at(i),
                                        .reason = text_at(i)};
        put(zta_audit_append(change, &entry));
    }
}

void hostile_store_fill(const char *dir, int64_t now_ns)
{
    static void (*const of_operator[])(struct zta_change *, int64_t) = {put_keys, put_restrictions,
                                                                        put_devices, put_actions};
    static void (*const of_helper[])(struct zta_change *, int64_t) = {
        put_events, put_sessions, put_published, put_issuers, put_measures, put_notices};
    struct zta_store *store = open_as(dir, ZTA_STORE_OPERATOR);
    for (size_t i = 0; i < sizeof of_operator / sizeof of_operator[0]; i++) {
        change(store, of_operator[i], now_ns);
    }
    zta_store_close(&store);
    store = open_as(dir, ZTA_STORE_HELPER);
    for (size_t i = 0; i < sizeof of_helper / sizeof of_helper[0]; i++) {
        change(store, of_helper[i], now_ns);
    }
    zta_store_close(&store);
}

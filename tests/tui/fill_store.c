/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a store in DIR that is the same in every run: requests of the minutes before FIXTURE_NOW_S,
 * sessions (so many as are asked for), API keys, an audit trail, a running server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/segment.h"
#include "shared/store/audit.h"
#include "shared/store/blocks.h"
#include "shared/store/devices.h"
#include "shared/store/events.h"
#include "shared/store/keys.h"
#include "shared/store/keysets.h"
#include "shared/store/published.h"
#include "shared/store/revocations.h"
#include "shared/store/sessions.h"
#include "shared/store/signals.h"
#include "tests/tui/fill_adaptive.h"
#include "tests/tui/fill_fleet.h"
#include "tests/tui/fill_inputs.h"
#include "tests/tui/fill_series.h"
#include "tests/tui/fill_versions.h"
#include "tests/unit/hostile_store.h"
#include "tests/unit/scratch_store.h"

enum {
    SPAN_S = 420,   /* of the recorded requests */
    TROUBLE_S = 95, /* before the end: a rule was changed, and many lack a scope since then */
    EVENTS_MAX = 20000,
    SESSIONS_A_CHANGE = 50000,
    N_PEOPLE = 24,
    N_LAPTOPS = 2,  /* of the first people */
    LOGGED_OUT = 3, /* of the people: by the issuer, behind the last request */
    VICTOR = 20,    /* of the people: revoked by an operator, refused since */
    VICTOR_AGO_S = 280,
    SESSIONS = 60,
};

#define FIXTURE_NOW_S INT64_C(1800000000)
#define MINUTE_S      60
#define HOUR_S        3600
#define DAY_S         86400

static uint64_t randomness = 42;

static void need(enum zta_status status, const char *what)
{
    if (status != ZTA_OK) {
        fprintf(stderr, "fill_store: %s: %s\n", what, zta_status_text(status));
        exit(1);
    }
}

static uint64_t below(uint64_t n)
{
    return scratch_random(&randomness) % n;
}

static struct zta_store *open_as(const char *dir, enum zta_store_role role)
{
    struct zta_store *store = NULL;
    struct zta_error error = {.text = ""};
    need(zta_store_open(dir, role, 0, &store, &error), error.text);
    return store;
}

static struct zta_change *begin(struct zta_store *store)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    need(zta_change_begin(store, "fixture", &change, &error), error.text);
    return change;
}

static void commit(struct zta_change **change)
{
    struct zta_error error = {.text = ""};
    need(zta_change_commit(change, &error), error.text);
}

/* ---- who asks for what ---- */

static const char *const people[N_PEOPLE] = {
    "alice", "bob",   "carol",   "dave",   "erin",   "frank",  "grace",   "heidi",
    "ivan",  "judy",  "mallory", "niaj",   "olivia", "peggy",  "quentin", "rupert",
    "sybil", "trent", "ursula",  "victor", "wendy",  "xavier", "yolanda", "zoe",
};
static const char *const laptops[] = {"laptop-0042", "laptop-0077"};
static const char *const clients[] = {"web", "mobile", "backoffice"};
static const char *const agents[] = {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101",
                                     "okhttp/4.12.0", "curl/8.9.1", "python-requests/2.32.3"};

struct kind {
    unsigned share; /* of a thousand */
    uint8_t outcome;
    uint8_t reason;
    uint16_t status;
    const char *method;
    const char *path;
    const char *route;
    const char *rule;
    const char *missing;
    const char *nearest;
    const char *detail;
    uint8_t would_be; /* monitored: reason it would have been refused for; 0: none */
};

static const struct kind kinds[] = {
    {.share = 330,
     .outcome = ZTA_OUTCOME_ALLOW,
     .reason = ZTA_REASON_OK,
     .status = 200,
     .method = "GET",
     .path = "/orders/%u",
     .route = "/orders",
     .rule = "orders-read"},
    {.share = 160,
     .outcome = ZTA_OUTCOME_ALLOW,
     .reason = ZTA_REASON_OK,
     .status = 200,
     .method = "GET",
     .path = "/catalogue/items/%u",
     .route = "/catalogue",
     .rule = "catalogue-read"},
    {.share = 90,
     .outcome = ZTA_OUTCOME_ALLOW,
     .reason = ZTA_REASON_OK,
     .status = 201,
     .method = "POST",
     .path = "/orders",
     .route = "/orders",
     .rule = "orders-write",
     .would_be = ZTA_REASON_NOT_ENTITLED},
    {.share = 70,
     .outcome = ZTA_OUTCOME_ALLOW,
     .reason = ZTA_REASON_OK,
     .status = 200,
     .method = "GET",
     .path = "/payments/%u/receipt",
     .route = "/payments",
     .rule = "payments-own",
     .would_be = ZTA_REASON_INSUFFICIENT_SCOPE},
    {.share = 60,
     .outcome = ZTA_OUTCOME_ALLOW,
     .reason = ZTA_REASON_OK,
     .status = 200,
     .method = "GET",
     .path = "/search?q=chair",
     .route = "/search",
     .rule = "search"},
    {.share = 26,
     .outcome = ZTA_OUTCOME_DENY,
     .reason = ZTA_REASON_NO_RULE,
     .status = 403,
     .method = "GET",
     .path = "/admin/users/%u",
     .route = "/admin",
     .nearest = "admin-read",
     .missing = "role admin"},
    {.share = 22,
     .outcome = ZTA_OUTCOME_DENY,
     .reason = ZTA_REASON_EXPIRED_CREDENTIAL,
     .status = 401,
     .method = "GET",
     .path = "/orders/%u",
     .route = "/orders",
     .detail = "exp was 312 s ago"},
    {.share = 16,
     .outcome = ZTA_OUTCOME_CHALLENGE,
     .reason = ZTA_REASON_NO_CREDENTIAL,
     .status = 401,
     .method = "GET",
     .path = "/payments/%u",
     .route = "/payments"},
    {.share = 14,
     .outcome = ZTA_OUTCOME_THROTTLE,
     .reason = ZTA_REASON_RATE_LIMITED,
     .status = 429,
     .method = "GET",
     .path = "/search/table",
     .route = "/search",
     .rule = "search-burst",
     .missing = "subject"},
    {.share = 9,
     .outcome = ZTA_OUTCOME_DENY,
     .reason = ZTA_REASON_BAD_CREDENTIAL,
     .status = 401,
     .method = "GET",
     .path = "/orders/%u",
     .route = "/orders",
     .detail = "signature does not verify"},
    {.share = 6,
     .outcome = ZTA_OUTCOME_DENY,
     .reason = ZTA_REASON_RULE_DENIED,
     .status = 403,
     .method = "DELETE",
     .path = "/payments/%u",
     .route = "/payments",
     .rule = "payments-are-kept"},
    {.share = 4,
     .outcome = ZTA_OUTCOME_DENY,
     .reason = ZTA_REASON_BAD_REQUEST,
     .status = 400,
     .method = "GET",
     .path = "/orders/..;/admin",
     .route = "/orders",
     .detail = "path parameter in '..;'"},
    {.share = 3,
     .outcome = ZTA_OUTCOME_DENY,
     .reason = ZTA_REASON_REVOKED,
     .status = 401,
     .method = "GET",
     .path = "/catalogue/\x1b]0;owned\x07",
     .route = "/catalogue",
     .detail = "session was revoked by action 9"},
};

/* Since the change: reading orders takes a scope that few clients ask for. */
static const struct kind trouble = {.outcome = ZTA_OUTCOME_DENY,
                                    .reason = ZTA_REASON_INSUFFICIENT_SCOPE,
                                    .status = 403,
                                    .method = "GET",
                                    .path = "/orders/%u",
                                    .route = "/orders",
                                    .rule = "orders-read",
                                    .missing = "scope orders.read",
                                    .nearest = "orders-read"};

static const struct kind *choose(int64_t before_end_s)
{
    uint64_t r = below(810);
    if (before_end_s < TROUBLE_S && r < 130) {
        return &trouble;
    }
    size_t i = 0;
    while (i + 1 < sizeof kinds / sizeof kinds[0] && r >= kinds[i].share) {
        r -= kinds[i].share;
        i++;
    }
    return &kinds[i];
}

static void make_event(uint64_t number, int64_t time_ns, struct zta_event *event)
{
    int64_t before_end_s = FIXTURE_NOW_S - time_ns / ZTA_NS_PER_S;
    const struct kind *kind = choose(before_end_s);
    unsigned who = (unsigned)(below(N_PEOPLE) * below(N_PEOPLE) / N_PEOPLE);
    bool is_known =
        kind->outcome != ZTA_OUTCOME_CHALLENGE && kind->reason != ZTA_REASON_BAD_CREDENTIAL;
    const struct scratch_event wanted = {.number = number,
                                         .time_ns = time_ns,
                                         .source = who * 7 + 3,
                                         .session = is_known ? who + 1 : 0,
                                         .outcome = kind->outcome,
                                         .reason = kind->reason};
    char path[96];
    scratch_event_make(&wanted, event);
    event->http_status = kind->status;
    event->latency_us = 180 + (uint32_t)below(2400);
    event->rule_line = kind->rule == NULL ? 0 : strcmp(kind->rule, "search") == 0 ? 4 : 7;
    event->flags = ZTA_EVENT_TLS | ZTA_EVENT_HTTP2;
    fill_inputs_of(event, people, is_known ? who : SIZE_MAX,
                   strcmp(kind->route, "/payments") == 0 ? 1 : 2);
    if (kind->would_be != 0 && below(3) == 0) {
        event->flags |= ZTA_EVENT_MONITORED;
        event->monitor_reason = kind->would_be;
        event->monitor_outcome = ZTA_OUTCOME_DENY;
    }
    const char *number_at = strstr(kind->path, "%u");
    int head = number_at == NULL ? (int)strlen(kind->path) : (int)(number_at - kind->path);
    (void)snprintf(path, sizeof path, "%.*s", head, kind->path);
    if (number_at != NULL) {
        (void)snprintf(path + head, sizeof path - (size_t)head, "%u%s",
                       (unsigned)(1000 + below(9000)), number_at + 2);
    }
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = zta_text_of(kind->method),
        [ZTA_EVENT_HOST] = ZTA_TEXT("api.example.com"),
        [ZTA_EVENT_PATH] = zta_text_of(path),
        [ZTA_EVENT_ROUTE] = zta_text_of(kind->route),
        [ZTA_EVENT_RULE] = zta_text_of(kind->rule),
        [ZTA_EVENT_ISSUER] = zta_text_of(is_known ? "corp" : NULL),
        [ZTA_EVENT_SUBJECT] = zta_text_of(is_known ? people[who] : NULL),
        [ZTA_EVENT_CLIENT] = zta_text_of(is_known ? clients[who % 3] : NULL),
        [ZTA_EVENT_MISSING] = zta_text_of(kind->missing),
        [ZTA_EVENT_NEAREST] = zta_text_of(kind->nearest),
        [ZTA_EVENT_DETAIL] = zta_text_of(kind->detail),
        [ZTA_EVENT_AGENT] = zta_text_of(agents[who % 4]),
        [ZTA_EVENT_DEVICE] = zta_text_of(is_known && who < N_LAPTOPS ? laptops[who] : NULL),
    };
    zta_event_set_texts(event, texts);
    if (is_known && who < N_LAPTOPS) {
        event->context.sources[2] = ZTA_SOURCE_CERTIFICATE;
        event->context.ages_s[2] = 3 * DAY_S;
    }
    if (is_known) {
        fill_risk_of(event, who + 1);
    }
}

static void put_events(struct zta_change *change)
{
    static struct zta_event events[EVENTS_MAX];
    static uint64_t sequences[EVENTS_MAX];
    const struct zta_event_key key = {.segment_created_ns = 1, .segment_id = 9};
    int64_t time_ns = (FIXTURE_NOW_S - SPAN_S) * ZTA_NS_PER_S;
    size_t n = 0;
    while (n < EVENTS_MAX) {
        /* Between 8 and 30 a second, in waves. */
        int64_t second = time_ns / ZTA_NS_PER_S % 120;
        int64_t rate = 12 + (second < 60 ? second : 120 - second) / 5 + (int64_t)below(8);
        time_ns += ZTA_NS_PER_S / rate;
        if (time_ns >= FIXTURE_NOW_S * ZTA_NS_PER_S) {
            break;
        }
        make_event(n + 1, time_ns, &events[n]);
        sequences[n] = n;
        n++;
    }
    need(zta_events_append(change, &key, events, sequences, n, n), "events");
    need(fill_series(change, events, n, FIXTURE_NOW_S), "time series");
}

/* ---- sessions ---- */

static void make_session(uint32_t i, struct zta_session *session)
{
    bool is_named = i <= N_PEOPLE;
    char sid[16];
    memset(session, 0, sizeof *session);
    scratch_session_id(i, session->id);
    memset(session->token_id, (int)(i % 255) + 1, sizeof session->token_id);
    session->kind = i % 5 == 4 ? ZTA_SESSION_CNF : ZTA_SESSION_SID;
    session->credential = ZTA_CREDENTIAL_TOKEN;
    session->binding = i % 5 == 4 ? ZTA_BINDING_DPOP : ZTA_BINDING_NONE;
    session->last_s = FIXTURE_NOW_S - (int64_t)(is_named ? i * i / 4 : i % 86000 + 200);
    session->first_s = session->last_s - HOUR_S * (1 + i % 9);
    session->expires_s = FIXTURE_NOW_S + HOUR_S - 120 * (int64_t)(i % 40);
    session->n_requests = is_named ? 5000 / i : i % 90 + 1;
    session->n_denied = i % 4 == 0 ? session->n_requests / 9 : 0;
    session->last_reason = i % 4 == 0 ? ZTA_REASON_INSUFFICIENT_SCOPE : (uint8_t)ZTA_REASON_OK;
    if (i == VICTOR) {
        session->last_reason = ZTA_REASON_REVOKED;
    }
    session->addr.family = 4;
    zta_put_u32(session->addr.bytes, 0x0a000000u + (i - 1) * 7 + 3);
    if (is_named) {
        (void)snprintf(session->subject, sizeof session->subject, "%s", people[i - 1]);
    }
    else {
        (void)snprintf(session->subject, sizeof session->subject, "user-%u@example.com", i);
    }
    (void)snprintf(session->issuer, sizeof session->issuer, "corp");
    (void)snprintf(session->client, sizeof session->client, "%s", clients[(i - 1) % 3]);
    (void)snprintf(session->agent, sizeof session->agent, "%.60s", agents[(i - 1) % 4]);
    (void)snprintf(sid, sizeof sid, "sid-%u", i);
    zta_login_tag_make(zta_text_of(session->issuer), zta_text_of(sid),
                       zta_text_of(session->subject), &session->login);
}

static void put_logout(struct zta_change *change)
{
    char sid[16];
    const struct zta_signal_delivery delivery = {.now_ns = FIXTURE_NOW_S * ZTA_NS_PER_S};
    struct zta_signal_message message = {
        .signal = {.kind = ZTA_SIGNAL_SESSION, .issuer = ZTA_TEXT("corp")},
        .expires_s = FIXTURE_NOW_S + HOUR_S,
    };
    (void)snprintf(sid, sizeof sid, "sid-%d", LOGGED_OUT);
    message.signal.sid = zta_text_of(sid);
    need(zta_signal_put(change, &message, &delivery), "a logout");
}

static void put_sessions(struct zta_store *store, uint32_t n)
{
    for (uint32_t i = 1; i <= n;) {
        struct zta_change *change = begin(store);
        for (uint32_t end = i + SESSIONS_A_CHANGE; i < end && i <= n; i++) {
            struct zta_session session;
            make_session(i, &session);
            need(zta_session_put(change, &session), "sessions");
        }
        commit(&change);
    }
}

/* ---- what the server says of itself ---- */

static void put_published(struct zta_change *change)
{
    const uint64_t counters[ZTA_N_COUNTERS] = {
        [ZTA_COUNTER_REQUESTS] = 1284311,         [ZTA_COUNTER_ALLOWED] = 1198230,
        [ZTA_COUNTER_VERIFIED] = 40120,           [ZTA_COUNTER_TOKEN_CACHE_HITS] = 1150020,
        [ZTA_COUNTER_TOKEN_CACHE_MISSES] = 40120, [ZTA_COUNTER_EVENTS_STORED] = 1284300,
    };
    const struct zta_heartbeat heartbeat = {.time_s = FIXTURE_NOW_S,
                                            .started_s = FIXTURE_NOW_S - 9 * DAY_S - 4 * HOUR_S,
                                            .pid = 4711,
                                            .n_children = 4,
                                            .config_generation = 12,
                                            .segment_id = 9,
                                            .ring_head = 1284311,
                                            .ring_tail = 1284300,
                                            .ring_capacity = 65536,
                                            .version = "1.0",
                                            .threat = ZTA_THREAT_ELEVATED,
                                            .threat_since_s = FIXTURE_NOW_S - 75,
                                            .threat_reason = "refused 24 % of 312 in 10 s"};
    static const struct {
        const char *path;
        uint8_t stage;
        uint8_t monitor;
        bool is_lower;
    } places[] = {
        {.path = "/", .stage = 2, .monitor = 2},
        {.path = "/orders", .stage = 2, .monitor = 2},
        {.path = "/payments", .stage = 1, .monitor = 2, .is_lower = true},
        {.path = "/admin", .stage = 2, .monitor = 2},
        {.path = "/search", .stage = 2, .monitor = 2},
        {.path = "/health", .stage = 0, .monitor = 0, .is_lower = true},
        {.path = "/legacy", .stage = 0, .monitor = 1, .is_lower = true},
    };
    enum {
        N_PLACES = sizeof places / sizeof places[0]
    };
    struct zta_published_location locations[N_PLACES] = {0};
    int8_t as_staged[ZTA_N_FEATURES];
    memset(as_staged, -1, sizeof as_staged);
    for (size_t i = 0; i < N_PLACES; i++) {
        locations[i].server = ZTA_TEXT("api.example.com:443");
        locations[i].path = zta_text_of(places[i].path);
        need(zta_stance_make(places[i].stage, places[i].monitor, as_staged, &locations[i].stance),
             "stance");
        locations[i].is_lower = places[i].is_lower;
    }
    need(zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS), "heartbeat");
    need(zta_published_put_locations(change, locations, N_PLACES), "locations");
    need(zta_published_put_rules(change, ZTA_TEXT("/etc/zta/rules.zta"),
                                 ZTA_TEXT("# rules of the fixture\n\n\n"
                                          "allow search\n  when path /search/**\n\n"
                                          "allow orders-read\n  when path /orders/**\n\n"
                                          "limit search-burst\n  when path /search/**\n"
                                          "  key subject\n  rate 10/m\n\n"
                                          "allow payments-own\n  when path /payments/**\n\n"
                                          "require payments-scope\n  when path /payments/**\n"
                                          "  need scope payments.read\n"),
                                 0, 1),
         "rules");
}

static void put_issuers(struct zta_change *change)
{
    const struct zta_keyset_record records[] = {
        {.name = ZTA_TEXT("corp"),
         .url = ZTA_TEXT("https://idp.example.com"),
         .keys = ZTA_TEXT("discover"),
         .jwks_uri = ZTA_TEXT("https://idp.example.com/jwks"),
         .jwks = ZTA_TEXT("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k1\",\"alg\":\"RS256\"}]}"),
         .stale_s = DAY_S,
         .fetched_s = FIXTURE_NOW_S - HOUR_S / 6,
         .good_until_s = FIXTURE_NOW_S + HOUR_S,
         .attempted_s = FIXTURE_NOW_S - HOUR_S / 6,
         .next_s = FIXTURE_NOW_S + HOUR_S / 2},
        {.name = ZTA_TEXT("partner"),
         .url = ZTA_TEXT("https://login.partner.example"),
         .keys = ZTA_TEXT("discover"),
         .error = ZTA_TEXT("login.partner.example: connection refused"),
         .stale_s = DAY_S,
         .attempted_s = FIXTURE_NOW_S - 20,
         .next_s = FIXTURE_NOW_S + 40,
         .n_failures = 12},
    };
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        need(zta_keyset_put(change, &records[i]), "an issuer");
    }
}

static void put_state(const char *dir, uint32_t n_sessions)
{
    struct zta_store *store = open_as(dir, ZTA_STORE_HELPER);
    struct zta_change *change = begin(store);
    put_issuers(change);
    put_events(change);
    put_published(change);
    put_logout(change);
    need(fill_adaptive(change), "risk, measures and signals");
    need(fill_inputs(change, people, N_PEOPLE, FIXTURE_NOW_S), "what is recorded of credentials");
    need(zta_key_use_put(change, "billing00001", FIXTURE_NOW_S - 4, 48211), "use of a key");
    need(zta_key_use_put(change, "metrics00002", FIXTURE_NOW_S - 51, 120877), "use of a key");
    need(zta_key_use_put(change, "partner00003", FIXTURE_NOW_S - 3 * DAY_S, 911), "use of a key");
    need(zta_key_use_put(change, "oldci0000005", FIXTURE_NOW_S - 61 * DAY_S, 7020), "use of a key");
    commit(&change);
    put_sessions(store, n_sessions);
    zta_store_close(&store);
}

/* ---- what operators did ---- */

static const struct {
    const char *id;
    const char *name;
    const char *owner;
    const char *scope;
    int64_t age_s;
    int64_t left_s; /* 0: never expires */
    int64_t revoked_ago_s;
} keys[] = {
    {.id = "billing00001",
     .name = "billing",
     .owner = "finance",
     .scope = "orders.read",
     .age_s = 40 * DAY_S,
     .left_s = 50 * DAY_S},
    {.id = "metrics00002", .name = "metrics", .scope = "metrics.read", .age_s = 200 * DAY_S},
    {.id = "partner00003",
     .name = "partner-acme",
     .owner = "sales",
     .scope = "catalogue.read",
     .age_s = 80 * DAY_S,
     .left_s = 6 * DAY_S},
    {.id = "deploy000004",
     .name = "deploy",
     .owner = "platform",
     .scope = "admin.write",
     .age_s = 2 * DAY_S,
     .left_s = 28 * DAY_S},
    {.id = "oldci0000005",
     .name = "old-ci",
     .owner = "platform",
     .scope = "orders.write",
     .age_s = 151 * DAY_S,
     .left_s = -60 * DAY_S},
    {.id = "leaked000006",
     .name = "leaked-in-log",
     .owner = "platform",
     .scope = "orders.write",
     .age_s = 30 * DAY_S,
     .left_s = 60 * DAY_S,
     .revoked_ago_s = 2 * HOUR_S},
};

static void put_keys(struct zta_change *change)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct zta_key key = {
            .name = zta_text_of(keys[i].name),
            .owner = zta_text_of(keys[i].owner),
            .scopes = {zta_text_of(keys[i].scope)},
            .n_scopes = 1,
            .created_s = FIXTURE_NOW_S - keys[i].age_s,
            .expires_s = keys[i].left_s == 0 ? 0 : FIXTURE_NOW_S + keys[i].left_s,
            .author = ZTA_TEXT("root"),
        };
        (void)snprintf(key.id, sizeof key.id, "%s", keys[i].id);
        if (keys[i].revoked_ago_s != 0) {
            key.revoked_s = FIXTURE_NOW_S - keys[i].revoked_ago_s;
            key.reason = ZTA_TEXT("its secret was in a build log");
        }
        need(zta_key_put(change, &key), "keys");
    }
}

static const struct {
    int64_t ago_s;
    const char *who;
    const char *action;
    const char *target;
    const char *before;
    const char *after;
    const char *reason;
} actions[] = {
    {.ago_s = 200 * DAY_S - 60,
     .who = "root",
     .action = "keys create",
     .target = "key metrics00002 (metrics)",
     .after = "name metrics scope metrics.read"},
    {.ago_s = 40 * DAY_S,
     .who = "dana",
     .action = "keys create",
     .target = "key billing00001 (billing)",
     .after = "name billing scope orders.read expires 2027-03-06T08:00:00Z"},
    {.ago_s = 8 * DAY_S,
     .who = "dana",
     .action = "unrevoke",
     .target = "client search@corp",
     .before = "revoked up to 2027-01-03T06:00:00Z",
     .reason = "its new version is out"},
    {.ago_s = 2 * DAY_S,
     .who = "kim",
     .action = "keys create",
     .target = "key deploy000004 (deploy)",
     .after = "name deploy scope admin.write",
     .reason = "new pipeline"},
    {.ago_s = 2 * HOUR_S,
     .who = "kim",
     .action = "keys revoke",
     .target = "key leaked000006 (leaked-in-log)",
     .reason = "its secret was in a build log"},
    {.ago_s = HOUR_S,
     .who = "dana",
     .action = "block",
     .target = "203.0.113.0/24",
     .after = "blocked until 2027-01-15T11:00:00Z",
     .reason = "credential stuffing"},
    {.ago_s = 42 * MINUTE_S,
     .who = "sam",
     .action = "revoke",
     .target = "subject mallory@corp",
     .reason = "laptop stolen \x1b[31mred"},
    {.ago_s = VICTOR_AGO_S,
     .who = "sam",
     .action = "revoke",
     .target = "subject victor@corp",
     .reason = "two countries at once"},
    {.ago_s = TROUBLE_S + 3,
     .who = "kim",
     .action = "unrevoke",
     .target = "client shop-app@corp",
     .before = "revoked up to 2027-01-14T18:00:00Z",
     .reason = "the old app is back, ticket 8123"},
};

static void put_actions(struct zta_change *change)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        struct zta_audit_entry entry = {
            .time_ns = (FIXTURE_NOW_S - actions[i].ago_s) * ZTA_NS_PER_S,
            .uid = 1000 + (uint32_t)i % 3,
            .login = zta_text_of(actions[i].who),
            .tty = ZTA_TEXT("/dev/pts/3"),
            .action = zta_text_of(actions[i].action),
            .target = zta_text_of(actions[i].target),
            .before = zta_text_of(actions[i].before),
            .after = zta_text_of(actions[i].after),
            .reason = zta_text_of(actions[i].reason),
        };
        need(zta_audit_append(change, &entry), "audit");
    }
}

/* Seconds that the store takes for now. */
static void set_clock(int64_t time_s)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)time_s);
    (void)setenv("ZTA_TEST_CLOCK", text, 1);
}

static void put_revocation(struct zta_store *store)
{
    set_clock(FIXTURE_NOW_S - VICTOR_AGO_S);
    struct zta_change *change = begin(store);
    const struct zta_revocation record = {.kind = ZTA_REVOKE_SUBJECT,
                                          .issuer = ZTA_TEXT("corp"),
                                          .subject = ZTA_TEXT("victor"),
                                          .watermark_s = FIXTURE_NOW_S - VICTOR_AGO_S,
                                          .reason = ZTA_TEXT("two countries at once"),
                                          .author = ZTA_TEXT("sam"),
                                          .action_id = 9};
    need(zta_revocation_put(change, &record), "a revocation");
    commit(&change);
}

static void put_devices(struct zta_change *change)
{
    static const struct {
        const char *id;
        const char *owner;
        uint8_t known;
        uint8_t yes;
        const char *os;
        const char *version;
    } devices[] = {
        {"laptop-0042", "alice", 22, 22, "macos", "14.2.1"},
        {"laptop-0077", "bob", 22, 2, "windows", "10.0.19045"},
        {"phone-913", "dana", 2, 0, "ios", "17.1"},
        {"printer-1", NULL, 0, 0, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        const bool is_owned = devices[i].owner != NULL;
        const struct zta_device device = {
            .id = zta_text_of(devices[i].id),
            .issuer = is_owned ? ZTA_TEXT("corp") : (struct zta_text){.data = NULL},
            .subject = zta_text_of(devices[i].owner),
            .traits = {.known = devices[i].known, .yes = devices[i].yes},
            .os = zta_text_of(devices[i].os),
            .os_version = zta_text_of(devices[i].version),
            .author = ZTA_TEXT("kim"),
            .action_id = 5,
        };
        bool is_changed = false;
        need(zta_device_put(change, &device, &is_changed), "a device");
    }
}

static void put_policy(const char *dir)
{
    struct zta_store *store = open_as(dir, ZTA_STORE_OPERATOR);
    struct zta_change *change = begin(store);
    struct zta_error error = {.text = ""};
    struct zta_block block = {.kind = ZTA_BLOCK_NETWORK,
                              .until_s = FIXTURE_NOW_S + 3 * HOUR_S,
                              .created_ns = (FIXTURE_NOW_S - HOUR_S) * ZTA_NS_PER_S,
                              .reason = ZTA_TEXT("credential stuffing"),
                              .author = ZTA_TEXT("dana"),
                              .action_id = 7};
    need(zta_cidr_parse(ZTA_TEXT("203.0.113.0/24"), &block.network, &error), "network");
    need(zta_block_put(change, &block), "block");
    put_keys(change);
    put_devices(change);
    put_actions(change);
    commit(&change);
    put_revocation(store);
    zta_store_close(&store);
}

/* Behind all else, for the store's time never goes back. */
static void put_versions(const char *dir)
{
    struct zta_store *store = open_as(dir, ZTA_STORE_OPERATOR);
    for (size_t i = 0; i < FILL_VERSIONS; i++) {
        set_clock(FIXTURE_NOW_S - fill_version_ago_s(i));
        struct zta_change *change = begin(store);
        need(fill_version(change, i), "a version");
        commit(&change);
    }
    zta_store_close(&store);
}

static void put_fleet(const char *dir)
{
    struct zta_error error = {.text = ""};
    struct zta_store *store = open_as(dir, ZTA_STORE_OPERATOR);
    set_clock(FIXTURE_NOW_S);
    need(fill_fleet(dir, store, FIXTURE_NOW_S, &error), error.text);
    zta_store_close(&store);
}

int main(int argc, char **argv)
{
    struct zta_error error = {.text = ""};
    const struct zta_store_owners owners = {
        .owner = geteuid(), .group = getegid(), .httpd = geteuid()};
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: fill_store DIR [SESSIONS|none|hostile|versions|fleet]\n");
        return 2;
    }
    /* Beside the store itself, nothing asks the clock here. */
    set_clock(FIXTURE_NOW_S - 201 * DAY_S);
    need(zta_store_init(argv[1], &owners, 0, &error), error.text);
    if (argc == 3 && strcmp(argv[2], "none") == 0) {
        return 0;
    }
    if (argc == 3 && strcmp(argv[2], "hostile") == 0) {
        hostile_store_fill(argv[1], FIXTURE_NOW_S * ZTA_NS_PER_S);
        return 0;
    }
    put_policy(argv[1]);
    const bool has_versions = argc == 3 && strcmp(argv[2], "versions") == 0;
    const bool has_fleet = argc == 3 && strcmp(argv[2], "fleet") == 0;
    put_state(argv[1], argc == 3 && !has_versions && !has_fleet
                           ? (uint32_t)strtoul(argv[2], NULL, 10)
                           : SESSIONS);
    if (has_versions) {
        put_versions(argv[1]);
    }
    if (has_fleet) {
        put_fleet(argv[1]);
    }
    return 0;
}

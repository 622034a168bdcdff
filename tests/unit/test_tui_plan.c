/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a change hits, counted in parts: sessions, and what they asked for in the last hour. */
#include "admin-tui/hits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"
#include "shared/store/sessions.h"
#include "tests/unit/scratch_store.h"

#define N_SESSIONS 5000
#define N_EVENTS   3000 /* of sessions 1 to 5, one after the other */
#define REPEATED   7
#define APART      11

static struct scratch_store scratch;
static uint64_t asked[6]; /* weights of the last hour, by session */
static uint64_t let_in[6];

static void put_repeat(struct zta_change *change, int64_t now_ns, bool is_various, uint64_t n)
{
    const struct scratch_event wanted = {
        .number = N_EVENTS + 1 + is_various, .time_ns = now_ns, .session = 2};
    struct zta_repeat repeat = {.is_various = is_various, .first_ns = now_ns, .last_ns = now_ns};
    scratch_event_make(&wanted, &repeat.event);
    zta_repeat_key_make(&repeat.event, is_various, &repeat.key);
    repeat.n = n;
    assert_int_equal(zta_repeat_put(change, &repeat), ZTA_OK);
}

/* A third is older than an hour, each second is allowed, each fourth stands for three. */
static void put_events(struct zta_change *change)
{
    static struct zta_event events[N_EVENTS];
    static struct zta_event_row rows[N_EVENTS];
    const int64_t now_ns = zta_clock_real_ns();
    const struct zta_event_key segment = {.segment_created_ns = 5, .segment_id = 9};
    const struct zta_events_progress progress = {.cursor = N_EVENTS};
    for (uint32_t i = 0; i < N_EVENTS; i++) {
        const bool is_old = i < N_EVENTS / 3;
        const uint32_t session = i % 5 + 1;
        const struct scratch_event wanted = {
            .number = i,
            .time_ns = now_ns - (is_old ? 7200 : 1200) * ZTA_NS_PER_S,
            .session = session,
            .source = session,
            .outcome = i % 2 == 0 ? (uint8_t)ZTA_OUTCOME_ALLOW : (uint8_t)ZTA_OUTCOME_DENY};
        scratch_event_make(&wanted, &events[i]);
        rows[i] = (struct zta_event_row){
            .event = &events[i], .sequence = i, .weight = i % 4 == 0 ? 3 : 1};
        asked[session] += is_old ? 0 : rows[i].weight;
        let_in[session] += is_old || i % 2 != 0 ? 0 : rows[i].weight;
    }
    assert_int_equal(zta_events_append_rows(change, &segment, rows, N_EVENTS, &progress), ZTA_OK);
    put_repeat(change, now_ns, false, REPEATED);
    put_repeat(change, now_ns, true, APART);
    asked[2] += REPEATED;
}

static int open_store(void **state)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, 0);
    assert_int_equal(zta_change_begin(scratch.store, "test", &change, &error), ZTA_OK);
    for (uint32_t i = 1; i <= N_SESSIONS; i++) {
        struct zta_session session;
        memset(&session, 0, sizeof session);
        scratch_session_id(i, session.id);
        session.kind = i % 2 == 0 ? ZTA_SESSION_SID : ZTA_SESSION_AUTH_TIME;
        session.credential = ZTA_CREDENTIAL_TOKEN;
        session.last_s = i;
        session.expires_s = i % 5 == 0 ? 1 : 0;
        (void)snprintf(session.issuer, sizeof session.issuer, "corp");
        (void)snprintf(session.subject, sizeof session.subject, "user%u", (unsigned)(i % 3));
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
    put_events(change);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    return 0;
}

static int close_store(void **state)
{
    scratch_store_close(&scratch);
    return 0;
}

static struct ctl_target session_of(uint32_t number, enum zta_session_kind kind)
{
    struct ctl_target target = {.record = {.kind = ZTA_REVOKE_SESSION, .session_kind = kind}};
    scratch_session_id(number, target.record.session);
    target.record.issuer = ZTA_TEXT("corp");
    target.record.subject = ZTA_TEXT("user1");
    return target;
}

/* Returns in how many parts. */
static int count_all(const struct ctl_target *targets, size_t n, const struct zta_block *block,
                     struct ctl_hits *hits)
{
    const struct ctl_sought sought = {
        .targets = targets, .n_targets = n, .blocks = block, .n_blocks = block != NULL};
    struct ctl_hits_walk walk = {.has_begun = false};
    int parts = 0;
    int percent = 0;
    for (; !walk.is_done; parts++) {
        assert_int_equal(ctl_hits_count_part(scratch.store, &sought, &walk, hits), ZTA_OK);
        const int now = ctl_hits_percent(&walk, N_SESSIONS);
        assert_true(now >= percent && now <= 100);
        percent = now;
    }
    return parts;
}

static void sessions_of_a_subject_or_a_login_are_counted_in_parts(void **state)
{
    struct ctl_hits hits;
    const struct ctl_target subject = {.record = {.kind = ZTA_REVOKE_SUBJECT,
                                                  .issuer = ZTA_TEXT("corp"),
                                                  .subject = ZTA_TEXT("user2")}};
    assert_true(count_all(&subject, 1, NULL, &hits) > 3);
    assert_int_equal(hits.n + hits.n_expired, 1667);
    assert_true(hits.n_expired > 300);
    assert_int_equal(hits.n_requests, 0);
    /* A login hits the other logins of the same names. */
    const struct ctl_target login = session_of(1, ZTA_SESSION_AUTH_TIME);
    assert_true(count_all(&login, 1, NULL, &hits) > 3);
    assert_true(hits.n > 600);
}

static void sessions_by_their_sid_need_no_walk(void **state)
{
    struct ctl_hits hits;
    const struct ctl_target both[] = {session_of(2, ZTA_SESSION_SID),
                                      session_of(10, ZTA_SESSION_SID),
                                      session_of(N_SESSIONS + 1, ZTA_SESSION_SID)};
    /* One for them, and two for the requests, of which the oldest are not looked at. */
    assert_int_equal(count_all(both, 3, NULL, &hits), 3);
    assert_int_equal(hits.n, 1);
    assert_int_equal(hits.n_expired, 1);
    assert_int_equal(hits.last_s, 10);
}

static void assert_requests(const struct ctl_hits *hits, uint64_t n, uint64_t n_allowed)
{
    assert_int_equal(hits->n_requests, n);
    assert_int_equal(hits->n_allowed, n_allowed);
    assert_int_equal(hits->n_apart, APART);
    assert_int_equal(hits->since_s, 0);
}

static void requests_of_the_last_hour_are_counted_by_their_weights(void **state)
{
    struct ctl_hits hits;
    const struct ctl_target sessions[] = {session_of(2, ZTA_SESSION_SID),
                                          session_of(3, ZTA_SESSION_SID)};
    (void)count_all(sessions, 1, NULL, &hits);
    assert_true(asked[2] > 400);
    assert_requests(&hits, asked[2], let_in[2]);
    (void)count_all(sessions, 2, NULL, &hits);
    assert_requests(&hits, asked[2] + asked[3], let_in[2] + let_in[3]);
    const struct ctl_target subject = {.record = {.kind = ZTA_REVOKE_SUBJECT,
                                                  .issuer = ZTA_TEXT("corp"),
                                                  .subject = ZTA_TEXT("user-4@example.com")}};
    (void)count_all(&subject, 1, NULL, &hits);
    assert_requests(&hits, asked[4], let_in[4]);
    struct zta_block block = {.kind = ZTA_BLOCK_NETWORK};
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("10.0.0.4/31"), &block.network, NULL), ZTA_OK);
    (void)count_all(NULL, 0, &block, &hits);
    assert_requests(&hits, asked[4] + asked[5], let_in[4] + let_in[5]);
}

static void what_is_said_names_both_and_what_is_not_counted(void **state)
{
    static const struct {
        struct ctl_hits hits;
        const char *text;
    } cases[] = {
        {{.has_sessions = true},
         "hits no session that was seen so far; no request of the last hour"},
        {{.has_sessions = true, .n = 312, .last_s = 1, .n_requests = 4108, .n_allowed = 4000},
         "hits 312 sessions, last seen 1970-01-01T00:00:01Z; 4108 requests of the last hour, 4000 "
         "of them allowed"},
        {{.n_requests = 1, .n_allowed = 1, .since_s = 1, .n_apart = 9},
         "hits 1 request of the last hour, 1 of them allowed; what came before "
         "1970-01-01T00:00:01Z is not counted; 9 refused ones of many sources are not told apart"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CTL_HITS_TEXT_MAX];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        ctl_hits_print(&cases[i].hits, &out);
        assert_string_equal(text, cases[i].text);
    }
}

/* A device's requests name it; its sessions are not known. */
static void of_a_device_only_requests_are_counted(void **state)
{
    struct ctl_hits hits;
    const struct ctl_target device = {
        .record = {.kind = ZTA_REVOKE_DEVICE, .device = ZTA_TEXT("nobody's")}};
    (void)count_all(&device, 1, NULL, &hits);
    assert_false(hits.has_sessions);
    assert_requests(&hits, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_of_a_subject_or_a_login_are_counted_in_parts),
        cmocka_unit_test(sessions_by_their_sid_need_no_walk),
        cmocka_unit_test(requests_of_the_last_hour_are_counted_by_their_weights),
        cmocka_unit_test(what_is_said_names_both_and_what_is_not_counted),
        cmocka_unit_test(of_a_device_only_requests_are_counted),
    };
    return cmocka_run_group_tests(tests, open_store, close_store);
}

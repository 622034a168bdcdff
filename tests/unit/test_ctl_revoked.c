/* SPDX-License-Identifier: Apache-2.0 */
/* By what ztactl and the console say a session is revoked, and until it is taken back. */
#include "admin-tui/revoked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/sessions.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/keys.h"
#include "shared/store/measures.h"
#include "tests/unit/store_fixture.h"

#define T INT64_C(1900000000) /* first seen, of most sessions */

#define KEY_ID     "abcdefghijkl"
#define DEAD_ID    "mnopqrstuvwx"
#define LONG_NAMES 159

static struct store_fixture fixture;

static int setup(void **state)
{
    store_fixture_make(&fixture);
    return 0;
}

static int teardown(void **state)
{
    store_fixture_remove(&fixture);
    return 0;
}

static void change(enum zta_status (*fn)(struct zta_change *, const struct zta_revocation *),
                   const struct zta_revocation *record)
{
    struct zta_error error = {.text = ""};
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *begun = store_begin(store, "test");
    assert_int_equal(fn(begun, record), ZTA_OK);
    assert_int_equal(zta_change_commit(&begun, &error), ZTA_OK);
    zta_store_close(&store);
}

static void put_key(const char *id, const char *name, int64_t revoked_s)
{
    struct zta_error error = {.text = ""};
    struct zta_key key = {.name = zta_text_of(name),
                          .owner = ZTA_TEXT("build"),
                          .created_s = T - 10,
                          .revoked_s = revoked_s,
                          .reason = zta_text_of(revoked_s == 0 ? NULL : "in a log")};
    (void)snprintf(key.id, sizeof key.id, "%s", id);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *begun = store_begin(store, "test");
    assert_int_equal(zta_key_put(begun, &key), ZTA_OK);
    assert_int_equal(zta_change_commit(&begun, &error), ZTA_OK);
    zta_store_close(&store);
}

/* A logout: with sid of that session, else of all logins of the subject up to T. */
static void put_signal(const char *sid, const char *subject)
{
    static uint64_t letter;
    struct zta_error error = {.text = ""};
    const struct zta_signal_delivery delivery = {.letter = ++letter,
                                                 .now_ns = (T + 7) * ZTA_NS_PER_S};
    struct zta_signal_message message = {
        .signal = {.kind = sid != NULL ? ZTA_SIGNAL_SESSION : ZTA_SIGNAL_SUBJECT,
                   .issuer = ZTA_TEXT("corp"),
                   .sid = zta_text_of(sid),
                   .subject = zta_text_of(subject),
                   .watermark_s = T},
        .expires_s = T + 100,
    };
    zta_sha256(&letter, sizeof letter, &message.id);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *begun = store_begin(store, "test");
    assert_int_equal(zta_signal_put(begun, &message, &delivery), ZTA_OK);
    assert_int_equal(zta_change_commit(&begun, &error), ZTA_OK);
    zta_store_close(&store);
}

/* Alice at corp through app: first seen at T, let in then. */
static struct zta_session alice(enum zta_session_kind kind)
{
    struct zta_session session = {.kind = kind,
                                  .credential = ZTA_CREDENTIAL_TOKEN,
                                  .first_s = T,
                                  .last_s = T,
                                  .n_requests = 1,
                                  .last_reason = ZTA_REASON_OK,
                                  .issuer = "corp",
                                  .subject = "alice",
                                  .client = "app"};
    memset(session.id, 5, sizeof session.id);
    memset(session.token_id, 6, sizeof session.token_id);
    zta_login_tag_make(ZTA_TEXT("corp"), ZTA_TEXT("s-1"), ZTA_TEXT("alice"), &session.login);
    return session;
}

static struct zta_session of_key(const char *id, const char *name)
{
    struct zta_session session = alice(ZTA_SESSION_APIKEY);
    struct zta_key key = {.name = zta_text_of(name), .owner = ZTA_TEXT("build")};
    struct zta_identity identity;
    (void)snprintf(key.id, sizeof key.id, "%s", id);
    assert_int_equal(zta_key_identify(&key, &identity), ZTA_OK);
    session.credential = ZTA_CREDENTIAL_APIKEY;
    memcpy(session.id, identity.session, sizeof session.id);
    memset(session.token_id, 0, sizeof session.token_id);
    memset(&session.login, 0, sizeof session.login);
    (void)snprintf(session.issuer, sizeof session.issuer, "local");
    (void)snprintf(session.subject, sizeof session.subject, "build");
    (void)snprintf(session.apikey, sizeof session.apikey, "%s", name);
    session.client[0] = '\0';
    return session;
}

static const char *by(const struct zta_session *session)
{
    static char found[CTL_REVOKED_MAX];
    struct ctl_revoking revoking = {.n_keys = 0};
    struct zta_view *view = NULL;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(ctl_revoking_load(view, &revoking), ZTA_OK);
    assert_int_equal(ctl_revoked_by(view, &revoking, session, found), ZTA_OK);
    ctl_revoking_clear(&revoking);
    zta_view_end(&view);
    zta_store_close(&store);
    return found;
}

static void hold(enum zta_measure_kind kind, enum zta_target_kind target, uint8_t session)
{
    struct zta_error error = {.text = ""};
    struct zta_measure_placed placed;
    struct zta_measure measure = {
        .kind = kind,
        .source = ZTA_MEASURE_OF_RULE,
        .target = {.kind = target},
        .rule = ZTA_TEXT("greedy"),
        .reason = ZTA_TEXT("requests"),
        .created_ns = (T + 10) * ZTA_NS_PER_S,
        .for_s = 900,
        .max_age_s = -1,
    };
    if (target == ZTA_TARGET_SUBJECT) {
        measure.target.issuer = ZTA_TEXT("corp");
        measure.target.name = ZTA_TEXT("alice");
    }
    else {
        memset(measure.target.session, session, sizeof measure.target.session);
    }
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *begun = store_begin(store, "test");
    assert_int_equal(zta_measure_put(begun, &measure, &placed), ZTA_OK);
    assert_int_equal(zta_change_commit(&begun, &error), ZTA_OK);
    zta_store_close(&store);
}

static void measures_that_hold_are_told_and_revocations_before_them(void **state)
{
    struct zta_session session = alice(ZTA_SESSION_SID);
    struct zta_session other = alice(ZTA_SESSION_SID);
    struct zta_session newer = alice(ZTA_SESSION_SID);
    memset(other.id, 8, sizeof other.id);
    memset(newer.id, 9, sizeof newer.id);
    newer.first_s = newer.last_s = T + 20;
    assert_string_equal(by(&session), "");
    hold(ZTA_MEASURE_STEP_UP, ZTA_TARGET_SUBJECT, 0);
    assert_string_equal(by(&session), "step-up m1");
    assert_string_equal(by(&newer), ""); /* it has logged in since */
    hold(ZTA_MEASURE_QUARANTINE, ZTA_TARGET_SESSION, 5);
    assert_string_equal(by(&session), "by quarantine m2");
    assert_string_equal(by(&other), "step-up m1");
    put_signal(NULL, "alice");
    assert_string_equal(by(&session), "by signal");
}

/* A record of that kind about alice and her session, or about the key; logins up to watermark_s. */
static struct zta_revocation about(enum zta_revocation_kind kind, const struct zta_session *session,
                                   int64_t watermark_s)
{
    struct zta_revocation record = {.kind = kind,
                                    .session_kind = session->kind,
                                    .issuer = zta_text_of(session->issuer),
                                    .apikey_id = ZTA_TEXT(KEY_ID),
                                    .watermark_s = watermark_s};
    record.subject = zta_text_of(session->subject);
    record.client = zta_text_of(session->client[0] == '\0' ? NULL : session->client);
    memcpy(record.session, session->id, sizeof record.session);
    memcpy(record.token_id.bytes, session->token_id, sizeof session->token_id);
    return record;
}

struct scene {
    enum zta_session_kind session;
    enum zta_revocation_kind kind;
    int64_t up_to_s; /* the watermark, from T on */
    const char *by;
};

static void each_kind_is_said_until_it_is_taken_back(void **state)
{
    static const struct scene scenes[] = {
        {ZTA_SESSION_SID, ZTA_REVOKE_SESSION, -1000, "by session"},
        {ZTA_SESSION_CNF, ZTA_REVOKE_SESSION, 0, "by session"},
        {ZTA_SESSION_CNF, ZTA_REVOKE_SESSION, -1, ""},
        {ZTA_SESSION_AUTH_TIME, ZTA_REVOKE_SESSION, 0, "by session"},
        {ZTA_SESSION_AUTH_TIME, ZTA_REVOKE_SESSION, -1, ""},
        {ZTA_SESSION_SID, ZTA_REVOKE_TOKEN, -1000, "by token"},
        {ZTA_SESSION_SID, ZTA_REVOKE_SUBJECT, 0, "by subject"},
        {ZTA_SESSION_SID, ZTA_REVOKE_SUBJECT, -1, ""},
        {ZTA_SESSION_SID, ZTA_REVOKE_CLIENT, 0, "by client"},
        {ZTA_SESSION_SID, ZTA_REVOKE_CLIENT, -1, ""},
        {ZTA_SESSION_SID, ZTA_REVOKE_ISSUER, 0, "by issuer"},
        {ZTA_SESSION_SID, ZTA_REVOKE_ISSUER, -1, ""},
        /* What does not say when its login was is refused whenever that was. */
        {ZTA_SESSION_TOKEN, ZTA_REVOKE_SESSION, -1, "by session"},
        {ZTA_SESSION_TOKEN, ZTA_REVOKE_SUBJECT, -1, "by subject"},
    };
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        const struct zta_session session = alice(scenes[i].session);
        const struct zta_revocation record = about(scenes[i].kind, &session, T + scenes[i].up_to_s);
        assert_string_equal(by(&session), "");
        change(zta_revocation_put, &record);
        assert_string_equal(by(&session), scenes[i].by);
        change(zta_revocation_remove, &record);
        assert_string_equal(by(&session), "");
    }
}

static void others_are_not_hit(void **state)
{
    static const enum zta_revocation_kind kinds[] = {ZTA_REVOKE_SESSION, ZTA_REVOKE_SUBJECT,
                                                     ZTA_REVOKE_CLIENT, ZTA_REVOKE_ISSUER,
                                                     ZTA_REVOKE_TOKEN};
    struct zta_session other = alice(ZTA_SESSION_SID);
    other.id[3] ^= 1;
    other.token_id[3] ^= 1;
    (void)snprintf(other.issuer, sizeof other.issuer, "partner");
    const struct zta_session session = alice(ZTA_SESSION_SID);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct zta_revocation record = about(kinds[i], &session, T + 100);
        change(zta_revocation_put, &record);
    }
    assert_string_equal(by(&session), "by session");
    assert_string_equal(by(&other), "");
    other = alice(ZTA_SESSION_SID);
    other.id[3] ^= 1;
    assert_string_equal(by(&other), "by token");
    other.token_id[3] ^= 1;
    assert_string_equal(by(&other), "by subject");
    other.subject[0] = 'A';
    assert_string_equal(by(&other), "by client");
    other.client[0] = '\0';
    assert_string_equal(by(&other), "by issuer");
}

static void api_keys_are_found_by_their_session(void **state)
{
    put_key(KEY_ID, "ci", 0);
    put_key(DEAD_ID, "old", T);
    for (unsigned i = 0; i < 100; i++) {
        char id[ZTA_KEY_ID_LEN + 1];
        (void)snprintf(id, sizeof id, "other%07u", i);
        put_key(id, id, 0);
    }
    const struct zta_session living = of_key(KEY_ID, "ci");
    const struct zta_session dead = of_key(DEAD_ID, "old");
    assert_string_equal(by(&living), "");
    assert_string_equal(by(&dead), "by key");
    static const struct {
        enum zta_revocation_kind kind;
        const char *by;
    } scenes[] = {{ZTA_REVOKE_APIKEY, "by key"},
                  {ZTA_REVOKE_SESSION, "by session"},
                  {ZTA_REVOKE_SUBJECT, "by subject"},
                  {ZTA_REVOKE_ISSUER, "by issuer"}};
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        /* A key knows no login: it is refused until that is taken back. */
        const struct zta_revocation record = about(scenes[i].kind, &living, T - 5);
        change(zta_revocation_put, &record);
        assert_string_equal(by(&living), scenes[i].by);
        assert_string_equal(by(&dead), "by key");
        change(zta_revocation_remove, &record);
        assert_string_equal(by(&living), "");
    }
}

static void a_login_is_judged_by_what_came_of_its_requests(void **state)
{
    static const struct {
        enum zta_session_kind kind;
        enum zta_credential credential;
        int64_t first_s; /* from T on, which is the watermark */
        int64_t last_s;
        enum zta_reason reason;
        uint64_t n_denied; /* of two */
        bool is_before;
    } scenes[] = {
        /* Seen late, and never let in: it logged in before. */
        {ZTA_SESSION_SID, ZTA_CREDENTIAL_TOKEN, 5, 9, ZTA_REASON_REVOKED, 2, true},
        {ZTA_SESSION_SID, ZTA_CREDENTIAL_TOKEN, 5, 9, ZTA_REASON_REVOKED, 1, false},
        {ZTA_SESSION_SID, ZTA_CREDENTIAL_TOKEN, 5, 9, ZTA_REASON_NO_RULE, 2, false},
        /* Let in since: a new login of the same sid or key. */
        {ZTA_SESSION_SID, ZTA_CREDENTIAL_TOKEN, -5, 10, ZTA_REASON_OK, 0, true},
        {ZTA_SESSION_SID, ZTA_CREDENTIAL_TOKEN, -5, 11, ZTA_REASON_OK, 0, false},
        {ZTA_SESSION_CNF, ZTA_CREDENTIAL_TOKEN, -5, 11, ZTA_REASON_INSUFFICIENT_SCOPE, 1, false},
        {ZTA_SESSION_CNF, ZTA_CREDENTIAL_TOKEN, -5, 11, ZTA_REASON_EXPIRED_CREDENTIAL, 1, true},
        {ZTA_SESSION_CNF, ZTA_CREDENTIAL_TOKEN, -5, 11, ZTA_REASON_REVOKED, 1, true},
        /* One login, or none. */
        {ZTA_SESSION_AUTH_TIME, ZTA_CREDENTIAL_TOKEN, -5, 99, ZTA_REASON_OK, 0, true},
        {ZTA_SESSION_TOKEN, ZTA_CREDENTIAL_TOKEN, 5, 99, ZTA_REASON_OK, 0, true},
        {ZTA_SESSION_APIKEY, ZTA_CREDENTIAL_APIKEY, 5, 99, ZTA_REASON_OK, 0, true},
        {ZTA_SESSION_CNF, ZTA_CREDENTIAL_CERTIFICATE, 5, 99, ZTA_REASON_OK, 0, true},
    };
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        struct zta_session session = alice(scenes[i].kind);
        session.credential = scenes[i].credential;
        session.first_s = T + scenes[i].first_s;
        session.last_s = T + scenes[i].last_s;
        session.n_requests = 2;
        session.n_denied = scenes[i].n_denied;
        session.last_reason = (uint8_t)scenes[i].reason;
        assert_int_equal(ctl_session_is_before(&session, T), scenes[i].is_before);
    }
}

static void cut_names_are_nobodys(void **state)
{
    static const enum zta_revocation_kind kinds[] = {ZTA_REVOKE_SUBJECT, ZTA_REVOKE_SESSION};
    struct zta_session session = alice(ZTA_SESSION_CNF);
    memset(session.subject, 's', LONG_NAMES);
    assert_false(ctl_session_has_whole_names(&session));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct zta_revocation record = about(kinds[i], &session, T + 100);
        change(zta_revocation_put, &record);
        /* A login of nobody, through the same client. */
        record = about(ZTA_REVOKE_SESSION, &session, T + 100);
        record.subject = (struct zta_text){.data = NULL};
        change(zta_revocation_put, &record);
    }
    assert_string_equal(by(&session), "");
    session.last_reason = ZTA_REASON_REVOKED;
    assert_string_equal(by(&session), "refused as revoked");
    const struct zta_revocation token = about(ZTA_REVOKE_TOKEN, &session, T);
    change(zta_revocation_put, &token);
    assert_string_equal(by(&session), "by token");
    /* Of one with whole names, what was found is all there is. */
    session = alice(ZTA_SESSION_CNF);
    session.token_id[0] ^= 1;
    session.last_reason = ZTA_REASON_REVOKED;
    assert_string_equal(by(&session), "");
}

static bool print(void *context, const struct ctl_revoked_cause *cause)
{
    struct zta_buffer *out = context;
    ctl_revoked_print(cause, out);
    zta_buffer_string(out, cause->can_undo ? "\n" : ".\n");
    return true;
}

/* All revocations of a session, a line each. */
static const char *all_of(const struct zta_session *session)
{
    static char text[2048];
    struct ctl_revoking revoking = {.n_keys = 0};
    struct zta_view *view = NULL;
    struct zta_buffer out;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    zta_buffer_init(&out, text, sizeof text);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(ctl_revoking_load(view, &revoking), ZTA_OK);
    assert_int_equal(ctl_revoked_each(view, &revoking, session, print, &out), ZTA_OK);
    ctl_revoking_clear(&revoking);
    zta_view_end(&view);
    zta_store_close(&store);
    return text;
}

/* The hybrid time of the store is later than these times: what is compared stands around it. */
static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in:\n%s", part, text);
    }
}

static void all_revocations_are_listed_with_when_by_whom_and_why(void **state)
{
    struct zta_session session = alice(ZTA_SESSION_SID);
    assert_string_equal(all_of(&session), "");
    put_signal("s-1", NULL);
    assert_string_equal(by(&session), "by signal");
    put_signal(NULL, "alice");
    struct zta_revocation record = about(ZTA_REVOKE_SUBJECT, &session, T);
    record.author = ZTA_TEXT("sam");
    record.reason = ZTA_TEXT("stolen");
    record.action_id = 12;
    change(zta_revocation_put, &record);
    record = about(ZTA_REVOKE_ISSUER, &session, T - 1);
    change(zta_revocation_put, &record);
    assert_string_equal(by(&session), "by subject");
    const char *text = all_of(&session);
    assert_has(text, "by subject alice@corp, 20");
    assert_has(text,
               "Z, by sam, action 12: stolen\nby signal, a logout of its session, 2030-03-17");
    assert_has(text, "\nby signal, a logout of its subject's logins up to 2030-03-17T17:46:40Z\n");
    assert_null(strstr(text, "issuer"));
    /* The same names, seen later: the login is another. */
    session.first_s = T + 1;
    zta_login_tag_make(ZTA_TEXT("corp"), ZTA_TEXT("s-2"), ZTA_TEXT("alice"), &session.login);
    assert_string_equal(by(&session), "");
    assert_string_equal(all_of(&session), "");
    put_key(DEAD_ID, "old", T);
    session = of_key(DEAD_ID, "old");
    assert_string_equal(all_of(&session),
                        "by key mnopqrstuvwx for good, 2030-03-17T17:46:40Z: in a log.\n");
}

static void a_login_is_taken_back_by_any_of_its_sessions(void **state)
{
    const struct zta_session revoked = alice(ZTA_SESSION_CNF);
    struct zta_session other = revoked;
    other.id[0] ^= 1;
    const struct zta_revocation record = about(ZTA_REVOKE_SESSION, &revoked, T);
    change(zta_revocation_put, &record);
    assert_string_equal(by(&other), "by session");
    assert_has(all_of(&other), "by session 04050505");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(measures_that_hold_are_told_and_revocations_before_them,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(each_kind_is_said_until_it_is_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(others_are_not_hit, setup, teardown),
        cmocka_unit_test_setup_teardown(api_keys_are_found_by_their_session, setup, teardown),
        cmocka_unit_test(a_login_is_judged_by_what_came_of_its_requests),
        cmocka_unit_test_setup_teardown(cut_names_are_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(all_revocations_are_listed_with_when_by_whom_and_why, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_login_is_taken_back_by_any_of_its_sessions, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which sessions ztactl shows as revoked by signal, and which signals an operator lifts. */
#include "admin-tui/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "shared/decision.h"
#include "tests/unit/store_fixture.h"

#define NOW_S INT64_C(1900000000)

enum {
    MANY = 200
};

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

static struct zta_signal signal_of(const char *sid, const char *subject)
{
    return (struct zta_signal){
        .kind = sid == NULL       ? ZTA_SIGNAL_SUBJECT
                : subject == NULL ? ZTA_SIGNAL_SESSION
                                  : ZTA_SIGNAL_SUBJECT_SESSION,
        .issuer = ZTA_TEXT("corp"),
        .sid = zta_text_of(sid),
        .subject = zta_text_of(subject),
        .watermark_s = NOW_S,
    };
}

static void put(struct zta_change *change, const char *sid, const char *subject)
{
    static uint64_t letter;
    const struct zta_signal_delivery delivery = {.letter = ++letter, .now_ns = 1000};
    struct zta_signal_message message = {.signal = signal_of(sid, subject),
                                         .expires_s = NOW_S + 100};
    zta_sha256(&letter, sizeof letter, &message.id);
    assert_int_equal(zta_signal_put(change, &message, &delivery), ZTA_OK);
}

static struct zta_session session_of(const char *sid, const char *subject, int64_t first_s)
{
    struct zta_session session = {.first_s = first_s, .last_reason = ZTA_REASON_OK};
    zta_login_tag_make(ZTA_TEXT("corp"), zta_text_of(sid), zta_text_of(subject), &session.login);
    return session;
}

static void load(struct ctl_signals *signals)
{
    struct zta_view *view = NULL;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(ctl_signals_load(view, signals), ZTA_OK);
    zta_view_end(&view);
}

static void sessions_that_a_signal_names_have_ended(void **state)
{
    static const struct {
        const char *sid;
        const char *subject;
        int64_t first_s;
        bool has_ended;
    } cases[] = {
        {"s-1", "alice", NOW_S + 9, true},  {"s-1", NULL, NOW_S + 9, true},
        {"s-2", "alice", NOW_S + 9, true},  {"s-2", "bob", NOW_S + 9, false},
        {"s-2", NULL, NOW_S + 9, false},    {"s-3", "alice", NOW_S + 9, false},
        {"s-3", "carol", NOW_S, true},      {NULL, "carol", NOW_S - 1, true},
        {"s-3", "carol", NOW_S + 1, false}, {NULL, NULL, 0, false},
    };
    struct ctl_signals signals = {.n = 0};
    struct zta_session session = session_of("s-1", "alice", 0);
    assert_false(ctl_signals_have_ended(&signals, &session));
    struct zta_change *change = store_begin(helper, "test");
    struct zta_error error = {.text = ""};
    char name[16];
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "other-%u", i);
        put(change, name, NULL);
    }
    put(change, "s-1", NULL);
    put(change, "s-2", "alice");
    put(change, NULL, "carol");
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    load(&signals);
    load(&signals);
    assert_int_equal(signals.n, MANY + 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        session = session_of(cases[i].sid, cases[i].subject, cases[i].first_s);
        assert_int_equal(ctl_signals_have_ended(&signals, &session), cases[i].has_ended);
    }
    /* Seen later only, but refused: whoever it is has not logged in anew. */
    session = session_of("s-3", "carol", NOW_S + 1);
    session.last_reason = ZTA_REASON_REVOKED;
    assert_true(ctl_signals_have_ended(&signals, &session));
    ctl_signals_clear(&signals);
    assert_false(ctl_signals_have_ended(&signals, &session));
}

static void a_target_lifts_the_signals_about_it(void **state)
{
    const struct zta_session session = session_of("s-1", "alice", 0);
    const struct zta_revocation by_id = {.kind = ZTA_REVOKE_SESSION};
    const struct zta_revocation by_name = {
        .kind = ZTA_REVOKE_SUBJECT, .issuer = ZTA_TEXT("corp"), .subject = ZTA_TEXT("alice")};
    static const struct {
        const char *sid;
        const char *subject;
        bool is_of_session;
        bool is_of_subject;
    } cases[] = {{"s-1", NULL, true, false},   {"s-1", "alice", true, false},
                 {"s-1", "bob", false, false}, {"s-2", NULL, false, false},
                 {NULL, "alice", false, true}, {NULL, "bob", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct zta_signal signal = signal_of(cases[i].sid, cases[i].subject);
        assert_int_equal(ctl_signal_is_about(&signal, &by_id, &session), cases[i].is_of_session);
        assert_int_equal(ctl_signal_is_about(&signal, &by_name, NULL), cases[i].is_of_subject);
        assert_false(ctl_signal_is_about(&signal, &by_id, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sessions_that_a_signal_names_have_ended, setup, teardown),
        cmocka_unit_test(a_target_lifts_the_signals_about_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

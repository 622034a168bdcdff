/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a revocation hits, counted in parts, is whom it hits counted at once. */
#include "admin-tui/hits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/sessions.h"
#include "tests/unit/scratch_store.h"

#define N_SESSIONS 5000

static struct scratch_store scratch;

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
static int count_both(const struct ctl_target *targets, size_t n, struct ctl_hits *hits)
{
    struct ctl_hits_walk walk = {.has_begun = false};
    struct ctl_hits whole;
    int parts = 0;
    for (; !walk.is_done; parts++) {
        assert_int_equal(ctl_hits_count_part(scratch.store, targets, n, &walk, hits), ZTA_OK);
    }
    assert_int_equal(ctl_hits_count(scratch.store, targets, n, NULL, &whole), ZTA_OK);
    assert_int_equal(hits->n, whole.n);
    assert_int_equal(hits->n_expired, whole.n_expired);
    assert_int_equal(hits->last_s, whole.last_s);
    return parts;
}

static void parts_count_as_the_whole_does(void **state)
{
    struct ctl_hits hits;
    const struct ctl_target subject = {.record = {.kind = ZTA_REVOKE_SUBJECT,
                                                  .issuer = ZTA_TEXT("corp"),
                                                  .subject = ZTA_TEXT("user2")}};
    assert_true(count_both(&subject, 1, &hits) > 1);
    assert_int_equal(hits.n + hits.n_expired, 1667);
    assert_true(hits.n_expired > 300);
    /* A login hits the other logins of the same names. */
    const struct ctl_target login = session_of(1, ZTA_SESSION_AUTH_TIME);
    assert_true(count_both(&login, 1, &hits) > 1);
    assert_true(hits.n > 600);
}

static void sessions_by_their_sid_need_no_walk(void **state)
{
    struct ctl_hits hits;
    const struct ctl_target both[] = {session_of(2, ZTA_SESSION_SID),
                                      session_of(10, ZTA_SESSION_SID),
                                      session_of(N_SESSIONS + 1, ZTA_SESSION_SID)};
    assert_int_equal(count_both(both, 3, &hits), 1);
    assert_int_equal(hits.n, 1);
    assert_int_equal(hits.n_expired, 1);
    assert_int_equal(hits.last_s, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_count_as_the_whole_does),
        cmocka_unit_test(sessions_by_their_sid_need_no_walk),
    };
    return cmocka_run_group_tests(tests, open_store, close_store);
}

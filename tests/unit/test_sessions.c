/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in state/: what is put comes back, whole, in order, and goes when it is old. */
#include "shared/store/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "shared/store/env_priv.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)

static struct zta_change *begin(struct scratch_store *scratch)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_begin(scratch->store, "test", &change, &error), ZTA_OK);
    return change;
}

static void commit(struct zta_change *change)
{
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static struct zta_session make(uint32_t number)
{
    struct zta_session session;
    memset(&session, 0, sizeof session);
    scratch_session_id(number, session.id);
    session.kind = ZTA_SESSION_CNF;
    session.credential = ZTA_CREDENTIAL_TOKEN;
    session.binding = ZTA_BINDING_DPOP;
    session.first_s = 1000;
    session.last_s = 2000 + number;
    session.expires_s = 3000;
    session.n_requests = 17;
    session.n_denied = 3;
    session.last_reason = 9;
    session.segment_created_ns = 77;
    session.sequence = 78;
    session.addr.family = 6;
    memset(session.addr.bytes, 0x20, sizeof session.addr.bytes);
    memset(session.token_id, 4, sizeof session.token_id);
    memset(&session.login, 5, sizeof session.login);
    (void)snprintf(session.issuer, sizeof session.issuer, "corp");
    (void)snprintf(session.subject, sizeof session.subject, "user-%u", (unsigned)number);
    (void)snprintf(session.client, sizeof session.client, "web");
    (void)snprintf(session.agent, sizeof session.agent, "agent/1.0");
    return session;
}

static void sessions_come_back_as_they_were_put(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_session first = make(1);
    struct zta_session bare;
    memset(&bare, 0, sizeof bare);
    bare.id[0] = 9;
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_session_put(change, &first), ZTA_OK);
    assert_int_equal(zta_session_put(change, &bare), ZTA_OK);
    struct zta_session inside;
    assert_int_equal(zta_session_load(change, first.id, &inside), ZTA_OK);
    assert_memory_equal(&inside, &first, sizeof first);
    commit(change);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    struct zta_session got;
    assert_int_equal(zta_session_get(view, first.id, &got), ZTA_OK);
    assert_memory_equal(&got, &first, sizeof first);
    assert_int_equal(zta_session_get(view, bare.id, &got), ZTA_OK);
    assert_memory_equal(&got, &bare, sizeof bare);
    uint8_t unknown[ZTA_SESSION_ID_SIZE] = {1, 2, 3};
    assert_int_equal(zta_session_get(view, unknown, &got), ZTA_NOT_FOUND);
    uint64_t n;
    assert_int_equal(zta_session_count(view, &n), ZTA_OK);
    assert_int_equal(n, 2);
    zta_view_end(&view);
    change = begin(&scratch);
    assert_int_equal(zta_session_remove(change, first.id), ZTA_OK);
    assert_int_equal(zta_session_remove(change, first.id), ZTA_NOT_FOUND);
    commit(change);
    scratch_store_close(&scratch);
}

static void the_longest_session_keeps_all_but_its_agent(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_session session = make(1);
    memset(session.issuer, 'i', sizeof session.issuer - 1);
    memset(session.subject, 's', sizeof session.subject - 1);
    memset(session.client, 'c', sizeof session.client - 1);
    memset(session.apikey, 'k', sizeof session.apikey - 1);
    memset(session.agent, 'a', sizeof session.agent - 1);
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    struct zta_blob record;
    assert_int_equal(zta_change_get(change, ZTA_TABLE_SESSIONS,
                                    ZTA_BLOB(session.id, sizeof session.id), &record),
                     ZTA_OK);
    assert_true(record.size <= ZTA_SESSION_RECORD_MAX);
    struct zta_session got;
    assert_int_equal(zta_session_load(change, session.id, &got), ZTA_OK);
    commit(change);
    size_t kept = strlen(got.agent);
    assert_true(kept < strlen(session.agent));
    memset(session.agent + kept, 0, sizeof session.agent - kept);
    assert_memory_equal(&got, &session, sizeof session);
    scratch_store_close(&scratch);
}

static void a_record_of_another_version_or_size_is_corrupt(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_session session = make(1);
    struct zta_session got;
    struct zta_blob record;
    uint8_t bytes[ZTA_SESSION_RECORD_MAX + 1] = {0};
    const struct zta_blob key = ZTA_BLOB(session.id, sizeof session.id);
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    assert_int_equal(zta_change_get(change, ZTA_TABLE_SESSIONS, key, &record), ZTA_OK);
    const size_t size = record.size;
    memcpy(bytes, record.data, size);
    const uint8_t good = bytes[0];
    for (unsigned version = 0; version < 256; version++) {
        bytes[0] = (uint8_t)version;
        assert_int_equal(zta_change_put(change, ZTA_TABLE_SESSIONS, key, ZTA_BLOB(bytes, size)),
                         ZTA_OK);
        assert_int_equal(zta_session_load(change, session.id, &got),
                         version == good ? ZTA_OK : ZTA_CORRUPT);
    }
    bytes[0] = good;
    for (size_t n = 0; n <= size + 1; n++) {
        assert_int_equal(zta_change_put(change, ZTA_TABLE_SESSIONS, key, ZTA_BLOB(bytes, n)),
                         ZTA_OK);
        assert_int_equal(zta_session_load(change, session.id, &got),
                         n == size ? ZTA_OK : ZTA_CORRUPT);
    }
    commit(change);
    scratch_store_close(&scratch);
}

struct seen {
    size_t n;
    size_t most;
    uint8_t last[ZTA_SESSION_ID_SIZE];
};

static bool note(void *context, const struct zta_session *session)
{
    struct seen *seen = context;
    assert_true(seen->n == 0 || memcmp(seen->last, session->id, sizeof seen->last) < 0);
    memcpy(seen->last, session->id, sizeof seen->last);
    seen->n++;
    return seen->n < seen->most;
}

static void a_walk_is_in_order_and_ends_when_asked(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    for (uint32_t i = 1; i <= 100; i++) {
        struct zta_session session = make(i);
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
    commit(change);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    struct seen all = {.most = SIZE_MAX};
    assert_int_equal(zta_session_each(view, note, &all), ZTA_OK);
    assert_int_equal(all.n, 100);
    struct seen some = {.most = 7};
    assert_int_equal(zta_session_each(view, note, &some), ZTA_OK);
    assert_int_equal(some.n, 7);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static bool count(void *context, const struct zta_session *session)
{
    (*(size_t *)context)++;
    return true;
}

static void a_walk_in_parts_sees_each_session_once(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    for (uint32_t i = 1; i <= 25; i++) {
        struct zta_session session = make(i);
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
    commit(change);
    static const uint8_t end[ZTA_SESSION_ID_SIZE];
    uint8_t place[ZTA_SESSION_ID_SIZE] = {0};
    size_t n = 0;
    for (size_t part = 0; part < 3; part++) {
        struct zta_view *view = NULL;
        assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
        assert_int_equal(zta_session_each_from(view, place, 10, count, &n), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(n, part < 2 ? 10 * (part + 1) : 25);
        assert_int_equal(memcmp(place, end, sizeof end) == 0, part == 2);
    }
    scratch_store_close(&scratch);
}

static void old_sessions_are_pruned_bit_by_bit(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    for (uint32_t i = 1; i <= 100; i++) {
        struct zta_session session = make(i);
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
    uint8_t place[ZTA_SESSION_ID_SIZE] = {0};
    static const uint8_t zero[ZTA_SESSION_ID_SIZE];
    uint64_t removed = 0;
    size_t rounds = 0;
    do {
        uint64_t n = 0;
        /* Sessions 1..50 were seen before this. */
        assert_int_equal(zta_sessions_prune(change, place, 2051, 9, &n), ZTA_OK);
        removed += n;
        rounds++;
    } while (memcmp(place, zero, sizeof zero) != 0);
    assert_int_equal(removed, 50);
    assert_int_equal(rounds, 12);
    for (uint32_t i = 1; i <= 100; i++) {
        struct zta_session session = make(i);
        assert_int_equal(zta_session_load(change, session.id, &session),
                         i <= 50 ? ZTA_NOT_FOUND : ZTA_OK);
    }
    commit(change);
    scratch_store_close(&scratch);
}

static void altered_records_are_corrupt_never_a_crash(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_session session = make(1);
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    struct zta_blob key = ZTA_BLOB(session.id, sizeof session.id);
    struct zta_blob record;
    assert_int_equal(zta_change_get(change, ZTA_TABLE_SESSIONS, key, &record), ZTA_OK);
    uint8_t good[ZTA_SESSION_RECORD_MAX];
    size_t size = record.size;
    memcpy(good, record.data, size);
    for (size_t len = 0; len < size; len++) {
        assert_int_equal(zta_change_put(change, ZTA_TABLE_SESSIONS, key, ZTA_BLOB(good, len)),
                         ZTA_OK);
        assert_int_equal(zta_session_load(change, session.id, &session), ZTA_CORRUPT);
    }
    for (size_t at = 0; at < size; at++) {
        uint8_t bad[ZTA_SESSION_RECORD_MAX];
        memcpy(bad, good, size);
        bad[at] ^= 0xff;
        assert_int_equal(zta_change_put(change, ZTA_TABLE_SESSIONS, key, ZTA_BLOB(bad, size)),
                         ZTA_OK);
        struct zta_session got;
        enum zta_status status = zta_session_load(change, session.id, &got);
        assert_true(status == ZTA_OK || status == ZTA_CORRUPT);
        if (status == ZTA_OK) {
            assert_true(strnlen(got.subject, sizeof got.subject) < sizeof got.subject);
        }
    }
    zta_change_abort(&change);
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_come_back_as_they_were_put),
        cmocka_unit_test(the_longest_session_keeps_all_but_its_agent),
        cmocka_unit_test(a_record_of_another_version_or_size_is_corrupt),
        cmocka_unit_test(a_walk_is_in_order_and_ends_when_asked),
        cmocka_unit_test(a_walk_in_parts_sees_each_session_once),
        cmocka_unit_test(old_sessions_are_pruned_bit_by_bit),
        cmocka_unit_test(altered_records_are_corrupt_never_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

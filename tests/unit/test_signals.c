/* SPDX-License-Identifier: Apache-2.0 */
/* Signals in the store, what lifts them, and the helper's part between mailbox and store. */
#include "shared/store/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/mailbox.h"
#include "shared/store/env_priv.h"
#include "tests/unit/observer_world.h"
#include "tests/unit/store_fixture.h"

#define NOW_NS (INT64_C(1900000000) * ZTA_NS_PER_S)
#define NOW_S  INT64_C(1900000000)

static struct store_fixture fixture;
static struct zta_store *helper;
static struct zta_store *operators;
static uint64_t next_letter;

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    helper = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zta_store_close(&helper);
    store_fixture_remove(&fixture);
    return 0;
}

static struct zta_signal_message message(const char *sid, const char *subject)
{
    struct zta_signal_message made = {
        .signal = {.issuer = ZTA_TEXT("corp"),
                   .sid = zta_text_of(sid),
                   .subject = zta_text_of(subject),
                   .watermark_s = NOW_S - 10},
        .expires_s = NOW_S + 180,
    };
    made.signal.kind = sid == NULL       ? ZTA_SIGNAL_SUBJECT
                       : subject == NULL ? ZTA_SIGNAL_SESSION
                                         : ZTA_SIGNAL_SUBJECT_SESSION;
    next_letter++;
    zta_sha256(&next_letter, sizeof(next_letter), &made.id);
    return made;
}

static enum zta_status put_as(const struct zta_signal_message *made, uint64_t letter,
                              int64_t now_ns)
{
    struct zta_error error = {.text = ""};
    struct zta_change *change = store_begin(helper, "test");
    struct zta_signal_delivery delivery = {.segment_id = 1, .letter = letter, .now_ns = now_ns};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_signal_released(view, &made->signal, &delivery.released_ns), ZTA_OK);
    zta_view_end(&view);
    const enum zta_status status = zta_signal_put(change, made, &delivery);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    return status;
}

static enum zta_status put(const struct zta_signal_message *made)
{
    return put_as(made, ++next_letter, NOW_NS);
}

static bool is_revoked(const char *sid, const char *subject, int64_t auth_time_s)
{
    static struct zta_identity identity;
    struct zta_signal_hit hit = {.by = ZTA_SIGNAL_BY_TRANSMITTER};
    struct zta_view *view;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.sid = zta_text_of(sid);
    identity.subject = zta_text_of(subject);
    identity.auth_time_s = auth_time_s;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_signal_find(view, &identity, 60, &hit), ZTA_OK);
    zta_view_end(&view);
    return hit.by != 0;
}

static void a_message_comes_out_of_its_letter_as_it_went_in(void **state)
{
    (void)state;
    static const struct {
        const char *sid;
        const char *subject;
    } cases[] = {{"s-1", NULL}, {NULL, "alice"}, {"s-1", "alice"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct zta_signal_message made = message(cases[i].sid, cases[i].subject);
        struct zta_signal_message read;
        uint8_t data[ZTA_SIGNAL_SIZE_MAX];
        size_t size;
        assert_int_equal(zta_signal_message_encode(&made, data, sizeof(data), &size), ZTA_OK);
        assert_int_equal(zta_signal_message_decode(data, size, &read), ZTA_OK);
        assert_memory_equal(&made.id, &read.id, sizeof(made.id));
        assert_int_equal(made.expires_s, read.expires_s);
        assert_int_equal(made.signal.watermark_s, read.signal.watermark_s);
        assert_int_equal(zta_text_is_absent(made.signal.sid), zta_text_is_absent(read.signal.sid));
        for (size_t len = 0; len < size; len++) {
            assert_int_equal(zta_signal_message_decode(data, len, &read), ZTA_CORRUPT);
        }
        data[size] = 0;
        assert_int_equal(zta_signal_message_decode(data, size + 1, &read), ZTA_CORRUPT);
        data[1] = 9;
        assert_int_equal(zta_signal_message_decode(data, size, &read), ZTA_CORRUPT);
    }
}

static void the_longest_names_fit_a_letter(void **state)
{
    (void)state;
    static char name[ZTA_SUBJECT_MAX + 2];
    memset(name, 'x', sizeof(name) - 1);
    struct zta_signal_message made = message("s", "a");
    uint8_t data[ZTA_SIGNAL_SIZE_MAX];
    size_t size;
    made.signal.issuer = (struct zta_text){.data = name, .len = ZTA_NAME_MAX};
    made.signal.sid = made.signal.subject = (struct zta_text){.data = name, .len = ZTA_SUBJECT_MAX};
    assert_int_equal(zta_signal_message_encode(&made, data, sizeof(data), &size), ZTA_OK);
    assert_true(size <= ZTA_LETTER_MAX);
    made.signal.sid.len++;
    assert_int_equal(zta_signal_message_encode(&made, data, sizeof(data), &size), ZTA_INVALID);
}

static void a_signal_hits_what_it_names(void **state)
{
    (void)state;
    struct zta_signal_message made = message("s-1", NULL);
    assert_false(is_revoked("s-1", "alice", 0));
    assert_int_equal(put(&made), ZTA_OK);
    assert_true(is_revoked("s-1", "alice", NOW_S + 1000));
    assert_true(is_revoked("s-1", NULL, 0));
    assert_false(is_revoked("s-2", "alice", 0));
    assert_false(is_revoked("S-1", "alice", 0));
    assert_false(is_revoked(NULL, "alice", 0));
    made = message("s-3", "alice");
    assert_int_equal(put(&made), ZTA_OK);
    assert_true(is_revoked("s-3", "alice", NOW_S));
    assert_false(is_revoked("s-3", "bob", NOW_S));
    made = message(NULL, "carol");
    assert_int_equal(put(&made), ZTA_OK);
    assert_true(is_revoked("s-9", "carol", 0));
    assert_true(is_revoked("s-9", "carol", NOW_S - 10 + 60));
    assert_false(is_revoked("s-9", "carol", NOW_S - 10 + 61));
    assert_false(is_revoked("s-9", NULL, 0));
}

static void a_watermark_only_rises(void **state)
{
    (void)state;
    struct zta_signal_message made = message(NULL, "alice");
    assert_int_equal(put(&made), ZTA_OK);
    made = message(NULL, "alice");
    made.signal.watermark_s -= 1000;
    assert_int_equal(put(&made), ZTA_OK);
    assert_true(is_revoked(NULL, "alice", NOW_S));
}

static void a_message_counts_once_and_the_same_letter_again_is_no_second_one(void **state)
{
    (void)state;
    const struct zta_signal_message made = message("s-1", NULL);
    assert_int_equal(put_as(&made, 7, NOW_NS), ZTA_OK);
    assert_int_equal(put_as(&made, 7, NOW_NS), ZTA_OK);
    assert_int_equal(put_as(&made, 8, NOW_NS), ZTA_EXISTS);
    struct zta_signal_message anew = made; /* signed anew: by its id it is the same */
    anew.expires_s += 50;
    assert_int_equal(put_as(&anew, 8, NOW_NS), ZTA_EXISTS);
    struct zta_signal_message longer = made;
    longer.signal.sid = ZTA_TEXT("s-2");
    assert_int_equal(put_as(&longer, 9, NOW_NS), ZTA_EXISTS);
    assert_false(is_revoked("s-2", "alice", 0));
}

struct seen {
    unsigned n;
    unsigned n_released;
    struct zta_signal last;
};

static bool see(void *context, const struct zta_signal *signal, bool is_released)
{
    struct seen *seen = context;
    seen->n++;
    seen->n_released += is_released;
    seen->last = *signal;
    seen->last.issuer = ZTA_TEXT("corp");
    seen->last.sid = ZTA_TEXT("s-1");
    seen->last.subject = (struct zta_text){.data = NULL};
    return true;
}

static struct seen see_all(void)
{
    struct seen seen = {.n = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_signal_each(view, see, &seen), ZTA_OK);
    zta_view_end(&view);
    return seen;
}

static int release_last(void *context)
{
    const struct seen *seen = context;
    struct zta_error error = {.text = ""};
    operators = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(operators, "test");
    enum zta_status status = zta_signal_release(change, &seen->last, 1);
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, &error);
    }
    zta_store_close(&operators);
    return status == ZTA_OK ? 0 : 1;
}

static void an_operator_lifts_what_stands_there_and_nothing_later(void **state)
{
    (void)state;
    struct zta_signal_message made = message("s-1", NULL);
    assert_int_equal(put(&made), ZTA_OK);
    struct seen seen = see_all();
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.n_released, 0);
    assert_int_equal(run_in_child(release_last, &seen), 0);
    assert_false(is_revoked("s-1", "alice", 0));
    assert_int_equal(see_all().n_released, 1);
    /* Also when the clock was set back since. */
    made = message("s-1", NULL);
    assert_int_equal(put_as(&made, 99, NOW_NS - 3600 * ZTA_NS_PER_S), ZTA_OK);
    assert_true(is_revoked("s-1", "alice", 0));
    /* Between a look of the operator and his release another one came. */
    made = message("s-1", NULL);
    assert_int_equal(put_as(&made, 100, NOW_NS - 7200 * ZTA_NS_PER_S), ZTA_OK);
    assert_int_equal(run_in_child(release_last, &seen), 0);
    assert_true(is_revoked("s-1", "alice", 0));
}

static void messages_and_sessions_are_forgotten_in_time(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    uint8_t place[ZTA_SIGNAL_KEY_SIZE] = {0};
    uint64_t n = 0;
    struct zta_signal_message made = message("old", NULL);
    assert_int_equal(put_as(&made, 1, NOW_NS - 100), ZTA_OK);
    const struct zta_signal_message replayed = made;
    made = message(NULL, "alice");
    assert_int_equal(put_as(&made, 2, NOW_NS - 100), ZTA_OK);
    made = message("new", NULL);
    made.expires_s += 1000;
    assert_int_equal(put_as(&made, 3, NOW_NS + 100), ZTA_OK);
    struct zta_change *change = store_begin(helper, "test");
    assert_int_equal(zta_signals_forget(change, NOW_S + 180, 10, &n), ZTA_OK);
    assert_int_equal(n, 0);
    assert_int_equal(zta_signals_forget(change, NOW_S + 181, 10, &n), ZTA_OK);
    assert_int_equal(n, 2);
    uint64_t total = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(zta_signals_prune(change, place, NOW_NS, &n), ZTA_OK);
        total += n;
    }
    assert_int_equal(total, 1);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    assert_false(is_revoked("old", "bob", 0));
    assert_true(is_revoked("new", "bob", 0));
    assert_true(is_revoked("old", "alice", 0));
    assert_int_equal(put_as(&made, 4, NOW_NS), ZTA_EXISTS);
    assert_int_equal(put_as(&replayed, 5, NOW_NS), ZTA_OK);
}

/* Names that a record keeps cut are no hindrance: the tag is over the whole. */
static void a_session_is_hit_by_the_signals_that_name_it(void **state)
{
    (void)state;
    static char long_name[ZTA_SUBJECT_MAX + 1];
    memset(long_name, 'x', sizeof(long_name) - 1);
    static const struct {
        const char *sid;
        const char *subject;
        bool is_hit;
    } cases[] = {
        {long_name, NULL, true},      {long_name, "alice", false}, {NULL, long_name, true},
        {long_name, long_name, true}, {"xxx", NULL, false},        {NULL, "xxx", false},
        {"s-1", long_name, false},
    };
    struct zta_session session = {.kind = ZTA_SESSION_CNF};
    zta_login_tag_make(ZTA_TEXT("corp"), zta_text_of(long_name), zta_text_of(long_name),
                       &session.login);
    memcpy(session.subject, long_name, sizeof(session.subject) - 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_signal_message made = message(cases[i].sid, cases[i].subject);
        assert_int_equal(zta_signal_hits_session(&made.signal, &session), cases[i].is_hit);
        made.signal.issuer = ZTA_TEXT("partner");
        assert_false(zta_signal_hits_session(&made.signal, &session));
    }
    /* An API key's session, and one of before there were tags, is of no login. */
    memset(&session.login, 0, sizeof(session.login));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_signal_message made = message(cases[i].sid, cases[i].subject);
        assert_false(zta_signal_hits_session(&made.signal, &session));
    }
}

static void a_damaged_record_is_no_answer(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    const struct zta_signal_message made = message("s-1", NULL);
    assert_int_equal(put(&made), ZTA_OK);
    struct zta_change *change = store_begin(helper, "test");
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    uint8_t copy[ZTA_SIGNAL_KEY_SIZE];
    assert_int_equal(zta_walk_change(change, ZTA_TABLE_SIGNALS, &walk), ZTA_OK);
    assert_int_equal(zta_walk_first(&walk, &key, &value), ZTA_OK);
    memcpy(copy, key.data, sizeof(copy));
    zta_walk_end(&walk);
    assert_int_equal(
        zta_change_put(change, ZTA_TABLE_SIGNALS, ZTA_BLOB(copy, sizeof(copy)), ZTA_BLOB("\1", 1)),
        ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    struct zta_identity identity;
    struct zta_signal_hit hit = {.by = ZTA_SIGNAL_BY_TRANSMITTER};
    struct zta_view *view;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.sid = ZTA_TEXT("s-1");
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_signal_find(view, &identity, 60, &hit), ZTA_CORRUPT);
    zta_view_end(&view);
    assert_int_equal(hit.by, ZTA_SIGNAL_BY_TRANSMITTER); /* untouched */
}

/* ---- the helper ---- */

static enum zta_status post(struct world *world, const struct zta_signal_message *made,
                            struct zta_letter *letter)
{
    uint8_t data[ZTA_SIGNAL_SIZE_MAX];
    size_t size;
    assert_int_equal(zta_signal_message_encode(made, data, sizeof(data), &size), ZTA_OK);
    return zta_mailbox_put(world->segment, world->incarnation, data, size, letter);
}

static void the_helper_commits_before_it_answers(void **state)
{
    (void)state;
    static struct world world;
    struct zta_letter letters[3];
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    const struct zta_signal_message made = message("s-1", NULL);
    assert_int_equal(post(&world, &made, &letters[0]), ZTA_OK);
    assert_int_equal(post(&world, &made, &letters[1]), ZTA_OK);
    assert_int_equal(zta_mailbox_put(world.segment, world.incarnation, "?", 1, &letters[2]),
                     ZTA_OK);
    assert_int_equal(zta_mailbox_look(world.segment, &letters[0]), ZTA_LETTER_WAITING);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(zta_mailbox_look(world.segment, &letters[0]), ZTA_LETTER_COMMITTED);
    assert_int_equal(zta_mailbox_look(world.segment, &letters[1]), ZTA_LETTER_KNOWN);
    assert_int_equal(zta_mailbox_look(world.segment, &letters[2]), ZTA_LETTER_REFUSED);
    assert_int_equal(zta_signals_generation(world.segment), 1);
    /* A helper that died behind its commit: the next one finds the letter once more. */
    struct zta_letter again;
    const struct zta_signal_message other = message("s-2", NULL);
    assert_int_equal(post(&world, &other, &again), ZTA_OK);
    assert_int_equal(zta_mailbox_leave(world.segment, &again), ZTA_LETTER_WAITING);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(zta_signals_generation(world.segment), 2);
    world_close(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_comes_out_of_its_letter_as_it_went_in),
        TEST(the_longest_names_fit_a_letter),
        TEST(a_signal_hits_what_it_names),
        TEST(a_watermark_only_rises),
        TEST(a_message_counts_once_and_the_same_letter_again_is_no_second_one),
        TEST(an_operator_lifts_what_stands_there_and_nothing_later),
        TEST(messages_and_sessions_are_forgotten_in_time),
        TEST(a_session_is_hit_by_the_signals_that_name_it),
        TEST(a_damaged_record_is_no_answer),
        cmocka_unit_test(the_helper_commits_before_it_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What operators order to go: of one person, piece by piece, and of nobody else. */
#include "shared/store/erasures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"
#include "shared/store/sessions.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)
#define T0       (INT64_C(1900000020) * ZTA_NS_PER_S)

enum {
    EVENTS = 30000, /* more blocks than one piece looks at */
    BATCH = 1000,
    PERSONS = 5,
    LATE = 29000, /* from here on they came behind the order */
};

static struct scratch_store scratch;

static int setup(void **state)
{
    (void)state;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_store_close(&scratch);
    return 0;
}

static struct zta_change *begin(void)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_begin(scratch.store, "test", &change, &error), ZTA_OK);
    return change;
}

static void commit(struct zta_change *change)
{
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static void make(uint64_t number, struct zta_event *event)
{
    const struct scratch_event wanted = {.number = number,
                                         .time_ns = T0 + (int64_t)number * 1000000,
                                         .session = 1 + (uint32_t)(number % PERSONS),
                                         .outcome = ZTA_OUTCOME_ALLOW,
                                         .reason = ZTA_REASON_OK};
    scratch_event_make(&wanted, event);
}

static void append_all(void)
{
    static struct zta_event events[BATCH]; /* large */
    static uint64_t sequences[BATCH];
    const struct zta_event_key key = {.segment_created_ns = 7, .segment_id = 3};
    for (uint64_t done = 0; done < EVENTS; done += BATCH) {
        for (uint64_t i = 0; i < BATCH; i++) {
            make(done + i, &events[i]);
            sequences[i] = done + i;
        }
        struct zta_change *change = begin();
        assert_int_equal(zta_events_append(change, &key, events, sequences, BATCH, done + BATCH),
                         ZTA_OK);
        commit(change);
    }
}

static struct zta_erasure of(uint32_t person)
{
    struct zta_event event;
    struct zta_erasure erasure = {.until_ns = T0 + (int64_t)LATE * 1000000 - 1};
    make(person, &event);
    zta_erasure_name(zta_event_text(&event, ZTA_EVENT_ISSUER),
                     zta_event_text(&event, ZTA_EVENT_SUBJECT), &erasure.who);
    return erasure;
}

struct seen {
    uint64_t next; /* the number that must come */
    uint64_t n;
    uint32_t gone;
};

static bool see(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct seen *seen = context;
    while (seen->next < LATE && seen->next % PERSONS == seen->gone) {
        seen->next++;
    }
    assert_int_equal(key->sequence, seen->next);
    assert_int_equal(key->weight, 1);
    struct zta_event expected;
    make(seen->next, &expected);
    assert_memory_equal(&event->id, &expected.id, sizeof expected.id);
    seen->next++;
    seen->n++;
    return true;
}

static void one_person_goes_and_all_others_stay_in_order_and_are_found(void **state)
{
    (void)state;
    append_all();
    const struct zta_erasure erasure = of(2);
    struct zta_change *change = begin();
    assert_int_equal(zta_erasure_put(change, &erasure), ZTA_OK);
    commit(change);
    struct zta_erasing erasing = {.table = 0};
    unsigned pieces = 0;
    for (; !erasing.is_done; pieces++) {
        struct zta_view *view;
        struct zta_erasure next;
        assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
        assert_int_equal(zta_erasure_next(view, &next), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(next.until_ns, erasure.until_ns);
        change = begin();
        assert_int_equal(zta_erasure_step(change, &next, &erasing), ZTA_OK);
        commit(change);
    }
    assert_true(pieces > 4);
    assert_int_equal(erasing.n, LATE / PERSONS);
    struct zta_view *view;
    struct zta_erasure next;
    const struct zta_event_key all = {.sequence = 0};
    struct seen seen = {.gone = 2};
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_erasure_next(view, &next), ZTA_NOT_FOUND);
    assert_int_equal(zta_event_each_after(view, &all, see, &seen), ZTA_OK);
    assert_int_equal(seen.n, EVENTS - LATE / PERSONS);
    for (uint64_t i = 0; i < EVENTS; i++) {
        struct zta_event wanted;
        struct zta_event found;
        make(i, &wanted);
        const bool is_gone = i < LATE && i % PERSONS == 2;
        assert_int_equal(zta_event_find(view, &wanted.id, &found),
                         is_gone ? ZTA_NOT_FOUND : ZTA_OK);
    }
    zta_view_end(&view);
    assert_int_equal(zta_store_check(scratch.dir, true, NULL), ZTA_OK);
}

static void a_session_that_goes_on_keeps_its_record(void **state)
{
    (void)state;
    struct zta_erasure erasure = {.until_ns = T0};
    struct zta_change *change = begin();
    static const struct {
        const char *subject;
        int64_t after_s;
        bool stays;
    } cases[] = {
        {"alice", -60, false}, {"alice", 0, false}, {"alice", 1, true}, {"malice", -60, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zta_session session = {.last_s = T0 / ZTA_NS_PER_S + cases[i].after_s,
                                      .issuer = "corp",
                                      .kind = ZTA_SESSION_SID};
        scratch_session_id((uint32_t)i + 1, session.id);
        (void)snprintf(session.subject, sizeof session.subject, "%s", cases[i].subject);
        assert_int_equal(zta_session_put(change, &session), ZTA_OK);
    }
    commit(change);
    zta_erasure_name(ZTA_TEXT("corp"), ZTA_TEXT("alice"), &erasure.who);
    for (struct zta_erasing erasing = {.table = 0}; !erasing.is_done;) {
        change = begin();
        assert_int_equal(zta_erasure_put(change, &erasure), ZTA_OK);
        assert_int_equal(zta_erasure_step(change, &erasure, &erasing), ZTA_OK);
        commit(change);
    }
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t id[ZTA_SESSION_ID_SIZE];
        struct zta_session session;
        scratch_session_id((uint32_t)i + 1, id);
        assert_int_equal(zta_session_get(view, id, &session),
                         cases[i].stays ? ZTA_OK : ZTA_NOT_FOUND);
    }
    zta_view_end(&view);
}

static void names_are_told_apart_whatever_they_hold(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"corp", "alice"}, {"corpa", "lice"}, {"corp", "Alice"}, {"other", "alice"}};
    const size_t n = sizeof names / sizeof names[0];
    struct zta_sha256 digests[sizeof names / sizeof names[0]];
    for (size_t i = 0; i < n; i++) {
        zta_erasure_name(zta_text_of(names[i][0]), zta_text_of(names[i][1]), &digests[i]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(&digests[i], &digests[j], sizeof digests[i]);
        }
    }
}

static void an_order_to_prune_is_kept(void **state)
{
    (void)state;
    struct zta_view *view;
    int64_t before_s = -1;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_prune_order_get(view, &before_s), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(before_s, 0);
    struct zta_change *change = begin();
    assert_int_equal(zta_prune_order_put(change, 1900000000), ZTA_OK);
    commit(change);
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_prune_order_get(view, &before_s), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(before_s, 1900000000);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(one_person_goes_and_all_others_stay_in_order_and_are_found),
        WITH_STORE(a_session_that_goes_on_keeps_its_record),
        cmocka_unit_test(names_are_told_apart_whatever_they_hold),
        WITH_STORE(an_order_to_prune_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

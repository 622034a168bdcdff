/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: appended with its change, chained, and verified. */
#include "shared/store/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/env_priv.h"
#include "shared/store/schema_policy.h"
#include "tests/unit/operator_store.h"

static void append(const char *action)
{
    struct zta_change *change = operator_begin();
    struct zta_audit_entry entry = {.uid = 7,
                                    .login = ZTA_TEXT("ann"),
                                    .action = zta_text_of(action),
                                    .target = ZTA_TEXT("corp:alice"),
                                    .after = ZTA_TEXT(""),
                                    .reason = ZTA_TEXT("left")};
    assert_int_equal(zta_audit_append(change, &entry), ZTA_OK);
    operator_commit(change);
}

static enum zta_status verify(uint64_t *n, struct zta_sha256 *head, struct zta_error *error)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    enum zta_status status = zta_audit_verify(view, n, head, error);
    zta_view_end(&view);
    return status;
}

static void init_writes_the_first_entry(void **state)
{
    (void)state;
    uint64_t n = 0;
    struct zta_sha256 head;
    assert_int_equal(verify(&n, &head, NULL), ZTA_OK);
    assert_int_equal(n, 1);
}

static void append_fills_id_time_and_chain(void **state)
{
    (void)state;
    struct zta_change *change = operator_begin();
    struct zta_audit_entry first = {.action = ZTA_TEXT("a")};
    struct zta_audit_entry second = {.action = ZTA_TEXT("b"), .time_ns = 5};
    assert_int_equal(zta_audit_append(change, &first), ZTA_OK);
    assert_int_equal(zta_audit_append(change, &second), ZTA_OK);
    operator_commit(change);
    assert_int_equal(first.id, 2);
    assert_int_equal(second.id, 3);
    assert_true(first.time_ns > 0);
    assert_int_equal(second.time_ns, 5);
    assert_memory_equal(second.previous.bytes, first.hash.bytes, ZTA_SHA256_SIZE);
    uint64_t n;
    struct zta_sha256 head;
    assert_int_equal(verify(&n, &head, NULL), ZTA_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(head.bytes, second.hash.bytes, ZTA_SHA256_SIZE);
}

struct seen {
    uint64_t ids[16];
    size_t n;
    size_t stop_at;
};

static bool note(void *context, const struct zta_audit_entry *entry)
{
    struct seen *seen = context;
    if (entry->id == 2) {
        assert_true(zta_text_equal(entry->login, ZTA_TEXT("ann")));
        assert_true(zta_text_equal(entry->target, ZTA_TEXT("corp:alice")));
        assert_true(zta_text_is_absent(entry->before));
        assert_false(zta_text_is_absent(entry->after));
        assert_int_equal(entry->uid, 7);
    }
    seen->ids[seen->n++] = entry->id;
    return seen->n != seen->stop_at;
}

static void each_goes_from_newest_to_oldest(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        append("revoke subject");
    }
    static const struct {
        uint64_t most;
        size_t stop_at;
        size_t n;
    } cases[] = {{.most = 0, .stop_at = 99, .n = 5},
                 {.most = 3, .stop_at = 99, .n = 3},
                 {.most = 0, .stop_at = 2, .n = 2},
                 {.most = 9, .stop_at = 99, .n = 5}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen seen = {.stop_at = cases[i].stop_at};
        struct zta_view *view;
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        assert_int_equal(zta_audit_each(view, cases[i].most, note, &seen), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(seen.n, cases[i].n);
        for (size_t k = 0; k < seen.n; k++) {
            assert_int_equal(seen.ids[k], 5 - k);
        }
    }
}

static void each_above_goes_from_the_oldest_of_them_to_the_newest(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        append("test");
    }
    static const struct {
        uint64_t above;
        size_t n;
    } cases[] = {{.above = 0, .n = 5},
                 {.above = 3, .n = 2},
                 {.above = 5, .n = 0},
                 {.above = UINT64_MAX - 1, .n = 0},
                 {.above = UINT64_MAX, .n = 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = {.n = 0};
        struct zta_view *view;
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        assert_int_equal(zta_audit_each_above(view, cases[i].above, note, &seen), ZTA_OK);
        zta_view_end(&view);
        assert_int_equal(seen.n, cases[i].n);
        for (size_t k = 0; k < seen.n; k++) {
            assert_int_equal(seen.ids[k], cases[i].above + 1 + k);
        }
    }
}

static void an_aborted_change_leaves_no_entry(void **state)
{
    (void)state;
    struct zta_change *change = operator_begin();
    struct zta_audit_entry entry = {.action = ZTA_TEXT("never")};
    assert_int_equal(zta_audit_append(change, &entry), ZTA_OK);
    zta_change_abort(&change);
    uint64_t n;
    struct zta_sha256 head;
    assert_int_equal(verify(&n, &head, NULL), ZTA_OK);
    assert_int_equal(n, 1);
}

static void an_entry_that_does_not_fit_is_refused_whole(void **state)
{
    (void)state;
    static char text[65000];
    memset(text, 'x', sizeof(text));
    struct zta_text large = {.data = text, .len = sizeof(text)};
    struct zta_change *change = operator_begin();
    struct zta_audit_entry entry = {.action = ZTA_TEXT("a"), .before = large, .after = large};
    assert_int_equal(zta_audit_append(change, &entry), ZTA_TOO_LARGE);
    zta_change_abort(&change);
}

/* Someone who can write policy/ and rewrites an entry: what verify is for. */
struct forgery {
    uint64_t id;
    size_t at;        /* byte to alter; SIZE_MAX: the entry is removed */
    uint64_t n_found; /* first entry that does not fit */
    const char *says;
};

static void forge(const struct forgery *forgery)
{
    uint8_t key[ZTA_AUDIT_KEY_SIZE];
    zta_put_u64(key, forgery->id);
    struct zta_change *change = operator_begin();
    struct zta_blob value;
    struct zta_blob where = ZTA_BLOB(key, sizeof(key));
    assert_int_equal(zta_change_get(change, ZTA_TABLE_AUDIT, where, &value), ZTA_OK);
    uint8_t copy[4096];
    size_t size = value.size;
    memcpy(copy, value.data, size);
    if (forgery->at == SIZE_MAX) {
        assert_int_equal(zta_change_remove(change, ZTA_TABLE_AUDIT, where), ZTA_OK);
    }
    else {
        copy[forgery->at] ^= 1;
        assert_int_equal(zta_change_put(change, ZTA_TABLE_AUDIT, where, ZTA_BLOB(copy, size)),
                         ZTA_OK);
    }
    operator_commit(change);
}

static void verify_finds_altered_and_missing_entries(void **state)
{
    (void)state;
    static const struct forgery cases[] = {
        {.id = 3, .at = 0, .n_found = 3, .says = "does not follow"},
        {.id = 3, .at = ZTA_SHA256_SIZE + 8, .n_found = 3, .says = "was altered"},
        {.id = 3, .at = ZTA_SHA256_SIZE, .n_found = 3, .says = "cannot be read"},
        {.id = 2, .at = SIZE_MAX, .n_found = 2, .says = "is missing"},
        {.id = 1, .at = SIZE_MAX, .n_found = 1, .says = "is missing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int k = 0; k < 4; k++) {
            append("revoke subject");
        }
        forge(&cases[i]);
        uint64_t n = 0;
        struct zta_sha256 head;
        struct zta_error error = {.text = ""};
        assert_int_equal(verify(&n, &head, &error), ZTA_CORRUPT);
        assert_int_equal(n, cases[i].n_found);
        assert_non_null(strstr(error.text, cases[i].says));
        assert_int_equal(operator_store_teardown(NULL), 0);
        assert_int_equal(operator_store_setup(NULL), 0);
    }
}

static void an_emptied_trail_is_noticed(void **state)
{
    (void)state;
    forge(&(struct forgery){.id = 1, .at = SIZE_MAX});
    uint64_t n = 0;
    struct zta_sha256 head;
    assert_int_equal(verify(&n, &head, NULL), ZTA_CORRUPT);
    assert_int_equal(n, 1);
    assert_int_equal(zta_store_check(fixture.dir, false, NULL), ZTA_OK);
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(init_writes_the_first_entry),
        WITH_STORE(append_fills_id_time_and_chain),
        WITH_STORE(each_goes_from_newest_to_oldest),
        WITH_STORE(each_above_goes_from_the_oldest_of_them_to_the_newest),
        WITH_STORE(an_aborted_change_leaves_no_entry),
        WITH_STORE(an_entry_that_does_not_fit_is_refused_whole),
        WITH_STORE(verify_finds_altered_and_missing_entries),
        WITH_STORE(an_emptied_trail_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the live layer in the store. */
#include "shared/store/layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/tables_priv.h"
#include "tests/unit/operator_store.h"

#define NOW_S INT64_C(1800000000)

static struct zta_layer_entry rule(const char *name, const char *text)
{
    return (struct zta_layer_entry){.kind = ZTA_LAYER_RULE,
                                    .name = zta_text_of(name),
                                    .text = zta_text_of(text),
                                    .author = ZTA_TEXT("ann")};
}

static enum zta_status put(struct zta_layer *layer, uint64_t seen)
{
    struct zta_change *begun = operator_begin();
    enum zta_status status = zta_layer_put(begun, layer, seen);
    operator_commit(begun);
    return status;
}

static uint64_t latest(void)
{
    struct zta_view *view;
    struct zta_generations generations;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
    zta_view_end(&view);
    return generations.rules;
}

static uint64_t in_force(int64_t now_s, size_t *n)
{
    struct zta_view *view;
    struct zta_layer layer;
    void *storage = NULL;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_layer_in_force(view, now_s, &layer, &storage), ZTA_OK);
    zta_view_end(&view);
    *n = layer.n;
    free(storage);
    return layer.version;
}

static void nothing_was_changed_at_first(void **state)
{
    size_t n = 7;
    assert_int_equal(in_force(NOW_S, &n), 0);
    assert_int_equal(n, 0);
}

static void a_version_comes_back_as_it_was_put(void **state)
{
    struct zta_layer_entry entries[] = {
        rule("a", "deny a\n  when path /a\n"),
        {.kind = ZTA_LAYER_MODE,
         .name = ZTA_TEXT("b"),
         .mode = ZTA_MODE_MONITOR,
         .until_s = NOW_S + 60,
         .action_id = 7,
         .created_ns = 5},
    };
    struct zta_layer layer = {.entries = entries,
                              .n = 2,
                              .action_id = 9,
                              .what = ZTA_TEXT("rules add a"),
                              .author = ZTA_TEXT("ann"),
                              .reason = ZTA_TEXT("scans")};
    assert_int_equal(put(&layer, latest()), ZTA_OK);

    struct zta_view *view;
    struct zta_layer got;
    void *storage = NULL;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_layer_get(view, latest(), &got, &storage), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.action_id, 9);
    assert_true(got.changed_ns > 0);
    assert_true(zta_text_equal(got.what, layer.what));
    assert_true(zta_text_equal(got.reason, layer.reason));
    assert_true(zta_text_equal(got.entries[0].text, entries[0].text));
    assert_int_equal(got.entries[0].created_ns, got.changed_ns);
    assert_int_equal(got.entries[1].mode, ZTA_MODE_MONITOR);
    assert_int_equal(got.entries[1].until_s, NOW_S + 60);
    assert_int_equal(got.entries[1].created_ns, 5);
    free(storage);
}

static void the_later_of_two_editors_is_told(void **state)
{
    struct zta_layer_entry entry = rule("a", "deny a\n  when path /a\n");
    struct zta_layer layer = {.entries = &entry, .n = 1};
    const uint64_t seen = latest();
    assert_int_equal(put(&layer, seen), ZTA_OK);
    assert_int_equal(put(&layer, seen), ZTA_CONFLICT);
    assert_int_equal(latest(), seen + 1);
}

static void what_nobody_confirms_goes_back(void **state)
{
    struct zta_layer_entry entry = rule("a", "deny a\n  when path /a\n");
    struct zta_layer kept = {.entries = &entry, .n = 1};
    struct zta_layer tried = {.confirm_by_s = NOW_S + 60};
    size_t n;
    assert_int_equal(put(&kept, latest()), ZTA_OK);
    const uint64_t good = latest();
    tried.fallback = good;
    assert_int_equal(put(&tried, good), ZTA_OK);
    assert_int_equal(in_force(NOW_S + 59, &n), good + 1);
    assert_int_equal(n, 0);
    assert_int_equal(in_force(NOW_S + 60, &n), good);
    assert_int_equal(n, 1);
    /* A second trial on top of the first falls through both. */
    tried.fallback = good + 1;
    tried.confirm_by_s = NOW_S + 90;
    assert_int_equal(put(&tried, good + 1), ZTA_OK);
    assert_int_equal(in_force(NOW_S + 100, &n), good);
}

struct counting {
    uint64_t newest;
    uint64_t oldest;
    size_t n;
};

static bool count(void *context, const struct zta_layer *layer)
{
    struct counting *counting = context;
    counting->newest = counting->n == 0 ? layer->version : counting->newest;
    counting->oldest = layer->version;
    counting->n++;
    return true;
}

static struct counting history(void)
{
    struct counting counting = {.n = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_layer_each(view, count, &counting), ZTA_OK);
    zta_view_end(&view);
    return counting;
}

static bool list_versions(void *context, const struct zta_layer *layer)
{
    char *text = context;
    const size_t len = strlen(text);
    (void)snprintf(text + len, 64 - len, "%d%s ", (int)layer->version,
                   layer->is_unreadable ? "?" : "");
    return true;
}

static void a_version_that_cannot_be_read_hides_no_other(void **state)
{
    struct zta_layer_entry entry = rule("a", "deny a\n  when path /a\n");
    struct zta_layer layer = {.entries = &entry, .n = 1};
    struct zta_view *view;
    char text[64] = "";
    for (unsigned i = 0; i < 3; i++) {
        entry.created_ns = 0;
        assert_int_equal(put(&layer, latest()), ZTA_OK);
    }
    uint8_t number[8];
    zta_put_u64(number, latest() - 1);
    struct zta_change *begun = operator_begin();
    assert_int_equal(zta_change_put(begun, ZTA_TABLE_LAYERS, ZTA_BLOB(number, sizeof number),
                                    ZTA_BLOB("\xff", 1)),
                     ZTA_OK);
    operator_commit(begun);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_layer_each(view, list_versions, text), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(text, "3 2? 1 ");
}

static void history_is_newest_first_and_bounded(void **state)
{
    struct zta_layer layer = {.n = 0};
    struct zta_change *begun = operator_begin();
    for (uint64_t i = 0; i < ZTA_LAYER_VERSIONS_MAX + 10; i++) {
        assert_int_equal(zta_layer_put(begun, &layer, i), ZTA_OK);
    }
    operator_commit(begun);
    struct counting counting = history();
    assert_int_equal(counting.oldest, 11);
    assert_int_equal(counting.n, ZTA_LAYER_VERSIONS_MAX);
    assert_int_equal(counting.newest, latest());
}

static void what_a_trial_falls_back_to_is_kept(void **state)
{
    struct zta_layer_entry entry = rule("a", "deny a\n  when path /a\n");
    struct zta_layer kept = {.entries = &entry, .n = 1};
    struct zta_change *begun = operator_begin();
    size_t n;
    assert_int_equal(zta_layer_put(begun, &kept, 0), ZTA_OK);
    for (uint64_t i = 1; i < ZTA_LAYER_VERSIONS_MAX + 10; i++) {
        struct zta_layer tried = {.fallback = 1, .confirm_by_s = NOW_S};
        assert_int_equal(zta_layer_put(begun, &tried, i), ZTA_OK);
    }
    operator_commit(begun);
    assert_int_equal(in_force(NOW_S, &n), 1);
    assert_int_equal(n, 1);
    assert_int_equal(history().n, ZTA_LAYER_VERSIONS_MAX + 1);
}

static void large_versions_leave_room_for_other_records(void **state)
{
    static char text[ZTA_LAYER_TEXT_MAX + 1];
    static struct zta_layer_entry entries[127];
    static char names[127][4];
    const size_t n = sizeof entries / sizeof entries[0];
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(names[i], sizeof names[i], "%zu", i);
        entries[i] = rule(names[i], text);
    }
    struct zta_layer layer = {.entries = entries, .n = n};
    for (uint64_t i = 0; i < 12; i++) {
        assert_int_equal(put(&layer, i), ZTA_OK);
    }
    const struct counting counting = history();
    assert_int_equal(counting.newest, 12);
    assert_int_equal(counting.n, ZTA_LAYER_HISTORY_MAX / (n * ZTA_LAYER_TEXT_MAX));
}

static void what_is_too_large_changes_nothing(void **state)
{
    static char text[ZTA_LAYER_TEXT_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    struct zta_layer_entry entry = rule("a", text);
    struct zta_layer layer = {.entries = &entry, .n = 1};
    struct zta_change *begun = operator_begin();
    assert_int_equal(zta_layer_put(begun, &layer, latest()), ZTA_TOO_LARGE);
    zta_change_abort(&begun);
    entry.text.len = ZTA_LAYER_TEXT_MAX;
    assert_int_equal(put(&layer, latest()), ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(nothing_was_changed_at_first),
        WITH_STORE(a_version_comes_back_as_it_was_put),
        WITH_STORE(the_later_of_two_editors_is_told),
        WITH_STORE(what_nobody_confirms_goes_back),
        WITH_STORE(a_version_that_cannot_be_read_hides_no_other),
        WITH_STORE(history_is_newest_first_and_bounded),
        WITH_STORE(what_a_trial_falls_back_to_is_kept),
        WITH_STORE(large_versions_leave_room_for_other_records),
        WITH_STORE(what_is_too_large_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server publishes of itself: lists are replaced whole, the heartbeat survives other
 * builds.
 */
#include "shared/store/published.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
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

struct listing {
    char text[4096];
    size_t longest;
};

static void add(struct listing *listing, struct zta_text a, struct zta_text b, int64_t number)
{
    size_t len = strlen(listing->text);
    listing->longest = b.len > listing->longest ? b.len : listing->longest;
    (void)snprintf(listing->text + len, sizeof listing->text - len, "%.*s=%.*s %d;", (int)a.len,
                   a.data, b.len > 40 ? 40 : (int)b.len, b.data, (int)number);
}

static bool on_location(void *context, const struct zta_published_location *location)
{
    add(context, location->server, location->path,
        location->stance.stage * 100 + location->stance.modes[0] * 10 + location->is_lower);
    return true;
}

static bool on_text(void *context, struct zta_text name, struct zta_text text)
{
    add(context, name, text, 0);
    return true;
}

static bool on_alert(void *context, const struct zta_published_alert *alert)
{
    add(context, alert->name, alert->text, alert->since_s);
    return true;
}

static void put_lists(struct scratch_store *scratch, size_t n)
{
    struct zta_published_location locations[2] = {
        {.server = ZTA_TEXT("a:443"), .path = ZTA_TEXT("/"), .stance = {.stage = 2, .modes = {2}}},
        {.server = ZTA_TEXT("a:443"), .path = ZTA_TEXT("/open"), .is_lower = true},
    };
    struct zta_text names[2] = {ZTA_TEXT("corp"), ZTA_TEXT("other")};
    struct zta_text urls[2] = {ZTA_TEXT("https://a"), ZTA_TEXT("https://b")};
    struct zta_published_alert alerts[2] = {
        {.name = ZTA_TEXT("store_full"), .text = ZTA_TEXT("no room"), .since_s = 5},
        {.name = ZTA_TEXT("rules_refused"), .text = ZTA_TEXT("line 3"), .since_s = 6},
    };
    struct zta_change *change = begin(scratch);
    assert_int_equal(zta_published_put_locations(change, locations, n), ZTA_OK);
    assert_int_equal(zta_published_put_issuers(change, names, urls, n), ZTA_OK);
    assert_int_equal(zta_published_put_alerts(change, alerts, n), ZTA_OK);
    for (size_t i = 0; i == 0 || i < n; i++) {
        assert_int_equal(zta_published_put_rules(change, names[i], urls[i], i, n), ZTA_OK);
    }
    commit(change);
}

static void expect_lists(struct scratch_store *scratch, const char *locations, const char *issuers,
                         const char *alerts, const char *rules)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch->store, &view), ZTA_OK);
    struct listing listings[4] = {{.longest = 0}};
    assert_int_equal(zta_published_each_location(view, on_location, &listings[0]), ZTA_OK);
    assert_int_equal(zta_published_each_issuer(view, on_text, &listings[1]), ZTA_OK);
    assert_int_equal(zta_published_each_alert(view, on_alert, &listings[2]), ZTA_OK);
    assert_int_equal(zta_published_each_rules(view, on_text, &listings[3]), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(listings[0].text, locations);
    assert_string_equal(listings[1].text, issuers);
    assert_string_equal(listings[2].text, alerts);
    assert_string_equal(listings[3].text, rules);
}

static void lists_are_replaced_whole(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    expect_lists(&scratch, "", "", "", "");
    const char *two_issuers = "corp=https://a 0;other=https://b 0;";
    put_lists(&scratch, 2);
    expect_lists(&scratch, "a:443=/ 220;a:443=/open 1;", two_issuers,
                 "store_full=no room 5;rules_refused=line 3 6;", two_issuers);
    put_lists(&scratch, 1);
    expect_lists(&scratch, "a:443=/ 220;", "corp=https://a 0;", "store_full=no room 5;",
                 "corp=https://a 0;");
    put_lists(&scratch, 0);
    expect_lists(&scratch, "", "", "", "");
    scratch_store_close(&scratch);
}

static void rules_of_a_megabyte_come_back_whole(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    size_t size = 1 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'r', size);
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_published_put_rules(change, ZTA_TEXT("big.zta"),
                                             (struct zta_text){.data = text, .len = size}, 0, 1),
                     ZTA_OK);
    commit(change);
    free(text);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    struct listing listing = {.longest = 0};
    assert_int_equal(zta_published_each_rules(view, on_text, &listing), ZTA_OK);
    assert_int_equal(listing.longest, size);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void the_heartbeat_carries_counters_of_any_number(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_view *view;
    struct zta_heartbeat got;
    uint64_t counters[5] = {9, 9, 9, 9, 9};
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_published_get_heartbeat(view, &got, counters, 5), ZTA_NOT_FOUND);
    zta_view_end(&view);
    struct zta_heartbeat heartbeat = {
        .time_s = 1,
        .started_s = 2,
        .pid = 3,
        .n_children = 4,
        .config_generation = 5,
        .segment_id = 6,
        .ring_head = 7,
        .ring_tail = 8,
        .ring_capacity = 9,
        .version = "1.2.3",
    };
    struct zta_change *change = begin(&scratch);
    uint64_t three[3] = {11, 12, 13};
    assert_int_equal(zta_published_put_heartbeat(change, &heartbeat, three, 3), ZTA_OK);
    commit(change);
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_published_get_heartbeat(view, &got, counters, 5), ZTA_OK);
    assert_int_equal(got.time_s, 1);
    assert_int_equal(got.started_s, 2);
    assert_int_equal(got.pid, 3);
    assert_int_equal(got.n_children, 4);
    assert_int_equal(got.config_generation, 5);
    assert_int_equal(got.segment_id, 6);
    assert_int_equal(got.ring_head, 7);
    assert_int_equal(got.ring_tail, 8);
    assert_int_equal(got.ring_capacity, 9);
    assert_string_equal(got.version, "1.2.3");
    const uint64_t expected[5] = {11, 12, 13, 0, 0};
    assert_memory_equal(counters, expected, sizeof expected);
    assert_int_equal(zta_published_get_heartbeat(view, &got, counters, 1), ZTA_OK);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void uses_of_a_key_add_up_and_never_go_back(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    struct zta_change *change = begin(&scratch);
    assert_int_equal(zta_key_use_put(change, "abcdefghijkl", 100, 3), ZTA_OK);
    assert_int_equal(zta_key_use_put(change, "abcdefghijkl", 90, 4), ZTA_OK);
    commit(change);
    struct zta_view *view;
    int64_t time_s;
    uint64_t n;
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_key_use_get(view, "abcdefghijkl", &time_s, &n), ZTA_OK);
    assert_int_equal(time_s, 100);
    assert_int_equal(n, 7);
    assert_int_equal(zta_key_use_get(view, "zzzzzzzzzzzz", &time_s, &n), ZTA_NOT_FOUND);
    zta_view_end(&view);
    scratch_store_close(&scratch);
}

static void altered_records_are_corrupt_never_a_crash(void **state)
{
    struct scratch_store scratch;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    static const char *const keys[] = {"L\0\0\0\0", "R\0\0\0\0", "I\0\0\0\0", "A\0\0\0\0"};
    uint64_t series = 2;
    for (size_t round = 0; round < 400; round++) {
        put_lists(&scratch, 2);
        uint8_t bad[64];
        size_t size = (size_t)scratch_random(&series) % sizeof bad;
        for (size_t i = 0; i < size; i++) {
            bad[i] = (uint8_t)(scratch_random(&series) % 4 == 0 ? scratch_random(&series) : 0);
        }
        struct zta_change *change = begin(&scratch);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(zta_change_put(change, ZTA_TABLE_PUBLISHED, ZTA_BLOB(keys[i], 5),
                                            ZTA_BLOB(bad, size)),
                             ZTA_OK);
        }
        assert_int_equal(zta_change_put(change, ZTA_TABLE_PUBLISHED, ZTA_BLOB("heartbeat", 9),
                                        ZTA_BLOB(bad, size)),
                         ZTA_OK);
        commit(change);
        struct zta_view *view;
        assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
        struct listing listing = {.longest = 0};
        struct zta_heartbeat heartbeat;
        enum zta_status statuses[] = {
            zta_published_each_location(view, on_location, &listing),
            zta_published_each_issuer(view, on_text, &listing),
            zta_published_each_alert(view, on_alert, &listing),
            zta_published_each_rules(view, on_text, &listing),
            zta_published_get_heartbeat(view, &heartbeat, NULL, 0),
        };
        zta_view_end(&view);
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
            assert_true(statuses[i] == ZTA_OK || statuses[i] == ZTA_CORRUPT);
        }
    }
    scratch_store_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_replaced_whole),
        cmocka_unit_test(rules_of_a_megabyte_come_back_whole),
        cmocka_unit_test(the_heartbeat_carries_counters_of_any_number),
        cmocka_unit_test(uses_of_a_key_add_up_and_never_go_back),
        cmocka_unit_test(altered_records_are_corrupt_never_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

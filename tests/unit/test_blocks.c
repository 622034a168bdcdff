/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of networks and subjects. */
#include "shared/store/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/operator_store.h"

static struct zta_cidr cidr(const char *text)
{
    struct zta_cidr parsed;
    assert_int_equal(zta_cidr_parse(zta_text_of(text), &parsed, NULL), ZTA_OK);
    return parsed;
}

static struct zta_block network_block(const char *text, int64_t until_s)
{
    return (struct zta_block){.kind = ZTA_BLOCK_NETWORK,
                              .network = cidr(text),
                              .until_s = until_s,
                              .reason = ZTA_TEXT("scans"),
                              .author = ZTA_TEXT("ann"),
                              .action_id = 9};
}

static enum zta_status change(enum zta_status (*fn)(struct zta_change *, const struct zta_block *),
                              const struct zta_block *block)
{
    struct zta_change *begun = operator_begin();
    enum zta_status status = fn(begun, block);
    operator_commit(begun);
    return status;
}

static bool is_addr_blocked(const char *text, int64_t now_s)
{
    struct zta_addr addr;
    struct zta_view *view;
    bool is_blocked = false;
    assert_int_equal(zta_addr_parse(zta_text_of(text), &addr), ZTA_OK);
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_block_find_addr(view, &addr, now_s, &is_blocked), ZTA_OK);
    zta_view_end(&view);
    return is_blocked;
}

static bool is_subject_blocked(struct zta_text issuer, struct zta_text subject, int64_t now_s)
{
    struct zta_view *view;
    bool is_blocked = false;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_block_find_subject(view, issuer, subject, now_s, &is_blocked), ZTA_OK);
    zta_view_end(&view);
    return is_blocked;
}

static uint64_t count(void)
{
    struct zta_view *view;
    uint64_t n = 99;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_block_count(view, &n), ZTA_OK);
    zta_view_end(&view);
    return n;
}

static void addresses_are_found_in_their_networks(void **state)
{
    (void)state;
    static const char *const networks[] = {"192.0.2.7",     "198.51.100.0/24", "10.0.0.0/8",
                                           "2001:db8::/32", "2001:db9::1",     "::1"};
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        struct zta_block block = network_block(networks[i], 2000);
        assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    }
    static const struct {
        const char *addr;
        bool is_blocked;
    } cases[] = {
        {.addr = "192.0.2.7", .is_blocked = true},
        {.addr = "192.0.2.8", .is_blocked = false},
        {.addr = "198.51.100.255", .is_blocked = true},
        {.addr = "198.51.101.0", .is_blocked = false},
        {.addr = "10.255.0.1", .is_blocked = true},
        {.addr = "11.0.0.0", .is_blocked = false},
        {.addr = "::ffff:10.1.1.1", .is_blocked = true},
        {.addr = "2001:db8:ffff::1", .is_blocked = true},
        {.addr = "2001:db9::1", .is_blocked = true},
        {.addr = "2001:db9::2", .is_blocked = false},
        {.addr = "::1", .is_blocked = true},
        {.addr = "::2", .is_blocked = false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(is_addr_blocked(cases[i].addr, 1999), cases[i].is_blocked);
        assert_false(is_addr_blocked(cases[i].addr, 2000));
    }
}

static void the_whole_internet_can_be_blocked(void **state)
{
    (void)state;
    struct zta_block block = network_block("0.0.0.0/0", 10);
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    assert_true(is_addr_blocked("203.0.113.9", 9));
    assert_false(is_addr_blocked("2001:db8::1", 9));
}

static void an_ended_block_does_not_hide_a_wider_one(void **state)
{
    (void)state;
    struct zta_block narrow = network_block("10.1.1.1", 100);
    struct zta_block wide = network_block("10.0.0.0/8", 200);
    assert_int_equal(change(zta_block_put, &narrow), ZTA_OK);
    assert_int_equal(change(zta_block_put, &wide), ZTA_OK);
    assert_true(is_addr_blocked("10.1.1.1", 150));
    assert_false(is_addr_blocked("10.1.1.1", 200));
}

static void an_unknown_address_is_in_no_network(void **state)
{
    (void)state;
    struct zta_block block = network_block("0.0.0.0/0", 10);
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    struct zta_addr unknown = {.family = 0};
    struct zta_view *view;
    bool is_blocked = true;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_block_find_addr(view, &unknown, 1, &is_blocked), ZTA_OK);
    zta_view_end(&view);
    assert_false(is_blocked);
}

static void subjects_are_found_with_their_issuer(void **state)
{
    (void)state;
    static char long_name[600];
    memset(long_name, 'n', sizeof(long_name));
    struct zta_text longer = {.data = long_name, .len = sizeof(long_name)};
    struct zta_text shorter = {.data = long_name, .len = sizeof(long_name) - 1};
    struct zta_block block = {.kind = ZTA_BLOCK_SUBJECT,
                              .issuer = ZTA_TEXT("corp"),
                              .subject = ZTA_TEXT("alice"),
                              .until_s = 100};
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    block.subject = longer;
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    assert_true(is_subject_blocked(ZTA_TEXT("corp"), ZTA_TEXT("alice"), 99));
    assert_false(is_subject_blocked(ZTA_TEXT("corp"), ZTA_TEXT("alice"), 100));
    assert_false(is_subject_blocked(ZTA_TEXT("other"), ZTA_TEXT("alice"), 99));
    assert_false(is_subject_blocked(ZTA_TEXT("cor"), ZTA_TEXT("palice"), 99));
    assert_true(is_subject_blocked(ZTA_TEXT("corp"), longer, 99));
    assert_false(is_subject_blocked(ZTA_TEXT("corp"), shorter, 99));
}

static void what_names_no_block_is_refused(void **state)
{
    (void)state;
    struct zta_block good = network_block("10.0.0.0/8", 100);
    struct zta_block cases[6];
    for (size_t i = 0; i < 6; i++) {
        cases[i] = good;
    }
    cases[0].network.addr.bytes[3] = 1; /* bits behind the prefix */
    cases[1].network.prefix = 33;
    cases[2].network.addr.family = 0;
    cases[3].until_s = 0;
    cases[4] =
        (struct zta_block){.kind = ZTA_BLOCK_SUBJECT, .subject = ZTA_TEXT("alice"), .until_s = 100};
    cases[5].kind = 0;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(change(zta_block_put, &cases[i]), ZTA_INVALID);
    }
    assert_int_equal(count(), 0);
}

static void counts_and_generation_follow_the_records(void **state)
{
    (void)state;
    struct zta_block block = network_block("10.0.0.0/8", 100);
    struct zta_block subject = {.kind = ZTA_BLOCK_SUBJECT,
                                .issuer = ZTA_TEXT("corp"),
                                .subject = ZTA_TEXT("alice"),
                                .until_s = 200};
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    assert_int_equal(count(), 1);
    assert_int_equal(change(zta_block_put, &subject), ZTA_OK);
    assert_int_equal(count(), 2);
    assert_int_equal(change(zta_block_remove, &block), ZTA_OK);
    assert_int_equal(change(zta_block_remove, &block), ZTA_NOT_FOUND);
    assert_int_equal(count(), 1);
    assert_false(is_addr_blocked("10.0.0.1", 1));
    struct zta_view *view;
    struct zta_generations generations;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(generations.blocks, 4);
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
}

static bool note(void *context, const struct zta_block *block)
{
    struct zta_block *found = context;
    assert_true(zta_text_equal(block->reason, ZTA_TEXT("scans")));
    assert_true(block->created_ns > 0);
    assert_int_equal(block->action_id, 9);
    *found = *block;
    return false;
}

static void each_gives_back_what_was_put(void **state)
{
    (void)state;
    struct zta_block block = network_block("2001:db8::/32", 100);
    assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    struct zta_block found = {.until_s = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_block_each(view, note, &found), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(found.until_s, 100);
    assert_int_equal(found.network.prefix, 32);
    assert_true(zta_addr_equal(&found.network.addr, &block.network.addr));
}

static void prune_removes_what_has_ended(void **state)
{
    (void)state;
    static const char *const networks[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
                                           "2001:db8::1"};
    for (size_t i = 0; i < 5; i++) {
        struct zta_block block = network_block(networks[i], 100 + (int64_t)i);
        assert_int_equal(change(zta_block_put, &block), ZTA_OK);
    }
    struct zta_change *begun;
    uint64_t n = 0;
    assert_int_equal(zta_change_begin(store, "prune", &begun, NULL), ZTA_OK);
    assert_int_equal(zta_blocks_prune(begun, 102, &n), ZTA_OK);
    operator_commit(begun);
    assert_int_equal(n, 3);
    assert_int_equal(count(), 2);
    assert_true(is_addr_blocked("10.0.0.4", 102));
    assert_false(is_addr_blocked("10.0.0.3", 102));
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(addresses_are_found_in_their_networks),
        WITH_STORE(the_whole_internet_can_be_blocked),
        WITH_STORE(an_ended_block_does_not_hide_a_wider_one),
        WITH_STORE(an_unknown_address_is_in_no_network),
        WITH_STORE(subjects_are_found_with_their_issuer),
        WITH_STORE(what_names_no_block_is_refused),
        WITH_STORE(counts_and_generation_follow_the_records),
        WITH_STORE(each_gives_back_what_was_put),
        WITH_STORE(prune_removes_what_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

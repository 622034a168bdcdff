/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody makes automation harm those it protects: shares, shared addresses, decoys, floods. */
#include "shared/risk/governor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW_S INT64_C(1900000000)

static const struct zta_siphash_key key = {.k0 = 3, .k1 = 4};

static uint64_t hash_of(char kind, uint64_t number)
{
    const uint64_t parts[2] = {(uint64_t)kind, number};
    return zta_siphash(&key, parts, sizeof parts);
}

static struct zta_governor *open_governor(unsigned percent, unsigned min)
{
    static struct zta_cidr never[2];
    struct zta_governor_limits limits = {
        .percent = percent, .window_s = 3600, .min = min, .never = never, .n_never = 2};
    struct zta_governor *governor = NULL;
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("203.0.113.0/24"), &never[0], NULL), ZTA_OK);
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("198.51.100.9"), &never[1], NULL), ZTA_OK);
    assert_int_equal(zta_governor_open(&limits, &key, &governor), ZTA_OK);
    return governor;
}

static struct zta_cidr network(const char *text)
{
    struct zta_cidr cidr;
    assert_int_equal(zta_cidr_parse(zta_text_of(text), &cidr, NULL), ZTA_OK);
    return cidr;
}

static void let_in(struct zta_governor *governor, uint64_t subject, uint64_t ip, int64_t now_s)
{
    const struct zta_governor_party party = {.subject = hash_of('s', subject),
                                             .ip = hash_of('i', ip),
                                             .net = hash_of('n', ip / 256),
                                             .client = hash_of('c', 1)};
    zta_governor_note(governor, &party, now_s);
}

static enum zta_governed block(struct zta_governor *governor, uint64_t ip, int64_t now_s)
{
    const struct zta_cidr any = network("192.0.2.7");
    return zta_governor_ask_network(governor, ZTA_GOVERNOR_ANONYMOUS, hash_of('i', ip), &any,
                                    now_s);
}

static enum zta_governed quarantine(struct zta_governor *governor, uint64_t subject, int64_t now_s)
{
    return zta_governor_ask_subject(governor, ZTA_GOVERNOR_AUTHENTICATED, hash_of('s', subject),
                                    now_s);
}

static void active_subjects_are_counted_closely(void **state)
{
    static const uint64_t numbers[] = {0, 1, 10, 1000, 100000, 1000000};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct zta_governor *governor = open_governor(5, 5);
        for (uint64_t n = 0; n < numbers[i]; n++) {
            let_in(governor, n, n, NOW_S + (int64_t)(n % 3000));
        }
        const uint64_t counted = zta_governor_n_active(governor, NOW_S + 3000);
        assert_true(counted <= numbers[i] + numbers[i] / 50 + 1);
        assert_true(counted + numbers[i] / 50 + 1 >= numbers[i]);
        assert_true(zta_governor_n_active(governor, NOW_S + 7200) == 0);
        zta_governor_close(&governor);
    }
}

static void other_limits_hold_at_once_and_forget_nobody(void **state)
{
    struct zta_governor *governor = open_governor(5, 2);
    const struct zta_cidr never = network("192.0.2.0/24");
    const struct zta_governor_limits more = {
        .percent = 5, .window_s = 600, .min = 3, .never = &never, .n_never = 1};
    assert_int_equal(quarantine(governor, 1, NOW_S), ZTA_GOVERNED_GO);
    assert_int_equal(quarantine(governor, 2, NOW_S), ZTA_GOVERNED_GO);
    assert_int_equal(quarantine(governor, 3, NOW_S), ZTA_GOVERNED_OVER);
    assert_int_equal(block(governor, 7, NOW_S), ZTA_GOVERNED_GO);
    for (uint64_t n = 0; n < 1000; n++) {
        let_in(governor, n, n, NOW_S);
    }
    zta_governor_limit(governor, &more);
    assert_true(zta_governor_n_active(governor, NOW_S) == 0); /* to be noted anew */
    assert_int_equal(quarantine(governor, 3, NOW_S), ZTA_GOVERNED_GO);
    assert_int_equal(quarantine(governor, 4, NOW_S), ZTA_GOVERNED_OVER);
    assert_int_equal(block(governor, 7, NOW_S), ZTA_GOVERNED_NEVER);
    assert_int_equal(quarantine(governor, 4, NOW_S + 600), ZTA_GOVERNED_GO);
    zta_governor_close(&governor);
}

static void no_more_than_the_share_is_hit_in_a_window(void **state)
{
    struct zta_governor *governor = open_governor(5, 5);
    for (uint64_t n = 0; n < 1000; n++) {
        let_in(governor, n, n, NOW_S);
    }
    const uint64_t share = zta_governor_share(governor, NOW_S);
    assert_in_range(share, 49, 51);
    for (uint64_t n = 0; n < share; n++) {
        assert_int_equal(quarantine(governor, n, NOW_S), ZTA_GOVERNED_GO);
        assert_int_equal(quarantine(governor, n, NOW_S), ZTA_GOVERNED_GO);
    }
    assert_int_equal(zta_governor_n_hit(governor, ZTA_GOVERNOR_AUTHENTICATED, NOW_S), share);
    assert_int_equal(quarantine(governor, 999, NOW_S), ZTA_GOVERNED_OVER);
    /* What was hit already may be hit again, and the window ends. */
    assert_int_equal(quarantine(governor, 0, NOW_S), ZTA_GOVERNED_GO);
    for (uint64_t n = 0; n < 1000; n++) {
        let_in(governor, n, n, NOW_S + 3600);
    }
    assert_int_equal(quarantine(governor, 999, NOW_S + 3600), ZTA_GOVERNED_GO);
    zta_governor_close(&governor);
}

static void a_carrier_address_is_slowed_and_never_blocked(void **state)
{
    struct zta_governor *governor = open_governor(100, 1000);
    for (uint64_t n = 0; n < 21; n++) {
        assert_int_equal(block(governor, 7, NOW_S), ZTA_GOVERNED_GO);
        let_in(governor, n, 7, NOW_S);
    }
    assert_int_equal(block(governor, 7, NOW_S), ZTA_GOVERNED_SHARED);
    assert_int_equal(block(governor, 7, NOW_S + 3599), ZTA_GOVERNED_SHARED);
    assert_int_equal(block(governor, 7, NOW_S + 3600), ZTA_GOVERNED_GO);
    zta_governor_close(&governor);
}

static void a_blocked_address_counts_all_who_were_seen_behind_it(void **state)
{
    struct zta_governor *governor = open_governor(5, 5);
    for (uint64_t n = 0; n < 20; n++) {
        let_in(governor, n, 7, NOW_S);
    }
    for (uint64_t n = 20; n < 100; n++) {
        let_in(governor, n, 1000 + n, NOW_S);
    }
    assert_int_equal(block(governor, 7, NOW_S), ZTA_GOVERNED_OVER);
    assert_int_equal(zta_governor_n_hit(governor, ZTA_GOVERNOR_ANONYMOUS, NOW_S), 0);
    for (uint64_t n = 20; n < 25; n++) {
        assert_int_equal(block(governor, 1000 + n, NOW_S), ZTA_GOVERNED_GO);
    }
    assert_int_equal(block(governor, 1025, NOW_S), ZTA_GOVERNED_OVER);
    zta_governor_close(&governor);
}

static void decoys_spend_nothing_that_protects_others(void **state)
{
    struct zta_governor *governor = open_governor(5, 5);
    for (uint64_t n = 0; n < 200; n++) {
        let_in(governor, n, n, NOW_S);
    }
    /* Addresses that nobody honest uses cost nothing, however many the attacker has. */
    for (uint64_t n = 0; n < 10000; n++) {
        assert_int_equal(block(governor, 100000 + n, NOW_S), ZTA_GOVERNED_GO);
    }
    /* Accounts that he took over spend the budget of what was verified, and not the other one. */
    while (quarantine(governor, zta_governor_n_hit(governor, ZTA_GOVERNOR_AUTHENTICATED, NOW_S),
                      NOW_S) == ZTA_GOVERNED_GO) {
    }
    assert_int_equal(quarantine(governor, 199, NOW_S), ZTA_GOVERNED_OVER);
    assert_int_equal(block(governor, 199, NOW_S), ZTA_GOVERNED_GO);
    assert_int_equal(
        zta_governor_ask_subject(governor, ZTA_GOVERNOR_TRANSMITTER, hash_of('s', 198), NOW_S),
        ZTA_GOVERNED_GO);
    zta_governor_close(&governor);
}

static void proxies_and_our_own_are_never_touched(void **state)
{
    static const struct {
        const char *network;
        enum zta_governed governed;
    } cases[] = {
        {.network = "127.0.0.1", .governed = ZTA_GOVERNED_NEVER},
        {.network = "::1", .governed = ZTA_GOVERNED_NEVER},
        {.network = "203.0.113.77", .governed = ZTA_GOVERNED_NEVER},
        {.network = "198.51.100.9", .governed = ZTA_GOVERNED_NEVER},
        {.network = "198.51.100.0/24", .governed = ZTA_GOVERNED_NEVER},
        {.network = "198.51.100.8", .governed = ZTA_GOVERNED_GO},
    };
    struct zta_governor *governor = open_governor(5, 5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct zta_cidr asked = network(cases[i].network);
        assert_int_equal(
            zta_governor_ask_network(governor, ZTA_GOVERNOR_ANONYMOUS, 1 + i, &asked, NOW_S),
            cases[i].governed);
    }
    zta_governor_close(&governor);
}

static void a_client_of_nobody_knows_how_many_is_left_alone(void **state)
{
    struct zta_governor *governor = open_governor(100, 1000);
    for (uint64_t n = 0; n < 64; n++) {
        let_in(governor, n, n, NOW_S);
    }
    assert_int_equal(
        zta_governor_ask_crowd(governor, ZTA_GOVERNOR_AUTHENTICATED, hash_of('c', 1), NOW_S),
        ZTA_GOVERNED_GO);
    let_in(governor, 64, 64, NOW_S);
    assert_int_equal(
        zta_governor_ask_crowd(governor, ZTA_GOVERNOR_AUTHENTICATED, hash_of('c', 1), NOW_S),
        ZTA_GOVERNED_OVER);
    zta_governor_close(&governor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(active_subjects_are_counted_closely),
        cmocka_unit_test(other_limits_hold_at_once_and_forget_nobody),
        cmocka_unit_test(no_more_than_the_share_is_hit_in_a_window),
        cmocka_unit_test(a_carrier_address_is_slowed_and_never_blocked),
        cmocka_unit_test(a_blocked_address_counts_all_who_were_seen_behind_it),
        cmocka_unit_test(decoys_spend_nothing_that_protects_others),
        cmocka_unit_test(proxies_and_our_own_are_never_touched),
        cmocka_unit_test(a_client_of_nobody_knows_how_many_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

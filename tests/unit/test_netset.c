/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of networks against asking each network in turn. */
#include "shared/base/netset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/random_rules.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define N_NETS_MAX   40
#define N_SETS       20000
#define N_MANY       100000

struct set {
    struct zta_cidr sorted[N_NETS_MAX];
    uint32_t v4[2 * N_NETS_MAX];
    struct zta_net_v6 v6[2 * N_NETS_MAX];
    struct zta_net_set nets;
};

static void make(struct set *set, const struct zta_cidr *cidrs, size_t n)
{
    memcpy(set->sorted, cidrs, n * sizeof *cidrs);
    set->nets = (struct zta_net_set){.v4 = set->v4, .v6 = set->v6};
    zta_net_set_make(set->sorted, n, &set->nets);
}

static bool is_in_any(const struct zta_cidr *cidrs, size_t n, const struct zta_addr *addr)
{
    for (size_t i = 0; i < n; i++) {
        if (zta_cidr_contains(&cidrs[i], addr)) {
            return true;
        }
    }
    return false;
}

/* Bits that are all zero or all one in places make neighbours, overlaps and both ends likely. */
static struct zta_addr random_addr(struct random_source *source)
{
    static const uint8_t bytes[] = {0, 0, 0xff, 0xff, 0x80, 0x7f, 1, 0xfe};
    struct zta_addr addr = {.family = random_chance(source, 50) ? 4 : 6};
    for (unsigned i = 0; i < (addr.family == 4 ? 4u : 16u); i++) {
        addr.bytes[i] = bytes[random_below(source, COUNT(bytes))];
    }
    return addr;
}

/* One before or behind. */
static void step(struct zta_addr *addr, bool is_up)
{
    for (unsigned i = addr->family == 4 ? 4 : 16; i-- > 0;) {
        addr->bytes[i] = (uint8_t)(addr->bytes[i] + (is_up ? 1 : -1));
        if (addr->bytes[i] != (is_up ? 0 : 0xff)) {
            return;
        }
    }
}

static void expect_same(const struct set *set, const struct zta_cidr *cidrs, size_t n,
                        const struct zta_addr *addr)
{
    if (zta_net_set_contains(&set->nets, addr) != is_in_any(cidrs, n, addr)) {
        char text[ZTA_CIDR_TEXT_MAX];
        for (size_t i = 0; i < n; i++) {
            zta_cidr_print(&cidrs[i], text);
            print_message("%s\n", text);
        }
        zta_addr_print(addr, text);
        fail_msg("%s", text);
    }
}

/* The last address of a network: its first with the host bits set. */
static struct zta_addr last_of(const struct zta_cidr *cidr)
{
    struct zta_addr last = cidr->addr;
    for (unsigned i = cidr->prefix; i < (last.family == 4 ? 32u : 128u); i++) {
        last.bytes[i / 8] |= (uint8_t)(0x80u >> i % 8);
    }
    return last;
}

static void a_set_holds_what_one_of_its_networks_holds(void **state)
{
    static struct set set;
    struct random_source source = {.state = 20260101};
    struct zta_cidr cidrs[N_NETS_MAX];
    for (int i = 0; i < N_SETS; i++) {
        const size_t n = random_below(&source, N_NETS_MAX + 1);
        for (size_t k = 0; k < n; k++) {
            const struct zta_addr addr = random_addr(&source);
            cidrs[k] = zta_addr_network(&addr, (uint8_t)random_below(&source, 33),
                                        (uint8_t)random_below(&source, 129));
        }
        make(&set, cidrs, n);
        for (size_t k = 0; k < n; k++) {
            struct zta_addr addr = cidrs[k].addr;
            expect_same(&set, cidrs, n, &addr);
            step(&addr, false);
            expect_same(&set, cidrs, n, &addr);
            addr = last_of(&cidrs[k]);
            expect_same(&set, cidrs, n, &addr);
            step(&addr, true);
            expect_same(&set, cidrs, n, &addr);
        }
        for (int k = 0; k < 10; k++) {
            const struct zta_addr addr = random_addr(&source);
            expect_same(&set, cidrs, n, &addr);
        }
    }
}

static struct zta_cidr cidr_of(const char *text)
{
    struct zta_cidr cidr;
    assert_int_equal(zta_cidr_parse(zta_text_of(text), &cidr, NULL), ZTA_OK);
    return cidr;
}

static void whole_families_and_neighbours_are_one_run(void **state)
{
    static const struct {
        const char *nets[3];
        size_t n_v4;
        size_t n_v6;
    } rows[] = {
        {.nets = {"0.0.0.0/0"}, .n_v4 = 1, .n_v6 = 0},
        {.nets = {"::/0"}, .n_v4 = 0, .n_v6 = 1},
        {.nets = {"255.255.255.255", "254.0.0.0/8"}, .n_v4 = 3, .n_v6 = 0},
        {.nets = {"10.0.0.0/25", "10.0.0.128/25", "10.0.0.7"}, .n_v4 = 2, .n_v6 = 0},
        {.nets = {"::/1", "8000::/1", "::1"}, .n_v4 = 0, .n_v6 = 1},
        {.nets = {"2001:db8::/64", "2001:db8:0:1::/64"}, .n_v4 = 0, .n_v6 = 2},
        {.nets = {"::ffff:10.0.0.0/104", "10.0.0.0/8"}, .n_v4 = 2, .n_v6 = 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct set set;
        struct zta_cidr cidrs[3];
        size_t n = 0;
        while (n < COUNT(rows[i].nets) && rows[i].nets[n] != NULL) {
            cidrs[n] = cidr_of(rows[i].nets[n]);
            n++;
        }
        make(&set, cidrs, n);
        assert_int_equal(set.nets.n_v4, rows[i].n_v4);
        assert_int_equal(set.nets.n_v6, rows[i].n_v6);
    }
}

static void an_unknown_address_is_nowhere(void **state)
{
    static struct set set;
    const struct zta_cidr all[] = {cidr_of("0.0.0.0/0"), cidr_of("::/0")};
    const struct zta_addr unknown = {.family = 0};
    make(&set, all, COUNT(all));
    assert_false(zta_net_set_contains(&set.nets, &unknown));
    make(&set, all, 0);
    assert_false(zta_net_set_contains(&set.nets, &all[0].addr));
}

/* Every second /24 from 11.0.0.0 on: as many runs as networks. */
static void a_hundred_thousand_networks_are_one_set(void **state)
{
    struct zta_cidr *cidrs = calloc(N_MANY, sizeof *cidrs);
    struct zta_net_set set = {.v4 = calloc(2 * N_MANY, sizeof *set.v4)};
    assert_true(cidrs != NULL && set.v4 != NULL);
    for (uint32_t i = 0; i < N_MANY; i++) {
        cidrs[i] = (struct zta_cidr){.addr = {.family = 4}, .prefix = 24};
        zta_put_u32(cidrs[i].addr.bytes, (11u << 24) + (N_MANY - 1 - i) * 512);
    }
    zta_net_set_make(cidrs, N_MANY, &set);
    assert_int_equal(set.n_v4, 2 * N_MANY);
    for (uint32_t i = 0; i < N_MANY; i++) {
        struct zta_addr addr = {.family = 4};
        zta_put_u32(addr.bytes, (11u << 24) + i * 512 + 255);
        assert_true(zta_net_set_contains(&set, &addr));
        zta_put_u32(addr.bytes, (11u << 24) + i * 512 + 256);
        assert_false(zta_net_set_contains(&set, &addr));
    }
    free(set.v4);
    free(cidrs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_holds_what_one_of_its_networks_holds),
        cmocka_unit_test(whole_families_and_neighbours_are_one_run),
        cmocka_unit_test(an_unknown_address_is_nowhere),
        cmocka_unit_test(a_hundred_thousand_networks_are_one_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

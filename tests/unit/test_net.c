/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and networks. */
#include "shared/base/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct zta_addr addr_of(const char *text)
{
    struct zta_addr addr = {.family = 0};
    assert_int_equal(zta_addr_parse(zta_text_of(text), &addr), ZTA_OK);
    return addr;
}

static struct zta_cidr cidr_of(const char *text)
{
    struct zta_cidr cidr = {.prefix = 0};
    assert_int_equal(zta_cidr_parse(zta_text_of(text), &cidr, NULL), ZTA_OK);
    return cidr;
}

static void address_prints_in_its_one_form(void **state)
{
    static const struct {
        const char *text;
        const char *printed;
    } cases[] = {
        {.text = "0.0.0.0", .printed = "0.0.0.0"},
        {.text = "255.255.255.255", .printed = "255.255.255.255"},
        {.text = "::", .printed = "::"},
        {.text = "::1", .printed = "::1"},
        {.text = "2001:DB8:0:0:0:0:0:1", .printed = "2001:db8::1"},
        {.text = "::ffff:192.0.2.1", .printed = "192.0.2.1"},
        {.text = "::FFFF:c000:201", .printed = "192.0.2.1"},
        {.text = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         .printed = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[ZTA_CIDR_TEXT_MAX];
        struct zta_addr addr = addr_of(cases[i].text);
        zta_addr_print(&addr, out);
        assert_string_equal(out, cases[i].printed);
    }
    char out[ZTA_CIDR_TEXT_MAX];
    zta_addr_print(&(struct zta_addr){.family = 0}, out);
    assert_string_equal(out, "unknown");
}

static void ambiguous_addresses_are_refused(void **state)
{
    static const struct zta_text cases[] = {
        {.data = NULL},
        ZTA_TEXT(""),
        ZTA_TEXT("1"),
        ZTA_TEXT("10.1"),
        ZTA_TEXT("010.0.0.1"),
        ZTA_TEXT("0x7f.0.0.1"),
        ZTA_TEXT("127.0.0.1 "),
        ZTA_TEXT(" 127.0.0.1"),
        ZTA_TEXT("127.0.0.256"),
        ZTA_TEXT("127.0.0.1."),
        ZTA_TEXT("127.0.0.1\0"),
        ZTA_TEXT("127.0.0.1:80"),
        ZTA_TEXT("[::1]"),
        ZTA_TEXT("fe80::1%eth0"),
        ZTA_TEXT("fe80::1%25eth0"),
        ZTA_TEXT(":::"),
        ZTA_TEXT("1::2::3"),
        ZTA_TEXT("12345::"),
        ZTA_TEXT("::ffff:127.0.0.01"),
        ZTA_TEXT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255:ffff"),
        ZTA_TEXT("localhost"),
        ZTA_TEXT("::1/128"),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_addr addr = {.family = 9};
        if (zta_addr_parse(cases[i], &addr) != ZTA_INVALID || addr.family != 9) {
            fail_msg("\"%.*s\"", (int)cases[i].len, cases[i].data);
        }
    }
}

static void network_prints_in_its_one_form(void **state)
{
    static const struct {
        const char *text;
        const char *printed;
    } cases[] = {
        {.text = "10.0.0.0/8", .printed = "10.0.0.0/8"},
        {.text = "0.0.0.0/0", .printed = "0.0.0.0/0"},
        {.text = "::/0", .printed = "::/0"},
        {.text = "203.0.113.7", .printed = "203.0.113.7"},
        {.text = "203.0.113.7/32", .printed = "203.0.113.7"},
        {.text = "2001:db8::/33", .printed = "2001:db8::/33"},
        {.text = "2001:db8::1/128", .printed = "2001:db8::1"},
        {.text = "::ffff:10.0.0.0/104", .printed = "10.0.0.0/8"},
        {.text = "::ffff:0.0.0.0/96", .printed = "0.0.0.0/0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[ZTA_CIDR_TEXT_MAX];
        struct zta_cidr cidr = cidr_of(cases[i].text);
        zta_cidr_print(&cidr, out);
        assert_string_equal(out, cases[i].printed);
        struct zta_cidr again = cidr_of(out);
        assert_memory_equal(&again, &cidr, sizeof(cidr));
    }
}

static void bad_network_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {.text = "10.0.0.1/8",
         .why = "\"10.0.0.1/8\" has bits set behind its prefix; write 10.0.0.0/8"},
        {.text = "2001:db8::1/64",
         .why = "\"2001:db8::1/64\" has bits set behind its prefix; write 2001:db8::/64"},
        {.text = "::ffff:10.0.0.1/104", .why = "write 10.0.0.0/8"},
        {.text = "::ffff:10.0.0.0/8", .why = "write it as IPv4"},
        {.text = "10.0.0.0/33", .why = "prefix that is not 0 to 32"},
        {.text = "10.0.0.0/08", .why = "prefix that is not 0 to 32"},
        {.text = "10.0.0.0/", .why = "prefix that is not 0 to 32"},
        {.text = "10.0.0.0/-1", .why = "prefix that is not 0 to 32"},
        {.text = "10.0.0.0/8/8", .why = "prefix that is not 0 to 32"},
        {.text = "10.0.0.0/255.0.0.0", .why = "prefix that is not 0 to 32"},
        {.text = "::/129", .why = "prefix that is not 0 to 128"},
        {.text = "::ffff:10.0.0.0/129", .why = "prefix that is not 0 to 128"},
        {.text = "/8", .why = "is not an IP address or network"},
        {.text = "", .why = "is not an IP address or network"},
        {.text = NULL, .why = "is not an IP address or network"},
        {.text = "\x1b[2J", .why = "\"\\x1b[2J\" is not an IP address"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_error error = {.status = ZTA_OK};
        struct zta_cidr cidr = {.prefix = 77};
        assert_int_equal(zta_cidr_parse(zta_text_of(cases[i].text), &cidr, &error), ZTA_INVALID);
        assert_int_equal(cidr.prefix, 77);
        if (strstr(error.text, cases[i].why) == NULL) {
            fail_msg("%s: %s", cases[i].text, error.text);
        }
    }
}

static void network_contains_its_addresses_only(void **state)
{
    static const struct {
        const char *cidr;
        const char *addr;
        bool is_inside;
    } cases[] = {
        {.cidr = "10.0.0.0/8", .addr = "10.255.255.255", .is_inside = true},
        {.cidr = "10.0.0.0/8", .addr = "11.0.0.0", .is_inside = false},
        {.cidr = "192.0.2.128/25", .addr = "192.0.2.128", .is_inside = true},
        {.cidr = "192.0.2.128/25", .addr = "192.0.2.127", .is_inside = false},
        {.cidr = "203.0.113.7", .addr = "203.0.113.7", .is_inside = true},
        {.cidr = "203.0.113.7", .addr = "203.0.113.6", .is_inside = false},
        {.cidr = "0.0.0.0/0", .addr = "1.2.3.4", .is_inside = true},
        {.cidr = "0.0.0.0/0", .addr = "::1", .is_inside = false},
        {.cidr = "::/0", .addr = "1.2.3.4", .is_inside = false},
        {.cidr = "::/0", .addr = "2001:db8::", .is_inside = true},
        {.cidr = "2001:db8::/33", .addr = "2001:db8:7fff::", .is_inside = true},
        {.cidr = "2001:db8::/33", .addr = "2001:db8:8000::", .is_inside = false},
        {.cidr = "2001:db8::1", .addr = "2001:db8::1", .is_inside = true},
        {.cidr = "2001:db8::1", .addr = "2001:db8::3", .is_inside = false},
        {.cidr = "10.0.0.0/8", .addr = "::ffff:10.1.2.3", .is_inside = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_cidr cidr = cidr_of(cases[i].cidr);
        struct zta_addr addr = addr_of(cases[i].addr);
        if (zta_cidr_contains(&cidr, &addr) != cases[i].is_inside) {
            fail_msg("%s in %s", cases[i].addr, cases[i].cidr);
        }
    }
}

static void unknown_address_is_in_no_network_and_equals_none(void **state)
{
    const struct zta_addr unknown = {.family = 0};
    const struct zta_cidr nothing = zta_addr_network(&unknown, 32, 64);
    struct zta_cidr all = cidr_of("0.0.0.0/0");
    struct zta_addr addr = addr_of("0.0.0.0");
    assert_false(zta_cidr_contains(&all, &unknown));
    assert_false(zta_cidr_contains(&nothing, &unknown));
    assert_false(zta_cidr_contains(&nothing, &addr));
    assert_false(zta_addr_equal(&unknown, &unknown));
    assert_false(zta_addr_equal(&unknown, &addr));
    assert_false(zta_addr_is_loopback(&unknown));
    char out[ZTA_CIDR_TEXT_MAX];
    zta_cidr_print(&nothing, out);
    assert_string_equal(out, "unknown");
}

static void equality_asks_for_the_same_family(void **state)
{
    struct zta_addr v4 = addr_of("1.2.3.4");
    struct zta_addr mapped = addr_of("::ffff:1.2.3.4");
    struct zta_addr v6 = addr_of("102:304::");
    assert_true(zta_addr_equal(&v4, &mapped));
    assert_memory_equal(v4.bytes, v6.bytes, sizeof(v4.bytes));
    assert_false(zta_addr_equal(&v4, &v6));
}

static void loopback_is_known_in_both_families(void **state)
{
    static const char *const loopback[] = {"127.0.0.1", "127.255.255.255", "::1",
                                           "::ffff:127.0.0.1"};
    static const char *const other[] = {"128.0.0.1", "126.255.255.255", "::2", "::", "7f00::"};
    for (size_t i = 0; i < COUNT(loopback); i++) {
        struct zta_addr addr = addr_of(loopback[i]);
        assert_true(zta_addr_is_loopback(&addr));
    }
    for (size_t i = 0; i < COUNT(other); i++) {
        struct zta_addr addr = addr_of(other[i]);
        assert_false(zta_addr_is_loopback(&addr));
    }
}

static void private_addresses_are_those_that_nobody_on_the_internet_has(void **state)
{
    static const char *const private[] = {
        "10.255.0.1",  "172.16.0.0",      "172.31.255.255", "192.168.1.1",
        "169.254.0.9", "100.127.255.255", "127.0.0.1",      "::1",
        "fd00::1",     "fe80::1",         "::ffff:10.0.0.1"};
    static const char *const other[] = {"11.0.0.1",    "172.15.255.255", "172.32.0.0",
                                        "192.169.0.1", "100.128.0.0",    "8.8.8.8",
                                        "2001:db8::1", "fe00::1"};
    for (size_t i = 0; i < COUNT(private); i++) {
        struct zta_addr addr = addr_of(private[i]);
        assert_true(zta_addr_is_private(&addr));
    }
    for (size_t i = 0; i < COUNT(other); i++) {
        struct zta_addr addr = addr_of(other[i]);
        assert_false(zta_addr_is_private(&addr));
    }
}

static void limits_key_on_the_network_of_an_address(void **state)
{
    static const struct {
        const char *addr;
        uint8_t v4_prefix;
        uint8_t v6_prefix;
        const char *network;
    } cases[] = {
        {.addr = "192.0.2.77", .v4_prefix = 32, .v6_prefix = 64, .network = "192.0.2.77"},
        {.addr = "192.0.2.77", .v4_prefix = 24, .v6_prefix = 64, .network = "192.0.2.0/24"},
        {.addr = "192.0.2.77", .v4_prefix = 0, .v6_prefix = 64, .network = "0.0.0.0/0"},
        {.addr = "192.0.2.77", .v4_prefix = 200, .v6_prefix = 64, .network = "192.0.2.77"},
        {.addr = "2001:db8:1:2:3:4:5:6",
         .v4_prefix = 32,
         .v6_prefix = 64,
         .network = "2001:db8:1:2::/64"},
        {.addr = "2001:db8:1:ffff::",
         .v4_prefix = 32,
         .v6_prefix = 50,
         .network = "2001:db8:1:c000::/50"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_addr addr = addr_of(cases[i].addr);
        struct zta_cidr network = zta_addr_network(&addr, cases[i].v4_prefix, cases[i].v6_prefix);
        char out[ZTA_CIDR_TEXT_MAX];
        zta_cidr_print(&network, out);
        assert_string_equal(out, cases[i].network);
        assert_true(zta_cidr_contains(&network, &addr));
    }
}

static void a_network_grows_by_what_joins_it(void **state)
{
    static const struct {
        const char *first;
        const char *more;
        const char *network;
    } cases[] = {
        {.first = "192.0.2.7", .more = "192.0.2.7", .network = "192.0.2.7"},
        {.first = "192.0.2.7", .more = "192.0.2.6", .network = "192.0.2.6/31"},
        {.first = "203.0.112.1", .more = "203.0.127.254", .network = "203.0.112.0/20"},
        {.first = "0.0.0.1", .more = "128.0.0.1", .network = "0.0.0.0/0"},
        {.first = "2001:db8::1", .more = "2001:db8:0:1::", .network = "2001:db8::/63"},
        {.first = "192.0.2.7", .more = "2001:db8::1", .network = "192.0.2.7"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct zta_addr first = addr_of(cases[i].first);
        const struct zta_addr more = addr_of(cases[i].more);
        const struct zta_cidr host = zta_addr_network(&first, 32, 128);
        const struct zta_cidr joined = zta_cidr_join(&host, &more);
        char out[ZTA_CIDR_TEXT_MAX];
        zta_cidr_print(&joined, out);
        assert_string_equal(out, cases[i].network);
        assert_true(zta_cidr_contains(&joined, &first));
    }
    const struct zta_addr unknown = {.family = 0};
    const struct zta_addr known = addr_of("192.0.2.7");
    const struct zta_cidr network = zta_addr_network(&known, 24, 64);
    const struct zta_cidr same = zta_cidr_join(&network, &unknown);
    assert_int_equal(same.prefix, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_prints_in_its_one_form),
        cmocka_unit_test(ambiguous_addresses_are_refused),
        cmocka_unit_test(network_prints_in_its_one_form),
        cmocka_unit_test(bad_network_says_what_is_wrong),
        cmocka_unit_test(network_contains_its_addresses_only),
        cmocka_unit_test(unknown_address_is_in_no_network_and_equals_none),
        cmocka_unit_test(equality_asks_for_the_same_family),
        cmocka_unit_test(loopback_is_known_in_both_families),
        cmocka_unit_test(private_addresses_are_those_that_nobody_on_the_internet_has),
        cmocka_unit_test(limits_key_on_the_network_of_an_address),
        cmocka_unit_test(a_network_grows_by_what_joins_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

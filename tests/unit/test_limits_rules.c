/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of limits: phases, keys, and tags that are the same exactly for the same bucket. */
#include "shared/rules/decide.h"

#include "tests/unit/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct zta_siphash_key key = {.k0 = 0x0706050403020100, .k1 = 0x0f0e0d0c0b0a0908};

/* The charges of one phase; returns their number. */
static size_t limits(const struct fixture *fixture, const char *rules, enum zta_limit_phase phase,
                     struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX])
{
    size_t n_left_out = SIZE_MAX;
    struct zta_ruleset *set = fixture_rules(rules, "corp");
    const size_t n = zta_rules_limits(set, &fixture->facts, &fixture->stance, FIXTURE_NOW_S, phase,
                                      &key, charges, &n_left_out);
    assert_int_equal(n_left_out, 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(charges[i].tag, 0);
        charges[i].name = NULL; /* ends with the set */
    }
    zta_ruleset_close(&set);
    return n;
}

/* The tag of the only limit of the set, in whatever phase; 0 when it does not apply. */
static uint64_t tag(const struct fixture *fixture, const char *rules)
{
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    if (limits(fixture, rules, ZTA_LIMIT_BEFORE, charges) == 1) {
        return charges[0].tag;
    }
    return limits(fixture, rules, ZTA_LIMIT_AFTER, charges) == 1 ? charges[0].tag : 0;
}

static uint64_t tag_by(const struct fixture *fixture, const char *keys)
{
    char rules[128];
    (void)snprintf(rules, sizeof rules, "limit l\n  key %s\n  rate 10/s\n", keys);
    return tag(fixture, rules);
}

static void only_early_limits_run_before_cryptography(void **state)
{
    static const struct {
        const char *rules;
        enum zta_limit_phase phase;
    } cases[] = {
        {.rules = "limit l\n  key ip\n  rate 1/s\n", .phase = ZTA_LIMIT_BEFORE},
        {.rules = "limit l\n  key net route all\n  rate 1/s\n", .phase = ZTA_LIMIT_BEFORE},
        {.rules = "limit l\n  when host *.com\n  when not path /x\n  when method GET\n"
                  "  key ip\n  rate 1/s\n",
         .phase = ZTA_LIMIT_BEFORE},
        {.rules = "limit l\n  when content-length > 1\n  key ip\n  rate 1/s\n",
         .phase = ZTA_LIMIT_AFTER},
        {.rules = "limit l\n  when method GET\n  or role clerk\n  key ip\n  rate 1/s\n",
         .phase = ZTA_LIMIT_AFTER},
        {.rules = "limit l\n  key ip subject\n  rate 1/s\n", .phase = ZTA_LIMIT_AFTER},
        {.rules = "limit l\n  key claim:dept\n  rate 1/s\n", .phase = ZTA_LIMIT_AFTER},
        {.rules = "limit l\n  key issuer\n  rate 1/s\n", .phase = ZTA_LIMIT_AFTER},
    };
    struct fixture fixture;
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    fixture_init(&fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(limits(&fixture, cases[i].rules, ZTA_LIMIT_BEFORE, charges),
                         cases[i].phase == ZTA_LIMIT_BEFORE ? 1 : 0);
        assert_int_equal(limits(&fixture, cases[i].rules, ZTA_LIMIT_AFTER, charges),
                         cases[i].phase == ZTA_LIMIT_AFTER ? 1 : 0);
    }
}

static void charges_tell_rate_burst_and_place(void **state)
{
    struct fixture fixture;
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    fixture_init(&fixture);
    assert_int_equal(
        limits(&fixture, "limit l\n  key ip\n  rate 5/10m\n", ZTA_LIMIT_BEFORE, charges), 1);
    assert_int_equal(charges[0].count, 5);
    assert_int_equal(charges[0].window_s, 600);
    assert_int_equal(charges[0].burst, 5);
    assert_int_equal(charges[0].mode, ZTA_MODE_ENFORCE);
    assert_int_equal(charges[0].line, 1);
    assert_false(charges[0].is_keyed_by_identity);
    assert_int_equal(limits(&fixture, "limit l\n  key ip subject\n  rate 1/h burst 7\n",
                            ZTA_LIMIT_AFTER, charges),
                     1);
    assert_int_equal(charges[0].burst, 7);
    assert_true(charges[0].is_keyed_by_identity);
}

static void a_limit_with_an_unknown_key_does_not_apply(void **state)
{
    static const char *const keys[] = {"ip",     "net",        "route",         "subject",
                                       "client", "session",    "issuer",        "claim:dept",
                                       "apikey", "ip subject", "claim:dept all"};
    struct fixture anonymous;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.identity.apikey = ZTA_TEXT("key");
    fixture_init(&anonymous);
    anonymous.facts.identity = NULL;
    anonymous.facts.addr.family = 0;
    anonymous.facts.route = (struct zta_text){.data = NULL};
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_not_equal(tag_by(&fixture, keys[i]), 0);
        assert_int_equal(tag_by(&anonymous, keys[i]), 0);
    }
    assert_int_not_equal(tag_by(&anonymous, "all"), 0);
    fixture.identity.session_kind = ZTA_SESSION_NONE;
    assert_int_equal(tag_by(&fixture, "session"), 0);
    assert_int_equal(tag_by(&fixture, "claim:other"), 0);
    assert_int_not_equal(tag_by(&fixture, "claim:none"), 0);
    fixture.identity.subject = (struct zta_text){.data = NULL};
    assert_int_equal(tag_by(&fixture, "ip subject"), 0);
}

static void tags_follow_the_values_of_all_keys(void **state)
{
    static const char keys[] = "ip subject client session issuer route claim:tags claim:dept";
    struct fixture one;
    struct fixture other;
    fixture_init(&one);
    fixture_init(&other);
    assert_int_equal(tag_by(&one, keys), tag_by(&other, keys));
    struct zta_text *const texts[] = {&other.identity.subject, &other.identity.client,
                                      &other.identity.issuer, &other.facts.route};
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct zta_text kept = *texts[i];
        *texts[i] = ZTA_TEXT("someone");
        assert_int_not_equal(tag_by(&one, keys), tag_by(&other, keys));
        *texts[i] = kept;
    }
    other.identity.session[15] ^= 1;
    assert_int_not_equal(tag_by(&one, keys), tag_by(&other, keys));
    other.identity.session[15] ^= 1;
    other.identity.n_claims--;
    assert_int_not_equal(tag_by(&one, keys), tag_by(&other, keys));
    other.identity.n_claims++;
    other.facts.addr.bytes[3]++;
    assert_int_not_equal(tag_by(&one, keys), tag_by(&other, keys));
    assert_int_equal(tag_by(&one, "subject"), tag_by(&other, "subject"));
}

/* The same subject of two issuers is two people; values do not run into each other. */
static void tags_keep_values_apart(void **state)
{
    struct fixture one;
    struct fixture other;
    fixture_init(&one);
    fixture_init(&other);
    other.identity.issuer = ZTA_TEXT("partner");
    assert_int_not_equal(tag_by(&one, "subject"), tag_by(&other, "subject"));
    assert_int_not_equal(tag_by(&one, "client"), tag_by(&other, "client"));
    assert_int_not_equal(tag_by(&one, "claim:dept"), tag_by(&other, "claim:dept"));
    fixture_init(&other);
    one.identity.subject = ZTA_TEXT("ab");
    one.identity.client = ZTA_TEXT("c");
    other.identity.subject = ZTA_TEXT("a");
    other.identity.client = ZTA_TEXT("bc");
    assert_int_not_equal(tag_by(&one, "subject client"), tag_by(&other, "subject client"));
    one.identity.client = ZTA_TEXT("ab");
    assert_int_not_equal(tag_by(&one, "subject"), tag_by(&one, "client"));
}

/* Also where a value no longer fits into what is hashed at once, and where it just does. */
static void tags_keep_long_values_apart(void **state)
{
    char subject[600];
    char client[] = "web";
    struct fixture one;
    fixture_init(&one);
    memset(subject, 's', sizeof subject);
    one.identity.client = ZTA_TEXT(client);
    for (size_t len = 1; len <= sizeof subject; len++) {
        one.identity.subject = (struct zta_text){.data = subject, .len = len};
        const uint64_t before = tag_by(&one, "subject client");
        one.identity.subject.len = len - 1;
        assert_int_not_equal(tag_by(&one, "subject client"), before);
        one.identity.subject.len = len;
        subject[len - 1] = 't';
        assert_int_not_equal(tag_by(&one, "subject client"), before);
        subject[len - 1] = 's';
        client[0] = 'W';
        assert_int_not_equal(tag_by(&one, "subject client"), before);
        client[0] = 'w';
        assert_int_equal(tag_by(&one, "subject client"), before);
    }
}

static void addresses_count_by_their_network(void **state)
{
    static const struct {
        const char *keys;
        const char *a;
        const char *b;
        bool is_same;
    } cases[] = {
        {.keys = "ip", .a = "192.0.2.1", .b = "192.0.2.2", .is_same = false},
        {.keys = "net", .a = "192.0.2.1", .b = "192.0.2.254", .is_same = true},
        {.keys = "net", .a = "192.0.2.1", .b = "192.0.3.1", .is_same = false},
        {.keys = "ip", .a = "2001:db8:1:2::1", .b = "2001:db8:1:2:ffff::9", .is_same = true},
        {.keys = "ip", .a = "2001:db8:1:2::1", .b = "2001:db8:1:3::1", .is_same = false},
        {.keys = "net", .a = "2001:db8:1:2::1", .b = "2001:db8:1:ffff::1", .is_same = true},
        {.keys = "net", .a = "2001:db8:1::1", .b = "2001:db8:2::1", .is_same = false},
        {.keys = "ip", .a = "0.0.0.0", .b = "::", .is_same = false},
    };
    struct fixture a;
    struct fixture b;
    fixture_init(&a);
    fixture_init(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(zta_addr_parse(zta_text_of(cases[i].a), &a.facts.addr), ZTA_OK);
        assert_int_equal(zta_addr_parse(zta_text_of(cases[i].b), &b.facts.addr), ZTA_OK);
        if ((tag_by(&a, cases[i].keys) == tag_by(&b, cases[i].keys)) != cases[i].is_same) {
            fail_msg("%s of %s and %s", cases[i].keys, cases[i].a, cases[i].b);
        }
    }
}

static void tags_follow_mode_rule_and_rate(void **state)
{
    static const char *const rules[] = {
        "limit l\n  key all\n  rate 10/s\n",
        "limit k\n  key all\n  rate 10/s\n",
        "limit l\n  key all\n  rate 11/s\n",
        "limit l\n  key all\n  rate 10/m\n",
        "limit l\n  key all\n  rate 10/s burst 20\n",
        "limit l\n  key all\n  rate 10/s\n  mode monitor\n",
    };
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < COUNT(rules); i++) {
        assert_int_not_equal(tag(&fixture, rules[i]), 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(tag(&fixture, rules[i]), tag(&fixture, rules[j]));
        }
    }
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    static const struct zta_siphash_key other = {.k0 = 1, .k1 = 2};
    size_t n_left_out;
    struct zta_ruleset *set = fixture_rules(rules[0], "corp");
    assert_int_equal(zta_rules_limits(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S,
                                      ZTA_LIMIT_BEFORE, &other, charges, &n_left_out),
                     1);
    assert_int_not_equal(charges[0].tag, tag(&fixture, rules[0]));
    zta_ruleset_close(&set);
}

static void limits_apply_where_their_when_holds_and_they_are_in_force(void **state)
{
    static const struct {
        const char *lines;
        bool applies;
    } cases[] = {
        {.lines = "  when path /orders/**\n", .applies = true},
        {.lines = "  when path /x/**\n", .applies = false},
        {.lines = "  when role clerk\n", .applies = true},
        {.lines = "  when amr mfa\n", .applies = false},
        {.lines = "  when not amr mfa\n", .applies = true},
        {.lines = "  when not role clerk\n", .applies = false},
        {.lines = "  mode off\n", .applies = false},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char rules[128];
        (void)snprintf(rules, sizeof rules, "limit l\n%s  key ip\n  rate 1/s\n", cases[i].lines);
        assert_int_equal(tag(&fixture, rules) != 0, cases[i].applies);
    }
    fixture.stance.modes[ZTA_FEATURE_RATELIMIT] = ZTA_MODE_OFF;
    assert_int_equal(tag_by(&fixture, "all"), 0);
}

static void write_limits(char *text, size_t size, unsigned n, unsigned n_monitored)
{
    size_t len = 0;
    for (unsigned i = 0; i < n; i++) {
        len += (size_t)snprintf(text + len, size - len, "limit l%02u\n  key all\n  rate 1/s\n%s", i,
                                i < n_monitored ? "  mode monitor\n" : "");
        assert_true(len < size);
    }
}

static void enforced_limits_come_first_and_none_is_lost_silently(void **state)
{
    static const struct {
        unsigned n;
        unsigned n_monitored;
        size_t n_left_out;
        const char *first;
    } cases[] = {
        {.n = 3, .n_monitored = 2, .n_left_out = 0, .first = "l02"},
        {.n = 32, .n_monitored = 0, .n_left_out = 0, .first = "l00"},
        {.n = 40, .n_monitored = 10, .n_left_out = 0, .first = "l10"},
        {.n = 40, .n_monitored = 0, .n_left_out = 8, .first = "l00"},
        {.n = 60, .n_monitored = 20, .n_left_out = 8, .first = "l20"},
    };
    static char rules[8192];
    struct fixture fixture;
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    fixture_init(&fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n_left_out;
        write_limits(rules, sizeof rules, cases[i].n, cases[i].n_monitored);
        struct zta_ruleset *set = fixture_rules(rules, "corp");
        const size_t n = zta_rules_limits(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S,
                                          ZTA_LIMIT_BEFORE, &key, charges, &n_left_out);
        assert_int_equal(n,
                         cases[i].n < ZTA_LIMIT_CHARGES_MAX ? cases[i].n : ZTA_LIMIT_CHARGES_MAX);
        assert_int_equal(n_left_out, cases[i].n_left_out);
        assert_string_equal(charges[0].name, cases[i].first);
        for (size_t k = 1; k < n; k++) {
            assert_true(charges[k].mode < charges[k - 1].mode ||
                        strcmp(charges[k].name, charges[k - 1].name) > 0);
        }
        zta_ruleset_close(&set);
    }
}

static uint64_t slowed_tag(const struct fixture *fixture, const char *rules)
{
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    return limits(fixture, rules, ZTA_LIMIT_ELSE, charges) == 1 ? charges[0].tag : 0;
}

static void what_throttles_counts_by_session_else_by_address(void **state)
{
    static const char slow[] = "require s\n  need role boss\n  else throttle 5/m burst 9\n";
    struct fixture one;
    struct fixture other;
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
    fixture_init(&one);
    fixture_init(&other);
    assert_int_equal(limits(&one, slow, ZTA_LIMIT_ELSE, charges), 1);
    assert_int_equal(charges[0].count, 5);
    assert_int_equal(charges[0].window_s, 60);
    assert_int_equal(charges[0].burst, 9);
    assert_int_equal(charges[0].mode, ZTA_MODE_ENFORCE);
    assert_int_equal(limits(&one, slow, ZTA_LIMIT_BEFORE, charges), 0);
    assert_int_equal(limits(&one, slow, ZTA_LIMIT_AFTER, charges), 0);
    other.facts.addr.bytes[3]++;
    assert_int_equal(slowed_tag(&one, slow), slowed_tag(&other, slow));
    other.identity.session[0] ^= 1;
    assert_int_not_equal(slowed_tag(&one, slow), slowed_tag(&other, slow));
    one.identity.session_kind = ZTA_SESSION_NONE;
    const uint64_t by_address = slowed_tag(&one, slow);
    other.identity.session_kind = ZTA_SESSION_NONE;
    assert_int_not_equal(by_address, 0);
    assert_int_not_equal(slowed_tag(&other, slow), by_address);
    other.facts.addr = one.facts.addr;
    assert_int_equal(slowed_tag(&other, slow), by_address);
    /* Without either it is still counted. */
    one.facts.addr.family = 0;
    assert_int_not_equal(slowed_tag(&one, slow), 0);
    assert_int_not_equal(slowed_tag(&one, slow), by_address);
}

static void what_throttles_counts_where_a_need_is_lacked_and_in_force(void **state)
{
    static const struct {
        const char *rules;
        enum zta_mode time;
        enum zta_mode expected;
    } cases[] = {
        {"need role boss\n", ZTA_MODE_OFF, ZTA_MODE_ENFORCE},
        {"need role clerk\n", ZTA_MODE_OFF, ZTA_MODE_OFF},
        {"need role boss\n  when path /other\n", ZTA_MODE_OFF, ZTA_MODE_OFF},
        {"need role boss\n  mode monitor\n", ZTA_MODE_OFF, ZTA_MODE_MONITOR},
        {"need role boss\n  mode off\n", ZTA_MODE_OFF, ZTA_MODE_OFF},
        {"need hours Sun 01:00-02:00 UTC\n", ZTA_MODE_OFF, ZTA_MODE_OFF},
        {"need hours Sun 01:00-02:00 UTC\n", ZTA_MODE_MONITOR, ZTA_MODE_MONITOR},
        {"need hours Sun 01:00-02:00 UTC\n", ZTA_MODE_ENFORCE, ZTA_MODE_ENFORCE},
        {"need hours Sun 01:00-02:00 UTC\n  need role boss\n", ZTA_MODE_MONITOR, ZTA_MODE_ENFORCE},
        {"need role clerk\n  when hours Sun 01:00-02:00 UTC\n", ZTA_MODE_ENFORCE, ZTA_MODE_OFF},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char rules[256];
        struct fixture fixture;
        struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
        fixture_init(&fixture);
        fixture.stance.modes[ZTA_FEATURE_TIME] = (uint8_t)cases[i].time;
        (void)snprintf(rules, sizeof rules, "require s\n  %s  else throttle 5/m\n", cases[i].rules);
        const size_t n = limits(&fixture, rules, ZTA_LIMIT_ELSE, charges);
        if (n != (cases[i].expected != ZTA_MODE_OFF) ||
            (n == 1 && charges[0].mode != cases[i].expected)) {
            fail_msg("%s: %zu", rules, n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_early_limits_run_before_cryptography),
        cmocka_unit_test(charges_tell_rate_burst_and_place),
        cmocka_unit_test(a_limit_with_an_unknown_key_does_not_apply),
        cmocka_unit_test(tags_follow_the_values_of_all_keys),
        cmocka_unit_test(tags_keep_values_apart),
        cmocka_unit_test(tags_keep_long_values_apart),
        cmocka_unit_test(addresses_count_by_their_network),
        cmocka_unit_test(tags_follow_mode_rule_and_rate),
        cmocka_unit_test(limits_apply_where_their_when_holds_and_they_are_in_force),
        cmocka_unit_test(what_throttles_counts_by_session_else_by_address),
        cmocka_unit_test(what_throttles_counts_where_a_need_is_lacked_and_in_force),
        cmocka_unit_test(enforced_limits_come_first_and_none_is_lost_silently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of stage 3: what a condition says of each fact, and what its refusal is called. */
#include "shared/rules/cases.h"
#include "shared/rules/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/parse_support.h"
#include "tests/unit/rules_fixture.h"

#define N_MANY 100000

struct row {
    const char *given; /* lines of a case */
    const char *cond;
    char truth; /* t, f, u */
};

static void judge(const char *text, struct zta_decision *decision)
{
    struct zta_rules_ast *ast = parse_support_good(text);
    struct zta_ruleset *set = fixture_rules(text, "corp");
    assert_int_equal(zta_rules_case_judge(set, &ast->cases[0], FIXTURE_NOW_S, decision), ZTA_OK);
    zta_ruleset_close(&set);
    zta_rules_ast_close(&ast);
}

static bool is_met(const char * not, const struct row *row)
{
    char text[1024];
    struct zta_decision decision;
    (void)snprintf(text, sizeof text,
                   "list offices 192.0.2.0/24 2001:db8:7::/48 asn:64500\n"
                   "list none\nlist near CH de\nlist good macos>=14 windows>=11\n"
                   "allow all\n  when path /\n"
                   "require r\n  need %s %s\n"
                   "case c\n  given client web\n%s  stage 3\n  expect allow\n",
                   not, row->cond, row->given);
    judge(text, &decision);
    return decision.verdict.outcome == ZTA_OUTCOME_ALLOW;
}

/* Of a need: met, its opposite met, or neither. Of a deny: both of them say what is refused. */
static void expect_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bool is_true = is_met("", &rows[i]);
        const bool is_false = is_met("not", &rows[i]);
        const char found = is_true && !is_false ? 't' : is_false && !is_true ? 'f' : 'u';
        if (found != rows[i].truth || (is_true && is_false)) {
            fail_msg("row %zu: '%s' with '%s' is %c", i, rows[i].cond, rows[i].given, found);
        }
    }
}

static void networks(void **state)
{
    static const struct row rows[] = {
        {"  given network 192.0.2.7\n", "network 192.0.2.0/24", 't'},
        {"  given network 192.0.2.7\n", "network 192.0.2.7", 't'},
        {"  given network 192.0.2.7\n", "network 192.0.2.8", 'f'},
        {"  given network 192.0.2.7\n", "network list:offices", 't'},
        {"  given network 198.51.100.1\n", "network 192.0.2.0/24 198.51.100.0/31", 't'},
        {"  given network 198.51.100.1\n", "network list:none", 'f'},
        {"", "network list:none", 'u'},
        {"", "network 0.0.0.0/0", 'u'},
        {"", "network known", 'f'},
        {"", "network unknown", 't'},
        {"", "network unknown 192.0.2.7", 't'},
        {"  given network 192.0.2.7\n", "network known", 't'},
        {"  given network 192.0.2.7\n", "network unknown", 'f'},
        /* Families: a mapped address is IPv4, and nothing of one family is in the other. */
        {"  given network ::ffff:192.0.2.7\n", "network 192.0.2.0/24", 't'},
        {"  given network 192.0.2.7\n", "network ::ffff:192.0.2.0/120", 't'},
        {"  given network 192.0.2.7\n", "network ::/0", 'f'},
        {"  given network 2001:db8:7::1\n", "network 0.0.0.0/0", 'f'},
        {"  given network 2001:db8:7:ffff::1\n", "network list:offices", 't'},
        {"  given network 2001:db8:8::1\n", "network 2001:db8:7::/48", 'f'},
        /* The autonomous system is a fact of its own. */
        {"  given network 198.51.100.1 asn:64500\n", "network list:offices", 't'},
        {"  given network 198.51.100.1 asn:64501\n", "network list:offices", 'f'},
        {"  given network 198.51.100.1\n", "network list:offices", 'u'},
        {"  given network 192.0.2.7\n", "network list:offices unknown", 't'},
        {"  given network 198.51.100.1\n", "network asn:64500 unknown", 't'},
        {"  given network 198.51.100.1\n", "network asn:64500 known", 't'},
        {"  given network asn:64500\n", "network asn:64499 asn:64500", 't'},
        {"  given network asn:64500\n", "network asn:64499 asn:64501", 'f'},
        {"  given network asn:64500\n", "network asn:64499 192.0.2.7", 'u'},
    };
    expect_rows(rows, COUNT(rows));
}

static void countries_and_agents(void **state)
{
    static const struct row rows[] = {
        {"  given country CH\n", "country CH DE FR", 't'},
        {"  given country ch\n", "country CH", 't'},
        {"  given country CH\n", "country ch", 't'},
        {"  given country DE\n", "country list:near", 't'},
        {"  given country AT\n", "country list:near", 'f'},
        {"  given country AT\n", "country AA AB AC AD AE AF AG AH AI at AJ", 't'},
        {"", "country CH", 'u'},
        {"", "country CH unknown", 't'},
        {"", "country known", 'f'},
        {"  given country AT\n", "country known", 't'},
        {"  given user-agent \"Mozilla/5.0 (X11)\"\n", "user-agent Mozilla/*", 't'},
        {"  given user-agent \"Mozilla/5.0 (X11)\"\n", "user-agent \"*5.0 (*\"", 't'},
        {"  given user-agent \"Mozilla/5.0 (X11)\"\n", "user-agent mozilla/*", 'f'},
        {"  given user-agent curl\n", "user-agent curl", 't'},
        {"  given user-agent \"a*b\"\n", "user-agent a\\*b", 't'},
        {"  given user-agent axb\n", "user-agent a\\*b", 'f'},
        {"  given user-agent \"\"\n", "user-agent known", 't'},
        {"  given user-agent \"\"\n", "user-agent ?*", 'f'},
        {"", "user-agent *", 'u'},
        {"", "user-agent unknown", 't'},
    };
    expect_rows(rows, COUNT(rows));
}

static void devices_and_systems(void **state)
{
    static const struct row rows[] = {
        {"  given device compliant\n", "device compliant", 't'},
        {"  given device compliant\n", "device known", 't'},
        {"  given device compliant\n", "device managed owner-match", 'f'},
        {"  given device compliant attested\n", "device managed attested", 't'},
        {"  given device known\n", "device known", 't'},
        {"  given device known\n", "device unknown", 'f'},
        {"  given device known\n", "device compliant unknown", 'f'},
        {"", "device known", 'f'},
        {"", "device unknown", 't'},
        {"", "device compliant", 'u'},
        {"", "device compliant known", 'u'},
        {"", "device compliant unknown", 't'},
        {"  given os macos 14.2\n", "os macos", 't'},
        {"  given os macos 14.2\n", "os windows", 'f'},
        {"  given os macos 14.2\n", "os macos>=14.2", 't'},
        {"  given os macos 14.2\n", "os macos>=14.2.0.0", 't'},
        {"  given os macos 14.2.1\n", "os macos>14.2", 't'},
        {"  given os macos 14.10\n", "os macos>14.9", 't'},
        {"  given os macos 14.2\n", "os macos<14.2", 'f'},
        {"  given os macos 14.2\n", "os macos<=14.02", 't'},
        {"  given os macos 14.2\n", "os list:good", 't'},
        {"  given os windows 10.0.22631\n", "os list:good", 'f'},
        {"  given os windows 10.0.22631\n", "os macos>=99 windows<11", 't'},
        {"  given os macos\n", "os macos>=14", 'u'},
        {"  given os macos\n", "os macos>=14 unknown", 't'},
        {"  given os macos\n", "os windows>=11", 'f'},
        {"  given os macos\n", "os macos", 't'},
        {"", "os macos", 'u'},
        {"", "os known", 'f'},
        {"  given os linux\n", "os known", 't'},
        {"  given os linux 99999999999999999999999\n", "os linux>99999999999999999999998", 't'},
    };
    expect_rows(rows, COUNT(rows));
}

static void behaviour(void **state)
{
    static const struct row rows[] = {
        {"  given behaviour unusual-country\n", "behaviour unusual-country", 't'},
        {"  given behaviour unusual-country\n", "behaviour usual-country", 'f'},
        {"  given behaviour usual-country\n", "behaviour unusual-country", 'f'},
        {"  given behaviour usual-country\n", "behaviour usual-country usual-rate", 't'},
        {"  given behaviour usual-country\n", "behaviour unusual-country unusual-rate", 'u'},
        {"  given behaviour usual-country\n", "behaviour unusual-country unusual-rate unknown",
         't'},
        {"  given behaviour usual-country unusual-rate\n", "behaviour unusual-country unusual-rate",
         't'},
        {"  given behaviour usual-country\n", "behaviour known", 't'},
        {"  given behaviour usual-country\n", "behaviour unknown", 'f'},
        /* Cold start. */
        {"", "behaviour unusual-network unusual-country unusual-device unusual-agent", 'u'},
        {"", "behaviour usual-hours usual-route usual-rate", 'u'},
        {"", "behaviour unknown", 't'},
        {"", "behaviour known", 'f'},
    };
    expect_rows(rows, COUNT(rows));
}

/* Who has one bit of what is asked is answered by that bit, whatever else is unknown. */
static void words_of_a_device_are_known_one_by_one(void **state)
{
    struct fixture fixture;
    struct zta_context context = {.traits = {.known = 1u << ZTA_DEVICE_COMPLIANT}};
    struct zta_decision decision;
    fixture_init(&fixture);
    fixture.stance.modes[ZTA_FEATURE_DEVICE] = ZTA_MODE_ENFORCE;
    fixture.facts.context = &context;
    fixture_decide(&fixture, "allow a\n  when path /**\nrequire r\n  need not device compliant\n",
                   &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_ALLOW);
    fixture_decide(&fixture, "allow a\n  when path /**\nrequire r\n  need not device managed\n",
                   &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_DENY);
    /* It was asked for and is not there: that is not known, too. */
    context.traits.known |= 1u << ZTA_DEVICE_KNOWN;
    fixture_decide(&fixture, "allow a\n  when path /**\ndeny d\n  when device unknown\n",
                   &decision);
    assert_string_equal(decision.verdict.rule, "d");
    /* A version that is none is unknown. */
    context.os = ZTA_TEXT("macos");
    context.os_version = ZTA_TEXT("14.x");
    fixture_decide(&fixture, "allow a\n  when path /**\nrequire r\n  need os macos<99\n",
                   &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_DENY);
    /* Bits beyond the habits there are say nothing. */
    fixture.stance.modes[ZTA_FEATURE_BEHAVIOUR] = ZTA_MODE_ENFORCE;
    context.usual.known = 1u << ZTA_N_HABITS;
    fixture_decide(&fixture, "allow a\n  when path /**\nrequire r\n  need behaviour known\n",
                   &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_BEHAVIOUR_UNUSUAL);
}

static void a_refusal_says_what_was_lacking(void **state)
{
    static const struct {
        const char *given;
        const char *needs;
        enum zta_reason reason;
    } rows[] = {
        {"", "  need network 192.0.2.0/24\n", ZTA_REASON_NETWORK_DENIED},
        {"", "  need country CH\n", ZTA_REASON_COUNTRY_DENIED},
        {"", "  need not country RU\n", ZTA_REASON_COUNTRY_DENIED},
        {"", "  need behaviour usual-country\n", ZTA_REASON_BEHAVIOUR_UNUSUAL},
        {"", "  need device compliant\n", ZTA_REASON_DEVICE_UNKNOWN},
        {"", "  need os macos\n", ZTA_REASON_DEVICE_UNKNOWN},
        {"  given device managed\n", "  need device compliant\n", ZTA_REASON_DEVICE_NONCOMPLIANT},
        {"  given device managed\n", "  need device compliant\n  need os macos\n",
         ZTA_REASON_DEVICE_NONCOMPLIANT},
        {"", "  need user-agent curl/*\n", ZTA_REASON_RULE_DENIED},
        {"", "  need network 192.0.2.0/24\n  need country CH\n", ZTA_REASON_RULE_DENIED},
        {"", "  need network 192.0.2.0/24\n  or country CH\n", ZTA_REASON_RULE_DENIED},
        {"  given country CH\n", "  need network 192.0.2.0/24\n  need country CH\n",
         ZTA_REASON_NETWORK_DENIED},
        {"", "  need country CH\n  need scope x\n", ZTA_REASON_RULE_DENIED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        struct zta_decision decision;
        (void)snprintf(text, sizeof text,
                       "allow all\n  when path /\nrequire r\n%scase c\n  given client web\n%s"
                       "  stage 3\n  expect deny\n",
                       rows[i].needs, rows[i].given);
        judge(text, &decision);
        if (decision.verdict.reason != rows[i].reason) {
            fail_msg("row %zu: %s", i, zta_reason_name(decision.verdict.reason));
        }
    }
}

static void a_deny_is_rule_denied(void **state)
{
    struct zta_decision decision;
    judge("allow all\n  when path /\ndeny d\n  when country RU unknown\n"
          "case c\n  given client web\n  stage 3\n  expect deny\n",
          &decision);
    assert_int_equal(decision.verdict.reason, ZTA_REASON_RULE_DENIED);
    /* A plain deny on a fact that is not known spares (meaning 3). */
    judge("allow all\n  when path /\ndeny d\n  when country RU\n"
          "case c\n  given client web\n  stage 3\n  expect allow\n",
          &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_ALLOW);
    judge("allow all\n  when path /\ndeny d\n  when not country CH\n"
          "case c\n  given client web\n  stage 3\n  expect deny\n",
          &decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_DENY);
}

/* A need that is not in force yet is not asked; a `when` takes its whole rule along. */
static void context_begins_at_stage_three(void **state)
{
    static const char *const rules[] = {
        "require r\n  need country CH\n",
        "require r\n  need device compliant\n  or role clerk\n",
        "deny d\n  when network unknown\n",
    };
    for (size_t i = 0; i < COUNT(rules); i++) {
        for (unsigned stage = 2; stage <= 3; stage++) {
            char text[512];
            struct zta_decision decision;
            (void)snprintf(text, sizeof text,
                           "allow all\n  when path /\n%scase c\n  given client web\n"
                           "  stage %u\n  expect allow\n",
                           rules[i], stage);
            judge(text, &decision);
            assert_int_equal(decision.verdict.outcome,
                             stage == 2 ? ZTA_OUTCOME_ALLOW : ZTA_OUTCOME_DENY);
        }
    }
}

/* What the operator is told, and how it is cut; nothing of it can move a cursor. */
static void a_refusal_tells_what_was_there(void **state)
{
    static const struct zta_context full = {
        .country = {.data = "FR", .len = 2},
        .asn = 64501,
        .country_from = {.source = ZTA_SOURCE_GEO_FILE, .age_s = 3 * 86400 + 7},
        .asn_from = {.source = ZTA_SOURCE_GEO_FILE, .age_s = 7199},
        .device = {.data = "laptop\x1b[2J\xff\"7", .len = 13},
        .traits = {.known = 0x3f, .yes = 0x03},
        .os = {.data = "macos", .len = 5},
        .os_version = {.data = "13.1", .len = 4},
        .device_from = {.source = ZTA_SOURCE_POSTURE, .age_s = 90},
        .usual = {.known = 1u << ZTA_HABIT_COUNTRY | 1u << ZTA_HABIT_RATE},
        .usual_from = {.source = ZTA_SOURCE_BASELINE, .age_s = 7200},
    };
    static const struct {
        const char *need;
        const char *with;
        const char *without;
    } rows[] = {
        {"country CH DE", "country CH DE (request: FR, geo file of 3d ago)",
         "country CH DE (request: unknown)"},
        {"network 10.0.0.0/8",
         "network 10.0.0.0/8 (request: 192.0.2.7 asn:64501, geo file of 119m ago)",
         "network 10.0.0.0/8 (request: 192.0.2.7)"},
        {"device compliant",
         "device compliant (request: laptop?[2J??7 known managed, posture header of 90s ago)",
         "device compliant (request: unknown)"},
        {"os macos>=14", "os macos>=14 (request: macos 13.1, posture header of 90s ago)",
         "os macos>=14 (request: unknown)"},
        {"behaviour usual-country",
         "behaviour usual-country (request: unusual-country, baseline of 2h ago)",
         "behaviour usual-country (request: unknown)"},
        {"behaviour usual-hours", "behaviour usual-hours (request: unknown, baseline of 2h ago)",
         "behaviour usual-hours (request: unknown)"},
        {"user-agent curl/*", "user-agent curl/* (request: evil?[31m?\?)",
         "user-agent curl/* (request: evil?[31m?\?)"},
        {"country CH\n  or network 10.0.0.0/8\n  or country DE\n  or role boss",
         "country CH or network 10.0.0.0/8 or country DE or role boss (request: FR, geo file of 3d "
         "ago; 192.0.2.7 asn:64501, geo file of 119m ago)",
         "country CH or network 10.0.0.0/8 or country DE or role boss (request: unknown; "
         "192.0.2.7)"},
        {"role boss", "role boss", "role boss"},
    };
    struct fixture fixture;
    int8_t overrides[ZTA_N_FEATURES];
    memset(overrides, -1, sizeof overrides);
    fixture_init(&fixture);
    assert_int_equal(zta_stance_make(3, 3, overrides, &fixture.stance), ZTA_OK);
    fixture.facts.agent = ZTA_TEXT("evil\x1b[31m\x80\xe2\x80\xae");
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        char text[512];
        struct zta_decision decision;
        fixture.facts.context = i % 2 == 0 ? &full : NULL;
        (void)snprintf(text, sizeof text, "allow a\n  when path /**\nrequire r\n  need %s\n",
                       rows[i / 2].need);
        fixture_decide(&fixture, text, &decision);
        assert_string_equal(decision.missing, i % 2 == 0 ? rows[i / 2].with : rows[i / 2].without);
    }
}

/* Of a deny the first line about circumstances; what only the request itself says is no news. */
static void a_deny_tells_what_was_there(void **state)
{
    static const struct zta_context context = {
        .country = {.data = "FR", .len = 2},
        .asn = 64501,
        .country_from = {.source = ZTA_SOURCE_GEO_FILE, .age_s = 3 * 86400 + 7},
        .asn_from = {.source = ZTA_SOURCE_GEO_FILE, .age_s = 7199},
    };
    static const struct {
        const char *lines;
        const char *missing;
    } rows[] = {
        {"  when path /**\n  when network asn:64501\n  when country FR\n",
         "when network asn:64501 (request: 192.0.2.7 asn:64501, geo file of 119m ago)"},
        {"  when network list:there\n",
         "when network list:there (request: 192.0.2.7 asn:64501, geo file of 119m ago)"},
        {"  when not country CH\n", "when not country CH (request: FR, geo file of 3d ago)"},
        {"  when path /**\n  when host *\n", ""},
    };
    struct fixture fixture;
    int8_t overrides[ZTA_N_FEATURES];
    memset(overrides, -1, sizeof overrides);
    fixture_init(&fixture);
    fixture.facts.context = &context;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        char text[512];
        struct zta_decision decision;
        const bool is_monitored = i % 2 == 1;
        assert_int_equal(zta_stance_make(is_monitored ? 2 : 3, 3, overrides, &fixture.stance),
                         ZTA_OK);
        (void)snprintf(text, sizeof text,
                       "list there 192.0.2.0/24\nallow a\n  when path /**\ndeny d\n%s%s",
                       rows[i / 2].lines, is_monitored ? "  mode monitor\n" : "");
        fixture_decide(&fixture, text, &decision);
        const struct zta_verdict *verdict = is_monitored ? &decision.monitor : &decision.verdict;
        assert_int_equal(verdict->reason, ZTA_REASON_RULE_DENIED);
        assert_string_equal(decision.missing, rows[i / 2].missing);
        assert_string_equal(decision.nearest, "");
    }
}

/* The fact is worth more than the end of a long line, which stands in the rules. */
static void long_lines_are_cut_before_what_was_there(void **state)
{
    static const struct zta_context context = {
        .os =
            {.data =
                 "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                 "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                 "x",
             .len = 41},
        .device = {.data = "a-very-long-name-of-a-device-in-the-inventory", .len = 45},
        .traits = {.known = 0x3f, .yes = 0x3f},
    };
    struct fixture fixture;
    struct zta_decision decision;
    int8_t overrides[ZTA_N_FEATURES];
    memset(overrides, -1, sizeof overrides);
    fixture_init(&fixture);
    assert_int_equal(zta_stance_make(3, 3, overrides, &fixture.stance), ZTA_OK);
    fixture.facts.context = &context;
    fixture_decide(
        &fixture,
        "allow a\n  when path /**\nrequire r\n  need role "
        "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
        "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\n"
        "  or os macos\n  or not device known\n",
        &decision);
    assert_true(zta_text_is_utf8(zta_text_of(decision.missing)));
    assert_in_range(strlen(decision.missing), ZTA_MISSING_MAX - 4, ZTA_MISSING_MAX - 1);
    assert_non_null(strstr(decision.missing, " (request: \xc3\xa4"));
    assert_string_equal(decision.missing + strlen(decision.missing) - 4, "...)");
}

static void versions_are_numbers(void **state)
{
    static const char *const ascending[] = {"0", "1", "1.0.1", "1.2", "1.10", "2", "10", "10.0.1"};
    for (size_t i = 0; i < COUNT(ascending); i++) {
        for (size_t k = 0; k < COUNT(ascending); k++) {
            const int order =
                zta_os_compare_versions(zta_text_of(ascending[i]), zta_text_of(ascending[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
    assert_int_equal(zta_os_compare_versions(ZTA_TEXT("1.0.0"), ZTA_TEXT("01")), 0);
    static const char *const bad[] = {"", ".", "1.", ".1", "1..2", "1a", "-1", "1.2-3"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(zta_os_is_version(zta_text_of(bad[i])));
    }
}

static void long_lists_of_networks_are_found_at_once(void **state)
{
    const size_t size = N_MANY * 32;
    char *text = malloc(size);
    struct zta_buffer out;
    struct fixture fixture;
    struct zta_decision decision;
    assert_non_null(text);
    zta_buffer_init(&out, text, size);
    zta_buffer_string(&out, "allow a\n  when path /**\ndeny d\n  when network list:l asn:5\n"
                            "require r\n  need not network list:l\nlist l\n");
    for (uint32_t i = 0; i < N_MANY; i++) {
        zta_buffer_printf(&out, "  %u.%u.%u.0/25\n", 11 + i / 65536, i / 256 % 256, i % 256);
    }
    assert_false(out.is_overflowed);
    fixture_init(&fixture);
    fixture.stance.modes[ZTA_FEATURE_NETWORK] = ZTA_MODE_ENFORCE;
    struct zta_ruleset *set = fixture_rules(text, "corp");
    for (uint32_t i = 0; i < N_MANY; i++) {
        fixture.facts.addr = (struct zta_addr){
            .family = 4, .bytes = {(uint8_t)(11 + i / 65536), (uint8_t)(i / 256), (uint8_t)i, 127}};
        zta_rules_decide(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &decision);
        assert_int_equal(decision.n_denied_by, 2);
        fixture.facts.addr.bytes[3] = 128;
        zta_rules_decide(set, &fixture.facts, &fixture.stance, FIXTURE_NOW_S, &decision);
        assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_ALLOW);
    }
    zta_ruleset_close(&set);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(countries_and_agents),
        cmocka_unit_test(devices_and_systems),
        cmocka_unit_test(behaviour),
        cmocka_unit_test(words_of_a_device_are_known_one_by_one),
        cmocka_unit_test(a_refusal_says_what_was_lacking),
        cmocka_unit_test(a_deny_is_rule_denied),
        cmocka_unit_test(context_begins_at_stage_three),
        cmocka_unit_test(a_refusal_tells_what_was_there),
        cmocka_unit_test(a_deny_tells_what_was_there),
        cmocka_unit_test(long_lines_are_cut_before_what_was_there),
        cmocka_unit_test(versions_are_numbers),
        cmocka_unit_test(long_lists_of_networks_are_found_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

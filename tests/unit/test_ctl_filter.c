/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of events: what matches, what unknown fields do, what is refused and how that reads. */
#include "admin-tui/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/risk_signals.h"

#define NOW_S INT64_C(1800000000)

static struct ctl_filter filter;
static struct zta_event event;

static void make_event(void)
{
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"),
        [ZTA_EVENT_HOST] = ZTA_TEXT("api.example.com"),
        [ZTA_EVENT_PATH] = ZTA_TEXT("/orders/7"),
        [ZTA_EVENT_ROUTE] = ZTA_TEXT("/orders"),
        [ZTA_EVENT_RULE] = ZTA_TEXT("read-orders"),
        [ZTA_EVENT_MONITOR_RULE] = ZTA_TEXT("calm"),
        [ZTA_EVENT_ISSUER] = ZTA_TEXT("corp"),
        [ZTA_EVENT_SUBJECT] = ZTA_TEXT("alice"),
        [ZTA_EVENT_AGENT] = ZTA_TEXT("Mozilla \"5\" \\ x"),
    };
    memset(&event, 0, sizeof event);
    event.time_ns = (NOW_S - 90) * ZTA_NS_PER_S;
    memset(event.id.bytes, 0x11, sizeof event.id.bytes);
    memset(event.session, 0xab, sizeof event.session);
    assert_int_equal(zta_addr_parse(ZTA_TEXT("192.0.2.7"), &event.addr), ZTA_OK);
    event.latency_us = 2500;
    event.bytes_out = 10;
    event.http_status = 403;
    event.replay = ZTA_REPLAY_RISK;
    event.risk.score = 55;
    event.risk.signals = 1u << ZTA_RISK_HONEYPOT | 1u << ZTA_RISK_EXTERNAL_RISK;
    event.outcome = ZTA_OUTCOME_DENY;
    event.reason = ZTA_REASON_NOT_ENTITLED;
    event.credential = ZTA_CREDENTIAL_TOKEN;
    zta_event_set_texts(&event, texts);
}

static bool matches(const char *text)
{
    struct zta_error error = {.text = ""};
    if (ctl_filter_parse(zta_text_of(text), &filter, &error) != ZTA_OK) {
        fail_msg("'%s': %s", text, error.text);
    }
    return ctl_filter_matches(&filter, &event, NOW_S);
}

static const struct {
    const char *text;
    bool is_match;
} field_cases[] = {
    {"", true},
    {"outcome=deny", true},
    {"outcome=allow", false},
    {"reason=no_rule,not_entitled", true},
    {"reason=no_rule", false},
    {"reason=not_*", true},
    {"reason=no_*", false},
    {"reason=no_*,*entitled", true},
    {"rule=read-orders", true},
    {"rule=calm", true}, /* the rule a monitored part would have applied */
    {"rule=other", false},
    {"status=403", true},
    {"status>=400", true},
    {"status>403", false},
    {"status<=403", true},
    {"status<403", false},
    {"issuer=corp", true},
    {"subject=alice", true},
    {"subject=alice@corp", true},
    {"subject=alice@partner", false},
    {"subject=al*", true},
    {"subject=Alice", false},
    {"session=abababababababababababababababab", true},
    {"session=abababababababababababababababac", false},
    {"address=192.0.2.7", true},
    {"address=192.0.2.0/24,10.0.0.0/8", true},
    {"address=10.0.0.0/8", false},
    {"method=GET", true},
    {"method=get", false},
    {"host=*.example.com", true},
    {"path=/orders/**", true},
    {"path=/orders/*", true},
    {"path=/orders", false},
    {"path=/", false},
    {"credential=token", true},
    {"credential=apikey,none", false},
    {"latency>2", true},
    {"latency>2ms", true},
    {"latency<1s", true},
    {"latency>1s", false},
    {"bytes=10", true},
    {"risk>=55", true},
    {"risk>55", false},
    {"risk=unknown", false},
    {"signal=honeypot", true},
    {"signal=waf,external-risk", true},
    {"signal=waf", false},
    {"not signal=waf", true},
    {"age<2m", true},
    {"age<90s", false},
    {"age>=90s", true},
    {"mozilla", true},
    {"MOZ", true},
    {"not_entitled", true},
    {"192.0.2", true},
    {"2.7", true},
    {"192.0.2.7x", false},
    {"absent", false},
    {"[MOZILLA", false}, /* '[' is '{' but for the bit that makes a letter small */
    {"{mozilla", false},
    {"\"\\\"5\\\" \\\\ x\"", true},
    {"  status=403   not outcome=allow  ", true},
    {"status=403 outcome=allow", false},
    {"not status=403", false},
    {"not not status=403", true},
};

static void each_field_matches_by_its_type(void **state)
{
    make_event();
    for (size_t i = 0; i < sizeof field_cases / sizeof field_cases[0]; i++) {
        if (matches(field_cases[i].text) != field_cases[i].is_match) {
            fail_msg("'%s' should %smatch", field_cases[i].text,
                     field_cases[i].is_match ? "" : "not ");
        }
    }
}

static void unknown_fields_match_unknown_and_negations_only(void **state)
{
    make_event();
    assert_false(matches("client=web"));
    assert_true(matches("client=unknown"));
    assert_true(matches("client=web,unknown"));
    assert_true(matches("not client=web"));
    assert_false(matches("not client=unknown"));
    assert_false(matches("subject=unknown"));
    assert_false(matches("client=\"unknown\"")); /* quoted: a client of that name */
    assert_false(matches("token=abababababababababababababababab"));
    assert_true(matches("token=unknown"));
}

static void words_are_found_in_addresses_as_they_are_printed(void **state)
{
    make_event();
    assert_int_equal(zta_addr_parse(ZTA_TEXT("2001:db8::FEED:7"), &event.addr), ZTA_OK);
    assert_true(matches("2001:DB8"));
    assert_true(matches("::feed"));
    assert_true(matches("d:7"));
    assert_false(matches("0db8"));
    assert_false(matches("::7"));
}

static void faults_say_where_and_what_was_expected(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"statsu=403", "did you mean 'status'?"},
        {"zebra=1", "no field 'zebra'; fields here: outcome reason rule"},
        {"reason=zebra*", "expected a reason"},
        {"status=abc", "column 8: found 'abc' for status, expected HTTP status"},
        {"status=", "expected a value"},
        {"status=1,", "expected a value"},
        {"status>1,2", "an order takes one value"},
        {"reason>ok", "this field has no order"},
        {"reason=perhaps", "expected a reason"},
        {"outcome=maybe", "expected allow, deny"},
        {"address=10.0.0.1/8", "for address"},
        {"session=xyz", "for session"},
        {"id=short", "for id"},
        {"credential=cookie", "for credential"},
        {"age<1y", "for age"},
        {"latency<ms", "for latency"},
        {"\"open", "the quote is not closed"},
        {"subject=\"a\"b", "expected a space"},
        {"a status=x", "column 10"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zta_error error = {.text = ""};
        enum zta_status status = ctl_filter_parse(zta_text_of(cases[i].text), &filter, &error);
        if (status != ZTA_INVALID || strstr(error.text, cases[i].says) == NULL) {
            fail_msg("'%s': %d '%s', expected '%s'", cases[i].text, (int)status, error.text,
                     cases[i].says);
        }
    }
}

static void bounds_are_errors(void **state)
{
    char text[4096];
    struct zta_error error;
    memset(text, 'a', sizeof text);
    assert_int_equal(
        ctl_filter_parse((struct zta_text){.data = text, .len = 2000}, &filter, &error),
        ZTA_INVALID);
    for (size_t i = 1; i < 200; i += 2) {
        text[i] = ' ';
    }
    assert_int_equal(
        ctl_filter_parse((struct zta_text){.data = text, .len = 2 * CTL_FILTER_TERMS_MAX}, &filter,
                         &error),
        ZTA_OK);
    assert_int_equal(
        ctl_filter_parse((struct zta_text){.data = text, .len = 2 * CTL_FILTER_TERMS_MAX + 2},
                         &filter, &error),
        ZTA_INVALID);
    (void)snprintf(text, sizeof text, "status=1");
    for (int i = 1; i <= CTL_FILTER_VALUES_MAX; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), ",1");
    }
    assert_int_equal(ctl_filter_parse(zta_text_of(text), &filter, &error), ZTA_INVALID);
}

static void devices_are_chosen_by_the_same_language(void **state)
{
    (void)state;
    static const struct zta_sha256 certificates[] = {{.bytes = {1}}, {.bytes = {2}}};
    const struct zta_device device = {
        .id = ZTA_TEXT("LT-0042"),
        .issuer = ZTA_TEXT("corp"),
        .subject = ZTA_TEXT("alice"),
        .traits = {.known = 1u << ZTA_DEVICE_MANAGED | 1u << ZTA_DEVICE_COMPLIANT,
                   .yes = 1u << ZTA_DEVICE_MANAGED},
        .os = ZTA_TEXT("macos"),
        .os_version = ZTA_TEXT("14.10"),
        .certificates = certificates,
        .n_certificates = 2,
        .note = ZTA_TEXT("third floor, east"),
        .author = ZTA_TEXT("sam"),
        .changed_ns = (NOW_S - 90) * ZTA_NS_PER_S,
    };
    static const struct {
        const char *text;
        bool matches;
    } rows[] = {
        {"", true},
        {"id=LT-*", true},
        {"id=LT-1", false},
        {"owner=alice", true},
        {"owner=alice@corp,bob", true},
        {"owner=alice@lab", false},
        {"managed=yes compliant=no encrypted=unknown", true},
        {"compliant=yes,unknown", false},
        {"not compliant=yes", true},
        {"encrypted=no", false},
        {"not encrypted=yes", true},
        {"os=macos version>=14.2", true},
        {"version<14.9", false},
        {"version=14.10.0", true},
        {"age>1m age<2m", true},
        {"age>2m", false},
        {"certificate=AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true},
        {"certificate=AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
        {"certificate=unknown", false},
        {"author=sam note=*floor*", true},
        {"FLOOR", true},
        {"basement", false},
        {"agAAAAA", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_error error = {.text = ""};
        assert_int_equal(ctl_filter_parse_devices(zta_text_of(rows[i].text), &filter, &error),
                         ZTA_OK);
        if (ctl_filter_matches_device(&filter, &device, NOW_S) != rows[i].matches) {
            fail_msg("'%s'", rows[i].text);
        }
    }
    static const char *const faults[] = {"reason=no_rule", "managed=maybe", "version>new", "id>3"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        assert_int_equal(ctl_filter_parse_devices(zta_text_of(faults[i]), &filter, NULL),
                         ZTA_INVALID);
    }
    assert_int_equal(ctl_filter_parse(ZTA_TEXT("managed=yes"), &filter, NULL), ZTA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_matches_by_its_type),
        cmocka_unit_test(unknown_fields_match_unknown_and_negations_only),
        cmocka_unit_test(words_are_found_in_addresses_as_they_are_printed),
        cmocka_unit_test(faults_say_where_and_what_was_expected),
        cmocka_unit_test(bounds_are_errors),
        cmocka_unit_test(devices_are_chosen_by_the_same_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

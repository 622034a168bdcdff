/* SPDX-License-Identifier: Apache-2.0 */
/* The words of explain, from fixture events; nothing hostile reaches a terminal. */
#include "admin-tui/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/context.h"
#include "shared/decision.h"
#include "shared/identity.h"

static struct zta_event event;
static char text[8192];

static void make_event(struct zta_text path)
{
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {
        [ZTA_EVENT_METHOD] = ZTA_TEXT("GET"),
        [ZTA_EVENT_HOST] = ZTA_TEXT("api.example.com"),
        [ZTA_EVENT_PATH] = path,
        [ZTA_EVENT_ROUTE] = ZTA_TEXT("/orders"),
        [ZTA_EVENT_RULE] = ZTA_TEXT("read-orders"),
        [ZTA_EVENT_MONITOR_RULE] = ZTA_TEXT("calm"),
        [ZTA_EVENT_ISSUER] = ZTA_TEXT("corp"),
        [ZTA_EVENT_SUBJECT] = ZTA_TEXT("alice"),
        [ZTA_EVENT_CLIENT] = ZTA_TEXT("web"),
        [ZTA_EVENT_MISSING] = ZTA_TEXT("role admin"),
        [ZTA_EVENT_NEAREST] = ZTA_TEXT("read-orders"),
    };
    memset(&event, 0, sizeof event);
    event.time_ns = INT64_C(1800000000123) * 1000000;
    memset(event.token_id, 0xcd, sizeof event.token_id);
    memset(event.session, 0xab, sizeof event.session);
    assert_int_equal(zta_addr_parse(ZTA_TEXT("192.0.2.7"), &event.addr), ZTA_OK);
    event.latency_us = 2500;
    event.http_status = 403;
    event.outcome = ZTA_OUTCOME_DENY;
    event.reason = ZTA_REASON_NOT_ENTITLED;
    event.monitor_outcome = ZTA_OUTCOME_STEP_UP;
    event.monitor_reason = ZTA_REASON_STEP_UP_REQUIRED;
    event.stage = 2;
    event.rule_line = 12;
    event.rule_source = 1;
    event.credential = ZTA_CREDENTIAL_TOKEN;
    event.session_kind = ZTA_SESSION_SID;
    event.flags = ZTA_EVENT_MONITORED | ZTA_EVENT_TOKEN_CACHED | ZTA_EVENT_TLS;
    zta_event_set_texts(&event, texts);
}

static void explain(const struct ctl_explained *explained)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    ctl_explain(explained, &buffer);
    assert_false(buffer.is_overflowed);
}

static void says(const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is missing from:\n%s", part, text);
    }
}

static void a_denial_is_told_in_full(void **state)
{
    make_event(ZTA_TEXT("/orders/7"));
    explain(&(struct ctl_explained){.event = &event,
                                    .rule_file = ZTA_TEXT("rules.zta"),
                                    .n_repeats = 41,
                                    .repeats_until_ns = INT64_C(1800000060) * ZTA_NS_PER_S});
    says("at 2027-01-15T08:00:00.123Z");
    says("GET api.example.com/orders/7, route /orders, from 192.0.2.7, TLS");
    says("alice of corp, client web");
    says("token, binding none, its verification taken from the cache");
    says("token id cdcdcdcd");
    says("abababababababababababababababab, by sid");
    says("denied: not_entitled, at stage 2, answered 403 after 2.500 ms");
    says("Allow rules cover the request, but none grants it.");
    says("read-orders, rules.zta line 12");
    says("missing   role admin");
    says("nearest   read-orders would have allowed it with what is missing");
    says("it would have been asked for a stronger login: step_up_required, rule calm");
    says("41 more like it until 2027-01-15T08:01:00Z");
}

static void what_is_not_known_is_said_so(void **state)
{
    const struct zta_text texts[ZTA_N_EVENT_TEXTS] = {[ZTA_EVENT_METHOD] = ZTA_TEXT("GET")};
    memset(&event, 0, sizeof event);
    zta_event_set_texts(&event, texts);
    explain(&(struct ctl_explained){.event = &event});
    says("not known: no credential was verified");
    says("Nobody judged the request");
    says("none decided");
    assert_null(strstr(text, "session"));
    assert_null(strstr(text, "monitor"));
    /* A rule whose file is gone is still named. */
    make_event(ZTA_TEXT("/"));
    explain(&(struct ctl_explained){.event = &event});
    says("read-orders, line 12 of rules file 2 of a configuration that is no longer in force");
}

static void limits_say_what_was_counted(void **state)
{
    make_event(ZTA_TEXT("/"));
    event.reason = ZTA_REASON_RATE_LIMITED;
    event.outcome = ZTA_OUTCOME_THROTTLE;
    explain(&(struct ctl_explained){.event = &event});
    says("throttled: rate_limited");
    says("counted   by role admin");
}

static void every_reason_and_any_number_has_a_sentence(void **state)
{
    for (unsigned i = 0; i < 256; i++) {
        assert_non_null(ctl_explain_reason((uint8_t)i));
        assert_true(strlen(ctl_explain_reason((uint8_t)i)) > 10);
    }
    assert_string_equal(ctl_explain_reason(255), ctl_explain_reason(ZTA_REASON_UNJUDGED));
}

static void hostile_text_cannot_leave_its_line(void **state)
{
    make_event(ZTA_TEXT("/\x1b[2J\nwho       mallory\r\x7f\xc2\x9b\xe2\x80\xae\xff"));
    explain(&(struct ctl_explained){.event = &event, .rule_file = ZTA_TEXT("a\nb")});
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\r'));
    assert_null(strstr(text, "\nwho       mallory"));
    assert_null(strstr(text, "\xc2\x9b"));
    says("\\x1b[2J\\x0a");
    for (const char *c = text; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    }
}

static void the_checks_are_told_in_their_order(void **state)
{
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_stance stance;
    make_event(ZTA_TEXT("/orders/7"));
    memset(overrides, -1, sizeof overrides);
    assert_int_equal(zta_stance_make(2, 2, overrides, &stance), ZTA_OK);
    event.monitor = 2;
    event.modes = zta_event_pack_modes(&stance);
    event.flags = 0;
    event.replay = ZTA_REPLAY_RECORDED | ZTA_REPLAY_REACHED_RULES | ZTA_REPLAY_IDENTITY;
    explain(&(struct ctl_explained){.event = &event});
    says("checks    1. path and headers: passed\n");
    says("          5. credential: passed\n");
    says("          8. rules: refused\n");

    event.replay = ZTA_REPLAY_RECORDED;
    event.reason = ZTA_REASON_REVOKED;
    explain(&(struct ctl_explained){.event = &event});
    says("4. limits by address: passed\n");
    says("5. credential: refused\n");
    says("8. rules: not reached\n");

    /* A limit that is only monitored, at a place that asks no rules. */
    overrides[ZTA_FEATURE_RATELIMIT] = ZTA_MODE_MONITOR;
    assert_int_equal(zta_stance_make(1, 1, overrides, &stance), ZTA_OK);
    event.modes = zta_event_pack_modes(&stance);
    event.replay = ZTA_REPLAY_RECORDED | ZTA_REPLAY_REACHED_RULES | ZTA_REPLAY_NOTED;
    event.outcome = ZTA_OUTCOME_ALLOW;
    event.reason = ZTA_REASON_OK;
    event.flags = ZTA_EVENT_MONITORED;
    event.monitor_outcome = ZTA_OUTCOME_THROTTLE;
    event.monitor_reason = ZTA_REASON_RATE_LIMITED;
    explain(&(struct ctl_explained){.event = &event});
    says("7. limits by identity: would refuse, is only monitored\n");
    says("8. rules: not asked here\n");
}

static void what_was_known_is_told_with_its_source(void **state)
{
    static struct zta_inputs inputs;
    struct zta_buffer buffer;
    zta_identity_init(&inputs.identity);
    assert_int_equal(
        zta_identity_add_value(&inputs.identity, &inputs.identity.roles, ZTA_TEXT("clerk\x1b[2J")),
        ZTA_OK);
    inputs.identity.claims[inputs.identity.n_claims++] = (struct zta_claim){
        .name = ZTA_TEXT("dept"), .kind = ZTA_CLAIM_STRING, .text = ZTA_TEXT("sales")};
    make_event(ZTA_TEXT("/orders/7"));
    event.replay = ZTA_REPLAY_RECORDED | ZTA_REPLAY_CONTEXT;
    event.content_length = 12;
    event.context = (struct zta_event_context){
        .country = {'C', 'H'},
        .asn = 64500,
        .traits_known = 1u << ZTA_DEVICE_MANAGED | 1u << ZTA_DEVICE_COMPLIANT,
        .traits_yes = 1u << ZTA_DEVICE_MANAGED,
        .sources = {ZTA_SOURCE_GEO_FILE, 250, ZTA_SOURCE_CERTIFICATE, ZTA_SOURCE_NONE},
        .ages_s = {3600, 0, 7, 0},
    };
    zta_buffer_init(&buffer, text, sizeof text);
    ctl_explain_facts(&(struct ctl_explained){.event = &event, .inputs = &inputs}, &buffer);
    says("fact      content-length 12\n");
    says("fact      role clerk\\x1b[2J\n");
    says("fact      claim:dept sales\n");
    says("fact      country CH (geo file, 3600 s old)\n");
    says("fact      network asn:64500\n");
    says("fact      device - managed not compliant (certificate, 7 s old)\n");
    says("fact      behaviour not known yet\n");
    assert_null(strchr(text, '\x1b'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_denial_is_told_in_full),
        cmocka_unit_test(what_is_not_known_is_said_so),
        cmocka_unit_test(limits_say_what_was_counted),
        cmocka_unit_test(every_reason_and_any_number_has_a_sentence),
        cmocka_unit_test(hostile_text_cannot_leave_its_line),
        cmocka_unit_test(the_checks_are_told_in_their_order),
        cmocka_unit_test(what_was_known_is_told_with_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

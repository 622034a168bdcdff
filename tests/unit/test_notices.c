/* SPDX-License-Identifier: Apache-2.0 */
/* What notices do to the store: revocations by every combination of names, states, the journal. */
#include "mod_zta/helper/notices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/helper/verification.h"
#include "shared/base/clock.h"
#include "shared/store/attestations.h"
#include "shared/store/env_priv.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"
#include "tests/unit/store_fixture.h"

#define NOW_S  INT64_C(1900000000)
#define NOW_NS (NOW_S * ZTA_NS_PER_S)
#define NONE   ((struct zta_text){.data = NULL})

static struct store_fixture fixture;
static struct zta_store *helper;
static struct mod_zta_automation *automation;
static uint64_t next_id;

/* Lets transmitters hit so many in an hour. */
static void govern(unsigned most)
{
    static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
    const struct mod_zta_automation_options options = {
        .governor = {.percent = 0, .window_s = 3600, .min = most}};
    mod_zta_automation_close(&automation);
    assert_int_equal(mod_zta_automation_open(&options, &key, helper, NOW_NS, &automation), ZTA_OK);
}

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    helper = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    govern(1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mod_zta_automation_close(&automation);
    zta_store_close(&helper);
    store_fixture_remove(&fixture);
    return 0;
}

static struct zta_notice notice_of(enum zta_notice_kind kind)
{
    struct zta_notice notice = {
        .kind = kind,
        .effect = zta_notice_kind_effect(kind),
        .reach = ZTA_NOTICE_ONE,
        .transmitter = ZTA_TEXT("tx"),
        .issuer = ZTA_TEXT("corp"),
        .jti = ZTA_TEXT("j"),
        .type = zta_text_of(zta_notice_kind_name(kind)),
        .event_s = NOW_S - 10,
        .issued_s = NOW_S - 10,
        .expires_s = NOW_S + 1000,
    };
    next_id++;
    zta_sha256(&next_id, sizeof(next_id), &notice.id);
    return notice;
}

static bool take_first(void *context, const struct zta_notice_record *record)
{
    *(enum zta_notice_outcome *)context = record->outcome;
    return false;
}

/* Through its letter, as it comes; *outcome of the newest entry. */
static enum zta_status deliver(const struct zta_notice *notice, enum zta_notice_outcome *outcome)
{
    uint8_t letter[ZTA_NOTICE_SIZE_MAX];
    struct zta_error error = {.text = ""};
    struct zta_notice read;
    struct zta_view *view;
    size_t size;
    assert_int_equal(zta_notice_encode(notice, letter, sizeof(letter), &size), ZTA_OK);
    assert_true(zta_notice_is_one(letter, size));
    assert_int_equal(zta_notice_decode(letter, size, &read), ZTA_OK);
    struct zta_change *change = store_begin(helper, "test");
    struct zta_signal_delivery delivery = {.segment_id = 1, .letter = ++next_id, .now_ns = NOW_NS};
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    const enum zta_status status =
        mod_zta_notice_deliver(automation, view, change, &read, &delivery);
    zta_view_end(&view);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_notice_each(view, take_first, outcome), ZTA_OK);
    zta_view_end(&view);
    return status;
}

static enum zta_notice_outcome outcome_of(const struct zta_notice *notice)
{
    enum zta_notice_outcome outcome = ZTA_NOTICE_N_OUTCOMES;
    assert_int_equal(deliver(notice, &outcome), ZTA_OK);
    return outcome;
}

/* Is a login of 1,000 s ago over that has these names? */
static bool is_over(const char *subject, const char *sid, const char *device, const char *client)
{
    static struct zta_identity identity;
    struct zta_signal_hit hit = {.by = 0};
    struct zta_view *view;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = zta_text_of(subject);
    identity.sid = zta_text_of(sid);
    identity.device = zta_text_of(device);
    identity.client = zta_text_of(client);
    identity.auth_time_s = NOW_S - 1000;
    identity.issued_s = NOW_S - 500;
    zta_token_id_make(identity.issuer, ZTA_TEXT("token-1"), NONE, &identity.token_id);
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_signal_find(view, &identity, 60, &hit), ZTA_OK);
    zta_view_end(&view);
    assert_true(hit.by == 0 || hit.by == ZTA_SIGNAL_BY_TRANSMITTER);
    return hit.by != 0;
}

static void logins_end_by_the_names_that_are_given(void **state)
{
    (void)state;
    struct zta_notice notice = notice_of(ZTA_NOTICE_SESSION_REVOKED);
    notice.subject = ZTA_TEXT("alice");
    notice.device = ZTA_TEXT("laptop");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("alice", "s", "laptop", "web"));
    assert_true(is_over("alice", "s", NULL, "web")); /* perhaps on that one */
    assert_false(is_over("alice", "s", "phone", "web"));
    assert_false(is_over("bob", "s", "laptop", "web"));

    notice = notice_of(ZTA_NOTICE_SESSION_REVOKED);
    notice.subject = ZTA_TEXT("carol");
    notice.client = ZTA_TEXT("app");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("carol", NULL, NULL, "app"));
    assert_true(is_over("carol", NULL, NULL, NULL));
    assert_false(is_over("carol", NULL, NULL, "web"));

    notice = notice_of(ZTA_NOTICE_SESSION_REVOKED);
    notice.device = ZTA_TEXT("kiosk");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("anybody", NULL, "kiosk", NULL));
    assert_false(is_over("anybody", NULL, NULL, NULL)); /* it would be everybody */

    notice = notice_of(ZTA_NOTICE_SESSION_REVOKED);
    notice.sid = ZTA_TEXT("s-1");
    notice.subject = ZTA_TEXT("dave");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("dave", "s-1", NULL, NULL));
    assert_false(is_over("dave", "s-2", NULL, NULL));
    assert_false(is_over("erin", "s-1", NULL, NULL));

    notice = notice_of(ZTA_NOTICE_TOKEN_CLAIMS_CHANGE);
    notice.subject = ZTA_TEXT("frank");
    notice.event_s = NOW_S - 600;
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_false(is_over("frank", NULL, NULL, NULL)); /* issued since */
    notice = notice_of(ZTA_NOTICE_TOKEN_CLAIMS_CHANGE);
    notice.subject = ZTA_TEXT("frank");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("frank", NULL, NULL, NULL));

    assert_false(is_over("grace", NULL, NULL, NULL));
    notice = notice_of(ZTA_NOTICE_TOKEN_CLAIMS_CHANGE);
    notice.token = ZTA_TEXT("token-1");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("grace", NULL, NULL, NULL));
}

/* As ztactl signals apply does. */
static bool rule_applied(void *context, const struct zta_notice_record *record)
{
    struct zta_change *change = context;
    if (record->outcome == ZTA_NOTICE_HELD &&
        zta_text_equal(record->notice.subject, ZTA_TEXT("c"))) {
        assert_int_equal(zta_notice_rule(change, &record->notice, ZTA_NOTICE_RULED_APPLIED, 1),
                         ZTA_OK);
    }
    return true;
}

static void apply_ruled(enum zta_status expected)
{
    struct zta_error error = {.text = ""};
    struct zta_view *view;
    struct zta_change *change = store_begin(helper, "test");
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(mod_zta_notices_apply(view, change, NOW_NS + 1), expected);
    zta_view_end(&view);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static void a_flood_about_one_after_the_other_waits_for_an_operator(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    struct zta_store *writer;
    struct zta_change *change;
    struct zta_view *view;
    static const struct {
        const char *subject;
        enum zta_notice_kind kind;
        uint8_t level;
        enum zta_notice_outcome outcome;
    } cases[] = {
        {"a", ZTA_NOTICE_SESSION_REVOKED, 0, ZTA_NOTICE_APPLIED},
        {"b", ZTA_NOTICE_TOKEN_CLAIMS_CHANGE, 0, ZTA_NOTICE_APPLIED},
        {"a", ZTA_NOTICE_TOKEN_CLAIMS_CHANGE, 0, ZTA_NOTICE_APPLIED}, /* counted once */
        {"c", ZTA_NOTICE_SESSION_REVOKED, 0, ZTA_NOTICE_HELD},
        {"d", ZTA_NOTICE_RISK_LEVEL_CHANGE, ZTA_NOTICE_RISK_HIGH, ZTA_NOTICE_HELD},
        {"e", ZTA_NOTICE_RISK_LEVEL_CHANGE, ZTA_NOTICE_RISK_LOW, ZTA_NOTICE_APPLIED},
        {"f", ZTA_NOTICE_ASSURANCE_LEVEL_CHANGE, 0, ZTA_NOTICE_HELD},
        {"a", ZTA_NOTICE_SESSION_REVOKED, 0, ZTA_NOTICE_APPLIED},
    };
    govern(2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_notice notice = notice_of(cases[i].kind);
        notice.subject = zta_text_of(cases[i].subject);
        notice.level = cases[i].level;
        assert_int_equal(outcome_of(&notice), cases[i].outcome);
    }
    assert_true(is_over("a", "s", NULL, NULL));
    assert_false(is_over("c", "s", NULL, NULL));
    apply_ruled(ZTA_NOT_FOUND);
    zta_store_close(&helper); /* one of a store in a process */
    writer = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    change = store_begin(writer, "ztactl");
    assert_int_equal(zta_view_begin(writer, &view), ZTA_OK);
    assert_int_equal(zta_notice_each(view, rule_applied, change), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&writer);
    helper = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    apply_ruled(ZTA_OK);
    apply_ruled(ZTA_NOT_FOUND); /* once */
    assert_true(is_over("c", "s", NULL, NULL));
}

static void a_message_counts_once_and_what_is_not_about_one_does_nothing(void **state)
{
    (void)state;
    static const struct {
        enum zta_notice_reach reach;
        enum zta_notice_outcome outcome;
    } cases[] = {{ZTA_NOTICE_MANY, ZTA_NOTICE_HELD},
                 {ZTA_NOTICE_NOBODY, ZTA_NOTICE_UNKNOWN_SUBJECT},
                 {ZTA_NOTICE_UNPROCESSED, ZTA_NOTICE_DISCARDED}};
    enum zta_notice_outcome outcome;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_notice notice = notice_of(ZTA_NOTICE_SESSION_REVOKED);
        notice.subject = ZTA_TEXT("alice");
        notice.reach = cases[i].reach;
        assert_int_equal(outcome_of(&notice), cases[i].outcome);
        assert_int_equal(deliver(&notice, &outcome), ZTA_EXISTS);
        notice = notice_of(ZTA_NOTICE_ACCOUNT_ENABLED);
        notice.reach = cases[i].reach;
        assert_int_equal(outcome_of(&notice), ZTA_NOTICE_NOTED);
    }
    assert_false(is_over("alice", NULL, NULL, NULL));
}

/* 0: nothing is said. */
static uint8_t level_of(enum zta_attested what, const char *name, int64_t now_s)
{
    const bool is_device = what == ZTA_ATTESTED_COMPLIANCE || what == ZTA_ATTESTED_DEVICE_RISK;
    struct zta_attestation found = {.level = 0};
    struct zta_view *view;
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    const enum zta_status status = zta_attestation_get(
        view, what, is_device ? NONE : ZTA_TEXT("corp"), zta_text_of(name), now_s, &found);
    zta_view_end(&view);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    return status == ZTA_OK ? found.level : 0;
}

static struct zta_notice compliance(uint8_t level, int64_t event_s, const char *from)
{
    struct zta_notice notice = notice_of(ZTA_NOTICE_DEVICE_COMPLIANCE_CHANGE);
    notice.issuer = NONE;
    notice.device = ZTA_TEXT("laptop");
    notice.level = level;
    notice.event_s = event_s;
    notice.transmitter = zta_text_of(from);
    return notice;
}

static void older_news_and_other_transmitters_soften_nothing(void **state)
{
    (void)state;
    static const struct {
        uint8_t level;
        int64_t event_s;
        const char *from;
        enum zta_notice_outcome outcome;
        uint8_t stands;
    } steps[] = {
        {ZTA_NOTICE_COMPLIANT, NOW_S - 100, "tx", ZTA_NOTICE_APPLIED, ZTA_NOTICE_COMPLIANT},
        {ZTA_NOTICE_NOT_COMPLIANT, NOW_S - 50, "tx", ZTA_NOTICE_APPLIED, ZTA_NOTICE_NOT_COMPLIANT},
        {ZTA_NOTICE_COMPLIANT, NOW_S - 60, "tx", ZTA_NOTICE_OVERRULED, ZTA_NOTICE_NOT_COMPLIANT},
        {ZTA_NOTICE_COMPLIANT, NOW_S - 50, "tx", ZTA_NOTICE_OVERRULED, ZTA_NOTICE_NOT_COMPLIANT},
        {ZTA_NOTICE_COMPLIANT, NOW_S - 40, "mdm", ZTA_NOTICE_OVERRULED, ZTA_NOTICE_NOT_COMPLIANT},
        {ZTA_NOTICE_COMPLIANT, NOW_S - 30, "tx", ZTA_NOTICE_APPLIED, ZTA_NOTICE_COMPLIANT},
        {ZTA_NOTICE_NOT_COMPLIANT, NOW_S - 20, "mdm", ZTA_NOTICE_APPLIED, ZTA_NOTICE_NOT_COMPLIANT},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct zta_notice notice =
            compliance(steps[i].level, steps[i].event_s, steps[i].from);
        assert_int_equal(outcome_of(&notice), steps[i].outcome);
        assert_int_equal(level_of(ZTA_ATTESTED_COMPLIANCE, "laptop", NOW_S), steps[i].stands);
    }
}

static void risk_is_of_the_least_that_is_named_and_ends_by_itself(void **state)
{
    (void)state;
    struct zta_notice notice = notice_of(ZTA_NOTICE_RISK_LEVEL_CHANGE);
    notice.level = ZTA_NOTICE_RISK_HIGH;
    notice.subject = ZTA_TEXT("alice");
    notice.sid = ZTA_TEXT("s-1");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_int_equal(level_of(ZTA_ATTESTED_SESSION_RISK, "s-1", NOW_S), ZTA_NOTICE_RISK_HIGH);
    assert_int_equal(level_of(ZTA_ATTESTED_SUBJECT_RISK, "alice", NOW_S), 0);
    notice = notice_of(ZTA_NOTICE_RISK_LEVEL_CHANGE);
    notice.level = ZTA_NOTICE_RISK_MEDIUM;
    notice.subject = ZTA_TEXT("alice");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_int_equal(level_of(ZTA_ATTESTED_SUBJECT_RISK, "alice", NOW_S + 86399),
                     ZTA_NOTICE_RISK_MEDIUM);
    assert_int_equal(level_of(ZTA_ATTESTED_SUBJECT_RISK, "alice", NOW_S + 86400), 0);
    notice = notice_of(ZTA_NOTICE_RISK_LEVEL_CHANGE);
    notice.level = ZTA_NOTICE_RISK_LOW;
    notice.token = ZTA_TEXT("j");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_UNKNOWN_SUBJECT);
}

static bool count_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    assert_int_equal(measure->kind, ZTA_MEASURE_STEP_UP);
    assert_int_equal(measure->source, ZTA_MEASURE_OF_TRANSMITTER);
    assert_true(zta_text_equal(measure->target.name, ZTA_TEXT("alice")));
    ++*(unsigned *)context;
    return true;
}

static void assurance_that_fell_asks_for_a_newer_login(void **state)
{
    (void)state;
    struct zta_notice notice = notice_of(ZTA_NOTICE_ASSURANCE_LEVEL_CHANGE);
    struct zta_view *view;
    unsigned n = 0;
    notice.subject = ZTA_TEXT("alice");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_false(is_over("alice", NULL, NULL, NULL));
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_measure_each(view, count_measure, &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, 1);
    notice = notice_of(ZTA_NOTICE_ASSURANCE_LEVEL_CHANGE);
    notice.sid = ZTA_TEXT("s-1");
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("alice", "s-1", NULL, NULL));
}

/* A letter that cannot be carried out would keep all others waiting. */
static void who_has_all_measures_he_can_have_logs_in_anew(void **state)
{
    (void)state;
    struct zta_notice notice = notice_of(ZTA_NOTICE_ASSURANCE_LEVEL_CHANGE);
    notice.subject = ZTA_TEXT("alice");
    for (unsigned i = 0; i < ZTA_MEASURE_TARGET_MAX; i++) {
        const char rule[] = {'r', (char)('a' + i), '\0'};
        const struct zta_measure measure = {
            .kind = ZTA_MEASURE_QUARANTINE,
            .source = ZTA_MEASURE_OF_RULE,
            .target = {.kind = ZTA_TARGET_SUBJECT,
                       .issuer = ZTA_TEXT("corp"),
                       .name = notice.subject},
            .rule = zta_text_of(rule),
            .reason = ZTA_TEXT("risk"),
            .created_ns = NOW_NS,
            .for_s = 3600,
            .max_age_s = -1,
        };
        struct zta_error error = {.text = ""};
        struct zta_measure_placed placed;
        struct zta_change *change = store_begin(helper, "test");
        assert_int_equal(zta_measure_put(change, &measure, &placed), ZTA_OK);
        assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    }
    assert_false(is_over("alice", NULL, NULL, NULL));
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_APPLIED);
    assert_true(is_over("alice", NULL, NULL, NULL));
}

static void every_letter_comes_out_as_it_went_in_and_no_other_is_one(void **state)
{
    (void)state;
    struct zta_notice notice = notice_of(ZTA_NOTICE_SESSION_REVOKED);
    struct zta_notice read;
    uint8_t letter[ZTA_NOTICE_SIZE_MAX + 1];
    size_t size;
    notice.subject = ZTA_TEXT("alice");
    assert_int_equal(zta_notice_encode(&notice, letter, sizeof(letter), &size), ZTA_OK);
    for (size_t len = 0; len < size; len++) {
        assert_int_equal(zta_notice_decode(letter, len, &read), ZTA_CORRUPT);
    }
    letter[size] = 0;
    assert_int_equal(zta_notice_decode(letter, size + 1, &read), ZTA_CORRUPT);
    for (size_t at = 1; at < 5; at++) {
        const uint8_t former = letter[at];
        letter[at] = 0xff;
        assert_int_equal(zta_notice_decode(letter, size, &read), ZTA_CORRUPT);
        letter[at] = former;
    }
    notice.subject = NONE;
    assert_int_equal(zta_notice_encode(&notice, letter, sizeof(letter), &size), ZTA_INVALID);
    static const char large[ZTA_SUBJECT_MAX + 1] = {[0 ... ZTA_SUBJECT_MAX - 1] = 'x'};
    notice.subject = notice.sid = notice.client = notice.device = notice.token = zta_text_of(large);
    assert_int_equal(zta_notice_encode(&notice, letter, sizeof(letter), &size), ZTA_TOO_LARGE);
}

static void the_journal_keeps_the_newest(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    struct zta_view *view;
    uint64_t n = 0;
    struct zta_change *change = store_begin(helper, "test");
    for (int64_t i = 0; i < 5; i++) {
        const struct zta_notice notice = notice_of(ZTA_NOTICE_ACCOUNT_ENABLED);
        struct zta_notice about = notice;
        about.reach = ZTA_NOTICE_NOBODY;
        assert_int_equal(zta_notice_log(change, &about, ZTA_NOTICE_NOTED, NOW_NS + i / 2), ZTA_OK);
    }
    assert_int_equal(zta_notices_prune(change, ZTA_NOTICES_MAX + 2, 0, &n), ZTA_OK);
    assert_int_equal(n, 2);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    assert_int_equal(zta_view_begin(helper, &view), ZTA_OK);
    assert_int_equal(zta_notice_count(view, &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, 3);
    change = store_begin(helper, "test");
    assert_int_equal(zta_notices_prune(change, 3, NOW_NS + 3, &n), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    assert_int_equal(n, 1);
}

/* ---- verification ---- */

static struct zta_notice verification(const char *word)
{
    struct zta_notice notice = notice_of(ZTA_NOTICE_VERIFICATION);
    notice.reach = ZTA_NOTICE_NOBODY;
    notice.issuer = NONE;
    notice.state = zta_text_of(word);
    return notice;
}

/* As an operator asks, so many seconds ago; the state that was made up. */
static const char *ask(int64_t ago_s, bool can_be_asked)
{
    static char word[ZTA_NOTICE_SHORT_MAX + 1];
    const struct mod_zta_stream_options streams[] = {
        {.name = ZTA_TEXT("other")}, {.name = ZTA_TEXT("tx"), .is_verifiable = can_be_asked}};
    const struct mod_zta_observer_options options = {.streams = streams, .n_streams = 2};
    struct zta_error error = {.text = ""};
    struct zta_stream stream;
    struct zta_change *change = store_begin(helper, "test");
    if (zta_stream_load(change, ZTA_TEXT("tx"), &stream) == ZTA_NOT_FOUND) {
        stream = (struct zta_stream){.name = ZTA_TEXT("tx"), .is_verifiable = can_be_asked};
        assert_int_equal(zta_stream_put(change, &stream), ZTA_OK);
    }
    assert_int_equal(mod_zta_verification_want(change, &options, ago_s == 0 ? NONE : ZTA_TEXT("tx"),
                                               NOW_S - ago_s),
                     ZTA_OK);
    assert_int_equal(mod_zta_verification_want(change, &options, ZTA_TEXT("another"), NOW_S),
                     ZTA_OK);
    assert_int_equal(zta_stream_load(change, ZTA_TEXT("tx"), &stream), ZTA_OK);
    assert_int_equal(stream.is_told, false);
    (void)snprintf(word, sizeof(word), "%.*s",
                   zta_text_is_absent(stream.state) ? 0 : (int)stream.state.len,
                   zta_text_is_absent(stream.state) ? "" : stream.state.data);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    return word;
}

static void a_state_is_good_once_in_time_and_for_what_was_asked(void **state)
{
    (void)state;
    char first[ZTA_NOTICE_SHORT_MAX + 1];
    enum zta_notice_outcome outcome = ZTA_NOTICE_N_OUTCOMES;
    struct zta_notice notice = verification("unasked");
    assert_int_equal(deliver(&notice, &outcome), ZTA_INVALID);
    assert_int_equal(deliver(&notice, &outcome), ZTA_INVALID); /* nothing was remembered */
    assert_int_equal(outcome, ZTA_NOTICE_N_OUTCOMES);
    notice = verification(NULL);
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_NOTED);
    assert_string_equal(ask(5, false), "");
    (void)snprintf(first, sizeof(first), "%s", ask(5, true));
    assert_int_equal(strlen(first), 32);
    notice = verification(first);
    notice.transmitter = ZTA_TEXT("other");
    assert_int_equal(deliver(&notice, &outcome), ZTA_INVALID);
    const char *second = ask(0, true);
    assert_string_not_equal(first, second);
    notice = verification(first);
    assert_int_equal(deliver(&notice, &outcome), ZTA_INVALID);
    notice = verification(second);
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_NOTED);
    assert_int_equal(deliver(&notice, &outcome), ZTA_EXISTS);
    notice = verification(second);
    assert_int_equal(deliver(&notice, &outcome), ZTA_INVALID);
    notice = verification(ask(ZTA_STREAM_ANSWER_S + 1, true));
    assert_int_equal(deliver(&notice, &outcome), ZTA_INVALID);
    notice = verification(ask(ZTA_STREAM_ANSWER_S, true));
    assert_int_equal(outcome_of(&notice), ZTA_NOTICE_NOTED);
}

static void a_stream_is_overdue_when_its_state_did_not_come_back(void **state)
{
    (void)state;
    struct zta_stream stream = {.asked_s = NOW_S};
    assert_false(zta_stream_is_overdue(&stream, NOW_S + 2 * ZTA_STREAM_ANSWER_S));
    stream.state = ZTA_TEXT("x");
    assert_false(zta_stream_is_overdue(&stream, NOW_S + ZTA_STREAM_ANSWER_S));
    assert_true(zta_stream_is_overdue(&stream, NOW_S + ZTA_STREAM_ANSWER_S + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(logins_end_by_the_names_that_are_given, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_about_one_after_the_other_waits_for_an_operator,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_message_counts_once_and_what_is_not_about_one_does_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(older_news_and_other_transmitters_soften_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(risk_is_of_the_least_that_is_named_and_ends_by_itself,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(assurance_that_fell_asks_for_a_newer_login, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_has_all_measures_he_can_have_logs_in_anew, setup,
                                        teardown),
        cmocka_unit_test(every_letter_comes_out_as_it_went_in_and_no_other_is_one),
        cmocka_unit_test_setup_teardown(the_journal_keeps_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_is_good_once_in_time_and_for_what_was_asked, setup,
                                        teardown),
        cmocka_unit_test(a_stream_is_overdue_when_its_state_did_not_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the decision log: valid JSON whatever is in them, whole within their bound, sampled. */
#include "shared/log/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include <stdlib.h>
#include <string.h>

#include "shared/decision.h"
#include "tests/unit/scratch_store.h"

static struct zta_log_record record_of(enum zta_log_kind kind)
{
    return (struct zta_log_record){.kind = kind,
                                   .host = "proxy1",
                                   .version = "test",
                                   .time_ns = INT64_C(1800000000123456789),
                                   .sequence = 7,
                                   .segment_id = 0xabcdef,
                                   .weight = 1};
}

/* One object and a line feed, nothing else, and no control character that a reader could act on. */
static json_t *parse(const struct zta_log_record *record, enum zta_log_format format)
{
    char line[ZTA_LOG_LINE_MAX];
    size_t len = 0;
    json_error_t error;
    assert_int_equal(zta_log_line(record, format, line, &len), ZTA_OK);
    assert_true(len < sizeof line);
    assert_int_equal(line[len - 1], '\n');
    for (size_t i = 0; i < len - 1; i++) {
        assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
    }
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!json_is_object(object)) {
        fail_msg("%s in %s", error.text, line);
    }
    return object;
}

static const json_t *at(const json_t *object, const char *path)
{
    char name[64];
    for (const char *rest = path; object != NULL && *rest != '\0';) {
        const size_t len = strcspn(rest, ".");
        memcpy(name, rest, len);
        name[len] = '\0';
        object = json_is_array(object) ? json_array_get(object, (size_t)(name[0] - '0'))
                                       : json_object_get(object, name);
        rest += rest[len] == '.' ? len + 1 : len;
    }
    return object;
}

static void assert_text(const json_t *object, const char *path, const char *expected)
{
    const json_t *value = at(object, path);
    if (!json_is_string(value) || strcmp(json_string_value(value), expected) != 0) {
        fail_msg("%s: %s instead of %s", path, value != NULL ? json_string_value(value) : "none",
                 expected);
    }
}

static void assert_number(const json_t *object, const char *path, json_int_t expected)
{
    assert_non_null(at(object, path));
    assert_int_equal(json_integer_value(at(object, path)), expected);
}

static void make_event(struct zta_event *event, uint8_t outcome, uint8_t reason)
{
    const struct scratch_event wanted = {.number = 1,
                                         .time_ns = INT64_C(1800000000123456789),
                                         .source = 9,
                                         .session = 3,
                                         .outcome = outcome,
                                         .reason = reason,
                                         .route = "/orders"};
    scratch_event_make(&wanted, event);
}

static void a_request_stands_in_both_formats_with_what_was_decided(void **state)
{
    struct zta_event event;
    struct zta_log_record record = record_of(ZTA_LOG_REQUEST);
    make_event(&event, ZTA_OUTCOME_DENY, ZTA_REASON_REVOKED);
    event.http_status = 401;
    event.latency_us = 2500;
    record.event = &event;
    json_t *ecs = parse(&record, ZTA_LOG_ECS);
    assert_text(ecs, "@timestamp", "2027-01-15T08:00:00.123Z");
    assert_text(ecs, "event.outcome", "failure");
    assert_text(ecs, "event.type.1", "denied");
    assert_text(ecs, "event.reason", "revoked");
    assert_number(ecs, "event.duration", 2500000);
    assert_number(ecs, "http.response.status_code", 401);
    assert_number(ecs, "zta.weight", 1);
    assert_text(ecs, "zta.segment", "0000000000abcdef");
    json_decref(ecs);
    json_t *ocsf = parse(&record, ZTA_LOG_OCSF);
    assert_number(ocsf, "class_uid", 6003);
    assert_number(ocsf, "time", 1800000000123);
    assert_number(ocsf, "duration", 2);
    assert_number(ocsf, "disposition_id", 24);
    assert_number(ocsf, "type_uid", 600300 + json_integer_value(at(ocsf, "activity_id")));
    assert_text(ocsf, "authorizations.0.policy.name", "orders-read");
    json_decref(ocsf);
    event.outcome = ZTA_OUTCOME_ALLOW;
    event.reason = ZTA_REASON_OK;
    record.weight = 50;
    ecs = parse(&record, ZTA_LOG_ECS);
    assert_text(ecs, "event.action", "access-allowed");
    assert_number(ecs, "zta.weight", 50);
    json_decref(ecs);
}

static void operators_automation_losses_and_the_head_have_lines(void **state)
{
    const struct zta_audit_entry action = {.id = 12,
                                           .uid = 1000,
                                           .login = ZTA_TEXT("ops"),
                                           .action = ZTA_TEXT("revoke subject"),
                                           .target = ZTA_TEXT("corp:alice"),
                                           .reason = ZTA_TEXT("left"),
                                           .hash = {.bytes = {0xfe}}};
    const struct zta_response response = {.id = 5,
                                          .result = ZTA_RESPONSE_BEGUN,
                                          .measure = 7,
                                          .until_s = 1800000000,
                                          .rule = ZTA_TEXT("stuffing"),
                                          .what = ZTA_TEXT("block ip for 15m"),
                                          .target = ZTA_TEXT("192.0.2.7"),
                                          .evidence = ZTA_TEXT("51 in 1m")};
    struct zta_log_record record = record_of(ZTA_LOG_ACTION);
    record.action = &action;
    json_t *line = parse(&record, ZTA_LOG_ECS);
    assert_text(line, "event.action", "revoke subject");
    assert_text(line, "event.id", "action-12");
    assert_text(line, "user.name", "ops");
    assert_text(line, "related.user.0", "1000");
    assert_text(line, "zta.audit.target", "corp:alice");
    json_decref(line);
    line = parse(&record, ZTA_LOG_OCSF);
    assert_text(line, "resources.0.name", "corp:alice");
    assert_text(line, "src_endpoint.name", "proxy1");
    json_decref(line);
    record = record_of(ZTA_LOG_HEAD);
    record.action = &action;
    line = parse(&record, ZTA_LOG_ECS);
    assert_text(line, "event.id", "head-12");
    assert_int_equal(strncmp(json_string_value(at(line, "zta.audit.hash")), "fe00", 4), 0);
    json_decref(line);
    record = record_of(ZTA_LOG_RESPONSE);
    record.response = &response;
    line = parse(&record, ZTA_LOG_ECS);
    assert_text(line, "event.action", "automation-begun");
    assert_text(line, "rule.name", "stuffing");
    assert_text(line, "zta.automation.measure", "m7");
    json_decref(line);
    line = parse(&record, ZTA_LOG_OCSF);
    assert_number(line, "class_uid", 2004);
    assert_text(line, "finding_info.uid", "response-5");
    json_decref(line);
    record = record_of(ZTA_LOG_LOSS);
    record.n_lost = 99;
    line = parse(&record, ZTA_LOG_ECS);
    assert_number(line, "zta.lost", 99);
    json_decref(line);
    json_decref(parse(&record, ZTA_LOG_OCSF));
}

/* Bytes from all over: escapes, broken UTF-8, separators, what ends a string or a line. */
static void fill_hostile(struct zta_event *event, uint64_t *seed)
{
    static const char *const spells[] = {
        "\"},{\"event\":{",         "\n\r\n",   "\x1b[2J\x1b]0;x\x07", "\xff\xfe\x80",
        "\xe2\x80\xa8\xe2\x80\xae", "\xc0\xaf", "\\u0000\\",           "</script>",
        "\xf0\x9f\x98\x80",         "\x01\x02"};
    char room[ZTA_N_EVENT_TEXTS][64];
    struct zta_text texts[ZTA_N_EVENT_TEXTS];
    for (size_t i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        const char *spell = spells[scratch_random(seed) % (sizeof spells / sizeof spells[0])];
        const size_t n = scratch_random(seed) % sizeof room[i];
        for (size_t k = 0; k < n; k++) {
            room[i][k] = scratch_random(seed) % 4 == 0 ? (char)scratch_random(seed)
                                                       : spell[k % strlen(spell)];
        }
        texts[i] = (struct zta_text){.data = room[i], .len = n};
    }
    zta_event_set_texts(event, texts);
}

static void hostile_text_stays_text_in_one_line(void **state)
{
    uint64_t seed = 11;
    struct zta_log_record record = record_of(ZTA_LOG_REQUEST);
    struct zta_event event;
    record.event = &event;
    for (unsigned i = 0; i < 2000; i++) {
        make_event(&event, (uint8_t)(i % 5), (uint8_t)(i % ZTA_N_REASONS));
        fill_hostile(&event, &seed);
        for (enum zta_log_format format = 0; format < ZTA_N_LOG_FORMATS; format++) {
            json_t *line = parse(&record, format);
            assert_true(json_object_size(line) > 5);
            json_decref(line);
        }
    }
}

static void texts_are_cut_until_the_line_fits(void **state)
{
    char longest[8192];
    char bells[4096];
    struct zta_log_record record = record_of(ZTA_LOG_ACTION);
    struct zta_audit_entry action = {.id = 1};
    memset(longest, 'x', sizeof longest);
    memset(bells, '\a', sizeof bells);
    memcpy(longest + 1023, "\xc3\xa9", 2); /* must not be parted */
    const struct zta_text text = {.data = longest, .len = sizeof longest};
    const struct zta_text bell = {.data = bells, .len = sizeof bells};
    action.action = ZTA_TEXT("rules apply");
    action.before = text;
    record.action = &action;
    json_t *line = parse(&record, ZTA_LOG_ECS);
    const char *before = json_string_value(at(line, "zta.audit.before"));
    assert_int_equal(strlen(before), 1023 + 3);
    assert_string_equal(before + 1023, "\xe2\x80\xa6");
    json_decref(line);
    action.login = action.sudo_user = action.tty = action.target = bell;
    action.before = action.after = action.reason = action.action = bell;
    for (enum zta_log_format format = 0; format < ZTA_N_LOG_FORMATS; format++) {
        json_decref(parse(&record, format));
    }
}

static void only_plain_allows_are_sampled_and_their_weights_add_up(void **state)
{
    struct zta_event event;
    uint64_t total = 0;
    uint64_t n_lines = 0;
    for (uint32_t i = 0; i < 40000; i++) {
        make_event(&event, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK);
        zta_ulid_make(event.time_ns, &event.id);
        const uint32_t weight = zta_log_weight(&event, 10);
        assert_int_equal(weight, zta_log_weight(&event, 10));
        assert_true(weight == 0 || weight == 10);
        assert_int_equal(zta_log_weight(&event, 1), 1);
        total += weight;
        n_lines += weight != 0;
        if (weight == 0) {
            struct zta_event other = event;
            other.flags |= ZTA_EVENT_MONITORED;
            assert_int_equal(zta_log_weight(&other, 10), 1);
            other = event;
            other.risk.n_raised = 1;
            assert_int_equal(zta_log_weight(&other, 10), 1);
            other = event;
            other.outcome = (uint8_t)(i % 2 == 0 ? ZTA_OUTCOME_DENY : ZTA_OUTCOME_THROTTLE);
            assert_int_equal(zta_log_weight(&other, 10), 1);
        }
    }
    assert_true(total > 36000 && total < 44000);
    assert_int_equal(total, 10 * n_lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_stands_in_both_formats_with_what_was_decided),
        cmocka_unit_test(operators_automation_losses_and_the_head_have_lines),
        cmocka_unit_test(hostile_text_stays_text_in_one_line),
        cmocka_unit_test(texts_are_cut_until_the_line_fits),
        cmocka_unit_test(only_plain_allows_are_sampled_and_their_weights_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

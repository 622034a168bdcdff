/* SPDX-License-Identifier: Apache-2.0 */
/* What lines of every kind say, and those of operators, of automation and of the log itself. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/log/fields_priv.h"

#define NS_PER_MS     INT64_C(1000000)
#define OCSF_API      6003
#define OCSF_FINDING  2004
#define OCSF_BASE     0
#define OCSF_OTHER    99
#define OCSF_CATEGORY 1000 /* a class is its category times this, and a number */

static bool is_allowed(const struct zta_log_record *record)
{
    return record->event->outcome == ZTA_OUTCOME_ALLOW;
}

/* ---- the same in every line ---- */

#define CONSTANTS                                                                                  \
    CONSTANT(ecs_version, ZTA_LOG_ECS_VERSION)                                                     \
    CONSTANT(ocsf_version, ZTA_LOG_OCSF_VERSION)                                                   \
    CONSTANT(product, "mod_zta")                                                                   \
    CONSTANT(proxy, "proxy")                                                                       \
    CONSTANT(version, record->version)                                                             \
    CONSTANT(hostname, record->host)

#define CONSTANT(name, text)                                                                       \
    void zta_log_get_##name(const struct zta_log_record *record, struct zta_log_value *value)      \
    {                                                                                              \
        zta_log_set_string(value, text);                                                           \
    }
CONSTANTS
#undef CONSTANT

void zta_log_get_time_text(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_time_print_ms(record->time_ns, value->room);
    zta_log_set_string(value, value->room);
}

void zta_log_get_time_ms(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, record->time_ns / NS_PER_MS);
}

void zta_log_get_sequence(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, (int64_t)record->sequence);
}

void zta_log_get_dataset(const struct zta_log_record *record, struct zta_log_value *value)
{
    static const char *const names[ZTA_N_LOG_KINDS] = {
        [ZTA_LOG_REQUEST] = "mod_zta.decision",    [ZTA_LOG_ACTION] = "mod_zta.audit",
        [ZTA_LOG_RESPONSE] = "mod_zta.automation", [ZTA_LOG_LOSS] = "mod_zta.log",
        [ZTA_LOG_HEAD] = "mod_zta.audit",
    };
    zta_log_set_string(value, names[record->kind]);
}

void zta_log_get_id(const struct zta_log_record *record, struct zta_log_value *value)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
        zta_ulid_print(&record->event->id, value->room);
        break;
    case ZTA_LOG_RESPONSE:
        (void)snprintf(value->room, sizeof value->room, "response-%" PRIu64, record->response->id);
        break;
    case ZTA_LOG_ACTION:
    case ZTA_LOG_HEAD:
        (void)snprintf(value->room, sizeof value->room, "%s-%" PRIu64,
                       record->kind == ZTA_LOG_HEAD ? "head" : "action", record->action->id);
        break;
    case ZTA_LOG_LOSS:
    case ZTA_N_LOG_KINDS:
        return;
    }
    zta_log_set_string(value, value->room);
}

void zta_log_get_action(const struct zta_log_record *record, struct zta_log_value *value)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
        zta_log_set_string(value, is_allowed(record) ? "access-allowed" : "access-denied");
        return;
    case ZTA_LOG_ACTION:
        zta_log_set_string(value, "unnamed");
        zta_log_set_text(value, record->action->action);
        return;
    case ZTA_LOG_RESPONSE:
        (void)snprintf(value->room, sizeof value->room, "automation-%s",
                       zta_response_result_name(record->response->result));
        zta_log_set_string(value, value->room);
        return;
    case ZTA_LOG_LOSS:
        zta_log_set_string(value, "log-lost");
        return;
    case ZTA_LOG_HEAD:
        zta_log_set_string(value, "audit-head");
        return;
    case ZTA_N_LOG_KINDS:
        return;
    }
}

void zta_log_get_reason(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_REQUEST) {
        zta_log_set_string(value, zta_reason_name(record->event->reason));
    }
    else if (record->kind == ZTA_LOG_ACTION) {
        zta_log_set_text(value, record->action->reason);
    }
    else {
        zta_log_set_text(value, record->response->evidence);
    }
}

void zta_log_get_rule(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_text(value, record->kind == ZTA_LOG_REQUEST
                                ? zta_event_text(record->event, ZTA_EVENT_RULE)
                                : record->response->rule);
}

/* ---- ECS ---- */

void zta_log_get_ecs_kind(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, record->kind == ZTA_LOG_HEAD ? "state" : "event");
}

static void add_words(struct zta_log_value *value, const char *first, const char *second)
{
    zta_log_add_word(value, zta_text_of(first));
    zta_log_add_word(value, zta_text_of(second));
}

void zta_log_get_ecs_category(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_REQUEST) {
        add_words(value, "api", "web");
        return;
    }
    add_words(value, record->kind == ZTA_LOG_ACTION ? "configuration" : "intrusion_detection",
              NULL);
}

void zta_log_get_ecs_type(const struct zta_log_record *record, struct zta_log_value *value)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
        add_words(value, "access", is_allowed(record) ? "allowed" : "denied");
        return;
    case ZTA_LOG_ACTION:
        add_words(value, "change", "admin");
        return;
    case ZTA_LOG_LOSS:
        add_words(value, "error", NULL);
        return;
    case ZTA_LOG_RESPONSE:
    case ZTA_LOG_HEAD:
    case ZTA_N_LOG_KINDS:
        add_words(value, "info", NULL);
        return;
    }
}

static bool has_failed(const struct zta_log_record *record)
{
    return record->kind == ZTA_LOG_LOSS || (record->kind == ZTA_LOG_REQUEST && !is_allowed(record));
}

void zta_log_get_ecs_outcome(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, has_failed(record) ? "failure" : "success");
}

void zta_log_get_user_id(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_REQUEST) {
        zta_log_set_text(value, zta_event_text(record->event, ZTA_EVENT_SUBJECT));
        return;
    }
    (void)snprintf(value->room, sizeof value->room, "%" PRIu32, record->action->uid);
    zta_log_set_string(value, value->room);
}

void zta_log_get_user_list(const struct zta_log_record *record, struct zta_log_value *value)
{
    struct zta_log_value one = {.type = ZTA_LOG_ABSENT};
    if (record->kind == ZTA_LOG_REQUEST) {
        zta_log_add_word(value, zta_event_text(record->event, ZTA_EVENT_SUBJECT));
        return;
    }
    zta_log_get_user_id(record, &one);
    memcpy(value->room, one.text.data, one.text.len);
    zta_log_add_word(value, (struct zta_text){.data = value->room, .len = one.text.len});
    zta_log_add_word(value, record->action->login);
}

/* ---- OCSF ---- */

static int64_t class_of(const struct zta_log_record *record)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
    case ZTA_LOG_ACTION:
        return OCSF_API;
    case ZTA_LOG_RESPONSE:
        return OCSF_FINDING;
    case ZTA_LOG_LOSS:
    case ZTA_LOG_HEAD:
    case ZTA_N_LOG_KINDS:
        return OCSF_BASE;
    }
    return OCSF_BASE;
}

static int64_t activity_of_method(struct zta_text method)
{
    static const struct {
        const char *method;
        int64_t activity;
    } activities[] = {{.method = "POST", .activity = 1},   {.method = "GET", .activity = 2},
                      {.method = "HEAD", .activity = 2},   {.method = "PUT", .activity = 3},
                      {.method = "PATCH", .activity = 3},  {.method = "OPTIONS", .activity = 2},
                      {.method = "DELETE", .activity = 4}, {.method = "QUERY", .activity = 2}};
    for (size_t i = 0; i < sizeof activities / sizeof activities[0]; i++) {
        if (zta_text_equal(method, zta_text_of(activities[i].method))) {
            return activities[i].activity;
        }
    }
    return OCSF_OTHER;
}

static int64_t activity_of(const struct zta_log_record *record)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
        return activity_of_method(zta_event_text(record->event, ZTA_EVENT_METHOD));
    case ZTA_LOG_ACTION:
        return 3;
    case ZTA_LOG_RESPONSE:
        return 1;
    case ZTA_LOG_LOSS:
    case ZTA_LOG_HEAD:
    case ZTA_N_LOG_KINDS:
        return OCSF_OTHER;
    }
    return OCSF_OTHER;
}

void zta_log_get_class_uid(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, class_of(record));
}

void zta_log_get_category_uid(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, class_of(record) / OCSF_CATEGORY);
}

void zta_log_get_activity_id(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, activity_of(record));
}

void zta_log_get_type_uid(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, class_of(record) * 100 + activity_of(record));
}

/* Did automation hold something, or only look? */
static bool has_acted(const struct zta_response *response)
{
    return response->result == ZTA_RESPONSE_BEGUN || response->result == ZTA_RESPONSE_EXTENDED ||
           response->result == ZTA_RESPONSE_SLOWED;
}

void zta_log_get_severity(const struct zta_log_record *record, struct zta_log_value *value)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
        zta_log_set_number(value, is_allowed(record) ? 1 : 2);
        return;
    case ZTA_LOG_RESPONSE:
        zta_log_set_number(value, has_acted(record->response) ? 3 : 2);
        return;
    case ZTA_LOG_LOSS:
        zta_log_set_number(value, 4);
        return;
    case ZTA_LOG_ACTION:
    case ZTA_LOG_HEAD:
    case ZTA_N_LOG_KINDS:
        zta_log_set_number(value, 1);
        return;
    }
}

void zta_log_get_status_id(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, has_failed(record) ? 2 : 1);
}

void zta_log_get_action_id(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_REQUEST) {
        zta_log_set_number(value, is_allowed(record) ? 1 : 2);
        return;
    }
    zta_log_set_number(value, has_acted(record->response) ? 2 : OCSF_OTHER);
}

void zta_log_get_ocsf_profiles(const struct zta_log_record *record, struct zta_log_value *value)
{
    add_words(value, "security_control", NULL);
}

void zta_log_get_message(const struct zta_log_record *record, struct zta_log_value *value)
{
    switch (record->kind) {
    case ZTA_LOG_ACTION:
        zta_log_set_text(value, record->action->reason);
        return;
    case ZTA_LOG_RESPONSE:
        zta_log_set_text(value, record->response->what);
        return;
    case ZTA_LOG_LOSS:
        zta_log_set_string(value, "lines of the decision log were lost");
        return;
    case ZTA_LOG_HEAD:
        zta_log_set_string(value, "where the audit trail ends");
        return;
    case ZTA_LOG_REQUEST:
    case ZTA_N_LOG_KINDS:
        return;
    }
}

void zta_log_get_app(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_ACTION) {
        zta_log_set_string(value, "ztactl");
        return;
    }
    zta_log_set_string(value, "unidentified");
    zta_log_set_text(value, zta_event_text(record->event, ZTA_EVENT_APIKEY));
    zta_log_set_text(value, zta_event_text(record->event, ZTA_EVENT_CLIENT));
}

void zta_log_get_operation(const struct zta_log_record *record, struct zta_log_value *value)
{
    struct zta_buffer buffer;
    if (record->kind == ZTA_LOG_ACTION) {
        zta_log_get_action(record, value);
        return;
    }
    const struct zta_text method = zta_event_text(record->event, ZTA_EVENT_METHOD);
    struct zta_text where = zta_event_text(record->event, ZTA_EVENT_ROUTE);
    zta_buffer_init(&buffer, value->room, sizeof value->room);
    zta_buffer_text(&buffer, method.len > 0 ? method : ZTA_TEXT("UNKNOWN"));
    zta_buffer_string(&buffer, " ");
    where = where.len > 0 ? where : zta_event_text(record->event, ZTA_EVENT_PATH);
    const size_t room = sizeof value->room - 1 - buffer.len;
    where.len = where.len < room ? where.len : room;
    zta_buffer_text(&buffer, where);
    zta_log_set_text(value, (struct zta_text){.data = value->room, .len = buffer.len});
}

void zta_log_get_api_service(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_ACTION) {
        zta_log_set_string(value, "ztactl");
        return;
    }
    zta_log_set_string(value, "unknown");
    zta_log_set_text(value, zta_event_text(record->event, ZTA_EVENT_HOST));
}

void zta_log_get_source_name(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->kind == ZTA_LOG_ACTION) {
        zta_log_set_string(value, record->host);
    }
    else if (record->event->addr.family == 0) {
        zta_log_set_string(value, "unknown");
    }
}

/* ---- operators ---- */

#define ACTION_TEXTS                                                                               \
    TEXT_OF(login, login)                                                                          \
    TEXT_OF(before, before)                                                                        \
    TEXT_OF(after, after)                                                                          \
    TEXT_OF(sudo_user, sudo_user)                                                                  \
    TEXT_OF(tty, tty)

#define TEXT_OF(name, member)                                                                      \
    void zta_log_get_##name(const struct zta_log_record *record, struct zta_log_value *value)      \
    {                                                                                              \
        zta_log_set_text(value, record->action->member);                                           \
    }
ACTION_TEXTS
#undef TEXT_OF

void zta_log_get_target(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_text(value, record->kind == ZTA_LOG_ACTION ? record->action->target
                                                           : record->response->target);
}

void zta_log_get_hash(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_hex(value, record->action->hash.bytes, ZTA_SHA256_SIZE);
}

/* ---- automation ---- */

void zta_log_get_what(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_text(value, record->response->what);
}

void zta_log_get_result(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, zta_response_result_name(record->response->result));
}

void zta_log_get_measure(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->response->measure != 0) {
        (void)snprintf(value->room, sizeof value->room, "m%" PRIu64, record->response->measure);
        zta_log_set_string(value, value->room);
    }
}

void zta_log_get_until(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (record->response->until_s != 0) {
        zta_time_print(record->response->until_s, value->room);
        zta_log_set_string(value, value->room);
    }
}

void zta_log_get_finding_title(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, "automation");
    zta_log_set_text(value, record->response->rule);
}

void zta_log_get_evidence_of_response(const struct zta_log_record *record,
                                      struct zta_log_value *value)
{
    zta_log_set_text(value, record->response->evidence);
}

void zta_log_get_lost(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, (int64_t)record->n_lost);
}

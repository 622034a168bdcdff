/* SPDX-License-Identifier: Apache-2.0 */
/* What a line says of a request. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/trace.h"
#include "shared/context.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/log/fields_priv.h"
#include "shared/risk/recorded.h"
#include "shared/risk/score.h"
#include "shared/risk_signals.h"

static const struct zta_event *of(const struct zta_log_record *record)
{
    return record->event;
}

static bool has_risk(const struct zta_event *event)
{
    return (event->replay & ZTA_REPLAY_RISK) != 0;
}

/* ---- texts as recorded ---- */

#define EVENT_TEXTS                                                                                \
    TEXT_OF(method, METHOD)                                                                        \
    TEXT_OF(host, HOST)                                                                            \
    TEXT_OF(path, PATH)                                                                            \
    TEXT_OF(route, ROUTE)                                                                          \
    TEXT_OF(issuer, ISSUER)                                                                        \
    TEXT_OF(client, CLIENT)                                                                        \
    TEXT_OF(apikey, APIKEY)                                                                        \
    TEXT_OF(missing, MISSING)                                                                      \
    TEXT_OF(nearest, NEAREST)                                                                      \
    TEXT_OF(detail, DETAIL)                                                                        \
    TEXT_OF(parent, PARENT)                                                                        \
    TEXT_OF(agent, AGENT)                                                                          \
    TEXT_OF(device, DEVICE)                                                                        \
    TEXT_OF(os, OS)                                                                                \
    TEXT_OF(monitor_rule, MONITOR_RULE)

#define TEXT_OF(name, which)                                                                       \
    void zta_log_get_##name(const struct zta_log_record *record, struct zta_log_value *value)      \
    {                                                                                              \
        zta_log_set_text(value, zta_event_text(of(record), ZTA_EVENT_##which));                    \
    }
EVENT_TEXTS
#undef TEXT_OF

/* ---- numbers as recorded ---- */

#define EVENT_NUMBERS                                                                              \
    NUMBER_OF(status, http_status)                                                                 \
    NUMBER_OF(bytes_out, bytes_out)                                                                \
    NUMBER_OF(stage, stage)

#define NUMBER_OF(name, member)                                                                    \
    void zta_log_get_##name(const struct zta_log_record *record, struct zta_log_value *value)      \
    {                                                                                              \
        zta_log_set_number(value, (int64_t)of(record)->member);                                    \
    }
EVENT_NUMBERS
#undef NUMBER_OF

void zta_log_get_weight(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, record->weight);
}

void zta_log_get_duration_ns(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, (int64_t)of(record)->latency_us * 1000);
}

void zta_log_get_duration_ms(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_number(value, of(record)->latency_us / 1000);
}

void zta_log_get_content_length(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (of(record)->content_length >= 0) {
        zta_log_set_number(value, of(record)->content_length);
    }
}

void zta_log_get_asn(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (of(record)->context.asn != 0) {
        zta_log_set_number(value, of(record)->context.asn);
    }
}

void zta_log_get_waf(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (of(record)->risk.waf != 0) {
        zta_log_set_number(value, of(record)->risk.waf);
    }
}

/* ---- risk ---- */

void zta_log_get_risk_score(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (has_risk(of(record))) {
        zta_log_set_number(value, of(record)->risk.score);
    }
}

void zta_log_get_risk_level(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (has_risk(of(record))) {
        zta_log_set_number(value, zta_risk_level(of(record)->risk.score));
    }
}

void zta_log_get_threat(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (has_risk(of(record))) {
        zta_log_set_string(value, zta_threat_level_name(of(record)->risk.threat));
    }
}

void zta_log_get_signals(const struct zta_log_record *record, struct zta_log_value *value)
{
    for (size_t i = 0; i < of(record)->risk.n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        const struct zta_risk_signal_info *info =
            zta_risk_signal_info(of(record)->risk.raised[i].signal);
        zta_log_add_word(value, zta_text_of(info != NULL ? info->name : NULL));
    }
}

/* A line of evidence for each signal; in one text they are parted by semicolons. */
void zta_log_get_evidence(const struct zta_log_record *record, struct zta_log_value *value)
{
    const struct zta_text text = zta_event_text(of(record), ZTA_EVENT_EVIDENCE);
    size_t len = text.len < sizeof value->room ? text.len : sizeof value->room;
    if (zta_text_is_absent(text)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        value->room[i] = text.data[i] == '\n' ? ';' : text.data[i];
    }
    while (len > 0 && value->room[len - 1] == ';') {
        len--;
    }
    zta_log_set_text(value, (struct zta_text){.data = value->room, .len = len});
}

/* ---- who, from where ---- */

void zta_log_get_address(const struct zta_log_record *record, struct zta_log_value *value)
{
    _Static_assert(sizeof value->room >= ZTA_CIDR_TEXT_MAX, "an address fits");
    if (of(record)->addr.family != 0) {
        zta_addr_print(&of(record)->addr, value->room);
        zta_log_set_string(value, value->room);
    }
}

void zta_log_get_address_list(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_get_address(record, value);
    if (value->type == ZTA_LOG_TEXT) {
        zta_log_add_word(value, value->text);
    }
}

void zta_log_get_country(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (of(record)->context.country[0] != '\0') {
        memcpy(value->room, of(record)->context.country, 2);
        zta_log_set_text(value, (struct zta_text){.data = value->room, .len = 2});
    }
}

void zta_log_get_credential(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, zta_credential_name(of(record)->credential));
}

void zta_log_get_binding(const struct zta_log_record *record, struct zta_log_value *value)
{
    if (of(record)->binding != ZTA_BINDING_NONE) {
        zta_log_set_string(value, zta_binding_name(of(record)->binding));
    }
}

void zta_log_get_session(const struct zta_log_record *record, struct zta_log_value *value)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    if (memcmp(of(record)->session, none, sizeof none) != 0) {
        zta_log_set_hex(value, of(record)->session, ZTA_SESSION_ID_SIZE);
    }
}

void zta_log_get_session_issuer(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_get_session(record, value);
    if (value->type == ZTA_LOG_TEXT) {
        value->type = ZTA_LOG_ABSENT;
        zta_log_get_issuer(record, value);
    }
}

/* ---- what for ---- */

void zta_log_get_scheme(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, (of(record)->flags & ZTA_EVENT_TLS) != 0 ? "https" : "http");
}

void zta_log_get_http_version(const struct zta_log_record *record, struct zta_log_value *value)
{
    if ((of(record)->flags & ZTA_EVENT_HTTP2) != 0) {
        zta_log_set_string(value, "2");
    }
}

void zta_log_get_path_or_slash(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, "/");
    zta_log_get_path(record, value);
}

void zta_log_get_status_text(const struct zta_log_record *record, struct zta_log_value *value)
{
    (void)snprintf(value->room, sizeof value->room, "%u", (unsigned)of(record)->http_status);
    zta_log_set_string(value, value->room);
}

void zta_log_get_flags(const struct zta_log_record *record, struct zta_log_value *value)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{.flag = ZTA_EVENT_TOKEN_CACHED, .name = "cached"},
                 {.flag = ZTA_EVENT_PREFLIGHT, .name = "preflight"},
                 {.flag = ZTA_EVENT_STALE, .name = "stale"},
                 {.flag = ZTA_EVENT_CUT, .name = "cut"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((of(record)->flags & names[i].flag) != 0) {
            zta_log_add_word(value, zta_text_of(names[i].name));
        }
    }
}

/* A trace that began here has the id of the request; nothing went on where it was refused. */
void zta_log_get_trace(const struct zta_log_record *record, struct zta_log_value *value)
{
    const struct zta_text named = zta_event_text(of(record), ZTA_EVENT_TRACE);
    if (named.len == 2 * ZTA_TRACE_ID_SIZE) {
        zta_log_set_text(value, named);
    }
    else if (of(record)->outcome == ZTA_OUTCOME_ALLOW && of(record)->stage > 0) {
        zta_log_set_hex(value, of(record)->id.bytes, sizeof of(record)->id.bytes);
    }
}

/* ---- the decision ---- */

void zta_log_get_decision(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, zta_outcome_name(of(record)->outcome));
}

void zta_log_get_monitor_decision(const struct zta_log_record *record, struct zta_log_value *value)
{
    if ((of(record)->flags & ZTA_EVENT_MONITORED) != 0) {
        zta_log_set_string(value, zta_outcome_name(of(record)->monitor_outcome));
    }
}

void zta_log_get_monitor_reason(const struct zta_log_record *record, struct zta_log_value *value)
{
    if ((of(record)->flags & ZTA_EVENT_MONITORED) != 0) {
        zta_log_set_string(value, zta_reason_name(of(record)->monitor_reason));
    }
}

void zta_log_get_policy(const struct zta_log_record *record, struct zta_log_value *value)
{
    zta_log_set_string(value, "none");
    zta_log_set_text(value, zta_event_text(of(record), ZTA_EVENT_RULE));
}

void zta_log_get_rules_version(const struct zta_log_record *record, struct zta_log_value *value)
{
    (void)snprintf(value->room, sizeof value->room, "%" PRIu32 ".%" PRIu32,
                   of(record)->rules_generation, of(record)->live_version);
    zta_log_set_string(value, value->room);
}

void zta_log_get_disposition(const struct zta_log_record *record, struct zta_log_value *value)
{
    static const int64_t dispositions[] = {
        [ZTA_OUTCOME_DENY] = 2,      [ZTA_OUTCOME_ALLOW] = 1,      [ZTA_OUTCOME_STEP_UP] = 23,
        [ZTA_OUTCOME_THROTTLE] = 25, [ZTA_OUTCOME_CHALLENGE] = 26,
    };
    const unsigned outcome = of(record)->outcome;
    const bool is_revoked =
        of(record)->reason == ZTA_REASON_REVOKED || of(record)->reason == ZTA_REASON_QUARANTINED;
    const bool is_known = outcome < sizeof dispositions / sizeof dispositions[0];
    zta_log_set_number(value, is_revoked ? 24 : dispositions[is_known ? outcome : 0]);
}

void zta_log_get_segment(const struct zta_log_record *record, struct zta_log_value *value)
{
    uint8_t id[sizeof(uint64_t)];
    zta_put_u64(id, record->segment_id);
    zta_log_set_hex(value, id, sizeof id);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting recorded requests, and one of them as a row or JSON. */
#include "admin-tui/events.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/store/repeats.h"

/* How long a request may take, at most, until it is recorded. */
#define DISORDER_NS (INT64_C(3600) * ZTA_NS_PER_S)

static bool add(struct ctl_events *events, const struct ctl_event *row)
{
    if (events->n == events->size) {
        size_t size = events->size * 2 + 64;
        struct ctl_event *grown = realloc(events->rows, size * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        events->rows = grown;
        events->size = size;
    }
    events->rows[events->n++] = *row;
    return true;
}

struct collecting {
    struct ctl_events *events;
    enum zta_status status;
    int64_t oldest_ns;
};

static bool collect_event(void *context, const struct zta_event_key *key,
                          const struct zta_event *event)
{
    struct collecting *collecting = context;
    struct ctl_events *events = collecting->events;
    if (event->time_ns < events->from_ns) {
        /* A slow request stands behind others that came after it. */
        return event->time_ns >= events->from_ns - DISORDER_NS;
    }
    if (!ctl_filter_matches(events->filter, event, events->now_s)) {
        return true;
    }
    const struct ctl_event row = {
        .event = *event, .weight = key->weight, .time_ns = event->time_ns};
    if (!add(events, &row)) {
        collecting->status = ZTA_NO_MEMORY;
        return false;
    }
    collecting->oldest_ns = event->time_ns;
    return events->most == 0 || events->n < events->most;
}

static bool collect_repeat(void *context, const struct zta_repeat *repeat)
{
    struct collecting *collecting = context;
    struct ctl_events *events = collecting->events;
    if (repeat->n == 0 || repeat->last_ns < collecting->oldest_ns ||
        repeat->last_ns < events->from_ns ||
        !ctl_filter_matches(events->filter, &repeat->event, events->now_s)) {
        return true;
    }
    const struct ctl_event row = {
        .event = repeat->event, .weight = repeat->n, .is_repeat = true, .time_ns = repeat->last_ns};
    if (!add(events, &row)) {
        collecting->status = ZTA_NO_MEMORY;
        return false;
    }
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct ctl_event *one = a;
    const struct ctl_event *other = b;
    if (one->time_ns != other->time_ns) {
        return one->time_ns < other->time_ns ? -1 : 1;
    }
    return memcmp(one->event.id.bytes, other->event.id.bytes, sizeof one->event.id.bytes);
}

enum zta_status ctl_events_collect(struct zta_view *view, struct ctl_events *events)
{
    struct collecting collecting = {.events = events, .status = ZTA_OK, .oldest_ns = 0};
    enum zta_status status = zta_event_each_back(view, collect_event, &collecting);
    bool is_full = events->most > 0 && events->n >= events->most;
    if (!is_full) {
        collecting.oldest_ns = INT64_MIN;
    }
    int64_t from_s = is_full ? collecting.oldest_ns / ZTA_NS_PER_S - ZTA_REPEAT_WINDOW_S : 0;
    if (status == ZTA_OK && collecting.status == ZTA_OK) {
        status = zta_repeat_each(view, from_s, collect_repeat, &collecting);
    }
    status = status == ZTA_OK ? collecting.status : status;
    if (status != ZTA_OK) {
        return status;
    }
    if (events->n > 1) {
        qsort(events->rows, events->n, sizeof *events->rows, by_time);
    }
    if (events->most > 0 && events->n > events->most) {
        size_t extra = events->n - (size_t)events->most;
        memmove(events->rows, events->rows + extra, (events->n - extra) * sizeof *events->rows);
        events->n -= extra;
    }
    return ZTA_OK;
}

void ctl_events_clear(struct ctl_events *events)
{
    free(events->rows);
    events->rows = NULL;
    events->n = events->size = 0;
}

struct searching {
    const struct ctl_filter *filter;
    int64_t now_s;
    struct zta_event *event;
    bool is_found;
};

static bool take_newest(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct searching *searching = context;
    searching->is_found = ctl_filter_matches(searching->filter, event, searching->now_s);
    if (searching->is_found) {
        *searching->event = *event;
    }
    return !searching->is_found;
}

enum zta_status ctl_event_newest(struct zta_view *view, const struct ctl_filter *filter,
                                 int64_t now_s, struct zta_event *event)
{
    struct searching searching = {.filter = filter, .now_s = now_s, .event = event};
    enum zta_status status = zta_event_each_back(view, take_newest, &searching);
    return status == ZTA_OK && !searching.is_found ? ZTA_NOT_FOUND : status;
}

/* ---- one of them ---- */

const char *const ctl_event_titles[] = {"TIME",    "OUTCOME", "REASON", ">STATUS", "METHOD", "PATH",
                                        "SUBJECT", "ADDRESS", "RULE",   ">N",      "ID"};
const size_t ctl_event_n_titles = sizeof ctl_event_titles / sizeof ctl_event_titles[0];

/* Cells go in the order of the titles; JSON has all members. */
void ctl_event_row(struct ctl_list *list, const struct ctl_event *row)
{
    const struct zta_event *event = &row->event;
    ctl_row_begin(list);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        ctl_event_members(json, row);
        ctl_row_end(list);
        return;
    }
    char time[ZTA_TIME_TEXT_MAX];
    char addr[ZTA_CIDR_TEXT_MAX];
    char id[ZTA_ULID_TEXT_LEN + 1];
    zta_time_print_ms(row->time_ns, time);
    zta_addr_print(&event->addr, addr);
    zta_ulid_print(&event->id, id);
    ctl_row_string(list, "time", time);
    ctl_row_string(list, "outcome", zta_outcome_name((enum zta_outcome)event->outcome));
    ctl_row_string(list, "reason", zta_reason_name((enum zta_reason)event->reason));
    ctl_row_int(list, "status", event->http_status);
    ctl_row_text(list, "method", zta_event_text(event, ZTA_EVENT_METHOD));
    ctl_row_text(list, "path", zta_event_text(event, ZTA_EVENT_PATH));
    ctl_row_text(list, "subject", zta_event_text(event, ZTA_EVENT_SUBJECT));
    ctl_row_string(list, "address", addr);
    ctl_row_text(list, "rule", zta_event_text(event, ZTA_EVENT_RULE));
    ctl_row_int(list, "n", (int64_t)row->weight);
    ctl_row_string(list, "id", id);
    ctl_row_end(list);
}

/* Empty and absent are the same in an event; JSON says null. */
static void put_text(struct zta_json *json, const char *name, const struct zta_event *event,
                     enum zta_event_text which)
{
    struct zta_text text = zta_event_text(event, which);
    zta_json_text(json, name, text.len == 0 ? zta_text_of(NULL) : text);
}

static void put_id(struct zta_json *json, const char *name, const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    static const uint8_t zero[ZTA_SESSION_ID_SIZE];
    char hex[2 * ZTA_SESSION_ID_SIZE + 1];
    zta_hex_encode(id, ZTA_SESSION_ID_SIZE, hex);
    zta_json_string(json, name, memcmp(id, zero, sizeof zero) == 0 ? NULL : hex);
}

static void put_credential(struct zta_json *json, const struct zta_event *event)
{
    put_text(json, "issuer", event, ZTA_EVENT_ISSUER);
    put_text(json, "subject", event, ZTA_EVENT_SUBJECT);
    put_text(json, "client", event, ZTA_EVENT_CLIENT);
    put_text(json, "apikey", event, ZTA_EVENT_APIKEY);
    put_id(json, "session", event->session);
    zta_json_string(json, "session_kind",
                    zta_session_kind_name((enum zta_session_kind)event->session_kind));
    zta_json_string(json, "credential",
                    zta_credential_name((enum zta_credential)event->credential));
    zta_json_string(json, "binding", zta_binding_name((enum zta_binding)event->binding));
    put_id(json, "token_id", event->token_id);
    zta_json_time(json, "expires", event->expires_s > INT64_MAX ? 0 : (int64_t)event->expires_s);
    zta_json_bool(json, "token_cached", (event->flags & ZTA_EVENT_TOKEN_CACHED) != 0);
}

static void put_decision(struct zta_json *json, const struct zta_event *event)
{
    zta_json_string(json, "outcome", zta_outcome_name((enum zta_outcome)event->outcome));
    zta_json_string(json, "reason", zta_reason_name((enum zta_reason)event->reason));
    put_text(json, "rule", event, ZTA_EVENT_RULE);
    zta_json_int(json, "rule_line", event->rule_line);
    zta_json_int(json, "stage", event->stage);
    put_text(json, "missing", event, ZTA_EVENT_MISSING);
    put_text(json, "nearest", event, ZTA_EVENT_NEAREST);
    put_text(json, "detail", event, ZTA_EVENT_DETAIL);
    zta_json_int(json, "rules_generation", event->rules_generation);
    zta_json_int(json, "live_version", event->live_version);
    if ((event->flags & ZTA_EVENT_MONITORED) != 0) {
        zta_json_begin_object(json, "monitor");
        zta_json_string(json, "outcome",
                        zta_outcome_name((enum zta_outcome)event->monitor_outcome));
        zta_json_string(json, "reason", zta_reason_name((enum zta_reason)event->monitor_reason));
        put_text(json, "rule", event, ZTA_EVENT_MONITOR_RULE);
        zta_json_end_object(json);
    }
    else {
        zta_json_string(json, "monitor", NULL);
    }
}

/* Where the address is, as far as that was known. */
static void put_place(struct zta_json *json, const struct zta_event_context *context)
{
    char country[sizeof context->country + 1] = {context->country[0], context->country[1], '\0'};
    zta_json_string(json, "country", country[0] == '\0' ? NULL : country);
    if (context->asn == 0) {
        zta_json_string(json, "asn", NULL);
    }
    else {
        zta_json_int(json, "asn", context->asn);
    }
}

/* null where none was judged. */
static void put_risk(struct zta_json *json, const struct zta_event *event)
{
    if ((event->replay & ZTA_REPLAY_RISK) == 0) {
        zta_json_string(json, "risk", NULL);
        return;
    }
    zta_json_int(json, "risk", event->risk.score);
}

void ctl_event_members(struct zta_json *json, const struct ctl_event *row)
{
    const struct zta_event *event = &row->event;
    char time[ZTA_TIME_TEXT_MAX];
    char addr[ZTA_CIDR_TEXT_MAX];
    char id[ZTA_ULID_TEXT_LEN + 1];
    zta_time_print_ms(row->time_ns, time);
    zta_addr_print(&event->addr, addr);
    zta_ulid_print(&event->id, id);
    zta_json_string(json, "time", time);
    zta_json_string(json, "id", id);
    put_text(json, "parent", event, ZTA_EVENT_PARENT);
    put_text(json, "trace", event, ZTA_EVENT_TRACE);
    zta_json_int(json, "n", row->weight > INT64_MAX ? INT64_MAX : (int64_t)row->weight);
    zta_json_bool(json, "is_repeat", row->is_repeat);
    put_text(json, "method", event, ZTA_EVENT_METHOD);
    put_text(json, "host", event, ZTA_EVENT_HOST);
    put_text(json, "path", event, ZTA_EVENT_PATH);
    put_text(json, "route", event, ZTA_EVENT_ROUTE);
    zta_json_string(json, "address", addr);
    put_place(json, &event->context);
    put_text(json, "agent", event, ZTA_EVENT_AGENT);
    put_risk(json, event);
    zta_json_int(json, "status", event->http_status);
    zta_json_int(json, "latency_us", event->latency_us);
    zta_json_int(json, "bytes",
                 event->bytes_out > INT64_MAX ? INT64_MAX : (int64_t)event->bytes_out);
    put_decision(json, event);
    put_credential(json, event);
    zta_json_bool(json, "tls", (event->flags & ZTA_EVENT_TLS) != 0);
    zta_json_bool(json, "http2", (event->flags & ZTA_EVENT_HTTP2) != 0);
    zta_json_bool(json, "preflight", (event->flags & ZTA_EVENT_PREFLIGHT) != 0);
    zta_json_bool(json, "stale", (event->flags & ZTA_EVENT_STALE) != 0);
    zta_json_bool(json, "cut", (event->flags & ZTA_EVENT_CUT) != 0);
}

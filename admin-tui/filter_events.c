/* SPDX-License-Identifier: Apache-2.0 */
/* What filters see of events. */
#include <string.h>

#include "admin-tui/filter.h"
#include "admin-tui/filter_kind.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/risk_signals.h"

enum ctl_field {
#define CTL_FIELD(upper, name, type, expected) CTL_FIELD_##upper,
#include "admin-tui/filter_fields.def"
#undef CTL_FIELD
    CTL_N_EVENT_FIELDS,
};

static const struct ctl_field_info fields[] = {
#define CTL_FIELD(upper, text, kind, values)                                                       \
    [CTL_FIELD_##upper] = {.name = (text), .type = CTL_TYPE_##kind, .expected = (values)},
#include "admin-tui/filter_fields.def"
#undef CTL_FIELD
};

static enum zta_event_text text_of(unsigned field)
{
    switch ((enum ctl_field)field) {
    case CTL_FIELD_ISSUER:
        return ZTA_EVENT_ISSUER;
    case CTL_FIELD_SUBJECT:
        return ZTA_EVENT_SUBJECT;
    case CTL_FIELD_CLIENT:
        return ZTA_EVENT_CLIENT;
    case CTL_FIELD_METHOD:
        return ZTA_EVENT_METHOD;
    case CTL_FIELD_HOST:
        return ZTA_EVENT_HOST;
    case CTL_FIELD_PATH:
        return ZTA_EVENT_PATH;
    case CTL_FIELD_ROUTE:
        return ZTA_EVENT_ROUTE;
    case CTL_FIELD_APIKEY:
        return ZTA_EVENT_APIKEY;
    case CTL_FIELD_RULE:
        return ZTA_EVENT_RULE;
    case CTL_FIELD_DEVICE:
        return ZTA_EVENT_DEVICE;
    case CTL_FIELD_OUTCOME:
    case CTL_FIELD_REASON:
    case CTL_FIELD_STATUS:
    case CTL_FIELD_SESSION:
    case CTL_FIELD_TOKEN:
    case CTL_FIELD_ADDRESS:
    case CTL_FIELD_CREDENTIAL:
    case CTL_FIELD_COUNTRY:
    case CTL_FIELD_ID:
    case CTL_FIELD_LATENCY:
    case CTL_FIELD_BYTES:
    case CTL_FIELD_RISK:
    case CTL_FIELD_SIGNAL:
    case CTL_FIELD_AGE:
    case CTL_N_EVENT_FIELDS:
        break;
    }
    return ZTA_N_EVENT_TEXTS;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum |= bytes[i];
    }
    return sum == 0;
}

static void see_number(unsigned field, const struct zta_event *event, int64_t now_s,
                       struct ctl_seen *seen)
{
    switch (field) {
    case CTL_FIELD_OUTCOME:
        seen->number = event->outcome;
        break;
    case CTL_FIELD_REASON:
        seen->number = event->reason;
        break;
    case CTL_FIELD_CREDENTIAL:
        seen->number = event->credential;
        break;
    case CTL_FIELD_STATUS:
        seen->number = event->http_status;
        break;
    case CTL_FIELD_LATENCY:
        seen->number = event->latency_us;
        break;
    case CTL_FIELD_BYTES:
        seen->number = event->bytes_out > INT64_MAX ? INT64_MAX : (int64_t)event->bytes_out;
        break;
    case CTL_FIELD_RISK:
        seen->number = event->risk.score;
        break;
    case CTL_FIELD_AGE:
        seen->number = now_s - event->time_ns / ZTA_NS_PER_S;
        break;
    default:
        break;
    }
}

_Static_assert(ZTA_N_RISK_SIGNALS <= CTL_SEEN_TEXTS_MAX, "all of a request are seen");

static void see_signals(const struct zta_event *event, struct ctl_seen *seen)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        if ((event->risk.signals & 1u << i) != 0) {
            ctl_seen_text(seen, zta_text_of(zta_risk_signal_info(i)->name));
        }
    }
}

static void see_country(const struct zta_event *event, struct ctl_seen *seen)
{
    const char *country = event->context.country;
    const struct zta_text text = {.data = country, .len = sizeof event->context.country};
    ctl_seen_text(seen, country[0] == '\0' ? ZTA_TEXT("") : text);
}

static void see(const void *record, unsigned field, int64_t now_s, struct ctl_seen *seen)
{
    const struct zta_event *event = record;
    switch (fields[field].type) {
    case CTL_TYPE_SUBJECT:
        seen->issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
        ctl_seen_text(seen, zta_event_text(event, text_of(field)));
        break;
    case CTL_TYPE_TEXT:
    case CTL_TYPE_PATH:
    case CTL_TYPE_VERSION:
        if (field == CTL_FIELD_SIGNAL) {
            see_signals(event, seen);
            break;
        }
        if (field == CTL_FIELD_COUNTRY) {
            see_country(event, seen);
            break;
        }
        ctl_seen_text(seen, zta_event_text(event, text_of(field)));
        if (field == CTL_FIELD_RULE) {
            /* The rule that a monitored part would have applied counts as well. */
            ctl_seen_text(seen, zta_event_text(event, ZTA_EVENT_MONITOR_RULE));
        }
        break;
    case CTL_TYPE_NETWORK:
        seen->addr = event->addr;
        seen->is_known = event->addr.family != 0;
        break;
    case CTL_TYPE_ID:
        seen->id = event->id.bytes;
        seen->is_known = true;
        break;
    case CTL_TYPE_HEX:
        seen->id = field == CTL_FIELD_SESSION ? event->session : event->token_id;
        seen->is_known = !is_zero(seen->id, ZTA_SESSION_ID_SIZE);
        break;
    case CTL_TYPE_OUTCOME:
    case CTL_TYPE_REASON:
    case CTL_TYPE_CREDENTIAL:
    case CTL_TYPE_ANSWER:
    case CTL_TYPE_NUMBER:
    case CTL_TYPE_TIME:
    case CTL_TYPE_AGE:
        see_number(field, event, now_s, seen);
        seen->is_known = field != CTL_FIELD_RISK || (event->replay & ZTA_REPLAY_RISK) != 0;
        break;
    }
}

/* A free word in any text of the event, its address or the name of its reason. */
static bool has_word(const void *record, struct zta_text word)
{
    const struct zta_event *event = record;
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        if (ctl_filter_contains(zta_event_text(event, (enum zta_event_text)i), word)) {
            return true;
        }
    }
    return ctl_filter_addr_contains(&event->addr, word) ||
           ctl_filter_contains(zta_text_of(zta_reason_name((enum zta_reason)event->reason)), word);
}

static const struct ctl_filter_kind events = {
    .fields = fields, .n_fields = CTL_N_EVENT_FIELDS, .see = see, .has_word = has_word};

const struct ctl_filter_kind *ctl_filter_kind_events(void)
{
    return &events;
}

enum zta_status ctl_filter_parse(struct zta_text text, struct ctl_filter *filter,
                                 struct zta_error *error)
{
    return ctl_filter_parse_kind(text, &events, filter, error);
}

bool ctl_filter_matches(const struct ctl_filter *filter, const struct zta_event *event,
                        int64_t now_s)
{
    return ctl_filter_matches_record(filter, &events, event, now_s);
}

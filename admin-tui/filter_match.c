/* SPDX-License-Identifier: Apache-2.0 */
/* Does an event match a parsed filter? Pure. */
#include <string.h>

#include "admin-tui/filter.h"
#include "admin-tui/filter_priv.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/rules/match.h"

/* What an event has for a field; which member counts follows from the field's type. */
struct seen {
    struct zta_text text;
    struct zta_text issuer; /* of a subject or client */
    int64_t number;
    const uint8_t *id;
    bool is_known;
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
    case CTL_FIELD_OUTCOME:
    case CTL_FIELD_REASON:
    case CTL_FIELD_STATUS:
    case CTL_FIELD_SESSION:
    case CTL_FIELD_TOKEN:
    case CTL_FIELD_ADDRESS:
    case CTL_FIELD_CREDENTIAL:
    case CTL_FIELD_ID:
    case CTL_FIELD_LATENCY:
    case CTL_FIELD_BYTES:
    case CTL_FIELD_AGE:
    case CTL_N_FIELDS:
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
                       struct seen *seen)
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
    case CTL_FIELD_AGE:
        seen->number = now_s - event->time_ns / ZTA_NS_PER_S;
        break;
    default:
        break;
    }
}

static struct seen see(unsigned field, const struct zta_event *event, int64_t now_s)
{
    struct seen seen = {.is_known = true};
    switch (ctl_field_type(field)) {
    case CTL_TYPE_SUBJECT:
        seen.issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
        seen.text = zta_event_text(event, text_of(field));
        seen.is_known = seen.text.len > 0;
        break;
    case CTL_TYPE_TEXT:
    case CTL_TYPE_PATH:
        seen.text = zta_event_text(event, text_of(field));
        seen.is_known = seen.text.len > 0;
        break;
    case CTL_TYPE_NETWORK:
        seen.is_known = event->addr.family != 0;
        break;
    case CTL_TYPE_ID:
        seen.id = event->id.bytes;
        break;
    case CTL_TYPE_HEX:
        seen.id = field == CTL_FIELD_SESSION ? event->session : event->token_id;
        seen.is_known = !is_zero(seen.id, ZTA_SESSION_ID_SIZE);
        break;
    case CTL_TYPE_OUTCOME:
    case CTL_TYPE_REASON:
    case CTL_TYPE_CREDENTIAL:
    case CTL_TYPE_NUMBER:
    case CTL_TYPE_TIME:
    case CTL_TYPE_AGE:
        see_number(field, event, now_s, &seen);
        break;
    }
    return seen;
}

static bool is_ordered_as(int64_t number, enum ctl_filter_op op, int64_t bound)
{
    switch (op) {
    case CTL_FILTER_IS:
        return number == bound;
    case CTL_FILTER_LESS:
        return number < bound;
    case CTL_FILTER_AT_MOST:
        return number <= bound;
    case CTL_FILTER_MORE:
        return number > bound;
    case CTL_FILTER_AT_LEAST:
        return number >= bound;
    }
    return false;
}

/* "alice" of any issuer, or "alice@corp". */
static bool is_subject(struct zta_text pattern, const struct seen *seen)
{
    char whole[sizeof((struct zta_event *)NULL)->texts + 1];
    struct zta_buffer buffer;
    if (zta_glob_matches(pattern, seen->text)) {
        return true;
    }
    zta_buffer_init(&buffer, whole, sizeof whole);
    zta_buffer_text(&buffer, seen->text);
    zta_buffer_string(&buffer, "@");
    zta_buffer_text(&buffer, seen->issuer);
    return zta_glob_matches(pattern, (struct zta_text){.data = whole, .len = buffer.len});
}

static bool is_path(struct zta_text source, struct zta_text path)
{
    char storage[CTL_FILTER_TEXT_MAX];
    struct zta_path_pattern pattern;
    zta_path_pattern_make(source, storage, &pattern);
    return zta_path_pattern_matches(&pattern, path);
}

static bool is_value(const struct ctl_filter_term *term, const struct ctl_filter_value *value,
                     const struct zta_event *event, const struct seen *seen)
{
    if (value->is_unknown || !seen->is_known) {
        return value->is_unknown && !seen->is_known;
    }
    switch (ctl_field_type(term->field)) {
    case CTL_TYPE_TEXT:
        return zta_glob_matches(value->text, seen->text) ||
               (term->field == CTL_FIELD_RULE &&
                zta_glob_matches(value->text, zta_event_text(event, ZTA_EVENT_MONITOR_RULE)));
    case CTL_TYPE_SUBJECT:
        return is_subject(value->text, seen);
    case CTL_TYPE_PATH:
        return is_path(value->text, seen->text);
    case CTL_TYPE_NETWORK:
        return zta_cidr_contains(&value->as.network, &event->addr);
    case CTL_TYPE_ID:
    case CTL_TYPE_HEX:
        return seen->id != NULL && memcmp(seen->id, value->as.id, sizeof value->as.id) == 0;
    case CTL_TYPE_OUTCOME:
    case CTL_TYPE_REASON:
    case CTL_TYPE_CREDENTIAL:
    case CTL_TYPE_NUMBER:
    case CTL_TYPE_TIME:
    case CTL_TYPE_AGE:
        return is_ordered_as(seen->number, term->op, value->as.number);
    }
    return false;
}

static bool contains_nocase(struct zta_text text, struct zta_text word)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        struct zta_text part = {.data = text.data + at, .len = word.len};
        if (zta_text_equal_nocase(part, word)) {
            return true;
        }
    }
    return false;
}

/* A free word in any text of the event, its address or the name of its reason. */
static bool has_word(const struct zta_event *event, struct zta_text word)
{
    char addr[ZTA_CIDR_TEXT_MAX];
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        if (contains_nocase(zta_event_text(event, (enum zta_event_text)i), word)) {
            return true;
        }
    }
    zta_addr_print(&event->addr, addr);
    return contains_nocase(zta_text_of(addr), word) ||
           contains_nocase(zta_text_of(zta_reason_name((enum zta_reason)event->reason)), word);
}

static bool is_term(const struct ctl_filter *filter, const struct ctl_filter_term *term,
                    const struct zta_event *event, int64_t now_s)
{
    const struct ctl_filter_value *values = filter->values + term->first_value;
    if (term->field == CTL_N_FIELDS) {
        return has_word(event, values[0].text);
    }
    struct seen seen = see(term->field, event, now_s);
    /* The rule that a monitored part would have applied counts where no rule decided. */
    if (term->field == CTL_FIELD_RULE && !seen.is_known) {
        seen.is_known = zta_event_text(event, ZTA_EVENT_MONITOR_RULE).len > 0;
    }
    for (size_t i = 0; i < term->n_values; i++) {
        if (is_value(term, &values[i], event, &seen)) {
            return true;
        }
    }
    return false;
}

bool ctl_filter_matches(const struct ctl_filter *filter, const struct zta_event *event,
                        int64_t now_s)
{
    for (size_t i = 0; i < filter->n_terms; i++) {
        if (is_term(filter, &filter->terms[i], event, now_s) == filter->terms[i].is_negated) {
            return false;
        }
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Each table walked for the records of one subject. */
#include "admin-tui/person.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/sessions.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/notice.h"
#include "shared/store/attestations.h"
#include "shared/store/audit.h"
#include "shared/store/baselines.h"
#include "shared/store/fleet_attestations.h"
#include "shared/store/fleet_risks.h"
#include "shared/store/measures.h"
#include "shared/store/notices.h"
#include "shared/store/repeats.h"
#include "shared/store/risks.h"
#include "shared/store/signals.h"

static const struct {
    const char *name;
    bool stays;
} kinds[CTL_N_KNOWN] = {
    [CTL_KNOWN_SESSION] = {"session", false},
    [CTL_KNOWN_REQUEST] = {"request", false},
    [CTL_KNOWN_REFUSALS] = {"refusals", false},
    [CTL_KNOWN_BASELINE] = {"baseline", false},
    [CTL_KNOWN_RISK] = {"risk", true},
    [CTL_KNOWN_MEASURE] = {"measure", true},
    [CTL_KNOWN_REVOCATION] = {"revocation", true},
    [CTL_KNOWN_BLOCK] = {"block", true},
    [CTL_KNOWN_SIGNAL] = {"signal", true},
    [CTL_KNOWN_NOTICE] = {"notice", true},
    [CTL_KNOWN_ATTESTATION] = {"attestation", true},
    [CTL_KNOWN_DEVICE] = {"device", true},
    [CTL_KNOWN_KEY] = {"key", true},
    [CTL_KNOWN_AUDIT] = {"audit", true},
};

const char *ctl_known_name(enum ctl_known_kind kind)
{
    return kinds[kind].name;
}

bool ctl_known_stays(enum ctl_known_kind kind)
{
    return kinds[kind].stays;
}

struct telling {
    struct zta_view *view;
    const struct ctl_name *person;
    struct zta_text whole; /* "alice@corp" */
    ctl_known_fn fn;
    void *context;
    bool goes_on;
    struct ctl_known known; /* large: one for all */
};

/* ---- a record ---- */

static struct ctl_known *begin(struct telling *telling, enum ctl_known_kind kind, int64_t time_s)
{
    telling->known.kind = kind;
    telling->known.time_s = time_s;
    telling->known.event = NULL;
    telling->known.n = 0;
    return &telling->known;
}

static bool end(struct telling *telling)
{
    telling->goes_on = telling->fn(telling->context, &telling->known);
    return telling->goes_on;
}

ZTA_PRINTF(3, 4)
static void add(struct ctl_known *known, const char *name, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(known->texts[known->n], CTL_KNOWN_TEXT_MAX, fmt, arguments);
    va_end(arguments);
    known->names[known->n++] = name;
}

/* Absent and empty text is nothing to tell. */
static void add_text(struct ctl_known *known, const char *name, struct zta_text text)
{
    if (text.len > 0) {
        add(known, name, "%.*s", (int)text.len, text.data);
    }
}

static void add_string(struct ctl_known *known, const char *name, const char *text)
{
    add_text(known, name, zta_text_of(text));
}

static void add_time(struct ctl_known *known, const char *name, int64_t time_s)
{
    char text[ZTA_TIME_TEXT_MAX];
    if (time_s > 0) {
        zta_time_print(time_s, text);
        add_string(known, name, text);
    }
}

static void add_addr(struct ctl_known *known, const struct zta_addr *addr)
{
    char text[ZTA_CIDR_TEXT_MAX];
    zta_addr_print(addr, text);
    add_string(known, "address", text);
}

static bool is_person(const struct telling *telling, struct zta_text issuer,
                      struct zta_text subject)
{
    return zta_text_equal(issuer, telling->person->issuer) &&
           zta_text_equal(subject, telling->person->name);
}

/* ---- what was recorded ---- */

/* "impossible-travel 50 (CH to AU); ..." */
static void add_factors(struct ctl_known *known, const struct zta_risk *risk)
{
    char text[CTL_KNOWN_TEXT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    for (size_t i = 0; i < risk->n; i++) {
        const struct zta_risk_factor *factor = &risk->factors[i];
        zta_buffer_printf(&out, "%s%s %u (%s)", i > 0 ? "; " : "",
                          zta_risk_signal_info(factor->signal)->name, (unsigned)factor->weight,
                          factor->evidence);
    }
    add_string(known, "risk", out.len > 0 ? text : "");
}

static bool tell_session(void *context, const struct zta_session *session)
{
    struct telling *telling = context;
    char id[2 * ZTA_SESSION_ID_SIZE + 1];
    if (!zta_text_equal(zta_text_of(session->issuer), telling->person->issuer) ||
        !ctl_session_is_named(session->subject, sizeof session->subject, telling->person->name)) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_SESSION, session->last_s);
    zta_hex_encode(session->id, sizeof session->id, id);
    add_string(known, "id", id);
    add_string(known, "kind", zta_session_kind_name(session->kind));
    add_time(known, "first_seen", session->first_s);
    add_time(known, "last_seen", session->last_s);
    add_time(known, "expires", session->expires_s);
    add(known, "requests", "%" PRIu64, session->n_requests);
    add(known, "denied", "%" PRIu64, session->n_denied);
    add_addr(known, &session->addr);
    add_string(known, "client", session->client);
    add_string(known, "apikey", session->apikey);
    add_string(known, "agent", session->agent);
    const struct zta_risk_owner owner = zta_risk_owner_session(session->id);
    struct zta_risk_record record;
    if (zta_risks_get(telling->view, &owner, &record) == ZTA_OK) {
        add_factors(known, &record.risk);
    }
    struct zta_risk_others others;
    if (zta_fleet_risks_find(telling->view, &owner, zta_clock_real_ns() / ZTA_NS_PER_S, &others) ==
        ZTA_OK) {
        add_factors(known, &others.risk);
    }
    return end(telling);
}

static void add_request(struct ctl_known *known, const struct ctl_event *row)
{
    const struct zta_event *event = &row->event;
    known->event = row;
    add_text(known, "method", zta_event_text(event, ZTA_EVENT_METHOD));
    add_text(known, "path", zta_event_text(event, ZTA_EVENT_PATH));
    add_string(known, "reason", zta_reason_name((enum zta_reason)event->reason));
    add_addr(known, &event->addr);
    add_text(known, "agent", zta_event_text(event, ZTA_EVENT_AGENT));
    add(known, "requests", "%" PRIu64, row->weight);
}

static bool is_of_person(const struct telling *telling, const struct zta_event *event)
{
    return is_person(telling, zta_event_text(event, ZTA_EVENT_ISSUER),
                     zta_event_text(event, ZTA_EVENT_SUBJECT));
}

static bool tell_request(void *context, const struct zta_event_key *key,
                         const struct zta_event *event)
{
    struct telling *telling = context;
    if (!is_of_person(telling, event)) {
        return true;
    }
    const struct ctl_event row = {
        .event = *event, .weight = key->weight, .time_ns = event->time_ns};
    add_request(begin(telling, CTL_KNOWN_REQUEST, event->time_ns / ZTA_NS_PER_S), &row);
    return end(telling);
}

static bool tell_refusals(void *context, const struct zta_repeat *repeat)
{
    struct telling *telling = context;
    if (!is_of_person(telling, &repeat->event)) {
        return true;
    }
    const struct ctl_event row = {
        .event = repeat->event, .weight = repeat->n, .is_repeat = true, .time_ns = repeat->last_ns};
    add_request(begin(telling, CTL_KNOWN_REFUSALS, repeat->last_ns / ZTA_NS_PER_S), &row);
    return end(telling);
}

static void tell_baseline(struct telling *telling, const struct zta_baseline *baseline)
{
    struct ctl_known *known = begin(telling, CTL_KNOWN_BASELINE, baseline->last_s);
    add_time(known, "first_seen", baseline->first_s);
    add_time(known, "last_seen", baseline->last_s);
    add(known, "requests", "%" PRIu64, baseline->n_requests);
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        const enum zta_habit habit = (enum zta_habit)i;
        const struct zta_habit_value *values = zta_baseline_values_of(baseline, habit);
        char text[CTL_KNOWN_TEXT_MAX];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        for (size_t j = 0; zta_baseline_room(habit) > 0 && j < baseline->n_values[habit]; j++) {
            zta_buffer_string(&out, j > 0 ? ", " : "");
            zta_habit_value_print(habit, values[j].value, &out);
            zta_buffer_string(&out, values[j].label);
        }
        add_string(known, zta_habit_name(habit), out.len > 0 ? text : "");
    }
    (void)end(telling);
}

static void tell_risk(struct telling *telling, const struct zta_risk_record *record)
{
    struct ctl_known *known = begin(telling, CTL_KNOWN_RISK, record->last_s);
    for (size_t i = 0; i < ZTA_N_RISK_FAMILIES; i++) {
        static const char *const names[ZTA_N_RISK_FAMILIES] = {"place_ipv4", "place_ipv6"};
        const struct zta_risk_place *place = &record->places[i];
        char when[ZTA_TIME_TEXT_MAX];
        if (place->when_s != 0) {
            zta_time_print(place->when_s, when);
            add(known, names[i], "%.2s, AS %u, %s", place->country[0] == 0 ? "??" : place->country,
                (unsigned)place->asn, when);
        }
    }
    add_factors(known, &record->risk);
    (void)end(telling);
}

static enum zta_status tell_one_of_a_kind(struct zta_view *view, struct telling *telling)
{
    static struct zta_baseline baseline; /* too large for a stack */
    const struct ctl_name *person = telling->person;
    const struct zta_risk_owner owner = zta_risk_owner_subject(person->issuer, person->name);
    struct zta_risk_record record;
    enum zta_status status = zta_baseline_get(view, person->issuer, person->name, &baseline);
    if (status == ZTA_OK) {
        tell_baseline(telling, &baseline);
    }
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = zta_risks_get(view, &owner, &record);
    }
    if (status == ZTA_OK && telling->goes_on) {
        tell_risk(telling, &record);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* ---- what restricts ---- */

static bool is_session_of_person(const struct telling *telling,
                                 const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    struct zta_session session;
    return zta_session_get(telling->view, id, &session) == ZTA_OK &&
           zta_text_equal(zta_text_of(session.issuer), telling->person->issuer) &&
           ctl_session_is_named(session.subject, sizeof session.subject, telling->person->name);
}

static bool tell_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct telling *telling = context;
    const struct zta_target *target = &measure->target;
    char id[24];
    const bool is_about =
        (target->kind == ZTA_TARGET_SUBJECT && is_person(telling, target->issuer, target->name)) ||
        (target->kind == ZTA_TARGET_SESSION && is_session_of_person(telling, target->session));
    if (!is_about) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_MEASURE, measure->created_ns / ZTA_NS_PER_S);
    zta_measure_id_print(measure, id);
    add_string(known, "id", id);
    add_string(known, "kind", zta_measure_kind_name(measure->kind));
    add_string(known, "of", zta_target_name(target));
    add_text(known, "by", measure->rule);
    add_text(known, "reason", measure->reason);
    add_time(known, "until", measure->until_s);
    add_string(known, "lifted", is_lifted ? "yes" : "no");
    return end(telling);
}

static bool tell_revocation(void *context, const struct zta_revocation *record)
{
    struct telling *telling = context;
    if (!is_person(telling, record->issuer, record->subject) &&
        !(record->kind == ZTA_REVOKE_SESSION && is_session_of_person(telling, record->session))) {
        return true;
    }
    struct ctl_known *known =
        begin(telling, CTL_KNOWN_REVOCATION, record->created_ns / ZTA_NS_PER_S);
    add_string(known, "kind", zta_revocation_kind_name(record->kind));
    add_time(known, "logins_until", record->watermark_s);
    add_text(known, "by", record->author);
    add_text(known, "reason", record->reason);
    add(known, "action", "%" PRIu64, record->action_id);
    return end(telling);
}

static bool tell_block(void *context, const struct zta_block *block)
{
    struct telling *telling = context;
    if (block->kind != ZTA_BLOCK_SUBJECT || !is_person(telling, block->issuer, block->subject)) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_BLOCK, block->created_ns / ZTA_NS_PER_S);
    add_time(known, "until", block->until_s);
    add_text(known, "by", block->author);
    add_text(known, "reason", block->reason);
    add(known, "action", "%" PRIu64, block->action_id);
    return end(telling);
}

static bool tell_signal(void *context, const struct zta_signal *signal, bool is_released)
{
    struct telling *telling = context;
    if (!is_person(telling, signal->issuer, signal->subject)) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_SIGNAL, signal->received_ns / ZTA_NS_PER_S);
    add_text(known, "session", signal->sid);
    add_text(known, "of", signal->name);
    add_time(known, "logins_until", signal->watermark_s);
    return end(telling);
}

static bool tell_notice(void *context, const struct zta_notice_record *record)
{
    struct telling *telling = context;
    const struct zta_notice *notice = &record->notice;
    if (!is_person(telling, notice->issuer, notice->subject)) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_NOTICE, record->received_ns / ZTA_NS_PER_S);
    add_text(known, "transmitter", notice->transmitter);
    add_string(known, "kind", zta_notice_kind_name(notice->kind));
    add_string(known, "outcome", zta_notice_outcome_name(record->outcome));
    add_text(known, "device", notice->device);
    add_text(known, "detail", notice->detail);
    return end(telling);
}

static bool tell_attestation(void *context, const struct zta_attestation *attestation,
                             bool is_released)
{
    struct telling *telling = context;
    if (!is_person(telling, attestation->issuer, attestation->name)) {
        return true;
    }
    struct ctl_known *known =
        begin(telling, CTL_KNOWN_ATTESTATION, attestation->received_ns / ZTA_NS_PER_S);
    add_text(known, "transmitter", attestation->transmitter);
    add(known, "level", "%u", (unsigned)attestation->level);
    add_time(known, "until", attestation->ends_s);
    add_string(known, "released", is_released ? "yes" : "no");
    return end(telling);
}

/* ---- what operators put there ---- */

static bool tell_device(void *context, const struct zta_device *device)
{
    struct telling *telling = context;
    if (!is_person(telling, device->issuer, device->subject)) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_DEVICE, device->changed_ns / ZTA_NS_PER_S);
    add_text(known, "id", device->id);
    add_text(known, "os", device->os);
    add_text(known, "os_version", device->os_version);
    add_text(known, "note", device->note);
    add_text(known, "by", device->author);
    return end(telling);
}

static bool tell_key(void *context, const struct zta_key *key)
{
    struct telling *telling = context;
    const struct zta_text subject = zta_text_is_absent(key->owner) ? key->name : key->owner;
    if (!is_person(telling, ZTA_TEXT(CTL_LOCAL_ISSUER), subject)) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_KEY, key->created_s);
    add_string(known, "id", key->id);
    add_text(known, "name", key->name);
    add_time(known, "expires", key->expires_s);
    add_time(known, "revoked", key->revoked_s);
    return end(telling);
}

static bool is_part_of_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

/* "alice@corp" stands in it, and is no part of "malice@corp". */
static bool speaks_of(struct zta_text text, struct zta_text whole)
{
    for (size_t i = 0; i + whole.len <= text.len; i++) {
        const bool is_there = memcmp(text.data + i, whole.data, whole.len) == 0;
        if (is_there && (i == 0 || !is_part_of_name(text.data[i - 1])) &&
            (i + whole.len == text.len || !is_part_of_name(text.data[i + whole.len]))) {
            return true;
        }
    }
    return false;
}

static bool tell_audit(void *context, const struct zta_audit_entry *entry)
{
    struct telling *telling = context;
    const struct zta_text texts[] = {entry->target, entry->before, entry->after, entry->reason};
    bool is_about = false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        is_about |= texts[i].len > 0 && speaks_of(texts[i], telling->whole);
    }
    if (!is_about) {
        return true;
    }
    struct ctl_known *known = begin(telling, CTL_KNOWN_AUDIT, entry->time_ns / ZTA_NS_PER_S);
    add(known, "action", "%" PRIu64, entry->id);
    add_text(known, "what", entry->action);
    add_text(known, "target", entry->target);
    add_text(known, "before", entry->before);
    add_text(known, "after", entry->after);
    add_text(known, "by", entry->login);
    add_text(known, "reason", entry->reason);
    return end(telling);
}

/* ---- all of it ---- */

static enum zta_status tell_recorded(struct zta_view *view, struct telling *telling)
{
    enum zta_status status = zta_session_each(view, tell_session, telling);
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_event_each_back(view, tell_request, telling);
    }
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_repeat_each(view, 0, tell_refusals, telling);
    }
    return status == ZTA_OK && telling->goes_on ? tell_one_of_a_kind(view, telling) : status;
}

static enum zta_status tell_restricting(struct zta_view *view, struct telling *telling)
{
    enum zta_status status = zta_measure_each(view, tell_measure, telling);
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_revocation_each(view, tell_revocation, telling);
    }
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_block_each(view, tell_block, telling);
    }
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_signal_each(view, tell_signal, telling);
    }
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_notice_each(view, tell_notice, telling);
    }
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_attestation_each(view, tell_attestation, telling);
    }
    return status == ZTA_OK && telling->goes_on
               ? zta_fleet_attestation_each(view, tell_attestation, telling)
               : status;
}

static enum zta_status tell_operators(struct zta_view *view, struct telling *telling)
{
    enum zta_status status = zta_device_each(view, tell_device, telling);
    if (status == ZTA_OK && telling->goes_on) {
        status = zta_key_each(view, tell_key, telling);
    }
    return status == ZTA_OK && telling->goes_on ? zta_audit_each(view, 0, tell_audit, telling)
                                                : status;
}

enum zta_status ctl_person_each(struct zta_view *view, const struct ctl_name *person,
                                ctl_known_fn fn, void *context)
{
    static struct telling telling; /* too large for a stack */
    char whole[ZTA_SUBJECT_MAX + ZTA_NAME_MAX + 2];
    (void)snprintf(whole, sizeof whole, "%.*s@%.*s", (int)person->name.len, person->name.data,
                   (int)person->issuer.len, person->issuer.data);
    telling = (struct telling){.view = view,
                               .person = person,
                               .whole = zta_text_of(whole),
                               .fn = fn,
                               .context = context,
                               .goes_on = true};
    enum zta_status status = tell_recorded(view, &telling);
    if (status == ZTA_OK && telling.goes_on) {
        status = tell_restricting(view, &telling);
    }
    return status == ZTA_OK && telling.goes_on ? tell_operators(view, &telling) : status;
}

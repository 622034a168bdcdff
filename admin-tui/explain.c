/* SPDX-License-Identifier: Apache-2.0 */
/* The story of one request, a line a fact. */
#include "admin-tui/explain.h"

#include <inttypes.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/identity.h"

static const char *const sentences[] = {
    [ZTA_REASON_UNJUDGED] = "Nobody judged the request, and what is not judged is denied.",
    [ZTA_REASON_OK] = "Everything that was asked for was met.",
    [ZTA_REASON_NO_CREDENTIAL] = "No credential came with the request, and this place needs one.",
    [ZTA_REASON_BAD_REQUEST] = "The request is malformed or can be read in more than one way.",
    [ZTA_REASON_BAD_CREDENTIAL] = "The credential did not verify.",
    [ZTA_REASON_EXPIRED_CREDENTIAL] = "The credential has expired, or is not valid yet.",
    [ZTA_REASON_WRONG_AUDIENCE] = "The token was issued for another audience.",
    [ZTA_REASON_UNKNOWN_ISSUER] = "The token's issuer is not accepted here.",
    [ZTA_REASON_REVOKED] = "The credential, its session or its owner was revoked.",
    [ZTA_REASON_BLOCKED] = "The address or the subject is blocked for a time.",
    [ZTA_REASON_QUARANTINED] = "The session is in quarantine.",
    [ZTA_REASON_BINDING_FAILED] = "The token is bound to a key that was not shown to be held.",
    [ZTA_REASON_INSUFFICIENT_SCOPE] = "An allow rule covers it, but the token lacks a scope.",
    [ZTA_REASON_NOT_ENTITLED] = "Allow rules cover the request, but none grants it.",
    [ZTA_REASON_NO_RULE] = "No allow rule covers the request, and the default is deny.",
    [ZTA_REASON_RULE_DENIED] = "A deny or require rule refused it.",
    [ZTA_REASON_DEVICE_UNKNOWN] = "The device is not known.",
    [ZTA_REASON_DEVICE_NONCOMPLIANT] = "The device is not as it must be.",
    [ZTA_REASON_NETWORK_DENIED] = "It came from a network that is refused.",
    [ZTA_REASON_COUNTRY_DENIED] = "It came from a country that is refused.",
    [ZTA_REASON_HOURS_DENIED] = "It came outside the permitted hours.",
    [ZTA_REASON_BEHAVIOUR_UNUSUAL] = "The behaviour is unusual for this subject.",
    [ZTA_REASON_RISK_HIGH] = "The risk of the session is too high.",
    [ZTA_REASON_STEP_UP_REQUIRED] = "A stronger or newer login is asked for.",
    [ZTA_REASON_STEP_UP_UNSATISFIED] = "A new login did not bring what was asked for.",
    [ZTA_REASON_RATE_LIMITED] = "A limit was reached.",
    [ZTA_REASON_ISSUER_UNAVAILABLE] = "What is needed from the issuer cannot be had now.",
    [ZTA_REASON_STORE_UNAVAILABLE] = "The store cannot be read, and without it nothing is granted.",
    [ZTA_REASON_FLEET_STALE] =
        "What the fleet did was not heard of for longer than this place allows.",
};
_Static_assert(sizeof sentences / sizeof sentences[0] == ZTA_N_REASONS,
               "every reason has its sentence");

const char *ctl_explain_reason(uint8_t reason)
{
    return sentences[reason < ZTA_N_REASONS ? reason : ZTA_REASON_UNJUDGED];
}

const struct ctl_missing_words *ctl_explain_missing(uint8_t reason, struct zta_text missing)
{
    static const struct ctl_missing_words counted = {"counted", "by ", "counted by "};
    static const struct ctl_missing_words hit = {"hit", "by ", "hit by "};
    static const struct ctl_missing_words lacked = {"missing", "", "lacks "};
    if (reason == ZTA_REASON_RATE_LIMITED) {
        return &counted;
    }
    return zta_text_starts_with(missing, ZTA_TEXT(ZTA_MISSING_WHEN)) ? &hit : &lacked;
}

static const char *outcome_words(uint8_t outcome)
{
    switch ((enum zta_outcome)outcome) {
    case ZTA_OUTCOME_DENY:
        return "denied";
    case ZTA_OUTCOME_ALLOW:
        return "allowed";
    case ZTA_OUTCOME_STEP_UP:
        return "asked for a stronger login";
    case ZTA_OUTCOME_THROTTLE:
        return "throttled";
    case ZTA_OUTCOME_CHALLENGE:
        return "asked for a credential";
    }
    return "denied";
}

static void begin(struct zta_buffer *out, const char *label)
{
    zta_buffer_printf(out, "%-9s ", label);
}

static void put(struct zta_buffer *out, const char *before, struct zta_text text)
{
    if (text.len > 0) {
        zta_buffer_string(out, before);
        zta_buffer_safe(out, text);
    }
}

static struct zta_text text_of(const struct ctl_explained *explained, enum zta_event_text which)
{
    return zta_event_text(explained->event, which);
}

static void say_when(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    char time[ZTA_TIME_TEXT_MAX];
    char id[ZTA_ULID_TEXT_LEN + 1];
    zta_time_print_ms(event->time_ns, time);
    zta_ulid_print(&event->id, id);
    begin(out, "request");
    zta_buffer_printf(out, "%s at %s", id, time);
    put(out, ", parent ", text_of(explained, ZTA_EVENT_PARENT));
    put(out, ", trace ", text_of(explained, ZTA_EVENT_TRACE));
    zta_buffer_string(out, "\n");
}

/* Where the address is, as far as that was known. */
static void put_place(const struct zta_event_context *context, struct zta_buffer *out)
{
    const struct zta_text country = {.data = context->country, .len = sizeof context->country};
    const bool has_country = context->country[0] != '\0';
    if (has_country) {
        put(out, " in ", country);
    }
    if (context->asn != 0) {
        zta_buffer_printf(out, "%s AS%" PRIu32, has_country ? "," : " in", context->asn);
    }
}

static void say_asked(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    char addr[ZTA_CIDR_TEXT_MAX];
    zta_addr_print(&event->addr, addr);
    begin(out, "asked");
    put(out, "", text_of(explained, ZTA_EVENT_METHOD));
    zta_buffer_string(out, " ");
    put(out, "", text_of(explained, ZTA_EVENT_HOST));
    put(out, "", text_of(explained, ZTA_EVENT_PATH));
    put(out, ", route ", text_of(explained, ZTA_EVENT_ROUTE));
    zta_buffer_printf(out, ", from %s", addr);
    put_place(&event->context, out);
    zta_buffer_printf(out, "%s%s%s", (event->flags & ZTA_EVENT_TLS) != 0 ? ", TLS" : "",
                      (event->flags & ZTA_EVENT_HTTP2) != 0 ? ", HTTP/2" : "",
                      (event->flags & ZTA_EVENT_PREFLIGHT) != 0 ? ", CORS preflight" : "");
    put(out, ", agent ", text_of(explained, ZTA_EVENT_AGENT));
    zta_buffer_string(out, "\n");
}

static void say_who(const struct ctl_explained *explained, struct zta_buffer *out)
{
    struct zta_text subject = text_of(explained, ZTA_EVENT_SUBJECT);
    struct zta_text issuer = text_of(explained, ZTA_EVENT_ISSUER);
    begin(out, "who");
    if (subject.len == 0 && issuer.len == 0) {
        zta_buffer_string(out, "not known: no credential was verified\n");
        return;
    }
    put(out, "", subject.len > 0 ? subject : ZTA_TEXT("no subject"));
    put(out, " of ", issuer);
    put(out, ", client ", text_of(explained, ZTA_EVENT_CLIENT));
    put(out, ", API key ", text_of(explained, ZTA_EVENT_APIKEY));
    zta_buffer_string(out, "\n");
}

static bool is_set(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum |= bytes[i];
    }
    return sum != 0;
}

static void say_credential(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    char hex[2 * ZTA_SESSION_ID_SIZE + 1];
    char time[ZTA_TIME_TEXT_MAX];
    if (event->credential == ZTA_CREDENTIAL_NONE) {
        return;
    }
    begin(out, "with");
    zta_buffer_printf(out, "%s, binding %s",
                      zta_credential_name((enum zta_credential)event->credential),
                      zta_binding_name((enum zta_binding)event->binding));
    if (event->credential == ZTA_CREDENTIAL_TOKEN) {
        zta_buffer_string(out, (event->flags & ZTA_EVENT_TOKEN_CACHED) != 0
                                   ? ", its verification taken from the cache"
                                   : ", verified for this request");
    }
    if (is_set(event->token_id, sizeof event->token_id)) {
        zta_hex_encode(event->token_id, sizeof event->token_id, hex);
        zta_buffer_printf(out, ", token id %s", hex);
    }
    if (event->expires_s != 0 && event->expires_s <= INT64_MAX) {
        zta_time_print((int64_t)event->expires_s, time);
        zta_buffer_printf(out, ", expires %s", time);
    }
    zta_buffer_string(out, "\n");
    if (is_set(event->session, sizeof event->session)) {
        zta_hex_encode(event->session, sizeof event->session, hex);
        begin(out, "session");
        zta_buffer_printf(out, "%s, by %s\n", hex,
                          zta_session_kind_name((enum zta_session_kind)event->session_kind));
    }
}

static void say_decision(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    begin(out, "decided");
    zta_buffer_printf(
        out, "%s: %s, at stage %u, answered %u after %" PRIu32 ".%03" PRIu32 " ms%s\n",
        outcome_words(event->outcome), zta_reason_name((enum zta_reason)event->reason),
        (unsigned)event->stage, (unsigned)event->http_status, event->latency_us / 1000,
        event->latency_us % 1000,
        (event->flags & ZTA_EVENT_STALE) != 0 ? ", by what was last read of the store" : "");
    begin(out, "why");
    zta_buffer_string(out, ctl_explain_reason(event->reason));
    put(out, " ", text_of(explained, ZTA_EVENT_DETAIL));
    zta_buffer_string(out, "\n");
}

static void say_rule(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    struct zta_text rule = text_of(explained, ZTA_EVENT_RULE);
    begin(out, "rule");
    if (rule.len == 0) {
        zta_buffer_string(out, "none decided\n");
    }
    else {
        zta_buffer_safe(out, rule);
        if (!zta_text_is_absent(explained->rule_file)) {
            put(out, ", ", explained->rule_file);
            zta_buffer_printf(out, " line %" PRIu32, event->rule_line);
        }
        else if (event->rule_line != 0) {
            zta_buffer_printf(out,
                              ", line %" PRIu32 " of rules file %u of a configuration that is no "
                              "longer in force",
                              event->rule_line, (unsigned)event->rule_source + 1);
        }
        zta_buffer_string(out, "\n");
    }
    struct zta_text missing = text_of(explained, ZTA_EVENT_MISSING);
    if (missing.len > 0) {
        const struct ctl_missing_words *words = ctl_explain_missing(event->reason, missing);
        begin(out, words->label);
        put(out, words->by, missing);
        zta_buffer_string(out, "\n");
    }
    struct zta_text nearest = text_of(explained, ZTA_EVENT_NEAREST);
    if (nearest.len > 0) {
        begin(out, "nearest");
        zta_buffer_safe(out, nearest);
        zta_buffer_string(out, missing.len > 0 ? " would have allowed it with what is missing\n"
                                               : " is the rule that would have allowed it with the "
                                                 "fewest changes\n");
    }
}

static void say_monitor(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    if ((event->flags & ZTA_EVENT_MONITORED) != 0) {
        begin(out, "monitor");
        zta_buffer_printf(out, "with every monitored part enforced it would have been %s: %s",
                          outcome_words(event->monitor_outcome),
                          zta_reason_name((enum zta_reason)event->monitor_reason));
        put(out, ", rule ", text_of(explained, ZTA_EVENT_MONITOR_RULE));
        zta_buffer_string(out, "\n");
    }
}

void ctl_explain(const struct ctl_explained *explained, struct zta_buffer *out)
{
    say_when(explained, out);
    say_asked(explained, out);
    say_who(explained, out);
    say_credential(explained, out);
    ctl_explain_checks(explained->event, out);
    say_decision(explained, out);
    say_rule(explained, out);
    say_monitor(explained, out);
    if (explained->n_repeats > 0) {
        char time[ZTA_TIME_TEXT_MAX];
        zta_time_print(explained->repeats_until_ns / ZTA_NS_PER_S, time);
        begin(out, "repeated");
        zta_buffer_printf(out, "%" PRIu64 " more like it until %s, kept as a number\n",
                          explained->n_repeats, time);
    }
    if ((explained->event->flags & ZTA_EVENT_CUT) != 0) {
        begin(out, "note");
        zta_buffer_string(out, "some text was longer than what is recorded\n");
    }
}

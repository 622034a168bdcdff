/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of one request in their order, and what was known of it, with where that came from. */
#include "admin-tui/explain.h"

#include <inttypes.h>

#include "shared/base/clock.h"
#include "shared/context.h"
#include "shared/decision.h"
#include "shared/risk/recorded.h"

/* In the order of precedence in which a request meets them. */
enum check {
    CHECK_REQUEST = 0, /* its path and headers */
    CHECK_ADDRESS,
    CHECK_STORE,
    CHECK_LIMITS_EARLY,
    CHECK_CREDENTIAL,
    CHECK_SUBJECT,
    CHECK_LIMITS,
    CHECK_RULES,
    N_CHECKS
};

static const char *const check_names[N_CHECKS] = {
    [CHECK_REQUEST] = "path and headers",
    [CHECK_ADDRESS] = "blocked address",
    [CHECK_STORE] = "store",
    [CHECK_LIMITS_EARLY] = "limits by address",
    [CHECK_CREDENTIAL] = "credential",
    [CHECK_SUBJECT] = "blocked subject",
    [CHECK_LIMITS] = "limits by identity",
    [CHECK_RULES] = "rules",
};

static bool has_identity(const struct zta_event *event)
{
    return event->credential != ZTA_CREDENTIAL_NONE;
}

/* Where a reason that no rule gives comes from. */
static enum check check_of(const struct zta_event *event, enum zta_reason reason)
{
    switch (zta_reason_http_status(reason)) {
    case 400:
        return has_identity(event) ? CHECK_CREDENTIAL : CHECK_REQUEST;
    case 429:
        return has_identity(event) ? CHECK_LIMITS : CHECK_LIMITS_EARLY;
    default:
        break;
    }
    if (reason == ZTA_REASON_BLOCKED) {
        return has_identity(event) ? CHECK_SUBJECT : CHECK_ADDRESS;
    }
    if (reason == ZTA_REASON_FLEET_STALE) {
        return CHECK_STORE;
    }
    return reason == ZTA_REASON_STORE_UNAVAILABLE && !has_identity(event) ? CHECK_STORE
                                                                          : CHECK_CREDENTIAL;
}

enum state {
    PASSED,
    OFF,
    REFUSED,
    WOULD_REFUSE,
    NOT_REACHED
};

static const char *const state_words[] = {
    [PASSED] = "passed",           [OFF] = "not asked here",
    [REFUSED] = "refused",         [WOULD_REFUSE] = "would refuse, is only monitored",
    [NOT_REACHED] = "not reached",
};

static bool is_off(const struct zta_stance *stance, enum check check)
{
    if (stance->monitor == 0) {
        return check >= CHECK_STORE && check != CHECK_LIMITS_EARLY;
    }
    if (check == CHECK_RULES) {
        return stance->modes[ZTA_FEATURE_RULES] == ZTA_MODE_OFF;
    }
    return (check == CHECK_LIMITS || check == CHECK_LIMITS_EARLY) &&
           stance->modes[ZTA_FEATURE_RATELIMIT] == ZTA_MODE_OFF;
}

/* The checks that decided, N_CHECKS where none did: of what is enforced, and only monitored. */
struct decided {
    enum check enforced;
    enum check monitored;
};

static struct decided decided_of(const struct zta_event *event)
{
    const bool is_reached = (event->replay & ZTA_REPLAY_REACHED_RULES) != 0;
    struct decided decided = {.enforced = N_CHECKS, .monitored = N_CHECKS};
    if (event->outcome != ZTA_OUTCOME_ALLOW) {
        decided.enforced =
            is_reached ? CHECK_RULES : check_of(event, (enum zta_reason)event->reason);
    }
    if ((event->flags & ZTA_EVENT_MONITORED) != 0 && event->monitor_outcome != ZTA_OUTCOME_ALLOW) {
        const bool is_of_rules = is_reached && (event->replay & ZTA_REPLAY_NOTED) == 0;
        decided.monitored =
            is_of_rules ? CHECK_RULES : check_of(event, (enum zta_reason)event->monitor_reason);
    }
    return decided;
}

static enum state state_of(const struct zta_event *event, const struct zta_stance *stance,
                           const struct decided *decided, enum check check)
{
    if (check == decided->enforced) {
        return REFUSED;
    }
    if (check > decided->enforced) {
        return NOT_REACHED;
    }
    if (is_off(stance, check)) {
        return OFF;
    }
    return check == decided->monitored ? WOULD_REFUSE : PASSED;
}

static void label(struct zta_buffer *out, const char *text)
{
    zta_buffer_printf(out, "%-9s ", text);
}

void ctl_explain_checks(const struct zta_event *event, struct zta_buffer *out)
{
    struct zta_stance stance;
    if ((event->replay & ZTA_REPLAY_RECORDED) == 0) {
        return;
    }
    zta_event_stance(event, &stance);
    const struct decided decided = decided_of(event);
    for (unsigned i = 0; i < N_CHECKS; i++) {
        label(out, i == 0 ? "checks" : "");
        zta_buffer_printf(out, "%u. %s: %s\n", i + 1, check_names[i],
                          state_words[state_of(event, &stance, &decided, (enum check)i)]);
    }
}

/* ---- what was known ---- */

/* Value and source are lines of their own, so that either may be of any length. */
static void say_text(struct zta_buffer *out, const char *name, struct zta_text value)
{
    if (value.len > 0) {
        label(out, "fact");
        zta_buffer_printf(out, "%s ", name);
        zta_buffer_safe(out, value);
        zta_buffer_string(out, "\n");
    }
}

static void say_source(struct zta_buffer *out, const struct zta_event_context *context,
                       unsigned which)
{
    const char *name = zta_fact_source_name((enum zta_fact_source)context->sources[which]);
    if (context->sources[which] != ZTA_SOURCE_NONE && name != NULL) {
        zta_buffer_printf(out, " (%s, %" PRIu32 " s old)", name, context->ages_s[which]);
    }
    zta_buffer_string(out, "\n");
}

static void say_answers(struct zta_buffer *out, uint8_t known, uint8_t yes, unsigned n,
                        const char *(*name_of)(unsigned which), const char *no)
{
    for (unsigned i = 0; i < n; i++) {
        if ((known & 1u << i) != 0) {
            zta_buffer_printf(out, " %s%s", (yes & 1u << i) != 0 ? "" : no, name_of(i));
        }
    }
}

static const char *trait_name(unsigned which)
{
    return zta_device_trait_name((enum zta_device_trait)which);
}

static const char *habit_name(unsigned which)
{
    return zta_habit_name((enum zta_habit)which);
}

static void say_context(const struct zta_event *event, struct zta_buffer *out)
{
    const struct zta_event_context *context = &event->context;
    if ((event->replay & ZTA_REPLAY_CONTEXT) == 0) {
        return;
    }
    label(out, "fact");
    zta_buffer_string(out, "country ");
    zta_buffer_safe(
        out, context->country[0] == '\0'
                 ? ZTA_TEXT("-")
                 : (struct zta_text){.data = context->country, .len = sizeof context->country});
    say_source(out, context, 0);
    label(out, "fact");
    zta_buffer_printf(out, context->asn == 0 ? "network of unknown system" : "network asn:%" PRIu32,
                      context->asn);
    say_source(out, context, 1);
    label(out, "fact");
    zta_buffer_string(out, "device ");
    const struct zta_text device = zta_event_text(event, ZTA_EVENT_DEVICE);
    zta_buffer_safe(out, device.len > 0 ? device : ZTA_TEXT("-"));
    say_answers(out, context->traits_known, context->traits_yes, ZTA_N_DEVICE_TRAITS, trait_name,
                "not ");
    say_source(out, context, 2);
    say_text(out, "os", zta_event_text(event, ZTA_EVENT_OS));
    label(out, "fact");
    zta_buffer_string(out, "behaviour");
    zta_buffer_string(out, context->usual_known == 0 ? " not known yet" : "");
    say_answers(out, context->usual_known, context->usual_yes, ZTA_N_HABITS, habit_name,
                "unusual ");
    say_source(out, context, 3);
}

static void say_risk(const struct zta_event *event, struct zta_buffer *out)
{
    const struct zta_event_risk *risk = &event->risk;
    struct zta_risk_factor factor;
    if ((event->replay & ZTA_REPLAY_RISK) != 0) {
        label(out, "fact");
        zta_buffer_printf(out, "risk %u", (unsigned)risk->score);
        const char *level = zta_threat_level_name((enum zta_threat_level)risk->threat);
        zta_buffer_printf(out, ", threat level %s, signals", level == NULL ? "-" : level);
        for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
            if ((risk->signals & 1u << i) != 0) {
                zta_buffer_printf(out, " %s", zta_risk_signal_info(i)->name);
            }
        }
        zta_buffer_string(out, risk->signals == 0 ? " none\n" : "\n");
    }
    for (size_t i = 0; zta_risk_recorded(event, i, &factor); i++) {
        label(out, "raised");
        zta_buffer_printf(out, "%s, %u points", zta_risk_signal_info(factor.signal)->name,
                          (unsigned)factor.weight);
        if (factor.half_life_s > 0) {
            zta_buffer_printf(out, ", half-life %" PRIu32 " s", factor.half_life_s);
        }
        zta_buffer_printf(out, "%s%s\n", factor.evidence[0] == '\0' ? "" : ": ", factor.evidence);
    }
}

static void say_values(const struct zta_identity *identity, const struct zta_values *list,
                       const char *name, struct zta_buffer *out)
{
    if (!list->is_known) {
        return;
    }
    label(out, "fact");
    zta_buffer_string(out, name);
    for (size_t i = 0; i < list->n; i++) {
        zta_buffer_string(out, " ");
        zta_buffer_safe(out, zta_identity_value(identity, list, i));
    }
    zta_buffer_string(out, list->n == 0 ? " none\n" : "\n");
}

static void say_inputs(const struct zta_inputs *inputs, struct zta_buffer *out)
{
    const struct zta_identity *identity = &inputs->identity;
    char time[ZTA_TIME_TEXT_MAX];
    say_values(identity, &identity->roles, "role", out);
    say_values(identity, &identity->groups, "group", out);
    say_values(identity, &identity->scopes, "scope", out);
    say_values(identity, &identity->amr, "amr", out);
    say_text(out, "acr", identity->acr);
    if (identity->auth_time_s > 0) {
        zta_time_print(identity->auth_time_s, time);
        say_text(out, "login at", zta_text_of(time));
    }
    for (size_t i = 0; i < identity->n_claims; i++) {
        label(out, "fact");
        zta_buffer_string(out, "claim:");
        zta_buffer_safe(out, identity->claims[i].name);
        zta_buffer_string(out, " ");
        zta_buffer_safe(out, identity->claims[i].kind == ZTA_CLAIM_EMPTY
                                 ? ZTA_TEXT("(empty)")
                                 : identity->claims[i].text);
        zta_buffer_string(out, "\n");
    }
}

void ctl_explain_facts(const struct ctl_explained *explained, struct zta_buffer *out)
{
    const struct zta_event *event = explained->event;
    if ((event->replay & ZTA_REPLAY_RECORDED) == 0) {
        return;
    }
    if (event->content_length >= 0) {
        label(out, "fact");
        zta_buffer_printf(out, "content-length %" PRId64 "\n", event->content_length);
    }
    say_text(out, "content-type", zta_event_text(event, ZTA_EVENT_CONTENT_TYPE));
    if (explained->inputs != NULL) {
        say_inputs(explained->inputs, out);
    }
    say_context(event, out);
    say_risk(event, out);
}

/* ---- the same for programs ---- */

static void write_checks(const struct zta_event *event, struct zta_json *json)
{
    struct zta_stance stance;
    zta_event_stance(event, &stance);
    const struct decided decided = decided_of(event);
    zta_json_begin_array(json, "checks");
    for (unsigned i = 0; i < N_CHECKS && (event->replay & ZTA_REPLAY_RECORDED) != 0; i++) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "check", check_names[i]);
        zta_json_string(json, "result",
                        state_words[state_of(event, &stance, &decided, (enum check)i)]);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void write_values(const struct zta_identity *identity, const struct zta_values *list,
                         const char *name, struct zta_json *json)
{
    if (!list->is_known) {
        zta_json_string(json, name, NULL);
        return;
    }
    zta_json_begin_array(json, name);
    for (size_t i = 0; i < list->n; i++) {
        zta_json_text(json, NULL, zta_identity_value(identity, list, i));
    }
    zta_json_end_array(json);
}

static void write_inputs(const struct zta_inputs *inputs, struct zta_json *json)
{
    if (inputs == NULL) {
        zta_json_string(json, "inputs", NULL);
        return;
    }
    const struct zta_identity *identity = &inputs->identity;
    zta_json_begin_object(json, "inputs");
    write_values(identity, &identity->roles, "roles", json);
    write_values(identity, &identity->groups, "groups", json);
    write_values(identity, &identity->scopes, "scopes", json);
    write_values(identity, &identity->amr, "amr", json);
    zta_json_text(json, "acr", identity->acr);
    zta_json_time(json, "auth_time", identity->auth_time_s);
    zta_json_begin_array(json, "claims");
    for (size_t i = 0; i < identity->n_claims; i++) {
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "name", identity->claims[i].name);
        zta_json_text(json, "value", identity->claims[i].text);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_end_object(json);
}

static void write_source(const struct zta_event_context *context, unsigned which, const char *name,
                         struct zta_json *json)
{
    zta_json_begin_object(json, name);
    zta_json_string(json, "source",
                    zta_fact_source_name((enum zta_fact_source)context->sources[which]));
    zta_json_int(json, "age", context->ages_s[which]);
    zta_json_end_object(json);
}

static void write_answers(uint8_t known, uint8_t yes, unsigned n,
                          const char *(*name_of)(unsigned which), const char *name,
                          struct zta_json *json)
{
    zta_json_begin_object(json, name);
    for (unsigned i = 0; i < n; i++) {
        if ((known & 1u << i) != 0) {
            zta_json_bool(json, name_of(i), (yes & 1u << i) != 0);
        }
    }
    zta_json_end_object(json);
}

static void write_context(const struct zta_event *event, struct zta_json *json)
{
    const struct zta_event_context *context = &event->context;
    const struct zta_text country = {.data = context->country[0] == '\0' ? NULL : context->country,
                                     .len = sizeof context->country};
    if ((event->replay & ZTA_REPLAY_CONTEXT) == 0) {
        zta_json_string(json, "context", NULL);
        return;
    }
    zta_json_begin_object(json, "context");
    zta_json_text(json, "country", country);
    write_source(context, 0, "country_from", json);
    zta_json_int(json, "asn", context->asn);
    write_source(context, 1, "asn_from", json);
    zta_json_text(json, "device", zta_event_text(event, ZTA_EVENT_DEVICE));
    zta_json_text(json, "os", zta_event_text(event, ZTA_EVENT_OS));
    write_answers(context->traits_known, context->traits_yes, ZTA_N_DEVICE_TRAITS, trait_name,
                  "device_is", json);
    write_source(context, 2, "device_from", json);
    write_answers(context->usual_known, context->usual_yes, ZTA_N_HABITS, habit_name, "usual",
                  json);
    write_source(context, 3, "usual_from", json);
    zta_json_end_object(json);
}

static void write_risk(const struct zta_event *event, struct zta_json *json)
{
    const struct zta_event_risk *risk = &event->risk;
    struct zta_risk_factor factor;
    zta_json_begin_array(json, "raised");
    for (size_t i = 0; zta_risk_recorded(event, i, &factor); i++) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "signal", zta_risk_signal_info(factor.signal)->name);
        zta_json_int(json, "weight", factor.weight);
        zta_json_int(json, "floor", factor.floor);
        zta_json_int(json, "half_life", factor.half_life_s);
        zta_json_time(json, "since", factor.raised_s);
        zta_json_string(json, "evidence", factor.evidence);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "signals");
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        if ((risk->signals & 1u << i) != 0) {
            zta_json_string(json, NULL, zta_risk_signal_info(i)->name);
        }
    }
    zta_json_end_array(json);
}

void ctl_explain_members(const struct ctl_explained *explained, struct zta_json *json)
{
    write_checks(explained->event, json);
    write_inputs(explained->inputs, json);
    write_context(explained->event, json);
    write_risk(explained->event, json);
}

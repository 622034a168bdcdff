/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CAEP 1.0, RISC 1.0 and SSF 1.0 want of each event's members; one that lacks them is refused,
 * one that has more is not.
 */
#include <string.h>

#include "mod_zta/identity/set_priv.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"

/* No date in seconds is as large before the year 5138, and none in milliseconds as small. */
#define MILLISECONDS_FROM INT64_C(100000000000)

static bool bad(struct mod_zta_set_judging *judging, const char *name, const char *expected)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const json_t *value = json_object_get(judging->event, name);
    return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "%s is '%s', expected %s", name,
                              json_is_string(value)
                                  ? mod_zta_excerpt(mod_zta_json_text_of(value), excerpt)
                              : value == NULL ? "missing"
                                              : "no text",
                              expected);
}

/* Index of the member's text in words; n for any other. */
static size_t word_of(const struct mod_zta_set_judging *judging, const char *name,
                      const char *const *words, size_t n)
{
    const struct zta_text text = mod_zta_json_text(judging->event, name);
    size_t i = 0;
    while (i < n && !zta_text_equal(text, zta_text_of(words[i]))) {
        i++;
    }
    return i;
}

static bool has_text(struct mod_zta_set_judging *judging, const char *name)
{
    return mod_zta_json_text(judging->event, name).len > 0 || bad(judging, name, "a text");
}

static void say(const struct mod_zta_set_judging *judging, struct zta_buffer *detail,
                const char *name)
{
    const struct zta_text text = mod_zta_json_text(judging->event, name);
    if (text.len > 0) {
        zta_buffer_string(detail, detail->len > 0 ? " " : "");
        zta_buffer_safe(detail, text);
    }
}

/* ---- what all events may have ---- */

/* A time in seconds; where drafts are taken, also in milliseconds. */
static bool read_time(struct mod_zta_set_judging *judging, const json_t *value, const char *name,
                      int64_t *time_s)
{
    json_t *scaled = NULL;
    if (judging->from->is_legacy && json_is_number(value) &&
        json_number_value(value) >= (double)MILLISECONDS_FROM) {
        scaled = json_real(json_number_value(value) / 1000);
        value = scaled;
    }
    const enum zta_status status = mod_zta_date_read(value, false, time_s);
    json_decref(scaled);
    if (status != ZTA_OK || *time_s <= 0 || *time_s >= MILLISECONDS_FROM) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "%s is no number of seconds since 1970",
                                  name);
    }
    return *time_s <= judging->now_s + judging->from->issuer->leeway_s ||
           mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "%s lies ahead", name);
}

/* A reason is a text for each language; drafts had one text. */
static bool read_reason(struct mod_zta_set_judging *judging, const char *name,
                        struct zta_text *reason)
{
    json_t *value = json_object_get(judging->event, name);
    const char *language;
    json_t *text;
    if (value == NULL) {
        return true;
    }
    if (judging->from->is_legacy && json_is_string(value)) {
        *reason = mod_zta_json_text_of(value);
        return true;
    }
    if (json_object_size(value) == 0) {
        return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "%s is no object of texts", name);
    }
    json_object_foreach(value, language, text)
    {
        if (language[0] == '\0' || mod_zta_json_text_of(text).len == 0) {
            return mod_zta_set_refuse(judging, MOD_ZTA_SET_BAD, "%s is no object of texts", name);
        }
        *reason = mod_zta_json_text_of(text);
    }
    return true;
}

static bool read_common(struct mod_zta_set_judging *judging, struct zta_text *reason)
{
    static const char *const entities[] = {"admin", "user", "policy", "system"};
    struct zta_notice *notice = &judging->result->notice;
    const json_t *toe = json_object_get(judging->jwt.claims, "toe");
    const json_t *time = json_object_get(judging->event, "event_timestamp");
    struct zta_text for_user = {.data = NULL};
    if ((toe != NULL && !read_time(judging, toe, "toe", &notice->event_s)) ||
        (time != NULL && !read_time(judging, time, "event_timestamp", &notice->event_s)) ||
        !read_reason(judging, "reason_user", &for_user) ||
        !read_reason(judging, "reason_admin", reason)) {
        return false;
    }
    return json_object_get(judging->event, "initiating_entity") == NULL ||
           word_of(judging, "initiating_entity", entities, 4) < 4 ||
           bad(judging, "initiating_entity", "admin, user, policy or system");
}

/* ---- each by itself ---- */

static bool read_credential_change(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    static const char *const changes[] = {"create", "revoke", "update", "delete"};
    const size_t change = word_of(judging, "change_type", changes, 4);
    if (!has_text(judging, "credential_type")) {
        return false;
    }
    if (change == 4) {
        return bad(judging, "change_type", "create, revoke, update or delete");
    }
    if (change == 0) {
        judging->result->notice.effect = ZTA_NOTICE_NOTE; /* one more is no reason to log in */
    }
    say(judging, detail, "credential_type");
    say(judging, detail, "change_type");
    say(judging, detail, "x509_serial");
    return true;
}

static bool read_assurance(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    static const char *const directions[] = {"increase", "decrease"};
    const json_t *direction = json_object_get(judging->event, "change_direction");
    const size_t which = word_of(judging, "change_direction", directions, 2);
    if (!has_text(judging, "namespace") || !has_text(judging, "current_level")) {
        return false;
    }
    if (direction != NULL && which == 2) {
        return bad(judging, "change_direction", "increase or decrease");
    }
    if (which == 0) {
        judging->result->notice.effect = ZTA_NOTICE_NOTE;
    }
    say(judging, detail, "current_level");
    say(judging, detail, "change_direction");
    return true;
}

static bool read_compliance(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    static const char *const words[] = {"compliant", "not-compliant"};
    const size_t current = word_of(judging, "current_status", words, 2);
    if (word_of(judging, "previous_status", words, 2) == 2) {
        return bad(judging, "previous_status", "compliant or not-compliant");
    }
    if (current == 2) {
        return bad(judging, "current_status", "compliant or not-compliant");
    }
    judging->result->notice.level = (uint8_t)(ZTA_NOTICE_COMPLIANT + current);
    judging->principal = MOD_ZTA_SET_DEVICE;
    return true;
}

static bool read_risk(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    static const char *const levels[] = {"LOW", "MEDIUM", "HIGH"};
    static const char *const principals[] = {"USER", "SESSION", "DEVICE"};
    static const enum mod_zta_set_member members[] = {MOD_ZTA_SET_USER, MOD_ZTA_SET_SESSION,
                                                      MOD_ZTA_SET_DEVICE};
    const json_t *previous = json_object_get(judging->event, "previous_level");
    const size_t level = word_of(judging, "current_level", levels, 3);
    const size_t principal = word_of(judging, "principal", principals, 3);
    if (level == 3) {
        return bad(judging, "current_level", "LOW, MEDIUM or HIGH");
    }
    if (previous != NULL && word_of(judging, "previous_level", levels, 3) == 3) {
        return bad(judging, "previous_level", "LOW, MEDIUM or HIGH");
    }
    if (!has_text(judging, "principal")) {
        return false;
    }
    judging->result->notice.level = (uint8_t)(ZTA_NOTICE_RISK_LOW + level);
    judging->is_wide_principal = principal == 3;
    judging->principal = principal == 3 ? MOD_ZTA_SET_TENANT : members[principal];
    say(judging, detail, "risk_reason");
    return true;
}

static bool read_recovery(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    judging->result->notice.level = ZTA_NOTICE_RISK_MEDIUM;
    return true;
}

static bool read_claims_change(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    return json_object_size(json_object_get(judging->event, "claims")) > 0 ||
           bad(judging, "claims", "an object of claims");
}

static bool read_compromise(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    say(judging, detail, "credential_type");
    return has_text(judging, "credential_type");
}

static bool read_session(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    say(judging, detail, "ext_id");
    return true;
}

static bool read_disabled(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    say(judging, detail, "reason");
    return true;
}

static bool read_stream(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    static const char *const words[] = {"enabled", "paused", "disabled"};
    const size_t status = word_of(judging, "status", words, 3);
    if (status == 3) {
        return bad(judging, "status", "enabled, paused or disabled");
    }
    judging->result->notice.level = (uint8_t)(ZTA_NOTICE_ENABLED + status);
    say(judging, detail, "reason");
    return true;
}

static bool read_verification(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    const json_t *state = json_object_get(judging->event, "state");
    say(judging, detail, "state");
    judging->result->notice.state = mod_zta_json_text_of(state);
    return state == NULL || has_text(judging, "state");
}

static bool read_own(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    switch (judging->result->notice.kind) {
    case ZTA_NOTICE_VERIFICATION:
        return read_verification(judging, detail);
    case ZTA_NOTICE_STREAM_UPDATED:
        return read_stream(judging, detail);
    case ZTA_NOTICE_TOKEN_CLAIMS_CHANGE:
        return read_claims_change(judging, detail);
    case ZTA_NOTICE_CREDENTIAL_CHANGE:
        return read_credential_change(judging, detail);
    case ZTA_NOTICE_ASSURANCE_LEVEL_CHANGE:
        return read_assurance(judging, detail);
    case ZTA_NOTICE_DEVICE_COMPLIANCE_CHANGE:
        return read_compliance(judging, detail);
    case ZTA_NOTICE_SESSION_ESTABLISHED:
    case ZTA_NOTICE_SESSION_PRESENTED:
        return read_session(judging, detail);
    case ZTA_NOTICE_RISK_LEVEL_CHANGE:
        return read_risk(judging, detail);
    case ZTA_NOTICE_ACCOUNT_DISABLED:
        return read_disabled(judging, detail);
    case ZTA_NOTICE_CREDENTIAL_COMPROMISE:
        return read_compromise(judging, detail);
    case ZTA_NOTICE_RECOVERY_ACTIVATED:
    case ZTA_NOTICE_RECOVERY_INFORMATION_CHANGED:
        return read_recovery(judging, detail);
    case ZTA_NOTICE_UNKNOWN:
    case ZTA_NOTICE_SESSION_REVOKED:
    case ZTA_NOTICE_ACCOUNT_CREDENTIAL_CHANGE_REQUIRED:
    case ZTA_NOTICE_ACCOUNT_PURGED:
    case ZTA_NOTICE_ACCOUNT_ENABLED:
    case ZTA_NOTICE_IDENTIFIER_CHANGED:
    case ZTA_NOTICE_IDENTIFIER_RECYCLED:
    case ZTA_NOTICE_OPT_IN:
    case ZTA_NOTICE_OPT_OUT_INITIATED:
    case ZTA_NOTICE_OPT_OUT_CANCELLED:
    case ZTA_NOTICE_OPT_OUT_EFFECTIVE:
    case ZTA_NOTICE_SESSIONS_REVOKED:
    case ZTA_N_NOTICES:
        break;
    }
    return true;
}

/* A text that names one thing is a session in what happens to sessions, else a user. */
static bool is_about_session(const struct mod_zta_set_judging *judging)
{
    const enum zta_notice_kind kind = judging->result->notice.kind;
    const struct zta_text format = mod_zta_json_text(judging->subject, "format");
    return (kind == ZTA_NOTICE_SESSION_REVOKED || kind == ZTA_NOTICE_SESSION_ESTABLISHED ||
            kind == ZTA_NOTICE_SESSION_PRESENTED) &&
           zta_text_equal(format, ZTA_TEXT("opaque"));
}

bool mod_zta_set_read_event(struct mod_zta_set_judging *judging, struct zta_buffer *detail)
{
    struct zta_notice *notice = &judging->result->notice;
    struct zta_text reason = {.data = NULL};
    notice->effect = zta_notice_kind_effect(notice->kind);
    notice->event_s = notice->issued_s;
    judging->principal = is_about_session(judging) ? MOD_ZTA_SET_SESSION : MOD_ZTA_SET_USER;
    /* What is not known is kept by its type alone. */
    if (notice->kind == ZTA_NOTICE_UNKNOWN) {
        return true;
    }
    if (!read_common(judging, &reason) || !read_own(judging, detail)) {
        return false;
    }
    if (reason.len > 0) {
        zta_buffer_string(detail, detail->len > 0 ? ": " : "");
        zta_buffer_safe(detail, reason);
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing sessions in one walk, in memory for twice as many as are shown. */
#include "admin-tui/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "shared/decision.h"

enum {
    ON_ITS_WAY_S = 10, /* a request that came just before a revocation may be let in behind it */
};

/* What says nothing of when its login was is refused whenever that may have been. */
static bool has_login_time(const struct zta_session *session)
{
    return session->kind != ZTA_SESSION_APIKEY && session->kind != ZTA_SESSION_TOKEN &&
           session->credential != ZTA_CREDENTIAL_CERTIFICATE;
}

/* Refused for what is asked behind revocations, if at all. */
static bool was_let_in(const struct zta_session *session)
{
    static const enum zta_reason reasons[] = {
        ZTA_REASON_OK,      ZTA_REASON_INSUFFICIENT_SCOPE, ZTA_REASON_NOT_ENTITLED,
        ZTA_REASON_NO_RULE, ZTA_REASON_RULE_DENIED,        ZTA_REASON_RATE_LIMITED,
        ZTA_REASON_BLOCKED};
    size_t i = 0;
    while (i < sizeof reasons / sizeof reasons[0] && session->last_reason != reasons[i]) {
        i++;
    }
    return i < sizeof reasons / sizeof reasons[0];
}

bool ctl_session_is_before(const struct zta_session *session, int64_t watermark_s)
{
    const bool can_log_in_anew =
        session->kind == ZTA_SESSION_SID || session->kind == ZTA_SESSION_CNF;
    if (!has_login_time(session)) {
        return true;
    }
    if (session->first_s > watermark_s) {
        return session->last_reason == ZTA_REASON_REVOKED &&
               session->n_denied >= session->n_requests;
    }
    return !can_log_in_anew || !was_let_in(session) ||
           session->last_s - ON_ITS_WAY_S <= watermark_s;
}

bool ctl_session_has_whole_names(const struct zta_session *session)
{
    return strlen(session->subject) + 1 < sizeof session->subject &&
           strlen(session->client) + 1 < sizeof session->client;
}

bool ctl_session_is_named(const char *field, size_t size, struct zta_text name)
{
    if (zta_text_is_absent(name)) {
        return field[0] == '\0';
    }
    struct zta_text kept = zta_text_of(field);
    return zta_text_equal(kept, name) ||
           (kept.len + 1 == size && name.len > kept.len && zta_text_starts_with(name, kept));
}

static enum zta_status want_name(const struct ctl_options *options, enum ctl_option option,
                                 const struct ctl_issuers *issuers, struct ctl_sessions *sessions,
                                 struct zta_error *error)
{
    struct zta_text text = ctl_option_text(options, option);
    if (zta_text_is_absent(text)) {
        return ZTA_OK;
    }
    struct ctl_name name;
    enum zta_status status =
        ctl_name_resolve(issuers, text, ctl_option_info(option)->name, &name, error);
    if (status != ZTA_OK) {
        return status;
    }
    if (!zta_text_is_absent(sessions->issuer) && !zta_text_equal(sessions->issuer, name.issuer)) {
        return zta_error_set(error, ZTA_INVALID, "--%s is of another issuer",
                             ctl_option_info(option)->name);
    }
    sessions->issuer = name.issuer;
    if (option == CTL_OPTION_CLIENT) {
        sessions->client = name.name;
    }
    else {
        sessions->subject = name.name;
    }
    return ZTA_OK;
}

enum zta_status ctl_sessions_want(const struct ctl_options *options,
                                  const struct ctl_issuers *issuers, struct ctl_sessions *sessions,
                                  struct zta_error *error)
{
    struct zta_text issuer = ctl_option_text(options, CTL_OPTION_ISSUER);
    enum zta_status status = ZTA_OK;
    if (!zta_text_is_absent(issuer)) {
        status = ctl_issuer_resolve(issuers, issuer, error);
        sessions->issuer = issuer;
    }
    if (status == ZTA_OK) {
        status = want_name(options, CTL_OPTION_SUBJECT, issuers, sessions, error);
    }
    if (status == ZTA_OK) {
        status = want_name(options, CTL_OPTION_CLIENT, issuers, sessions, error);
    }
    return status;
}

static int by_last_seen(const void *a, const void *b)
{
    const struct zta_session *one = a;
    const struct zta_session *other = b;
    if (one->last_s != other->last_s) {
        return one->last_s < other->last_s ? 1 : -1;
    }
    return memcmp(one->id, other->id, sizeof one->id);
}

/* The shown ones stay, room for as many others is made. */
static void sort(struct ctl_sessions *sessions)
{
    if (sessions->n > 1) {
        qsort(sessions->found, sessions->n, sizeof *sessions->found, by_last_seen);
    }
    if (sessions->most > 0 && sessions->n > sessions->most) {
        sessions->n = (size_t)sessions->most;
    }
}

static bool make_room(struct ctl_sessions *sessions)
{
    if (sessions->most > 0 && sessions->n >= 2 * sessions->most) {
        sort(sessions);
    }
    if (sessions->n < sessions->size) {
        return true;
    }
    size_t size = sessions->size * 2 + 64;
    struct zta_session *grown = realloc(sessions->found, size * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    sessions->found = grown;
    sessions->size = size;
    return true;
}

struct collecting {
    struct ctl_sessions *sessions;
    struct ctl_session_look look;
    enum zta_status status;
};

static bool add(void *context, const struct zta_session *session)
{
    struct collecting *collecting = context;
    struct ctl_sessions *sessions = collecting->sessions;
    bool is_wanted =
        (zta_text_is_absent(sessions->issuer) ||
         ctl_session_is_named(session->issuer, sizeof session->issuer, sessions->issuer)) &&
        (zta_text_is_absent(sessions->subject) ||
         ctl_session_is_named(session->subject, sizeof session->subject, sessions->subject)) &&
        (zta_text_is_absent(sessions->client) ||
         ctl_session_is_named(session->client, sizeof session->client, sessions->client)) &&
        (sessions->filter == NULL ||
         ctl_filter_matches_session(sessions->filter, session, &collecting->look));
    if (!is_wanted) {
        return collecting->look.status == ZTA_OK;
    }
    if (!make_room(sessions)) {
        collecting->status = ZTA_NO_MEMORY;
        return false;
    }
    sessions->found[sessions->n++] = *session;
    sessions->n_matched++;
    return true;
}

enum zta_status ctl_sessions_collect(struct zta_view *view, struct ctl_sessions *sessions)
{
    struct collecting collecting = {
        .sessions = sessions, .look = {.view = view, .now_s = sessions->now_s}, .status = ZTA_OK};
    enum zta_status status = zta_session_each(view, add, &collecting);
    sort(sessions);
    status = status == ZTA_OK ? collecting.look.status : status;
    return status == ZTA_OK ? collecting.status : status;
}

void ctl_sessions_clear(struct ctl_sessions *sessions)
{
    free(sessions->found);
    *sessions = (struct ctl_sessions){.most = 0};
}

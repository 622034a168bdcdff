/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl sessions list, sessions show (revoking is in revoke.c). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/sessions.h"
#include "admin-tui/signals.h"
#include "shared/decision.h"

/* revoked: by what signal; NULL where there is none. */
static void add_row(struct ctl_list *list, const struct zta_session *session, const char *revoked)
{
    char id[2 * ZTA_SESSION_ID_SIZE + 1];
    char addr[ZTA_CIDR_TEXT_MAX];
    zta_hex_encode(session->id, sizeof session->id, id);
    zta_addr_print(&session->addr, addr);
    ctl_row_begin(list);
    ctl_row_string(list, "id", id);
    ctl_row_string(list, "subject", session->subject);
    ctl_row_string(list, "issuer", session->issuer);
    ctl_row_string(list, "client", session->client);
    ctl_row_string(list, "kind", zta_session_kind_name(session->kind));
    ctl_row_string(list, "address", addr);
    ctl_row_time(list, "last_seen", session->last_s);
    ctl_row_int(list, "requests", (int64_t)session->n_requests);
    ctl_row_int(list, "denied", (int64_t)session->n_denied);
    ctl_row_string(list, "revoked", revoked);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL || list->layout == CTL_RECORD) {
        char token[2 * ZTA_SESSION_ID_SIZE + 1];
        zta_hex_encode(session->token_id, sizeof session->token_id, token);
        ctl_row_time(list, "first_seen", session->first_s);
        ctl_row_time(list, "expires", session->expires_s);
        ctl_row_string(list, "credential", zta_credential_name(session->credential));
        ctl_row_string(list, "binding", zta_binding_name(session->binding));
        ctl_row_string(list, "apikey", session->apikey);
        ctl_row_string(list, "token_id", token);
        ctl_row_string(list, "last_reason", zta_reason_name((enum zta_reason)session->last_reason));
        ctl_row_string(list, "agent", session->agent);
    }
    ctl_row_end(list);
}

static enum zta_status collect(const struct ctl *ctl, struct ctl_sessions *sessions,
                               struct ctl_signals *signals, struct zta_error *error)
{
    static struct ctl_issuers issuers; /* too large for a stack; the wish points into it */
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_issuers_load(view, &issuers, error);
    if (status == ZTA_OK) {
        status = ctl_sessions_want(&ctl->options, &issuers, sessions, error);
    }
    if (status == ZTA_OK) {
        status = ctl_sessions_collect(view, sessions);
    }
    if (status == ZTA_OK) {
        status = ctl_signals_load(view, signals);
    }
    zta_view_end(&view);
    return status;
}

enum ctl_exit ctl_run_sessions_list(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",      "SUBJECT",   "ISSUER",    "CLIENT",  "KIND",
                                         "ADDRESS", "LAST SEEN", ">REQUESTS", ">DENIED", "REVOKED"};
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_sessions sessions = {.most = CTL_SESSIONS_SHOWN};
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &sessions.most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    struct ctl_signals signals = {.n = 0};
    enum zta_status status = collect(ctl, &sessions, &signals, &error);
    if (status != ZTA_OK) {
        ctl_signals_clear(&signals);
        ctl_sessions_clear(&sessions);
        return ctl_fail_status(status, &error, "");
    }
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < sessions.n; i++) {
        add_row(&list, &sessions.found[i],
                ctl_signals_have_ended(&signals, &sessions.found[i]) ? "by signal" : NULL);
    }
    enum ctl_exit code = ctl_list_print(&list);
    if (sessions.n < sessions.n_matched) {
        ctl_note("%zu of %" PRIu64 " sessions; --limit 0 shows all", sessions.n,
                 sessions.n_matched);
    }
    ctl_signals_clear(&signals);
    ctl_sessions_clear(&sessions);
    return code;
}

enum ctl_exit ctl_run_sessions_show(struct ctl *ctl)
{
    uint8_t id[ZTA_SESSION_ID_SIZE];
    struct zta_session session;
    struct zta_view *view = NULL;
    char revoked[256];
    struct zta_buffer signals;
    zta_buffer_init(&signals, revoked, sizeof revoked);
    if (zta_hex_decode(zta_text_of(ctl->arguments[0]), id, sizeof id) != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "'%s' is no session id (32 hex digits)", ctl->arguments[0]);
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_session_get(view, id, &session);
        if (status == ZTA_OK) {
            status = ctl_signals_print(view, &session, &signals);
        }
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "session");
    }
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    add_row(&list, &session, signals.len > 0 ? revoked : NULL);
    return ctl_list_print(&list);
}

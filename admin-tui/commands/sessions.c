/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl sessions list, sessions show (revoking is in revoke.c). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/commands/fleet_wide.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/revoked.h"
#include "admin-tui/risk_view.h"
#include "admin-tui/sessions.h"
#include "shared/base/clock.h"
#include "shared/decision.h"

/* What a row says beside the record. */
struct beside {
    char revoked[CTL_REVOKED_MAX]; /* "" where it is not */
    uint8_t risk;
};

static void begin_row(struct ctl_list *list, const struct zta_session *session,
                      const struct beside *beside)
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
    ctl_row_int(list, "risk", beside->risk);
    ctl_row_string(list, "revoked", beside->revoked[0] == '\0' ? NULL : beside->revoked);
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
}

/* What is listed, and what is said beside each. */
struct listed {
    struct ctl_sessions sessions;
    struct beside *beside;
};

static void clear(struct listed *listed)
{
    ctl_sessions_clear(&listed->sessions);
    free(listed->beside);
}

static enum zta_status find_one(struct zta_view *view, const struct ctl_revoking *revoking,
                                const struct zta_session *session, struct beside *beside)
{
    const enum zta_status status = ctl_revoked_by(view, revoking, session, beside->revoked);
    return status != ZTA_OK
               ? status
               : ctl_risk_of_session(view, session->id, zta_clock_real_ns() / ZTA_NS_PER_S,
                                     &beside->risk);
}

static enum zta_status find_beside(struct zta_view *view, struct listed *listed)
{
    const struct ctl_sessions *sessions = &listed->sessions;
    struct ctl_revoking revoking = {.n_keys = 0};
    listed->beside = calloc(sessions->n + 1, sizeof *listed->beside);
    enum zta_status status =
        listed->beside == NULL ? ZTA_NO_MEMORY : ctl_revoking_load(view, &revoking);
    for (size_t i = 0; i < sessions->n && status == ZTA_OK; i++) {
        status = find_one(view, &revoking, &sessions->found[i], &listed->beside[i]);
    }
    ctl_revoking_clear(&revoking);
    return status;
}

static enum zta_status collect(const struct ctl *ctl, struct listed *listed,
                               struct zta_error *error)
{
    static struct ctl_issuers issuers; /* too large for a stack; the wish points into it */
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_issuers_load(view, &issuers, error);
    if (status == ZTA_OK) {
        status = ctl_sessions_want(&ctl->options, &issuers, &listed->sessions, error);
    }
    if (status == ZTA_OK) {
        status = ctl_sessions_collect(view, &listed->sessions);
    }
    if (status == ZTA_OK) {
        status = find_beside(view, listed);
    }
    zta_view_end(&view);
    return status;
}

enum ctl_exit ctl_run_sessions_list(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",      "SUBJECT", "ISSUER",    "CLIENT",
                                         "KIND",    "ADDRESS", "LAST SEEN", ">REQUESTS",
                                         ">DENIED", ">RISK",   "REVOKED"};
    struct zta_error error = {.status = ZTA_OK};
    struct listed listed = {.sessions = {.most = CTL_SESSIONS_SHOWN}};
    const struct ctl_sessions *sessions = &listed.sessions;
    static struct ctl_filter filter; /* too large for a stack */
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FLEET)) {
        return ctl_sessions_of_fleet(ctl);
    }
    listed.sessions.filter = &filter;
    listed.sessions.now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &listed.sessions.most, &error) !=
            ZTA_OK ||
        ctl_filter_parse_sessions(ctl_option_text(&ctl->options, CTL_OPTION_FILTER), &filter,
                                  &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    enum zta_status status = collect(ctl, &listed, &error);
    if (status != ZTA_OK) {
        clear(&listed);
        return ctl_fail_status(status, &error, "");
    }
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < sessions->n; i++) {
        begin_row(&list, &sessions->found[i], &listed.beside[i]);
        ctl_row_end(&list);
    }
    enum ctl_exit code = ctl_list_print(&list);
    if (sessions->n < sessions->n_matched) {
        ctl_note("%zu of %" PRIu64 " sessions; --limit 0 shows all", sessions->n,
                 sessions->n_matched);
    }
    clear(&listed);
    return code;
}

/* One revocation after the other, in the row of its session. */
struct showing {
    const struct ctl *ctl;
    struct ctl_list *list;
};

static void show_as_json(struct zta_json *json, const struct ctl_revoked_cause *cause,
                         const char *undo)
{
    const struct zta_revocation *target = &cause->target;
    char text[CTL_REPORT_TEXT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    ctl_target_print(target, &out);
    zta_json_begin_object(json, NULL);
    zta_json_string(json, "kind",
                    cause->is_signal ? "signal" : zta_revocation_kind_name(target->kind));
    zta_json_string(json, "target", text);
    zta_json_time(json, "since", target->created_ns / ZTA_NS_PER_S);
    zta_json_time(json, "logins_until", cause->logins_until_s);
    zta_json_text(json, "by", target->author);
    if (target->action_id != 0) {
        zta_json_int(json, "action", (int64_t)target->action_id);
    }
    else {
        zta_json_string(json, "action", NULL);
    }
    zta_json_text(json, "reason", target->reason);
    zta_json_string(json, "undo", undo);
    zta_json_end_object(json);
}

static bool show_cause(void *context, const struct ctl_revoked_cause *cause)
{
    const struct showing *showing = context;
    struct zta_json *json = ctl_row_json(showing->list);
    char undo[CTL_REPORT_TEXT_MAX];
    char text[CTL_REPORT_TEXT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, undo, sizeof undo);
    if (cause->can_undo) {
        ctl_undo_begin(showing->ctl, &out);
        zta_buffer_string(&out, "unrevoke ");
        ctl_target_print_selector(&cause->target, &out);
    }
    if (json != NULL) {
        show_as_json(json, cause, cause->can_undo ? undo : NULL);
        return true;
    }
    zta_buffer_init(&out, text, sizeof text);
    ctl_revoked_print(cause, &out);
    ctl_row_string(showing->list, "revoked", text);
    if (cause->can_undo) {
        ctl_row_string(showing->list, "undo", undo);
    }
    return true;
}

static enum zta_status show(struct zta_view *view, const struct zta_session *session,
                            const struct ctl_revoking *revoking, struct showing *showing)
{
    struct beside beside;
    struct zta_json *json;
    enum zta_status status = find_one(view, revoking, session, &beside);
    if (status != ZTA_OK) {
        return status;
    }
    begin_row(showing->list, session, &beside);
    json = ctl_row_json(showing->list);
    if (json != NULL) {
        zta_json_begin_array(json, "revocations");
    }
    status = ctl_revoked_each(view, revoking, session, show_cause, showing);
    if (json != NULL) {
        zta_json_end_array(json);
    }
    ctl_row_end(showing->list);
    return status;
}

static enum zta_status find_and_show(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                     struct showing *showing)
{
    struct ctl_revoking revoking = {.n_keys = 0};
    struct zta_session session;
    enum zta_status status = zta_session_get(view, id, &session);
    if (status == ZTA_OK) {
        status = ctl_revoking_load(view, &revoking);
    }
    if (status == ZTA_OK) {
        status = show(view, &session, &revoking, showing);
    }
    ctl_revoking_clear(&revoking);
    return status;
}

enum ctl_exit ctl_run_sessions_show(struct ctl *ctl)
{
    uint8_t id[ZTA_SESSION_ID_SIZE];
    struct zta_view *view = NULL;
    struct ctl_list list;
    struct showing showing = {.ctl = ctl, .list = &list};
    if (zta_hex_decode(zta_text_of(ctl->arguments[0]), id, sizeof id) != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "'%s' is no session id (32 hex digits)", ctl->arguments[0]);
    }
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FLEET)) {
        return ctl_session_of_fleet(ctl, ctl->arguments[0]);
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = find_and_show(view, id, &showing);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, "session");
    }
    return ctl_list_print(&list);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Signals are kept by (issuer, sid) and (issuer, subject); sessions by an id made of all of it. */
#include "admin-tui/signals.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"

/* The part of a session's record that says which it is. */
static void session_of(const struct zta_revocation *record, struct zta_session *session)
{
    *session = (struct zta_session){.kind = record->session_kind};
    memcpy(session->id, record->session, sizeof session->id);
    (void)snprintf(session->issuer, sizeof session->issuer, "%.*s", (int)record->issuer.len,
                   record->issuer.len == 0 ? "" : record->issuer.data);
    (void)snprintf(session->subject, sizeof session->subject, "%.*s", (int)record->subject.len,
                   record->subject.len == 0 ? "" : record->subject.data);
    (void)snprintf(session->client, sizeof session->client, "%.*s", (int)record->client.len,
                   record->client.len == 0 ? "" : record->client.data);
}

bool ctl_signal_is_about(const struct zta_signal *signal, const struct zta_revocation *record)
{
    if (record->kind == ZTA_REVOKE_SUBJECT) {
        return signal->kind == ZTA_SIGNAL_SUBJECT &&
               zta_text_equal(signal->issuer, record->issuer) &&
               zta_text_equal(signal->subject, record->subject);
    }
    if (record->kind != ZTA_REVOKE_SESSION || signal->kind == ZTA_SIGNAL_SUBJECT) {
        return false;
    }
    struct zta_session session;
    session_of(record, &session);
    return zta_signal_hits_session(signal, &session);
}

struct printing {
    const struct zta_session *session;
    struct zta_buffer *out;
};

static bool print_one(void *context, const struct zta_signal *signal, bool is_released)
{
    const struct printing *printing = context;
    char time[ZTA_TIME_TEXT_MAX];
    if (is_released || !zta_signal_hits_session(signal, printing->session)) {
        return true;
    }
    zta_buffer_string(printing->out, printing->out->len > 0 ? "; " : "");
    zta_time_print(signal->received_ns / ZTA_NS_PER_S, time);
    if (signal->kind != ZTA_SIGNAL_SUBJECT) {
        zta_buffer_printf(printing->out, "by signal, a logout of its session, %s", time);
        return true;
    }
    zta_time_print(signal->watermark_s, time);
    zta_buffer_printf(printing->out, "by signal, a logout of its subject's logins up to %s", time);
    return true;
}

enum zta_status ctl_signals_print(struct zta_view *view, const struct zta_session *session,
                                  struct zta_buffer *out)
{
    struct printing printing = {.session = session, .out = out};
    return zta_signal_each(view, print_one, &printing);
}

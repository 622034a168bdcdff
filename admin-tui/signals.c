/* SPDX-License-Identifier: Apache-2.0 */
/* Signals are kept by their names, which a session's record has as a tag. */
#include "admin-tui/signals.h"

#include <stdlib.h>
#include <string.h>

#include "admin-tui/sessions.h"

bool ctl_signal_is_about(const struct zta_signal *signal, const struct zta_revocation *record,
                         const struct zta_session *session)
{
    if (record->kind == ZTA_REVOKE_SUBJECT) {
        return zta_text_is_absent(signal->sid) && zta_text_equal(signal->issuer, record->issuer) &&
               zta_text_equal(signal->subject, record->subject);
    }
    return session != NULL && !zta_text_is_absent(signal->sid) &&
           zta_signal_hits_session(signal, session);
}

/* ---- many sessions ---- */

struct ctl_signal {
    struct zta_login_tag tag; /* of the names it has: zeros for the others */
    int64_t watermark_s;      /* 0: it is about a session */
};

static int by_tag(const void *a, const void *b)
{
    const struct ctl_signal *one = a;
    const struct ctl_signal *other = b;
    return memcmp(&one->tag, &other->tag, sizeof one->tag);
}

struct loading {
    struct ctl_signals *signals;
    enum zta_status status;
};

static bool load_one(void *context, const struct zta_signal *signal, bool is_released)
{
    struct loading *loading = context;
    struct ctl_signals *signals = loading->signals;
    if (is_released || !zta_signal_is_of_login(signal->kind)) {
        return true;
    }
    if (signals->n == signals->size) {
        const size_t size = signals->size * 2 + 64;
        struct ctl_signal *grown = realloc(signals->found, size * sizeof *grown);
        if (grown == NULL) {
            loading->status = ZTA_NO_MEMORY;
            return false;
        }
        signals->found = grown;
        signals->size = size;
    }
    struct ctl_signal *added = &signals->found[signals->n++];
    added->watermark_s = signal->kind == ZTA_SIGNAL_SUBJECT ? signal->watermark_s : 0;
    zta_login_tag_make(signal->issuer, signal->sid, signal->subject, &added->tag);
    return true;
}

enum zta_status ctl_signals_load(struct zta_view *view, struct ctl_signals *signals)
{
    struct loading loading = {.signals = signals, .status = ZTA_OK};
    signals->n = 0;
    const enum zta_status status = zta_signal_each(view, load_one, &loading);
    if (signals->n > 1) {
        qsort(signals->found, signals->n, sizeof *signals->found, by_tag);
    }
    return status == ZTA_OK ? loading.status : status;
}

void ctl_signals_clear(struct ctl_signals *signals)
{
    free(signals->found);
    *signals = (struct ctl_signals){.n = 0};
}

static const struct ctl_signal *find(const struct ctl_signals *signals,
                                     const struct zta_login_tag *tag)
{
    const struct ctl_signal wanted = {.tag = *tag};
    return signals->n == 0 ? NULL
                           : bsearch(&wanted, signals->found, signals->n, sizeof wanted, by_tag);
}

bool ctl_signals_have_ended(const struct ctl_signals *signals, const struct zta_session *session)
{
    struct zta_login_tag sid = {.sid = {0}};
    struct zta_login_tag subject = {.sid = {0}};
    const struct zta_login_tag *const tags[] = {&sid, &session->login, &subject};
    memcpy(sid.sid, session->login.sid, sizeof sid.sid);
    memcpy(subject.subject, session->login.subject, sizeof subject.subject);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        const struct ctl_signal *found = find(signals, tags[i]);
        if (found != NULL &&
            (found->watermark_s == 0 || ctl_session_is_before(session, found->watermark_s))) {
            return true;
        }
    }
    return false;
}

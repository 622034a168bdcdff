/* SPDX-License-Identifier: Apache-2.0 */
/* What token issuers signalled (logouts), as it concerns sessions and targets of commands. */
#ifndef CTL_SIGNALS_H
#define CTL_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/bytes.h"
#include "shared/store/revocations.h"
#include "shared/store/sessions.h"
#include "shared/store/signals.h"

/*
 * Does unrevoking this target lift that signal? A session (NULL: the target is none, or has no
 * record any more) does not lift what ended its subject.
 */
bool ctl_signal_is_about(const struct zta_signal *signal, const struct zta_revocation *record,
                         const struct zta_session *session);

/* The signals in force, in memory: what is asked about many sessions. Zeroed: none. */
struct ctl_signals {
    struct ctl_signal *found; /* by tag */
    size_t n;
    size_t size;
};
/* Instead of what was loaded before. ZTA_NO_MEMORY. */
enum zta_status ctl_signals_load(struct zta_view *view, struct ctl_signals *signals) ZTA_MUST_CHECK;
void ctl_signals_clear(struct ctl_signals *signals);
/* Was the session revoked by one? Of its subject's logout that is as ctl_session_is_before says. */
bool ctl_signals_have_ended(const struct ctl_signals *signals, const struct zta_session *session);

#endif

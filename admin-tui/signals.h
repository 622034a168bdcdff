/* SPDX-License-Identifier: Apache-2.0 */
/* What token issuers signalled (logouts), as it concerns sessions and targets of commands. */
#ifndef CTL_SIGNALS_H
#define CTL_SIGNALS_H

#include <stdbool.h>

#include "shared/base/bytes.h"
#include "shared/store/revocations.h"
#include "shared/store/sessions.h"
#include "shared/store/signals.h"

/* Does unrevoking this target lift that signal? A session does not lift what ended its subject. */
bool ctl_signal_is_about(const struct zta_signal *signal, const struct zta_revocation *record);

/*
 * Appends "by signal, a logout of its session, 2026-11-22T04:00:00Z" for each signal in force that
 * is about the session; nothing when there is none.
 */
enum zta_status ctl_signals_print(struct zta_view *view, const struct zta_session *session,
                                  struct zta_buffer *out) ZTA_MUST_CHECK;

#endif

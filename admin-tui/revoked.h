/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what a session is revoked, as far as its record tells: by an operator, or by a signal of its
 * issuer. Requests are judged by what they bring, not by this.
 */
#ifndef CTL_REVOKED_H
#define CTL_REVOKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/signals.h"
#include "shared/base/bytes.h"
#include "shared/store/measures.h"
#include "shared/store/revocations.h"
#include "shared/store/sessions.h"

#define CTL_REVOKED_MAX 48

/* What is asked about each of many sessions, in memory. Zeroed: nothing. */
struct ctl_revoking {
    struct ctl_signals signals;   /* ctl_signals_load */
    struct ctl_session_key *keys; /* API keys by their session */
    size_t n_keys;
    size_t keys_size;
};
/* The API keys, instead of those that were loaded before. ZTA_NO_MEMORY. */
enum zta_status ctl_revoking_load_keys(struct zta_view *view,
                                       struct ctl_revoking *revoking) ZTA_MUST_CHECK;
/* Signals and keys. */
enum zta_status ctl_revoking_load(struct zta_view *view,
                                  struct ctl_revoking *revoking) ZTA_MUST_CHECK;
void ctl_revoking_clear(struct ctl_revoking *revoking);

/*
 * "by session", "by key", "by token", "by subject", "by client", "by issuer": an operator's
 * revocation, in the order in which requests are judged; "by signal"; "refused as revoked" where
 * the record keeps names cut, so that nobody can say by what; "by quarantine m7", "step-up m7": a
 * measure that holds; "": it is not.
 */
enum zta_status ctl_revoked_by(struct zta_view *view, const struct ctl_revoking *revoking,
                               const struct zta_session *session,
                               char by[CTL_REVOKED_MAX]) ZTA_MUST_CHECK;

/* Tells all measures that hold against the session, those of its subject, client and key too. */
enum zta_status ctl_held_each(struct zta_view *view, const struct zta_session *session,
                              zta_measure_hold_fn fn, void *context) ZTA_MUST_CHECK;

/* One of the revocations that a session is under. */
struct ctl_revoked_cause {
    bool is_signal;
    bool is_from_transmitter;     /* then: of signals, else an issuer's logout */
    bool can_undo;                /* by unrevoking the target */
    struct zta_revocation target; /* since, author, reason and action with it; what is known */
    int64_t logins_until_s;       /* of a signal about a subject; else 0 */
};
/* All of them, in the order above. cause is valid for the call; returning false ends it. */
typedef bool (*ctl_revoked_fn)(void *context, const struct ctl_revoked_cause *cause);
enum zta_status ctl_revoked_each(struct zta_view *view, const struct ctl_revoking *revoking,
                                 const struct zta_session *session, ctl_revoked_fn fn,
                                 void *context) ZTA_MUST_CHECK;
/*
 * "by subject alice@corp, 2026-11-22T04:00:00Z, by sam, action 12: laptop stolen"; not yet made
 * safe.
 */
void ctl_revoked_print(const struct ctl_revoked_cause *cause, struct zta_buffer *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions last seen, of all that match: what lists and the console show. */
#ifndef CTL_SESSIONS_H
#define CTL_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/filter.h"
#include "admin-tui/options.h"
#include "admin-tui/target.h"
#include "shared/store/sessions.h"

#define CTL_SESSIONS_SHOWN 1000

struct ctl_sessions {
    uint64_t most;                   /* 0: all */
    struct zta_text issuer;          /* absent: any */
    struct zta_text subject;         /* absent: any */
    struct zta_text client;          /* absent: any */
    const struct ctl_filter *filter; /* NULL: any */
    int64_t now_s;                   /* for ages in the filter */
    struct zta_session *found;
    size_t n;
    size_t size;
    uint64_t n_matched;
};

/* --subject, --issuer and --client; ZTA_INVALID when they contradict each other. */
enum zta_status ctl_sessions_want(const struct ctl_options *options,
                                  const struct ctl_issuers *issuers, struct ctl_sessions *sessions,
                                  struct zta_error *error) ZTA_MUST_CHECK;
/* Fills found, last seen first. ZTA_NO_MEMORY. */
enum zta_status ctl_sessions_collect(struct zta_view *view,
                                     struct ctl_sessions *sessions) ZTA_MUST_CHECK;
void ctl_sessions_clear(struct ctl_sessions *sessions);
/*
 * Is it refused by a revocation of logins up to watermark_s? A record does not keep when the login
 * was, which is not after the session was first seen: of one that was first seen later that is said
 * once it was refused. One that kept its id and was let in since has logged in anew.
 */
bool ctl_session_is_before(const struct zta_session *session, int64_t watermark_s);
/* False when subject or client may be longer than the record keeps. */
bool ctl_session_has_whole_names(const struct zta_session *session);
/* True when the kept field (size bytes, "" for none) is this name; a long one is kept cut. */
bool ctl_session_is_named(const char *field, size_t size, struct zta_text name);

#endif

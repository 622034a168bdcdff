/* SPDX-License-Identifier: Apache-2.0 */
/* All that a store has about one subject, table by table: what a person may ask to see. */
#ifndef CTL_PERSON_H
#define CTL_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/events.h"
#include "admin-tui/target.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define CTL_KNOWN_VALUES   16
#define CTL_KNOWN_TEXT_MAX 512 /* longer ones are cut; a request has all of it in its event */

enum ctl_known_kind {
    CTL_KNOWN_SESSION = 0,
    CTL_KNOWN_REQUEST,
    CTL_KNOWN_REFUSALS, /* alike, of which the number is kept */
    CTL_KNOWN_BASELINE,
    CTL_KNOWN_RISK,
    CTL_KNOWN_MEASURE,
    CTL_KNOWN_REVOCATION,
    CTL_KNOWN_BLOCK,
    CTL_KNOWN_SIGNAL,      /* what its issuer or a transmitter revoked */
    CTL_KNOWN_NOTICE,      /* what transmitters told */
    CTL_KNOWN_ATTESTATION, /* and what that says of it now */
    CTL_KNOWN_DEVICE,
    CTL_KNOWN_KEY,
    CTL_KNOWN_AUDIT,
    CTL_N_KNOWN
};
/* "session". */
const char *ctl_known_name(enum ctl_known_kind kind);
/* Not taken by ZTA_REQUEST_ERASE: it restricts the person, or operators put it there. */
bool ctl_known_stays(enum ctl_known_kind kind);

/* One record. */
struct ctl_known {
    enum ctl_known_kind kind;
    int64_t time_s;                /* of its last change; 0: none */
    const struct ctl_event *event; /* of requests and refusals; else NULL */
    const char *names[CTL_KNOWN_VALUES];
    char texts[CTL_KNOWN_VALUES][CTL_KNOWN_TEXT_MAX]; /* not yet made safe */
    size_t n;
};

/* Valid for the call; returning false ends the walk. */
typedef bool (*ctl_known_fn)(void *context, const struct ctl_known *known);
enum zta_status ctl_person_each(struct zta_view *view, const struct ctl_name *person,
                                ctl_known_fn fn, void *context) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators ask of the observer, which alone writes state/: they put requests into policy/, in
 * the order of their numbers; the observer notes in state/ up to which number it has done them.
 */
#ifndef ZTA_STORE_REQUESTS_H
#define ZTA_STORE_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define ZTA_REQUESTS_MAX 10000 /* that wait */

enum zta_request_kind {
    ZTA_REQUEST_FORGET = 1, /* what is usual for that subject */
    ZTA_REQUEST_FORGET_ALL, /* and for every one */
    ZTA_REQUEST_RESET_LIMITS,
    ZTA_REQUEST_VERIFY, /* streams of transmitters */
    ZTA_REQUEST_ERASE,  /* what is recorded of a person; name: hex of zta_erasure_name */
    ZTA_REQUEST_PRUNE,  /* what is older; name: the time (RFC 3339) */
    ZTA_N_REQUEST_KINDS
};

struct zta_request {
    enum zta_request_kind kind;
    struct zta_text issuer;  /* FORGET */
    struct zta_text subject; /* FORGET */
    struct zta_text name;    /* RESET_LIMITS, VERIFY, absent: all; ERASE, PRUNE */
    uint64_t action_id;      /* of the audit entry that made it */
    uint64_t number;         /* out: it only rises; ns of the clock of policy/ */
};

/* policy/; first removes those up to `done`. ZTA_FULL: ZTA_REQUESTS_MAX wait. */
enum zta_status zta_request_put(struct zta_change *change, const struct zta_request *request,
                                uint64_t done) ZTA_MUST_CHECK;
/* Those above that number, in order; texts are valid for the call, false ends the walk. */
typedef bool (*zta_request_fn)(void *context, const struct zta_request *request);
enum zta_status zta_request_each(struct zta_view *view, uint64_t above, zta_request_fn fn,
                                 void *context) ZTA_MUST_CHECK;

/* Up to which number they are done, in state/; 0: none is. */
enum zta_status zta_requests_done(struct zta_view *view, uint64_t *done) ZTA_MUST_CHECK;
enum zta_status zta_requests_set_done(struct zta_change *change, uint64_t done) ZTA_MUST_CHECK;

#endif

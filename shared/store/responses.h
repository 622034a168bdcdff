/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What automation did and left undone, with why: its part of the audit trail. It stands in state/,
 * because its writer is httpd's user, and is therefore no chain: whoever takes that user over could
 * write all of it anew (docs/threat-model.md). What operators do about it stands in policy/'s.
 */
#ifndef ZTA_STORE_RESPONSES_H
#define ZTA_STORE_RESPONSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define ZTA_RESPONSES_KEPT    10000
#define ZTA_RESPONSE_TEXT_MAX 200 /* bytes of each text; longer ones are cut */

enum zta_response_result {
    ZTA_RESPONSE_BEGUN = 1, /* a measure holds from here on */
    ZTA_RESPONSE_EXTENDED,
    ZTA_RESPONSE_MONITORED, /* the rule is only tried */
    ZTA_RESPONSE_SLOWED,    /* an address of many: slowed instead of blocked */
    ZTA_RESPONSE_OVER,      /* the governor: it would have hit too many */
    ZTA_RESPONSE_NEVER,     /* the governor: one that is never touched */
    ZTA_RESPONSE_SPARED,    /* an operator lifted it lately */
    ZTA_RESPONSE_REFUSED,   /* no room, or a target that there is not */
    ZTA_RESPONSE_TOLD,      /* a notification, a signal or a level */
    ZTA_N_RESPONSE_RESULTS
};

struct zta_response {
    uint64_t id; /* rises; set by put */
    int64_t time_ns;
    enum zta_response_result result;
    uint64_t measure; /* its id ("m7"); 0: none */
    int64_t until_s;  /* of the measure; 0: none */
    struct zta_text rule;
    struct zta_text what;     /* "block ip for 15m" */
    struct zta_text target;   /* "192.0.2.7"; safe for a terminal */
    struct zta_text evidence; /* "auth-failures 51 in 1m by ip" */
};

enum zta_status zta_response_put(struct zta_change *change,
                                 const struct zta_response *response) ZTA_MUST_CHECK;
/* Newest first; valid for the call, false ends the walk. */
typedef bool (*zta_response_fn)(void *context, const struct zta_response *response);
enum zta_status zta_response_each(struct zta_view *view, zta_response_fn fn,
                                  void *context) ZTA_MUST_CHECK;
/* Those with a greater id than `above`, oldest first. */
enum zta_status zta_response_each_above(struct zta_view *view, uint64_t above, zta_response_fn fn,
                                        void *context) ZTA_MUST_CHECK;
/* Removes the oldest beyond ZTA_RESPONSES_KEPT, at most `most`. *n removed ones. */
enum zta_status zta_responses_prune(struct zta_change *change, size_t most,
                                    uint64_t *n) ZTA_MUST_CHECK;

/* "begun", "extended", "monitored", "slowed", "over", "never", "spared", "refused", "told". */
const char *zta_response_result_name(enum zta_response_result result);

#endif

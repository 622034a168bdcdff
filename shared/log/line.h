/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the decision log: what the server decided, what operators and automation did, and what
 * the log itself lost, as one JSON object each (ECS or OCSF). The fields are fields.def. Pure: it
 * reads what it is given, and writes into the caller's buffer.
 *
 * What no line carries: credentials and what they could be rebuilt from, query strings, bodies,
 * header fields other than the user agent.
 */
#ifndef ZTA_LOG_LINE_H
#define ZTA_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/store/audit.h"
#include "shared/store/responses.h"

/* Line feed and NUL included: what a pipe takes whole or not at all (PIPE_BUF). */
#define ZTA_LOG_LINE_MAX 4096

#define ZTA_LOG_ECS_VERSION  "9.0.0"
#define ZTA_LOG_OCSF_VERSION "1.6.0"

enum zta_log_format {
    ZTA_LOG_ECS = 0,
    ZTA_LOG_OCSF,
    ZTA_N_LOG_FORMATS
};

enum zta_log_kind {
    ZTA_LOG_REQUEST = 0, /* a finished request and its decision */
    ZTA_LOG_ACTION,      /* an entry of the audit trail in policy/ */
    ZTA_LOG_RESPONSE,    /* what automation did or left undone */
    ZTA_LOG_LOSS,        /* lines that this target did not get */
    ZTA_LOG_HEAD,        /* where the audit trail ends, to verify it by later */
    ZTA_N_LOG_KINDS
};

struct zta_log_record {
    enum zta_log_kind kind;
    const char *host;    /* of this proxy */
    const char *version; /* of the module */
    int64_t time_ns;
    uint64_t sequence;             /* of its stream: ring, audit trail, responses */
    uint64_t segment_id;           /* of the ring; 0: none */
    uint32_t weight;               /* REQUEST: requests that the line stands for, itself included */
    uint64_t n_lost;               /* LOSS */
    const struct zta_event *event; /* REQUEST */
    const struct zta_audit_entry *action; /* ACTION, HEAD */
    const struct zta_response *response;  /* RESPONSE */
};

/*
 * The object and a line feed; texts are cut (ending in U+2026) until it fits. *len without the NUL.
 * ZTA_TOO_LARGE never happens to a record that was made from the store's and the ring's types.
 */
enum zta_status zta_log_line(const struct zta_log_record *record, enum zta_log_format format,
                             char out[ZTA_LOG_LINE_MAX], size_t *len) ZTA_MUST_CHECK;

/*
 * How many requests this one's line stands for where one in `every` allowed requests gets one; 0:
 * it gets none. What was refused, what monitoring would have refused and what raised risk is never
 * left out. Depends on the request's id alone, so that targets agree and a second reader does too.
 */
uint32_t zta_log_weight(const struct zta_event *event, uint32_t every);

#endif

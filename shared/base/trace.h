/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which trace a request belongs to: the header traceparent (W3C Trace Context level 1), read
 * strictly and written in version 00. What is malformed names no trace.
 */
#ifndef ZTA_BASE_TRACE_H
#define ZTA_BASE_TRACE_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define ZTA_TRACE_ID_SIZE   16
#define ZTA_SPAN_ID_SIZE    8
#define ZTA_TRACEPARENT_LEN 55
#define ZTA_TRACE_SAMPLED   1 /* whoever sends it may have recorded its part */
#define ZTA_TRACE_RANDOM    2 /* of level 2: goes on with the id it belongs to */

struct zta_trace {
    uint8_t id[ZTA_TRACE_ID_SIZE];    /* never zeros */
    uint8_t parent[ZTA_SPAN_ID_SIZE]; /* the span that sends the request, never zeros */
    uint8_t flags;                    /* of those above; others are dropped */
};

/*
 * ZTA_INVALID for another length or form than its version has, upper-case digits, version ff, ids
 * of zeros, and for two headers that were joined by a comma. Of a version above 00 the part that
 * it shares with 00 is read.
 */
enum zta_status zta_trace_parse(struct zta_text traceparent,
                                struct zta_trace *trace) ZTA_MUST_CHECK;
void zta_trace_print(const struct zta_trace *trace, char out[ZTA_TRACEPARENT_LEN + 1]);

#endif

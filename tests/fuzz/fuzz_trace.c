/* SPDX-License-Identifier: Apache-2.0 */
/* traceparent: what is read is written in version 00 and reads to the same. */
#include "shared/base/trace.h"

#include <string.h>

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zta_trace zeros;
    const struct zta_text text = {.data = (const char *)data, .len = size};
    struct zta_trace trace;
    struct zta_trace again;
    char out[ZTA_TRACEPARENT_LEN + 1];
    if (zta_trace_parse(text, &trace) != ZTA_OK) {
        return 0;
    }
    must(memcmp(trace.id, zeros.id, sizeof trace.id) != 0);
    must(memcmp(trace.parent, zeros.parent, sizeof trace.parent) != 0);
    must((trace.flags & ~(ZTA_TRACE_SAMPLED | ZTA_TRACE_RANDOM)) == 0);
    zta_trace_print(&trace, out);
    must(strlen(out) == ZTA_TRACEPARENT_LEN);
    must(memcmp(out + 3, data + 3, 50) == 0);
    must(zta_trace_parse(zta_text_of(out), &again) == ZTA_OK);
    must(memcmp(&again, &trace, sizeof trace) == 0);
    return 0;
}

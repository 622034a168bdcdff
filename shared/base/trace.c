/* SPDX-License-Identifier: Apache-2.0 */
/* version "-" trace-id "-" parent-id "-" trace-flags, all of them lower-case hex. */
#include "shared/base/trace.h"

#include <string.h>

enum {
    VERSION_AT = 0,
    ID_AT = 3,
    PARENT_AT = 36,
    FLAGS_AT = 53,
};

/* Value of each digit and one more, 0 of what is none; upper case is none here. */
static const uint8_t digits[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* Each request is read by this, twice. */
static bool read_hex(const char *from, uint8_t *out, size_t size)
{
    bool is_good = true;
    for (size_t i = 0; i < size; i++) {
        const unsigned high = digits[(unsigned char)from[2 * i]];
        const unsigned low = digits[(unsigned char)from[2 * i + 1]];
        is_good = is_good && high != 0 && low != 0;
        out[i] = (uint8_t)((high - 1) << 4 | ((low - 1) & 15));
    }
    return is_good;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

enum zta_status zta_trace_parse(struct zta_text traceparent, struct zta_trace *trace)
{
    const char *text = traceparent.data;
    struct zta_trace read;
    uint8_t version;
    if (zta_text_is_absent(traceparent) || traceparent.len < ZTA_TRACEPARENT_LEN ||
        text[ID_AT - 1] != '-' || text[PARENT_AT - 1] != '-' || text[FLAGS_AT - 1] != '-' ||
        !read_hex(text + VERSION_AT, &version, sizeof version) ||
        !read_hex(text + ID_AT, read.id, sizeof read.id) ||
        !read_hex(text + PARENT_AT, read.parent, sizeof read.parent) ||
        !read_hex(text + FLAGS_AT, &read.flags, sizeof read.flags)) {
        return ZTA_INVALID;
    }
    const bool has_more = traceparent.len > ZTA_TRACEPARENT_LEN;
    if (version == UINT8_MAX || (has_more && (version == 0 || text[ZTA_TRACEPARENT_LEN] != '-')) ||
        is_zero(read.id, sizeof read.id) || is_zero(read.parent, sizeof read.parent)) {
        return ZTA_INVALID;
    }
    read.flags &= ZTA_TRACE_SAMPLED | ZTA_TRACE_RANDOM;
    *trace = read;
    return ZTA_OK;
}

void zta_trace_print(const struct zta_trace *trace, char out[ZTA_TRACEPARENT_LEN + 1])
{
    memcpy(out, "00-", ID_AT);
    zta_hex_encode(trace->id, sizeof trace->id, out + ID_AT);
    out[PARENT_AT - 1] = '-';
    zta_hex_encode(trace->parent, sizeof trace->parent, out + PARENT_AT);
    out[FLAGS_AT - 1] = '-';
    zta_hex_encode(&trace->flags, sizeof trace->flags, out + FLAGS_AT);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Files of time zones: any bytes are a zone whose local time is bounded, or a fault. */
#include "shared/base/zone.h"

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    OFFSET_MAX_S = 26 * 3600,
};

static void look_at(const struct zta_zone *zone, int64_t time_s)
{
    const int32_t offset_s = zta_zone_offset_s(zone, time_s);
    must(offset_s > -OFFSET_MAX_S && offset_s < OFFSET_MAX_S);
    must(offset_s == zta_zone_offset_s(zone, time_s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zta_zone *zone = NULL;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_zone_read(data, size, &zone, &error);
    if (status != ZTA_OK) {
        must(zone == NULL && status == ZTA_CORRUPT && error.text[0] != '\0');
        return 0;
    }
    /* Through all years that clocks can show, and at both ends. */
    for (int64_t time_s = INT64_C(-62200000000); time_s < INT64_C(253500000000);
         time_s += INT64_C(987654321)) {
        look_at(zone, time_s);
    }
    for (int64_t time_s = INT64_C(1767225600); time_s < INT64_C(1798761600); time_s += 43200) {
        look_at(zone, time_s);
    }
    look_at(zone, INT64_MIN);
    look_at(zone, INT64_MAX);
    zta_zone_close(&zone);
    must(zone == NULL);
    return 0;
}

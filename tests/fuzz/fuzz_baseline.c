/* SPDX-License-Identifier: Apache-2.0 */
/* Records of baselines: what is read can be asked, taught and shown without leaving its bounds. */
#include "shared/store/baselines.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S INT64_C(1900022400)
#define DAY_S INT64_C(86400)

static void check_bounds(const struct zta_baseline *baseline)
{
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        const enum zta_habit habit = (enum zta_habit)i;
        const struct zta_habit_value *values = zta_baseline_values_of(baseline, habit);
        must(baseline->n_values[i] <= zta_baseline_room(habit));
        for (size_t v = 0; v < baseline->n_values[i]; v++) {
            must(memchr(values[v].label, '\0', sizeof values[v].label) != NULL);
            must(values[v].n_days <= ZTA_HABIT_DAYS_MAX);
        }
    }
    must(baseline->rate.n_minutes <= ZTA_RATE_MEMORY);
    must(zta_rate_limit(&baseline->rate) >= ZTA_RATE_FLOOR);
}

static void show(const struct zta_baseline *baseline)
{
    static const enum zta_habit shown[] = {ZTA_HABIT_NETWORK, ZTA_HABIT_COUNTRY};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        for (size_t v = 0; v < baseline->n_values[shown[i]]; v++) {
            char storage[64];
            struct zta_buffer out;
            zta_buffer_init(&out, storage, sizeof storage);
            zta_habit_value_print(shown[i], zta_baseline_values_of(baseline, shown[i])[v].value,
                                  &out);
            must(out.len > 0 && !out.is_overflowed);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zta_baseline baseline;
    uint8_t *record = malloc(size == 0 ? 1 : size);
    must(record != NULL);
    if (size > 0) {
        memcpy(record, data, size);
    }
    const enum zta_status status = zta_baseline_decode(record, size, &baseline);
    free(record);
    if (status != ZTA_OK) {
        must(status == ZTA_CORRUPT);
        return 0;
    }
    check_bounds(&baseline);
    show(&baseline);
    for (int64_t i = 0; i < 8; i++) {
        const struct zta_lesson lesson = {
            .facts = {.time_s = NOW_S + i * i * i * DAY_S,
                      .addr = {.bytes = {192, 0, (uint8_t)i}, .family = 4},
                      .asn = (uint32_t)i,
                      .country = ZTA_TEXT("CH"),
                      .device = ZTA_TEXT("laptop"),
                      .route = ZTA_TEXT("/orders"),
                      .agent = {.data = (const char *)data, .len = size}},
            .n_requests = i == 7 ? UINT32_MAX : 30,
            .is_allowed = i != 3,
        };
        (void)zta_baseline_learn(&baseline, &lesson);
        check_bounds(&baseline);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Records of risk: what is read can be scored, raised and written again without leaving bounds. */
#include "shared/store/risks.h"

#include <stdlib.h>
#include <string.h>

#include "shared/store/schema_risk.h"
#include "tests/fuzz/must.h"

#define NOW_S INT64_C(1900022400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_writes_the_same(const struct zta_risk_record *record, const uint8_t *data,
                                  size_t size)
{
    uint8_t out[ZTA_RISK_RECORD_MAX];
    must(zta_risk_record_encode(record, out, sizeof out) == size);
    must(memcmp(out, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times[] = {INT64_MIN, 0, NOW_S, INT64_MAX};
    struct zta_risk_record record;
    struct zta_risk_tuning tuning;
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    must(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (zta_risk_record_decode(copy, size, &record) == ZTA_OK) {
        check_writes_the_same(&record, copy, size);
        zta_risk_tuning_init(&tuning);
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            const uint8_t before = zta_risk_score(&record.risk, times[i]);
            must(before <= ZTA_RISK_SCORE_MAX);
            struct zta_risk risk = record.risk;
            (void)zta_risk_raise(&risk, &tuning, ZTA_RISK_NEW_DEVICE, 100, ZTA_TEXT("why"),
                                 times[i]);
            must(zta_risk_score(&risk, times[i]) <= ZTA_RISK_SCORE_MAX);
            (void)zta_risk_forget(&risk, times[i]);
            must(risk.n <= ZTA_N_RISK_SIGNALS);
        }
        (void)zta_travel_between(&record.places[ZTA_RISK_IPV4], &record.places[ZTA_RISK_IPV6]);
    }
    free(copy);
    return 0;
}

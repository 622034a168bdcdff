/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the baselines of N subjects into the store in DIR, those of the tokens that the benchmark
 * draws (tokens.py): as if each had sent the same requests from here for the last ten days.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/baselines.h"

#define DAYS           10
#define REQUESTS_A_DAY 20
#define DAY_S          INT64_C(86400)

static void need(enum zta_status status, const struct zta_error *error)
{
    if (status != ZTA_OK) {
        (void)fprintf(stderr, "fill_baselines: %s: %s\n", zta_status_text(status), error->text);
        exit(1);
    }
}

static void make_baseline(uint32_t i, int64_t now_s, struct zta_baseline *baseline)
{
    memset(baseline, 0, sizeof *baseline);
    (void)snprintf(baseline->issuer, sizeof baseline->issuer, "corp");
    (void)snprintf(baseline->subject, sizeof baseline->subject, "user-%07u", (unsigned)i);
    char device[32];
    (void)snprintf(device, sizeof device, "session-%07u", (unsigned)i);
    for (int64_t n = 0; n < (int64_t)DAYS * REQUESTS_A_DAY; n++) {
        const struct zta_lesson lesson = {
            .facts =
                {
                    .time_s = now_s - DAYS * DAY_S + n * (DAY_S / REQUESTS_A_DAY),
                    .addr = {.bytes = {127, 0, 0, 1}, .family = 4},
                    .country = ZTA_TEXT("CH"),
                    .device = zta_text_of(device),
                    .route = ZTA_TEXT("/"),
                    .agent = ZTA_TEXT("example-client/1.4 (linux; x86_64)"),
                },
            .n_requests = 1,
            .is_allowed = true,
        };
        (void)zta_baseline_learn(baseline, &lesson);
    }
}

int main(int argc, char **argv)
{
    struct zta_store *store = NULL;
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    const uint32_t n = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (n == 0) {
        (void)fprintf(stderr, "usage: fill_baselines DIR N\n");
        return 2;
    }
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    need(zta_store_open(argv[1], ZTA_STORE_HELPER, 0, &store, &error), &error);
    need(zta_change_begin(store, "benchmark", &change, &error), &error);
    for (uint32_t i = 0; i < n; i++) {
        struct zta_baseline baseline;
        make_baseline(i, now_s, &baseline);
        need(zta_baseline_put(change, &baseline), &error);
    }
    need(zta_change_commit(&change, &error), &error);
    zta_store_close(&store);
    return 0;
}

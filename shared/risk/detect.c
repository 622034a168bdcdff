/* SPDX-License-Identifier: Apache-2.0 */
/* Which detector looks at what, and what all of them share. */
#include "shared/risk/detect.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/base/clock.h"
#include "shared/risk/detect_priv.h"

bool zta_detect_window(int64_t *since_ns, int64_t window_s, int64_t now_ns)
{
    const bool is_over = *since_ns == 0 || now_ns - *since_ns >= window_s * ZTA_NS_PER_S ||
                         *since_ns - now_ns >= window_s * ZTA_NS_PER_S;
    if (is_over) {
        *since_ns = now_ns;
    }
    return is_over;
}

bool zta_detect_again(int64_t *found_ns, int64_t now_ns)
{
    return zta_detect_window(found_ns, ZTA_DETECT_AGAIN_S, now_ns);
}

void zta_detect_found(struct zta_findings *findings, enum zta_risk_signal signal, const char *fmt,
                      ...)
{
    if (findings->n == ZTA_FINDINGS_MAX) {
        return;
    }
    struct zta_finding *finding = &findings->items[findings->n++];
    finding->signal = signal;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(finding->evidence, sizeof finding->evidence, fmt, args);
    va_end(args);
}

void zta_sketch_add(struct zta_sketch *sketch, uint64_t hash)
{
    sketch->bits[hash >> 6 & 3] |= UINT64_C(1) << (hash & 63);
}

unsigned zta_sketch_count(const struct zta_sketch *sketch)
{
    unsigned n = 0;
    for (size_t i = 0; i < sizeof sketch->bits / sizeof sketch->bits[0]; i++) {
        n += (unsigned)__builtin_popcountll(sketch->bits[i]);
    }
    return n;
}

void zta_detect_session(struct zta_session_watch *watch, const struct zta_sighting *sighting,
                        struct zta_findings *findings)
{
    const unsigned traits = sighting->traits;
    if ((traits & ZTA_SIGHTING_ENTERED) != 0) {
        zta_detect_networks(&watch->networks, sighting, findings);
        zta_detect_missing(&watch->missing, sighting, findings);
        return;
    }
    const bool is_elsewhere = zta_detect_is_apart(&watch->networks.here, &sighting->place);
    if ((traits & ZTA_SIGHTING_REPLAYED) != 0) {
        zta_detect_proof(&watch->replays, ZTA_RISK_TOKEN_REPLAY, is_elsewhere, sighting, findings);
    }
    if ((traits & ZTA_SIGHTING_UNBOUND) != 0) {
        zta_detect_proof(&watch->bindings, ZTA_RISK_BINDING_FAILURE, is_elsewhere, sighting,
                         findings);
    }
}

void zta_detect_address(struct zta_address_watch *watch, const struct zta_sighting *sighting,
                        struct zta_findings *findings)
{
    zta_detect_accounts(&watch->accounts, sighting, findings);
    zta_detect_missing(&watch->missing, sighting, findings);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of possession that were used before or do not fit their token. A client that repeats a
 * request after a lost connection repeats its proof from where it is; from elsewhere one is enough.
 */
#include "shared/risk/detect_priv.h"

void zta_detect_proof(struct zta_proof_watch *watch, enum zta_risk_signal signal, bool is_elsewhere,
                      const struct zta_sighting *sighting, struct zta_findings *findings)
{
    if (zta_detect_window(&watch->since_ns, ZTA_PROOF_WINDOW_S, sighting->time_ns)) {
        watch->n = 0;
    }
    watch->n += sighting->n;
    if ((is_elsewhere || watch->n >= ZTA_PROOF_FAILURES) &&
        zta_detect_again(&watch->found_ns, sighting->time_ns)) {
        zta_detect_found(findings, signal, "%u in %d s%s", watch->n,
                         (int)((sighting->time_ns - watch->since_ns) / 1000000000),
                         is_elsewhere ? ", from another network" : "");
    }
}

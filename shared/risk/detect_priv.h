/* SPDX-License-Identifier: Apache-2.0 */
/* The single detectors, for detect.c, which knows which of them looks at what. */
#ifndef ZTA_RISK_DETECT_PRIV_H
#define ZTA_RISK_DETECT_PRIV_H

#include <stdbool.h>

#include "shared/base/status.h"
#include "shared/risk/detect.h"

/* Begins the window anew where it is over or a clock was set back. True: it began. */
bool zta_detect_window(int64_t *since_ns, int64_t window_s, int64_t now_ns);
/* Is it time to find it again? Notes that it was found now. */
bool zta_detect_again(int64_t *found_ns, int64_t now_ns);
void zta_detect_found(struct zta_findings *findings, enum zta_risk_signal signal, const char *fmt,
                      ...) ZTA_PRINTF(3, 4);

void zta_sketch_add(struct zta_sketch *sketch, uint64_t hash);
/* At least so many; near it below a hundred. */
unsigned zta_sketch_count(const struct zta_sketch *sketch);

void zta_detect_networks(struct zta_network_watch *watch, const struct zta_sighting *sighting,
                         struct zta_findings *findings);
/* Could nobody be in both at once, but with two devices or two people? */
bool zta_detect_is_apart(const struct zta_sighting_place *a, const struct zta_sighting_place *b);
void zta_detect_missing(struct zta_missing_watch *watch, const struct zta_sighting *sighting,
                        struct zta_findings *findings);
void zta_detect_accounts(struct zta_account_watch *watch, const struct zta_sighting *sighting,
                         struct zta_findings *findings);
/* is_elsewhere: it came from another network than the session is in. */
void zta_detect_proof(struct zta_proof_watch *watch, enum zta_risk_signal signal, bool is_elsewhere,
                      const struct zta_sighting *sighting, struct zta_findings *findings);

#endif

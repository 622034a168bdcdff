/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on a request: those of the rules in their two phases, and the built-in one on failed
 * verifications.
 */
#ifndef MOD_ZTA_THROTTLE_H
#define MOD_ZTA_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/request.h"

/* What limits say of one phase; the first that refuses, enforced and monitored apart. */
struct mod_zta_throttled {
    struct zta_verdict enforced; /* outcome allow when none refuses */
    struct zta_verdict monitored;
    char keys[ZTA_MISSING_MAX]; /* what the first that refuses counts by: "subject route" */
};

/* The limits of a phase that apply, before they are charged. */
struct mod_zta_limits {
    size_t n;
    size_t n_left_out; /* enforced ones that found no room */
    struct zta_limit_charge charges[ZTA_LIMIT_CHARGES_MAX];
};

/* Finds them, and begins to fetch their buckets. */
void mod_zta_throttle_find(const struct mod_zta_request *request, const struct zta_stance *stance,
                           int64_t now_s, enum zta_limit_phase phase,
                           struct mod_zta_limits *limits);
/*
 * Charges each that was not charged for this request before, and remembers the tightest for the
 * RateLimit fields.
 */
void mod_zta_throttle(struct mod_zta_request *request, const struct mod_zta_limits *limits,
                      struct mod_zta_throttled *result);

/*
 * True while this address has failed too often; a limit of zero is off. What is monitored counts by
 * itself: it must not refuse anything where limits are enforced.
 */
bool mod_zta_throttle_has_failed_too_often(struct mod_zta_request *request, enum zta_mode mode);
/* Charges a message of that transmitter; true when it has sent too many, whatever the address. */
bool mod_zta_throttle_transmitter(const struct mod_zta_request *request, struct zta_text name);
/* Notes one failed verification of this address. */
void mod_zta_throttle_note_failure(const struct mod_zta_request *request, enum zta_mode mode);

/* Charges a measure's rate for the whole address; true when it refuses. Modes count apart. */
bool mod_zta_throttle_addr(struct mod_zta_request *request, uint64_t count, uint64_t window_s,
                           enum zta_mode mode);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What an event records of stage 4: fixed width, no pointers, part of a ring slot. */
#ifndef ZTA_EVENT_RISK_H
#define ZTA_EVENT_RISK_H

#include <stdint.h>

#define ZTA_EVENT_RAISED_MAX 8

/* What became of the possession that a genuine token asks for. */
enum zta_event_proof {
    ZTA_PROOF_UNASKED = 0, /* or shown */
    ZTA_PROOF_FAILED,
    ZTA_PROOF_REPLAYED, /* it was used before */
};

/* A factor of risk that this request raised (shared/risk/recorded.h). */
struct zta_event_raised {
    uint8_t signal; /* enum zta_risk_signal */
    uint8_t weight;
    uint8_t floor;
    uint8_t owners; /* set of enum zta_risk_kept_for: whose record has it now; by the observer */
    uint32_t half_life_s; /* 0: it counted for this request alone */
    uint32_t since_s;     /* so long before this request it began to count */
};

/* Of stage 4. Zeroed where no risk was judged, but for what is known anyway: place and WAF. */
struct zta_event_risk {
    int64_t newest_s; /* these four as in struct zta_risk_facts */
    uint32_t signals;
    uint8_t score;
    uint8_t threat;
    uint16_t waf;     /* score of a web application firewall; 0: none */
    int16_t latitude; /* of struct zta_coordinates */
    int16_t longitude;
    uint16_t radius_km;
    uint8_t n_raised;
    uint8_t proof; /* enum zta_event_proof; for the observer: the compact form leaves it out */
    struct zta_event_raised raised[ZTA_EVENT_RAISED_MAX];
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recorded request as detectors look at it: what happened, from where, and nothing that a
 * client can name freely but as a hash. Made once from an event, for all detectors.
 */
#ifndef ZTA_RISK_SIGHTING_H
#define ZTA_RISK_SIGHTING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/event.h"
#include "shared/risk/baseline.h"

enum zta_sighting_trait {
    ZTA_SIGHTING_ENTERED = 1,   /* an identity was verified and entered */
    ZTA_SIGHTING_SESSION = 2,   /* of a known session, entered or not */
    ZTA_SIGHTING_ALLOWED = 4,   /* and let in */
    ZTA_SIGHTING_FAILED = 8,    /* the credential was not accepted as anybody's */
    ZTA_SIGHTING_MISSING = 16,  /* the answer was 403 or 404 */
    ZTA_SIGHTING_REPLAYED = 32, /* its proof of possession was used before */
    ZTA_SIGHTING_UNBOUND = 64,  /* a genuine token without what it is bound to */
};

/* Where it came from; what is 0 is unknown. */
struct zta_sighting_place {
    uint64_t network; /* /24 or /48, with its family */
    uint32_t system;  /* autonomous system */
    uint16_t country;
    bool is_known_usual; /* the network, for the subject */
    bool is_usual_known;
};

struct zta_sighting {
    int64_t time_ns;
    uint32_t n;      /* requests alike, itself included */
    unsigned traits; /* set of enum zta_sighting_trait */
    struct zta_sighting_place place;
    uint64_t path;    /* of MISSING alone */
    uint64_t account; /* whoever it was or claimed to be; 0: unknown */
};

/*
 * baseline: of its subject, with this event learned; NULL: none. False when its place asks for
 * nothing of risk: detectors are not to see it.
 */
bool zta_sighting_make(const struct zta_event *event, uint32_t n,
                       const struct zta_baseline *baseline, struct zta_sighting *sighting);

#endif

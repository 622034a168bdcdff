/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How threatened the whole server is, by what its requests come to: refusals, failed credentials,
 * errors and slowness of back ends. Pure, under the requests' own clock. It rises when two periods
 * in a row say so, and falls by one step after ZTA_THREAT_CALM_S without one that says it still:
 * what lies between both thresholds changes nothing.
 *
 * Credentials that were not accepted are what anybody can send: alone they raise it by one step.
 */
#ifndef ZTA_RISK_THREAT_H
#define ZTA_RISK_THREAT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/risk_signals.h"

#define ZTA_THREAT_PERIOD_S 10
#define ZTA_THREAT_CALM_S   60
/* Requests of a period that say anything. */
#define ZTA_THREAT_REQUESTS 50

/* What one request adds. */
struct zta_threat_sighting {
    int64_t time_s;
    bool is_verified;
    bool is_denied;       /* a verified request that was refused for what it asked for */
    bool is_failed;       /* a credential that was not accepted */
    bool is_server_error; /* of the back end */
    uint32_t latency_us;
};

struct zta_threat_period {
    uint32_t n_all;
    uint32_t n_verified;
    uint32_t n_denied;
    uint32_t n_failed;
    uint32_t n_errors;
    uint32_t n_slow[ZTA_N_THREAT_LEVELS]; /* slower than the level's latency */
};

struct zta_threat {
    int64_t period;               /* number of the one that is counted */
    struct zta_threat_period now; /* it */
    enum zta_threat_level level;
    enum zta_threat_level before; /* what the period before said */
    int64_t said_s;               /* when a period last said the level, or nearly so */
    char reason[96];              /* of the level; "" at normal */
};

/* True when the level changed. */
bool zta_threat_count(struct zta_threat *threat, const struct zta_threat_sighting *sighting);
/* Without requests a level falls, too. True when it did. */
bool zta_threat_look(struct zta_threat *threat, int64_t now_s);

#endif

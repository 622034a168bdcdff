/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of continuous risk: signals and threat levels. Read-only, shared by rules, score,
 * detectors and what shows them.
 */
#ifndef ZTA_RISK_SIGNALS_H
#define ZTA_RISK_SIGNALS_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

enum zta_risk_signal {
#define ZTA_RISK_SIGNAL(upper, name, weight, half_life_s, seen_by, kept_for, traits, text)         \
    ZTA_RISK_##upper,
#include "shared/risk_signals.def"
    ZTA_N_RISK_SIGNALS
};
_Static_assert(ZTA_N_RISK_SIGNALS <= 32, "a set of signals is 32 bits");

enum zta_risk_seen_by {
    ZTA_RISK_SEEN_BY_REQUEST = 0,
    ZTA_RISK_SEEN_BY_OBSERVER,
    ZTA_RISK_SEEN_BY_OUTSIDE,
};

enum zta_risk_kept_for {
    ZTA_RISK_KEPT_FOR_SESSION = 1,
    ZTA_RISK_KEPT_FOR_ADDRESS = 2,
    ZTA_RISK_KEPT_FOR_BOTH = 3,
};

enum zta_risk_trait {
    ZTA_RISK_CHOSEN = 1, /* raised only where a `signal` rule has a `when` that holds */
    ZTA_RISK_SCALED = 2, /* its weight is the most; who raises it says how much of it */
};

struct zta_risk_signal_info {
    const char *name;
    uint8_t weight;       /* points, 1 to 100 */
    uint32_t half_life_s; /* 0: counts for the request that shows it alone */
    enum zta_risk_seen_by seen_by;
    enum zta_risk_kept_for kept_for;
    unsigned traits; /* set of enum zta_risk_trait */
    const char *text;
};

/* NULL beyond the table. */
const struct zta_risk_signal_info *zta_risk_signal_info(unsigned signal);
/* By exact name; ZTA_NOT_FOUND otherwise. */
enum zta_status zta_risk_signal_find(struct zta_text name,
                                     enum zta_risk_signal *signal) ZTA_MUST_CHECK;

/* How threatened the whole server is; ordered. */
enum zta_threat_level {
    ZTA_THREAT_NORMAL = 0,
    ZTA_THREAT_ELEVATED,
    ZTA_THREAT_HIGH,
    ZTA_THREAT_CRITICAL,
    ZTA_N_THREAT_LEVELS
};

/* "elevated"; NULL beyond the enum. */
const char *zta_threat_level_name(enum zta_threat_level level);
enum zta_status zta_threat_level_parse(struct zta_text text,
                                       enum zta_threat_level *level) ZTA_MUST_CHECK;

/* What stage 4 knows of one request when rules judge it. */
struct zta_risk_facts {
    uint8_t score;    /* 0..100: of its session, with what this very request adds */
    uint32_t signals; /* set of 1u << enum zta_risk_signal: of session, address and request */
    int64_t newest_s; /* when the newest factor of what is kept was raised; 0: none, as with what
                         counts for its own request alone: no login remedies that */
    enum zta_threat_level threat;
};

#endif

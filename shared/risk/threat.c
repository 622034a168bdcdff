/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of a period against the thresholds of each level. */
#include "shared/risk/threat.h"

#include <stdio.h>
#include <string.h>

/* From which share, in percent, a level is said; and a tail of 5 % slower than this. */
static const struct {
    unsigned denied; /* of verified requests */
    unsigned failed; /* of all; 0: never says this level */
    unsigned errors;
    uint32_t latency_us;
} levels[ZTA_N_THREAT_LEVELS] = {
    [ZTA_THREAT_ELEVATED] = {.denied = 20, .failed = 30, .errors = 10, .latency_us = 2000000},
    [ZTA_THREAT_HIGH] = {.denied = 40, .errors = 25, .latency_us = 5000000},
    [ZTA_THREAT_CRITICAL] = {.denied = 70, .errors = 50, .latency_us = 10000000},
};
#define SLOW_PERCENT 5
/* A level is kept up by two thirds of what says it. */
#define KEEP_NUMERATOR   2
#define KEEP_DENOMINATOR 3

static bool is_over(uint32_t n, uint32_t of, unsigned percent, bool keeps)
{
    const uint64_t scale = keeps ? KEEP_DENOMINATOR : 1;
    const uint64_t share = keeps ? KEEP_NUMERATOR : 1;
    return percent > 0 && of >= ZTA_THREAT_REQUESTS &&
           (uint64_t)n * 100 * scale >= (uint64_t)of * percent * share;
}

/* What a period says of a level; NULL: not that it is so. */
static const char *says(const struct zta_threat_period *period, enum zta_threat_level level,
                        bool keeps)
{
    if (is_over(period->n_errors, period->n_all, levels[level].errors, keeps)) {
        return "errors of back ends";
    }
    if (is_over(period->n_slow[level], period->n_all, SLOW_PERCENT, keeps)) {
        return "slow back ends";
    }
    if (is_over(period->n_denied, period->n_verified, levels[level].denied, keeps)) {
        return "refused requests";
    }
    if (is_over(period->n_failed, period->n_all, levels[level].failed, keeps)) {
        return "credentials that were not accepted";
    }
    return NULL;
}

static enum zta_threat_level level_of(const struct zta_threat_period *period)
{
    enum zta_threat_level level = ZTA_THREAT_NORMAL;
    for (unsigned i = ZTA_THREAT_ELEVATED; i < ZTA_N_THREAT_LEVELS; i++) {
        if (says(period, (enum zta_threat_level)i, false) != NULL) {
            level = (enum zta_threat_level)i;
        }
    }
    return level;
}

static void set_level(struct zta_threat *threat, enum zta_threat_level level)
{
    const char *why = says(&threat->now, level, false);
    threat->level = level;
    threat->reason[0] = '\0';
    if (level != ZTA_THREAT_NORMAL) {
        (void)snprintf(threat->reason, sizeof threat->reason, "%s",
                       why != NULL ? why : "falling back step by step");
    }
}

static int64_t end_of(const struct zta_threat *threat)
{
    return (threat->period + 1) * ZTA_THREAT_PERIOD_S;
}

/* The counted period is over. */
static bool close_period(struct zta_threat *threat)
{
    const enum zta_threat_level said = level_of(&threat->now);
    const enum zta_threat_level both = said < threat->before ? said : threat->before;
    const enum zta_threat_level level = threat->level;
    if (both > threat->level) {
        set_level(threat, both);
        threat->said_s = end_of(threat);
    }
    else if (level != ZTA_THREAT_NORMAL && says(&threat->now, level, true) != NULL) {
        threat->said_s = end_of(threat);
    }
    threat->before = said;
    memset(&threat->now, 0, sizeof threat->now);
    return threat->level != level;
}

static bool fall(struct zta_threat *threat, int64_t now_s)
{
    if (threat->level == ZTA_THREAT_NORMAL || now_s - threat->said_s < ZTA_THREAT_CALM_S) {
        return false;
    }
    set_level(threat, threat->level - 1);
    threat->said_s = now_s;
    return true;
}

bool zta_threat_look(struct zta_threat *threat, int64_t now_s)
{
    bool has_changed = false;
    if (now_s / ZTA_THREAT_PERIOD_S > threat->period) {
        has_changed = close_period(threat);
        if (now_s / ZTA_THREAT_PERIOD_S > threat->period + 1) {
            threat->before = ZTA_THREAT_NORMAL; /* a period without requests lay between */
        }
        threat->period = now_s / ZTA_THREAT_PERIOD_S;
    }
    else if (now_s / ZTA_THREAT_PERIOD_S < threat->period - ZTA_THREAT_CALM_S) {
        /* The clock was set back. */
        threat->period = now_s / ZTA_THREAT_PERIOD_S;
        threat->said_s = now_s;
    }
    return fall(threat, now_s) || has_changed;
}

bool zta_threat_count(struct zta_threat *threat, const struct zta_threat_sighting *sighting)
{
    const bool has_changed = zta_threat_look(threat, sighting->time_s);
    struct zta_threat_period *now = &threat->now;
    now->n_all++;
    now->n_verified += sighting->is_verified;
    now->n_denied += sighting->is_verified && sighting->is_denied;
    now->n_failed += sighting->is_failed;
    now->n_errors += sighting->is_server_error;
    for (unsigned i = ZTA_THREAT_ELEVATED; i < ZTA_N_THREAT_LEVELS; i++) {
        now->n_slow[i] += sighting->latency_us > levels[i].latency_us;
    }
    return has_changed;
}

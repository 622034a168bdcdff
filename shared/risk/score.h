/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How risky a session or an address is: itemised factors that decay, and the score they come to.
 * Pure and exact: integers alone, the clock is the caller's, the order in which factors were
 * raised does not matter. So what is rebuilt from recorded events equals what was judged by.
 *
 * A factor is worth weight * 2^(-age / half-life) points; several come to
 * 100 * (1 - product of (1 - points / 100)) (noisy-or), at least the highest floor that has not
 * ended. A clock that steps back makes nothing younger than new.
 */
#ifndef ZTA_RISK_SCORE_H
#define ZTA_RISK_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/risk_signals.h"

#define ZTA_RISK_EVIDENCE_MAX 48
#define ZTA_RISK_SCORE_MAX    100

struct zta_risk_factor {
    enum zta_risk_signal signal;
    uint8_t weight;                       /* points when it was raised, 1 to 100 */
    uint8_t floor;                        /* the score is at least this until ends_s; 0: none */
    uint32_t half_life_s;                 /* 0: worth nothing behind its own request */
    int64_t raised_s;                     /* real time */
    int64_t ends_s;                       /* of the floor; 0: none */
    uint32_t n_raised;                    /* how often, stays at its greatest */
    char evidence[ZTA_RISK_EVIDENCE_MAX]; /* "FR, 5837 km in 20 min"; of the last time */
};

/* One factor a signal: raised again it is as new, and never worth less than what was left. */
struct zta_risk {
    uint8_t n;
    struct zta_risk_factor factors[ZTA_N_RISK_SIGNALS];
};

/* What rules make of the table: defaults, changed by `signal` rules. */
struct zta_risk_tuning {
    struct {
        uint8_t weight; /* 0: muted */
        uint8_t floor;
        uint32_t half_life_s;
        bool is_admitted; /* false: its `when` does not hold, or it is CHOSEN and nobody did */
    } signals[ZTA_N_RISK_SIGNALS];
};

/* The table's own values; what is CHOSEN is not admitted. */
void zta_risk_tuning_init(struct zta_risk_tuning *tuning);

/* Points of one factor in 1/65536, decayed; 0 behind 32 half-lives. */
uint32_t zta_risk_points_q16(const struct zta_risk_factor *factor, int64_t now_s);
/* 0..100, rounded half up. NULL or empty: 0. */
uint8_t zta_risk_score(const struct zta_risk *risk, int64_t now_s);
/*
 * Raises one factor, by share of its weight in percent (100 but for SCALED signals). Nothing for
 * what is muted, not admitted or of half-life 0 without a floor. True when the score changed.
 */
bool zta_risk_raise(struct zta_risk *risk, const struct zta_risk_tuning *tuning,
                    enum zta_risk_signal signal, unsigned share, const char *evidence,
                    int64_t now_s);
/* Removes what is worth nothing any more; true when something was. */
bool zta_risk_forget(struct zta_risk *risk, int64_t now_s);
/* Ends one signal at once, floor and all: its reason is gone. */
bool zta_risk_lower(struct zta_risk *risk, enum zta_risk_signal signal);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How risky a session or an address is: itemised factors that decay, and the score they come to.
 * Pure and exact: integers alone, the clock is the caller's, the order in which factors were
 * raised does not matter. So what is rebuilt from recorded events equals what was judged by.
 *
 * A factor is worth weight * 2^(-age / half-life) points, and nothing below ZTA_RISK_LEAST_Q16;
 * several come to 100 * (1 - product of (1 - points / 100)) (noisy-or), at least the highest
 * floor that has not ended. A clock that steps back makes nothing younger than new.
 */
#ifndef ZTA_RISK_SCORE_H
#define ZTA_RISK_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/risk_signals.h"

#define ZTA_RISK_EVIDENCE_MAX 48
#define ZTA_RISK_SCORE_MAX    100
/* A quarter of a point: what is left of a factor counts no more. */
#define ZTA_RISK_LEAST_Q16 (UINT32_C(65536) / 4)
/* What is raised again for another reason within that time is the same news. */
#define ZTA_RISK_NEWS_S 60

struct zta_risk_factor {
    enum zta_risk_signal signal;
    uint8_t weight;                       /* points when it was raised, 1 to 100 */
    uint8_t floor;                        /* the score is at least this; 0: none */
    uint32_t half_life_s;                 /* 0: worth nothing behind its own request */
    int64_t raised_s;                     /* real time */
    int64_t ends_s;                       /* of the floor; 0: when the factor is worth nothing */
    uint32_t n_raised;                    /* how often, stays at its greatest */
    char evidence[ZTA_RISK_EVIDENCE_MAX]; /* "FR, 5837 km in 20 min"; of what counts */
};

/* One factor a signal, ascending by signal. */
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
extern const struct zta_risk_tuning zta_risk_tuning_default;
void zta_risk_tuning_init(struct zta_risk_tuning *tuning);

/* Points of one factor in 1/65536, decayed; 0 below ZTA_RISK_LEAST_Q16. */
uint32_t zta_risk_points_q16(const struct zta_risk_factor *factor, int64_t now_s);
/* 0..100, rounded half up. NULL or empty: 0. */
uint8_t zta_risk_score(const struct zta_risk *risk, int64_t now_s);
/* Of a score: 0 below 25, 1 from 25, 2 from 50, 3 from 75, 4 from 90 on (risk levels of OCSF). */
unsigned zta_risk_level(unsigned score);
/* "info" "low" "medium" "high" "critical". */
const char *zta_risk_level_name(unsigned level);
/* Set of 1u << signal of what is worth anything or holds the score up; NULL: none. */
uint32_t zta_risk_signals(const struct zta_risk *risk, int64_t now_s);
/* When the newest of these that are kept was raised; 0: none. */
int64_t zta_risk_newest_s(const struct zta_risk *risk, int64_t now_s);
/* NULL when there is none. */
const struct zta_risk_factor *zta_risk_find(const struct zta_risk *risk,
                                            enum zta_risk_signal signal);

/*
 * What raising a signal comes to, by share of its weight in percent (100 but for SCALED signals).
 * False, and nothing set, for what is muted or not admitted. Evidence is set as below.
 */
bool zta_risk_factor_make(const struct zta_risk_tuning *tuning, enum zta_risk_signal signal,
                          unsigned share, struct zta_text evidence, int64_t now_s,
                          struct zta_risk_factor *factor);
/* Sets its evidence: cut to its room, with '?' for what cannot be printed. */
void zta_risk_evidence_set(struct zta_risk_factor *factor, struct zta_text evidence);
/*
 * Joins a factor: of two of one signal the one that is worth more stands, the later one of equals;
 * a floor stays up until its own end. So being raised again is as new and never lowers. True when
 * the new one stands.
 */
bool zta_risk_put(struct zta_risk *risk, const struct zta_risk_factor *factor);
/*
 * Joins what others know of the same, for a question at now_s: of two of one signal the one that is
 * worth more then, with the greater floor that holds. The score is never less for it, whatever they
 * say; the order of several does not matter.
 */
void zta_risk_join(struct zta_risk *risk, const struct zta_risk *more, int64_t now_s);
/* What others know, joined: newest_s is the latest zta_risk_newest_s of any. */
struct zta_risk_others {
    struct zta_risk risk;
    int64_t newest_s;
};
/* Makes and joins; nothing for a half-life of 0, which counts for its own request alone. */
bool zta_risk_raise(struct zta_risk *risk, const struct zta_risk_tuning *tuning,
                    enum zta_risk_signal signal, unsigned share, struct zta_text evidence,
                    int64_t now_s);
/*
 * Does a factor tell anything that risk does not say already? Not while its signal stands there
 * for the same reason and has not lost half, nor for another reason within ZTA_RISK_NEWS_S. So
 * what lasts is raised once a half-life, not with each request.
 */
bool zta_risk_is_news(const struct zta_risk *risk, const struct zta_risk_factor *factor);
/* Removes what is worth nothing any more; true when something was. */
bool zta_risk_forget(struct zta_risk *risk, int64_t now_s);
/* Ends one signal at once, floor and all: its reason is gone. */
bool zta_risk_lower(struct zta_risk *risk, enum zta_risk_signal signal);

#endif

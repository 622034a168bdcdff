/* SPDX-License-Identifier: Apache-2.0 */
/* Factors in fixed point: decay by a table, noisy-or with one rounding a factor. */
#include "shared/risk/score.h"

#include <string.h>

/* 2^(-k/64) in 1/2^30: exact at whole half-lives, straight lines between the steps. */
#define DECAY_STEPS 64
static const uint32_t decay_q30[DECAY_STEPS + 1] = {
    1073741824, 1062175491, 1050733751, 1039415261, 1028218693, 1017142735, 1006186087, 995347464,
    984625594,  974019220,  963527098,  953147997,  942880699,  932724001,  922676710,  912737649,
    902905651,  893179563,  883558244,  874040567,  864625413,  855311680,  846098274,  836984114,
    827968132,  819049271,  810226483,  801498734,  792865000,  784324269,  775875538,  767517817,
    759250125,  751071493,  742980960,  734977579,  727060411,  719228525,  711481005,  703816941,
    696235434,  688735596,  681316545,  673977412,  666717336,  659535466,  652430958,  645402981,
    638450708,  631573326,  624770026,  618040012,  611382493,  604796689,  598281827,  591837143,
    585461881,  579155293,  572916640,  566745190,  560640218,  554601009,  548626854,  542717053,
    536870912,
};
#define Q30_TO_Q16 14

/* A weight has 7 bits: behind so many halvings a factor is worth less than 2^-16 points. */
#define HALVINGS_MAX 23

#define FULL_Q16 (UINT64_C(65536) * ZTA_RISK_SCORE_MAX)
#define ONE_Q32  (UINT64_C(1) << 32)

const struct zta_risk_tuning zta_risk_tuning_default = {
    .signals =
        {
#define ZTA_RISK_SIGNAL(upper, name, points, half, seen_by, kept_for, traits, text)                \
    [ZTA_RISK_##upper] = {.weight = (points),                                                      \
                          .half_life_s = (half),                                                   \
                          .is_admitted = ((traits)&ZTA_RISK_CHOSEN) == 0},
#include "shared/risk_signals.def"
        },
};

void zta_risk_tuning_init(struct zta_risk_tuning *tuning)
{
    *tuning = zta_risk_tuning_default;
}

/* Seconds since then, 0 when the clock stepped back; any two times are far enough apart for it. */
static uint64_t age_s(int64_t raised_s, int64_t now_s)
{
    return now_s > raised_s ? (uint64_t)now_s - (uint64_t)raised_s : 0;
}

uint32_t zta_risk_points_q16(const struct zta_risk_factor *factor, int64_t now_s)
{
    const uint64_t age = age_s(factor->raised_s, now_s);
    const uint64_t half_life = factor->half_life_s;
    uint64_t weight = factor->weight < ZTA_RISK_SCORE_MAX ? factor->weight : ZTA_RISK_SCORE_MAX;
    if (half_life == 0) {
        return age == 0 ? (uint32_t)(weight << 16) : 0;
    }
    const uint64_t halvings = age / half_life;
    if (halvings > HALVINGS_MAX) {
        return 0;
    }
    const uint64_t part_q16 = ((age % half_life) << 16) / half_life;
    const size_t step = (size_t)(part_q16 / (65536 / DECAY_STEPS));
    const uint64_t beyond = part_q16 % (65536 / DECAY_STEPS);
    const uint64_t fall = decay_q30[step] - decay_q30[step + 1];
    const uint64_t left_q30 = decay_q30[step] - fall * beyond / (65536 / DECAY_STEPS);
    const uint64_t points = (weight * left_q30) >> (Q30_TO_Q16 + halvings);
    return points >= ZTA_RISK_LEAST_Q16 ? (uint32_t)points : 0;
}

static bool has_floor(const struct zta_risk_factor *factor, int64_t now_s)
{
    if (factor->floor == 0) {
        return false;
    }
    return factor->ends_s != 0 ? now_s < factor->ends_s : zta_risk_points_q16(factor, now_s) > 0;
}

uint8_t zta_risk_score(const struct zta_risk *risk, int64_t now_s)
{
    uint64_t rest_q32 = ONE_Q32;
    uint64_t floor = 0;
    for (size_t i = 0; risk != NULL && i < risk->n; i++) {
        const struct zta_risk_factor *factor = &risk->factors[i];
        const uint64_t points = zta_risk_points_q16(factor, now_s);
        /* In the one order of the factors, so that what is cut off here is always the same. */
        rest_q32 = rest_q32 * (FULL_Q16 - points) / FULL_Q16;
        if (has_floor(factor, now_s) && factor->floor > floor) {
            floor = factor->floor;
        }
    }
    uint64_t score = ((ONE_Q32 - rest_q32) * ZTA_RISK_SCORE_MAX + ONE_Q32 / 2) / ONE_Q32;
    score = score > floor ? score : floor;
    return (uint8_t)(score < ZTA_RISK_SCORE_MAX ? score : ZTA_RISK_SCORE_MAX);
}

static bool counts(const struct zta_risk_factor *factor, int64_t now_s)
{
    return zta_risk_points_q16(factor, now_s) > 0 || has_floor(factor, now_s);
}

unsigned zta_risk_level(unsigned score)
{
    static const uint8_t least[] = {25, 50, 75, 90};
    unsigned level = 0;
    while (level < sizeof least && score >= least[level]) {
        level++;
    }
    return level;
}

const char *zta_risk_level_name(unsigned level)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    return names[level < sizeof names / sizeof names[0] ? level : 0];
}

uint32_t zta_risk_signals(const struct zta_risk *risk, int64_t now_s)
{
    uint32_t set = 0;
    for (size_t i = 0; risk != NULL && i < risk->n; i++) {
        if (counts(&risk->factors[i], now_s)) {
            set |= UINT32_C(1) << risk->factors[i].signal;
        }
    }
    return set;
}

int64_t zta_risk_newest_s(const struct zta_risk *risk, int64_t now_s)
{
    int64_t newest = 0;
    for (size_t i = 0; risk != NULL && i < risk->n; i++) {
        const struct zta_risk_factor *factor = &risk->factors[i];
        if (factor->half_life_s > 0 && factor->raised_s > newest && counts(factor, now_s)) {
            newest = factor->raised_s;
        }
    }
    return newest;
}

/* Where the signal stands or belongs. */
static size_t place_of(const struct zta_risk *risk, enum zta_risk_signal signal)
{
    size_t i = 0;
    while (i < risk->n && risk->factors[i].signal < signal) {
        i++;
    }
    return i;
}

const struct zta_risk_factor *zta_risk_find(const struct zta_risk *risk,
                                            enum zta_risk_signal signal)
{
    const size_t i = place_of(risk, signal);
    return i < risk->n && risk->factors[i].signal == signal ? &risk->factors[i] : NULL;
}

void zta_risk_evidence_set(struct zta_risk_factor *factor, struct zta_text evidence)
{
    size_t len = evidence.len;
    if (len >= sizeof factor->evidence) {
        len = sizeof factor->evidence - 1;
    }
    memset(factor->evidence, 0, sizeof factor->evidence);
    for (size_t i = 0; i < len; i++) {
        const char c = evidence.data[i];
        factor->evidence[i] = c;
        if (c < ' ' || c > '~') {
            factor->evidence[i] = '?';
        }
    }
}

bool zta_risk_factor_make(const struct zta_risk_tuning *tuning, enum zta_risk_signal signal,
                          unsigned share, struct zta_text evidence, int64_t now_s,
                          struct zta_risk_factor *factor)
{
    if ((unsigned)signal >= ZTA_N_RISK_SIGNALS || !tuning->signals[signal].is_admitted) {
        return false;
    }
    const unsigned part = share < 100 ? share : 100;
    const unsigned weight = (tuning->signals[signal].weight * part + 50) / 100;
    if (weight == 0) {
        return false;
    }
    const unsigned floor = tuning->signals[signal].floor;
    *factor = (struct zta_risk_factor){
        .signal = signal,
        .weight = (uint8_t)(weight < ZTA_RISK_SCORE_MAX ? weight : ZTA_RISK_SCORE_MAX),
        .floor = (uint8_t)(floor < ZTA_RISK_SCORE_MAX ? floor : ZTA_RISK_SCORE_MAX),
        .half_life_s = tuning->signals[signal].half_life_s,
        .raised_s = now_s,
        .n_raised = 1,
    };
    zta_risk_evidence_set(factor, evidence);
    return true;
}

/* Is b worth at least as much as a, seen from when both were there? */
static bool stands_before(const struct zta_risk_factor *b, const struct zta_risk_factor *a)
{
    const int64_t then_s = a->raised_s > b->raised_s ? a->raised_s : b->raised_s;
    const uint32_t points_a = zta_risk_points_q16(a, then_s);
    const uint32_t points_b = zta_risk_points_q16(b, then_s);
    return points_b != points_a ? points_b > points_a : b->raised_s >= a->raised_s;
}

/* The end of a floor as a number that can be compared. */
static int64_t floor_end(const struct zta_risk_factor *factor)
{
    return factor->ends_s != 0 ? factor->ends_s : INT64_MIN;
}

/* What the one that stands takes over from the other one. */
static void take_over(struct zta_risk_factor *stands, const struct zta_risk_factor *other)
{
    const uint64_t n = (uint64_t)stands->n_raised + other->n_raised;
    stands->n_raised = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    const int64_t then_s = stands->raised_s > other->raised_s ? stands->raised_s : other->raised_s;
    if (!has_floor(other, then_s)) {
        return;
    }
    if (other->floor > stands->floor) {
        stands->floor = other->floor;
    }
    if (floor_end(other) > floor_end(stands)) {
        stands->ends_s = other->ends_s;
    }
}

bool zta_risk_put(struct zta_risk *risk, const struct zta_risk_factor *factor)
{
    if ((unsigned)factor->signal >= ZTA_N_RISK_SIGNALS) {
        return false;
    }
    const size_t at = place_of(risk, factor->signal);
    struct zta_risk_factor *there = &risk->factors[at];
    if (at == risk->n || there->signal != factor->signal) {
        memmove(there + 1, there, (risk->n - at) * sizeof *there);
        *there = *factor;
        risk->n++;
        return true;
    }
    if (!stands_before(factor, there)) {
        take_over(there, factor);
        return false;
    }
    struct zta_risk_factor joined = *factor;
    take_over(&joined, there);
    *there = joined;
    return true;
}

/* The greater floor of both that holds, and an end with which it does. */
static void join_floor(const struct zta_risk_factor *from, int64_t now_s,
                       struct zta_risk_factor *joined)
{
    if (!has_floor(from, now_s)) {
        return;
    }
    if (from->floor > joined->floor) {
        joined->floor = from->floor;
    }
    if (from->ends_s > joined->ends_s) {
        joined->ends_s = from->ends_s;
    }
}

void zta_risk_join(struct zta_risk *risk, const struct zta_risk *more, int64_t now_s)
{
    for (size_t i = 0; i < more->n; i++) {
        const struct zta_risk_factor *factor = &more->factors[i];
        const size_t at = place_of(risk, factor->signal);
        struct zta_risk_factor *there = &risk->factors[at];
        if (!counts(factor, now_s)) {
            continue;
        }
        if (at == risk->n || there->signal != factor->signal) {
            memmove(there + 1, there, (risk->n - at) * sizeof *there);
            *there = *factor;
            risk->n++;
            continue;
        }
        const bool is_more = zta_risk_points_q16(factor, now_s) > zta_risk_points_q16(there, now_s);
        struct zta_risk_factor joined = is_more ? *factor : *there;
        joined.floor = 0;
        joined.ends_s = 0;
        join_floor(there, now_s, &joined);
        join_floor(factor, now_s, &joined);
        *there = joined;
    }
}

bool zta_risk_raise(struct zta_risk *risk, const struct zta_risk_tuning *tuning,
                    enum zta_risk_signal signal, unsigned share, struct zta_text evidence,
                    int64_t now_s)
{
    struct zta_risk_factor factor;
    return zta_risk_factor_make(tuning, signal, share, evidence, now_s, &factor) &&
           factor.half_life_s > 0 && zta_risk_put(risk, &factor);
}

bool zta_risk_is_news(const struct zta_risk *risk, const struct zta_risk_factor *factor)
{
    const struct zta_risk_factor *there = zta_risk_find(risk, factor->signal);
    if (there == NULL || factor->weight > there->weight || factor->floor > there->floor) {
        return true;
    }
    const uint64_t age = age_s(there->raised_s, factor->raised_s);
    if (strcmp(there->evidence, factor->evidence) != 0) {
        return age >= ZTA_RISK_NEWS_S;
    }
    return age >= there->half_life_s;
}

static void remove_at(struct zta_risk *risk, size_t i)
{
    struct zta_risk_factor *at = &risk->factors[i];
    memmove(at, at + 1, (risk->n - i - 1U) * sizeof *at);
    risk->n--;
}

bool zta_risk_forget(struct zta_risk *risk, int64_t now_s)
{
    const uint8_t n = risk->n;
    size_t i = 0;
    while (i < risk->n) {
        if (counts(&risk->factors[i], now_s)) {
            i++;
        }
        else {
            remove_at(risk, i);
        }
    }
    return risk->n != n;
}

bool zta_risk_lower(struct zta_risk *risk, enum zta_risk_signal signal)
{
    const size_t i = place_of(risk, signal);
    if (i >= risk->n || risk->factors[i].signal != signal) {
        return false;
    }
    remove_at(risk, i);
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is usual for one subject, learned from its requests that were let in. Pure: the clock is
 * the request's own. What is not known long enough is unknown, never unusual.
 *
 * - A habit is known (warm) after ZTA_WARM_DAYS days and ZTA_WARM_REQUESTS requests. Until then
 *   every value that is seen becomes usual; from then on only one that was seen on
 *   ZTA_USUAL_DAYS days, so that a single day of abuse makes nothing usual.
 * - What was not seen for ZTA_FORGET_DAYS days is no more usual.
 * - Each habit keeps a bounded number of values. A new one takes the place of one that is not
 *   usual, so that a flood of values displaces at most one that is.
 * - Days and hours are those of UTC: a baseline is only compared with itself.
 */
#ifndef ZTA_RISK_BASELINE_H
#define ZTA_RISK_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/context.h"
#include "shared/risk/habits.h"
#include "shared/risk/pace.h"

/* A working week and its weekend: fewer days would make each weekend unusual. */
#define ZTA_WARM_DAYS 7
/* Below, a subject was hardly seen on any of these days. */
#define ZTA_WARM_REQUESTS 100
/* Four weeks, so that each hour of the week had four chances. */
#define ZTA_WARM_HOURS_DAYS 28
/* Minutes with requests before their spread means anything. */
#define ZTA_WARM_MINUTES 60
#define ZTA_USUAL_DAYS   3
/* A quarter: longer than any holiday, shorter than the memory of an auditor. */
#define ZTA_FORGET_DAYS 90

#define ZTA_HOURS_A_WEEK 168

#define ZTA_BASELINE_LABEL_MAX 17 /* longer names are cut: values are hashes of the whole */

struct zta_habit_value {
    uint64_t value;
    uint16_t last_day; /* since 1970 */
    uint16_t count;    /* requests; stays at its greatest */
    uint8_t n_days;    /* different ones; stays at ZTA_HABIT_DAYS_MAX */
    bool is_usual;
    char label[ZTA_BASELINE_LABEL_MAX + 1];
};
#define ZTA_HABIT_DAYS_MAX 127

/* Of one habit: on which days it was seen at all. */
struct zta_habit_span {
    uint16_t first_day;
    uint16_t last_day;
    uint8_t n_days; /* 0: never; stays at its greatest */
};

/* Where the values of a habit stand; hours and rate have none. */
#define ZTA_BASELINE_NETWORKS  10
#define ZTA_BASELINE_COUNTRIES 6
#define ZTA_BASELINE_DEVICES   5
#define ZTA_BASELINE_AGENTS    5
#define ZTA_BASELINE_ROUTES    12
#define ZTA_BASELINE_VALUES                                                                        \
    (ZTA_BASELINE_NETWORKS + ZTA_BASELINE_COUNTRIES + ZTA_BASELINE_DEVICES + ZTA_BASELINE_AGENTS + \
     ZTA_BASELINE_ROUTES)

struct zta_baseline {
    char issuer[ZTA_NAME_MAX + 1];
    char subject[ZTA_SUBJECT_MAX + 1];
    int64_t first_s;
    int64_t last_s;
    uint64_t n_requests; /* that taught */
    /* Place of the last event that is counted in (events.h). */
    uint64_t segment_created_ns;
    uint64_t sequence;
    struct zta_habit_span spans[ZTA_N_HABITS];
    uint8_t n_values[ZTA_N_HABITS];
    struct zta_rate rate;
    struct zta_volume volume;
    /* From Monday 00:00 UTC: two bits of weeks in which it was used (3: usual), six of the last. */
    uint8_t hours[ZTA_HOURS_A_WEEK];
    struct zta_habit_value values[ZTA_BASELINE_VALUES];
};

/* The values of a habit, n_values of them in a room for so many; hours and rate have none. */
struct zta_habit_value *zta_baseline_values(struct zta_baseline *baseline, enum zta_habit habit);
const struct zta_habit_value *zta_baseline_values_of(const struct zta_baseline *baseline,
                                                     enum zta_habit habit);
size_t zta_baseline_room(enum zta_habit habit);

/* Is there enough to tell usual from unusual at that time? */
bool zta_baseline_is_known(const struct zta_baseline *baseline, enum zta_habit habit,
                           int64_t time_s);
/* Is this one of the values still usual at that time? */
bool zta_habit_value_is_usual(const struct zta_habit_value *value, int64_t time_s);
/* Is this one of the usual values of a habit at that time? 0 is none. */
bool zta_baseline_has(const struct zta_baseline *baseline, enum zta_habit habit, uint64_t value,
                      int64_t time_s);
/* Was this hour of the week, 0..167, or one beside it usual at that time? */
bool zta_baseline_hour_is_usual(const struct zta_baseline *baseline, size_t hour, int64_t time_s);
/* What is usual about a request. */
void zta_baseline_answer(const struct zta_baseline *baseline, const struct zta_habit_values *values,
                         struct zta_answers *usual);

/* A request of the subject that entered. */
struct zta_lesson {
    struct zta_habit_facts facts;
    uint32_t n_requests; /* alike, which it stands for */
    uint64_t bytes_out;  /* of one of them */
    bool is_allowed;     /* a refused one is counted in the rate, and teaches nothing */
};
/* True when what a decision depends on changed: an answer about requests like this one. */
bool zta_baseline_learn(struct zta_baseline *baseline, const struct zta_lesson *lesson);

/* Is there enough to tell a usual hour's bytes from others at that time? */
bool zta_baseline_is_volume_known(const struct zta_baseline *baseline, int64_t time_s);

#endif

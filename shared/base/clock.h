/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and their text forms. Real time is for people and tokens; intervals are monotonic. */
#ifndef ZTA_BASE_CLOCK_H
#define ZTA_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define ZTA_NS_PER_S          INT64_C(1000000000)
#define ZTA_TIME_TEXT_MAX     32 /* 2027-01-01T00:00:00.000Z and NUL fit */
#define ZTA_DURATION_TEXT_MAX 24

/* Nanoseconds since 1970, CLOCK_REALTIME. */
int64_t zta_clock_real_ns(void);
/* Nanoseconds of CLOCK_MONOTONIC: the same origin in every process of this boot. */
int64_t zta_clock_monotonic_ns(void);

/* Days since 1970 of a date of the proleptic Gregorian calendar, and the year of such a day. */
int64_t zta_date_days(int year, int month, int day);
/* Years 0 to 9999. */
int zta_date_year(int64_t days);

/*
 * RFC 3339 with date and time; seconds and fraction may be left out, zone Z or +hh:mm, -hh:mm.
 * Seconds since 1970, a fraction is cut off; years 0 to 9999; :60 only where a UTC day ends.
 */
enum zta_status zta_time_parse(struct zta_text text, int64_t *time_s) ZTA_MUST_CHECK;
/* 2027-01-01T00:00:00Z; times outside years 0 to 9999 print as the nearest inside. */
void zta_time_print(int64_t time_s, char out[ZTA_TIME_TEXT_MAX]);
/* 2027-01-01T00:00:00.123Z */
void zta_time_print_ms(int64_t time_ns, char out[ZTA_TIME_TEXT_MAX]);
/* INT with one of s m h d (none: seconds); at most 100 years. Seconds. */
enum zta_status zta_duration_parse(struct zta_text text, int64_t *duration_s) ZTA_MUST_CHECK;
/* With the largest unit that divides: 90s, 15m, 2h, 7d. */
void zta_duration_print(int64_t duration_s, char out[ZTA_DURATION_TEXT_MAX]);

#endif

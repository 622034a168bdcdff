/* SPDX-License-Identifier: Apache-2.0 */
/* Local time as the system's `date` knows it, asked in a child with its own TZ. */
#ifndef ZTA_TESTS_SYSTEM_DATE_H
#define ZTA_TESTS_SYSTEM_DATE_H

#include <stddef.h>
#include <stdint.h>

struct system_date {
    int64_t time_s;
    int weekday; /* 0 is Monday */
    int hour;
    int minute;
    int32_t offset_s; /* ahead of UTC */
};

struct system_date_instants {
    int64_t *times_s;
    size_t n;
    size_t n_changes; /* of the clocks, among them */
};

typedef void (*system_date_fn)(void *context, const struct system_date *date);

/* Each instant as `date` shows it in this zone; fails the test when it cannot be asked. */
void system_date_each(const char *zone, const struct system_date_instants *instants,
                      system_date_fn fn, void *context);
/*
 * Instants of the years from first to last: each minute, its first and last second, of the hours
 * around every change that `date` knows, and every half hour of the days around it; where there is
 * none, one instant every three hours.
 */
void system_date_changes(const char *zone, int first, int last,
                         struct system_date_instants *instants);
/* Appends one. */
void system_date_add(struct system_date_instants *instants, int64_t time_s);
void system_date_clear(struct system_date_instants *instants);

#endif

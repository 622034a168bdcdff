/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows of a week in local time: the values of the attribute `hours`. Half-open; one that passes
 * midnight belongs to the day it starts (docs/rules.md, Context).
 */
#ifndef ZTA_RULES_HOURS_H
#define ZTA_RULES_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/base/zone.h"

struct zta_hours_window {
    uint8_t days;   /* set of 1u << day of the week, 0 is Monday: it starts on these */
    uint16_t start; /* minute of that day */
    uint16_t end;   /* from that day's beginning on, at most a day after start */
};

struct zta_hours {
    const struct zta_zone *zone;
    const struct zta_hours_window *windows;
    uint32_t n_windows;
};

/* "Mon-Fri", "Fri-Mon", "Mon,Wed,Sat-Sun". ZTA_INVALID: *bad is the part that is no day. */
enum zta_status zta_hours_days_parse(struct zta_text text, uint8_t *days,
                                     struct zta_text *bad) ZTA_MUST_CHECK;
/* "07:00-19:00", "22:00-06:00", "00:00-24:00" */
enum zta_status zta_hours_span_parse(struct zta_text text,
                                     struct zta_hours_window *window) ZTA_MUST_CHECK;
/* Day i of the week from Monday on; NULL after the last. */
const char *zta_hours_day_name(size_t i);

/* Whether local time is in some window. */
bool zta_hours_contain(const struct zta_hours *hours, int64_t time_s);

#endif

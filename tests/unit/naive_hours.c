/* SPDX-License-Identifier: Apache-2.0 */
/* `hours` by the C library's idea of local time, in minutes of the week. */
#include "tests/unit/naive_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS "MonTueWedThuFriSatSun"
#define WEEK (7 * 1440)

static int day_number(const char *name)
{
    char day[4];
    (void)snprintf(day, sizeof day, "%.3s", name);
    return (int)((strstr(DAYS, day) - DAYS) / 3);
}

/* "Mon", "Fri-Mon", "Mon,Wed": a day at a time, and a range until its last day comes round. */
static bool names_day(const char *days, int wanted)
{
    while (*days != '\0') {
        const int first = day_number(days);
        const int last = days[3] == '-' ? day_number(days + 4) : first;
        for (int day = first; day % 7 != last; day++) {
            if (day % 7 == wanted) {
                return true;
            }
        }
        if (last == wanted) {
            return true;
        }
        days += days[3] == '-' ? 7 : 3;
        days += *days == ',';
    }
    return false;
}

static void copy(struct zta_text text, char out[64])
{
    (void)snprintf(out, 64, "%.*s", (int)text.len, text.data);
}

/* "07:30" */
static int minute_at(const char *text)
{
    return (int)(strtol(text, NULL, 10) * 60 + strtol(strchr(text, ':') + 1, NULL, 10));
}

bool naive_windows_hold(const struct zta_ast_cond *cond, int minute)
{
    for (size_t i = 0; i + 1 < cond->n_values; i += 2) {
        char days[64];
        char span[64];
        copy(cond->values[i].text, days);
        copy(cond->values[i + 1].text, span);
        const int start = minute_at(span);
        const int end = minute_at(strchr(span, '-') + 1);
        const int length = end > start ? end - start : end + 1440 - start;
        for (int day = 0; day < 7; day++) {
            const int since = (minute - day * 1440 - start + 2 * WEEK) % WEEK;
            if (since < length && names_day(days, day)) {
                return true;
            }
        }
    }
    return false;
}

/* The library reads a zone's file whenever TZ changes: what it said is kept. */
static int minute_in(const char *zone, int64_t now_s)
{
    static struct {
        char zone[64];
        int64_t now_s;
        int minute;
    } kept[8];
    static size_t next;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (kept[i].now_s == now_s && strcmp(kept[i].zone, zone) == 0) {
            return kept[i].minute;
        }
    }
    const time_t now = (time_t)now_s;
    struct tm local;
    if (setenv("TZ", zone, 1) != 0) {
        abort();
    }
    tzset();
    (void)localtime_r(&now, &local);
    const size_t at = next++ % (sizeof kept / sizeof kept[0]);
    (void)snprintf(kept[at].zone, sizeof kept[at].zone, "%s", zone);
    kept[at].now_s = now_s;
    kept[at].minute = (local.tm_wday + 6) % 7 * 1440 + local.tm_hour * 60 + local.tm_min;
    return kept[at].minute;
}

bool naive_hours_hold(const struct zta_ast_cond *cond, int64_t now_s)
{
    char zone[64];
    copy(cond->values[cond->n_values - 1].text, zone);
    return naive_windows_hold(cond, minute_in(zone, now_s));
}

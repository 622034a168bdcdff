/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and their text forms, by own calendar arithmetic: no locale, no TZ. */
#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define MINUTE_S 60
#define HOUR_S   (60 * MINUTE_S)
#define DAY_S    (24 * HOUR_S)
/* 100 years of 365.25 days. */
#define DURATION_MAX_S (INT64_C(36525) * DAY_S)
/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: RFC 3339 has four digits for the year. */
#define TIME_MIN_S INT64_C(-62167219200)
#define TIME_MAX_S INT64_C(253402300799)

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for the two clocks and a valid pointer */
    return (int64_t)now.tv_sec * ZTA_NS_PER_S + now.tv_nsec;
}

int64_t zta_clock_real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t zta_clock_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/*
 * Days since 1970 of a proleptic Gregorian date. Years begin in March here, so that the leap day is
 * the last of its year and (153 m + 2) / 5 counts the days before month m; an era is 400 years.
 */
int64_t zta_date_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil {
    int year;
    int month;
    int day;
};

/* Inverse of zta_date_days() for days inside years 0 to 9999. */
static struct civil civil_from_days(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);
    return (struct civil){
        .year = (int)(year_of_era + era * 400) + (month <= 2),
        .month = month,
        .day = (int)(day_of_year - (153 * m + 2) / 5 + 1),
    };
}

int zta_date_year(int64_t days)
{
    return civil_from_days(days).year;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

/* Takes exactly n digits whose value lies in low..high off the front of *text. */
static bool take_number(struct zta_text *text, size_t n, int low, int high, int *value)
{
    if (text->len < n) {
        return false;
    }
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text->data[i];
        if (c < '0' || c > '9') {
            return false;
        }
        sum = sum * 10 + (c - '0');
    }
    *text = (struct zta_text){.data = text->data + n, .len = text->len - n};
    *value = sum;
    return sum >= low && sum <= high;
}

/* Takes one character that stands in set off the front of *text. */
static bool take_char(struct zta_text *text, char upper, char lower)
{
    if (text->len == 0 || (text->data[0] != upper && text->data[0] != lower)) {
        return false;
    }
    *text = (struct zta_text){.data = text->data + 1, .len = text->len - 1};
    return true;
}

/* A fraction has at least one digit and is cut off. */
static bool take_fraction(struct zta_text *text)
{
    int digit;
    if (!take_number(text, 1, 0, 9, &digit)) {
        return false;
    }
    while (take_number(text, 1, 0, 9, &digit)) {
    }
    return true;
}

static bool take_date(struct zta_text *text, int64_t *days)
{
    int year;
    int month;
    int day;
    if (!take_number(text, 4, 0, 9999, &year) || !take_char(text, '-', '-') ||
        !take_number(text, 2, 1, 12, &month) || !take_char(text, '-', '-') ||
        !take_number(text, 2, 1, days_in_month(year, month), &day)) {
        return false;
    }
    *days = zta_date_days(year, month, day);
    return true;
}

static bool take_time(struct zta_text *text, int *second_of_day, bool *is_leap_second)
{
    int hour;
    int minute;
    int second = 0;
    if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ':', ':') ||
        !take_number(text, 2, 0, 59, &minute)) {
        return false;
    }
    if (take_char(text, ':', ':') && (!take_number(text, 2, 0, 60, &second) ||
                                      (take_char(text, '.', '.') && !take_fraction(text)))) {
        return false;
    }
    *second_of_day = hour * HOUR_S + minute * MINUTE_S + second;
    *is_leap_second = second == 60;
    return true;
}

static bool take_zone(struct zta_text *text, int *offset_s)
{
    *offset_s = 0;
    if (take_char(text, 'Z', 'z')) {
        return true;
    }
    bool is_west = text->len > 0 && text->data[0] == '-';
    int hours;
    int minutes;
    if (!take_char(text, '+', '-') || !take_number(text, 2, 0, 23, &hours) ||
        !take_char(text, ':', ':') || !take_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    *offset_s = (hours * HOUR_S + minutes * MINUTE_S) * (is_west ? -1 : 1);
    return true;
}

enum zta_status zta_time_parse(struct zta_text text, int64_t *time_s)
{
    int64_t days;
    int second_of_day;
    int offset_s;
    bool is_leap_second;
    if (!take_date(&text, &days) || !take_char(&text, 'T', 't') ||
        !take_time(&text, &second_of_day, &is_leap_second) || !take_zone(&text, &offset_s) ||
        text.len != 0) {
        return ZTA_INVALID;
    }
    int64_t found = days * DAY_S + second_of_day - offset_s;
    /* A leap second ends a UTC day; POSIX time has no number of its own for it. */
    if (found < TIME_MIN_S || found > TIME_MAX_S || (is_leap_second && found % DAY_S != 0)) {
        return ZTA_INVALID;
    }
    *time_s = found;
    return ZTA_OK;
}

struct broken_time {
    struct civil date;
    int hour;
    int minute;
    int second;
};

static struct broken_time break_time(int64_t time_s)
{
    int64_t bounded = time_s < TIME_MIN_S ? TIME_MIN_S : time_s > TIME_MAX_S ? TIME_MAX_S : time_s;
    int64_t since_min = bounded - TIME_MIN_S;
    int second_of_day = (int)(since_min % DAY_S);
    return (struct broken_time){
        .date = civil_from_days((bounded - second_of_day) / DAY_S),
        .hour = second_of_day / HOUR_S,
        .minute = second_of_day % HOUR_S / MINUTE_S,
        .second = second_of_day % MINUTE_S,
    };
}

void zta_time_print(int64_t time_s, char out[ZTA_TIME_TEXT_MAX])
{
    struct broken_time t = break_time(time_s);
    (void)snprintf(out, ZTA_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.date.year,
                   t.date.month, t.date.day, t.hour, t.minute, t.second);
}

void zta_time_print_ms(int64_t time_ns, char out[ZTA_TIME_TEXT_MAX])
{
    int64_t time_s = time_ns / ZTA_NS_PER_S;
    int64_t rest_ns = time_ns % ZTA_NS_PER_S;
    if (rest_ns < 0) {
        time_s--;
        rest_ns += ZTA_NS_PER_S;
    }
    struct broken_time t = break_time(time_s);
    (void)snprintf(out, ZTA_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.date.year,
                   t.date.month, t.date.day, t.hour, t.minute, t.second, (int)(rest_ns / 1000000));
}

static const struct {
    char letter;
    int seconds;
} units[] = {
    {.letter = 'd', .seconds = DAY_S},
    {.letter = 'h', .seconds = HOUR_S},
    {.letter = 'm', .seconds = MINUTE_S},
    {.letter = 's', .seconds = 1},
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

enum zta_status zta_duration_parse(struct zta_text text, int64_t *duration_s)
{
    uint64_t factor = 1;
    for (size_t i = 0; i < N_UNITS && text.len > 0; i++) {
        if (text.data[text.len - 1] == units[i].letter) {
            factor = (uint64_t)units[i].seconds;
            text.len--;
            break;
        }
    }
    uint64_t count;
    enum zta_status status = zta_text_to_u64(text, (uint64_t)DURATION_MAX_S / factor, &count);
    if (status == ZTA_OK) {
        *duration_s = (int64_t)(count * factor);
    }
    return status;
}

void zta_duration_print(int64_t duration_s, char out[ZTA_DURATION_TEXT_MAX])
{
    size_t unit = 0;
    while (duration_s == 0 ? units[unit].seconds != 1 : duration_s % units[unit].seconds != 0) {
        unit++;
    }
    (void)snprintf(out, ZTA_DURATION_TEXT_MAX, "%" PRId64 "%c", duration_s / units[unit].seconds,
                   units[unit].letter);
}

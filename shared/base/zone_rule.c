/* SPDX-License-Identifier: Apache-2.0 */
/* The POSIX TZ rule of a zone: "CET-1CEST,M3.5.0,M10.5.0/3". */
#include "shared/base/zone_priv.h"

#include "shared/base/clock.h"

#define MINUTE_S 60
#define HOUR_S   (60 * MINUTE_S)
#define DAY_S    (24 * HOUR_S)

enum {
    NAME_MIN = 3,
    OFFSET_HOURS_MAX = 24,
    AT_HOURS_MAX = 167, /* a week, RFC 8536 section 3.3.1 */
    AT_DEFAULT_S = 2 * HOUR_S,
    YEAR_MIN = 1, /* the years beside it are looked at, too */
    YEAR_MAX = 9998,
};

static bool take(struct zta_text *text, char c)
{
    if (text->len == 0 || text->data[0] != c) {
        return false;
    }
    *text = (struct zta_text){.data = text->data + 1, .len = text->len - 1};
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "CEST" or "<+01>"; what it says is of no use. */
static bool take_name(struct zta_text *text)
{
    const bool is_quoted = take(text, '<');
    size_t len = 0;
    while (len < text->len && (is_letter(text->data[len]) ||
                               (is_quoted && (is_digit(text->data[len]) || text->data[len] == '+' ||
                                              text->data[len] == '-')))) {
        len++;
    }
    *text = (struct zta_text){.data = text->data + len, .len = text->len - len};
    return len >= NAME_MIN && (!is_quoted || take(text, '>'));
}

static bool take_number(struct zta_text *text, int min, int max, int *number)
{
    size_t len = 0;
    int value = 0;
    while (len < text->len && is_digit(text->data[len])) {
        value = value * 10 + (text->data[len] - '0');
        len++;
        if (value > max) {
            return false;
        }
    }
    *text = (struct zta_text){.data = text->data + len, .len = text->len - len};
    *number = value;
    return len > 0 && value >= min;
}

/* [+-]hours[:minutes[:seconds]] */
static bool take_time(struct zta_text *text, int hours_max, int32_t *time_s)
{
    const bool is_negative = take(text, '-');
    int hours;
    int minutes = 0;
    int seconds = 0;
    if (!is_negative) {
        (void)take(text, '+');
    }
    if (!take_number(text, 0, hours_max, &hours)) {
        return false;
    }
    if (take(text, ':')) {
        if (!take_number(text, 0, 59, &minutes) ||
            (take(text, ':') && !take_number(text, 0, 59, &seconds))) {
            return false;
        }
    }
    const int32_t sum = hours * HOUR_S + minutes * MINUTE_S + seconds;
    *time_s = is_negative ? -sum : sum;
    return true;
}

static bool take_date(struct zta_text *text, struct zta_zone_date *date)
{
    *date = (struct zta_zone_date){.at_s = AT_DEFAULT_S};
    if (!take(text, ',')) {
        return false;
    }
    bool is_good;
    if (take(text, 'M')) {
        is_good = take_number(text, 1, 12, &date->month) && take(text, '.') &&
                  take_number(text, 1, 5, &date->week) && take(text, '.') &&
                  take_number(text, 0, 6, &date->day);
    }
    else {
        date->form = take(text, 'J') ? ZTA_ZONE_JULIAN : ZTA_ZONE_DAY;
        is_good = take_number(text, date->form == ZTA_ZONE_JULIAN ? 1 : 0, 365, &date->day);
    }
    return is_good && (!take(text, '/') || take_time(text, AT_HOURS_MAX, &date->at_s));
}

bool zta_zone_rule_parse(struct zta_text text, struct zta_zone_rule *rule)
{
    struct zta_zone_rule parsed = {.has_summer = false};
    int32_t west_s;
    if (!take_name(&text) || !take_time(&text, OFFSET_HOURS_MAX, &west_s)) {
        return false;
    }
    parsed.standard_s = -west_s;
    if (text.len > 0) {
        parsed.has_summer = true;
        if (!take_name(&text)) {
            return false;
        }
        west_s -= HOUR_S;
        if (text.len > 0 && text.data[0] != ',' && !take_time(&text, OFFSET_HOURS_MAX, &west_s)) {
            return false;
        }
        parsed.summer_s = -west_s;
        if (!take_date(&text, &parsed.start) || !take_date(&text, &parsed.end)) {
            return false;
        }
    }
    if (text.len > 0 || parsed.standard_s < ZTA_ZONE_OFFSET_MIN_S ||
        parsed.summer_s < ZTA_ZONE_OFFSET_MIN_S || parsed.summer_s > ZTA_ZONE_OFFSET_MAX_S) {
        return false;
    }
    *rule = parsed;
    return true;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days(const struct zta_zone_date *date, int year)
{
    const int64_t first = zta_date_days(year, date->month, 1);
    const int64_t next =
        date->month == 12 ? zta_date_days(year + 1, 1, 1) : zta_date_days(year, date->month + 1, 1);
    /* 1970 began on a Thursday, four days after a Sunday. */
    const int weekday = (int)(((first + 4) % 7 + 7) % 7);
    int64_t day = first + (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
    return day < next ? day : day - 7;
}

/* Seconds since 1970 of the change in this year, from the local time that holds before it. */
static int64_t change_s(const struct zta_zone_date *date, int year, int32_t offset_s)
{
    int64_t day = 0;
    switch (date->form) {
    case ZTA_ZONE_MONTH:
        day = month_days(date, year);
        break;
    case ZTA_ZONE_JULIAN:
        /* Day 60 is always the first of March. */
        day = zta_date_days(year, 1, 1) + date->day - 1 + (is_leap(year) && date->day >= 60);
        break;
    case ZTA_ZONE_DAY:
        day = zta_date_days(year, 1, 1) + date->day;
        break;
    }
    return day * DAY_S + date->at_s - offset_s;
}

int32_t zta_zone_rule_offset_s(const struct zta_zone_rule *rule, int64_t time_s)
{
    if (!rule->has_summer) {
        return rule->standard_s;
    }
    const int64_t min_s = zta_date_days(YEAR_MIN, 1, 1) * DAY_S;
    const int64_t max_s = zta_date_days(YEAR_MAX, 12, 31) * DAY_S;
    time_s = time_s < min_s ? min_s : time_s > max_s ? max_s : time_s;
    const int64_t past = time_s % DAY_S < 0 ? 1 : 0;
    const int year = zta_date_year(time_s / DAY_S - past);
    int32_t offset_s = rule->standard_s;
    int64_t last_s = INT64_MIN;
    /* A change can fall up to a week beside its year; where both meet it is summer all year. */
    for (int y = year - 1; y <= year + 1; y++) {
        const int64_t end_s = change_s(&rule->end, y, rule->summer_s);
        const int64_t start_s = change_s(&rule->start, y, rule->standard_s);
        if (end_s <= time_s && end_s > last_s) {
            last_s = end_s;
            offset_s = rule->standard_s;
        }
        if (start_s <= time_s && start_s >= last_s) {
            last_s = start_s;
            offset_s = rule->summer_s;
        }
    }
    return offset_s;
}

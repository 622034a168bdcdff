/* SPDX-License-Identifier: Apache-2.0 */
/* Days, times of day, and whether a time is in one of the windows that they make. */
#include "shared/rules/hours.h"

#include <string.h>

enum {
    N_DAYS = 7,
    MINUTE_S = 60,
    DAY_MINUTES = 24 * 60,
    DAY_S = DAY_MINUTES * MINUTE_S,
    EPOCH_DAY = 3, /* 1970 began on a Thursday */
    TIME_LEN = 5,  /* 07:00 */
};

static const char *const day_names[N_DAYS] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

const char *zta_hours_day_name(size_t i)
{
    return i < N_DAYS ? day_names[i] : NULL;
}

static bool find_day(struct zta_text text, unsigned *day)
{
    for (unsigned i = 0; i < N_DAYS; i++) {
        if (zta_text_equal(text, zta_text_of(day_names[i]))) {
            *day = i;
            return true;
        }
    }
    return false;
}

/* What stands before the next c, or all of it; *text becomes what stands behind. */
static struct zta_text take_part(struct zta_text *text, char c)
{
    const char *at = text->len > 0 ? memchr(text->data, c, text->len) : NULL;
    const struct zta_text part = {.data = text->data,
                                  .len = at != NULL ? (size_t)(at - text->data) : text->len};
    const size_t used = part.len + (at != NULL ? 1 : 0);
    *text = (struct zta_text){.data = text->data + used, .len = text->len - used};
    return part;
}

/* "Mon" or "Fri-Mon": the last day is before the first when it is in the next week. */
static bool add_days(struct zta_text range, uint8_t *days, struct zta_text *bad)
{
    const bool has_last = memchr(range.data, '-', range.len) != NULL;
    unsigned first;
    unsigned last;
    *bad = take_part(&range, '-');
    if (!find_day(*bad, &first)) {
        return false;
    }
    *bad = range;
    last = first;
    if (has_last && !find_day(range, &last)) {
        return false;
    }
    for (unsigned day = first;; day = (day + 1) % N_DAYS) {
        *days = (uint8_t)(*days | 1u << day);
        if (day == last) {
            return true;
        }
    }
}

enum zta_status zta_hours_days_parse(struct zta_text text, uint8_t *days, struct zta_text *bad)
{
    uint8_t sum = 0;
    struct zta_text rest = text;
    do {
        const struct zta_text range = take_part(&rest, ',');
        if (!add_days(range, &sum, bad)) {
            return ZTA_INVALID;
        }
    } while (rest.len > 0);
    if (text.data[text.len - 1] == ',') {
        *bad = rest;
        return ZTA_INVALID;
    }
    *days = sum;
    return ZTA_OK;
}

static bool read_two(const char *digits, unsigned max, unsigned *number)
{
    if (digits[0] < '0' || digits[0] > '9' || digits[1] < '0' || digits[1] > '9') {
        return false;
    }
    *number = (unsigned)(digits[0] - '0') * 10 + (unsigned)(digits[1] - '0');
    return *number <= max;
}

/* "07:00"; 24:00 is the end of the day. */
static bool read_time(const char *text, uint16_t *minute)
{
    unsigned hours;
    unsigned minutes;
    if (!read_two(text, 24, &hours) || text[2] != ':' || !read_two(text + 3, 59, &minutes)) {
        return false;
    }
    *minute = (uint16_t)(hours * 60 + minutes);
    return *minute <= DAY_MINUTES;
}

enum zta_status zta_hours_span_parse(struct zta_text text, struct zta_hours_window *window)
{
    uint16_t start;
    uint16_t end;
    if (text.len != 2 * TIME_LEN + 1 || text.data[TIME_LEN] != '-' ||
        !read_time(text.data, &start) || !read_time(text.data + TIME_LEN + 1, &end) ||
        start == DAY_MINUTES || start == end) {
        return ZTA_INVALID;
    }
    window->start = start;
    window->end = end > start ? end : (uint16_t)(end + DAY_MINUTES);
    return ZTA_OK;
}

bool zta_hours_contain(const struct zta_hours *hours, int64_t time_s)
{
    const int64_t local_s = time_s + zta_zone_offset_s(hours->zone, time_s);
    const int64_t second = (local_s % DAY_S + DAY_S) % DAY_S;
    const int64_t day_number = (local_s - second) / DAY_S;
    const unsigned day = (unsigned)(((day_number + EPOCH_DAY) % N_DAYS + N_DAYS) % N_DAYS);
    const unsigned day_before = (day + N_DAYS - 1) % N_DAYS;
    const unsigned minute = (unsigned)(second / MINUTE_S);
    for (uint32_t i = 0; i < hours->n_windows; i++) {
        const struct zta_hours_window *window = &hours->windows[i];
        if (((window->days & 1u << day) != 0 && minute >= window->start && minute < window->end) ||
            ((window->days & 1u << day_before) != 0 && minute + DAY_MINUTES < window->end)) {
            return true;
        }
    }
    return false;
}

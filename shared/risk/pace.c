/* SPDX-License-Identifier: Apache-2.0 */
/* Running mean and variance of what is done a minute and an hour. */
#include "shared/risk/pace.h"

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
};

/* What rates and volumes keep of their past, and how fast they follow. */
struct spread {
    uint32_t *mean_q8;
    uint64_t *variance_q8;
    uint16_t *n;
    uint16_t memory;
};

static uint64_t root_of(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1) {
        const uint64_t next = root | bit;
        root = next * next <= square ? next : root;
    }
    return root;
}

/* The root of a value in 1/256 is in 1/16. */
static uint64_t limit_of(uint32_t mean_q8, uint64_t variance_q8, unsigned n_deviations)
{
    return ((mean_q8 >> 4) + n_deviations * root_of(variance_q8) + 15) >> 4;
}

static uint32_t period_of(int64_t time_s, int64_t period_s)
{
    const int64_t period = time_s / period_s;
    return period < 0 ? 0 : period > UINT32_MAX ? UINT32_MAX : (uint32_t)period;
}

/* Events of children come a little out of order; a period too early is a clock set back. */
static bool is_another(uint32_t period, uint32_t counted)
{
    return period > counted || counted - period > 1;
}

/* One more sample of at most ZTA_PACE_MAX. */
static void learn(const struct spread *spread, uint64_t amount)
{
    const int64_t weight = *spread->n < spread->memory ? *spread->n + 1 : spread->memory;
    const int64_t sample_q8 = (int64_t)amount * 256;
    const int64_t before_q8 = sample_q8 - *spread->mean_q8;
    const int64_t mean_q8 = *spread->mean_q8 + before_q8 / weight;
    const int64_t square_q8 = before_q8 * (sample_q8 - mean_q8) / 256;
    const int64_t variance_q8 =
        (int64_t)*spread->variance_q8 + (square_q8 - (int64_t)*spread->variance_q8) / weight;
    *spread->mean_q8 = (uint32_t)mean_q8;
    *spread->variance_q8 = variance_q8 > 0 ? (uint64_t)variance_q8 : 0;
    *spread->n = (uint16_t)weight;
}

/* ---- requests a minute ---- */

uint64_t zta_rate_limit(const struct zta_rate *rate)
{
    const uint64_t limit = limit_of(rate->mean_q8, rate->variance_q8, ZTA_RATE_SPREAD);
    return limit > ZTA_RATE_FLOOR ? limit : ZTA_RATE_FLOOR;
}

/* The minute that is over; beyond what is usual it counts as just usual. */
static void learn_minute(struct zta_rate *rate)
{
    const struct spread spread = {.mean_q8 = &rate->mean_q8,
                                  .variance_q8 = &rate->variance_q8,
                                  .n = &rate->n_minutes,
                                  .memory = ZTA_RATE_MEMORY};
    const uint64_t limit = zta_rate_limit(rate);
    const bool is_warm = rate->n_minutes >= ZTA_WARM_MINUTES;
    const uint64_t most = is_warm && limit < ZTA_PACE_MAX ? limit : ZTA_PACE_MAX;
    learn(&spread, rate->n_allowed < most ? rate->n_allowed : most);
}

static uint32_t add_requests(uint32_t n, uint32_t more)
{
    return more > ZTA_PACE_MAX - n ? ZTA_PACE_MAX : n + more;
}

bool zta_rate_count(struct zta_rate *rate, int64_t time_s, uint32_t n, bool is_allowed,
                    int64_t *learned_s)
{
    const uint32_t minute = period_of(time_s, MINUTE_S);
    bool is_learned = false;
    if (is_another(minute, rate->minute)) {
        is_learned = minute > rate->minute && rate->n_allowed > 0;
        if (is_learned) {
            learn_minute(rate);
            *learned_s = (int64_t)rate->minute * MINUTE_S;
        }
        rate->minute = minute;
        rate->n_requests = rate->n_allowed = 0;
    }
    rate->n_requests = add_requests(rate->n_requests, n);
    rate->n_allowed = add_requests(rate->n_allowed, is_allowed ? n : 0);
    if (rate->n_requests > zta_rate_limit(rate)) {
        rate->exceeded_minute = rate->minute;
    }
    return is_learned;
}

bool zta_rate_is_usual(const struct zta_rate *rate, int64_t time_s)
{
    const uint32_t minute = period_of(time_s, MINUTE_S);
    return rate->exceeded_minute == 0 || rate->exceeded_minute > minute ||
           minute - rate->exceeded_minute > 1;
}

bool zta_rate_exceeds(const struct zta_rate *rate, int64_t time_s)
{
    return rate->exceeded_minute != 0 && rate->exceeded_minute == rate->minute &&
           rate->minute == period_of(time_s, MINUTE_S);
}

/* ---- bytes an hour ---- */

static uint64_t units_of(uint64_t n_bytes)
{
    const uint64_t units = n_bytes / ZTA_VOLUME_UNIT;
    return units < ZTA_PACE_MAX ? units : ZTA_PACE_MAX;
}

uint64_t zta_volume_limit(const struct zta_volume *volume)
{
    const uint64_t spread = limit_of(volume->mean_q8, volume->variance_q8, ZTA_VOLUME_SPREAD);
    const uint64_t times = ZTA_VOLUME_TIMES * ((uint64_t)volume->mean_q8 >> 8);
    const uint64_t limit = spread > times ? spread : times;
    return limit > ZTA_VOLUME_FLOOR ? limit : ZTA_VOLUME_FLOOR;
}

static void learn_hour(struct zta_volume *volume)
{
    const struct spread spread = {.mean_q8 = &volume->mean_q8,
                                  .variance_q8 = &volume->variance_q8,
                                  .n = &volume->n_hours,
                                  .memory = ZTA_VOLUME_MEMORY};
    const uint64_t units = units_of(volume->n_bytes);
    const uint64_t limit = zta_volume_limit(volume);
    const bool is_warm = volume->n_hours >= ZTA_WARM_VOLUME_HOURS;
    learn(&spread, is_warm && units > limit ? limit : units);
}

void zta_volume_count(struct zta_volume *volume, int64_t time_s, uint32_t n, uint64_t bytes_out)
{
    const uint32_t hour = period_of(time_s, HOUR_S);
    const uint64_t most = ZTA_VOLUME_UNIT * ZTA_PACE_MAX;
    if (is_another(hour, volume->hour)) {
        if (hour > volume->hour && volume->hour > 0) {
            learn_hour(volume);
        }
        volume->hour = hour;
        volume->n_bytes = 0;
    }
    const uint64_t left = most - volume->n_bytes;
    volume->n_bytes += n > 0 && bytes_out > left / n ? left : n * bytes_out;
}

bool zta_volume_exceeds(const struct zta_volume *volume, int64_t time_s)
{
    return volume->hour == period_of(time_s, HOUR_S) &&
           volume->n_bytes / ZTA_VOLUME_UNIT >= ZTA_VOLUME_FLOOR &&
           units_of(volume->n_bytes) > zta_volume_limit(volume);
}

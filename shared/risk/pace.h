/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a subject does at a time: requests a minute and bytes an hour, with their mean and
 * spread as they were lately (EWMA with variance). Pure integers; the clock is the request's own.
 * What exceeds the usual is learned as if it were just usual: one day of abuse moves little.
 */
#ifndef ZTA_RISK_PACE_H
#define ZTA_RISK_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Minutes with requests before their spread means anything; the same for hours with bytes. */
#define ZTA_WARM_MINUTES      60
#define ZTA_WARM_VOLUME_HOURS 24

/* Requests a minute that are never unusual: one page of a browser is dozens of them. */
#define ZTA_RATE_FLOOR 60
/* Standard deviations above the mean; of any distribution less than 1 in 17 minutes lies there. */
#define ZTA_RATE_SPREAD 4
/* Minutes over which mean and spread follow what a subject does now. */
#define ZTA_RATE_MEMORY 256

/* Of bytes an hour, in units of 256 KiB: 128 MiB are never unusual, a document can be as large. */
#define ZTA_VOLUME_UNIT  (UINT64_C(256) << 10)
#define ZTA_VOLUME_FLOOR 512
/* Bytes have a long tail: an hour has to be that many times the mean as well. */
#define ZTA_VOLUME_SPREAD 6
#define ZTA_VOLUME_TIMES  4
#define ZTA_VOLUME_MEMORY 128

/* What one subject can be counted for at a time; the others follow from it. */
#define ZTA_PACE_MAX             1000000
#define ZTA_PACE_MEAN_MAX_Q8     (UINT32_C(256) * ZTA_PACE_MAX)
#define ZTA_PACE_VARIANCE_MAX_Q8 (UINT64_C(256) * ZTA_PACE_MAX * ZTA_PACE_MAX)

struct zta_rate {
    uint32_t minute; /* since 1970: the one that is counted */
    uint32_t n_requests;
    uint32_t n_allowed;       /* of these; what is learned */
    uint32_t exceeded_minute; /* the last with more than is usual; 0: none */
    uint32_t mean_q8;         /* of allowed requests a minute with any, in 1/256 */
    uint64_t variance_q8;
    uint16_t n_minutes; /* learned; stays at ZTA_RATE_MEMORY */
};

struct zta_volume {
    uint32_t hour; /* since 1970: the one that is counted */
    uint64_t n_bytes;
    uint32_t mean_q8; /* of units an hour with requests, in 1/256 */
    uint64_t variance_q8;
    uint16_t n_hours; /* learned; stays at ZTA_VOLUME_MEMORY */
};

/* Counts n requests alike. True when a minute was over and learned, which began at *learned_s. */
bool zta_rate_count(struct zta_rate *rate, int64_t time_s, uint32_t n, bool is_allowed,
                    int64_t *learned_s);
/* More requests a minute than this are unusual. */
uint64_t zta_rate_limit(const struct zta_rate *rate);
/* In this minute and in the one before. */
bool zta_rate_is_usual(const struct zta_rate *rate, int64_t time_s);
/* Did the minute that is counted, which is that of time_s, exceed what is usual? */
bool zta_rate_exceeds(const struct zta_rate *rate, int64_t time_s);

/* Counts n allowed requests of so many bytes each. */
void zta_volume_count(struct zta_volume *volume, int64_t time_s, uint32_t n, uint64_t bytes_out);
/* More units an hour than this are unusual. */
uint64_t zta_volume_limit(const struct zta_volume *volume);
/* Did the hour that is counted, which is that of time_s, exceed what is usual? */
bool zta_volume_exceeds(const struct zta_volume *volume, int64_t time_s);

#endif

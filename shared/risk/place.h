/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a subject was last seen and with what its session came, and what a change of these means.
 * Pure: integers in and out, so that every machine decides alike.
 */
#ifndef ZTA_RISK_PLACE_H
#define ZTA_RISK_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/net.h"
#include "shared/context.h"

/* Faster than this nobody travels (standards section 20). */
#define ZTA_TRAVEL_KMH 900
/* Nearer than this no file of places tells two of them apart. */
#define ZTA_TRAVEL_FLOOR_KM 100
/* A file that says no radius, or a greater one, knows the country at best. */
#define ZTA_PLACE_RADIUS_MAX_KM 1000

/* IPv4 and IPv6 of one network stand in different places of such files, so they are kept apart. */
enum zta_risk_family {
    ZTA_RISK_IPV4 = 0,
    ZTA_RISK_IPV6,
    ZTA_N_RISK_FAMILIES
};

struct zta_risk_place {
    struct zta_coordinates at;
    char country[2]; /* zeros: unknown */
    uint32_t asn;    /* 0: unknown */
    int64_t when_s;  /* real time; 0: never */
};

/* The User-Agent of a session as hashes; zeroed: none seen. One that sends none has hashes, too. */
struct zta_risk_agent {
    uint64_t form;  /* without its versions */
    uint64_t whole; /* as sent */
};

enum zta_risk_family zta_risk_family_of(const struct zta_addr *addr);
/* Is it one that may be compared: a place to within ZTA_PLACE_RADIUS_MAX_KM? */
bool zta_place_is_known(const struct zta_coordinates *at);
/* Along the surface, by the mean radius of 6371.0088 km; rounded. */
uint32_t zta_place_distance_km(const struct zta_coordinates *a, const struct zta_coordinates *b);

struct zta_travel {
    uint32_t distance_km;
    int64_t seconds; /* 0 or less: at once, or seen in another order */
    bool is_impossible;
};
/*
 * From the one to the other: impossible when they are farther apart than the floor (100 km, or both
 * radii) and faster than ZTA_TRAVEL_KMH; at once, the floor alone decides. Unknown places give
 * zeros.
 */
struct zta_travel zta_travel_between(const struct zta_risk_place *from,
                                     const struct zta_risk_place *to);
/* "CH to US, 6322 km in 20 min". */
void zta_travel_print(const struct zta_risk_place *from, const struct zta_risk_place *to,
                      const struct zta_travel *travel, struct zta_buffer *out);

struct zta_risk_agent zta_risk_agent_of(struct zta_text agent);
enum zta_agent_change {
    ZTA_AGENT_SAME = 0,
    ZTA_AGENT_UPDATED, /* another version of the same */
    ZTA_AGENT_CHANGED,
};
/* Of a session that came with former; the same when nothing was seen. */
enum zta_agent_change zta_risk_agent_compare(const struct zta_risk_agent *former,
                                             struct zta_text agent);

#endif

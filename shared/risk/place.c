/* SPDX-License-Identifier: Apache-2.0 */
/* Distances in floating point, rounded to kilometres before anything is decided by them. */
#include "shared/risk/place.h"

#include <math.h>

#include "shared/risk/habits.h"

#define EARTH_RADIUS_KM   6371.0088
#define RADIANS_OF(centi) ((double)(centi) * (M_PI / 18000.0))

enum zta_risk_family zta_risk_family_of(const struct zta_addr *addr)
{
    return addr->family == 6 ? ZTA_RISK_IPV6 : ZTA_RISK_IPV4;
}

bool zta_place_is_known(const struct zta_coordinates *at)
{
    return at->radius_km > 0 && at->radius_km <= ZTA_PLACE_RADIUS_MAX_KM;
}

uint32_t zta_place_distance_km(const struct zta_coordinates *a, const struct zta_coordinates *b)
{
    const double north = sin(RADIANS_OF(b->latitude - a->latitude) / 2);
    const double east = sin(RADIANS_OF(b->longitude - a->longitude) / 2);
    const double across =
        north * north + cos(RADIANS_OF(a->latitude)) * cos(RADIANS_OF(b->latitude)) * east * east;
    /* Of antipodes rounding may give more than 1, of which there is no arc. */
    return (uint32_t)lround(2 * EARTH_RADIUS_KM * asin(fmin(1, sqrt(across))));
}

struct zta_travel zta_travel_between(const struct zta_risk_place *from,
                                     const struct zta_risk_place *to)
{
    struct zta_travel travel = {.is_impossible = false};
    if (from->when_s == 0 || !zta_place_is_known(&from->at) || !zta_place_is_known(&to->at)) {
        return travel;
    }
    const uint32_t radii_km = (uint32_t)from->at.radius_km + to->at.radius_km;
    const uint32_t floor_km = radii_km > ZTA_TRAVEL_FLOOR_KM ? radii_km : ZTA_TRAVEL_FLOOR_KM;
    travel.distance_km = zta_place_distance_km(&from->at, &to->at);
    travel.seconds = to->when_s > from->when_s ? to->when_s - from->when_s : 0;
    /* A distance has 5 digits: what is longer ago than any journey is not multiplied. */
    travel.is_impossible = travel.distance_km > floor_km &&
                           (travel.seconds < 86400 * 30 &&
                            (int64_t)travel.distance_km * 3600 > travel.seconds * ZTA_TRAVEL_KMH);
    return travel;
}

static void print_country(const struct zta_risk_place *place, struct zta_buffer *out)
{
    if (place->country[0] == '\0') {
        zta_buffer_string(out, "?");
        return;
    }
    zta_buffer_append(out, place->country, sizeof place->country);
}

void zta_travel_print(const struct zta_risk_place *from, const struct zta_risk_place *to,
                      const struct zta_travel *travel, struct zta_buffer *out)
{
    print_country(from, out);
    zta_buffer_string(out, " to ");
    print_country(to, out);
    zta_buffer_printf(out, ", %u km in ", (unsigned)travel->distance_km);
    if (travel->seconds < 60) {
        zta_buffer_printf(out, "%lld s", (long long)travel->seconds);
    }
    else {
        zta_buffer_printf(out, "%lld min", (long long)travel->seconds / 60);
    }
}

static uint64_t form_of(struct zta_text agent)
{
    char storage[ZTA_AGENT_FORM_SIZE];
    return zta_habit_hash(zta_agent_form(agent, storage));
}

struct zta_risk_agent zta_risk_agent_of(struct zta_text agent)
{
    return (struct zta_risk_agent){.form = form_of(agent), .whole = zta_habit_hash(agent)};
}

enum zta_agent_change zta_risk_agent_compare(const struct zta_risk_agent *former,
                                             struct zta_text agent)
{
    /* Nearly always the same, which one hash says. */
    if (former->whole == 0 || former->whole == zta_habit_hash(agent)) {
        return ZTA_AGENT_SAME;
    }
    return former->form == form_of(agent) ? ZTA_AGENT_UPDATED : ZTA_AGENT_CHANGED;
}

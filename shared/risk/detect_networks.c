/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One credential from several networks at once: requests go to and fro between places that have
 * nothing in common, faster than anybody changes networks.
 */
#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/clock.h"
#include "shared/context.h"
#include "shared/risk/detect_priv.h"
#include "shared/risk/habits.h"

/*
 * Carriers and dual stack change addresses within one system. Where the systems are not known,
 * countries tell. Two networks that are both usual are an office with two lines, and as long as
 * nobody knows what is usual, another line in the same country may be one.
 */
bool zta_detect_is_apart(const struct zta_sighting_place *a, const struct zta_sighting_place *b)
{
    if (a->network == 0 || b->network == 0 || a->network == b->network) {
        return false;
    }
    const bool has_systems = a->system != 0 && b->system != 0;
    const bool has_countries = a->country != 0 && b->country != 0;
    const bool is_abroad = has_countries && a->country != b->country;
    if (has_systems ? a->system == b->system : !is_abroad) {
        return false;
    }
    if (a->is_usual_known && b->is_usual_known) {
        return !a->is_known_usual || !b->is_known_usual;
    }
    return is_abroad;
}

static void print_place(const struct zta_sighting_place *place, struct zta_buffer *out)
{
    if (place->system != 0) {
        zta_buffer_printf(out, "AS%u", place->system);
    }
    else {
        zta_habit_value_print(ZTA_HABIT_COUNTRY, place->country, out);
    }
}

static void note_switch(struct zta_network_watch *watch, int64_t now_ns)
{
    for (size_t i = 1; i < ZTA_NETWORK_SWITCHES; i++) {
        watch->switches_ns[i - 1] = watch->switches_ns[i];
    }
    watch->switches_ns[ZTA_NETWORK_SWITCHES - 1] = now_ns;
}

void zta_detect_networks(struct zta_network_watch *watch, const struct zta_sighting *sighting,
                         struct zta_findings *findings)
{
    const int64_t now_ns = sighting->time_ns;
    /* One that came before the change and took long, or a clock that was set back for good. */
    const bool is_late = now_ns < watch->here_since_ns &&
                         watch->here_since_ns - now_ns < ZTA_NETWORK_WINDOW_S * ZTA_NS_PER_S;
    if (sighting->place.network == 0 || is_late) {
        return;
    }
    const bool is_switch = zta_detect_is_apart(&watch->here, &sighting->place);
    if (is_switch) {
        watch->there = watch->here;
        note_switch(watch, now_ns);
    }
    if (is_switch || watch->here_since_ns == 0 || now_ns < watch->here_since_ns) {
        watch->here_since_ns = now_ns;
    }
    watch->here = sighting->place;
    const int64_t first_ns = watch->switches_ns[0];
    if (!is_switch || first_ns == 0 || now_ns < first_ns ||
        now_ns - first_ns > ZTA_NETWORK_WINDOW_S * ZTA_NS_PER_S ||
        !zta_detect_again(&watch->found_ns, now_ns)) {
        return;
    }
    char text[ZTA_RISK_EVIDENCE_MAX];
    struct zta_buffer places;
    zta_buffer_init(&places, text, sizeof text);
    print_place(&watch->there, &places);
    zta_buffer_string(&places, " and ");
    print_place(&watch->here, &places);
    zta_detect_found(findings, ZTA_RISK_SEVERAL_NETWORKS, "%s in %d s", text,
                     (int)((now_ns - first_ns) / ZTA_NS_PER_S));
}

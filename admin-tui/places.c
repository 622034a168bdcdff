/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the published places, and where a rule is enforced. */
#include "admin-tui/places.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/rules/decide.h"
#include "shared/store/published.h"

struct loading {
    struct ctl_places *places;
    enum zta_status status;
};

static bool add_place(void *context, const struct zta_published_location *location)
{
    struct loading *loading = context;
    struct ctl_places *places = loading->places;
    struct ctl_place *grown =
        places->n < CTL_PLACES_MAX ? realloc(places->all, (places->n + 1) * sizeof *grown) : NULL;
    if (grown == NULL) {
        loading->status = ZTA_NO_MEMORY;
        return false;
    }
    places->all = grown;
    struct ctl_place *place = &grown[places->n++];
    (void)snprintf(place->server, sizeof place->server, "%.*s", (int)location->server.len,
                   location->server.len == 0 ? "" : location->server.data);
    (void)snprintf(place->path, sizeof place->path, "%.*s", (int)location->path.len,
                   location->path.len == 0 ? "" : location->path.data);
    place->stance = location->stance;
    return true;
}

enum zta_status ctl_places_load(struct zta_view *view, struct ctl_places *places)
{
    struct loading loading = {.places = places, .status = ZTA_OK};
    *places = (struct ctl_places){.n = 0};
    const enum zta_status status = zta_published_each_location(view, add_place, &loading);
    return status == ZTA_OK ? loading.status : status;
}

void ctl_places_close(struct ctl_places *places)
{
    free(places->all);
    *places = (struct ctl_places){.n = 0};
}

bool ctl_places_enforce(const struct ctl_places *places, const struct zta_ruleset *set,
                        size_t number, int64_t when_s)
{
    for (size_t i = 0; i < places->n; i++) {
        if (zta_ruleset_rule_mode(set, number, &places->all[i].stance, when_s) ==
            ZTA_MODE_ENFORCE) {
            return true;
        }
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The governed places of the running server, as it published them. */
#ifndef CTL_PLACES_H
#define CTL_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"
#include "shared/store/env.h"

#define CTL_PLACES_MAX 4096

struct ctl_place {
    char server[ZTA_HOST_MAX + 16]; /* "api.example.com:443" */
    char path[512];
    struct zta_stance stance; /* as published: what is configured */
};

struct ctl_places {
    struct ctl_place *all;
    size_t n;
};

/* Those published; none when no server has run on the store. The caller closes them. */
enum zta_status ctl_places_load(struct zta_view *view, struct ctl_places *places) ZTA_MUST_CHECK;
void ctl_places_close(struct ctl_places *places);

/* Some place enforces rule `number` of the set at that time (real time, s). */
bool ctl_places_enforce(const struct ctl_places *places, const struct zta_ruleset *set,
                        size_t number, int64_t when_s);

#endif

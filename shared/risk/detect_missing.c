/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enumeration: somebody asks for what is not there or not his, each time for something else. A
 * page that asks for the same missing picture a thousand times does not.
 */
#include "shared/risk/detect_priv.h"

static const struct {
    int64_t window_s;
    unsigned n_paths;
} lengths[] = {
    {.window_s = ZTA_MISSING_WINDOW_S, .n_paths = ZTA_MISSING_PATHS},
    {.window_s = ZTA_MISSING_WINDOW_LONG_S, .n_paths = ZTA_MISSING_PATHS_LONG},
};

void zta_detect_missing(struct zta_missing_watch *watch, const struct zta_sighting *sighting,
                        struct zta_findings *findings)
{
    const bool is_missing = (sighting->traits & ZTA_SIGHTING_MISSING) != 0;
    const int64_t now_ns = sighting->time_ns;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct zta_missing_window *window = &watch->windows[i];
        if (zta_detect_window(&window->since_ns, lengths[i].window_s, now_ns)) {
            *window = (struct zta_missing_window){.since_ns = now_ns};
        }
        window->n_requests += sighting->n;
        if (!is_missing) {
            continue;
        }
        window->n_missing += sighting->n;
        zta_sketch_add(&window->paths, sighting->path);
        const unsigned n_paths = zta_sketch_count(&window->paths);
        if (n_paths >= lengths[i].n_paths && window->n_missing >= window->n_requests / 2 &&
            zta_detect_again(&watch->found_ns, now_ns)) {
            zta_detect_found(findings, ZTA_RISK_ENUMERATION,
                             "%u of %u answers 403 or 404, %u paths", window->n_missing,
                             window->n_requests, n_paths);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks each second whether a MaxMind DB file was replaced, and takes the new one over into the
 * copies that children read; what is wrong with it is an alert for as long as it is. In the
 * helper's process, free of httpd.
 */
#ifndef MOD_ZTA_HELPER_GEO_WATCH_H
#define MOD_ZTA_HELPER_GEO_WATCH_H

#include <stdint.h>

#include "mod_zta/helper/observer.h"
#include "shared/context/copies.h"

struct mod_zta_geo_watched {
    const char *path; /* NULL: not configured */
    const char *directive;
    struct zta_file_stamp seen;    /* as of the last look */
    struct zta_file_stamp refused; /* what cannot be used */
};

struct mod_zta_geo_watch {
    struct zta_geo_copies *copies; /* NULL: nothing is watched */
    struct mod_zta_geo_watched files[ZTA_N_GEO_KINDS];
    int64_t next_ns; /* monotonic; 0: at once */
};

/* One look, when it is time. */
void mod_zta_geo_watch_step(struct mod_zta_geo_watch *watch, struct mod_zta_observer *observer,
                            int64_t now_mono_ns, int64_t now_real_ns);

#endif

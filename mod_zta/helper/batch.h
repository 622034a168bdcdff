/* SPDX-License-Identifier: Apache-2.0 */
/* What the observer has read and not yet committed. */
#ifndef MOD_ZTA_HELPER_BATCH_H
#define MOD_ZTA_HELPER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/event.h"

#define MOD_ZTA_BATCH_MAX 4096

struct mod_zta_batch {
    size_t n;
    uint64_t sequences[MOD_ZTA_BATCH_MAX];
    struct zta_event events[MOD_ZTA_BATCH_MAX];
};

/*
 * Can the store keep it and the observer use its values? Slots are written by httpd's children, and
 * one that was broken into writes what it likes. A time from the future is set to now.
 */
bool mod_zta_event_sanitise(struct zta_event *event, int64_t now_real_ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and times of ZTARetain. */
#ifndef MOD_ZTA_RETAIN_H
#define MOD_ZTA_RETAIN_H

#include <stdint.h>

#include "shared/store/series.h"

struct mod_zta_retain {
    int64_t events_s;
    int64_t sessions_s;
    uint64_t events_size; /* bytes; 0: by time only */
    int64_t series_s[ZTA_N_SERIES_SPANS];
};

#endif

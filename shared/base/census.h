/* SPDX-License-Identifier: Apache-2.0 */
/*
 * About how many different values there were, in 1 KB whatever their number (HyperLogLog; the
 * standard error is 3.3 %). Censuses of parts merge into that of the whole. A hash is the caller's,
 * keyed where others choose the values.
 */
#ifndef ZTA_BASE_CENSUS_H
#define ZTA_BASE_CENSUS_H

#include <stdint.h>

#define ZTA_CENSUS_REGISTERS 1024
#define ZTA_CENSUS_RANK_MAX  55 /* bits behind the index, and one */

/* Zeroed is empty. */
struct zta_census {
    uint8_t ranks[ZTA_CENSUS_REGISTERS];
};

void zta_census_add(struct zta_census *census, uint64_t hash);
void zta_census_merge(struct zta_census *census, const struct zta_census *other);
uint64_t zta_census_count(const struct zta_census *census);

#endif

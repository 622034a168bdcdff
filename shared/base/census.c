/* SPDX-License-Identifier: Apache-2.0 */
/* HyperLogLog (Flajolet and others, 2007), counting linearly while few registers are set. */
#include "shared/base/census.h"

#include <math.h>

enum {
    INDEX_BITS = 10
};

_Static_assert(1 << INDEX_BITS == ZTA_CENSUS_REGISTERS, "an index a register");
_Static_assert(64 - INDEX_BITS + 1 == ZTA_CENSUS_RANK_MAX, "the rank of no set bit at all");

/* The bias of the mean for that many registers. */
static const double bias = 0.7213 / (1 + 1.079 / ZTA_CENSUS_REGISTERS);
/* Below it, counting empty registers is more exact. */
static const double few = 2.5 * ZTA_CENSUS_REGISTERS;

void zta_census_add(struct zta_census *census, uint64_t hash)
{
    uint8_t *rank = &census->ranks[hash >> (64 - INDEX_BITS)];
    const uint64_t rest = hash << INDEX_BITS;
    const int seen = rest == 0 ? ZTA_CENSUS_RANK_MAX : __builtin_clzll(rest) + 1;
    *rank = seen > *rank ? (uint8_t)seen : *rank;
}

void zta_census_merge(struct zta_census *census, const struct zta_census *other)
{
    for (unsigned i = 0; i < ZTA_CENSUS_REGISTERS; i++) {
        if (other->ranks[i] > census->ranks[i]) {
            census->ranks[i] = other->ranks[i];
        }
    }
}

uint64_t zta_census_count(const struct zta_census *census)
{
    const double m = ZTA_CENSUS_REGISTERS;
    double sum = 0;
    unsigned n_empty = 0;
    for (unsigned i = 0; i < ZTA_CENSUS_REGISTERS; i++) {
        sum += ldexp(1, -census->ranks[i]);
        n_empty += census->ranks[i] == 0 ? 1 : 0;
    }
    double count = bias * m * m / sum;
    if (count <= few && n_empty > 0) {
        count = m * log(m / n_empty);
    }
    return (uint64_t)(count + 0.5);
}

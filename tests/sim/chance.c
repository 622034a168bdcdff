/* SPDX-License-Identifier: Apache-2.0 */
/* SplitMix64 and what is made of it. */
#include "tests/sim/chance.h"

#include <math.h>

#include "tests/unit/scratch_store.h"

static double unit(struct sim_chance *chance)
{
    return (double)(scratch_random(&chance->state) >> 11) / 9007199254740992.0;
}

uint64_t sim_below(struct sim_chance *chance, uint64_t n)
{
    return n == 0 ? 0 : scratch_random(&chance->state) % n;
}

bool sim_happens(struct sim_chance *chance, double probability)
{
    return unit(chance) < probability;
}

double sim_between(struct sim_chance *chance, double low, double high)
{
    return low + (high - low) * unit(chance);
}

double sim_about(struct sim_chance *chance, double median, double times)
{
    /* Nearly normal: the sum of twelve. */
    double z = -6;
    for (int i = 0; i < 12; i++) {
        z += unit(chance);
    }
    return median * pow(times, z);
}

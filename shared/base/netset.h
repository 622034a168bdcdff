/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of networks that answer by one binary search, however many networks there are. Immutable
 * once made, so any number of threads may ask.
 */
#ifndef ZTA_BASE_NETSET_H
#define ZTA_BASE_NETSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/net.h"

struct zta_net_v6 {
    uint64_t high;
    uint64_t low;
};

/*
 * Per family where membership changes, in ascending order: the first address inside, the first
 * behind it, and so on. A run up to the last address of all has no end.
 */
struct zta_net_set {
    uint32_t *v4;
    size_t n_v4;
    struct zta_net_v6 *v6;
    size_t n_v6;
};

/*
 * Makes the set of all networks. They are sorted in place; set->v4 and set->v6 are the caller's
 * and have room for two items a network of their family.
 */
void zta_net_set_make(struct zta_cidr *cidrs, size_t n, struct zta_net_set *set);
/* False for an unknown address. */
bool zta_net_set_contains(const struct zta_net_set *set, const struct zta_addr *addr);

#endif

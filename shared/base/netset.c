/* SPDX-License-Identifier: Apache-2.0 */
/* Networks never cross each other: sorted, one lies inside the one before it or behind it. */
#include "shared/base/netset.h"

#include <stdlib.h>
#include <string.h>

static uint32_t v4_of(const struct zta_addr *addr)
{
    return zta_get_u32(addr->bytes);
}

static struct zta_net_v6 v6_of(const struct zta_addr *addr)
{
    return (struct zta_net_v6){.high = zta_get_u64(addr->bytes),
                               .low = zta_get_u64(addr->bytes + sizeof(uint64_t))};
}

static bool is_before(struct zta_net_v6 a, struct zta_net_v6 b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

/* By family and first address, of equal ones the widest first. */
static int compare(const void *left, const void *right)
{
    const struct zta_cidr *a = left;
    const struct zta_cidr *b = right;
    if (a->addr.family != b->addr.family) {
        return a->addr.family - b->addr.family;
    }
    const int order = memcmp(a->addr.bytes, b->addr.bytes, sizeof a->addr.bytes);
    return order != 0 ? order : a->prefix - b->prefix;
}

/* The first address behind a network; false when it reaches to the end. */
static bool end_v4(const struct zta_cidr *cidr, uint32_t *end)
{
    const uint64_t sum = v4_of(&cidr->addr) + (UINT64_C(1) << (32 - cidr->prefix));
    *end = (uint32_t)sum;
    return sum <= UINT32_MAX;
}

static bool end_v6(const struct zta_cidr *cidr, struct zta_net_v6 *end)
{
    const struct zta_net_v6 first = v6_of(&cidr->addr);
    if (cidr->prefix == 0) {
        return false;
    }
    const unsigned bits = 128u - cidr->prefix;
    const uint64_t low = bits < 64 ? UINT64_C(1) << bits : 0;
    const uint64_t high = bits < 64 ? 0 : UINT64_C(1) << (bits - 64);
    end->low = first.low + low;
    const uint64_t carry = end->low < first.low ? 1 : 0;
    end->high = first.high + high + carry;
    return !is_before(*end, first);
}

/* What begins right behind the run before makes that longer; what begins inside changes nothing. */
static void add_v4(struct zta_net_set *set, const struct zta_cidr *cidr, bool *is_open)
{
    const uint32_t first = v4_of(&cidr->addr);
    uint32_t end;
    if (*is_open || (set->n_v4 > 0 && first < set->v4[set->n_v4 - 1])) {
        return;
    }
    if (set->n_v4 > 0 && first == set->v4[set->n_v4 - 1]) {
        set->n_v4--;
    }
    else {
        set->v4[set->n_v4++] = first;
    }
    *is_open = !end_v4(cidr, &end);
    if (!*is_open) {
        set->v4[set->n_v4++] = end;
    }
}

static void add_v6(struct zta_net_set *set, const struct zta_cidr *cidr, bool *is_open)
{
    const struct zta_net_v6 first = v6_of(&cidr->addr);
    struct zta_net_v6 end;
    if (*is_open || (set->n_v6 > 0 && is_before(first, set->v6[set->n_v6 - 1]))) {
        return;
    }
    if (set->n_v6 > 0 && !is_before(set->v6[set->n_v6 - 1], first)) {
        set->n_v6--;
    }
    else {
        set->v6[set->n_v6++] = first;
    }
    *is_open = !end_v6(cidr, &end);
    if (!*is_open) {
        set->v6[set->n_v6++] = end;
    }
}

void zta_net_set_make(struct zta_cidr *cidrs, size_t n, struct zta_net_set *set)
{
    bool is_open_v4 = false;
    bool is_open_v6 = false;
    set->n_v4 = 0;
    set->n_v6 = 0;
    if (n > 0) {
        qsort(cidrs, n, sizeof *cidrs, compare);
    }
    for (size_t i = 0; i < n; i++) {
        if (cidrs[i].addr.family == 4) {
            add_v4(set, &cidrs[i], &is_open_v4);
        }
        else if (cidrs[i].addr.family == 6) {
            add_v6(set, &cidrs[i], &is_open_v6);
        }
    }
}

/* Inside is who has passed an odd number of changes. */
bool zta_net_set_contains(const struct zta_net_set *set, const struct zta_addr *addr)
{
    size_t low = 0;
    if (addr->family == 4) {
        const uint32_t wanted = v4_of(addr);
        for (size_t n = set->n_v4; n > 0; n /= 2) {
            const size_t half = n / 2;
            if (set->v4[low + half] <= wanted) {
                low += half + 1;
                n -= 1;
            }
        }
    }
    else if (addr->family == 6) {
        const struct zta_net_v6 wanted = v6_of(addr);
        for (size_t n = set->n_v6; n > 0; n /= 2) {
            const size_t half = n / 2;
            if (!is_before(wanted, set->v6[low + half])) {
                low += half + 1;
                n -= 1;
            }
        }
    }
    return low % 2 != 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two 64-bit words that change together by one compare-and-swap, in memory that processes share.
 * Done by the processor itself: libatomic may take a lock of its own process for 16 bytes, which
 * means nothing to another process.
 */
#ifndef ZTA_LIVE_PAIR_PRIV_H
#define ZTA_LIVE_PAIR_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Each word alone may be read at any time, and written by whoever excludes other writers. */
struct zta_pair {
    _Alignas(16) _Atomic uint64_t first;
    _Atomic uint64_t second;
};

struct zta_pair_value {
    uint64_t first;
    uint64_t second;
};

/* Sequentially consistent. False: the pair was not as expected, nothing was written. */
static inline bool zta_pair_swap(struct zta_pair *pair, struct zta_pair_value expected,
                                 struct zta_pair_value desired)
{
#if defined(__x86_64__)
    bool is_swapped;
    __asm__ __volatile__("lock cmpxchg16b %1"
                         : "=@ccz"(is_swapped), "+m"(*pair), "+a"(expected.first),
                           "+d"(expected.second)
                         : "b"(desired.first), "c"(desired.second)
                         : "memory");
    return is_swapped;
#elif defined(__aarch64__)
    union {
        struct zta_pair_value words;
        unsigned __int128 both;
    } from = {.words = expected}, to = {.words = desired};
    typedef unsigned __int128 __attribute__((may_alias)) wide;
    return __sync_bool_compare_and_swap((wide *)pair, from.both, to.both);
#else
#error "needs a 16-byte compare-and-swap that works between processes"
#endif
}

#endif

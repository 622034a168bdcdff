/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for any input; where it does not, the fuzzer has found something. */
#ifndef ZTA_FUZZ_MUST_H
#define ZTA_FUZZ_MUST_H

#include <stdlib.h>

static inline void must(int holds)
{
    if (!holds) {
        abort();
    }
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of a console that shows a fixture, linked instead of the real one: it stands still at
 * ZTA_TEST_CLOCK (seconds since 1970), or goes on from there when a '+' follows.
 */
#include <stdint.h>
#include <stdlib.h>

#include "shared/base/clock.h"

int64_t __wrap_zta_clock_real_ns(void);

int64_t __wrap_zta_clock_real_ns(void)
{
    static int64_t begin_ns;
    const char *text = getenv("ZTA_TEST_CLOCK");
    char *end = NULL;
    int64_t now_ns = (text == NULL ? 0 : strtoll(text, &end, 10)) * ZTA_NS_PER_S;
    int64_t passed_ns = zta_clock_monotonic_ns();
    begin_ns = begin_ns == 0 ? passed_ns : begin_ns;
    return end != NULL && *end == '+' ? now_ns + passed_ns - begin_ns : now_ns;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store whose every text is an attack on the terminal that shows it: escape sequences in seven
 * and eight bits, characters that turn directions, invisible, wide and combining ones, bytes that
 * are no UTF-8. HOSTILE_MARK stands in each sequence that a terminal would act on.
 */
#ifndef TESTS_UNIT_HOSTILE_STORE_H
#define TESTS_UNIT_HOSTILE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/scratch_store.h"

#define HOSTILE_MARK "66613"

/* NULL behind the last. */
const char *hostile_text(size_t i);
/* Into the store in dir, which is there and open nowhere in this process. */
void hostile_store_fill(const char *dir, int64_t now_ns);

#endif

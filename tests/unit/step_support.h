/* SPDX-License-Identifier: Apache-2.0 */
/* Stops a process at any chosen instruction of a piece of work, to go on or to die there. */
#ifndef ZTA_TESTS_STEP_SUPPORT_H
#define ZTA_TESTS_STEP_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/unit/sanitized.h"

/*
 * Places to stop at, spread evenly if there are more instructions. Under ThreadSanitizer, which
 * does not see other processes anyway, a fork is slow and an access is many instructions.
 */
#define STEP_TEST_STOPS (120 / SANITIZED_COST)

typedef void (*step_test_fn)(void *data);

/* False where processes may not be traced. */
bool step_test_is_possible(void);
/* How many instructions the work takes, in a process that then ends; it is done once. */
size_t step_test_count(step_test_fn work, void *data);
/* Starts the work in a new process and stops it before it has done more than n instructions. */
pid_t step_test_begin(step_test_fn work, void *data, size_t n);
/* Lets it do the rest and reaps it. */
void step_test_finish(pid_t pid);
/* SIGKILL where it stands, and reaps it. */
void step_test_kill(pid_t pid);

#endif

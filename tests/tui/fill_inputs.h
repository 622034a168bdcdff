/* SPDX-License-Identifier: Apache-2.0 */
/* What a second judgement of the fixture's requests rests on: credentials' sides, and a stance. */
#ifndef TESTS_TUI_FILL_INPUTS_H
#define TESTS_TUI_FILL_INPUTS_H

#include <stddef.h>

#include "shared/event.h"
#include "shared/store/env.h"

/* The request can be judged again as the number of that person (SIZE_MAX: of nobody known). */
void fill_inputs_of(struct zta_event *event, const char *const *people, size_t who, unsigned stage);
/* Records what their credentials said at that time. */
enum zta_status fill_inputs(struct zta_change *change, const char *const *people, size_t n,
                            int64_t now_s) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Time series of the fixture store. */
#ifndef TESTS_TUI_FILL_SERIES_H
#define TESTS_TUI_FILL_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "shared/event.h"
#include "shared/store/env.h"

/* Minutes, hours and days of these events, and hours and days of two weeks before now_s. */
enum zta_status fill_series(struct zta_change *change, const struct zta_event *events, size_t n,
                            int64_t now_s) ZTA_MUST_CHECK;

#endif

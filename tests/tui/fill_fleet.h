/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet of seven nodes for the fixture, as the agent of this store's node last found it. */
#ifndef TESTS_TUI_FILL_FLEET_H
#define TESTS_TUI_FILL_FLEET_H

#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/env.h"

/* Makes the store of dir a part of it. A key is written beside the store, and removed. */
enum zta_status fill_fleet(const char *dir, struct zta_store *store, int64_t now_s,
                           struct zta_error *error) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the live rules for the fixture: a rule that comes, a mode, a rule that changes. */
#ifndef TESTS_TUI_FILL_VERSIONS_H
#define TESTS_TUI_FILL_VERSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/env.h"

#define FILL_VERSIONS 3

/* How long before the fixture's now that one was made. */
int64_t fill_version_ago_s(size_t i);
/* Version i + 1, over the one before it. */
enum zta_status fill_version(struct zta_change *change, size_t i) ZTA_MUST_CHECK;

#endif

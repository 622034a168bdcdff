/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZTAGovernor as the running server has it, in state/: written at each (re)start, for the agent of
 * a fleet, who holds what other nodes want to the same bound.
 */
#ifndef ZTA_STORE_PUBLISHED_GOVERNOR_H
#define ZTA_STORE_PUBLISHED_GOVERNOR_H

#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/risk/governor.h"
#include "shared/store/env.h"

/*
 * In `published`: u8 version, u8 percent, i64 window in s, u32 min, u16 networks, then of each u8
 * family, u8 prefix and 16 bytes.
 */
#define ZTA_GOVERNOR_KEY     "governor"
#define ZTA_GOVERNOR_VERSION 1

/* Networks above ZTA_GOVERNOR_NEVER_MAX: ZTA_TOO_LARGE. */
enum zta_status zta_published_put_governor(struct zta_change *change,
                                           const struct zta_governor_limits *limits) ZTA_MUST_CHECK;

struct zta_published_governor {
    struct zta_governor_limits limits; /* its networks are those below */
    struct zta_cidr never[ZTA_GOVERNOR_NEVER_MAX];
};
/* ZTA_NOT_FOUND: no server has said so. ZTA_CORRUPT. */
enum zta_status zta_published_get_governor(struct zta_view *view,
                                           struct zta_published_governor *governor) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What helper and agent of a node tell each other of the rates that the fleet shares. The helper,
 * httpd's user, publishes in state/ how often buckets were asked for; the agent, the store's owner,
 * keeps in policy/ what of each rate is this node's. So who broke into httpd can claim more or less
 * for this node, as one that is asked more or less, and can change no other's part.
 */
#ifndef ZTA_STORE_SHARES_H
#define ZTA_STORE_SHARES_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/fleet/shares.h"
#include "shared/live/shares.h"
#include "shared/store/env.h"

/* Those that are named, and some that are to be. */
#define ZTA_SHARE_USES_MAX (ZTA_SHARE_KEYS_MAX + ZTA_SHARE_HOT_MAX)

struct zta_share_uses {
    int64_t time_ns;   /* monotonic: when they were collected */
    int64_t issued_ns; /* of the grants that the proxy goes by */
    size_t n;
    struct zta_share_use uses[ZTA_SHARE_USES_MAX];
};
enum zta_status zta_share_uses_put(struct zta_change *change,
                                   const struct zta_share_uses *uses) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: no helper of a fleet's node ever ran here. */
enum zta_status zta_share_uses_get(struct zta_view *view,
                                   struct zta_share_uses *uses) ZTA_MUST_CHECK;

/* The file in policy/: what is granted, by id, and when. */
#define ZTA_SHARES_FILE "fleet.shares"

struct zta_share_grants {
    int64_t issued_ns; /* monotonic: when the agent asked the engine for them */
    size_t n;
    struct zta_share_grant grants[ZTA_SHARE_KEYS_MAX];
};
#define ZTA_SHARE_GRANTS_SIZE (8 + 8 + 4 + ZTA_SHARE_KEYS_MAX * 12)
void zta_share_grants_encode(const struct zta_share_grants *grants,
                             uint8_t out[ZTA_SHARE_GRANTS_SIZE], size_t *size);
/* ZTA_INVALID. */
enum zta_status zta_share_grants_decode(const void *data, size_t size,
                                        struct zta_share_grants *grants) ZTA_MUST_CHECK;

#endif

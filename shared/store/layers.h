/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of the live layer of rules in policy/, also those that came from other nodes of a fleet;
 * none is ever changed, so that each can come back. The latest by its time is in force, wherever it
 * was made; its number is this store's own.
 */
#ifndef ZTA_STORE_LAYERS_H
#define ZTA_STORE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/rules/layer.h"
#include "shared/store/env.h"

#define ZTA_LAYER_VERSIONS_MAX 1000      /* that are kept */
#define ZTA_LAYER_SIZE_MAX     (8 << 20) /* bytes of one version */
/* Bytes of all that are kept: revocations, keys and devices need room in the same file. */
#define ZTA_LAYER_HISTORY_MAX (UINT64_C(64) << 20)

/* Of each store's own versions so many are known to all nodes of its fleet. */
#define ZTA_LAYER_SLOTS 16

/*
 * The version that is in force at now_s: the latest of those in order, or, when nobody confirmed
 * that in time, the latest that is not on trial. An empty layer of version 0 when nothing was ever
 * changed. Its memory is *storage, which the caller frees. ZTA_NO_MEMORY, ZTA_CORRUPT, ZTA_IO.
 */
enum zta_status zta_layer_in_force(struct zta_view *view, int64_t now_s, struct zta_layer *layer,
                                   void **storage) ZTA_MUST_CHECK;
/* One version. ZTA_NOT_FOUND: there is none of that number (any more). */
enum zta_status zta_layer_get(struct zta_view *view, uint64_t version, struct zta_layer *layer,
                              void **storage) ZTA_MUST_CHECK;

/* Newest first; false ends the walk. The layer is valid for the call, and may be unreadable. */
typedef bool (*zta_layer_fn)(void *context, const struct zta_layer *layer);
enum zta_status zta_layer_each(struct zta_view *view, zta_layer_fn fn,
                               void *context) ZTA_MUST_CHECK;

/* The same without texts of entries, which are NULL; those that cannot be read are left out. */
enum zta_status zta_layer_each_head(struct zta_view *view, zta_layer_fn fn,
                                    void *context) ZTA_MUST_CHECK;

/*
 * What came from other nodes and fits: puts it in order, so that it is in force when it is the
 * latest. Or keeps it as one that does not fit. Nothing happens to one that is in order already.
 * ZTA_NOT_FOUND.
 */
enum zta_status zta_layer_judge(struct zta_change *change, uint64_t version,
                                bool fits) ZTA_MUST_CHECK;

/*
 * Makes it the next version: sets version, changed_ns, and of entries whose created_ns is 0 time
 * and origin. Forgets the oldest beyond ZTA_LAYER_VERSIONS_MAX and ZTA_LAYER_HISTORY_MAX, but for
 * what it falls back to. ZTA_CONFLICT: another change was made since the version `seen`, which the
 * caller looked at. ZTA_TOO_LARGE, ZTA_FULL.
 */
enum zta_status zta_layer_put(struct zta_change *change, struct zta_layer *layer,
                              uint64_t seen) ZTA_MUST_CHECK;

#endif

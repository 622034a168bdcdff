/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded sides of credentials (shared/inputs.h) in state/: once each, under the name that events
 * carry. Written by the observer in the transaction of the events; when each was last needed is
 * noted by the hour, so that it goes with the last of its events.
 */
#ifndef ZTA_STORE_INPUTS_H
#define ZTA_STORE_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define ZTA_INPUTS_TOUCH_S INT64_C(3600)

/* Notes a use at now_s. ZTA_NOT_FOUND: it is not kept; put does that. */
enum zta_status zta_inputs_touch(struct zta_change *change,
                                 const uint8_t name[ZTA_INPUTS_NAME_SIZE],
                                 int64_t now_s) ZTA_MUST_CHECK;
/* ZTA_INVALID when the contents are not of that name, or are none. */
enum zta_status zta_inputs_put(struct zta_change *change, const uint8_t name[ZTA_INPUTS_NAME_SIZE],
                               const void *data, size_t size, int64_t now_s) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND; ZTA_TOO_LARGE when out is smaller than ZTA_INPUTS_SIZE_MAX and it does not fit. */
enum zta_status zta_inputs_get(struct zta_view *view, const uint8_t name[ZTA_INPUTS_NAME_SIZE],
                               void *out, size_t size, size_t *out_size) ZTA_MUST_CHECK;
/*
 * Looks at `most` records from *place on and removes those last used before before_s; *place is
 * where the next call goes on. *n removed records.
 */
enum zta_status zta_inputs_prune(struct zta_change *change, uint8_t place[ZTA_INPUTS_NAME_SIZE],
                                 int64_t before_s, size_t most, uint64_t *n) ZTA_MUST_CHECK;
enum zta_status zta_inputs_size(struct zta_view *view, uint64_t *bytes, uint64_t *n) ZTA_MUST_CHECK;

#endif

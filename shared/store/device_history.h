/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices were before an action changed them, so that it can be taken back: written by
 * devices.h with each change that carries an action, in policy/. Bounded: the oldest actions go.
 */
#ifndef ZTA_STORE_DEVICE_HISTORY_H
#define ZTA_STORE_DEVICE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/devices.h"
#include "shared/store/env.h"

#define ZTA_DEVICE_HISTORY_MAX 250000 /* records, one a device and action */

/* former: NULL where there was none. Valid for the call; returning false ends the walk. */
typedef bool (*zta_former_device_fn)(void *context, struct zta_text id,
                                     const struct zta_device *former);
/* What the action changed, in the order of ids. ZTA_NOT_FOUND: nothing, or it is not kept any more.
 */
enum zta_status zta_device_history_each(struct zta_view *view, uint64_t action_id,
                                        zta_former_device_fn fn, void *context) ZTA_MUST_CHECK;

/* A later change of one of the devices that an action changed. */
struct zta_device_later {
    uint64_t action_id;
    char id[ZTA_DEVICE_ID_MAX + 1];
};
/* The first. ZTA_NOT_FOUND: all are as the action left them. */
enum zta_status zta_device_history_later(struct zta_view *view, uint64_t action_id,
                                         struct zta_device_later *later) ZTA_MUST_CHECK;

/* Forgets the oldest actions, whole ones, until no more than most records are left. */
enum zta_status zta_device_history_trim(struct zta_change *change, uint64_t most) ZTA_MUST_CHECK;

#endif

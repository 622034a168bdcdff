/* SPDX-License-Identifier: Apache-2.0 */
/* Between devices.c, which changes the inventory, and device_history.c, which keeps what it was. */
#ifndef ZTA_STORE_DEVICES_PRIV_H
#define ZTA_STORE_DEVICES_PRIV_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/devices.h"
#include "shared/store/tables_priv.h"

/* The device points into key and value. */
enum zta_status zta_device_decode(struct zta_blob key, struct zta_blob value,
                                  struct zta_device *device) ZTA_MUST_CHECK;
/* What the record of a device was before this action first changed it; size 0: there was none. */
enum zta_status zta_device_history_note(struct zta_change *change, uint64_t action_id,
                                        struct zta_text id, struct zta_blob former) ZTA_MUST_CHECK;

#endif

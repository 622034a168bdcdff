/* SPDX-License-Identifier: Apache-2.0 */
/* Points of time series as records; between series_store.c and series_record.c. */
#ifndef ZTA_STORE_SERIES_PRIV_H
#define ZTA_STORE_SERIES_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/schema_series.h"
#include "shared/store/series.h"
#include "shared/store/tables_priv.h"

/* Into ZTA_SERIES_RECORD_MAX bytes, which hold every point. */
size_t zta_series_encode(const struct zta_series_point *point, uint8_t *out);
/* begin_s is the key's and not set here. ZTA_CORRUPT for anything encode does not write. */
enum zta_status zta_series_decode(struct zta_blob record,
                                  struct zta_series_point *point) ZTA_MUST_CHECK;

#endif

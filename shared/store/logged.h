/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In state/: up to which operators' and automation's actions the decision log was written. Set by
 * the helper with the changes it makes anyway, read by the one that follows a stop of the server.
 */
#ifndef ZTA_STORE_LOGGED_H
#define ZTA_STORE_LOGGED_H

#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/env.h"

/* Ids up to these were written or counted as lost. */
struct zta_logged_places {
    uint64_t actions;   /* of the audit trail */
    uint64_t responses; /* of automation */
};

/* ZTA_NOT_FOUND: no decision log was ever written. */
enum zta_status zta_logged_get(struct zta_view *view,
                               struct zta_logged_places *places) ZTA_MUST_CHECK;
enum zta_status zta_logged_put(struct zta_change *change,
                               const struct zta_logged_places *places) ZTA_MUST_CHECK;

#endif

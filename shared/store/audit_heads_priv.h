/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of audit trails as a topic of a fleet (fleet_priv.h). */
#ifndef ZTA_STORE_AUDIT_HEADS_PRIV_H
#define ZTA_STORE_AUDIT_HEADS_PRIV_H

#include <stdint.h>

#include "shared/store/audit_heads.h"
#include "shared/store/fleet_priv.h"

enum zta_status zta_audit_head_tell(struct zta_change *change, struct zta_blob key,
                                    struct zta_told *told) ZTA_MUST_CHECK;
/* Own heads are to be said anew in another fleet. */
enum zta_status zta_audit_head_note_join(struct zta_change *change) ZTA_MUST_CHECK;
enum zta_status zta_audit_head_strength(struct zta_blob key, struct zta_blob value,
                                        int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_audit_head_replace(struct zta_change *change, struct zta_blob key,
                                       struct zta_blob value) ZTA_MUST_CHECK;

#endif

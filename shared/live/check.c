/* SPDX-License-Identifier: Apache-2.0 */
/* The validator of the whole segment; apart from segment.c, which needs none of the parts. */
#include <inttypes.h>

#include "shared/live/layout_priv.h"
#include "shared/live/segment.h"
#include "shared/live/segment_priv.h"

static enum zta_status check_children(const struct zta_segment *segment, struct zta_error *error)
{
    for (uint32_t i = 0; i < ZTA_CHILDREN_MAX; i++) {
        const uint64_t word =
            atomic_load_explicit(&segment->header->children[i], memory_order_acquire);
        const uint32_t incarnation = (uint32_t)(word >> 32);
        const int32_t pid = (int32_t)(uint32_t)word;
        const bool is_untouched = word == 0;
        if (!is_untouched &&
            (incarnation < ZTA_CHILDREN_MAX || incarnation % ZTA_CHILDREN_MAX != i || pid < 0)) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "children: slot %" PRIu32 " holds incarnation %" PRIu32
                                 " of pid %" PRId32,
                                 i, incarnation, pid);
        }
    }
    return ZTA_OK;
}

enum zta_status zta_segment_check(const struct zta_segment *segment, struct zta_error *error)
{
    enum zta_status status =
        zta_segment_layout_check(&segment->header->layout, segment->layout.size, error);
    if (status == ZTA_OK && segment->header->layout.id != segment->layout.id) {
        status = zta_error_set(error, ZTA_CORRUPT, "shared memory was formatted anew");
    }
    if (status == ZTA_OK) {
        status = check_children(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_ring_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_token_cache_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_limits_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_issuers_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_jti_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_flights_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_mailbox_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_challenges_check(segment, error);
    }
    if (status == ZTA_OK) {
        status = zta_shares_check(segment, error);
    }
    return status;
}

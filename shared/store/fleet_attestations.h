/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What transmitters told other nodes of the fleet: that a device does not comply, or that a
 * subject, session or device is a risk. It stands in policy/, beside what this node was told, which
 * is in state/; the stricter of all counts. It can only restrict: that something complies, or is no
 * risk, takes back what the same node had said, and says nothing else.
 *
 * It counts for ZTA_FLEET_ATTESTATION_S after it was said. The node that was told says it again
 * while it stands there, so that what a node said that is gone, or was broken into, ends by itself.
 */
#ifndef ZTA_STORE_FLEET_ATTESTATIONS_H
#define ZTA_STORE_FLEET_ATTESTATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/attestations.h"
#include "shared/store/env.h"

#define ZTA_FLEET_ATTESTATION_S       86400
#define ZTA_FLEET_ATTESTATION_AGAIN_S (ZTA_FLEET_ATTESTATION_S / 4) /* what stands is said again */

/* All of it, one node after the other; what is over may be among it, and none is released. */
enum zta_status zta_fleet_attestation_each(struct zta_view *view, zta_attestation_fn fn,
                                           void *context) ZTA_MUST_CHECK;

/*
 * state/. All that restricts and stands here is to be said again: for the helper, every
 * ZTA_FLEET_ATTESTATION_AGAIN_S. *n: how many are.
 */
enum zta_status zta_fleet_attestations_note(struct zta_view *view, struct zta_change *change,
                                            int64_t now_s, uint64_t *n) ZTA_MUST_CHECK;

#endif

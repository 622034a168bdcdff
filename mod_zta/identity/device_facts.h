/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device of a request, from all that speaks of it. Sources that name different devices cancel
 * each other; what they say of the same one counts by the less favourable word, and unknown is no
 * word. Pure, httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_DEVICE_FACTS_H
#define MOD_ZTA_IDENTITY_DEVICE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/posture.h"
#include "shared/context.h"
#include "shared/identity.h"
#include "shared/store/devices.h"

struct mod_zta_device_sources {
    const struct zta_identity *identity;
    const struct zta_device *by_certificate; /* found by that of the connection; NULL: none */
    const struct zta_device *by_claim;       /* found by the token's claim; NULL: none */
    const struct zta_device *by_posture;     /* found by the posture's device; NULL: none */
    const struct mod_zta_posture *posture;   /* about this request; NULL: none */
    bool is_bound;                           /* it names this request's key or token */
    int64_t now_s;
};

/*
 * Fills device, traits, os, os_version and device_from, which were zero; texts point into the
 * sources. False: the sources contradict each other about which device it is, so none is known.
 */
bool mod_zta_device_facts_fill(const struct mod_zta_device_sources *sources,
                               struct zta_context *context);

#endif

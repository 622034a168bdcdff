/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States that transmitters of signals tell of: whether a device complies, and how risky they think
 * a subject, session or device. In state/, so they can only restrict: what is compliant or of low
 * risk here says nothing. One record for each thing: the newest by the time it happened, and what
 * one transmitter said only that one softens. An operator lifts one by a release in policy/.
 */
#ifndef ZTA_STORE_ATTESTATIONS_H
#define ZTA_STORE_ATTESTATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define ZTA_ATTESTATION_KEY_SIZE (1 + ZTA_SHA256_SIZE)

enum zta_attested {
    ZTA_ATTESTED_COMPLIANCE = 1, /* of a device; level: enum zta_notice_compliance */
    ZTA_ATTESTED_SUBJECT_RISK,   /* level: enum zta_notice_risk */
    ZTA_ATTESTED_SESSION_RISK,   /* of the issuer's session */
    ZTA_ATTESTED_DEVICE_RISK,
    ZTA_ATTESTED_END
};

struct zta_attestation {
    enum zta_attested what;
    uint8_t level;               /* the greater restricts more */
    int64_t event_s;             /* when it became so, by the transmitter's clock */
    int64_t ends_s;              /* from then on it says nothing; 0: never */
    int64_t received_ns;         /* real time, raised above what an operator released */
    struct zta_text transmitter; /* configured name */
    struct zta_text issuer;      /* configured name; absent for devices */
    struct zta_text name;        /* subject, sid, device */
};

/*
 * Adds or replaces. ZTA_EXISTS: what stands there is newer, or stricter and somebody else's;
 * nothing is changed. released_ns: zta_attestation_released.
 */
enum zta_status zta_attestation_put(struct zta_change *change,
                                    const struct zta_attestation *attestation,
                                    int64_t released_ns) ZTA_MUST_CHECK;
enum zta_status zta_attestation_released(struct zta_view *view,
                                         const struct zta_attestation *attestation,
                                         int64_t *released_ns) ZTA_MUST_CHECK;
/*
 * The request path's question. ZTA_NOT_FOUND: nothing that counts now. Texts are valid until the
 * view ends. One look-up, two where there is something.
 */
enum zta_status zta_attestation_get(struct zta_view *view, enum zta_attested what,
                                    struct zta_text issuer, struct zta_text name, int64_t now_s,
                                    struct zta_attestation *attestation) ZTA_MUST_CHECK;

/* False: nobody ever said anything, so that no look-up is worth its time. */
bool zta_attestations_exist(struct zta_view *view);

typedef bool (*zta_attestation_fn)(void *context, const struct zta_attestation *attestation,
                                   bool is_released);
enum zta_status zta_attestation_each(struct zta_view *view, zta_attestation_fn fn,
                                     void *context) ZTA_MUST_CHECK;
/* policy/. Lifts the record as it stands. */
enum zta_status zta_attestation_release(struct zta_change *change,
                                        const struct zta_attestation *attestation,
                                        uint64_t action_id) ZTA_MUST_CHECK;
/* Removes what was received before before_ns; as zta_signals_prune. */
enum zta_status zta_attestations_prune(struct zta_change *change,
                                       uint8_t place[ZTA_ATTESTATION_KEY_SIZE], int64_t before_ns,
                                       uint64_t *n) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of possession that were used (RFC 9449 section 11.1): each passes once, in whichever child
 * it arrives first. What stands here is a keyed tag of 96 bits and a time, put in by one
 * compare-and-swap, so a process killed anywhere leaves nothing half done.
 *
 * A proof is forgotten by its own time, its iat or the bucket of its nonce, never by the clock of
 * whoever looks: so all look at one proof with the same eyes, and the first free place for it is
 * the same place for all. A time that may have been forgotten is refused, whatever clocks do.
 */
#ifndef ZTA_LIVE_JTI_H
#define ZTA_LIVE_JTI_H

#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"

/* Proofs without nonce are good from so long before their iat to so long behind it. */
#define ZTA_JTI_AHEAD_S 5
#define ZTA_JTI_PAST_S  60

/* What a proof's time is; the two are never compared with each other. */
enum zta_jti_clock {
    ZTA_JTI_BY_IAT = 0, /* seconds since 1970 */
    ZTA_JTI_BY_NONCE,   /* the number of the nonce's bucket, 1 or more; good in this and the next */
    ZTA_N_JTI_CLOCKS
};

struct zta_jti {
    struct zta_sha256 tag; /* of whatever makes the proof one: key, jti, htu */
    enum zta_jti_clock clock;
    int64_t time;
};

/*
 * ZTA_OK: nobody used it before, and nobody will. ZTA_EXISTS: it was used. ZTA_EXPIRED: whether it
 * was used may be forgotten, as with every iat before the segment was made. ZTA_FULL: no room to
 * remember it. The caller has found the proof good before: else anybody could fill the table.
 */
enum zta_status zta_jti_use(struct zta_segment *segment, const struct zta_jti *jti) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nonces for DPoP proofs (RFC 9449 section 9), without state: a MAC of the number of a stretch of
 * time. The clock is monotonic, so that a nonce lives neither shorter nor longer when the time is
 * set. The key comes from the shared memory: all children agree, a restart makes others.
 */
#ifndef MOD_ZTA_IDENTITY_DPOP_NONCE_H
#define MOD_ZTA_IDENTITY_DPOP_NONCE_H

#include <stdint.h>

#include "shared/base/base64.h"
#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"

/* A nonce is given out for so long, and good for as long again. */
#define MOD_ZTA_DPOP_NONCE_S    60
#define MOD_ZTA_DPOP_NONCE_SIZE 16
#define MOD_ZTA_DPOP_NONCE_LEN  ZTA_BASE64URL_LEN(MOD_ZTA_DPOP_NONCE_SIZE)

/* The one to give out at now_ns. */
void mod_zta_dpop_nonce_make(const struct zta_siphash_key *key, int64_t now_ns,
                             char out[MOD_ZTA_DPOP_NONCE_LEN + 1]);
/*
 * ZTA_OK: given out in this stretch of time or the one before; *bucket is its number, 1 or more.
 * ZTA_EXPIRED: any other, also those that were never ours.
 */
enum zta_status mod_zta_dpop_nonce_check(const struct zta_siphash_key *key, struct zta_text nonce,
                                         int64_t now_ns, int64_t *bucket) ZTA_MUST_CHECK;

#endif

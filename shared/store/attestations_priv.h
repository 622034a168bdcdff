/* SPDX-License-Identifier: Apache-2.0 */
/* Records of attestations, for those that others tell of. */
#ifndef ZTA_STORE_ATTESTATIONS_PRIV_H
#define ZTA_STORE_ATTESTATIONS_PRIV_H

#include "shared/base/reader.h"
#include "shared/store/attestations.h"
#include "shared/store/release_priv.h"

#define ZTA_ATTESTATION_RECORD_MAX 1024
/* What complies, or is of low risk: it restricts nobody. */
#define ZTA_ATTESTATION_HARMLESS 1

struct zta_signal_key zta_attestation_key(enum zta_attested what, struct zta_text issuer,
                                          struct zta_text name);
/* Texts point into value. ZTA_CORRUPT. */
enum zta_status zta_attestation_decode(struct zta_blob value,
                                       struct zta_attestation *attestation) ZTA_MUST_CHECK;
void zta_attestation_encode(const struct zta_attestation *attestation, struct zta_writer *writer);
/* The same, and it is of that key. */
enum zta_status zta_attestation_decode_of(struct zta_blob key, struct zta_blob value,
                                          struct zta_attestation *attestation) ZTA_MUST_CHECK;
bool zta_attestation_has_key(struct zta_blob key);
/* The strictest that other nodes of the fleet say, and that counts now. ZTA_NOT_FOUND. */
enum zta_status zta_fleet_attestation_find(struct zta_view *view, const struct zta_signal_key *key,
                                           int64_t now_s,
                                           struct zta_attestation *attestation) ZTA_MUST_CHECK;

#endif

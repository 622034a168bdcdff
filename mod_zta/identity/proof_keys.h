/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of DPoP proofs that were good lately, ready to verify again: of one process, shared by
 * its threads, bounded. A client sends the same header with each of its proofs, so the header's
 * digest leads to what was found out about it: key, thumbprint, algorithm.
 */
#ifndef MOD_ZTA_IDENTITY_PROOF_KEYS_H
#define MOD_ZTA_IDENTITY_PROOF_KEYS_H

#include <stddef.h>

#include "mod_zta/identity/evp_verifier.h"
#include "mod_zta/identity/thumbprint.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"

struct mod_zta_proof_keys;

/* What a header says, and who may verify with it. Held by whoever got or made it. */
struct mod_zta_proof_key;

enum zta_status mod_zta_proof_keys_open(struct mod_zta_proof_keys **keys) ZTA_MUST_CHECK;
/* Keys that are still held live on until they are put back. */
void mod_zta_proof_keys_close(struct mod_zta_proof_keys **keys);

/* ZTA_NOT_FOUND, or *key, held. keys may be NULL: nothing is ever found. */
enum zta_status mod_zta_proof_keys_get(struct mod_zta_proof_keys *keys,
                                       const struct zta_sha256 *header,
                                       struct mod_zta_proof_key **key) ZTA_MUST_CHECK;
/* Makes one, held; the verifier is the key's from then on. */
enum zta_status mod_zta_proof_key_make(const struct zta_sha256 *header,
                                       const char thumbprint[MOD_ZTA_THUMBPRINT_LEN + 1],
                                       struct mod_zta_evp_verifier *verifier,
                                       struct mod_zta_proof_key **key) ZTA_MUST_CHECK;
/* Keeps it for others to find, where the one that was not used for longest gives way. */
void mod_zta_proof_keys_keep(struct mod_zta_proof_keys *keys, struct mod_zta_proof_key *key);
void mod_zta_proof_key_release(struct mod_zta_proof_key **key);

struct zta_text mod_zta_proof_key_thumbprint(const struct mod_zta_proof_key *key);
const struct mod_zta_evp_verifier *mod_zta_proof_key_verifier(const struct mod_zta_proof_key *key);

#endif

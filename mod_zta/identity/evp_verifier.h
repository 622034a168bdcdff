/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS signature over one key, by OpenSSL alone: what liboauth2 does not know (Ed25519), what it
 * need not see (DPoP proofs, whose keys nobody vouches for), and all signatures that ztactl checks.
 * A unit test holds it to the verifier of access tokens, case by case.
 */
#ifndef MOD_ZTA_IDENTITY_EVP_VERIFIER_H
#define MOD_ZTA_IDENTITY_EVP_VERIFIER_H

#include "shared/base/bytes.h"
#include "shared/base/status.h"

struct mod_zta_evp_verifier;

/* As mod_zta_verifier_open, _close and _check (signature.h). Immutable, thread-safe. */
enum zta_status mod_zta_evp_verifier_open(struct zta_text jwk, unsigned alg,
                                          struct mod_zta_evp_verifier **verifier,
                                          struct zta_error *error) ZTA_MUST_CHECK;
void mod_zta_evp_verifier_close(struct mod_zta_evp_verifier **verifier);
enum zta_status mod_zta_evp_verifier_check(const struct mod_zta_evp_verifier *verifier,
                                           struct zta_text token) ZTA_MUST_CHECK;

#endif

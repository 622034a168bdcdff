/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS signature over one known key: liboauth2 for RSA and EC, OpenSSL for Ed25519. signature.c is
 * the only includer of oauth2/; it uses no cache of the library, no network and none of its claim
 * checks.
 */
#ifndef MOD_ZTA_IDENTITY_SIGNATURE_H
#define MOD_ZTA_IDENTITY_SIGNATURE_H

#include "shared/base/bytes.h"
#include "shared/base/status.h"

struct mod_zta_verifier;

/*
 * One verifier of one public JWK (its JSON text) for one alg. Built before threads start,
 * immutable.
 */
enum zta_status mod_zta_verifier_open(struct zta_text jwk, unsigned alg,
                                      struct mod_zta_verifier **verifier,
                                      struct zta_error *error) ZTA_MUST_CHECK;
void mod_zta_verifier_close(struct mod_zta_verifier **verifier);
/* ZTA_OK: the signature of the compact JWS is good. ZTA_FORBIDDEN: it is not. Thread-safe. */
enum zta_status mod_zta_verifier_check(const struct mod_zta_verifier *verifier,
                                       struct zta_text token) ZTA_MUST_CHECK;

#endif

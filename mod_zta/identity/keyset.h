/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public keys of one issuer (RFC 7517), made from a JWKS text. Keys that must not verify are
 * left out with a warning that names them: oct and other unknown types, use other than sig,
 * key_ops without verify, alg outside the issuer's or not of the key's type, RSA below 2048 bits
 * or with a weak exponent, EC points off their curve, private members, a kid above 256 bytes,
 * every key of a duplicate kid. A key without alg serves those of its issuer's algorithms that fit
 * its type, each by a verifier of its own; a key with alg serves that one. Immutable; shared by
 * the threads of a process. httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_KEYSET_H
#define MOD_ZTA_IDENTITY_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define MOD_ZTA_JWKS_SIZE_MAX 262144
#define MOD_ZTA_JWKS_KEYS_MAX 100

struct mod_zta_keyset;
struct mod_zta_key;

typedef void (*mod_zta_keyset_warn_fn)(void *context, const char *text);

/*
 * ZTA_INVALID: not a JWKS, or no usable key at all (the error says what was found); ZTA_TOO_LARGE.
 * algs is the issuer's set. *keyset is the caller's to close.
 */
enum zta_status mod_zta_keyset_load(struct zta_text jwks, unsigned algs,
                                    mod_zta_keyset_warn_fn warn, void *context,
                                    struct mod_zta_keyset **keyset,
                                    struct zta_error *error) ZTA_MUST_CHECK;
void mod_zta_keyset_close(struct mod_zta_keyset **keyset);
size_t mod_zta_keyset_n_keys(const struct mod_zta_keyset *keyset);
/* Hash over the usable keys: the other half of the cache key. */
uint64_t mod_zta_keyset_hash(const struct mod_zta_keyset *keyset);

/*
 * The key for a token: by kid (absent: the only key that fits alg; several fits are ZTA_CONFLICT).
 * ZTA_NOT_FOUND: unknown kid. ZTA_FORBIDDEN: the kid is known but its key does not do this alg.
 */
enum zta_status mod_zta_keyset_find(const struct mod_zta_keyset *keyset, struct zta_text kid,
                                    unsigned alg, const struct mod_zta_key **key) ZTA_MUST_CHECK;
/*
 * ZTA_OK: the signature of the compact JWS by this key and alg is good. ZTA_FORBIDDEN: it is not.
 */
enum zta_status mod_zta_key_check(const struct mod_zta_key *key, unsigned alg,
                                  struct zta_text token) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of a fleet: Ed25519 (RFC 8032) by libcrypto. A node signs what it says, the fleet's operator
 * signs who is a node. Texts of keys are base64url without padding, as people carry them about.
 */
#ifndef ZTA_FLEET_SIGNING_H
#define ZTA_FLEET_SIGNING_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"

#define ZTA_SIGNING_KEY_SIZE  32 /* bytes of a private or a public key */
#define ZTA_SIGNATURE_SIZE    64
#define ZTA_SIGNING_TEXT_SIZE 44 /* of a public key, with NUL */
#define ZTA_SIGNING_FILE_MODE 0600

struct zta_public_key {
    uint8_t bytes[ZTA_SIGNING_KEY_SIZE];
};

/* A private key; ended by zta_signing_close, which wipes it. */
struct zta_signing_key;

/*
 * Makes a key in a new file of mode 0600. ZTA_EXISTS: something is there already, and stays as it
 * is. ZTA_IO names what failed; nothing is left behind.
 */
enum zta_status zta_signing_create(const char *path, struct zta_signing_key **key,
                                   struct zta_error *error) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND, ZTA_FORBIDDEN (others may read it, or it is no plain file), ZTA_INVALID. */
enum zta_status zta_signing_open(const char *path, struct zta_signing_key **key,
                                 struct zta_error *error) ZTA_MUST_CHECK;
void zta_signing_close(struct zta_signing_key **key);
void zta_signing_public(const struct zta_signing_key *key, struct zta_public_key *public_key);

/* Over a digest of what is signed, which names its purpose first. ZTA_NO_MEMORY. */
enum zta_status zta_sign(const struct zta_signing_key *key, const struct zta_sha256 *digest,
                         uint8_t signature[ZTA_SIGNATURE_SIZE]) ZTA_MUST_CHECK;
/* ZTA_FORBIDDEN: it is not this key's. */
enum zta_status zta_signature_check(const struct zta_public_key *key,
                                    const struct zta_sha256 *digest,
                                    const uint8_t signature[ZTA_SIGNATURE_SIZE]) ZTA_MUST_CHECK;

void zta_public_key_print(const struct zta_public_key *key, char text[ZTA_SIGNING_TEXT_SIZE]);
/* ZTA_INVALID: no 43 characters of base64url for 32 bytes. */
enum zta_status zta_public_key_parse(struct zta_text text,
                                     struct zta_public_key *key) ZTA_MUST_CHECK;

#endif

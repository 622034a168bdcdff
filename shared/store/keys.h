/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API keys: zta_<id 12 base62>_<secret 43 base62>_<CRC-32 6 base62>. Only SHA-256 of the secret is
 * stored (the secret has 256 random bits, so no slow hash is needed). Kept in policy/; last use is
 * in state/, because a request never writes policy/.
 */
#ifndef ZTA_STORE_KEYS_H
#define ZTA_STORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/store/env.h"

#define ZTA_KEY_ID_LEN     12
#define ZTA_KEY_SECRET_LEN 43
#define ZTA_KEY_CRC_LEN    6
#define ZTA_KEY_TEXT_LEN   (4 + ZTA_KEY_ID_LEN + 1 + ZTA_KEY_SECRET_LEN + 1 + ZTA_KEY_CRC_LEN)
#define ZTA_KEY_VALUES_MAX 32 /* roles, scopes, CIDRs each */

struct zta_key {
    char id[ZTA_KEY_ID_LEN + 1];
    struct zta_text name;  /* unique among living keys */
    struct zta_text owner; /* absent: the name is the subject */
    struct zta_text roles[ZTA_KEY_VALUES_MAX];
    size_t n_roles;
    struct zta_text scopes[ZTA_KEY_VALUES_MAX];
    size_t n_scopes;
    struct zta_cidr cidrs[ZTA_KEY_VALUES_MAX]; /* none: from anywhere */
    size_t n_cidrs;
    struct zta_sha256 secret;
    struct zta_sha256 old_secret; /* after a rotation, until old_until_s */
    int64_t old_until_s;          /* 0: none */
    int64_t created_s;
    int64_t expires_s;      /* 0: never */
    int64_t revoked_s;      /* 0: living */
    struct zta_text reason; /* of the revocation */
    struct zta_text author;
};

/* Parts of a presented key; ZTA_INVALID unless shape, alphabet and CRC-32 are right. Borrowed. */
struct zta_key_parts {
    char id[ZTA_KEY_ID_LEN + 1];
    struct zta_text secret;
};
enum zta_status zta_key_parse(struct zta_text text, struct zta_key_parts *parts) ZTA_MUST_CHECK;
/* Makes a key text and its parts from the system's generator; out has ZTA_KEY_TEXT_LEN + 1 bytes.
 */
void zta_key_generate(const char *id, char *out, struct zta_sha256 *secret);
void zta_key_id_generate(char out[ZTA_KEY_ID_LEN + 1]);
void zta_key_secret_digest(struct zta_text secret, struct zta_sha256 *digest);

/* storage (bytes of text) is the caller's; key's texts point into it. ZTA_NOT_FOUND, ZTA_CORRUPT.
 */
enum zta_status zta_key_get(struct zta_view *view, const char *id, void *storage, size_t size,
                            struct zta_key *key) ZTA_MUST_CHECK;
/* By name, living keys first. */
enum zta_status zta_key_find(struct zta_view *view, struct zta_text name, void *storage,
                             size_t size, struct zta_key *key) ZTA_MUST_CHECK;
/* Adds or replaces by id; ZTA_EXISTS when another living key has the name. Moves generation `keys`.
 */
enum zta_status zta_key_put(struct zta_change *change, const struct zta_key *key) ZTA_MUST_CHECK;
typedef bool (*zta_key_fn)(void *context, const struct zta_key *key);
enum zta_status zta_key_each(struct zta_view *view, zta_key_fn fn, void *context) ZTA_MUST_CHECK;

/*
 * Does the presented secret open this key now, from here? ZTA_OK; ZTA_NOT_FOUND for a wrong secret,
 * a revoked key or an address outside its CIDRs (answered like an unknown key); ZTA_EXPIRED.
 * Constant time in the secret.
 */
enum zta_status zta_key_verify(const struct zta_key *key, struct zta_text secret,
                               const struct zta_addr *addr, int64_t now_s) ZTA_MUST_CHECK;

/*
 * Who comes with this key (design section 6): issuer local, subject the owner, else the name. Its
 * texts point into key. ZTA_FULL: more roles and scopes than an identity holds.
 */
enum zta_status zta_key_identify(const struct zta_key *key,
                                 struct zta_identity *identity) ZTA_MUST_CHECK;

#define ZTA_KEY_STORAGE_SIZE 8192

#endif

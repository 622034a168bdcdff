/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who or what may no longer enter (design section 6, "Revocation"). Kept in policy/; each record
 * carries its origin and a hybrid timestamp so that several servers can merge them later.
 */
#ifndef ZTA_STORE_REVOCATIONS_H
#define ZTA_STORE_REVOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/store/env.h"
#include "shared/store/keys.h"

enum zta_revocation_kind {
    ZTA_REVOKE_SESSION = 1, /* by session id: a session with sid for good, else a login watermark */
    ZTA_REVOKE_SUBJECT,     /* watermark on (issuer, subject) */
    ZTA_REVOKE_CLIENT,      /* watermark on (issuer, client) */
    ZTA_REVOKE_ISSUER,      /* watermark on issuer */
    ZTA_REVOKE_APIKEY,      /* that very key id */
    ZTA_REVOKE_TOKEN,       /* that very token id */
    ZTA_REVOKE_DEVICE = 8,  /* watermark on the device, by its id; the store has its own 7 */
};

struct zta_revocation {
    enum zta_revocation_kind kind;
    struct zta_text issuer;  /* SUBJECT, CLIENT, ISSUER; SESSION without sid */
    struct zta_text subject; /* SUBJECT; SESSION without sid */
    struct zta_text client;  /* CLIENT; SESSION without sid */
    struct zta_text apikey_id;
    struct zta_text device; /* DEVICE: of the inventory, or as tokens name it */
    uint8_t session[ZTA_SESSION_ID_SIZE];
    struct zta_sha256 token_id; /* TOKEN: its first 16 bytes count, which is what events keep */
    enum zta_session_kind session_kind; /* SESSION: decides which semantics apply */
    int64_t
        watermark_s; /* real time T; a login at or before T + leeway is refused; never goes back */
    int64_t created_ns; /* hybrid timestamp: real time, raised above the last one of this store */
    struct zta_text reason;
    struct zta_text author;
    uint64_t action_id; /* of the audit entry that made it */
};

/*
 * Adds or raises a record (a watermark never goes back) and moves generation `revocations`.
 * A SESSION without sid is stored as the watermark on (issuer, client, subject) for tokens without
 * sid.
 */
enum zta_status zta_revocation_put(struct zta_change *change,
                                   const struct zta_revocation *revocation) ZTA_MUST_CHECK;
/* Removes what a put with the same kind and names made. ZTA_NOT_FOUND when there is none. */
enum zta_status zta_revocation_remove(struct zta_change *change,
                                      const struct zta_revocation *revocation) ZTA_MUST_CHECK;

/*
 * The request path's question: is this verified identity revoked? Seven look-ups at most, no
 * allocation. *hit says by what (kind only). leeway_s is the issuer's ZTALeeway: refused when
 * floor(auth_time) <= T + leeway; an unknown auth_time stays refused until unrevoked.
 */
enum zta_status zta_revocation_find(struct zta_view *view, const struct zta_identity *identity,
                                    int64_t leeway_s, bool *is_revoked,
                                    enum zta_revocation_kind *hit) ZTA_MUST_CHECK;

/*
 * The same about a device that something else than the identity names (a certificate, a posture);
 * the login is the identity's. zta_revocation_has_devices: whether asking can find anything.
 */
bool zta_revocation_has_devices(struct zta_view *view);
enum zta_status zta_revocation_find_device(struct zta_view *view, struct zta_text device,
                                           const struct zta_identity *identity, int64_t leeway_s,
                                           bool *is_revoked) ZTA_MUST_CHECK;

/*
 * The record of that kind that is about the identity, whatever logins its watermark is for; its
 * texts are valid until the view ends. ZTA_NOT_FOUND: there is none.
 */
enum zta_status zta_revocation_get(struct zta_view *view, const struct zta_identity *identity,
                                   enum zta_revocation_kind kind,
                                   struct zta_revocation *record) ZTA_MUST_CHECK;

/* Is a request with this key refused as revoked: by the key's own record, or by another one? */
enum zta_status zta_revocation_find_key(struct zta_view *view, const struct zta_key *key,
                                        bool *is_revoked) ZTA_MUST_CHECK;

/* In order of kind and key. record is valid for the call; returning false ends the walk. */
typedef bool (*zta_revocation_fn)(void *context, const struct zta_revocation *record);
enum zta_status zta_revocation_each(struct zta_view *view, zta_revocation_fn fn,
                                    void *context) ZTA_MUST_CHECK;

const char *zta_revocation_kind_name(enum zta_revocation_kind kind);

/* How many there are, of operators. */
enum zta_status zta_revocation_count(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

#endif

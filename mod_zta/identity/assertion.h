/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proxy tells an API of who calls it, signed: a JWT by ES256 (RFC 7515, 7519) for the one
 * audience that the API is, with what the decision of this very request rested on. httpd-free.
 *
 * One that was made is given out again as long as everything in it would be the same: contents are
 * compared byte by byte, so a token never gets what was said of another. Contents are described by
 * the caller's thread, a signer is immutable and serves all threads.
 */
#ifndef MOD_ZTA_IDENTITY_ASSERTION_H
#define MOD_ZTA_IDENTITY_ASSERTION_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/identity.h"

/* With its NUL; servers take header lines of 8190 bytes (LimitRequestFieldSize). */
#define MOD_ZTA_ASSERTION_SIZE 7936
/* Larger ones are signed for each request. */
#define MOD_ZTA_ASSERTION_CONTENTS_MAX 1024
#define MOD_ZTA_ASSERTION_KEPT_MAX     1536

enum mod_zta_compliance {
    MOD_ZTA_COMPLIANCE_UNKNOWN = 0,
    MOD_ZTA_COMPLIANCE_NO,
    MOD_ZTA_COMPLIANCE_YES,
};

struct mod_zta_assertion {
    struct zta_text issuer;   /* iss: what clients call the proxy */
    struct zta_text audience; /* ZTAAssertionAudience */
    const struct zta_identity *identity;
    const char *risk;       /* its level by name; NULL: not judged */
    struct zta_text device; /* absent: unknown */
    enum mod_zta_compliance compliance;
    /* What else has to be the same for one to be given out again. */
    struct zta_sha256 credential; /* of the token, or what stands for another credential */
    uint64_t rules;               /* generation that decided */
    uint64_t revocations;         /* likewise */
    /* Of this request alone: in one that is given out again they are those of the first. */
    const char *id; /* of the decision: jti */
    int64_t now_s;  /* iat */
};

/* What an assertion says but for jti, iat and exp, and what it is kept under. */
struct mod_zta_assertion_contents {
    uint64_t tag; /* where to look */
    size_t len;
    uint8_t bytes[MOD_ZTA_ASSERTION_CONTENTS_MAX];
};

/* ZTA_TOO_LARGE: such a large one is not kept. */
enum zta_status
mod_zta_assertion_describe(const struct mod_zta_assertion *assertion,
                           struct mod_zta_assertion_contents *contents) ZTA_MUST_CHECK;

struct mod_zta_signer;
struct mod_zta_assertion_cache;

/*
 * The first PEM signs, all are published. ttl_s is how long an assertion holds at most. ZTA_INVALID
 * for a key that is no P-256 key: *bad is its index, and the error never holds a part of it.
 */
enum zta_status mod_zta_signer_open(const struct zta_text *pems, size_t n, int64_t ttl_s,
                                    struct mod_zta_signer **signer, size_t *bad,
                                    struct zta_error *error) ZTA_MUST_CHECK;
void mod_zta_signer_close(struct mod_zta_signer **signer);
/* The public keys as a JWK set (RFC 7517), each with its thumbprint as kid (RFC 7638). */
void mod_zta_signer_write_keys(const struct mod_zta_signer *signer, struct zta_json *json);

/*
 * Signs one. ZTA_TOO_LARGE: no header would hold it; ZTA_IO: OpenSSL made no signature. *until_s is
 * how long it may be given out again: half of its life.
 */
enum zta_status mod_zta_assertion_sign(const struct mod_zta_signer *signer,
                                       const struct mod_zta_assertion *assertion,
                                       char out[MOD_ZTA_ASSERTION_SIZE], size_t *len,
                                       int64_t *until_s) ZTA_MUST_CHECK;
/* One that was made before, or a new one. cache may be NULL. */
enum zta_status mod_zta_assertion_make(const struct mod_zta_signer *signer,
                                       struct mod_zta_assertion_cache *cache,
                                       const struct mod_zta_assertion *assertion,
                                       char out[MOD_ZTA_ASSERTION_SIZE],
                                       size_t *len) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Postures whose signature was checked lately, and headers whose was bad: of one process, shared by
 * its threads, bounded. A client sends the same header with each of its requests for minutes. What
 * is found here says nothing of the request that brought it: mod_zta_posture_check is always asked.
 */
#ifndef MOD_ZTA_IDENTITY_POSTURE_CACHE_H
#define MOD_ZTA_IDENTITY_POSTURE_CACHE_H

#include <stdint.h>

#include "mod_zta/identity/posture.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"

#define MOD_ZTA_POSTURE_BAD_S 10 /* how long a refused header is not looked at again */

struct mod_zta_posture_cache;

enum zta_status mod_zta_posture_cache_open(struct mod_zta_posture_cache **cache) ZTA_MUST_CHECK;
void mod_zta_posture_cache_close(struct mod_zta_posture_cache **cache);

/*
 * By a digest over header, issuer and keys. ZTA_OK: *posture; ZTA_FORBIDDEN: the header was
 * refused, *fault says why; ZTA_NOT_FOUND. cache may be NULL.
 */
enum zta_status mod_zta_posture_cache_get(struct mod_zta_posture_cache *cache,
                                          const struct zta_sha256 *digest, int64_t now_s,
                                          struct mod_zta_posture *posture,
                                          struct mod_zta_posture_fault *fault) ZTA_MUST_CHECK;
/* Never kept beyond its exp. */
void mod_zta_posture_cache_put(struct mod_zta_posture_cache *cache, const struct zta_sha256 *digest,
                               int64_t now_s, const struct mod_zta_posture *posture);
/* A refused header takes the room of no good one. */
void mod_zta_posture_cache_put_bad(struct mod_zta_posture_cache *cache,
                                   const struct zta_sha256 *digest, int64_t now_s,
                                   const struct mod_zta_posture_fault *fault);

#endif

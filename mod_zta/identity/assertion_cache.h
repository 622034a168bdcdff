/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assertions that were made lately: of one process, shared by its threads, of constant size. One
 * is found by contents that are the same to the last byte, and by the tag of these alone.
 */
#ifndef MOD_ZTA_IDENTITY_ASSERTION_CACHE_H
#define MOD_ZTA_IDENTITY_ASSERTION_CACHE_H

#include <stdint.h>

#include "mod_zta/identity/assertion.h"
#include "shared/base/status.h"

enum zta_status mod_zta_assertion_cache_open(struct mod_zta_assertion_cache **cache) ZTA_MUST_CHECK;
void mod_zta_assertion_cache_close(struct mod_zta_assertion_cache **cache);

/* ZTA_NOT_FOUND also for one that was made later than now_s: the clock was set back. */
enum zta_status mod_zta_assertion_cache_get(struct mod_zta_assertion_cache *cache,
                                            const struct mod_zta_assertion_contents *contents,
                                            int64_t now_s, char out[MOD_ZTA_ASSERTION_KEPT_MAX],
                                            size_t *len) ZTA_MUST_CHECK;
/* Nothing for a text above MOD_ZTA_ASSERTION_KEPT_MAX, or one that is over. */
void mod_zta_assertion_cache_put(struct mod_zta_assertion_cache *cache,
                                 const struct mod_zta_assertion_contents *contents, int64_t now_s,
                                 int64_t until_s, struct zta_text text);

#endif

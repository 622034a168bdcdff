/* SPDX-License-Identifier: Apache-2.0 */
/* When API keys were last used: counted over a batch, written with it. */
#ifndef MOD_ZTA_HELPER_KEY_USES_H
#define MOD_ZTA_HELPER_KEY_USES_H

#include "mod_zta/helper/batch.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

struct mod_zta_key_uses;

enum zta_status mod_zta_key_uses_open(const struct zta_siphash_key *key,
                                      struct mod_zta_key_uses **uses) ZTA_MUST_CHECK;
void mod_zta_key_uses_close(struct mod_zta_key_uses **uses);

/*
 * Events name keys, the store counts by id: names are looked up in policy/, one that is not there
 * any more is left out.
 */
enum zta_status mod_zta_key_uses_write(struct mod_zta_key_uses *uses, struct zta_store *store,
                                       struct zta_change *change,
                                       const struct mod_zta_batch *batch) ZTA_MUST_CHECK;

#endif

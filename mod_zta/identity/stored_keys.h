/* SPDX-License-Identifier: Apache-2.0 */
/* From the keys that the helper stored to the ring of a process that verifies with them. */
#ifndef MOD_ZTA_IDENTITY_STORED_KEYS_H
#define MOD_ZTA_IDENTITY_STORED_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "shared/store/env.h"

/*
 * What the store has of this source (mod_zta_issuer_source), into the issuer's ring, between begin
 * and end of it or before there are threads; what cannot be read or used changes nothing. False
 * when it has to be tried again.
 */
bool mod_zta_stored_keys_read(const struct mod_zta_issuer *issuer, uint64_t source,
                              struct zta_view *view);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An issuer's keys in one httpd child: from the store when the child starts and when the helper
 * says that they moved, and a word to the helper when a token names a key that is not among them.
 * Nothing here waits or speaks to a network.
 */
#ifndef MOD_ZTA_KEYS_H
#define MOD_ZTA_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "shared/store/env.h"

/* In child_init; store NULL: there is none to read. */
void mod_zta_keys_begin(struct zta_store *store);
/*
 * Before an issuer's keys are used: takes over what moved, if this view has it. view may be NULL.
 */
void mod_zta_keys_look(const struct mod_zta_issuer *issuer, struct zta_view *view);
/*
 * A token names a key that is unknown: asks for a refresh, once in its cool-down. True while the
 * answer may still turn the token into a good one.
 */
bool mod_zta_keys_ask(const struct mod_zta_issuer *issuer, int64_t now_mono_ns);

#endif

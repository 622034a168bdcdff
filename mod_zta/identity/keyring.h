/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of one issuer as the threads of one process see them (zta_current): readers never wait,
 * one thread at a time replaces. httpd-free.
 */
#ifndef MOD_ZTA_IDENTITY_KEYRING_H
#define MOD_ZTA_IDENTITY_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/keyset.h"
#include "shared/base/current.h"
#include "shared/base/status.h"

struct mod_zta_keyring;

/* stale_s: how old keys may be, counted from when the issuer last confirmed them; 0: any age. */
enum zta_status mod_zta_keyring_open(int64_t stale_s,
                                     struct mod_zta_keyring **keyring) ZTA_MUST_CHECK;
/* With the key sets; nobody holds one any more. */
void mod_zta_keyring_close(struct mod_zta_keyring **keyring);

/*
 * ZTA_NOT_FOUND: there are no keys yet. ZTA_EXPIRED: they are too old. keyring NULL has none. A
 * clock that was set back makes keys no older. What is held is a struct mod_zta_keyset; released by
 * mod_zta_keyring_release, soon.
 */
enum zta_status mod_zta_keyring_acquire(struct mod_zta_keyring *keyring, int64_t now_s,
                                        struct zta_held *held) ZTA_MUST_CHECK;
void mod_zta_keyring_release(struct mod_zta_keyring *keyring, struct zta_held *held);
/* Hash of the keys in use (mod_zta_keyset_hash); 0 where acquire would fail. */
uint64_t mod_zta_keyring_hash(const struct mod_zta_keyring *keyring, int64_t now_s);

/* Which generation of what is stored these keys are; 0 at first. */
uint64_t mod_zta_keyring_generation(const struct mod_zta_keyring *keyring);
/* False while another thread replaces: go on with what is there. Pair with end. */
bool mod_zta_keyring_begin(struct mod_zta_keyring *keyring);
void mod_zta_keyring_end(struct mod_zta_keyring *keyring);
/*
 * Between begin and end, fetched_s not negative: takes *keyset over, also when it equals the
 * present one, which then only becomes younger. ZTA_BUSY: every slot is read just now, *keyset
 * stays the caller's; try later.
 */
enum zta_status mod_zta_keyring_replace(struct mod_zta_keyring *keyring,
                                        struct mod_zta_keyset **keyset,
                                        int64_t fetched_s) ZTA_MUST_CHECK;
void mod_zta_keyring_generation_set(struct mod_zta_keyring *keyring, uint64_t generation);

#endif

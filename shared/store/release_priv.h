/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signals put into state/ and an operator lifts: releases in policy/ under the record's key,
 * and records that end by age, a few at a time.
 */
#ifndef ZTA_STORE_RELEASE_PRIV_H
#define ZTA_STORE_RELEASE_PRIV_H

#include "shared/base/hash.h"
#include "shared/store/tables_priv.h"

/* A kind and a hash over the record's names. */
#define ZTA_SIGNAL_KEY_BYTES (1 + ZTA_SHA256_SIZE)

struct zta_signal_key {
    uint8_t bytes[ZTA_SIGNAL_KEY_BYTES];
};

struct zta_blob zta_signal_key_blob(const struct zta_signal_key *key);

/* Up to which time of receipt the record of that key is lifted; 0: never. */
enum zta_status zta_release_get(struct zta_view *view, const struct zta_signal_key *key,
                                int64_t *released_ns) ZTA_MUST_CHECK;
enum zta_status zta_release_put(struct zta_change *change, const struct zta_signal_key *key,
                                int64_t received_ns, uint64_t action_id) ZTA_MUST_CHECK;

/*
 * Removes those of which is_over holds, looking at no more than most from place on (zeroed: from
 * the start); place moves on and is zeroed at the end.
 */
typedef bool (*zta_is_over_fn)(struct zta_blob key, struct zta_blob value, int64_t before_ns);
enum zta_status zta_signal_table_prune(struct zta_change *change, enum zta_table table,
                                       uint8_t place[ZTA_SIGNAL_KEY_BYTES], zta_is_over_fn is_over,
                                       int64_t before_ns, uint64_t *n) ZTA_MUST_CHECK;

#define ZTA_SIGNAL_PRUNE_MOST 2000

#endif

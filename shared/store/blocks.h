/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, networks and subjects that an operator shut out for a time. policy/; ends by itself.
 */
#ifndef ZTA_STORE_BLOCKS_H
#define ZTA_STORE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

enum zta_block_kind {
    ZTA_BLOCK_NETWORK = 1,
    ZTA_BLOCK_SUBJECT,
};

struct zta_block {
    enum zta_block_kind kind;
    struct zta_cidr network;
    struct zta_text issuer; /* SUBJECT */
    struct zta_text subject;
    int64_t until_s; /* real time, half-open */
    int64_t created_ns;
    struct zta_text reason;
    struct zta_text author;
    uint64_t action_id;
};

/* Adds or replaces; moves generation `blocks`. */
enum zta_status zta_block_put(struct zta_change *change,
                              const struct zta_block *block) ZTA_MUST_CHECK;
enum zta_status zta_block_remove(struct zta_change *change,
                                 const struct zta_block *block) ZTA_MUST_CHECK;
/* Removes what ended at or before now_s; *n records. For operators' changes, never on its own. */
enum zta_status zta_blocks_prune(struct zta_change *change, int64_t now_s,
                                 uint64_t *n) ZTA_MUST_CHECK;
/* The request path: one look-up for each prefix length in use, longest first (bounded by 161). */
enum zta_status zta_block_find_addr(struct zta_view *view, const struct zta_addr *addr,
                                    int64_t now_s, bool *is_blocked) ZTA_MUST_CHECK;
enum zta_status zta_block_find_subject(struct zta_view *view, struct zta_text issuer,
                                       struct zta_text subject, int64_t now_s,
                                       bool *is_blocked) ZTA_MUST_CHECK;
typedef bool (*zta_block_fn)(void *context, const struct zta_block *block);
enum zta_status zta_block_each(struct zta_view *view, zta_block_fn fn,
                               void *context) ZTA_MUST_CHECK;
/* Number of living records; 0 lets the request path skip look-ups (read with the generations). */
enum zta_status zta_block_count(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

#endif

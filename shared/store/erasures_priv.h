/* SPDX-License-Identifier: Apache-2.0 */
/* What the topics of state/ do for an erasure, each with its own records. */
#ifndef ZTA_STORE_ERASURES_PRIV_H
#define ZTA_STORE_ERASURES_PRIV_H

#include "shared/event.h"
#include "shared/store/erasures.h"

bool zta_erasure_is_of(const struct zta_erasure *erasure, struct zta_text issuer,
                       struct zta_text subject);
/* One of that person, from before the order. */
bool zta_erasure_is_of_event(const struct zta_erasure *erasure, const struct zta_event *event);

/* Look at `most` records from *place on; *n of them went, *place is zeroed at the end. */
typedef enum zta_status (*zta_erase_fn)(struct zta_change *change,
                                        const struct zta_erasure *erasure,
                                        struct zta_prune_place *place, size_t most, uint64_t *n);
enum zta_status zta_events_erase(struct zta_change *change, const struct zta_erasure *erasure,
                                 struct zta_prune_place *place, size_t most_blocks,
                                 uint64_t *n) ZTA_MUST_CHECK;
enum zta_status zta_repeats_erase(struct zta_change *change, const struct zta_erasure *erasure,
                                  struct zta_prune_place *place, size_t most,
                                  uint64_t *n) ZTA_MUST_CHECK;
enum zta_status zta_sessions_erase(struct zta_change *change, const struct zta_erasure *erasure,
                                   struct zta_prune_place *place, size_t most,
                                   uint64_t *n) ZTA_MUST_CHECK;

#endif

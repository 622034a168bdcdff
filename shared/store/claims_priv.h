/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables that find a record by a name of its: a name leads to one record. Where two nodes of a
 * fleet gave the same name to two records, it leads to the one that a rule prefers, and the others
 * wait for it, so that the order in which they came does not matter. A name's own key leads to its
 * owner; behind the name, a 0 and its id stands each that waits.
 */
#ifndef ZTA_STORE_CLAIMS_PRIV_H
#define ZTA_STORE_CLAIMS_PRIV_H

#include <stdbool.h>

#include "shared/base/status.h"
#include "shared/store/tables_priv.h"

#define ZTA_CLAIM_NAME_MAX 64
#define ZTA_CLAIM_ID_MAX   128

struct zta_claims {
    enum zta_table table;
    /* Is the name to lead to a rather than to b? Both records stand there. */
    enum zta_status (*prefer)(struct zta_change *change, struct zta_blob a, struct zta_blob b,
                              bool *is_a);
};

/* That record has the name, and stands there; again when it changed what the preference is by. */
enum zta_status zta_claim_add(struct zta_change *change, const struct zta_claims *claims,
                              struct zta_blob name, struct zta_blob id) ZTA_MUST_CHECK;
/* It has it no more; the next one that waits gets it. ZTA_CORRUPT: it did not have it. */
enum zta_status zta_claim_remove(struct zta_change *change, const struct zta_claims *claims,
                                 struct zta_blob name, struct zta_blob id) ZTA_MUST_CHECK;
/* *is_so: it has the name or waits for it. */
enum zta_status zta_claim_has(struct zta_change *change, const struct zta_claims *claims,
                              struct zta_blob name, struct zta_blob id, bool *is_so) ZTA_MUST_CHECK;
enum zta_status zta_claim_is_there(struct zta_view *view, enum zta_table table,
                                   struct zta_blob name, struct zta_blob id,
                                   bool *is_so) ZTA_MUST_CHECK;
/* Is it the key of one that waits for a name of that size (0: of any without a 0)? */
bool zta_claim_waits(struct zta_blob key, struct zta_blob value, size_t name_size);

#endif

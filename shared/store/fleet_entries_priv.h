/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of policy/ in which several nodes of a fleet say something of one thing, so that a
 * request finds all of it with one look-up: for each node 16 bytes origin and, as a text, what it
 * says.
 */
#ifndef ZTA_STORE_FLEET_ENTRIES_PRIV_H
#define ZTA_STORE_FLEET_ENTRIES_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reader.h"
#include "shared/store/tables_priv.h"

struct zta_fleet_entry {
    const uint8_t *origin;
    struct zta_text value; /* data NULL, to put it: it says nothing any more */
};

/* False at the end, or where it is no record: reader.is_bad. */
bool zta_fleet_entry_next(struct zta_reader *reader, struct zta_fleet_entry *entry);

/* Does it still say something? ZTA_CORRUPT: it is none of that record. */
typedef enum zta_status (*zta_entry_lasts_fn)(struct zta_blob key, struct zta_text value,
                                              int64_t now_s, bool *lasts);
struct zta_fleet_entries {
    enum zta_table table;
    zta_entry_lasts_fn lasts;
};
/* In place of what that node said before; what is over goes. The last entry takes the record. */
enum zta_status zta_fleet_entry_put(struct zta_change *change,
                                    const struct zta_fleet_entries *entries, struct zta_blob key,
                                    const struct zta_fleet_entry *entry) ZTA_MUST_CHECK;
/* Is it such a record, with no entry that is none? */
enum zta_status zta_fleet_entries_check(const struct zta_fleet_entries *entries,
                                        struct zta_blob key, struct zta_blob value) ZTA_MUST_CHECK;

#endif

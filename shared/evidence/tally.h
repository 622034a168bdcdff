/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting what stands under a name, and how many different things there were, in bounded memory.
 * One thread each; what threads counted is added up.
 */
#ifndef ZTA_EVIDENCE_TALLY_H
#define ZTA_EVIDENCE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"

#define ZTA_TALLY_NAMES_MAX 20000 /* further names are counted together */
#define ZTA_TALLY_NAME_MAX  320
#define ZTA_TALLY_COLUMNS   2

struct zta_tally_row {
    char *name; /* NULL: free */
    uint64_t hash;
    uint64_t n[ZTA_TALLY_COLUMNS];
};

/* Zeroed is empty. */
struct zta_tally {
    struct zta_tally_row *rows;
    size_t n_rows;
    size_t n_slots;
    uint64_t n_other[ZTA_TALLY_COLUMNS]; /* of names for which there was no room */
};

void zta_tally_add(struct zta_tally *tally, struct zta_text name, unsigned column, uint64_t n);
void zta_tally_merge(struct zta_tally *tally, const struct zta_tally *other);
/* Packs the rows, most (of both columns) first; nothing is added afterwards. */
void zta_tally_sort(struct zta_tally *tally);
void zta_tally_clear(struct zta_tally *tally);

/* How many different values there were; zeroed is empty. Exact until memory ends. */
struct zta_distinct {
    uint64_t *hashes; /* 0: free */
    size_t n;
    size_t n_slots;
    bool is_short; /* memory ended: there were more */
};

void zta_distinct_add(struct zta_distinct *distinct, const void *data, size_t size);
void zta_distinct_merge(struct zta_distinct *distinct, const struct zta_distinct *other);
void zta_distinct_clear(struct zta_distinct *distinct);

#endif

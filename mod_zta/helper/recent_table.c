/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of eight: an id has its place in one of them, where the least recently seen gives way. */
#include "mod_zta/helper/recent_table.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8

/* What is searched stands together: a set is three lines of cache. */
struct set {
    uint64_t seen[WAYS];  /* when by the table's own count; 0: free */
    uint64_t marks[WAYS]; /* a second hash: who crafts one collision has not the other */
};

struct mod_zta_recent_table {
    struct zta_siphash_key key;
    size_t record_size;
    uint64_t n_sets; /* a power of two */
    uint64_t now;
    uint64_t n_forgotten;
    struct set *sets;
    uint8_t *records;
};

enum zta_status mod_zta_recent_table_open(size_t n_records, size_t record_size,
                                          const struct zta_siphash_key *key,
                                          struct mod_zta_recent_table **table)
{
    struct mod_zta_recent_table *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->key = *key;
    opened->record_size = record_size;
    opened->n_sets = 1;
    while (opened->n_sets * WAYS < n_records) {
        opened->n_sets *= 2;
    }
    opened->sets = calloc(opened->n_sets, sizeof *opened->sets);
    opened->records = calloc(opened->n_sets * WAYS, record_size);
    if (opened->sets == NULL || opened->records == NULL) {
        mod_zta_recent_table_close(&opened);
        return ZTA_NO_MEMORY;
    }
    *table = opened;
    return ZTA_OK;
}

void mod_zta_recent_table_close(struct mod_zta_recent_table **table)
{
    if (*table != NULL) {
        free((*table)->sets);
        free((*table)->records);
        free(*table);
        *table = NULL;
    }
}

void *mod_zta_recent_table_see(struct mod_zta_recent_table *table,
                               const uint8_t id[MOD_ZTA_RECENT_ID_SIZE])
{
    const struct zta_siphash_key other = {.k0 = ~table->key.k0, .k1 = table->key.k1};
    const uint64_t index =
        zta_siphash(&table->key, id, MOD_ZTA_RECENT_ID_SIZE) & (table->n_sets - 1);
    const uint64_t mark = zta_siphash(&other, id, MOD_ZTA_RECENT_ID_SIZE);
    struct set *set = &table->sets[index];
    size_t oldest = 0;
    size_t way = 0;
    while (way < WAYS && (set->seen[way] == 0 || set->marks[way] != mark)) {
        oldest = set->seen[way] < set->seen[oldest] ? way : oldest;
        way++;
    }
    const bool is_new = way == WAYS;
    way = is_new ? oldest : way;
    void *record = table->records + (index * WAYS + way) * table->record_size;
    if (is_new) {
        table->n_forgotten += set->seen[way] != 0 ? 1 : 0;
        set->marks[way] = mark;
        memset(record, 0, table->record_size);
    }
    set->seen[way] = ++table->now;
    return record;
}

uint64_t mod_zta_recent_table_forgotten(const struct mod_zta_recent_table *table)
{
    return table->n_forgotten;
}

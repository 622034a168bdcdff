/* SPDX-License-Identifier: Apache-2.0 */
/* Touched records: a hash over a fixed array, and lists of those that wait to be written. */
#include "mod_zta/helper/hot_table.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum list {
    CLEAN = 0, /* as in the store, or unused; the first is given away first */
    WAITING,   /* in the order in which they were first touched: the old ones are in front */
    URGENT,    /* all written by the next change */
    N_LISTS
};

struct entry {
    uint8_t id[MOD_ZTA_HOT_ID_SIZE];
    uint64_t waiting_sequence; /* the first event that the store's record lacks */
    int64_t waiting_ns;
    uint32_t chain; /* next in its bucket */
    uint32_t previous;
    uint32_t next;
    uint8_t list;
    bool is_used;
    bool is_written; /* by the change under way */
};

struct mod_zta_hot_table {
    struct mod_zta_hot_options options;
    uint32_t n_buckets; /* a power of two */
    uint32_t n_clean;
    uint32_t first[N_LISTS];
    uint32_t last[N_LISTS];
    uint32_t *buckets;
    struct entry *entries;
    uint8_t *records; /* of each entry, side by side */
};

static void *record_of(const struct mod_zta_hot_table *table, uint32_t index)
{
    return table->records + (size_t)index * table->options.record_size;
}

static void append(struct mod_zta_hot_table *table, uint32_t index, enum list list)
{
    struct entry *entry = &table->entries[index];
    entry->list = (uint8_t)list;
    entry->previous = table->last[list];
    entry->next = NONE;
    if (table->last[list] == NONE) {
        table->first[list] = index;
    }
    else {
        table->entries[table->last[list]].next = index;
    }
    table->last[list] = index;
    table->n_clean += list == CLEAN ? 1 : 0;
}

static void detach(struct mod_zta_hot_table *table, uint32_t index)
{
    struct entry *entry = &table->entries[index];
    enum list list = (enum list)entry->list;
    if (entry->previous == NONE) {
        table->first[list] = entry->next;
    }
    else {
        table->entries[entry->previous].next = entry->next;
    }
    if (entry->next == NONE) {
        table->last[list] = entry->previous;
    }
    else {
        table->entries[entry->next].previous = entry->previous;
    }
    table->n_clean -= list == CLEAN ? 1 : 0;
}

enum zta_status mod_zta_hot_table_open(const struct mod_zta_hot_options *options,
                                       struct mod_zta_hot_table **table)
{
    const size_t n_records = options->n_records;
    struct mod_zta_hot_table *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->options = *options;
    opened->n_buckets = 1;
    while (opened->n_buckets < n_records) {
        opened->n_buckets *= 2;
    }
    opened->entries = calloc(n_records, sizeof *opened->entries);
    opened->records = calloc(n_records, options->record_size);
    opened->buckets = malloc(opened->n_buckets * sizeof *opened->buckets);
    if (opened->entries == NULL || opened->records == NULL || opened->buckets == NULL) {
        mod_zta_hot_table_close(&opened);
        return ZTA_NO_MEMORY;
    }
    memset(opened->buckets, 0xff, opened->n_buckets * sizeof *opened->buckets);
    for (size_t i = 0; i < N_LISTS; i++) {
        opened->first[i] = opened->last[i] = NONE;
    }
    for (uint32_t i = 0; i < n_records; i++) {
        append(opened, i, CLEAN);
    }
    *table = opened;
    return ZTA_OK;
}

void mod_zta_hot_table_close(struct mod_zta_hot_table **table)
{
    if (*table != NULL) {
        free((*table)->entries);
        free((*table)->records);
        free((*table)->buckets);
        free(*table);
        *table = NULL;
    }
}

const struct zta_siphash_key *mod_zta_hot_table_key(const struct mod_zta_hot_table *table)
{
    return &table->options.key;
}

size_t mod_zta_hot_table_room(const struct mod_zta_hot_table *table)
{
    return table->n_clean;
}

static uint32_t *bucket_of(const struct mod_zta_hot_table *table, const uint8_t *id)
{
    uint64_t hash = zta_siphash(&table->options.key, id, MOD_ZTA_HOT_ID_SIZE);
    return &table->buckets[hash & (table->n_buckets - 1)];
}

void *mod_zta_hot_table_find(const struct mod_zta_hot_table *table,
                             const uint8_t id[MOD_ZTA_HOT_ID_SIZE])
{
    uint32_t index = *bucket_of(table, id);
    while (index != NONE && memcmp(table->entries[index].id, id, MOD_ZTA_HOT_ID_SIZE) != 0) {
        index = table->entries[index].chain;
    }
    return index == NONE ? NULL : record_of(table, index);
}

static void forget(struct mod_zta_hot_table *table, uint32_t index)
{
    uint32_t *link = bucket_of(table, table->entries[index].id);
    while (*link != index) {
        link = &table->entries[*link].chain;
    }
    *link = table->entries[index].chain;
    table->entries[index].is_used = false;
}

enum zta_status mod_zta_hot_table_take_in(struct mod_zta_hot_table *table,
                                          const uint8_t id[MOD_ZTA_HOT_ID_SIZE], const void *record,
                                          void **taken)
{
    uint32_t index = table->first[CLEAN];
    if (index == NONE) {
        return ZTA_FULL;
    }
    struct entry *entry = &table->entries[index];
    if (entry->is_used) {
        forget(table, index);
    }
    /* Behind the other clean ones: whoever is looked at next does not take its place. */
    detach(table, index);
    append(table, index, CLEAN);
    memcpy(entry->id, id, sizeof entry->id);
    memcpy(record_of(table, index), record, table->options.record_size);
    entry->is_used = true;
    entry->is_written = false;
    uint32_t *bucket = bucket_of(table, id);
    entry->chain = *bucket;
    *bucket = index;
    *taken = record_of(table, index);
    return ZTA_OK;
}

void mod_zta_hot_table_touch(struct mod_zta_hot_table *table, const void *record, uint64_t sequence,
                             bool is_urgent, int64_t now_ns)
{
    const size_t offset = (size_t)((const uint8_t *)record - table->records);
    uint32_t index = (uint32_t)(offset / table->options.record_size);
    struct entry *entry = &table->entries[index];
    if (entry->list == CLEAN) {
        detach(table, index);
        append(table, index, WAITING);
        entry->waiting_ns = now_ns;
        entry->waiting_sequence = sequence;
    }
    if (is_urgent && entry->list == WAITING) {
        detach(table, index);
        append(table, index, URGENT);
    }
}

enum zta_status mod_zta_hot_table_write(struct mod_zta_hot_table *table, struct zta_change *change,
                                        bool is_all, int64_t now_ns)
{
    static const enum list lists[] = {URGENT, WAITING};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (uint32_t index = table->first[lists[i]]; index != NONE;
             index = table->entries[index].next) {
            struct entry *entry = &table->entries[index];
            if (lists[i] == WAITING && !is_all &&
                now_ns - entry->waiting_ns < MOD_ZTA_WRITE_BACK_NS) {
                break; /* those behind it were touched later */
            }
            enum zta_status status = table->options.put(change, record_of(table, index));
            if (status != ZTA_OK) {
                return status;
            }
            entry->is_written = true;
        }
    }
    return ZTA_OK;
}

uint64_t mod_zta_hot_table_settled(const struct mod_zta_hot_table *table, uint64_t cursor)
{
    for (uint32_t index = table->first[WAITING]; index != NONE;
         index = table->entries[index].next) {
        if (!table->entries[index].is_written) {
            return table->entries[index].waiting_sequence;
        }
    }
    return cursor;
}

void mod_zta_hot_table_empty(struct mod_zta_hot_table *table)
{
    for (uint32_t index = table->first[CLEAN]; index != NONE; index = table->entries[index].next) {
        if (table->entries[index].is_used) {
            forget(table, index);
        }
    }
}

void mod_zta_hot_table_written(struct mod_zta_hot_table *table, bool is_committed)
{
    static const enum list lists[] = {URGENT, WAITING};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint32_t next;
        for (uint32_t index = table->first[lists[i]];
             index != NONE && table->entries[index].is_written; index = next) {
            struct entry *entry = &table->entries[index];
            next = entry->next;
            entry->is_written = false;
            if (is_committed) {
                detach(table, index);
                append(table, index, CLEAN);
            }
        }
    }
}

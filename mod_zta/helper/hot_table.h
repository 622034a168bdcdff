/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that were touched lately, in the observer's memory: a bounded table in front of a table
 * of state/. What is touched waits to be written, for at most 30 seconds; until then the requests
 * that it counts are in the events alone. Used by the observer's thread alone.
 */
#ifndef MOD_ZTA_HELPER_HOT_TABLE_H
#define MOD_ZTA_HELPER_HOT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/store/env.h"

#define MOD_ZTA_WRITE_BACK_NS INT64_C(30000000000)

#define MOD_ZTA_HOT_ID_SIZE 16

struct mod_zta_hot_table;

struct mod_zta_hot_options {
    size_t n_records;
    size_t record_size;
    struct zta_siphash_key key; /* against crafted collisions */
    /* Writes one record into the change. */
    enum zta_status (*put)(struct zta_change *change, const void *record);
};

enum zta_status mod_zta_hot_table_open(const struct mod_zta_hot_options *options,
                                       struct mod_zta_hot_table **table) ZTA_MUST_CHECK;
void mod_zta_hot_table_close(struct mod_zta_hot_table **table);

/* Of the options: for ids that are hashes. */
const struct zta_siphash_key *mod_zta_hot_table_key(const struct mod_zta_hot_table *table);

/* Records that can be taken in before those that wait have to be written. */
size_t mod_zta_hot_table_room(const struct mod_zta_hot_table *table);

/* Borrowed until the next record is taken in; NULL: not in memory. */
void *mod_zta_hot_table_find(const struct mod_zta_hot_table *table,
                             const uint8_t id[MOD_ZTA_HOT_ID_SIZE]);
/*
 * Takes a copy of a record in, in the place of one that does not wait, and hands it out like find.
 * The id must not be in memory. ZTA_FULL: all wait.
 */
enum zta_status mod_zta_hot_table_take_in(struct mod_zta_hot_table *table,
                                          const uint8_t id[MOD_ZTA_HOT_ID_SIZE], const void *record,
                                          void **taken) ZTA_MUST_CHECK;
/* The event of that sequence changed a record: it waits, or is written with the next change. */
void mod_zta_hot_table_touch(struct mod_zta_hot_table *table, const void *record, uint64_t sequence,
                             bool is_urgent, int64_t now_ns);

/* Writes what is due (is_all: all that waits) into the change. */
enum zta_status mod_zta_hot_table_write(struct mod_zta_hot_table *table, struct zta_change *change,
                                        bool is_all, int64_t now_ns) ZTA_MUST_CHECK;
/* The sequence below which records need no events, once the change is committed; else `cursor`. */
uint64_t mod_zta_hot_table_settled(const struct mod_zta_hot_table *table, uint64_t cursor);
/* Forgets what is as the store has it: it is read anew when it is touched next. */
void mod_zta_hot_table_empty(struct mod_zta_hot_table *table);
/* How the change ended. */
void mod_zta_hot_table_written(struct mod_zta_hot_table *table, bool is_committed);

#endif

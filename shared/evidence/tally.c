/* SPDX-License-Identifier: Apache-2.0 */
/* Hash tables that double, under a key of this process: names come from clients. */
#include "shared/evidence/tally.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/random.h"

#define SLOTS_FIRST 256 /* powers of two, at most half full */

static struct zta_siphash_key hash_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
    zta_random_bytes(&hash_key, sizeof hash_key);
}

/* Never 0, which is a free slot. */
static uint64_t hash_of(const void *data, size_t size)
{
    (void)pthread_once(&once, make_key);
    const uint64_t hash = zta_siphash(&hash_key, data, size);
    return hash == 0 ? 1 : hash;
}

/* ---- names ---- */

static struct zta_tally_row *find(struct zta_tally *tally, struct zta_text name, uint64_t hash)
{
    size_t slot = hash & (tally->n_slots - 1);
    for (;;) {
        struct zta_tally_row *row = &tally->rows[slot];
        if (row->name == NULL ||
            (row->hash == hash && zta_text_equal(zta_text_of(row->name), name))) {
            return row;
        }
        slot = (slot + 1) & (tally->n_slots - 1);
    }
}

static bool grow(struct zta_tally *tally)
{
    if (tally->n_slots > 0 && tally->n_rows < tally->n_slots / 2) {
        return true;
    }
    struct zta_tally grown = {.n_slots = tally->n_slots == 0 ? SLOTS_FIRST : 2 * tally->n_slots};
    grown.rows = calloc(grown.n_slots, sizeof grown.rows[0]);
    if (grown.rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < tally->n_slots; i++) {
        const struct zta_tally_row *row = &tally->rows[i];
        if (row->name != NULL) {
            *find(&grown, zta_text_of(row->name), row->hash) = *row;
        }
    }
    free(tally->rows);
    tally->rows = grown.rows;
    tally->n_slots = grown.n_slots;
    return true;
}

void zta_tally_add(struct zta_tally *tally, struct zta_text name, unsigned column, uint64_t n)
{
    if (name.len > ZTA_TALLY_NAME_MAX) {
        name.len = ZTA_TALLY_NAME_MAX;
    }
    const uint64_t hash = hash_of(name.data, name.len);
    struct zta_tally_row *row = NULL;
    if (grow(tally)) {
        row = find(tally, name, hash);
    }
    if (row != NULL && row->name == NULL && tally->n_rows < ZTA_TALLY_NAMES_MAX) {
        row->name = strndup(name.len == 0 ? "" : name.data, name.len);
        row->hash = hash;
        tally->n_rows += row->name != NULL ? 1 : 0;
    }
    if (row != NULL && row->name != NULL) {
        row->n[column] += n;
    }
    else {
        tally->n_other[column] += n;
    }
}

void zta_tally_merge(struct zta_tally *tally, const struct zta_tally *other)
{
    for (unsigned column = 0; column < ZTA_TALLY_COLUMNS; column++) {
        for (size_t i = 0; i < other->n_slots; i++) {
            const struct zta_tally_row *row = &other->rows[i];
            if (row->name != NULL && row->n[column] > 0) {
                zta_tally_add(tally, zta_text_of(row->name), column, row->n[column]);
            }
        }
        tally->n_other[column] += other->n_other[column];
    }
}

static int compare_rows(const void *left, const void *right)
{
    const struct zta_tally_row *a = left;
    const struct zta_tally_row *b = right;
    const uint64_t n_a = a->n[0] + a->n[1];
    const uint64_t n_b = b->n[0] + b->n[1];
    return n_a != n_b ? (n_a < n_b) - (n_a > n_b) : strcmp(a->name, b->name);
}

void zta_tally_sort(struct zta_tally *tally)
{
    size_t n = 0;
    for (size_t i = 0; i < tally->n_slots; i++) {
        if (tally->rows[i].name != NULL) {
            const struct zta_tally_row row = tally->rows[i];
            tally->rows[i].name = NULL;
            tally->rows[n++] = row;
        }
    }
    if (n > 0) {
        qsort(tally->rows, n, sizeof tally->rows[0], compare_rows);
    }
}

void zta_tally_clear(struct zta_tally *tally)
{
    for (size_t i = 0; i < tally->n_slots; i++) {
        free(tally->rows[i].name);
    }
    free(tally->rows);
    *tally = (struct zta_tally){.rows = NULL};
}

/* ---- different values ---- */

static void insert(struct zta_distinct *distinct, uint64_t hash)
{
    size_t slot = hash & (distinct->n_slots - 1);
    while (distinct->hashes[slot] != 0 && distinct->hashes[slot] != hash) {
        slot = (slot + 1) & (distinct->n_slots - 1);
    }
    distinct->n += distinct->hashes[slot] == 0 ? 1 : 0;
    distinct->hashes[slot] = hash;
}

static void add_hash(struct zta_distinct *distinct, uint64_t hash)
{
    if (distinct->n_slots == 0 || distinct->n >= distinct->n_slots / 2) {
        struct zta_distinct grown = {.n_slots = distinct->n_slots == 0 ? SLOTS_FIRST
                                                                       : 2 * distinct->n_slots};
        grown.hashes = calloc(grown.n_slots, sizeof grown.hashes[0]);
        if (grown.hashes == NULL) {
            distinct->is_short = true;
            return;
        }
        for (size_t i = 0; i < distinct->n_slots; i++) {
            if (distinct->hashes[i] != 0) {
                insert(&grown, distinct->hashes[i]);
            }
        }
        free(distinct->hashes);
        grown.is_short = distinct->is_short;
        *distinct = grown;
    }
    insert(distinct, hash);
}

void zta_distinct_add(struct zta_distinct *distinct, const void *data, size_t size)
{
    add_hash(distinct, hash_of(data, size));
}

void zta_distinct_merge(struct zta_distinct *distinct, const struct zta_distinct *other)
{
    for (size_t i = 0; i < other->n_slots; i++) {
        if (other->hashes[i] != 0) {
            add_hash(distinct, other->hashes[i]);
        }
    }
    distinct->is_short = distinct->is_short || other->is_short;
}

void zta_distinct_clear(struct zta_distinct *distinct)
{
    free(distinct->hashes);
    *distinct = (struct zta_distinct){.hashes = NULL};
}

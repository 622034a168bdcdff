/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process remembers of the records that it looked up, so that a repeated look-up of bytes
 * that did not change walks no tree. Exact: an answer serves only a snapshot for which it is known
 * that nothing wrote to its key since it was read. In policy/ that is the same transaction, for
 * operators write seldom; in state/, where the helper commits ten times a second, each commit says
 * in "stamps" (schema_state.h) which stretches of the keys it wrote to.
 */
#ifndef ZTA_STORE_RECALL_PRIV_H
#define ZTA_STORE_RECALL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/store/env_priv.h"
#include "shared/store/recall.h"

#define ZTA_RECALL_KEY_WORDS 40 /* longer keys are not remembered */

struct zta_recall;

/* Whose record, and for which snapshots what was read of it serves. */
struct zta_recall_question {
    uint64_t hash;   /* never 0 */
    uint64_t record; /* hash of the record that the answer is made of */
    uint64_t named;  /* table and size of the key, or of what is asked about the table */
    uint64_t since;  /* what was read in this transaction or a later one, up to now, holds */
    uint64_t now;
    size_t n_words;
    uint64_t key[ZTA_RECALL_KEY_WORDS]; /* behind its end zeros */
};

void zta_recall_close(struct zta_recall **recall);

/* A view begins: what it was lent before is free. */
void zta_recall_begin(const struct zta_view *view);
/* The name of a record, or of a table's size; false: it is too long to be remembered. */
bool zta_recall_name(enum zta_table table, struct zta_blob key,
                     struct zta_recall_question *question);
/* An answer that is made of this record alone and of what was asked, which is not empty. */
bool zta_recall_name_answer(enum zta_table table, struct zta_blob key, struct zta_blob about,
                            struct zta_recall_question *question);
void zta_recall_name_size(enum zta_table table, struct zta_recall_question *question);
/* Since when an answer to what is named holds in this view; false: nobody knows. */
bool zta_recall_ask(struct zta_view *view, enum zta_table table,
                    struct zta_recall_question *question);
/* Begins to fetch the two slots that a question may be answered from. */
void zta_recall_expect(const struct zta_view *view, const struct zta_recall_question *question);
/* True: *status and *value are what a look-up would find; the value is good until the view ends. */
bool zta_recall_find(const struct zta_view *view, const struct zta_recall_question *question,
                     enum zta_status *status, struct zta_blob *value);
/* value.data NULL: there is no such record. */
void zta_recall_keep(const struct zta_view *view, const struct zta_recall_question *question,
                     struct zta_blob value);

/* ---- what each commit in state/ says ---- */
/* Those that are looked up so often, and written so seldom, that it is worth its while. */
bool zta_stamps_has(enum zta_table table);
/* Each bit of either reaches all of the result: names differ in their last digits. */
static inline uint64_t zta_stamps_mix(uint64_t hash, uint64_t word)
{
    const unsigned __int128 product =
        (unsigned __int128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t zta_stamps_hash(uint64_t named, const uint64_t *words, size_t n)
{
    uint64_t hash = zta_stamps_mix(UINT64_C(0x243f6a8885a308d3), named);
    for (size_t i = 0; i < n; i++) {
        hash = zta_stamps_mix(hash, words[i]);
    }
    hash = zta_stamps_mix(hash, UINT64_C(0x13198a2e03707344));
    return hash == 0 ? 1 : hash;
}

/* A change writes to this key, or to all of a table. */
void zta_stamps_touch(struct zta_change *change, enum zta_table table, struct zta_blob key);
void zta_stamps_touch_all(struct zta_change *change);
/* Writes them, before the commit of a change that wrote anything. */
enum zta_status zta_stamps_store(struct zta_change *change) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: an older release wrote last. */
enum zta_status zta_stamps_load(struct zta_view *view,
                                uint8_t stamps[ZTA_STAMPS_SIZE]) ZTA_MUST_CHECK;
/* The last transaction, up to that of the snapshot, that may have written to what has this hash. */
uint64_t zta_stamps_since(const uint8_t stamps[ZTA_STAMPS_SIZE], uint64_t hash, uint64_t now);

#endif

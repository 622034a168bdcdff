/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of slots, two for each name; each is a seqlock whose words are stored with release and
 * loaded with acquire. What is found is copied to the view that asked, so that nobody waits for it.
 */
#include "shared/store/recall.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "shared/store/recall_priv.h"

/* Powers of two; as many threads together meet as many sessions more. */
#define SLOTS_A_THREAD 1024
#define SLOTS_MAX      16384

#define SLOT_WORDS 59   /* of key and value; a record that has no room is looked up each time */
#define DESK_WORDS 1024 /* lent to one view; more is looked up */
#define NOTHING    UINT64_MAX

/* Of a slot that will be read: lines of the processor's cache with most keys and short records. */
#define LINE_SIZE     64
#define EXPECTED_SIZE 192

/* What is named: a table, and the size of a key in it, or the table's own size. */
#define TABLE_SHIFT  32
#define ABOUT_SIZE   (UINT64_C(1) << 63)
#define ABOUT_ANSWER (UINT64_C(1) << 62) /* behind the key stands what was asked */

struct slot {
    _Atomic uint64_t version; /* odd: is being written */
    _Atomic uint64_t hash;    /* 0: empty */
    _Atomic uint64_t named;
    _Atomic uint64_t txn;  /* it was read in */
    _Atomic uint64_t size; /* of the value, or NOTHING */
    _Atomic uint64_t words[SLOT_WORDS];
};

/* Of the view with its index, whose thread alone uses it. */
struct desk {
    uint64_t stamps_txn; /* of state/, for which stamps were read; 0: none */
    size_t n_used;
    uint64_t words[DESK_WORDS];
    uint8_t stamps[ZTA_STAMPS_SIZE];
};

struct zta_recall {
    size_t size; /* of all of it */
    uint64_t n_slots;
    struct desk desks[ZTA_STORE_VIEWS];
    _Alignas(64) struct slot slots[];
};

static struct zta_recall *recall_open(unsigned n_threads)
{
    uint64_t n_slots = SLOTS_A_THREAD;
    while (n_slots < SLOTS_MAX && n_slots < (uint64_t)n_threads * SLOTS_A_THREAD) {
        n_slots *= 2;
    }
    /* What nobody touches takes no memory. */
    const size_t size = sizeof(struct zta_recall) + n_slots * sizeof(struct slot);
    struct zta_recall *recall =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (recall == MAP_FAILED) {
        return NULL;
    }
    recall->size = size;
    recall->n_slots = n_slots;
    return recall;
}

void zta_store_remember(struct zta_store *store, unsigned n_threads)
{
    if (store->recall == NULL) {
        store->recall = recall_open(n_threads);
    }
}

void zta_recall_close(struct zta_recall **recall)
{
    if (*recall != NULL) {
        (void)munmap(*recall, (*recall)->size);
        *recall = NULL;
    }
}

static struct desk *desk_of(const struct zta_view *view)
{
    return &view->store->recall->desks[view->index];
}

void zta_recall_begin(const struct zta_view *view)
{
    if (view->store->recall != NULL) {
        desk_of(view)->n_used = 0;
    }
}

static size_t words_of(size_t size)
{
    return (size + 7) / 8;
}

static void finish_name(struct zta_recall_question *question)
{
    question->hash = zta_stamps_hash(question->named, question->key, question->n_words);
    question->record = question->hash;
}

bool zta_recall_name(enum zta_table table, struct zta_blob key,
                     struct zta_recall_question *question)
{
    if (key.size == 0 || key.size > sizeof(question->key)) {
        return false;
    }
    question->named = (uint64_t)table << TABLE_SHIFT | key.size;
    question->n_words = words_of(key.size);
    question->key[question->n_words - 1] = 0;
    memcpy(question->key, key.data, key.size);
    finish_name(question);
    return true;
}

bool zta_recall_name_answer(enum zta_table table, struct zta_blob key, struct zta_blob about,
                            struct zta_recall_question *question)
{
    if (!zta_recall_name(table, key, question) ||
        words_of(about.size) > ZTA_RECALL_KEY_WORDS - question->n_words) {
        return false;
    }
    uint64_t *to = question->key + question->n_words;
    question->n_words += words_of(about.size);
    question->key[question->n_words - 1] = 0;
    memcpy(to, about.data, about.size);
    question->named |= ABOUT_ANSWER;
    question->hash = zta_stamps_hash(question->named, question->key, question->n_words);
    return true;
}

void zta_recall_name_size(enum zta_table table, struct zta_recall_question *question)
{
    question->named = ABOUT_SIZE | (uint64_t)table << TABLE_SHIFT;
    question->n_words = 0;
    finish_name(question);
}

/* An older release says nothing of what it wrote: then only the same transaction is the same. */
static void read_stamps(struct zta_view *view, uint64_t now)
{
    struct desk *desk = desk_of(view);
    if (zta_stamps_load(view, desk->stamps) != ZTA_OK) {
        memset(desk->stamps, 0, sizeof(desk->stamps));
    }
    desk->stamps_txn = now;
}

bool zta_recall_ask(struct zta_view *view, enum zta_table table,
                    struct zta_recall_question *question)
{
    if (zta_table_env(table) == ZTA_ENV_POLICY) {
        question->since = question->now = zta_view_policy_txn(view);
        return true;
    }
    if (!zta_stamps_has(table)) {
        return false;
    }
    question->now = zta_view_state_txn(view);
    if (desk_of(view)->stamps_txn != question->now) {
        read_stamps(view, question->now);
    }
    question->since = zta_stamps_since(desk_of(view)->stamps, question->record, question->now);
    return true;
}

static uint64_t word_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static void word_store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static bool is_named(const struct slot *slot, const struct zta_recall_question *question)
{
    if (word_load(&slot->hash) != question->hash || word_load(&slot->named) != question->named) {
        return false;
    }
    const uint64_t txn = word_load(&slot->txn);
    bool is_same = txn >= question->since && txn <= question->now;
    for (size_t i = 0; i < question->n_words && is_same; i++) {
        is_same = word_load(&slot->words[i]) == question->key[i];
    }
    return is_same;
}

/* False: not there, or just being written. */
static bool slot_read(const struct slot *slot, const struct zta_recall_question *question,
                      struct desk *desk, enum zta_status *status, struct zta_blob *value)
{
    const uint64_t version = word_load(&slot->version);
    if (version % 2 != 0 || !is_named(slot, question)) {
        return false;
    }
    const uint64_t size = word_load(&slot->size);
    const size_t n = size == NOTHING ? 0 : words_of(size);
    if (n > SLOT_WORDS - question->n_words || n > DESK_WORDS - desk->n_used) {
        return false;
    }
    uint64_t *to = desk->words + desk->n_used;
    for (size_t i = 0; i < n; i++) {
        to[i] = word_load(&slot->words[question->n_words + i]);
    }
    if (word_load(&slot->version) != version) {
        return false;
    }
    desk->n_used += n;
    *status = size == NOTHING ? ZTA_NOT_FOUND : ZTA_OK;
    if (size != NOTHING) {
        *value = ZTA_BLOB(to, size);
    }
    return true;
}

static struct slot *slot_at(const struct zta_view *view, const struct zta_recall_question *question,
                            unsigned way)
{
    struct zta_recall *recall = view->store->recall;
    return &recall->slots[(question->hash & (recall->n_slots - 1)) ^ way];
}

void zta_recall_expect(const struct zta_view *view, const struct zta_recall_question *question)
{
    for (unsigned way = 0; way < 2; way++) {
        const uint8_t *slot = (const uint8_t *)slot_at(view, question, way);
        for (size_t at = 0; at < EXPECTED_SIZE; at += LINE_SIZE) {
            __builtin_prefetch(slot + at);
        }
    }
}

bool zta_recall_find(const struct zta_view *view, const struct zta_recall_question *question,
                     enum zta_status *status, struct zta_blob *value)
{
    struct desk *desk = desk_of(view);
    return slot_read(slot_at(view, question, 0), question, desk, status, value) ||
           slot_read(slot_at(view, question, 1), question, desk, status, value);
}

/* That of the same name, else an empty one, else either. */
static struct slot *choose(const struct zta_view *view, const struct zta_recall_question *question)
{
    struct slot *first = slot_at(view, question, 0);
    struct slot *second = slot_at(view, question, 1);
    const uint64_t hash = question->hash;
    const uint64_t of_first = word_load(&first->hash);
    const uint64_t of_second = word_load(&second->hash);
    if (of_first == hash || of_second == hash) {
        return of_first == hash ? first : second;
    }
    if (of_first == 0 || of_second == 0) {
        return of_first == 0 ? first : second;
    }
    return hash >> 63 != 0 ? first : second;
}

void zta_recall_keep(const struct zta_view *view, const struct zta_recall_question *question,
                     struct zta_blob value)
{
    struct slot *slot = choose(view, question);
    const size_t n = value.data == NULL ? 0 : words_of(value.size);
    uint64_t version = word_load(&slot->version);
    if (n > SLOT_WORDS - question->n_words || version % 2 != 0 ||
        !atomic_compare_exchange_strong_explicit(&slot->version, &version, version + 1,
                                                 memory_order_acq_rel, memory_order_relaxed)) {
        return; /* a lost chance, no more */
    }
    word_store(&slot->hash, question->hash);
    word_store(&slot->named, question->named);
    word_store(&slot->txn, question->now);
    word_store(&slot->size, value.data == NULL ? NOTHING : value.size);
    for (size_t i = 0; i < question->n_words; i++) {
        word_store(&slot->words[i], question->key[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t left = value.size - i * 8;
        uint64_t word = 0;
        memcpy(&word, (const uint8_t *)value.data + i * 8, left < 8 ? left : 8);
        word_store(&slot->words[question->n_words + i], word);
    }
    word_store(&slot->version, version + 2);
}

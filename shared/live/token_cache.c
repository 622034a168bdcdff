/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of verified tokens. An entry is a seqlock whose word names the writer, so that a dead
 * writer's entry can be taken over; its words are stored with release and loaded with acquire, so a
 * reader that met a word of a later writer also sees that writer's lock.
 */
#include "shared/live/token_cache.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"
#include "shared/live/token_priv.h"

#define WAYS      ZTA_TOKEN_WAYS
#define KEY_WORDS 6
#define N_CLASSES 3
/* Of an entry that is about to be read: lines of the processor's cache in most of the smallest. */
#define LINE_SIZE       64
#define PREFETCHED_SIZE 384

/* zta_token_place.slot is the class above the index. */
#define CLASS_SHIFT 56
#define INDEX_MASK  ((UINT64_C(1) << CLASS_SHIFT) - 1)

_Static_assert(sizeof(struct zta_token_key) == KEY_WORDS * sizeof(uint64_t), "a key is words");

struct entry {
    /*
     * first: version << 32 | incarnation of the writer, 0 when the entry is complete; every writer
     * raises the version (a reader would have to sleep for 2^32 writes to take one for another).
     * second: revocation generation at which it was last cleared; changed by swap of the pair only.
     */
    struct zta_pair head;
    _Atomic uint64_t used_s; /* last use, by any reader: only to choose what gives way */
    /* All below by the writer named in head, release. */
    _Atomic uint64_t sum; /* of version and everything below */
    _Atomic uint64_t expires_s;
    _Atomic uint64_t size;
    _Atomic uint64_t key[KEY_WORDS];
    _Atomic uint64_t payload[];
};

/* Eight keyed hashes in one cache line; 0 is none. Written by the entry's writer; only a hint. */
struct tag_line {
    _Alignas(64) _Atomic uint64_t tags[WAYS];
};

/* The real time that a reader told last, by any reader; that of the smallest class is in use. */
struct area_head {
    _Alignas(64) _Atomic uint64_t latest_s;
};

static const struct {
    enum zta_area area;
    uint32_t entry_size;
} classes[N_CLASSES] = {
    {.area = ZTA_AREA_TOKENS_SMALL, .entry_size = 512},
    {.area = ZTA_AREA_TOKENS_MIDDLE, .entry_size = 2048},
    {.area = ZTA_AREA_TOKENS_LARGE, .entry_size = 8192},
};

/* One class in this process. */
struct table {
    struct tag_line *lines;
    unsigned char *entries;
    uint64_t n_sets;
    uint64_t entry_size;
};

struct lookup {
    uint64_t words[KEY_WORDS];
    uint64_t tag; /* never 0 */
};

static struct table table_of(const struct zta_segment *segment, unsigned size_class)
{
    uint64_t size;
    unsigned char *base = zta_segment_area(segment, classes[size_class].area, &size);
    struct table table = {
        .lines = (void *)(base + sizeof(struct area_head)),
        .entry_size = classes[size_class].entry_size,
    };
    uint64_t set_size = sizeof(struct tag_line) + WAYS * table.entry_size;
    table.n_sets =
        size < sizeof(struct area_head) ? 0 : (size - sizeof(struct area_head)) / set_size;
    table.entries = (void *)(table.lines + table.n_sets);
    return table;
}

static _Atomic uint64_t *latest_of(const struct zta_segment *segment)
{
    uint64_t size;
    struct area_head *head = zta_segment_area(segment, classes[0].area, &size);
    return &head->latest_s;
}

static struct entry *entry_at(const struct table *table, uint64_t index)
{
    return (void *)(table->entries + index * table->entry_size);
}

static uint64_t capacity_of(uint64_t entry_size)
{
    return entry_size - offsetof(struct entry, payload);
}

static struct lookup lookup_begin(const struct zta_segment *segment,
                                  const struct zta_token_key *key)
{
    struct lookup lookup;
    memcpy(lookup.words, key, sizeof(lookup.words));
    lookup.tag = zta_siphash(zta_segment_key(segment), lookup.words, sizeof(lookup.words));
    lookup.tag += lookup.tag == 0;
    return lookup;
}

static uint32_t owner_of(uint64_t word)
{
    return (uint32_t)word;
}

static uint64_t version_of(uint64_t word)
{
    return word >> 32 << 32;
}

static uint64_t word_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static void word_store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

/*
 * Depends on the order of the words. The seqlock suffices as long as only the dead are declared
 * dead; the sum holds also when a writer goes on under the hands of its successor.
 */
static uint64_t sum_add(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 32;
}

/* Of the payload: four sums, so that no word waits for the one before it. */
#define N_SUMS 4
struct sums {
    uint64_t of[N_SUMS];
};

static struct sums sums_begin(uint64_t sum)
{
    return (struct sums){.of = {sum, sum + 1, sum + 2, sum + 3}};
}

static void sums_add(struct sums *sums, size_t i, uint64_t word)
{
    sums->of[i % N_SUMS] = sum_add(sums->of[i % N_SUMS], word);
}

static uint64_t sums_end(const struct sums *sums)
{
    uint64_t sum = sums->of[0];
    for (size_t i = 1; i < N_SUMS; i++) {
        sum = sum_add(sum, sums->of[i]);
    }
    return sum;
}

/* ---- reading ---- */

struct reading {
    void *out;
    size_t room;
    size_t size;
    uint64_t expires_s;
    uint64_t generation;
    uint64_t word;
    bool has_room;
};

/* Copies what has room and returns the sum continued over all. */
static uint64_t copy_payload(const struct entry *entry, uint64_t sum, const struct reading *reading)
{
    unsigned char *to = reading->out;
    size_t n_words = reading->size / 8;
    struct sums sums = sums_begin(sum);
    for (size_t i = 0; i < n_words; i++) {
        uint64_t word = word_load(&entry->payload[i]);
        sums_add(&sums, i, word);
        if (reading->has_room) {
            memcpy(to + i * 8, &word, 8);
        }
    }
    if (reading->size % 8 != 0) {
        uint64_t word = word_load(&entry->payload[n_words]);
        sums_add(&sums, n_words, word);
        if (reading->has_room) {
            memcpy(to + n_words * 8, &word, reading->size % 8);
        }
    }
    return sums_end(&sums);
}

/*
 * All at once, before they are summed up one after the other; nobody knows yet how much of the
 * entry is in use, but most that are found fill the smallest.
 */
static void prefetch(const struct entry *entry)
{
    const unsigned char *bytes = (const unsigned char *)entry;
    for (size_t at = 0; at < PREFETCHED_SIZE; at += LINE_SIZE) {
        __builtin_prefetch(bytes + at);
    }
}

/* ZTA_NOT_FOUND: another key. ZTA_BUSY: a writer was met, whatever was copied is void. */
static enum zta_status entry_read(const struct entry *entry, uint64_t capacity,
                                  const struct lookup *lookup, struct reading *reading)
{
    prefetch(entry);
    reading->word = word_load(&entry->head.first);
    if (owner_of(reading->word) != 0) {
        return ZTA_BUSY;
    }
    reading->generation = word_load(&entry->head.second);
    uint64_t sum = word_load(&entry->sum);
    reading->expires_s = word_load(&entry->expires_s);
    reading->size = word_load(&entry->size);
    uint64_t found = sum_add(sum_add(reading->word, reading->expires_s), reading->size);
    bool is_same = true;
    for (size_t i = 0; i < KEY_WORDS; i++) {
        uint64_t word = word_load(&entry->key[i]);
        found = sum_add(found, word);
        is_same = is_same && word == lookup->words[i];
    }
    reading->has_room = reading->size <= reading->room;
    bool is_whole =
        is_same && reading->size <= capacity && copy_payload(entry, found, reading) == sum;
    if (word_load(&entry->head.first) != reading->word) {
        return ZTA_BUSY;
    }
    return is_whole ? ZTA_OK : ZTA_NOT_FOUND;
}

/* Without order, and not at all while the second is the same: the line stays shared. */
static void note_second(_Atomic uint64_t *seconds, int64_t now_s)
{
    if (atomic_load_explicit(seconds, memory_order_relaxed) != (uint64_t)now_s) {
        atomic_store_explicit(seconds, (uint64_t)now_s, memory_order_relaxed);
    }
}

/* Looks through one class. */
static enum zta_status class_read(const struct table *table, const struct lookup *lookup,
                                  struct reading *reading, uint64_t *index)
{
    if (table->n_sets == 0) {
        return ZTA_NOT_FOUND;
    }
    uint64_t set = zta_token_set(lookup->tag, table->n_sets);
    enum zta_status result = ZTA_NOT_FOUND;
    for (uint64_t way = 0; way < WAYS; way++) {
        if (word_load(&table->lines[set].tags[way]) != lookup->tag) {
            continue;
        }
        *index = set * WAYS + way;
        enum zta_status status =
            entry_read(entry_at(table, *index), capacity_of(table->entry_size), lookup, reading);
        if (status == ZTA_OK) {
            return ZTA_OK;
        }
        result = status == ZTA_BUSY ? ZTA_BUSY : result;
    }
    return result;
}

/* Looks through all classes; *table and *place say where it was found. */
static enum zta_status cache_read(const struct zta_segment *segment, const struct lookup *lookup,
                                  struct reading *reading, struct table *table,
                                  struct zta_token_place *place)
{
    enum zta_status result = ZTA_NOT_FOUND;
    for (unsigned size_class = 0; size_class < N_CLASSES; size_class++) {
        *table = table_of(segment, size_class);
        uint64_t index = 0;
        enum zta_status status = class_read(table, lookup, reading, &index);
        if (status == ZTA_OK) {
            place->slot = (uint64_t)size_class << CLASS_SHIFT | index;
            place->version = reading->word;
            return ZTA_OK;
        }
        result = status == ZTA_BUSY ? ZTA_BUSY : result;
    }
    return result;
}

enum zta_status zta_token_cache_get(struct zta_segment *segment, const struct zta_token_key *key,
                                    int64_t now_s, void *out, size_t size, size_t *out_size,
                                    uint64_t *cleared_generation, struct zta_token_place *place)
{
    note_second(latest_of(segment), now_s);
    struct lookup lookup = lookup_begin(segment, key);
    struct reading reading = {.out = out, .room = size};
    struct table table;
    struct zta_token_place found;
    enum zta_status status = cache_read(segment, &lookup, &reading, &table, &found);
    if (status == ZTA_BUSY) {
        zta_counter_add(segment, ZTA_COUNTER_TOKEN_CACHE_CONTENDED, 1);
    }
    if (status != ZTA_OK || (int64_t)reading.expires_s <= now_s) {
        return ZTA_NOT_FOUND;
    }
    if (!reading.has_room) {
        return ZTA_TOO_LARGE;
    }
    note_second(&entry_at(&table, found.slot & INDEX_MASK)->used_s, now_s);
    *out_size = reading.size;
    *cleared_generation = reading.generation;
    *place = found;
    return ZTA_OK;
}

void zta_token_key_of_inputs(const uint8_t name[ZTA_INPUTS_NAME_SIZE], struct zta_token_key *key)
{
    /* A token stands below a digest that has no half of zeros, and below its issuer's hash. */
    memset(key, 0, sizeof(*key));
    memcpy(key->token.bytes, name, ZTA_INPUTS_NAME_SIZE);
}

/* Whether an entry is complete and of that key; what it holds is not looked at. */
static bool entry_is_of(const struct entry *entry, const struct lookup *lookup, int64_t now_s)
{
    const uint64_t word = word_load(&entry->head.first);
    bool is_same = owner_of(word) == 0 && (int64_t)word_load(&entry->expires_s) > now_s;
    for (size_t i = 0; i < KEY_WORDS && is_same; i++) {
        is_same = word_load(&entry->key[i]) == lookup->words[i];
    }
    return is_same && word_load(&entry->head.first) == word;
}

bool zta_token_cache_has(struct zta_segment *segment, const struct zta_token_key *key,
                         int64_t now_s)
{
    const struct lookup lookup = lookup_begin(segment, key);
    for (unsigned size_class = 0; size_class < N_CLASSES; size_class++) {
        const struct table table = table_of(segment, size_class);
        const uint64_t set = table.n_sets == 0 ? 0 : zta_token_set(lookup.tag, table.n_sets);
        for (uint64_t way = 0; way < WAYS && table.n_sets > 0; way++) {
            if (word_load(&table.lines[set].tags[way]) == lookup.tag &&
                entry_is_of(entry_at(&table, set * WAYS + way), &lookup, now_s)) {
                return true;
            }
        }
    }
    return false;
}

void zta_token_cache_clear_at(struct zta_segment *segment, const struct zta_token_place *place,
                              uint64_t generation)
{
    uint64_t size_class = place->slot >> CLASS_SHIFT;
    uint64_t index = place->slot & INDEX_MASK;
    if (size_class >= N_CLASSES || owner_of(place->version) != 0) {
        return;
    }
    struct table table = table_of(segment, (unsigned)size_class);
    if (index >= table.n_sets * WAYS) {
        return;
    }
    /* Both words in one swap: never may another token's entry be taken for cleared. */
    struct zta_pair *head = &entry_at(&table, index)->head;
    struct zta_pair_value found = {.first = place->version, .second = word_load(&head->second)};
    const struct zta_pair_value cleared = {.first = place->version, .second = generation};
    while (found.second < generation && word_load(&head->first) == place->version &&
           !zta_pair_swap(head, found, cleared)) {
        found.second = word_load(&head->second);
    }
}

/* ---- writing ---- */

/* How gladly a place is written: the higher the better. Below these is the time since its use. */
#define RANK_BUSY    UINT64_C(0)
#define RANK_LIVING  UINT64_C(1)
#define RANK_EXPIRED (UINT64_MAX - 2)
#define RANK_UNUSED  (UINT64_MAX - 1)
#define RANK_SAME    UINT64_MAX

struct victim {
    uint64_t index;
    uint64_t word;
    uint64_t rank;
};

static uint64_t rank_of(const struct zta_segment *segment, const struct entry *entry, uint64_t word,
                        int64_t now_s)
{
    if (owner_of(word) != 0) {
        return zta_segment_child_is_alive(segment, owner_of(word)) ? RANK_BUSY : RANK_UNUSED;
    }
    if (word == 0) {
        return RANK_UNUSED;
    }
    if ((int64_t)word_load(&entry->expires_s) <= now_s) {
        return RANK_EXPIRED;
    }
    /* Distance, not age: after a step back of the clock a use in the future is not the latest. */
    uint64_t used_s = atomic_load_explicit(&entry->used_s, memory_order_relaxed);
    uint64_t now = (uint64_t)now_s;
    uint64_t distance = used_s > now ? used_s - now : now - used_s;
    return RANK_LIVING + (distance < RANK_EXPIRED - 2 ? distance : RANK_EXPIRED - 2);
}

/* Of equals the first behind a way that the key chooses, so that not always the same gives way. */
static struct victim choose(const struct zta_segment *segment, const struct table *table,
                            const struct lookup *lookup, int64_t now_s)
{
    uint64_t set = zta_token_set(lookup->tag, table->n_sets);
    struct victim best = {.rank = RANK_BUSY};
    for (uint64_t i = 0; i < WAYS; i++) {
        uint64_t way = (lookup->tag + i) % WAYS;
        struct victim victim = {.index = set * WAYS + way};
        const struct entry *entry = entry_at(table, victim.index);
        victim.word = word_load(&entry->head.first);
        victim.rank = rank_of(segment, entry, victim.word, now_s);
        if (victim.rank != RANK_BUSY && word_load(&table->lines[set].tags[way]) == lookup->tag) {
            victim.rank = RANK_SAME;
        }
        if (victim.rank > best.rank) {
            best = victim;
        }
    }
    return best;
}

struct content {
    const void *data;
    size_t size;
    int64_t expires_s;
    int64_t now_s;
    uint64_t generation;
};

/* False: the writer was declared dead meanwhile and the place is another's. */
static bool entry_write(struct entry *entry, uint64_t locked, const struct lookup *lookup,
                        const struct content *content)
{
    word_store(&entry->expires_s, (uint64_t)content->expires_s);
    word_store(&entry->size, content->size);
    uint64_t sum =
        sum_add(sum_add(version_of(locked), (uint64_t)content->expires_s), content->size);
    for (size_t i = 0; i < KEY_WORDS; i++) {
        word_store(&entry->key[i], lookup->words[i]);
        sum = sum_add(sum, lookup->words[i]);
    }
    const unsigned char *from = content->data;
    struct sums sums = sums_begin(sum);
    for (size_t i = 0; i * 8 < content->size; i++) {
        size_t left = content->size - i * 8;
        uint64_t word = 0;
        memcpy(&word, from + i * 8, left < 8 ? left : 8);
        word_store(&entry->payload[i], word);
        sums_add(&sums, i, word);
    }
    word_store(&entry->sum, sums_end(&sums));
    /* While it is locked nobody but its writer changes the generation. */
    const struct zta_pair_value begun = {.first = locked, .second = word_load(&entry->head.second)};
    const struct zta_pair_value complete = {
        .first = version_of(locked),
        .second = content->generation,
    };
    return zta_pair_swap(&entry->head, begun, complete);
}

/* Locks the place and fills it. ZTA_BUSY: another writer was faster. */
static enum zta_status victim_replace(const struct table *table, uint32_t incarnation,
                                      const struct victim *victim, const struct lookup *lookup,
                                      const struct content *content)
{
    struct entry *entry = entry_at(table, victim->index);
    _Atomic uint64_t *tag = &table->lines[victim->index / WAYS].tags[victim->index % WAYS];
    uint64_t found = victim->word;
    uint64_t locked = version_of(found) + (UINT64_C(1) << 32) + incarnation;
    if (!atomic_compare_exchange_strong(&entry->head.first, &found, locked)) {
        return ZTA_BUSY;
    }
    word_store(tag, lookup->tag);
    atomic_store_explicit(&entry->used_s, (uint64_t)content->now_s, memory_order_relaxed);
    return entry_write(entry, locked, lookup, content) ? ZTA_OK : ZTA_BUSY;
}

enum zta_status zta_token_cache_put(struct zta_segment *segment, uint32_t incarnation,
                                    const struct zta_token_key *key, const void *identity,
                                    size_t size, int64_t expires_s, uint64_t cleared_generation)
{
    if (incarnation == 0) {
        return ZTA_INVALID;
    }
    struct table table = table_of(segment, 0);
    struct content content = {
        .data = identity,
        .size = size,
        .expires_s = expires_s,
        .now_s = (int64_t)atomic_load_explicit(latest_of(segment), memory_order_relaxed),
        .generation = cleared_generation,
    };
    unsigned size_class = 0;
    while (size > capacity_of(table.entry_size) || table.n_sets == 0) {
        if (++size_class == N_CLASSES) {
            return ZTA_TOO_LARGE;
        }
        table = table_of(segment, size_class);
    }
    struct lookup lookup = lookup_begin(segment, key);
    for (int attempt = 0; attempt < WAYS; attempt++) {
        struct victim victim = choose(segment, &table, &lookup, content.now_s);
        if (victim.rank == RANK_BUSY) {
            return ZTA_BUSY;
        }
        if (victim_replace(&table, incarnation, &victim, &lookup, &content) == ZTA_OK) {
            if (victim.rank < RANK_EXPIRED) {
                zta_counter_add(segment, ZTA_COUNTER_TOKEN_CACHE_EVICTED, 1);
            }
            return ZTA_OK;
        }
    }
    return ZTA_BUSY;
}

/* ---- check ---- */

static const char *entry_fault(const struct zta_segment *segment, const struct table *table,
                               uint64_t index)
{
    const struct entry *entry = entry_at(table, index);
    uint64_t word = word_load(&entry->head.first);
    if (owner_of(word) != 0) {
        return NULL; /* being written, or its writer died */
    }
    uint64_t tag = word_load(&table->lines[index / WAYS].tags[index % WAYS]);
    struct zta_token_key key;
    uint64_t words[KEY_WORDS];
    for (size_t i = 0; i < KEY_WORDS; i++) {
        words[i] = word_load(&entry->key[i]);
    }
    memcpy(&key, words, sizeof(key));
    struct lookup lookup = lookup_begin(segment, &key);
    struct reading reading = {.room = 0};
    enum zta_status status =
        tag == 0 ? ZTA_OK : entry_read(entry, capacity_of(table->entry_size), &lookup, &reading);
    const char *fault = NULL;
    if ((tag == 0) != (word == 0)) {
        fault = "used and unused at once";
    }
    else if (status == ZTA_NOT_FOUND) {
        fault = "its sum does not match";
    }
    else if (tag != 0 && (tag != lookup.tag || zta_token_set(tag, table->n_sets) != index / WAYS)) {
        fault = "it stands where its key does not belong";
    }
    /* What changed meanwhile is no evidence. */
    return word_load(&entry->head.first) == word ? fault : NULL;
}

enum zta_status zta_token_cache_check(const struct zta_segment *segment, struct zta_error *error)
{
    for (unsigned size_class = 0; size_class < N_CLASSES; size_class++) {
        const struct table table = table_of(segment, size_class);
        for (uint64_t i = 0; i < table.n_sets * WAYS; i++) {
            const char *fault = entry_fault(segment, &table, i);
            if (fault != NULL) {
                return zta_error_set(error, ZTA_CORRUPT,
                                     "token cache: entry %" PRIu64 " of %" PRIu64 " bytes: %s", i,
                                     table.entry_size, fault);
            }
        }
    }
    return zta_token_bad_check(segment, error);
}

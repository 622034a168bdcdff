/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of verified tokens and the table of bad ones. A positive entry is a seqlock whose word
 * names the writer, so that a dead writer's entry can be taken over; its words are stored with
 * release and loaded with acquire, so a reader that met a writer's word also sees the lock.
 */
#include "shared/live/token_cache.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"

#define WAYS      8
#define KEY_WORDS 6
#define N_CLASSES 3

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

struct area_head {
    _Alignas(64) _Atomic uint64_t latest_s; /* the reader's real time, by any reader */
};

/* Bad tokens: {fingerprint, deadline_ns}, each changed by one swap. */
struct bad_set {
    _Alignas(64) struct zta_pair ways[WAYS];
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
    struct area_head *head;
    struct tag_line *lines;
    unsigned char *entries;
    uint64_t n_sets;
    uint64_t entry_size;
};

struct lookup {
    uint64_t words[KEY_WORDS];
    uint64_t tag; /* never 0 */
};

static struct table table_of(const struct zta_segment *segment, unsigned class)
{
    uint64_t size;
    unsigned char *base = zta_segment_area(segment, classes[class].area, &size);
    struct table table = {
        .head = (void *)base,
        .lines = (void *)(base + sizeof(struct area_head)),
        .entry_size = classes[class].entry_size,
    };
    uint64_t set_size = sizeof(struct tag_line) + WAYS * table.entry_size;
    table.n_sets =
        size < sizeof(struct area_head) ? 0 : (size - sizeof(struct area_head)) / set_size;
    table.entries = (void *)(table.lines + table.n_sets);
    return table;
}

static struct entry *entry_at(const struct table *table, uint64_t index)
{
    return (void *)(table->entries + index * table->entry_size);
}

static uint64_t capacity_of(uint64_t entry_size)
{
    return entry_size - offsetof(struct entry, payload);
}

static uint64_t set_of(uint64_t hash, uint64_t n_sets)
{
    return (uint64_t)(((unsigned __int128)hash * n_sets) >> 64);
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

/* Depends on the order of the words; multiplication by an odd constant loses nothing. */
static uint64_t sum_add(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 32;
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

static uint64_t copy_payload(const struct entry *entry, uint64_t sum, struct reading *reading)
{
    unsigned char *to = reading->out;
    for (size_t i = 0; i * 8 < reading->size; i++) {
        uint64_t word = word_load(&entry->payload[i]);
        sum = sum_add(sum, word);
        size_t left = reading->size - i * 8;
        if (reading->has_room) {
            memcpy(to + i * 8, &word, left < 8 ? left : 8);
        }
    }
    return sum;
}

/* ZTA_NOT_FOUND: another key. ZTA_BUSY: a writer was met, whatever was copied is void. */
static enum zta_status entry_read(const struct entry *entry, uint64_t capacity,
                                  const struct lookup *lookup, struct reading *reading)
{
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
    if (is_same && reading->size <= capacity) {
        found = copy_payload(entry, found, reading);
        is_same = found == sum;
    }
    else {
        is_same = false;
    }
    if (word_load(&entry->head.first) != reading->word) {
        return ZTA_BUSY;
    }
    return is_same ? ZTA_OK : ZTA_NOT_FOUND;
}

/* Stored without order: what is last told by any process is near enough. */
static void note_time(const struct table *smallest, int64_t now_s)
{
    _Atomic uint64_t *latest = &smallest->head->latest_s;
    if (atomic_load_explicit(latest, memory_order_relaxed) != (uint64_t)now_s) {
        atomic_store_explicit(latest, (uint64_t)now_s, memory_order_relaxed);
    }
}

/* Looks through one class. */
static enum zta_status class_read(const struct table *table, const struct lookup *lookup,
                                  struct reading *reading, uint64_t *index)
{
    if (table->n_sets == 0) {
        return ZTA_NOT_FOUND;
    }
    uint64_t set = set_of(lookup->tag, table->n_sets);
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

enum zta_status zta_token_cache_get(struct zta_segment *segment, const struct zta_token_key *key,
                                    int64_t now_s, void *out, size_t size, size_t *out_size,
                                    uint64_t *cleared_generation, struct zta_token_place *place)
{
    struct lookup lookup = lookup_begin(segment, key);
    struct reading reading = {.out = out, .room = size};
    enum zta_status status = ZTA_NOT_FOUND;
    bool is_contended = false;
    struct table table;
    uint64_t index = 0;
    unsigned class = 0;
    for (; class < N_CLASSES; class ++) {
        table = table_of(segment, class);
        if (class == 0) {
            note_time(&table, now_s);
        }
        status = class_read(&table, &lookup, &reading, &index);
        is_contended = is_contended || status == ZTA_BUSY;
        if (status == ZTA_OK) {
            break;
        }
    }
    if (status != ZTA_OK || (int64_t)reading.expires_s <= now_s) {
        if (is_contended) {
            zta_counter_add(segment, ZTA_COUNTER_TOKEN_CACHE_CONTENDED, 1);
        }
        zta_counter_add(segment, ZTA_COUNTER_TOKEN_CACHE_MISSES, 1);
        return ZTA_NOT_FOUND;
    }
    if (!reading.has_room) {
        return ZTA_TOO_LARGE;
    }
    _Atomic uint64_t *used_s = &entry_at(&table, index)->used_s;
    if (atomic_load_explicit(used_s, memory_order_relaxed) != (uint64_t)now_s) {
        atomic_store_explicit(used_s, (uint64_t)now_s, memory_order_relaxed);
    }
    zta_counter_add(segment, ZTA_COUNTER_TOKEN_CACHE_HITS, 1);
    *out_size = reading.size;
    *cleared_generation = reading.generation;
    *place = (struct zta_token_place){
        .slot = (uint64_t) class << 56 | index,
        .version = reading.word,
    };
    return ZTA_OK;
}

void zta_token_cache_clear_at(struct zta_segment *segment, const struct zta_token_place *place,
                              uint64_t generation)
{
    uint64_t class = place->slot >> 56;
    uint64_t index = place->slot & ((UINT64_C(1) << 56) - 1);
    if (class >= N_CLASSES || owner_of(place->version) != 0) {
        return;
    }
    struct table table = table_of(segment, (unsigned)class);
    if (index >= table.n_sets * WAYS) {
        return;
    }
    /* Both words in one swap: never may another token's entry be taken for cleared. */
    struct zta_pair *head = &entry_at(&table, index)->head;
    uint64_t found = word_load(&head->second);
    while (found < generation && word_load(&head->first) == place->version &&
           !zta_pair_swap(head, (struct zta_pair_value){.first = place->version, .second = found},
                          (struct zta_pair_value){.first = place->version, .second = generation})) {
        found = word_load(&head->second);
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
    uint64_t set = set_of(lookup->tag, table->n_sets);
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
    for (size_t i = 0; i * 8 < content->size; i++) {
        size_t left = content->size - i * 8;
        uint64_t word = 0;
        memcpy(&word, from + i * 8, left < 8 ? left : 8);
        word_store(&entry->payload[i], word);
        sum = sum_add(sum, word);
    }
    word_store(&entry->sum, sum);
    /* While it is locked nobody but its writer changes the generation. */
    return zta_pair_swap(
        &entry->head,
        (struct zta_pair_value){.first = locked, .second = word_load(&entry->head.second)},
        (struct zta_pair_value){.first = version_of(locked), .second = content->generation});
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
        .now_s = (int64_t)atomic_load_explicit(&table.head->latest_s, memory_order_relaxed),
        .generation = cleared_generation,
    };
    unsigned class = 0;
    while (size > capacity_of(table.entry_size) || table.n_sets == 0) {
        if (++class == N_CLASSES) {
            return ZTA_TOO_LARGE;
        }
        table = table_of(segment, class);
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

/* ---- bad tokens ---- */

/*
 * 64 bits of a keyed hash stand for the key, in a set chosen by another: of 10^6 look-ups a second
 * one in 70,000 years meets a stranger's fingerprint, and that refuses a token for 10 s at most.
 */
static struct bad_set *bad_set_of(const struct zta_segment *segment,
                                  const struct zta_token_key *key, uint64_t *fingerprint)
{
    uint64_t size;
    struct bad_set *sets = zta_segment_area(segment, ZTA_AREA_TOKENS_BAD, &size);
    struct zta_siphash_key other = *zta_segment_key(segment);
    other.k0 = ~other.k0;
    *fingerprint = lookup_begin(segment, key).tag;
    uint64_t n_sets = size / sizeof(*sets);
    return n_sets == 0 ? NULL : &sets[set_of(zta_siphash(&other, key, sizeof(*key)), n_sets)];
}

/* More than the longest life ahead is a clock that is not ours: no evidence. */
static bool is_pending(uint64_t deadline_ns, int64_t now_ns)
{
    uint64_t now = now_ns > 0 ? (uint64_t)now_ns : 0;
    return deadline_ns > now && deadline_ns - now <= (uint64_t)ZTA_NEGATIVE_TTL_NS;
}

bool zta_token_cache_is_bad(struct zta_segment *segment, const struct zta_token_key *key,
                            int64_t now_ns)
{
    uint64_t fingerprint;
    const struct bad_set *set = bad_set_of(segment, key, &fingerprint);
    for (unsigned way = 0; set != NULL && way < WAYS; way++) {
        const struct zta_pair *pair = &set->ways[way];
        uint64_t deadline_ns = word_load(&pair->second);
        /* The deadline stood still around the reading of the fingerprint: they belong together. */
        if (word_load(&pair->first) == fingerprint && is_pending(deadline_ns, now_ns) &&
            word_load(&pair->second) == deadline_ns) {
            zta_counter_add(segment, ZTA_COUNTER_NEGATIVE_CACHE_HITS, 1);
            return true;
        }
    }
    return false;
}

void zta_token_cache_put_bad(struct zta_segment *segment, const struct zta_token_key *key,
                             int64_t now_ns)
{
    uint64_t fingerprint;
    struct bad_set *set = bad_set_of(segment, key, &fingerprint);
    if (set == NULL || now_ns > INT64_MAX - ZTA_NEGATIVE_TTL_NS) {
        return;
    }
    struct zta_pair *chosen = NULL;
    struct zta_pair_value found = {0};
    for (unsigned way = 0; way < WAYS; way++) {
        struct zta_pair *pair = &set->ways[way];
        struct zta_pair_value value = {.second = word_load(&pair->second)};
        value.first = word_load(&pair->first);
        bool is_same = value.first == fingerprint;
        if (is_same || chosen == NULL || value.second < found.second) {
            chosen = pair;
            found = value;
        }
        if (is_same) {
            break;
        }
    }
    uint64_t now = now_ns > 0 ? (uint64_t)now_ns : 0;
    /* Failing means that another process writes there: a lost chance. */
    (void)zta_pair_swap(chosen, found,
                        (struct zta_pair_value){
                            .first = fingerprint,
                            .second = now + (uint64_t)ZTA_NEGATIVE_TTL_NS,
                        });
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
    else if (tag != 0 && (tag != lookup.tag || set_of(tag, table->n_sets) != index / WAYS)) {
        fault = "it stands where its key does not belong";
    }
    /* What changed meanwhile is no evidence. */
    return word_load(&entry->head.first) == word ? fault : NULL;
}

static enum zta_status bad_check(const struct zta_segment *segment, struct zta_error *error)
{
    uint64_t size;
    const struct bad_set *sets = zta_segment_area(segment, ZTA_AREA_TOKENS_BAD, &size);
    for (uint64_t i = 0; i < size / sizeof(*sets) * WAYS; i++) {
        const struct zta_pair *pair = &sets[i / WAYS].ways[i % WAYS];
        /* Neither word ever becomes zero again, so the order of reading decides nothing. */
        bool has_deadline = word_load(&pair->second) != 0;
        if (has_deadline && word_load(&pair->first) == 0) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "bad tokens: place %" PRIu64 " has a deadline and no token", i);
        }
    }
    return ZTA_OK;
}

enum zta_status zta_token_cache_check(const struct zta_segment *segment, struct zta_error *error)
{
    for (unsigned class = 0; class < N_CLASSES; class ++) {
        const struct table table = table_of(segment, class);
        for (uint64_t i = 0; i < table.n_sets * WAYS; i++) {
            const char *fault = entry_fault(segment, &table, i);
            if (fault != NULL) {
                return zta_error_set(error, ZTA_CORRUPT,
                                     "token cache: entry %" PRIu64 " of %" PRIu64 " bytes: %s", i,
                                     table.entry_size, fault);
            }
        }
    }
    return bad_check(segment, error);
}

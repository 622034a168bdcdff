/* SPDX-License-Identifier: Apache-2.0 */
/* A table of slots, two for each text; each is a seqlock. */
#include "shared/base/digests.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "shared/base/random.h"

#define PAIR_SIZE    (2 * sizeof(uint64_t)) /* what one product takes */
#define KEY_WORDS    (ZTA_DIGESTS_TEXT_MAX / sizeof(uint64_t) + 2)
#define SUM_WORDS    4
#define DIGEST_WORDS (sizeof(struct zta_sha256) / sizeof(uint64_t))

_Static_assert(ZTA_DIGESTS_TEXT_MAX % PAIR_SIZE == 0, "the key is as long as the last pair needs");

struct slot {
    _Alignas(128) _Atomic uint64_t version; /* odd: is being written; 0: empty */
    _Atomic uint64_t size;
    _Atomic uint64_t sums[SUM_WORDS];
    _Atomic uint64_t digest[DIGEST_WORDS];
};

struct zta_digests {
    size_t size; /* of all of it */
    size_t n_slots;
    uint64_t key[KEY_WORDS];
    struct slot slots[];
};

struct zta_digests *zta_digests_open(size_t n_slots)
{
    /* What nobody touches takes no memory. */
    const size_t size = sizeof(struct zta_digests) + n_slots * sizeof(struct slot);
    struct zta_digests *digests =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (digests == MAP_FAILED) {
        return NULL;
    }
    digests->size = size;
    digests->n_slots = n_slots;
    zta_random_bytes(digests->key, sizeof(digests->key));
    return digests;
}

void zta_digests_close(struct zta_digests **digests)
{
    if (*digests != NULL) {
        (void)munmap(*digests, (*digests)->size);
        *digests = NULL;
    }
}

/* What tells a text from others. */
struct print {
    uint64_t size;
    uint64_t sums[SUM_WORDS];
};

/* Two sums: the key of the second is that of the first, moved on by a pair (Toeplitz). */
struct sums {
    unsigned __int128 first;
    unsigned __int128 second;
};

static void add_pair(struct sums *sums, const uint8_t *pair, const uint64_t *key)
{
    uint64_t words[2];
    memcpy(words, pair, sizeof(words));
    sums->first += (unsigned __int128)(words[0] + key[0]) * (words[1] + key[1]);
    sums->second += (unsigned __int128)(words[0] + key[2]) * (words[1] + key[3]);
}

static void take_print(const struct zta_digests *digests, struct zta_text text, struct print *print)
{
    const uint8_t *at = (const uint8_t *)text.data;
    const uint64_t *key = digests->key;
    struct sums sums = {.first = 0};
    size_t left = text.len;
    for (; left >= PAIR_SIZE; left -= PAIR_SIZE, at += PAIR_SIZE, key += 2) {
        add_pair(&sums, at, key);
    }
    if (left > 0) {
        uint8_t last[PAIR_SIZE] = {0};
        memcpy(last, at, left);
        add_pair(&sums, last, key);
    }
    *print = (struct print){.size = text.len};
    memcpy(print->sums, &sums, sizeof(sums));
}

_Static_assert(sizeof(struct sums) == sizeof(((struct print *)0)->sums), "words of both sums");

static uint64_t word_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static void word_store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

/* False: another's, or just being written. */
static bool slot_read(const struct slot *slot, const struct print *print, struct zta_sha256 *digest)
{
    const uint64_t version = word_load(&slot->version);
    bool is_same = version != 0 && version % 2 == 0 && word_load(&slot->size) == print->size;
    for (size_t i = 0; i < SUM_WORDS && is_same; i++) {
        is_same = word_load(&slot->sums[i]) == print->sums[i];
    }
    uint64_t words[DIGEST_WORDS];
    for (size_t i = 0; i < DIGEST_WORDS && is_same; i++) {
        words[i] = word_load(&slot->digest[i]);
    }
    if (!is_same || word_load(&slot->version) != version) {
        return false;
    }
    memcpy(digest, words, sizeof(words));
    return true;
}

static void slot_write(struct slot *slot, const struct print *print,
                       const struct zta_sha256 *digest)
{
    uint64_t words[DIGEST_WORDS];
    uint64_t version = word_load(&slot->version);
    if (version % 2 != 0 ||
        !atomic_compare_exchange_strong_explicit(&slot->version, &version, version + 1,
                                                 memory_order_acq_rel, memory_order_relaxed)) {
        return; /* a lost chance, no more */
    }
    memcpy(words, digest, sizeof(words));
    word_store(&slot->size, print->size);
    for (size_t i = 0; i < SUM_WORDS; i++) {
        word_store(&slot->sums[i], print->sums[i]);
    }
    for (size_t i = 0; i < DIGEST_WORDS; i++) {
        word_store(&slot->digest[i], words[i]);
    }
    word_store(&slot->version, version + 2);
}

/* The lowest bits of a product are no good ones. */
static size_t index_of(const struct zta_digests *digests, const struct print *print)
{
    const uint64_t mixed = (print->sums[0] ^ print->sums[1]) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & (digests->n_slots - 1);
}

bool zta_digests_get(struct zta_digests *digests, struct zta_text text, struct zta_sha256 *digest)
{
    struct print print;
    if (digests == NULL || text.len > ZTA_DIGESTS_TEXT_MAX) {
        zta_sha256(text.data, text.len, digest);
        return false;
    }
    take_print(digests, text, &print);
    const size_t index = index_of(digests, &print);
    struct slot *first = &digests->slots[index];
    struct slot *second = &digests->slots[index ^ 1];
    if (slot_read(first, &print, digest) || slot_read(second, &print, digest)) {
        return true;
    }
    zta_sha256(text.data, text.len, digest);
    /* An empty one, else either. */
    const bool is_first = word_load(&first->version) == 0 ||
                          (word_load(&second->version) != 0 && (digest->bytes[0] & 1) != 0);
    slot_write(is_first ? first : second, &print, digest);
    return false;
}

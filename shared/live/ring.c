/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of events. All that decides stands in one word a slot, changed by CAS only: its lap, its
 * state, and who may still write its payload.
 *
 *   FREE --claim--> CLAIMED --publish--> READY --release--> FREE of the next lap
 *                      `--passed over by the reader--> DROPPED_* --release--> FREE of the next lap
 *
 * A claim moves the slot first, the head second (anybody finishes that), so a claim always carries
 * its owner. A passed-over slot keeps its living owner through release: nobody else writes there
 * until that owner has acknowledged or died. docs/decisions/0001-ring-slots.md argues all this.
 */
#include "shared/live/ring.h"

#include <inttypes.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/ring_priv.h"
#include "shared/live/segment_priv.h"

#define SLOTS_MAX 100000
#define SLOT_SIZE 896

/* Word: owner's incarnation 32, lap 29 (wraps after more than 4e12 events), state 3. */
#define STATE_BITS 3
#define STATE_MASK UINT64_C(7)
#define LAP_MASK   ((UINT64_C(1) << 29) - 1)
#define OWNER_BITS 32

enum slot_state {
    SLOT_FREE = 0, /* an owner here is one that was passed over and has not acknowledged */
    SLOT_CLAIMED,
    SLOT_READY,
    SLOT_DROPPED_DEAD,
    SLOT_DROPPED_SLOW
};

struct ring_slot {
    /* CAS by the claiming writer, the reader, and the owner that acknowledges; acquire, release. */
    _Alignas(ZTA_CACHE_LINE) _Atomic uint64_t word;
    /* Owner stores claim_ns (relaxed), then its sequence number plus one (release): it dates it. */
    _Atomic uint64_t claim_sequence;
    _Atomic int64_t claim_ns;
    /* Plain: written by the owner between claim and publish, read between publish and release. */
    _Alignas(32) struct zta_event event;
};
_Static_assert(sizeof(struct ring_slot) == SLOT_SIZE, "a slot is 896 bytes");

/* One of two copies; reader stores each field (release), anybody loads (acquire). */
struct ring_book {
    _Atomic uint64_t tail;
    _Atomic uint64_t dropped_dead;
    _Atomic uint64_t dropped_slow;
};

struct ring_header {
    /* Next sequence number to claim; any process moves it over a claimed slot, CAS, release. */
    _Alignas(ZTA_CACHE_LINE) _Atomic uint64_t head;
    /* books[version % 2] is in force: reader stores (release), anybody loads (acquire). */
    _Alignas(ZTA_CACHE_LINE) _Atomic uint64_t version;
    struct ring_book books[2];
    /* Slots below are free for the next lap; trails the tail. Reader stores (release). */
    _Atomic uint64_t freed;
    /* A claim without a stamp, plus one, and when it was first met; reader only, relaxed. */
    _Atomic uint64_t stalled_sequence;
    _Atomic int64_t stalled_ns;
};

struct ring {
    struct ring_header *header;
    struct ring_slot *slots;
    uint64_t n_slots;
};

static struct ring ring_of(const struct zta_segment *segment)
{
    uint64_t size;
    uint8_t *area = zta_segment_area(segment, ZTA_AREA_RING, &size);
    const uint64_t n_slots = (size - sizeof(struct ring_header)) / SLOT_SIZE;
    return (struct ring){
        .header = (struct ring_header *)(void *)area,
        .slots = (struct ring_slot *)(void *)(area + sizeof(struct ring_header)),
        .n_slots = n_slots < SLOTS_MAX ? n_slots : SLOTS_MAX,
    };
}

/* ---- words ---- */

static uint64_t word_of(uint64_t lap, uint32_t owner, enum slot_state state)
{
    return (uint64_t)owner << OWNER_BITS | (lap & LAP_MASK) << STATE_BITS | (uint64_t)state;
}

static enum slot_state state_of(uint64_t word)
{
    return (enum slot_state)(word & STATE_MASK);
}

static uint32_t owner_of(uint64_t word)
{
    return (uint32_t)(word >> OWNER_BITS);
}

static bool is_in_lap(uint64_t word, uint64_t lap)
{
    return (word >> STATE_BITS & LAP_MASK) == (lap & LAP_MASK);
}

static uint64_t word_load(struct ring_slot *slot)
{
    return atomic_load_explicit(&slot->word, memory_order_acquire);
}

static bool word_swap(struct ring_slot *slot, uint64_t *from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(&slot->word, from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* ---- writers ---- */

static uint64_t head_load(const struct ring *ring)
{
    return atomic_load_explicit(&ring->header->head, memory_order_acquire);
}

/* Moves the head over `sequence`, whose slot is claimed, unless somebody has. */
static void head_pass(const struct ring *ring, uint64_t sequence)
{
    if (head_load(ring) == sequence) {
        (void)atomic_compare_exchange_strong_explicit(&ring->header->head, &sequence, sequence + 1,
                                                      memory_order_acq_rel, memory_order_relaxed);
    }
}

/*
 * Takes the next sequence number. ZTA_FULL: none was free. ZTA_BUSY: the one that was free falls on
 * a slot whose owner was passed over and may still write: it is spent, and the event with it.
 */
static enum zta_status claim(const struct zta_segment *segment, const struct ring *ring,
                             uint32_t incarnation, uint64_t *sequence)
{
    uint64_t head = head_load(ring);
    for (;;) {
        struct ring_slot *slot = &ring->slots[head % ring->n_slots];
        const uint64_t lap = head / ring->n_slots;
        uint64_t word = word_load(slot);

        if (!is_in_lap(word, lap)) {
            const uint64_t was = head;
            head = head_load(ring);
            if (head == was) {
                return ZTA_FULL; /* of the lap before, not yet released */
            }
            continue;
        }
        if (state_of(word) == SLOT_FREE) {
            const uint32_t holder = owner_of(word);
            const bool is_held = holder != 0 && zta_segment_child_is_alive(segment, holder);
            const uint64_t to = is_held ? word_of(lap, holder, SLOT_DROPPED_SLOW)
                                        : word_of(lap, incarnation, SLOT_CLAIMED);
            if (word_swap(slot, &word, to)) {
                head_pass(ring, head);
                *sequence = head;
                return is_held ? ZTA_BUSY : ZTA_OK;
            }
        }
        head_pass(ring, head);
        head = head_load(ring);
    }
}

void zta_ring_expect(const struct zta_segment *segment)
{
    const struct ring ring = ring_of(segment);
    const uint8_t *slot = (const uint8_t *)&ring.slots[head_load(&ring) % ring.n_slots];
    for (size_t at = 0; at < SLOT_SIZE; at += ZTA_CACHE_LINE) {
        __builtin_prefetch(slot + at, 1);
    }
}

/* The reader has passed over this slot: says that its owner will not write there any more. */
static void acknowledge(struct ring_slot *slot, uint32_t incarnation)
{
    uint64_t word = word_load(slot);
    while (owner_of(word) == incarnation &&
           (state_of(word) == SLOT_DROPPED_SLOW || state_of(word) == SLOT_FREE)) {
        if (word_swap(slot, &word, word & ((UINT64_C(1) << OWNER_BITS) - 1))) {
            return;
        }
    }
}

enum zta_status zta_ring_publish(struct zta_segment *segment, uint32_t incarnation,
                                 const struct zta_event *event)
{
    const struct ring ring = ring_of(segment);
    uint64_t sequence = 0;
    const enum zta_status status =
        incarnation == 0 ? ZTA_FULL : claim(segment, &ring, incarnation, &sequence);
    if (status == ZTA_FULL) {
        zta_counter_add(segment, ZTA_COUNTER_EVENTS_DROPPED_FULL, 1);
    }
    if (status != ZTA_OK) {
        return ZTA_FULL;
    }
    struct ring_slot *slot = &ring.slots[sequence % ring.n_slots];
    atomic_store_explicit(&slot->claim_ns, zta_clock_monotonic_ns(), memory_order_relaxed);
    atomic_store_explicit(&slot->claim_sequence, sequence + 1, memory_order_release);
    memcpy(&slot->event, event, sizeof(*event));

    const uint64_t lap = sequence / ring.n_slots;
    uint64_t word = word_of(lap, incarnation, SLOT_CLAIMED);
    if (!word_swap(slot, &word, word_of(lap, incarnation, SLOT_READY))) {
        acknowledge(slot, incarnation);
        return ZTA_FULL;
    }
    return ZTA_OK;
}

/* ---- books ---- */

/* Returns the version that was read. */
static uint64_t books_load(const struct ring *ring, struct zta_ring_books *books)
{
    const struct ring_header *header = ring->header;
    uint64_t version = atomic_load_explicit(&header->version, memory_order_acquire);
    for (;;) {
        const struct ring_book *book = &header->books[version % 2];
        books->tail = atomic_load_explicit(&book->tail, memory_order_acquire);
        books->dropped_dead = atomic_load_explicit(&book->dropped_dead, memory_order_acquire);
        books->dropped_slow = atomic_load_explicit(&book->dropped_slow, memory_order_acquire);
        /* A field of a later round carries the version that had come into force before it. */
        const uint64_t now = atomic_load_explicit(&header->version, memory_order_acquire);
        if (now == version) {
            return version;
        }
        version = now;
    }
}

/* The copy that is not in force is filled, then put in force by one store: all or nothing. */
static void books_store(const struct ring *ring, uint64_t version,
                        const struct zta_ring_books *books)
{
    struct ring_book *book = &ring->header->books[(version + 1) % 2];
    atomic_store_explicit(&book->tail, books->tail, memory_order_release);
    atomic_store_explicit(&book->dropped_dead, books->dropped_dead, memory_order_release);
    atomic_store_explicit(&book->dropped_slow, books->dropped_slow, memory_order_release);
    atomic_store_explicit(&ring->header->version, version + 1, memory_order_release);
}

void zta_ring_books_read(const struct zta_segment *segment, struct zta_ring_books *books)
{
    const struct ring ring = ring_of(segment);
    (void)books_load(&ring, books);
}

uint64_t zta_ring_tail(const struct zta_segment *segment)
{
    struct zta_ring_books books;
    zta_ring_books_read(segment, &books);
    return books.tail;
}

uint64_t zta_ring_head(const struct zta_segment *segment)
{
    const struct ring ring = ring_of(segment);
    const uint64_t head = head_load(&ring);
    const uint64_t word = word_load(&ring.slots[head % ring.n_slots]);
    if (!is_in_lap(word, head / ring.n_slots) || state_of(word) == SLOT_FREE) {
        return head;
    }
    head_pass(&ring, head); /* its writer was stopped or killed in between */
    return head + 1;
}

uint64_t zta_ring_capacity(const struct zta_segment *segment)
{
    return ring_of(segment).n_slots;
}

/* ---- the reader ---- */

/* When a claim began that has no stamp (or one from the future): when the reader first met it. */
static int64_t stalled_since(const struct ring *ring, uint64_t sequence, int64_t now_ns)
{
    struct ring_header *header = ring->header;
    if (atomic_load_explicit(&header->stalled_sequence, memory_order_relaxed) == sequence + 1) {
        return atomic_load_explicit(&header->stalled_ns, memory_order_relaxed);
    }
    atomic_store_explicit(&header->stalled_ns, now_ns, memory_order_relaxed);
    atomic_store_explicit(&header->stalled_sequence, sequence + 1, memory_order_relaxed);
    return now_ns;
}

static bool is_overdue(const struct ring *ring, struct ring_slot *slot, uint64_t sequence,
                       int64_t now_ns)
{
    int64_t since_ns = INT64_MAX;
    if (atomic_load_explicit(&slot->claim_sequence, memory_order_acquire) == sequence + 1) {
        since_ns = atomic_load_explicit(&slot->claim_ns, memory_order_relaxed);
    }
    if (since_ns > now_ns || since_ns < 0) {
        since_ns = stalled_since(ring, sequence, now_ns);
    }
    return now_ns - since_ns >= ZTA_RING_CLAIM_TIMEOUT_NS;
}

/* Passes over a claim that is dead or overdue; returns the word the slot then has. */
static uint64_t settle(const struct zta_segment *segment, const struct ring *ring,
                       uint64_t sequence, int64_t now_ns)
{
    struct ring_slot *slot = &ring->slots[sequence % ring->n_slots];
    const uint64_t lap = sequence / ring->n_slots;
    uint64_t word = word_load(slot);
    while (is_in_lap(word, lap) && state_of(word) == SLOT_CLAIMED) {
        uint64_t to;
        if (!zta_segment_child_is_alive(segment, owner_of(word))) {
            to = word_of(lap, 0, SLOT_DROPPED_DEAD);
        }
        else if (is_overdue(ring, slot, sequence, now_ns)) {
            to = word_of(lap, owner_of(word), SLOT_DROPPED_SLOW);
        }
        else {
            return word;
        }
        if (word_swap(slot, &word, to)) {
            return to;
        }
    }
    return word;
}

enum zta_status zta_ring_read(struct zta_segment *segment, uint64_t *cursor, int64_t now_ns,
                              struct zta_event *event, uint64_t *sequence)
{
    const struct ring ring = ring_of(segment);
    struct zta_ring_books books;
    (void)books_load(&ring, &books);
    if (*cursor < books.tail) {
        *cursor = books.tail;
    }
    for (uint64_t i = 0; i < ring.n_slots; i++) {
        const uint64_t at = *cursor;
        const uint64_t word = settle(segment, &ring, at, now_ns);
        if (!is_in_lap(word, at / ring.n_slots) || state_of(word) == SLOT_FREE) {
            return ZTA_NOT_FOUND;
        }
        head_pass(&ring, at); /* or release could free what nobody knows to be claimed */
        if (state_of(word) == SLOT_CLAIMED) {
            return ZTA_NOT_FOUND;
        }
        *cursor = at + 1;
        if (state_of(word) == SLOT_READY) {
            memcpy(event, &ring.slots[at % ring.n_slots].event, sizeof(*event));
            *sequence = at;
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

/* False when the slot is not settled, so that the tail stays before it. */
static bool enter(uint64_t word, struct zta_ring_books *books)
{
    const enum slot_state state = state_of(word);
    if (state == SLOT_FREE || state == SLOT_CLAIMED) {
        return false;
    }
    if (state == SLOT_DROPPED_SLOW) {
        books->dropped_slow++;
    }
    else if (state != SLOT_READY) {
        books->dropped_dead++; /* a state that does not exist was no event either */
    }
    books->tail++;
    return true;
}

/* Idempotent: a slot that is in the next lap already is left alone. */
static void free_slot(const struct ring *ring, uint64_t sequence)
{
    struct ring_slot *slot = &ring->slots[sequence % ring->n_slots];
    const uint64_t lap = sequence / ring->n_slots;
    uint64_t word = word_load(slot);
    while (is_in_lap(word, lap) && state_of(word) != SLOT_FREE) {
        const uint32_t holder = state_of(word) == SLOT_DROPPED_SLOW ? owner_of(word) : 0;
        if (word_swap(slot, &word, word_of(lap + 1, holder, SLOT_FREE))) {
            return;
        }
    }
}

/* Frees what the books have left behind, also what a reader before this one could not free. */
static void free_below(const struct ring *ring, uint64_t tail)
{
    uint64_t at = atomic_load_explicit(&ring->header->freed, memory_order_acquire);
    if (tail - at > ring->n_slots) {
        at = tail - ring->n_slots;
    }
    for (; at != tail; at++) {
        free_slot(ring, at);
    }
    atomic_store_explicit(&ring->header->freed, tail, memory_order_release);
}

void zta_ring_release(struct zta_segment *segment, uint64_t cursor)
{
    const struct ring ring = ring_of(segment);
    struct zta_ring_books books;
    const uint64_t version = books_load(&ring, &books);
    free_below(&ring, books.tail);

    const uint64_t head = head_load(&ring);
    const uint64_t end = cursor < head ? cursor : head;
    const uint64_t begin = books.tail;
    while (books.tail < end) {
        const uint64_t word = word_load(&ring.slots[books.tail % ring.n_slots]);
        if (!is_in_lap(word, books.tail / ring.n_slots) || !enter(word, &books)) {
            break;
        }
    }
    if (books.tail != begin) {
        books_store(&ring, version, &books);
        free_below(&ring, books.tail);
    }
}

/* ---- the validator ---- */

/* What is known of the ring before its slots are walked. */
struct ring_bounds {
    uint64_t freed;
    uint64_t tail;
    uint64_t head;
};

/* The number a slot stands for, from its lap and the head; it may be above the head by a lap. */
static uint64_t sequence_of(const struct ring *ring, uint64_t index, uint64_t word, uint64_t head)
{
    const uint64_t lap = head / ring->n_slots;
    const uint64_t ahead = ((word >> STATE_BITS) - lap) & LAP_MASK;
    const uint64_t behind = (LAP_MASK + 1 - ahead) & LAP_MASK;
    return (ahead <= behind ? lap + ahead : lap - behind) * ring->n_slots + index;
}

/* True also while others work: a bound is compared on the side on which it can only be late. */
static bool is_slot_sound(const struct ring *ring, uint64_t index, uint64_t word,
                          const struct ring_bounds *before)
{
    struct zta_ring_books books;
    (void)books_load(ring, &books);
    const uint64_t head = head_load(ring);
    const uint64_t sequence = sequence_of(ring, index, word, head);

    switch (state_of(word)) {
    case SLOT_FREE:
        return sequence >= before->head && sequence < books.tail + ring->n_slots;
    case SLOT_CLAIMED:
    case SLOT_READY:
        return owner_of(word) != 0 && sequence >= before->freed && sequence <= head;
    case SLOT_DROPPED_DEAD:
    case SLOT_DROPPED_SLOW:
        return sequence >= before->freed && sequence <= head;
    }
    return false;
}

enum zta_status zta_ring_check(const struct zta_segment *segment, struct zta_error *error)
{
    const struct ring ring = ring_of(segment);
    struct ring_bounds before;
    struct zta_ring_books books;

    before.freed = atomic_load_explicit(&ring.header->freed, memory_order_acquire);
    (void)books_load(&ring, &books);
    before.tail = books.tail;
    before.head = head_load(&ring);
    if (before.freed > before.tail || before.tail > before.head) {
        return zta_error_set(error, ZTA_CORRUPT,
                             "ring: freed %" PRIu64 ", tail %" PRIu64 ", head %" PRIu64
                             " are out of order",
                             before.freed, before.tail, before.head);
    }
    if (books.dropped_dead > books.tail || books.dropped_slow > books.tail - books.dropped_dead) {
        return zta_error_set(error, ZTA_CORRUPT, "ring: more events dropped than published");
    }
    (void)books_load(&ring, &books);
    if (before.head > books.tail && before.head - books.tail > ring.n_slots) {
        return zta_error_set(error, ZTA_CORRUPT, "ring: more events than slots");
    }
    /* Slots above the head of the first lap were never touched: they stay without memory. */
    const uint64_t n_slots = before.head < ring.n_slots ? before.head + 1 : ring.n_slots;
    for (uint64_t i = 0; i < n_slots; i++) {
        const uint64_t word = word_load(&ring.slots[i]);
        if (!is_slot_sound(&ring, i, word, &before)) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "ring: slot %" PRIu64 " has the impossible word %016" PRIx64, i,
                                 word);
        }
    }
    return ZTA_OK;
}

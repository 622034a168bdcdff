/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots that go round: free, being written, posted, answered, free. A slot's word holds whose it
 * is, how often it was given, and its state; every step is one compare-and-swap of it, so that who
 * is killed leaves a slot in one of these states. What is posted does not change until it is free.
 */
#include "shared/live/mailbox.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "shared/live/layout_priv.h"

enum slot_state {
    FREE = 0,
    WRITING,   /* by its sender; worth nothing when that one dies */
    POSTED,    /* to be delivered; the sender waits */
    LEFT,      /* to be delivered; nobody waits */
    COMMITTED, /* answered; the sender frees it */
    KNOWN,
    REFUSED,
    N_STATES
};

/* Incarnation in the upper half, how often the slot was given in the next 24 bits, state. */
#define STATE_BITS 8
#define STATE_MASK UINT64_C(0xff)
#define GIVEN_STEP (UINT64_C(1) << STATE_BITS)
#define GIVEN_MASK UINT64_C(0xffffff00)

struct slot {
    /* Sender and helper, by compare-and-swap: acquire and release. */
    _Alignas(64) _Atomic uint64_t word;
    /* By the sender while WRITING; only read while POSTED or LEFT. */
    uint32_t size;
    uint8_t data[ZTA_LETTER_MAX];
};

struct mailbox {
    /* The helper stores (release), any process loads (acquire). */
    _Alignas(64) _Atomic uint64_t generation;
    struct slot slots[ZTA_LETTERS_MAX];
};

_Static_assert(sizeof(struct mailbox) == ZTA_MAILBOX_AREA_SIZE, "it fits");
_Static_assert(ZTA_LETTERS_MAX <= GIVEN_STEP, "a slot's number fits where its state stands");

static struct mailbox *mailbox_of(const struct zta_segment *segment)
{
    uint64_t size;
    return zta_segment_area(segment, ZTA_AREA_MAILBOX, &size);
}

static enum slot_state state_of(uint64_t word)
{
    return (enum slot_state)(word & STATE_MASK);
}

static uint64_t with_state(uint64_t word, enum slot_state state)
{
    return (word & ~STATE_MASK) | (uint64_t)state;
}

static uint32_t sender_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static uint64_t read_word(const struct slot *slot)
{
    return atomic_load_explicit(&slot->word, memory_order_acquire);
}

static bool swap(struct slot *slot, uint64_t word, uint64_t next)
{
    return atomic_compare_exchange_strong_explicit(&slot->word, &word, next, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* ---- senders ---- */

enum zta_status zta_mailbox_put(struct zta_segment *segment, uint32_t incarnation, const void *data,
                                size_t size, struct zta_letter *letter)
{
    struct mailbox *mailbox = mailbox_of(segment);
    if (size > ZTA_LETTER_MAX) {
        return ZTA_TOO_LARGE;
    }
    for (uint32_t i = 0; i < ZTA_LETTERS_MAX && incarnation != 0; i++) {
        struct slot *slot = &mailbox->slots[i];
        uint64_t word = read_word(slot);
        uint64_t mine = (uint64_t)incarnation << 32 | ((word + GIVEN_STEP) & GIVEN_MASK) | WRITING;
        if (state_of(word) != FREE || !swap(slot, word, mine)) {
            continue;
        }
        slot->size = (uint32_t)size;
        memcpy(slot->data, data, size);
        *letter = (struct zta_letter){.word = with_state(mine, POSTED), .slot = i};
        atomic_store_explicit(&slot->word, letter->word, memory_order_release);
        return ZTA_OK;
    }
    return ZTA_FULL;
}

/* The slot is the sender's until it is free, so no other letter can stand in it. */
static enum zta_letter_state end(struct slot *slot, uint64_t word)
{
    const enum slot_state state = state_of(word);
    if (state == POSTED) {
        return ZTA_LETTER_WAITING;
    }
    (void)swap(slot, word, with_state(word, FREE));
    switch (state) {
    case COMMITTED:
        return ZTA_LETTER_COMMITTED;
    case KNOWN:
        return ZTA_LETTER_KNOWN;
    case FREE:
    case WRITING:
    case POSTED:
    case LEFT:
    case REFUSED:
    case N_STATES:
        break;
    }
    return ZTA_LETTER_REFUSED;
}

enum zta_letter_state zta_mailbox_look(struct zta_segment *segment, const struct zta_letter *letter)
{
    struct slot *slot = &mailbox_of(segment)->slots[letter->slot % ZTA_LETTERS_MAX];
    uint64_t word = read_word(slot);
    /* A slot that is not the sender's any more was never answered. */
    if ((word | STATE_MASK) != (letter->word | STATE_MASK)) {
        return ZTA_LETTER_REFUSED;
    }
    return end(slot, word);
}

enum zta_letter_state zta_mailbox_leave(struct zta_segment *segment,
                                        const struct zta_letter *letter)
{
    struct slot *slot = &mailbox_of(segment)->slots[letter->slot % ZTA_LETTERS_MAX];
    if (swap(slot, letter->word, with_state(letter->word, LEFT))) {
        return ZTA_LETTER_WAITING;
    }
    return zta_mailbox_look(segment, letter);
}

/* ---- the helper ---- */

/* Gives up what is of use to nobody; whether the letter is to be delivered. */
static bool is_deliverable(const struct zta_segment *segment, struct slot *slot, uint64_t word)
{
    switch (state_of(word)) {
    case POSTED:
    case LEFT:
        return true;
    case WRITING:
    case COMMITTED:
    case KNOWN:
    case REFUSED:
        if (!zta_segment_child_is_alive(segment, sender_of(word))) {
            (void)swap(slot, word, with_state(word, FREE));
        }
        return false;
    case FREE:
    case N_STATES:
        break;
    }
    return false;
}

enum zta_status zta_mailbox_take(struct zta_segment *segment, uint32_t slot, struct zta_mail *mail)
{
    struct mailbox *mailbox = mailbox_of(segment);
    for (uint32_t i = slot; i < ZTA_LETTERS_MAX; i++) {
        struct slot *taken = &mailbox->slots[i];
        const uint64_t word = read_word(taken);
        if (!is_deliverable(segment, taken, word)) {
            continue;
        }
        /* Nobody honest writes such a size; read once, because a child could still change it. */
        const uint32_t size = *(volatile uint32_t *)&taken->size;
        mail->letter = (word & ~STATE_MASK) | i;
        mail->slot = i;
        mail->size = size <= ZTA_LETTER_MAX ? size : 0;
        memcpy(mail->data, taken->data, mail->size);
        return ZTA_OK;
    }
    return ZTA_NOT_FOUND;
}

void zta_mailbox_answer(struct zta_segment *segment, uint32_t slot, enum zta_letter_state state)
{
    static const enum slot_state answers[] = {
        [ZTA_LETTER_WAITING] = POSTED,
        [ZTA_LETTER_COMMITTED] = COMMITTED,
        [ZTA_LETTER_KNOWN] = KNOWN,
        [ZTA_LETTER_REFUSED] = REFUSED,
    };
    struct slot *answered = &mailbox_of(segment)->slots[slot];
    uint64_t word = read_word(answered);
    if (state == ZTA_LETTER_WAITING) {
        return;
    }
    /* The sender may leave at any moment, which is the one thing that can happen to it now. */
    if (state_of(word) == POSTED && swap(answered, word, with_state(word, answers[state]))) {
        return;
    }
    word = read_word(answered);
    if (state_of(word) == LEFT) {
        (void)swap(answered, word, with_state(word, FREE));
    }
}

/* ---- what all look at ---- */

uint64_t zta_signals_generation(const struct zta_segment *segment)
{
    return atomic_load_explicit(&mailbox_of(segment)->generation, memory_order_acquire);
}

void zta_signals_moved(struct zta_segment *segment)
{
    (void)atomic_fetch_add_explicit(&mailbox_of(segment)->generation, 1, memory_order_acq_rel);
}

enum zta_status zta_mailbox_check(const struct zta_segment *segment, struct zta_error *error)
{
    const struct mailbox *mailbox = mailbox_of(segment);
    for (uint32_t i = 0; i < ZTA_LETTERS_MAX; i++) {
        const uint64_t word = read_word(&mailbox->slots[i]);
        const bool is_given = state_of(word) != FREE;
        if (state_of(word) >= N_STATES || (is_given && sender_of(word) == 0)) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "mailbox: slot %" PRIu32 " holds word %#" PRIx64, i, word);
        }
        if ((state_of(word) == POSTED || state_of(word) == LEFT) &&
            mailbox->slots[i].size > ZTA_LETTER_MAX) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "mailbox: slot %" PRIu32 " holds a letter of %" PRIu32 " bytes", i,
                                 mailbox->slots[i].size);
        }
    }
    return ZTA_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What requests hand to the helper and must not get lost: verified signals. A request puts a letter
 * and waits until the helper has committed what it says; the answer of the request says no more
 * than that. A letter that was put is delivered whatever becomes of its sender, by this helper or
 * the next, as long as the shared memory lasts. The memory never makes room: full is refused.
 *
 * Any number of threads of all children send; one helper at a time takes.
 */
#ifndef ZTA_LIVE_MAILBOX_H
#define ZTA_LIVE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/live/segment.h"

#define ZTA_LETTER_MAX  1280 /* bytes of one letter */
#define ZTA_LETTERS_MAX 64   /* under way at once */

/* A letter that its sender waits for; caller's storage. */
struct zta_letter {
    uint64_t word;
    uint32_t slot;
};

/* What the helper did with a letter. */
enum zta_letter_state {
    ZTA_LETTER_WAITING = 0,
    ZTA_LETTER_COMMITTED, /* what it says is in force */
    ZTA_LETTER_KNOWN,     /* the same was delivered before */
    ZTA_LETTER_REFUSED,   /* the helper could make nothing of it */
};

/*
 * ZTA_FULL: no slot is free. ZTA_TOO_LARGE: above ZTA_LETTER_MAX. incarnation is that of this
 * living process (0: ZTA_FULL).
 */
enum zta_status zta_mailbox_put(struct zta_segment *segment, uint32_t incarnation, const void *data,
                                size_t size, struct zta_letter *letter) ZTA_MUST_CHECK;
/* By the sender, from time to time. Any other state than WAITING ends the letter. */
enum zta_letter_state zta_mailbox_look(struct zta_segment *segment,
                                       const struct zta_letter *letter);
/*
 * By the sender, who waits no more: the letter is delivered all the same. Ends the letter; what it
 * was at that moment.
 */
enum zta_letter_state zta_mailbox_leave(struct zta_segment *segment,
                                        const struct zta_letter *letter);

/* A letter as the helper takes it. */
struct zta_mail {
    uint64_t letter; /* no other letter of this shared memory has this number */
    uint32_t slot;
    size_t size;
    uint8_t data[ZTA_LETTER_MAX];
};

/*
 * By the helper: the first letter from slot on that is to be delivered; it stays until it is
 * answered. ZTA_NOT_FOUND behind the last. Frees what dead senders hold.
 */
enum zta_status zta_mailbox_take(struct zta_segment *segment, uint32_t slot,
                                 struct zta_mail *mail) ZTA_MUST_CHECK;
/* By the helper, behind its commit: what became of the letter of that slot, which it took. */
void zta_mailbox_answer(struct zta_segment *segment, uint32_t slot, enum zta_letter_state state);

/*
 * How often what signals say was changed, since the shared memory was made. Raised by the helper
 * between its commit and its answer: a view that begins after a look at it has all that it counts.
 */
uint64_t zta_signals_generation(const struct zta_segment *segment);
void zta_signals_moved(struct zta_segment *segment);

#endif

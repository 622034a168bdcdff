/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes ask each other and answer: signed, so that only a node of the fleet is told anything,
 * and only by one. It is nothing that a store keeps.
 *
 * On the wire: u8 format, u8 kind, 16 bytes origin, 16 bytes question, i64 real time in ns, text
 * (JSON), 64 bytes of signature over what stands before it and the fleet's name. Numbers are
 * big-endian.
 */
#ifndef ZTA_FLEET_NOTE_H
#define ZTA_FLEET_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/fleet/signing.h"

#define ZTA_NOTE_QUESTION_SIZE 16
#define ZTA_NOTE_TEXT_MAX      (48 << 10)
#define ZTA_NOTE_MAX           (ZTA_NOTE_TEXT_MAX + 128)
/* A question is answered while it is no older, nor more ahead, by the clock of who answers. */
#define ZTA_NOTE_LIFE_S 600

enum zta_note_kind {
    ZTA_NOTE_ASKS = 1,
    ZTA_NOTE_ANSWERS = 2,
};

struct zta_note {
    enum zta_note_kind kind;
    uint8_t origin[ZTA_ORIGIN_SIZE];
    uint8_t question[ZTA_NOTE_QUESTION_SIZE]; /* random */
    int64_t time_ns;
    struct zta_text text;
};

/* ZTA_TOO_LARGE, ZTA_NO_MEMORY. */
enum zta_status zta_note_seal(const struct zta_note *note, struct zta_text fleet,
                              const struct zta_signing_key *key, uint8_t out[ZTA_NOTE_MAX],
                              size_t *size) ZTA_MUST_CHECK;
/* The form alone; the text points into bytes. ZTA_INVALID. */
enum zta_status zta_note_read(struct zta_text bytes, struct zta_note *note) ZTA_MUST_CHECK;
/* ZTA_FORBIDDEN: not signed by this key for this fleet. */
enum zta_status zta_note_check(struct zta_text bytes, struct zta_text fleet,
                               const struct zta_public_key *key) ZTA_MUST_CHECK;

#endif

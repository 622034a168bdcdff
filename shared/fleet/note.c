/* SPDX-License-Identifier: Apache-2.0 */
/* Signed questions and answers. */
#include "shared/fleet/note.h"

#include <string.h>

#include "shared/base/hash.h"
#include "shared/base/reader.h"

#define FORMAT    1
#define PURPOSE   "zta-fleet-note-1"
#define HEAD_SIZE (2 + ZTA_ORIGIN_SIZE + ZTA_NOTE_QUESTION_SIZE + 8)

_Static_assert(HEAD_SIZE + ZTA_NOTE_TEXT_MAX + ZTA_SIGNATURE_SIZE <= ZTA_NOTE_MAX, "it fits");

static void digest_of(struct zta_text body, struct zta_text fleet, struct zta_sha256 *digest)
{
    const struct zta_text parts[] = {ZTA_TEXT(PURPOSE), fleet, body};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], digest);
}

enum zta_status zta_note_seal(const struct zta_note *note, struct zta_text fleet,
                              const struct zta_signing_key *key, uint8_t out[ZTA_NOTE_MAX],
                              size_t *size)
{
    struct zta_writer writer;
    struct zta_sha256 digest;
    if (note->text.len > ZTA_NOTE_TEXT_MAX) {
        return ZTA_TOO_LARGE;
    }
    zta_writer_init(&writer, out, ZTA_NOTE_MAX - ZTA_SIGNATURE_SIZE);
    zta_write_u8(&writer, FORMAT);
    zta_write_u8(&writer, (uint8_t)note->kind);
    zta_write_bytes(&writer, note->origin, sizeof note->origin);
    zta_write_bytes(&writer, note->question, sizeof note->question);
    zta_write_u64(&writer, (uint64_t)note->time_ns);
    zta_write_bytes(&writer, note->text.data, note->text.len);
    digest_of((struct zta_text){.data = (const char *)out, .len = writer.len}, fleet, &digest);
    *size = writer.len + ZTA_SIGNATURE_SIZE;
    return zta_sign(key, &digest, out + writer.len);
}

enum zta_status zta_note_read(struct zta_text bytes, struct zta_note *note)
{
    struct zta_reader reader;
    if (bytes.len < HEAD_SIZE + ZTA_SIGNATURE_SIZE || bytes.len > ZTA_NOTE_MAX) {
        return ZTA_INVALID;
    }
    zta_reader_init(&reader, bytes.data, bytes.len - ZTA_SIGNATURE_SIZE);
    const uint8_t format = zta_read_u8(&reader);
    const uint8_t kind = zta_read_u8(&reader);
    memcpy(note->origin, zta_reader_take(&reader, sizeof note->origin), sizeof note->origin);
    memcpy(note->question, zta_reader_take(&reader, sizeof note->question), sizeof note->question);
    note->time_ns = (int64_t)zta_read_u64(&reader);
    note->kind = (enum zta_note_kind)kind;
    note->text = (struct zta_text){.data = bytes.data + HEAD_SIZE,
                                   .len = bytes.len - HEAD_SIZE - ZTA_SIGNATURE_SIZE};
    return format == FORMAT && (kind == ZTA_NOTE_ASKS || kind == ZTA_NOTE_ANSWERS) &&
                   note->time_ns > 0 && note->text.len <= ZTA_NOTE_TEXT_MAX
               ? ZTA_OK
               : ZTA_INVALID;
}

enum zta_status zta_note_check(struct zta_text bytes, struct zta_text fleet,
                               const struct zta_public_key *key)
{
    struct zta_sha256 digest;
    if (bytes.len < ZTA_SIGNATURE_SIZE) {
        return ZTA_FORBIDDEN;
    }
    const size_t len = bytes.len - ZTA_SIGNATURE_SIZE;
    digest_of((struct zta_text){.data = bytes.data, .len = len}, fleet, &digest);
    return zta_signature_check(key, &digest, (const uint8_t *)bytes.data + len);
}

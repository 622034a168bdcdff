/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes ask each other and answer: any bytes as a note. What is read is all that was there. */
#include <stdint.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/fleet/note.h"
#include "tests/fuzz/must.h"
#include "tests/fuzz/stranger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[ZTA_NOTE_MAX];
    const struct zta_text bytes = {.data = (const char *)data, .len = size};
    struct zta_note note;
    struct zta_writer writer;
    must(zta_note_check(bytes, ZTA_TEXT("corp"), &stranger) == ZTA_FORBIDDEN);
    if (zta_note_read(bytes, &note) != ZTA_OK) {
        return 0;
    }
    must(note.kind == ZTA_NOTE_ASKS || note.kind == ZTA_NOTE_ANSWERS);
    must(note.time_ns > 0 && note.text.len <= ZTA_NOTE_TEXT_MAX);
    zta_writer_init(&writer, again, sizeof again);
    zta_write_u8(&writer, 1);
    zta_write_u8(&writer, (uint8_t)note.kind);
    zta_write_bytes(&writer, note.origin, sizeof note.origin);
    zta_write_bytes(&writer, note.question, sizeof note.question);
    zta_write_u64(&writer, (uint64_t)note.time_ns);
    zta_write_bytes(&writer, note.text.data, note.text.len);
    must(!writer.is_overflowed && writer.len + ZTA_SIGNATURE_SIZE == size);
    must(memcmp(again, data, writer.len) == 0);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded encoder and decoder of stored records. */
#include "shared/base/bytes.h"

#include <string.h>

/* The u16 length of absent text; one less is the longest text. */
#define ABSENT_LEN 0xffff

void zta_writer_init(struct zta_writer *writer, void *storage, size_t size)
{
    *writer = (struct zta_writer){.data = storage, .size = size};
}

/* Room for size bytes, or NULL and a sticky overflow. */
static uint8_t *claim(struct zta_writer *writer, size_t size)
{
    if (writer->is_overflowed || size > writer->size - writer->len) {
        writer->is_overflowed = true;
        return NULL;
    }
    uint8_t *at = writer->data + writer->len;
    writer->len += size;
    return at;
}

void zta_write_u8(struct zta_writer *writer, uint8_t value)
{
    zta_write_bytes(writer, &value, sizeof(value));
}

void zta_write_u16(struct zta_writer *writer, uint16_t value)
{
    uint8_t *at = claim(writer, sizeof(value));
    if (at != NULL) {
        zta_put_u16(at, value);
    }
}

void zta_write_u32(struct zta_writer *writer, uint32_t value)
{
    uint8_t *at = claim(writer, sizeof(value));
    if (at != NULL) {
        zta_put_u32(at, value);
    }
}

void zta_write_u64(struct zta_writer *writer, uint64_t value)
{
    uint8_t *at = claim(writer, sizeof(value));
    if (at != NULL) {
        zta_put_u64(at, value);
    }
}

void zta_write_bytes(struct zta_writer *writer, const void *data, size_t size)
{
    uint8_t *at = claim(writer, size);
    if (at != NULL && size > 0) {
        memcpy(at, data, size);
    }
}

void zta_write_text(struct zta_writer *writer, struct zta_text text)
{
    if (text.data == NULL) {
        zta_write_u16(writer, ABSENT_LEN);
        return;
    }
    if (text.len >= ABSENT_LEN) {
        writer->is_overflowed = true;
        return;
    }
    zta_write_u16(writer, (uint16_t)text.len);
    zta_write_bytes(writer, text.data, text.len);
}

void zta_reader_init(struct zta_reader *reader, const void *data, size_t size)
{
    *reader = (struct zta_reader){.data = data, .size = size};
}

/* The next size bytes, or NULL and a sticky fault. */
static const uint8_t *take(struct zta_reader *reader, size_t size)
{
    if (reader->is_bad || size > reader->size - reader->pos) {
        reader->is_bad = true;
        return NULL;
    }
    const uint8_t *at = reader->data + reader->pos;
    reader->pos += size;
    return at;
}

uint8_t zta_read_u8(struct zta_reader *reader)
{
    const uint8_t *at = take(reader, sizeof(uint8_t));
    return at == NULL ? 0 : *at;
}

uint16_t zta_read_u16(struct zta_reader *reader)
{
    const uint8_t *at = take(reader, sizeof(uint16_t));
    return at == NULL ? 0 : zta_get_u16(at);
}

uint32_t zta_read_u32(struct zta_reader *reader)
{
    const uint8_t *at = take(reader, sizeof(uint32_t));
    return at == NULL ? 0 : zta_get_u32(at);
}

uint64_t zta_read_u64(struct zta_reader *reader)
{
    const uint8_t *at = take(reader, sizeof(uint64_t));
    return at == NULL ? 0 : zta_get_u64(at);
}

void zta_read_bytes(struct zta_reader *reader, void *out, size_t size)
{
    const uint8_t *at = take(reader, size);
    if (size == 0) {
        return;
    }
    if (at == NULL) {
        memset(out, 0, size);
        return;
    }
    memcpy(out, at, size);
}

struct zta_text zta_read_text(struct zta_reader *reader)
{
    uint16_t len = zta_read_u16(reader);
    if (reader->is_bad || len == ABSENT_LEN) {
        return (struct zta_text){.data = NULL};
    }
    const uint8_t *at = take(reader, len);
    if (at == NULL) {
        return (struct zta_text){.data = NULL};
    }
    return (struct zta_text){.data = (const char *)at, .len = len};
}

bool zta_reader_is_done(const struct zta_reader *reader)
{
    return !reader->is_bad && reader->pos == reader->size;
}

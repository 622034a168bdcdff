/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded encoder of stored records; their decoder is inline (reader.h). */
#include "shared/base/bytes.h"

#include <string.h>

#include "shared/base/reader.h"

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
        zta_write_u16(writer, ZTA_ABSENT_LEN);
        return;
    }
    if (text.len >= ZTA_ABSENT_LEN) {
        writer->is_overflowed = true;
        return;
    }
    zta_write_u16(writer, (uint16_t)text.len);
    zta_write_bytes(writer, text.data, text.len);
}

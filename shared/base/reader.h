/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded decoder of stored records; reading past the end is sticky and yields zeros and absent
 * text. Inline: a request reads a hundred numbers.
 */
#ifndef ZTA_BASE_READER_H
#define ZTA_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shared/base/bytes.h"

/* The u16 length of absent text; one less is the longest text. */
#define ZTA_ABSENT_LEN 0xffff

struct zta_reader {
    const uint8_t *data;
    size_t size;
    size_t pos;
    bool is_bad;
};

static inline void zta_reader_init(struct zta_reader *reader, const void *data, size_t size)
{
    *reader = (struct zta_reader){.data = data, .size = size};
}

/* The next size bytes, or NULL and a sticky fault. */
static inline const uint8_t *zta_reader_take(struct zta_reader *reader, size_t size)
{
    if (reader->is_bad || size > reader->size - reader->pos) {
        reader->is_bad = true;
        return NULL;
    }
    const uint8_t *at = reader->data + reader->pos;
    reader->pos += size;
    return at;
}

static inline uint8_t zta_read_u8(struct zta_reader *reader)
{
    const uint8_t *at = zta_reader_take(reader, sizeof(uint8_t));
    return at == NULL ? 0 : *at;
}

static inline uint16_t zta_read_u16(struct zta_reader *reader)
{
    const uint8_t *at = zta_reader_take(reader, sizeof(uint16_t));
    return at == NULL ? 0 : zta_get_u16(at);
}

static inline uint32_t zta_read_u32(struct zta_reader *reader)
{
    const uint8_t *at = zta_reader_take(reader, sizeof(uint32_t));
    return at == NULL ? 0 : zta_get_u32(at);
}

static inline uint64_t zta_read_u64(struct zta_reader *reader)
{
    const uint8_t *at = zta_reader_take(reader, sizeof(uint64_t));
    return at == NULL ? 0 : zta_get_u64(at);
}

static inline void zta_read_bytes(struct zta_reader *reader, void *out, size_t size)
{
    const uint8_t *at = zta_reader_take(reader, size);
    if (size == 0) {
        return;
    }
    if (at == NULL) {
        memset(out, 0, size);
        return;
    }
    memcpy(out, at, size);
}

/* Borrowed from the reader's data. */
static inline struct zta_text zta_read_text(struct zta_reader *reader)
{
    uint16_t len = zta_read_u16(reader);
    if (reader->is_bad || len == ZTA_ABSENT_LEN) {
        return (struct zta_text){.data = NULL};
    }
    const uint8_t *at = zta_reader_take(reader, len);
    if (at == NULL) {
        return (struct zta_text){.data = NULL};
    }
    return (struct zta_text){.data = (const char *)at, .len = len};
}

/* True when nothing was read past the end and nothing is left over. */
static inline bool zta_reader_is_done(const struct zta_reader *reader)
{
    return !reader->is_bad && reader->pos == reader->size;
}

#endif

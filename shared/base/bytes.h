/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed text, bounded buffers and fixed byte orders. Nothing here allocates.
 */
#ifndef ZTA_BASE_BYTES_H
#define ZTA_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shared/base/status.h"

/* Borrowed bytes, not NUL-terminated. data == NULL is "absent"; len == 0 with data is "empty". */
struct zta_text {
    const char *data;
    size_t len;
};

#define ZTA_TEXT(literal) ((struct zta_text){.data = (literal), .len = sizeof(literal) - 1})

/*
 * Append-only buffer over the caller's storage, always NUL-terminated when size > 0. An append that
 * does not fit adds nothing, and nothing is added after it.
 */
struct zta_buffer {
    char *data;
    size_t size;
    size_t len;
    bool is_overflowed;
};

/* Text of a NUL-terminated string; NULL gives the absent text. */
static inline struct zta_text zta_text_of(const char *string)
{
    return (struct zta_text){.data = string, .len = string == NULL ? 0 : strlen(string)};
}
static inline bool zta_text_is_absent(struct zta_text text)
{
    return text.data == NULL;
}
/* Byte by byte. Absent equals nothing, not even absent. */
static inline bool zta_text_equal(struct zta_text a, struct zta_text b)
{
    return a.data != NULL && b.data != NULL && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}
/* ASCII case folded. Absent equals nothing. */
bool zta_text_equal_nocase(struct zta_text a, struct zta_text b);
bool zta_text_starts_with(struct zta_text text, struct zta_text prefix);
/* Orders as memcmp, the shorter first; for sorting. */
int zta_text_compare(struct zta_text a, struct zta_text b);
/* True for well-formed UTF-8 without NUL (RFC 3629: no overlong forms, no surrogates). */
bool zta_text_is_utf8(struct zta_text text);
/* Bytes of the well-formed UTF-8 character that data begins with; 0 when there is none. */
size_t zta_utf8_len(const char *data, size_t len);
/* A character of n bytes that steers a terminal or a reader: C1, line separator, bidi override. */
bool zta_utf8_is_steering(const char *data, size_t n);
/*
 * Bytes from the start of text that need no escape on a terminal, in a log line or in JSON: up to
 * the first control (C0, DEL, C1), line separator, bidirectional override, quote, backslash, or
 * byte that is not UTF-8.
 */
size_t zta_text_plain_len(struct zta_text text);
/* All of text as a decimal number without sign or leading zeros; ZTA_INVALID if not or above max.
 */
enum zta_status zta_text_to_u64(struct zta_text text, uint64_t max, uint64_t *value) ZTA_MUST_CHECK;

void zta_buffer_init(struct zta_buffer *buffer, char *storage, size_t size);
void zta_buffer_append(struct zta_buffer *buffer, const void *data, size_t len);
void zta_buffer_text(struct zta_buffer *buffer, struct zta_text text);
void zta_buffer_string(struct zta_buffer *buffer, const char *string);
void zta_buffer_printf(struct zta_buffer *buffer, const char *fmt, ...) ZTA_PRINTF(2, 3);
/*
 * Appends text for a terminal or a log line: control bytes, DEL, C1 controls, line separators,
 * bidirectional overrides and bytes that are not UTF-8 become \xNN, a backslash becomes \\; nothing
 * in the result can move a cursor or end a line. What does not fit is cut between two characters.
 */
void zta_buffer_safe(struct zta_buffer *buffer, struct zta_text text);

/* Big-endian, unaligned. Keys in the store sort by these. */
void zta_put_u16(uint8_t *to, uint16_t value);
void zta_put_u32(uint8_t *to, uint32_t value);
void zta_put_u64(uint8_t *to, uint64_t value);
static inline uint16_t zta_get_u16(const uint8_t *from)
{
    uint16_t big;
    memcpy(&big, from, sizeof(big));
    return be16toh(big);
}

static inline uint32_t zta_get_u32(const uint8_t *from)
{
    uint32_t big;
    memcpy(&big, from, sizeof(big));
    return be32toh(big);
}

static inline uint64_t zta_get_u64(const uint8_t *from)
{
    uint64_t big;
    memcpy(&big, from, sizeof(big));
    return be64toh(big);
}

/* Value of a hex digit of either case, -1 for any other character. */
int zta_hex_digit(char c);
/* Lower-case hex; out has 2 * size + 1 bytes. */
void zta_hex_encode(const uint8_t *data, size_t size, char *out);
/* Exactly 2 * size hex digits of either case. */
enum zta_status zta_hex_decode(struct zta_text text, uint8_t *out, size_t size) ZTA_MUST_CHECK;

/* Bounded encoder of records: big-endian numbers, text behind its u16 length; overflow is sticky.
 */
struct zta_writer {
    uint8_t *data;
    size_t size;
    size_t len;
    bool is_overflowed;
};
void zta_writer_init(struct zta_writer *writer, void *storage, size_t size);
void zta_write_u8(struct zta_writer *writer, uint8_t value);
void zta_write_u16(struct zta_writer *writer, uint16_t value);
void zta_write_u32(struct zta_writer *writer, uint32_t value);
void zta_write_u64(struct zta_writer *writer, uint64_t value);
void zta_write_bytes(struct zta_writer *writer, const void *data, size_t size);
/* u16 length, then bytes; absent is length 0xffff. Longer than 0xfffe overflows. */
void zta_write_text(struct zta_writer *writer, struct zta_text text);

#endif

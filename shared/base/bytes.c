/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded buffers and fixed byte orders. */
#include "shared/base/bytes.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void zta_buffer_init(struct zta_buffer *buffer, char *storage, size_t size)
{
    *buffer = (struct zta_buffer){.data = storage, .size = size};
    if (size > 0) {
        storage[0] = '\0';
    }
}

void zta_buffer_append(struct zta_buffer *buffer, const void *data, size_t len)
{
    if (buffer->is_overflowed || len == 0) {
        return;
    }
    /* One byte stays for NUL. */
    if (buffer->size == 0 || len > buffer->size - 1 - buffer->len) {
        buffer->is_overflowed = true;
        return;
    }
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void zta_buffer_text(struct zta_buffer *buffer, struct zta_text text)
{
    zta_buffer_append(buffer, text.data, text.len);
}

void zta_buffer_string(struct zta_buffer *buffer, const char *string)
{
    zta_buffer_text(buffer, zta_text_of(string));
}

void zta_buffer_printf(struct zta_buffer *buffer, const char *fmt, ...)
{
    if (buffer->is_overflowed || buffer->size == 0) {
        buffer->is_overflowed = true;
        return;
    }
    size_t left = buffer->size - buffer->len;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(buffer->data + buffer->len, left, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= left) {
        buffer->data[buffer->len] = '\0';
        buffer->is_overflowed = true;
        return;
    }
    buffer->len += (size_t)n;
}

bool zta_utf8_is_steering(const char *data, size_t n)
{
    const uint8_t *at = (const uint8_t *)data;
    if (n == 2) {
        return at[0] == 0xc2 && at[1] < 0xa0;
    }
    if (n != 3 || at[0] != 0xe2) {
        return false;
    }
    return (at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||
           (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

static const bool is_plain_ascii[UINT8_MAX + 1] = {
    [' '] = true,
    ['!'] = true,
    ['#' ... '['] = true,
    [']' ... '~'] = true,
};

/* From the start of text: nearly always all of it. */
static size_t plain_ascii_len(struct zta_text text)
{
    size_t at = 0;
    while (at < text.len && is_plain_ascii[(uint8_t)text.data[at]]) {
        at++;
    }
    return at;
}

size_t zta_text_plain_len(struct zta_text text)
{
    size_t at = plain_ascii_len(text);
    while (at < text.len) {
        const uint8_t *byte = (const uint8_t *)text.data + at;
        if (*byte < 0x20 || *byte == 0x7f || *byte == '"' || *byte == '\\') {
            break;
        }
        size_t n = zta_utf8_len(text.data + at, text.len - at);
        if (n == 0 || zta_utf8_is_steering(text.data + at, n)) {
            break;
        }
        at += n;
    }
    return at;
}

/*
 * As much of a plain run as fits, cut between two characters; the overflow is noted all the same.
 */
static void append_plain(struct zta_buffer *buffer, struct zta_text plain)
{
    const size_t room = buffer->size > buffer->len + 1 ? buffer->size - buffer->len - 1 : 0;
    if (plain.len <= room) {
        zta_buffer_append(buffer, plain.data, plain.len);
        return;
    }
    size_t len = 0;
    for (size_t next = 0; next <= room; next += zta_utf8_len(plain.data + next, plain.len - next)) {
        len = next;
    }
    zta_buffer_append(buffer, plain.data, len);
    buffer->is_overflowed = true;
}

void zta_buffer_safe(struct zta_buffer *buffer, struct zta_text text)
{
    for (size_t at = 0; at < text.len && !buffer->is_overflowed;) {
        struct zta_text rest = {.data = text.data + at, .len = text.len - at};
        size_t plain = zta_text_plain_len(rest);
        append_plain(buffer, (struct zta_text){.data = rest.data, .len = plain});
        at += plain;
        if (plain == rest.len) {
            break;
        }
        char c = rest.data[plain];
        at++;
        if (c == '"') {
            zta_buffer_append(buffer, "\"", 1);
        }
        else if (c == '\\') {
            zta_buffer_append(buffer, "\\\\", 2);
        }
        else {
            zta_buffer_printf(buffer, "\\x%02x", (unsigned)(uint8_t)c);
        }
    }
}

void zta_put_u16(uint8_t *to, uint16_t value)
{
    uint16_t big = htobe16(value);
    memcpy(to, &big, sizeof(big));
}

void zta_put_u32(uint8_t *to, uint32_t value)
{
    uint32_t big = htobe32(value);
    memcpy(to, &big, sizeof(big));
}

void zta_put_u64(uint8_t *to, uint64_t value)
{
    uint64_t big = htobe64(value);
    memcpy(to, &big, sizeof(big));
}

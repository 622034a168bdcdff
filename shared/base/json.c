/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON into a bounded buffer. */
#include "shared/base/json.h"

#include "shared/base/clock.h"

#include <string.h>

void zta_json_init(struct zta_json *json, struct zta_buffer *buffer)
{
    *json = (struct zta_json){.buffer = buffer};
}

/* The character at the start of rest, which is not plain; returns the bytes it took. */
static size_t put_special(struct zta_buffer *buffer, struct zta_text rest)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    size_t n = zta_utf8_len(rest.data, rest.len);
    const uint8_t *at = (const uint8_t *)rest.data;
    if (n == 0) {
        zta_buffer_string(buffer, "\xef\xbf\xbd");
        return 1;
    }
    if (n == 1) {
        const char *known = memchr(from, rest.data[0], sizeof(from) - 1);
        if (known != NULL) {
            zta_buffer_printf(buffer, "\\%c", to[known - from]);
        }
        else {
            zta_buffer_printf(buffer, "\\u%04x", (unsigned)at[0]);
        }
        return n;
    }
    /* C1 controls, separators and overrides: two or three bytes long. */
    unsigned code = n == 2 ? (at[0] & 31u) << 6 | (at[1] & 63u)
                           : (at[0] & 15u) << 12 | (at[1] & 63u) << 6 | (at[2] & 63u);
    zta_buffer_printf(buffer, "\\u%04x", code);
    return n;
}

static void put_string(struct zta_buffer *buffer, struct zta_text text)
{
    zta_buffer_append(buffer, "\"", 1);
    while (text.len > 0 && !buffer->is_overflowed) {
        size_t n = zta_text_plain_len(text);
        zta_buffer_append(buffer, text.data, n);
        if (n < text.len) {
            n += put_special(buffer, (struct zta_text){.data = text.data + n, .len = text.len - n});
        }
        text = (struct zta_text){.data = text.data + n, .len = text.len - n};
    }
    zta_buffer_append(buffer, "\"", 1);
}

/* The comma before an item and its name. */
static void begin_item(struct zta_json *json, const char *name)
{
    if (json->has_items) {
        zta_buffer_append(json->buffer, ",", 1);
    }
    json->has_items = true;
    if (name != NULL) {
        put_string(json->buffer, zta_text_of(name));
        zta_buffer_append(json->buffer, ":", 1);
    }
}

static void begin(struct zta_json *json, const char *name, const char *bracket)
{
    begin_item(json, name);
    zta_buffer_string(json->buffer, bracket);
    json->has_items = false;
    json->depth++;
}

static void end(struct zta_json *json, const char *bracket)
{
    zta_buffer_string(json->buffer, bracket);
    json->has_items = true;
    json->depth--;
}

void zta_json_begin_object(struct zta_json *json, const char *name)
{
    begin(json, name, "{");
}

void zta_json_end_object(struct zta_json *json)
{
    end(json, "}");
}

void zta_json_begin_array(struct zta_json *json, const char *name)
{
    begin(json, name, "[");
}

void zta_json_end_array(struct zta_json *json)
{
    end(json, "]");
}

void zta_json_text(struct zta_json *json, const char *name, struct zta_text value)
{
    begin_item(json, name);
    if (zta_text_is_absent(value)) {
        zta_buffer_string(json->buffer, "null");
        return;
    }
    put_string(json->buffer, value);
}

void zta_json_string(struct zta_json *json, const char *name, const char *value)
{
    zta_json_text(json, name, zta_text_of(value));
}

void zta_json_int(struct zta_json *json, const char *name, int64_t value)
{
    char digits[sizeof "-9223372036854775808"];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    begin_item(json, name);
    zta_buffer_append(json->buffer, digits + at, sizeof digits - at);
}

void zta_json_bool(struct zta_json *json, const char *name, bool value)
{
    begin_item(json, name);
    zta_buffer_string(json->buffer, value ? "true" : "false");
}

void zta_json_time(struct zta_json *json, const char *name, int64_t time_s)
{
    if (time_s == 0) {
        zta_json_text(json, name, (struct zta_text){.data = NULL});
        return;
    }
    char text[ZTA_TIME_TEXT_MAX];
    zta_time_print(time_s, text);
    zta_json_string(json, name, text);
}

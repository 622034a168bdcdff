/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices as JSON: an array of objects, or one object after the other. Each object is found by its
 * braces and read by itself, so that memory for the tree is that of one device.
 */
#include <jansson.h>
#include <string.h>

#include "admin-tui/device_file_priv.h"
#include "mod_zta/identity/strict_json.h"

struct reading {
    struct ctl_device_file *file;
    char *text;
    size_t len;
    size_t at;
    uint32_t line;
};

/* Where texts of one object go: over its own characters, of which it has no fewer. */
struct room {
    char *data;
    size_t size;
    size_t used;
};

static void skip_space(struct reading *reading)
{
    for (; reading->at < reading->len; reading->at++) {
        char c = reading->text[reading->at];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return;
        }
        reading->line += c == '\n';
    }
}

/* Bytes of the object that begins here, 0 when it does not end; counts its lines. */
static size_t measure(struct reading *reading)
{
    size_t depth = 0;
    bool is_text = false;
    for (size_t i = reading->at; i < reading->len; i++) {
        char c = reading->text[i];
        reading->line += c == '\n';
        if (is_text) {
            i += c == '\\';
            is_text = c != '"';
        }
        else if (c == '"') {
            is_text = true;
        }
        else if (c == '{' || c == '[') {
            depth++;
        }
        else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1 - reading->at;
        }
    }
    return 0;
}

static bool keep(struct room *room, struct zta_text text, struct zta_text *kept)
{
    if (text.len > room->size - room->used) {
        return false;
    }
    memcpy(room->data + room->used, text.data, text.len);
    *kept = (struct zta_text){.data = room->data + room->used, .len = text.len};
    room->used += text.len;
    return true;
}

/* The texts of an array, parted by spaces as CSV has them. */
static bool join(struct room *room, const json_t *array, struct zta_text *joined)
{
    size_t index;
    json_t *item;
    size_t from = room->used;
    struct zta_text kept;
    json_array_foreach(array, index, item)
    {
        struct zta_text text = mod_zta_json_text_of(item);
        if (zta_text_is_absent(text) || (text.len > 0 && memchr(text.data, ' ', text.len)) ||
            (index > 0 && !keep(room, ZTA_TEXT(" "), &kept)) || !keep(room, text, &kept)) {
            return false;
        }
    }
    *joined = (struct zta_text){.data = room->data + from, .len = room->used - from};
    return true;
}

/* A member's value as the text that CSV would have. */
static bool read_text(struct room *room, enum ctl_column column, const json_t *value,
                      struct zta_text *text)
{
    bool is_trait = column == CTL_COLUMN_MANAGED || column == CTL_COLUMN_COMPLIANT ||
                    column == CTL_COLUMN_ENCRYPTED;
    *text = (struct zta_text){.data = room->data + room->used, .len = 0};
    if (json_is_null(value)) {
        return true;
    }
    if (is_trait && json_is_boolean(value)) {
        *text = json_is_true(value) ? ZTA_TEXT("yes") : ZTA_TEXT("no");
        return true;
    }
    if (column == CTL_COLUMN_CERTIFICATES && json_is_array(value)) {
        return join(room, value, text);
    }
    return json_is_string(value) && keep(room, mod_zta_json_text_of(value), text);
}

static const char *kind_expected(enum ctl_column column)
{
    return column == CTL_COLUMN_CERTIFICATES ? "an array of texts"
           : column == CTL_COLUMN_MANAGED || column == CTL_COLUMN_COMPLIANT ||
                   column == CTL_COLUMN_ENCRYPTED
               ? "true, false or null"
               : "a text or null";
}

static bool read_member(struct reading *reading, struct ctl_device_row *row, struct room *room,
                        const char *name, const json_t *value)
{
    char excerpt[CTL_EXCERPT_SIZE];
    struct zta_text text;
    struct zta_error error;
    enum ctl_column column = ctl_column_find(zta_text_of(name));
    if (column == CTL_N_COLUMNS) {
        char names[256];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, names, sizeof names);
        ctl_column_list(&buffer);
        ctl_device_fault(reading->file, row->line, "found member '%s', expected: %s",
                         ctl_excerpt(zta_text_of(name), excerpt), names);
        return false;
    }
    if ((row->given & 1u << column) != 0) {
        ctl_device_fault(reading->file, row->line, "found member '%s' twice",
                         ctl_column_name(column));
        return false;
    }
    if (column >= CTL_COLUMN_CREATED) {
        return true;
    }
    char *place = room->data + room->used;
    if (!read_text(room, column, value, &text)) {
        ctl_device_fault(reading->file, row->line, "%s: found a value of another kind, expected %s",
                         ctl_column_name(column), kind_expected(column));
        return false;
    }
    /* Where the text was kept there is room for what becomes of it. */
    if (ctl_device_value(row, column, text, place, &error) != ZTA_OK) {
        ctl_device_fault(reading->file, row->line, "%s", error.text);
        return false;
    }
    return true;
}

/* False: nothing behind it can be read. */
static bool read_device(struct reading *reading)
{
    struct ctl_device_row row = {.line = reading->line};
    size_t len = measure(reading);
    json_t *object = NULL;
    const char *fault = NULL;
    const char *name;
    json_t *value;
    if (len == 0) {
        ctl_device_fault(reading->file, row.line, "found an object that does not end");
        return false;
    }
    struct room room = {.data = reading->text + reading->at, .size = len};
    const struct zta_text text = {.data = room.data, .len = len};
    reading->at += len;
    if (mod_zta_json_load(text, &object, &fault) != ZTA_OK) {
        ctl_device_fault(reading->file, row.line, "found what is no device as JSON: %s", fault);
        return true;
    }
    bool is_good = true;
    json_object_foreach(object, name, value)
    {
        is_good = is_good && read_member(reading, &row, &room, name, value);
    }
    json_decref(object);
    return !is_good || ctl_device_row_add(reading->file, &row);
}

void ctl_device_json_parse(struct ctl_device_file *file, char *text, size_t len)
{
    struct reading reading = {.file = file, .text = text, .len = len, .line = 1};
    skip_space(&reading);
    bool is_array = reading.text[reading.at] == '[';
    bool is_first = true;
    reading.at += is_array;
    for (;; is_first = false) {
        skip_space(&reading);
        bool is_end = reading.at == reading.len;
        char next = is_end ? '\0' : reading.text[reading.at];
        if (is_array && next == ']' && !is_end) {
            reading.at++;
            skip_space(&reading);
            if (reading.at < reading.len) {
                ctl_device_fault(file, reading.line, "found text behind the array");
            }
            return;
        }
        if (!is_array && is_end) {
            return;
        }
        if (is_array && !is_first && next == ',') {
            reading.at++;
            skip_space(&reading);
            next = reading.at == reading.len ? '\0' : reading.text[reading.at];
        }
        else if (is_array && !is_first) {
            next = '\0';
        }
        if (next != '{') {
            ctl_device_fault(file, reading.line, "found no object, expected a device%s",
                             is_array ? " or the end of the array" : "");
            return;
        }
        if (!read_device(&reading)) {
            return;
        }
    }
}

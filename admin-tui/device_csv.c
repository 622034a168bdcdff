/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as CSV (RFC 4180): the first row names the columns, each further one is a device. */
#include <string.h>

#include "admin-tui/device_file_priv.h"

#define COLUMNS_MAX 32 /* more than there are names; the rest is a fault anyway */

struct csv {
    struct ctl_device_file *file;
    char *text;
    size_t len;
    size_t at;
    uint32_t line;
};

enum end {
    END_CELL = 0,
    END_ROW,
    END_FAULT, /* reported; the rest of the line was passed over */
};

static void skip_line(struct csv *csv)
{
    while (csv->at < csv->len && csv->text[csv->at] != '\n') {
        csv->at++;
    }
    csv->at += csv->at < csv->len;
    csv->line++;
}

/* What stands behind a cell: a comma, the end of the line, or the end of the file. */
static enum end end_cell(struct csv *csv, uint32_t line)
{
    size_t left = csv->len - csv->at;
    const char *next = csv->text + csv->at;
    if (left > 0 && next[0] == ',') {
        csv->at++;
        return END_CELL;
    }
    if (left > 0 && next[0] == '\n') {
        csv->at++;
        csv->line++;
        return END_ROW;
    }
    if (left > 1 && next[0] == '\r' && next[1] == '\n') {
        csv->at += 2;
        csv->line++;
        return END_ROW;
    }
    if (left == 0) {
        return END_ROW;
    }
    ctl_device_fault(csv->file, line, "found %s, expected a comma or the end of the line",
                     next[0] == '\r' ? "a carriage return alone" : "text behind a quote");
    skip_line(csv);
    return END_FAULT;
}

/* Between quotes, of which two are one; undone in place. */
static enum end read_quoted(struct csv *csv, struct zta_text *cell)
{
    uint32_t line = csv->line;
    char *from = csv->text + ++csv->at;
    size_t len = 0;
    for (; csv->at < csv->len; csv->at++) {
        char c = csv->text[csv->at];
        if (c == '"') {
            if (csv->at + 1 == csv->len || csv->text[csv->at + 1] != '"') {
                csv->at++;
                *cell = (struct zta_text){.data = from, .len = len};
                return end_cell(csv, line);
            }
            csv->at++;
        }
        csv->line += c == '\n';
        from[len++] = c;
    }
    ctl_device_fault(csv->file, line, "found a quote that does not end");
    return END_FAULT;
}

static enum end read_cell(struct csv *csv, struct zta_text *cell)
{
    if (csv->at < csv->len && csv->text[csv->at] == '"') {
        return read_quoted(csv, cell);
    }
    size_t from = csv->at;
    while (csv->at < csv->len && strchr(",\r\n\"", csv->text[csv->at]) == NULL) {
        csv->at++;
    }
    if (csv->at < csv->len && csv->text[csv->at] == '\0') {
        ctl_device_fault(csv->file, csv->line, "found a NUL byte, expected text");
        skip_line(csv);
        return END_FAULT;
    }
    if (csv->at < csv->len && csv->text[csv->at] == '"') {
        ctl_device_fault(csv->file, csv->line,
                         "found a quote inside a value, expected the whole value in quotes");
        skip_line(csv);
        return END_FAULT;
    }
    *cell = (struct zta_text){.data = csv->text + from, .len = csv->at - from};
    return end_cell(csv, csv->line);
}

/* All cells of a line. n counts beyond max too. False: a fault was reported. */
static bool read_row(struct csv *csv, struct zta_text cells[COLUMNS_MAX], size_t *n)
{
    enum end end = END_CELL;
    for (*n = 0; end == END_CELL; ++*n) {
        struct zta_text cell = {.data = NULL};
        end = read_cell(csv, &cell);
        if (*n < COLUMNS_MAX) {
            cells[*n] = cell;
        }
    }
    return end == END_ROW;
}

static bool is_blank(const struct zta_text *cells, size_t n)
{
    return n == 1 && cells[0].len == 0;
}

struct header {
    enum ctl_column columns[COLUMNS_MAX];
    size_t n;
};

static bool name_column(struct csv *csv, struct header *header, struct zta_text cell)
{
    char names[256];
    char excerpt[CTL_EXCERPT_SIZE];
    struct zta_buffer buffer;
    enum ctl_column column = ctl_column_find(cell);
    if (column == CTL_N_COLUMNS) {
        zta_buffer_init(&buffer, names, sizeof names);
        ctl_column_list(&buffer);
        ctl_device_fault(csv->file, 1, "found column '%s', expected names of: %s",
                         ctl_excerpt(cell, excerpt), names);
        return false;
    }
    for (size_t i = 0; i < header->n; i++) {
        if (header->columns[i] == column) {
            ctl_device_fault(csv->file, 1, "found column '%s' twice", ctl_column_name(column));
            return false;
        }
    }
    header->columns[header->n++] = column;
    return true;
}

static bool read_header(struct csv *csv, struct header *header)
{
    struct zta_text cells[COLUMNS_MAX];
    size_t n;
    bool has_id = false;
    if (!read_row(csv, cells, &n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        /* A name too many is one that stands there twice or that there is not. */
        if (i == COLUMNS_MAX || !name_column(csv, header, cells[i])) {
            return false;
        }
        has_id = has_id || header->columns[i] == CTL_COLUMN_ID;
    }
    if (!has_id) {
        ctl_device_fault(csv->file, 1,
                         "found no column 'id', expected a first row that names the "
                         "columns");
    }
    return has_id;
}

static bool read_device(struct csv *csv, const struct header *header, const struct zta_text *cells,
                        struct ctl_device_row *row)
{
    struct zta_error error;
    for (size_t i = 0; i < header->n; i++) {
        /* The text is ours, and a value may be written over where it stands. */
        char *room = csv->text + (cells[i].data - csv->text);
        if (ctl_device_value(row, header->columns[i], cells[i], room, &error) != ZTA_OK) {
            ctl_device_fault(csv->file, row->line, "%s", error.text);
            return false;
        }
    }
    return true;
}

void ctl_device_csv_parse(struct ctl_device_file *file, char *text, size_t len)
{
    struct csv csv = {.file = file, .text = text, .len = len, .line = 1};
    struct header header = {.n = 0};
    bool goes_on = read_header(&csv, &header);
    while (goes_on && csv.at < csv.len) {
        struct zta_text cells[COLUMNS_MAX];
        struct ctl_device_row row = {.line = csv.line};
        size_t n;
        if (!read_row(&csv, cells, &n) || is_blank(cells, n)) {
            continue;
        }
        if (n != header.n) {
            ctl_device_fault(file, row.line, "found %zu values, expected %zu", n, header.n);
        }
        else if (read_device(&csv, &header, cells, &row)) {
            goes_on = ctl_device_row_add(file, &row);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, records and their JSON, collected in memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/output.h"
#include "shared/base/clock.h"

enum {
    ITEM_SIZE = 128 * 1024, /* JSON of one row: an API key with 8 KiB of text, every byte escaped */
    CELL_SIZE = 4096,
};

void ctl_list_open(struct ctl_list *list, bool is_json, enum ctl_layout layout,
                   const char *const *titles, size_t n_columns)
{
    *list = (struct ctl_list){
        .is_json = is_json,
        .layout = layout,
        .titles = titles,
        .n_columns = layout == CTL_RECORD ? 2 : n_columns,
    };
    if (is_json) {
        list->item_data = malloc(ITEM_SIZE);
        list->is_failed = list->item_data == NULL;
    }
}

static void append(struct ctl_list *list, const char *data, size_t len)
{
    if (list->is_failed) {
        return;
    }
    if (list->size - list->len < len) {
        size_t size = list->size * 2 + len + 4096;
        char *grown = realloc(list->data, size);
        if (grown == NULL) {
            list->is_failed = true;
            return;
        }
        list->data = grown;
        list->size = size;
    }
    memcpy(list->data + list->len, data, len);
    list->len += len;
}

static void add_cell(struct ctl_list *list, struct zta_text text)
{
    char safe[CELL_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, safe, sizeof safe);
    zta_buffer_safe(&buffer, text);
    append(list, safe, buffer.len + 1);
    list->n_cells++;
}

/* The label of a record's line, in words: "first_seen" is "first seen". */
static void add_label(struct ctl_list *list, const char *name)
{
    if (list->layout != CTL_RECORD) {
        return;
    }
    char label[64];
    (void)snprintf(label, sizeof label, "%s", name);
    for (char *c = label; *c != '\0'; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    add_cell(list, zta_text_of(label));
}

void ctl_row_begin(struct ctl_list *list)
{
    if (list->is_json && !list->is_failed) {
        zta_buffer_init(&list->item, list->item_data, ITEM_SIZE);
        zta_json_init(&list->json, &list->item);
        zta_json_begin_object(&list->json, NULL);
    }
}

struct zta_json *ctl_row_json(struct ctl_list *list)
{
    return list->is_json && !list->is_failed ? &list->json : NULL;
}

void ctl_row_text(struct ctl_list *list, const char *name, struct zta_text text)
{
    if (!list->is_json) {
        add_label(list, name);
        add_cell(list, zta_text_is_absent(text) || text.len == 0 ? ZTA_TEXT("-") : text);
    }
    else if (!list->is_failed) {
        zta_json_text(&list->json, name, text);
    }
}

void ctl_row_string(struct ctl_list *list, const char *name, const char *text)
{
    ctl_row_text(list, name, zta_text_of(text));
}

void ctl_row_int(struct ctl_list *list, const char *name, int64_t value)
{
    if (list->is_json && !list->is_failed) {
        zta_json_int(&list->json, name, value);
    }
    else {
        ctl_row_cell(list, name, "%lld", (long long)value);
    }
}

void ctl_row_time(struct ctl_list *list, const char *name, int64_t time_s)
{
    char text[ZTA_TIME_TEXT_MAX] = "never";
    if (time_s != 0) {
        zta_time_print(time_s, text);
    }
    if (list->is_json && !list->is_failed) {
        zta_json_time(&list->json, name, time_s);
    }
    else {
        ctl_row_cell(list, name, "%s", text);
    }
}

void ctl_row_bool(struct ctl_list *list, const char *name, bool value)
{
    if (list->is_json && !list->is_failed) {
        zta_json_bool(&list->json, name, value);
    }
    else {
        ctl_row_cell(list, name, "%s", value ? "yes" : "no");
    }
}

void ctl_row_cell(struct ctl_list *list, const char *name, const char *fmt, ...)
{
    if (list->is_json) {
        return;
    }
    char text[CELL_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    int n = vsnprintf(text, sizeof text, fmt, arguments);
    va_end(arguments);
    add_label(list, name);
    add_cell(list, n <= 0 ? ZTA_TEXT("-") : zta_text_of(text));
}

void ctl_row_end(struct ctl_list *list)
{
    if (list->is_json && !list->is_failed) {
        zta_json_end_object(&list->json);
        if (list->item.is_overflowed) {
            list->is_failed = true; /* half an object helps nobody */
            return;
        }
        if (list->n_rows > 0) {
            append(list, list->layout == CTL_TABLE ? ",\n" : "\n",
                   list->layout == CTL_TABLE ? 2 : 1);
        }
        append(list, list->item.data, list->item.len);
    }
    list->n_rows++;
}

/* Columns on a terminal, near enough: characters, not bytes. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return n;
}

/* What sets a cell off from others on a terminal with colours; "": nothing. */
static const char *ink_of(const char *text)
{
    static const struct {
        const char *word;
        const char *ink;
    } inks[] = {
        {"deny", "\x1b[31m"},      {"refused", "\x1b[31m"},      {"revoked", "\x1b[31m"},
        {"failed", "\x1b[31m"},    {"inconsistent", "\x1b[31m"}, {"critical", "\x1b[31m"},
        {"high", "\x1b[31m"},      {"stale", "\x1b[31m"},        {"allow", "\x1b[32m"},
        {"ok", "\x1b[32m"},        {"good", "\x1b[32m"},         {"consistent", "\x1b[32m"},
        {"fresh", "\x1b[32m"},     {"accepted", "\x1b[32m"},     {"challenge", "\x1b[33m"},
        {"throttle", "\x1b[33m"},  {"step_up", "\x1b[33m"},      {"monitor", "\x1b[33m"},
        {"elevated", "\x1b[33m"},  {"expired", "\x1b[33m"},      {"held", "\x1b[33m"},
        {"undecided", "\x1b[33m"},
    };
    for (size_t i = 0; ctl_has_colours() && i < sizeof inks / sizeof inks[0]; i++) {
        if (strcmp(text, inks[i].word) == 0) {
            return inks[i].ink;
        }
    }
    return "";
}

struct cell {
    const char *text;
    const char *ink;
    size_t width;
    bool is_right;
    bool is_last;
};

static void put_cell(const struct cell *cell)
{
    const size_t own = width_of(cell->text);
    const int pad = (int)(own < cell->width ? cell->width - own : 0);
    const int before = cell->is_right ? pad : 0;
    const int behind = cell->is_last ? 0 : pad - before + 2;
    (void)printf("%*s%s%s%s%*s%s", before, "", cell->ink, cell->text,
                 cell->ink[0] == '\0' ? "" : "\x1b[m", behind, "", cell->is_last ? "\n" : "");
}

static void print_cells(struct ctl_list *list)
{
    size_t n = list->n_columns < CTL_COLUMNS_MAX ? list->n_columns : CTL_COLUMNS_MAX;
    bool is_right[CTL_COLUMNS_MAX] = {false};
    if (n == 0) {
        return;
    }
    bool has_titles = list->titles != NULL && !list->is_titled;
    for (size_t i = 0; list->titles != NULL && i < n; i++) {
        is_right[i] = list->titles[i][0] == '>';
        size_t width = width_of(list->titles[i] + is_right[i]);
        list->widths[i] = width > list->widths[i] ? width : list->widths[i];
    }
    const char *cell = list->data;
    for (size_t i = 0; i < list->n_cells; i++, cell += strlen(cell) + 1) {
        size_t width = width_of(cell);
        list->widths[i % n] = width > list->widths[i % n] ? width : list->widths[i % n];
    }
    for (size_t i = 0; has_titles && i < n; i++) {
        put_cell(&(struct cell){.text = list->titles[i] + is_right[i],
                                .ink = ctl_has_colours() ? "\x1b[1m" : "",
                                .width = list->widths[i],
                                .is_right = is_right[i],
                                .is_last = i + 1 == n});
    }
    list->is_titled = true;
    cell = list->data;
    for (size_t i = 0; i < list->n_cells; i++, cell += strlen(cell) + 1) {
        put_cell(&(struct cell){.text = cell,
                                .ink = ink_of(cell),
                                .width = list->widths[i % n],
                                .is_right = is_right[i % n],
                                .is_last = i % n + 1 == n});
    }
}

enum ctl_exit ctl_list_flush(struct ctl_list *list)
{
    enum ctl_exit code = CTL_DONE;
    if (list->is_failed) {
        code = ctl_fail(CTL_FAILED, "out of memory");
    }
    else if (!list->is_json) {
        print_cells(list);
    }
    else {
        bool is_array = list->layout == CTL_TABLE;
        (void)fputs(is_array ? "[" : "", stdout);
        (void)fwrite(list->len == 0 ? "" : list->data, 1, list->len, stdout);
        (void)fputs(is_array ? "]\n" : list->len > 0 ? "\n" : "", stdout);
    }
    list->len = 0;
    list->n_cells = 0;
    list->n_rows = 0;
    return code;
}

enum ctl_exit ctl_list_print(struct ctl_list *list)
{
    enum ctl_exit code = ctl_list_flush(list);
    ctl_list_close(list);
    return code;
}

void ctl_list_close(struct ctl_list *list)
{
    free(list->data);
    free(list->item_data);
    *list = (struct ctl_list){.is_json = list->is_json};
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ztactl prints. Lists are collected in memory and written after the store's view has ended:
 * a reader that stops reading holds no snapshot. Text from outside is made safe here.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "shared/base/bytes.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

/*
 * How everything is printed from now on: complaints and notes as JSON objects, and with colours or
 * without. Text before is for people and has none.
 */
void ctl_output_begin(bool is_json, bool has_colours);

bool ctl_has_colours(void);

/* One line on standard output; arguments may be hostile, the line is safe. */
void ctl_say(const char *fmt, ...) ZTA_PRINTF(1, 2);
/* A line of a comparison behind its sign: '+' what comes, '-' what goes; in its colour. */
void ctl_say_diff(char sign, struct zta_text line);
/* One line on standard error, without touching what a script reads; in JSON {"note": ...}. */
void ctl_note(const char *fmt, ...) ZTA_PRINTF(1, 2);
/* "ztactl: ..." on standard error, in JSON {"error": ..., "exit": code}; returns code. */
enum ctl_exit ctl_fail(enum ctl_exit code, const char *fmt, ...) ZTA_PRINTF(2, 3);
/* The same for a failed call: its text, else the status's; what is "" or the thing at hand. */
enum ctl_exit ctl_fail_status(enum zta_status status, const struct zta_error *error,
                              const char *what);
enum ctl_exit ctl_exit_of(enum zta_status status);
/* Writes out what is still buffered. CTL_FAILED when a reader went away or the disk is full. */
enum ctl_exit ctl_flush(void);

enum ctl_layout {
    CTL_TABLE,  /* rows below titles; JSON: an array of objects */
    CTL_RECORD, /* one row, a line a cell; JSON: an object */
    CTL_LINES,  /* rows below titles; JSON: an object a line */
};

#define CTL_COLUMNS_MAX 16

struct ctl_list {
    bool is_json;
    enum ctl_layout layout;
    const char *const *titles; /* ">title": numbers, to the right; NULL for a record */
    size_t n_columns;
    size_t n_rows;
    size_t n_cells;
    char *data; /* cells, each ended by NUL; or JSON text */
    size_t len;
    size_t size;
    bool is_failed; /* out of memory: nothing is printed */
    bool is_titled;
    size_t widths[CTL_COLUMNS_MAX];
    struct zta_json json;
    struct zta_buffer item;
    char *item_data;
};

void ctl_list_open(struct ctl_list *list, bool is_json, enum ctl_layout layout,
                   const char *const *titles, size_t n_columns);
void ctl_row_begin(struct ctl_list *list);
/* A cell, and in JSON a member of that name. Absent text is "-" and null. */
void ctl_row_text(struct ctl_list *list, const char *name, struct zta_text text);
void ctl_row_string(struct ctl_list *list, const char *name, const char *text);
void ctl_row_int(struct ctl_list *list, const char *name, int64_t value);
/* 0 is never. */
void ctl_row_time(struct ctl_list *list, const char *name, int64_t time_s);
/* In JSON true or false; for people "yes" and "no". */
void ctl_row_bool(struct ctl_list *list, const char *name, bool value);
/* For members that people get in another form or not at all: the writer, or NULL. */
struct zta_json *ctl_row_json(struct ctl_list *list);
/* For cells that JSON has in another form. */
void ctl_row_cell(struct ctl_list *list, const char *name, const char *fmt, ...) ZTA_PRINTF(3, 4);
void ctl_row_end(struct ctl_list *list);
/* Prints the rows so far, titles only once; more may follow (CTL_LINES). */
enum ctl_exit ctl_list_flush(struct ctl_list *list);
/* Prints and frees; an empty table has its titles. */
enum ctl_exit ctl_list_print(struct ctl_list *list);
/* Frees without printing. */
void ctl_list_close(struct ctl_list *list);

#endif

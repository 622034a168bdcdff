/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document for people, told once and written as text, Markdown or one HTML page: sections,
 * figures, tables and charts. Every text in it may be hostile. The page needs no network and no
 * script; its policy forbids both.
 */
#ifndef CTL_DOCUMENT_H
#define CTL_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

enum ctl_format {
    CTL_FORMAT_TEXT = 0,
    CTL_FORMAT_MARKDOWN,
    CTL_FORMAT_HTML,
    CTL_N_FORMATS
};
enum zta_status ctl_format_parse(struct zta_text text, enum ctl_format *format) ZTA_MUST_CHECK;

/* What something means to who reads it; a colour in HTML. */
enum ctl_tone {
    CTL_TONE_PLAIN = 0,
    CTL_TONE_GOOD,
    CTL_TONE_WARN,
    CTL_TONE_BAD,
    CTL_TONE_QUIET,
    CTL_N_TONES
};

#define CTL_DOCUMENT_COLUMNS 8

struct ctl_document {
    FILE *out;
    enum ctl_format format;
    bool is_failed; /* out of memory */
    unsigned n_sections;
    unsigned n_charts;
    /* The table that is open: cells one behind the other, each a tone and a text ended by NUL. */
    const char *const *titles;
    size_t n_columns;
    size_t n_cells;
    char *cells;
    size_t len;
    size_t size;
};

struct ctl_figure {
    const char *name;
    char value[32];
    char note[96]; /* "" none */
    enum ctl_tone tone;
};

/* Lines or stacked columns over a time; what is NaN is left out. */
struct ctl_chart {
    const char *title;
    const char *unit; /* "" or "ms" */
    bool is_stacked;
    size_t n_series; /* at most 5 */
    const char *names[5];
    enum ctl_tone tones[5];
    const double *values; /* n of the first series, then n of the next */
    size_t n;
    int64_t from_s;
    int64_t until_s;
};

void ctl_document_begin(struct ctl_document *document, FILE *out, enum ctl_format format,
                        const char *title);
/* One line below the title. */
void ctl_document_about(struct ctl_document *document, const char *fmt, ...) ZTA_PRINTF(2, 3);
void ctl_document_section(struct ctl_document *document, const char *title);
void ctl_document_say(struct ctl_document *document, const char *fmt, ...) ZTA_PRINTF(2, 3);
void ctl_document_figures(struct ctl_document *document, const struct ctl_figure *figures,
                          size_t n);
/* Titles live until the table's end; ">title": numbers, to the right. */
void ctl_document_table(struct ctl_document *document, const char *const *titles, size_t n_columns);
void ctl_document_cell(struct ctl_document *document, enum ctl_tone tone, const char *fmt, ...)
    ZTA_PRINTF(3, 4);
/* In percent, which HTML shows as a bar as well. */
void ctl_document_share(struct ctl_document *document, enum ctl_tone tone, uint64_t part,
                        uint64_t whole);
void ctl_document_table_end(struct ctl_document *document);
void ctl_document_chart(struct ctl_document *document, const struct ctl_chart *chart);
/* ZTA_IO when not all of it could be written, ZTA_NO_MEMORY. */
enum zta_status ctl_document_end(struct ctl_document *document) ZTA_MUST_CHECK;

/* ---- numbers for people ---- */
/* "1,204,331" */
void ctl_print_count(uint64_t n, char out[32]);
/* 0 of nothing. */
double ctl_percent(uint64_t part, uint64_t whole);
/* "2.1 %", "<0.1 %" */
void ctl_print_share(double part, double whole, char out[32]);
/* "850 us", "12.4 ms", "3.2 s" */
void ctl_print_latency(uint64_t us, char out[32]);
/* "16 Nov 2026, 14:00 CET": in the caller's zone. */
void ctl_print_when(int64_t time_s, char out[64]);

#endif

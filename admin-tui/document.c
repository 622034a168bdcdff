/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as text and Markdown, and what all three forms share. */
#include "admin-tui/document.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "admin-tui/document_priv.h"

enum {
    LINE_MAX_SIZE = 2048,
    SPARK_COLUMNS = 60,
    SHARE_MARK = 0x10, /* beside the tone of a cell */
};

static const char *const format_names[CTL_N_FORMATS] = {
    [CTL_FORMAT_TEXT] = "text", [CTL_FORMAT_MARKDOWN] = "markdown", [CTL_FORMAT_HTML] = "html"};

enum zta_status ctl_format_parse(struct zta_text text, enum ctl_format *format)
{
    for (unsigned i = 0; i < CTL_N_FORMATS; i++) {
        if (zta_text_equal(text, zta_text_of(format_names[i]))) {
            *format = (enum ctl_format)i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

/* ---- numbers for people ---- */

void ctl_print_count(uint64_t n, char out[32])
{
    char digits[24];
    const int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

double ctl_percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100 * (double)part / (double)whole : 0;
}

void ctl_print_share(double part, double whole, char out[32])
{
    const double percent = whole > 0 ? 100 * part / whole : 0;
    if (part > 0 && whole > 0 && percent < 0.1) {
        (void)snprintf(out, 32, "<0.1 %%");
        return;
    }
    (void)snprintf(out, 32, "%.1f %%", percent);
}

void ctl_print_latency(uint64_t us, char out[32])
{
    if (us < 1000) {
        (void)snprintf(out, 32, "%" PRIu64 " us", us);
    }
    else if (us < 1000000) {
        (void)snprintf(out, 32, "%.1f ms", (double)us / 1e3);
    }
    else {
        (void)snprintf(out, 32, "%.1f s", (double)us / 1e6);
    }
}

void ctl_print_when(int64_t time_s, char out[64])
{
    const time_t when = (time_t)time_s;
    struct tm parts;
    if (time_s <= 0 || localtime_r(&when, &parts) == NULL ||
        strftime(out, 64, "%-d %b %Y, %H:%M %Z", &parts) == 0) {
        (void)snprintf(out, 64, "never");
    }
}

/* ---- text of both ---- */

/* Behind "http" and "www" an escape keeps a reader with GitHub's extensions from making a link. */
static bool begins_link(const char *text, size_t i)
{
    return (text[i] == ':' && text[i + 1] == '/') ||
           (text[i] == '.' && i >= 3 && strncasecmp(text + i - 3, "www", 3) == 0);
}

/* Characters that would mean something in Markdown or make a link of a text. */
static void put_markdown(FILE *out, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '@') {
            /* Addresses of mail are looked for when escapes are gone already. */
            (void)fputs("<!---->", out);
        }
        else if (begins_link(text, i) || strchr("\\`*_{}[]<>#|!&~", text[i]) != NULL) {
            (void)putc('\\', out);
        }
        (void)putc(text[i], out);
    }
}

static void put(const struct ctl_document *document, const char *text)
{
    if (document->format == CTL_FORMAT_MARKDOWN) {
        put_markdown(document->out, text);
    }
    else {
        (void)fputs(text, document->out);
    }
}

static void print_safe(char line[LINE_MAX_SIZE], const char *fmt, va_list args) ZTA_PRINTF(2, 0);

/* The words of fmt, safe for a terminal. */
static void print_safe(char line[LINE_MAX_SIZE], const char *fmt, va_list args)
{
    char raw[LINE_MAX_SIZE];
    struct zta_buffer buffer;
    (void)vsnprintf(raw, sizeof raw, fmt, args);
    zta_buffer_init(&buffer, line, LINE_MAX_SIZE);
    zta_buffer_safe(&buffer, zta_text_of(raw));
}

/* ---- the frame ---- */

void ctl_document_begin(struct ctl_document *document, FILE *out, enum ctl_format format,
                        const char *title)
{
    *document = (struct ctl_document){.out = out, .format = format};
    switch (format) {
    case CTL_FORMAT_HTML:
        ctl_html_begin(document, title);
        break;
    case CTL_FORMAT_MARKDOWN:
        (void)fprintf(out, "# %s\n", title);
        break;
    case CTL_FORMAT_TEXT:
    case CTL_N_FORMATS:
        (void)fprintf(out, "%s\n", title);
        break;
    }
}

/* What a paragraph stands in. */
struct paragraph {
    const char *html; /* the tag that opens it */
    const char *markdown;
    const char *text;
};

static void put_paragraph(struct ctl_document *document, const struct paragraph *form,
                          const char *line)
{
    if (document->format == CTL_FORMAT_HTML) {
        (void)fputs(form->html, document->out);
        ctl_html_text(document->out, line);
        (void)fputs("</p>\n", document->out);
        return;
    }
    (void)fputs(document->format == CTL_FORMAT_MARKDOWN ? form->markdown : form->text,
                document->out);
    put(document, line);
    (void)putc('\n', document->out);
}

void ctl_document_about(struct ctl_document *document, const char *fmt, ...)
{
    static const struct paragraph form = {
        .html = "<p class=\"about\">", .markdown = "\n", .text = ""};
    char line[LINE_MAX_SIZE];
    va_list args;
    va_start(args, fmt);
    print_safe(line, fmt, args);
    va_end(args);
    put_paragraph(document, &form, line);
}

void ctl_document_section(struct ctl_document *document, const char *title)
{
    const bool is_first = document->n_sections++ == 0;
    switch (document->format) {
    case CTL_FORMAT_HTML:
        (void)fprintf(document->out, "%s<section>\n<h2>",
                      is_first ? "</header>\n" : "</section>\n");
        ctl_html_text(document->out, title);
        (void)fputs("</h2>\n", document->out);
        break;
    case CTL_FORMAT_MARKDOWN:
        (void)fprintf(document->out, "\n## %s\n", title);
        break;
    case CTL_FORMAT_TEXT:
    case CTL_N_FORMATS:
        (void)putc('\n', document->out);
        for (const char *c = title; *c != '\0'; c++) {
            (void)putc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, document->out);
        }
        (void)putc('\n', document->out);
        break;
    }
}

void ctl_document_say(struct ctl_document *document, const char *fmt, ...)
{
    static const struct paragraph form = {.html = "<p>", .markdown = "\n", .text = "  "};
    char line[LINE_MAX_SIZE];
    va_list args;
    va_start(args, fmt);
    print_safe(line, fmt, args);
    va_end(args);
    put_paragraph(document, &form, line);
}

void ctl_document_figures(struct ctl_document *document, const struct ctl_figure *figures, size_t n)
{
    if (document->format == CTL_FORMAT_HTML) {
        ctl_html_figures(document, figures, n);
        return;
    }
    (void)fputs(document->format == CTL_FORMAT_MARKDOWN ? "\n" : "", document->out);
    for (size_t i = 0; i < n; i++) {
        const struct ctl_figure *figure = &figures[i];
        if (document->format == CTL_FORMAT_MARKDOWN) {
            (void)fprintf(document->out, "- **%s** %s", figure->value, figure->name);
        }
        else {
            (void)fprintf(document->out, "  %-40s %14s", figure->name, figure->value);
        }
        (void)fprintf(document->out, "%s%s%s\n", figure->note[0] == '\0' ? "" : "  (", figure->note,
                      figure->note[0] == '\0' ? "" : ")");
    }
}

/* ---- tables ---- */

void ctl_document_table(struct ctl_document *document, const char *const *titles, size_t n_columns)
{
    document->titles = titles;
    document->n_columns = n_columns;
    document->n_cells = 0;
    document->len = 0;
}

static void add_cell(struct ctl_document *document, char mark, const char *text)
{
    const size_t wanted = document->len + strlen(text) + 2;
    if (wanted > document->size) {
        char *grown = realloc(document->cells, 2 * wanted);
        if (grown == NULL) {
            document->is_failed = true;
            return;
        }
        document->cells = grown;
        document->size = 2 * wanted;
    }
    document->cells[document->len] = mark;
    memcpy(document->cells + document->len + 1, text, strlen(text) + 1);
    document->len = wanted;
    document->n_cells++;
}

void ctl_document_cell(struct ctl_document *document, enum ctl_tone tone, const char *fmt, ...)
{
    char line[LINE_MAX_SIZE];
    va_list args;
    va_start(args, fmt);
    print_safe(line, fmt, args);
    va_end(args);
    add_cell(document, (char)(tone + 1), line[0] == '\0' ? "-" : line);
}

void ctl_document_share(struct ctl_document *document, enum ctl_tone tone, uint64_t part,
                        uint64_t whole)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.1f %%", ctl_percent(part, whole));
    add_cell(document, (char)((tone + 1) | SHARE_MARK), text);
}

struct ctl_cell ctl_document_cell_at(const struct ctl_document *document, size_t *place)
{
    const char *at = document->cells + *place;
    *place += strlen(at) + 1;
    return (struct ctl_cell){
        .tone = (enum ctl_tone)((*at & (SHARE_MARK - 1)) - 1),
        .is_share = (*at & SHARE_MARK) != 0,
        .text = at + 1,
    };
}

/* Characters, of what is safe for a terminal. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        n += (*text & 0xc0) != 0x80 ? 1 : 0;
    }
    return n;
}

static bool is_right(const char *title)
{
    return title[0] == '>';
}

static const char *words_of(const char *title)
{
    return is_right(title) ? title + 1 : title;
}

static void put_padded(const struct ctl_document *document, const char *text, size_t width,
                       size_t column)
{
    const bool is_last = column + 1 == document->n_columns;
    const bool to_right = is_right(document->titles[column]);
    const size_t gap = width - width_of(text);
    (void)fprintf(document->out, "  %*s%s%*s", to_right ? (int)gap : 0, "", text,
                  to_right || is_last ? 0 : (int)gap, "");
}

static void text_table(const struct ctl_document *document)
{
    size_t widths[CTL_DOCUMENT_COLUMNS] = {0};
    size_t place = 0;
    for (size_t i = 0; i < document->n_columns; i++) {
        widths[i] = width_of(words_of(document->titles[i]));
    }
    for (size_t i = 0; i < document->n_cells; i++) {
        const size_t width = width_of(ctl_document_cell_at(document, &place).text);
        size_t *widest = &widths[i % document->n_columns];
        *widest = width > *widest ? width : *widest;
    }
    (void)putc('\n', document->out);
    for (size_t i = 0; i < document->n_columns; i++) {
        put_padded(document, words_of(document->titles[i]), widths[i], i);
    }
    place = 0;
    for (size_t i = 0; i < document->n_cells; i++) {
        const size_t column = i % document->n_columns;
        (void)fputs(column == 0 ? "\n" : "", document->out);
        put_padded(document, ctl_document_cell_at(document, &place).text, widths[column], column);
    }
    (void)putc('\n', document->out);
}

static void markdown_table(const struct ctl_document *document)
{
    size_t place = 0;
    (void)fputs("\n|", document->out);
    for (size_t i = 0; i < document->n_columns; i++) {
        (void)fprintf(document->out, " %s |", words_of(document->titles[i]));
    }
    (void)fputs("\n|", document->out);
    for (size_t i = 0; i < document->n_columns; i++) {
        (void)fputs(is_right(document->titles[i]) ? "---:|" : "---|", document->out);
    }
    for (size_t i = 0; i < document->n_cells; i++) {
        (void)fputs(i % document->n_columns == 0 ? "\n| " : " ", document->out);
        put_markdown(document->out, ctl_document_cell_at(document, &place).text);
        (void)fputs(" |", document->out);
    }
    (void)putc('\n', document->out);
}

void ctl_document_table_end(struct ctl_document *document)
{
    switch (document->format) {
    case CTL_FORMAT_HTML:
        ctl_html_table(document);
        break;
    case CTL_FORMAT_MARKDOWN:
        markdown_table(document);
        break;
    case CTL_FORMAT_TEXT:
    case CTL_N_FORMATS:
        text_table(document);
        break;
    }
}

/* ---- charts, as a line of blocks a series ---- */

/* The mean of what falls into a column; NaN where there is nothing. */
static double mean_of(const double *values, size_t n, size_t column, size_t n_columns)
{
    const size_t begin = column * n / n_columns;
    const size_t last = (column + 1) * n / n_columns;
    const size_t end = last > begin ? last : begin + 1;
    double sum = 0;
    size_t n_known = 0;
    for (size_t i = begin; i < end; i++) {
        if (!isnan(values[i])) {
            sum += values[i];
            n_known++;
        }
    }
    return n_known == 0 ? NAN : sum / (double)n_known;
}

static void put_spark(const struct ctl_document *document, const struct ctl_chart *chart,
                      size_t series)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const double *values = chart->values + series * chart->n;
    const size_t n_columns = chart->n < SPARK_COLUMNS ? chart->n : SPARK_COLUMNS;
    double most = 0;
    for (size_t i = 0; i < chart->n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    (void)fprintf(document->out, "  %-17s ", chart->names[series]);
    for (size_t i = 0; i < n_columns; i++) {
        const double mean = mean_of(values, chart->n, i, n_columns);
        const int level = most > 0 && mean > 0 ? 1 + (int)(mean / most * 7) : 0;
        (void)fputs(blocks[level < 9 ? level : 8], document->out);
    }
    (void)fprintf(document->out, "  at most %.6g%s%s\n", most, chart->unit[0] == '\0' ? "" : " ",
                  chart->unit);
}

void ctl_document_chart(struct ctl_document *document, const struct ctl_chart *chart)
{
    char from[64];
    char until[64];
    if (document->format == CTL_FORMAT_HTML) {
        ctl_html_chart(document, chart);
        return;
    }
    const char *const fence = document->format == CTL_FORMAT_MARKDOWN ? "```" : "";
    ctl_print_when(chart->from_s, from);
    ctl_print_when(chart->until_s, until);
    (void)fprintf(document->out, "\n%s%s  %s, %s to %s\n", fence, fence[0] == '\0' ? "" : "\n",
                  chart->title, from, until);
    for (size_t i = 0; i < chart->n_series; i++) {
        put_spark(document, chart, i);
    }
    (void)fprintf(document->out, "%s%s", fence, fence[0] == '\0' ? "" : "\n");
}

enum zta_status ctl_document_end(struct ctl_document *document)
{
    if (document->format == CTL_FORMAT_HTML) {
        ctl_html_end(document);
    }
    free(document->cells);
    document->cells = NULL;
    if (document->is_failed) {
        return ZTA_NO_MEMORY;
    }
    return fflush(document->out) == 0 && ferror(document->out) == 0 ? ZTA_OK : ZTA_IO;
}

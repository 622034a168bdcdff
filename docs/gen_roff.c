/* SPDX-License-Identifier: Apache-2.0 */
/* The part of Markdown that our pages use, as roff for man(7). */
#include "docs/gen.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 78, /* of a line of roff; man fills lines as its reader's terminal wants */
    CELLS_MAX = 8,
};

#define GENERATED "Made by `make docs`"

/* One page on its way: the paragraph that is being collected, and where it will stand. */
struct roff {
    FILE *file;
    bool has_sections; /* headings of the second rank are sections, not subsections */
    char macro[16];    /* what opens the paragraph */
    char *paragraph;   /* its Markdown; NULL: none */
    size_t paragraph_len;
    char *heads[CELLS_MAX]; /* of the table under way */
    size_t n_heads;
    bool is_code;
    bool has_begun;   /* below the last heading; before that a paragraph needs no request */
    bool is_rule_due; /* the table's line of dashes comes next */
};

/* What a link to a page is called in a manual; other links keep their text. */
static const struct {
    const char *page;
    const char *name;
} named[] = {
    {.page = "rules.md", .name = "zta-rules(5)"},
    {.page = "reference-attributes.md", .name = "see below"},
    {.page = "reference-directives.md", .name = "mod_zta(7)"},
    {.page = "reference-ztactl.md", .name = "ztactl(8)"},
};

/* ---- text ---- */

static void put_char(FILE *out, char c)
{
    if (c == '-') {
        (void)fputs("\\-", out);
    }
    else if (c == '\\') {
        (void)fputs("\\e", out);
    }
    else {
        (void)fputc(c, out);
    }
}

/* [text](target), from its bracket on; returns what follows it, or NULL when it is no link. */
static const char *put_link(FILE *out, const char *at)
{
    const char *middle = strstr(at, "](");
    const char *end = middle == NULL ? NULL : strpbrk(middle + 2, ") \n");
    if (end == NULL || *end != ')') {
        return NULL;
    }
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        size_t len = strlen(named[i].page);
        if ((size_t)(end - middle - 2) == len && strncmp(middle + 2, named[i].page, len) == 0) {
            for (const char *c = named[i].name; *c != '\0'; c++) {
                put_char(out, *c);
            }
            return end + 1;
        }
    }
    (void)fputs("\\fI", out);
    for (const char *c = at + 1; c < middle; c++) {
        if (*c != '`') {
            put_char(out, *c);
        }
    }
    (void)fputs("\\fR", out);
    return end + 1;
}

/* Code and strong text are bold, emphasis is italic, escapes are what they escape. */
static char *convert(const char *text)
{
    char *result = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&result, &size);
    bool is_code = false;
    bool is_strong = false;
    bool is_stressed = false;
    if (out == NULL) {
        abort();
    }
    for (const char *c = text; *c != '\0'; c++) {
        const char *behind = NULL;
        if (*c == '\\' && (c[1] == '|' || (!is_code && ispunct((unsigned char)c[1])))) {
            put_char(out, *++c);
        }
        else if (*c == '`') {
            is_code = !is_code;
            (void)fputs(is_code ? "\\fB" : "\\fR", out);
        }
        else if (!is_code && strncmp(c, "**", 2) == 0) {
            is_strong = !is_strong;
            (void)fputs(is_strong ? "\\fB" : "\\fR", out);
            c++;
        }
        else if (!is_code && *c == '*') {
            is_stressed = !is_stressed;
            (void)fputs(is_stressed ? "\\fI" : "\\fR", out);
        }
        else if (!is_code && *c == '[' && (behind = put_link(out, c)) != NULL) {
            c = behind - 1;
        }
        else {
            put_char(out, *c);
        }
    }
    (void)fclose(out);
    return result;
}

/* Words in lines of WIDTH; none begins like a request. */
static void put_filled(FILE *file, const char *markdown)
{
    char *text = convert(markdown);
    size_t column = 0;
    for (const char *word = text + strspn(text, " \n"); *word != '\0';) {
        size_t len = strcspn(word, " \n");
        if (column > 0 && column + 1 + len > WIDTH) {
            (void)fputc('\n', file);
            column = 0;
        }
        bool is_request = column == 0 && (*word == '.' || *word == '\'');
        (void)fprintf(file, "%s%s%.*s", column > 0 ? " " : "", is_request ? "\\&" : "", (int)len,
                      word);
        column += len + (column > 0);
        word += len;
        word += strspn(word, " \n");
    }
    (void)fputc('\n', file);
    free(text);
}

static void put_code_line(FILE *file, const char *line)
{
    if (*line == '.' || *line == '\'') {
        (void)fputs("\\&", file);
    }
    for (; *line != '\0'; line++) {
        put_char(file, *line);
    }
    (void)fputc('\n', file);
}

/* ---- blocks ---- */

static void flush(struct roff *roff)
{
    if (roff->paragraph != NULL) {
        if (roff->has_begun || strcmp(roff->macro, ".PP") != 0) {
            (void)fprintf(roff->file, "%s\n", roff->macro);
        }
        put_filled(roff->file, roff->paragraph);
        roff->has_begun = true;
    }
    free(roff->paragraph);
    roff->paragraph = NULL;
    roff->paragraph_len = 0;
}

static void end_table(struct roff *roff)
{
    for (size_t i = 0; i < roff->n_heads; i++) {
        free(roff->heads[i]);
    }
    roff->n_heads = 0;
}

static void collect(struct roff *roff, const char *macro, const char *line)
{
    if (macro != NULL) {
        flush(roff);
        (void)snprintf(roff->macro, sizeof roff->macro, "%s", macro);
    }
    size_t len = strlen(line);
    char *grown = realloc(roff->paragraph, roff->paragraph_len + len + 2);
    if (grown == NULL) {
        abort();
    }
    roff->paragraph = grown;
    memcpy(grown + roff->paragraph_len, line, len);
    roff->paragraph_len += len;
    grown[roff->paragraph_len++] = ' ';
    grown[roff->paragraph_len] = '\0';
}

/* Cells of "| a | b |", copies without the spaces around; returns how many. */
static size_t split_row(const char *line, char *cells[CELLS_MAX])
{
    size_t n = 0;
    const char *start = line + 1;
    for (const char *c = start; *c != '\0' && n < CELLS_MAX; c++) {
        if (*c == '|' && c[-1] != '\\') {
            const char *end = c;
            start += strspn(start, " ");
            while (end > start && end[-1] == ' ') {
                end--;
            }
            cells[n++] = strndup(start, (size_t)(end > start ? end - start : 0));
            start = c + 1;
        }
    }
    return n;
}

/* The first cell is the tag; those between are told by their heads, the last one as it is. */
static void put_row(struct roff *roff, char *const *cells, size_t n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        abort();
    }
    const char *between = "";
    for (size_t i = 1; i + 1 < n; i++) {
        if (cells[i][0] != '\0') {
            (void)fprintf(out, "%s%s %s", between, roff->heads[i], cells[i]);
            between = ", ";
        }
    }
    (void)fprintf(out, "%s%s", between[0] == '\0' || cells[n - 1][0] == '\0' ? "" : ": ",
                  cells[n - 1]);
    (void)fclose(out);
    (void)fputs(".TP\n", roff->file);
    roff->has_begun = true;
    put_filled(roff->file, cells[0]);
    if (text[0] != '\0') {
        put_filled(roff->file, text);
    }
    free(text);
}

static void take_row(struct roff *roff, const char *line)
{
    char *cells[CELLS_MAX];
    flush(roff);
    if (roff->is_rule_due) {
        roff->is_rule_due = false;
        return;
    }
    size_t n = split_row(line, cells);
    if (roff->n_heads == 0) {
        memcpy(roff->heads, cells, n * sizeof cells[0]);
        roff->n_heads = n;
        roff->is_rule_due = true;
        return;
    }
    if (n != roff->n_heads) {
        (void)fprintf(stderr, "a row of %zu cells below %zu heads: %s\n", n, roff->n_heads, line);
        exit(1);
    }
    put_row(roff, cells, n);
    for (size_t i = 0; i < n; i++) {
        free(cells[i]);
    }
}

static void put_heading(struct roff *roff, const char *text, size_t rank)
{
    bool is_section = roff->has_sections && rank == 2;
    (void)fputs(is_section ? ".SH " : ".SS ", roff->file);
    for (; *text != '\0'; text++) {
        if (*text != '`') {
            put_char(roff->file, is_section ? (char)toupper((unsigned char)*text) : *text);
        }
    }
    (void)fputc('\n', roff->file);
    roff->has_begun = false;
}

static void take_fence(struct roff *roff)
{
    flush(roff);
    if (roff->is_code) {
        (void)fputs(".fi\n.RE\n", roff->file);
    }
    else {
        (void)fprintf(roff->file, "%s.RS 4\n.nf\n", roff->has_begun ? ".sp\n" : "");
    }
    roff->has_begun = true;
    roff->is_code = !roff->is_code;
}

static void take_line(struct roff *roff, const char *line)
{
    size_t indent = strspn(line, " ");
    const char *text = line + indent;
    size_t digits = strspn(line, "0123456789");
    if (strncmp(text, "```", 3) == 0) {
        take_fence(roff);
        return;
    }
    if (roff->is_code) {
        put_code_line(roff->file, line);
        return;
    }
    if (line[0] != '|') {
        end_table(roff);
    }
    if (line[0] == '#') {
        flush(roff);
        size_t rank = strspn(line, "#");
        put_heading(roff, line + rank + 1, rank);
    }
    else if (text[0] == '\0') {
        flush(roff);
    }
    else if (line[0] == '|') {
        take_row(roff, line);
    }
    else if (strncmp(line, "- ", 2) == 0) {
        collect(roff, ".IP \\(bu 2", line + 2);
    }
    else if (digits > 0 && strncmp(line + digits, ". ", 2) == 0) {
        char macro[16];
        (void)snprintf(macro, sizeof macro, ".IP %.*s. 4", (int)digits, line);
        collect(roff, macro, line + digits + 2);
    }
    else {
        collect(roff, roff->paragraph == NULL ? ".PP" : NULL, text);
    }
}

static void finish(struct roff *roff)
{
    flush(roff);
    end_table(roff);
}

/* ---- pages ---- */

/* The next line without its newline, which is taken out of the text; NULL at its end. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (*line == '\0') {
        return NULL;
    }
    size_t len = strcspn(line, "\n");
    *rest = line + len + (line[len] != '\0');
    line[len] = '\0';
    return line;
}

void gen_roff_text(FILE *file, const char *markdown)
{
    struct roff roff = {.file = file};
    char *copy = strdup(markdown);
    char *rest = copy;
    if (copy == NULL) {
        abort();
    }
    for (char *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
        take_line(&roff, line);
    }
    finish(&roff);
    free(copy);
}

void gen_roff_page(FILE *file, const char *path, const char *title)
{
    struct roff roff = {.file = file, .has_sections = title == NULL};
    char *text = gen_read(path);
    char *rest = text;
    size_t found = 0; /* rank of the heading that is shown; 0: not met yet, or behind it */
    bool was_met = false;
    for (char *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
        size_t rank = roff.is_code ? 0 : strspn(line, "#");
        if (rank > 0 && !was_met && (title == NULL || strcmp(line + rank + 1, title) == 0)) {
            found = rank;
            was_met = true;
            continue;
        }
        if (rank > 0 && rank <= found) {
            break;
        }
        /* Where a generated page comes from is no concern of a manual's reader. */
        if (found > 0 && strncmp(line, GENERATED, strlen(GENERATED)) != 0) {
            take_line(&roff, line);
        }
    }
    if (!was_met) {
        (void)fprintf(stderr, "%s: no heading '%s'\n", path, title);
        exit(1);
    }
    finish(&roff);
    free(text);
}

void gen_roff_code(FILE *file, const char *path)
{
    char *text = gen_read(path);
    char *rest = text;
    (void)fputs(".nf\n", file);
    for (char *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
        put_code_line(file, line);
    }
    (void)fputs(".fi\n", file);
    free(text);
}

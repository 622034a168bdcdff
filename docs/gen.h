/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of docs/gen share. The references come first (gen.c); the manuals (gen_man.c) are
 * put together from them and from the written pages, turned into roff (gen_roff.c), so that no fact
 * stands twice. It runs in the checkout's root; a fault ends it with a message and exit code 1.
 */
#ifndef DOCS_GEN_H
#define DOCS_GEN_H

#include <stddef.h>
#include <stdio.h>

/* A file below OUTDIR, its folder made where it is missing; end with gen_end. */
FILE *gen_begin(const char *path);
void gen_end(FILE *file);

/* All of a file, freed by the caller; a file that is not there is a fault. */
char *gen_read(const char *path);

/* A text of Markdown with paragraphs, lists, tables, code and headings, as roff. */
void gen_roff_text(FILE *file, const char *markdown);
/*
 * What stands in a page below the heading `title`, up to the next one of its rank; without a title
 * all below the page's own heading. Headings of the second rank become sections of the manual where
 * the page has no title to stand under.
 */
void gen_roff_page(FILE *file, const char *path, const char *title);
/* A file as it is. */
void gen_roff_code(FILE *file, const char *path);

/* Text in a cell of a Markdown table, or in running text. */
void gen_markdown(FILE *file, const char *text);
/* Title and origin of a generated page. */
void gen_head(FILE *file, const char *title, const char *table);
/* The words of command i of ztactl; NULL behind the last. */
const char *gen_command(size_t i);

void gen_write_json(void);
void gen_write_log(void);
void gen_write_metrics(void);
void gen_write_manuals(const char *out_dir);

#endif

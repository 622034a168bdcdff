/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of documents share: escaped text, cells of a table, and charts. */
#ifndef CTL_DOCUMENT_PRIV_H
#define CTL_DOCUMENT_PRIV_H

#include "admin-tui/document.h"

struct ctl_cell {
    enum ctl_tone tone;
    bool is_share; /* the text begins with its number */
    const char *text;
};

/* The i-th cell, row by row, when cells are walked in order: *place begins at 0. */
struct ctl_cell ctl_document_cell_at(const struct ctl_document *document, size_t *place);

/* Text of HTML content and of attributes in double quotes. */
void ctl_html_text(FILE *out, const char *text);
void ctl_html_begin(struct ctl_document *document, const char *title);
void ctl_html_end(const struct ctl_document *document);
void ctl_html_figures(const struct ctl_document *document, const struct ctl_figure *figures,
                      size_t n);
void ctl_html_table(const struct ctl_document *document);
void ctl_html_chart(struct ctl_document *document, const struct ctl_chart *chart);
const char *ctl_html_class(enum ctl_tone tone);

#endif

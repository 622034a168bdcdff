/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of both formats share. */
#ifndef CTL_DEVICE_FILE_PRIV_H
#define CTL_DEVICE_FILE_PRIV_H

#include "admin-tui/device_file.h"

/* Counts it, and tells whoever reads the file. */
void ctl_device_fault(struct ctl_device_file *file, uint32_t line, const char *fmt, ...)
    ZTA_PRINTF(3, 4);
/* Keeps a row, whose id must be given. False: no more rows are read. */
bool ctl_device_row_add(struct ctl_device_file *file, const struct ctl_device_row *row);
/* "id, owner, ..." */
void ctl_column_list(struct zta_buffer *out);

void ctl_device_csv_parse(struct ctl_device_file *file, char *text, size_t len);
void ctl_device_json_parse(struct ctl_device_file *file, char *text, size_t len);

#define CTL_EXCERPT_SIZE 64
/* The start of a value for a person; "..." behind it when it is cut. */
const char *ctl_excerpt(struct zta_text text, char out[CTL_EXCERPT_SIZE]);

#endif

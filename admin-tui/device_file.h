/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices as people and other programs write them down: CSV (RFC 4180) with a row that names the
 * columns, or JSON, an array of objects or one object after the other. Nothing here knows a store.
 */
#ifndef CTL_DEVICE_FILE_H
#define CTL_DEVICE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/devices.h"

#define CTL_DEVICE_FILE_MAX (256u << 20) /* bytes */
#define CTL_DEVICE_ROWS_MAX 1000000u     /* of which each takes about 200 bytes of memory */

enum ctl_column {
#define CTL_COLUMN(upper, name) CTL_COLUMN_##upper,
#include "admin-tui/device_columns.def"
#undef CTL_COLUMN
    CTL_N_COLUMNS
};

const char *ctl_column_name(enum ctl_column column);
/* CTL_N_COLUMNS when there is none of that name. */
enum ctl_column ctl_column_find(struct zta_text name);

struct ctl_device_row {
    struct zta_device device; /* without its owner */
    struct zta_text owner;    /* "alice@corp", as it stands there; absent: none */
    uint32_t given;           /* set of 1u << enum ctl_column: others are not spoken of */
    uint32_t line;
};

/* What is wrong in which line: what was found, and what was expected. */
typedef void (*ctl_device_fault_fn)(void *context, uint32_t line, const char *text);

struct ctl_device_file {
    ctl_device_fault_fn fn;
    void *context;
    struct ctl_device_row *rows; /* their text lies in the file's */
    size_t n;
    size_t n_allocated;
    size_t n_faults;
};

/*
 * Reads all rows, or reports faults: then ZTA_INVALID. Each id and each certificate stands there
 * once. text is written to, and must live as long as the rows; they are released by clear.
 */
enum zta_status ctl_device_file_parse(struct ctl_device_file *file, char *text,
                                      size_t len) ZTA_MUST_CHECK;
void ctl_device_file_clear(struct ctl_device_file *file);

/*
 * One value of a row, "" for unknown or none. What a row keeps in another form than it was written
 * goes to room, which has as many bytes as the value and may be the value itself. ZTA_INVALID:
 * *error says what was found and what was expected.
 */
enum zta_status ctl_device_value(struct ctl_device_row *row, enum ctl_column column,
                                 struct zta_text value, char *room,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* SHA-256 of a certificate in DER: base64url, or hex with or without colons. */
enum zta_status ctl_thumbprint_parse(struct zta_text text,
                                     struct zta_sha256 *digest) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a shared function ends, and the clear text that goes with a failure.
 * "Not found" is never a success with NULL, and never an I/O error.
 */
#ifndef ZTA_BASE_STATUS_H
#define ZTA_BASE_STATUS_H

#include <stdarg.h>

#define ZTA_MUST_CHECK        __attribute__((warn_unused_result))
#define ZTA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum zta_status {
#define ZTA_STATUS(name, text) ZTA_##name,
#include "shared/base/status.def"
#undef ZTA_STATUS
};

/* Text of a failure for a person: what was found, what was expected. Caller's storage. */
struct zta_error {
    enum zta_status status;
    char text[512];
};

/* Short English of a status ("not found"); never NULL. */
const char *zta_status_text(enum zta_status status);

/* Fills *error (may be NULL) and returns status: a caller writes `return zta_error_set(...)`. */
enum zta_status zta_error_set(struct zta_error *error, enum zta_status status, const char *fmt, ...)
    ZTA_PRINTF(3, 4);

#endif

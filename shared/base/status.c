/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of statuses and errors. */
#include "shared/base/status.h"

#include <stdio.h>

const char *zta_status_text(enum zta_status status)
{
    switch (status) {
#define ZTA_STATUS(name, text)                                                                     \
    case ZTA_##name:                                                                               \
        return text;
#include "shared/base/status.def"
#undef ZTA_STATUS
    }
    return "unknown status";
}

enum zta_status zta_error_set(struct zta_error *error, enum zta_status status, const char *fmt, ...)
{
    if (error == NULL) {
        return status;
    }
    va_list args;
    va_start(args, fmt);
    error->status = status;
    (void)vsnprintf(error->text, sizeof(error->text), fmt, args);
    va_end(args);
    return status;
}

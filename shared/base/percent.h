/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as the value of a header, so that it can be read back: printable ASCII, every other
 * byte, blanks, '%' and the separator of a list as % and two upper-case hex digits (RFC 3986
 * section 2.1). What decodes percent-encoding gives the text as it was.
 */
#ifndef ZTA_BASE_PERCENT_H
#define ZTA_BASE_PERCENT_H

#include "shared/base/bytes.h"

/* Bytes that a text of len takes at most. */
#define ZTA_PERCENT_LEN(len) (3 * (len))

/* Into out, which has room for ZTA_PERCENT_LEN; how many. separator: '\0' where it is no list. */
size_t zta_percent_encode(struct zta_text text, char separator, char *out);

#endif

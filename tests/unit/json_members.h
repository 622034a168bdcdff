/* SPDX-License-Identifier: Apache-2.0 */
/* An object of JSON from a table of members, with one of them changed. */
#ifndef ZTA_TESTS_JSON_MEMBERS_H
#define ZTA_TESTS_JSON_MEMBERS_H

#include <stddef.h>

#include "tests/unit/jose_sign.h"

struct member {
    const char *name; /* NULL: of a change that there is none */
    const char *raw;  /* JSON; NULL: it is not there */
};

/* The change replaces the member of its name, or comes behind them. */
void members_print(const struct member *members, size_t n, const struct member *change,
                   char out[JOSE_TEXT_MAX]);

#endif

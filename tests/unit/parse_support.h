/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the rule parser share: good texts, and faults with their places. */
#ifndef ZTA_TESTS_PARSE_SUPPORT_H
#define ZTA_TESTS_PARSE_SUPPORT_H

#include "shared/rules/parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As the one source "rules.zta". */
enum zta_status parse_support_parse(struct zta_text text, struct zta_rules_ast **ast,
                                    struct zta_rules_error *error) ZTA_MUST_CHECK;
/* Fails the test unless it parses. */
struct zta_rules_ast *parse_support_good(const char *text);
void assert_text(struct zta_text actual, const char *expected);

struct fault {
    const char *text;
    uint32_t line;
    uint32_t column;
    const char *found;
    const char *expected; /* a part of it */
    const char *nearest;  /* NULL: none */
};

#define FAULT(rules, at_line, at_column, was, wanted, near)                                        \
    {                                                                                              \
        .text = (rules), .line = (at_line), .column = (at_column), .found = (was),                 \
        .expected = (wanted), .nearest = (near)                                                    \
    }

void assert_fault(const struct fault *fault, struct zta_text text);
void assert_faults(const struct fault *faults, size_t n);

#endif

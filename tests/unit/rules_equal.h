/* SPDX-License-Identifier: Apache-2.0 */
/* Equality of parsed rules in all but their places, for tests and fuzz targets. */
#ifndef ZTA_TESTS_RULES_EQUAL_H
#define ZTA_TESTS_RULES_EQUAL_H

#include <stdbool.h>

#include "shared/rules/ast.h"

bool rules_equal(const struct zta_rules_ast *a, const struct zta_rules_ast *b);

#endif

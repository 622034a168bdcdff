/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule that says what a filter says: conditions of requests as rules know them. What only
 * describes how requests ended is kept as a note, for a rule cannot ask for it.
 */
#ifndef TUI_RULE_FROM_H
#define TUI_RULE_FROM_H

#include <stdbool.h>

#include "shared/base/bytes.h"

/*
 * Appends the text of a deny or limit rule with the conditions of a filter of events or sessions.
 * False, and nothing is appended: no term of it is a condition.
 */
bool tui_rule_from_filter(struct zta_text filter, bool is_limit, struct zta_buffer *out);
/* The same without conditions: they are still to be written. */
void tui_rule_blank(bool is_limit, struct zta_buffer *out);

#endif

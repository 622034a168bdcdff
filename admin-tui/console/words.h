/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the `:` line: views and actions by their names, from the same tables as keys, and the
 * commands of ztactl.
 */
#ifndef TUI_WORDS_H
#define TUI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/command.h"
#include "admin-tui/console/keys.h"

#define TUI_WORD_SIZE 24
#define TUI_WORDS_ALL 192 /* more than there are */

struct tui_word {
    char name[TUI_WORD_SIZE]; /* lower case, '-' between its parts */
    bool is_view;
    size_t view; /* its number */
    enum tui_action action;
    const struct ctl_command *command; /* NULL: none; then it is a view or an action */
};

/*
 * Words that begin with the first `len` bytes of text, in the order of the tables; one alone when
 * it is that very word. Returns how many.
 */
size_t tui_words_find(const char *text, size_t len, struct tui_word out[TUI_WORDS_ALL]);

#endif

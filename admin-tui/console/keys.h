/* SPDX-License-Identifier: Apache-2.0 */
/* What a key means: the table of keys.def. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/console/term.h"

enum tui_action {
    TUI_ACTION_NONE = 0,
#define TUI_KEY(action, key, other, function, label, group, help) TUI_ACTION_##action,
#include "admin-tui/console/keys.def"
#undef TUI_KEY
    TUI_N_ACTIONS
};

enum tui_key_group {
    TUI_GROUP_MOVE = 0,
    TUI_GROUP_LOOK,
    TUI_GROUP_CHANGE,
    TUI_GROUP_OTHER,
    TUI_N_GROUPS
};

struct tui_key_row {
    enum tui_action action;
    int key;
    int other;    /* 0: none */
    int function; /* likewise */
    const char *label;
    enum tui_key_group group;
    const char *help;
};

/* NONE for a key that means nothing. */
enum tui_action tui_key_action(int key);
/* Row i of the table; NULL behind the last. */
const struct tui_key_row *tui_key_at(size_t i);
/* What the action does. */
const char *tui_key_help(enum tui_action action);
/* Does a key with this meaning begin a change? */
bool tui_key_changes(enum tui_action action);
const char *tui_key_group_name(enum tui_key_group group);

#endif

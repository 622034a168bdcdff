/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up keys. */
#include "admin-tui/console/keys.h"

static const struct tui_key_row rows[] = {
#define TUI_KEY(upper, code, second, third, text, part, words)                                     \
    {                                                                                              \
        .action = TUI_ACTION_##upper,                                                              \
        .key = (code),                                                                             \
        .other = (second),                                                                         \
        .function = (third),                                                                       \
        .label = (text),                                                                           \
        .group = TUI_GROUP_##part,                                                                 \
        .help = (words),                                                                           \
    },
#include "admin-tui/console/keys.def"
#undef TUI_KEY
};

enum {
    N_ROWS = sizeof rows / sizeof rows[0]
};

enum tui_action tui_key_action(int key)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct tui_key_row *row = &rows[i];
        if (key != 0 && (row->key == key || row->other == key || row->function == key)) {
            return rows[i].action;
        }
    }
    return TUI_ACTION_NONE;
}

const struct tui_key_row *tui_key_at(size_t i)
{
    return i < N_ROWS ? &rows[i] : NULL;
}

const char *tui_key_help(enum tui_action action)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].action == action) {
            return rows[i].help;
        }
    }
    return "";
}

bool tui_key_changes(enum tui_action action)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].action == action) {
            return rows[i].group == TUI_GROUP_CHANGE;
        }
    }
    return false;
}

const char *tui_key_group_name(enum tui_key_group group)
{
    static const char *const names[TUI_N_GROUPS] = {
        [TUI_GROUP_MOVE] = "Moving",
        [TUI_GROUP_LOOK] = "Looking",
        [TUI_GROUP_CHANGE] = "Changing",
        [TUI_GROUP_OTHER] = "Else",
    };
    return names[group];
}

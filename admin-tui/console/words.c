/* SPDX-License-Identifier: Apache-2.0 */
/* Names made of what stands in the tables. */
#include "admin-tui/console/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/view.h"

static const struct {
    const char *name; /* as in keys.def */
    enum tui_action action;
} actions[] = {
#define TUI_KEY(upper, code, second, third, text, part, words)                                     \
    {.name = #upper, .action = TUI_ACTION_##upper},
#include "admin-tui/console/keys.def"
#undef TUI_KEY
};

enum {
    N_ACTIONS = sizeof actions / sizeof actions[0]
};

static void name_word(struct tui_word *word, const char *name)
{
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < sizeof word->name; i++) {
        word->name[i] = name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
    }
    word->name[i] = '\0';
}

/* Word i of all, views first, commands last; false behind the last. */
static bool word_at(size_t i, struct tui_word *word)
{
    size_t n_views = 0;
    while (tui_view_at(n_views) != NULL) {
        n_views++;
    }
    if (i < n_views) {
        *word = (struct tui_word){.is_view = true, .view = i};
        name_word(word, tui_view_at(i)->name);
        return true;
    }
    if (i - n_views < N_ACTIONS) {
        *word = (struct tui_word){.action = actions[i - n_views].action};
        name_word(word, actions[i - n_views].name);
        return true;
    }
    const struct ctl_command *command = ctl_command_at(i - n_views - N_ACTIONS);
    if (command == NULL) {
        return false;
    }
    *word = (struct tui_word){.command = command};
    (void)snprintf(word->name, sizeof word->name, "%s", command->words);
    return true;
}

size_t tui_words_find(const char *text, size_t len, struct tui_word out[TUI_WORDS_ALL])
{
    struct tui_word word;
    size_t n = 0;
    for (size_t i = 0; n < TUI_WORDS_ALL && word_at(i, &word); i++) {
        if (strncmp(word.name, text, len) != 0) {
            continue;
        }
        if (word.name[len] == '\0') {
            out[0] = word;
            return 1;
        }
        out[n++] = word;
    }
    return n;
}

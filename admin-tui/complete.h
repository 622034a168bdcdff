/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand next on a command line, for shells and for the console's `:` line alike: words of
 * commands, options, and values from the store. It reads a bounded part of the store, whatever that
 * holds: a key press waits for it.
 */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/store/env.h"

#define CTL_CHOICES_MAX      256
#define CTL_CHOICE_TEXT_SIZE 320
#define CTL_CHOICE_HELP_SIZE 96

struct ctl_choice {
    char text[CTL_CHOICE_TEXT_SIZE]; /* in place of the whole last word; without quotes */
    char help[CTL_CHOICE_HELP_SIZE]; /* "": none */
    bool is_open;                    /* more belongs to the word: no blank behind it */
};

struct ctl_choices {
    struct ctl_choice all[CTL_CHOICES_MAX];
    size_t n;
    bool is_cut;    /* there are more than these */
    bool has_files; /* the name of a file may stand there */
};

/*
 * words: those behind "ztactl"; the last one is being typed, and "" when it has not begun. Without
 * a store (NULL), or with one that cannot be read, values that it would have are left out. All that
 * is offered is free of controls, quotes and backslashes, but may have blanks.
 */
void ctl_complete(struct zta_store *store, char *const *words, size_t n_words,
                  struct ctl_choices *choices);

/* Where the store is that these words are about: --store, else what the environment says. */
const char *ctl_complete_store_dir(char *const *words, size_t n_words);

#endif

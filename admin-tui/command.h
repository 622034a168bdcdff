/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and what one gets to work with. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/access.h"
#include "admin-tui/options.h"
#include "shared/store/env.h"

/* Design section 9; scripts rely on these. */
enum ctl_exit {
    CTL_DONE = 0,
    CTL_FAILED,   /* failed, or not found */
    CTL_USAGE,    /* the command line is wrong */
    CTL_STORE,    /* the store cannot be used */
    CTL_CONFLICT, /* busy, exists already, or refused by a guard */
};

enum ctl_access {
    CTL_ACCESS_NONE = 0, /* opens no store by itself */
    CTL_ACCESS_ROOT,     /* keeps root, finds the store closed */
    CTL_ACCESS_READ,
    CTL_ACCESS_WRITE,
};

#define CTL_ANY ((size_t)-1) /* arguments without bound */

#define CTL_STORE_DEFAULT "/var/lib/zta"

struct ctl {
    const struct ctl_command *command;
    struct ctl_options options;
    char *const *arguments; /* behind the command's own words */
    size_t n_arguments;
    const char *dir;
    struct zta_store *store; /* READ and WRITE; else NULL */
    const char *answers;     /* lines that were typed to what it asks; NULL: nobody was asked */
    struct ctl_actor actor;
    bool
        is_console; /* what a guard wants typed is told behind CTL_ANSWER, for the console to ask */
    bool tells_progress; /* on stderr, though it is no terminal: who reads it asked for it */
};

#define CTL_COMMAND_WORDS 3 /* that name one, at most */

typedef enum ctl_exit (*ctl_command_fn)(struct ctl *ctl);

struct ctl_command {
    ctl_command_fn run;
    const char *words; /* "keys create" */
    const char *arguments;
    size_t least;
    size_t most;
    enum ctl_access access;
    uint64_t options;
    const char *summary;
    const char *description;
};

/* Row i of the table; NULL behind the last. */
const struct ctl_command *ctl_command_at(size_t i);
/*
 * The command that the first words name, and how many words that took. NULL: there is none;
 * *nearest is then the words of a command that may have been meant, or NULL.
 */
const struct ctl_command *ctl_command_find(char *const *words, size_t n_words, size_t *n_taken,
                                           const char **nearest);

/* The arguments with a blank between them: a filter. */
void ctl_arguments_join(const struct ctl *ctl, struct zta_buffer *out);
/* The store's directory: the one given, else that of the environment, else the usual one. */
const char *ctl_store_dir(const char *given);
/* Becomes the store's owner and opens it (READ or WRITE); the store is the caller's to close. */
enum zta_status ctl_store_open(struct ctl *ctl, enum ctl_access access,
                               struct zta_error *error) ZTA_MUST_CHECK;

#define CTL_COMMAND(suffix, words, arguments, least, most, access, options, summary, description)  \
    enum ctl_exit ctl_run_##suffix(struct ctl *ctl);
#include "admin-tui/commands.def"
#undef CTL_COMMAND

#endif

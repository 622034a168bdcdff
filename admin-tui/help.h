/* SPDX-License-Identifier: Apache-2.0 */
/* Usage of commands, from their tables. */
#ifndef CTL_HELP_H
#define CTL_HELP_H

#include <stdbool.h>

#include "admin-tui/command.h"

/* True when commands begin with this word and none is it alone: "keys". */
bool ctl_help_topic(const char *word);
/* True when the command's words begin with these; there may be none. */
bool ctl_help_is_about(const struct ctl_command *command, char *const *words, size_t n);
/* All commands, or those that begin with the word. */
void ctl_help_list(const char *word);
void ctl_help_command(const struct ctl_command *command);
/* One line on standard error; returns CTL_USAGE. */
enum ctl_exit ctl_help_usage(const struct ctl_command *command);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion as shells ask for it: what their functions (ztactl completion) call, and those
 * functions. It prints nothing but choices, and says nothing of what goes wrong.
 */
#ifndef CTL_COMPLETE_SHELL_H
#define CTL_COMPLETE_SHELL_H

#include "admin-tui/command.h"

/* The first word of a command line that asks. */
#define CTL_COMPLETE_WORD "__complete"

/*
 * "words WORD...": choices for the last word, a line each: "word" or "open" (more belongs to it),
 * text and help, parted by tabs; "files" alone: names of files may stand there.
 * "bash LINE BREAKS": what COMPREPLY takes, for a line up to the cursor in the shell's own quoting
 * and the characters at which readline parts words; the first line is "word", "open" or "files".
 */
enum ctl_exit ctl_complete_for_shell(int argc, char **argv);

/* A line of a shell, taken apart as far as it goes. */
struct ctl_shell_line {
    char text[4096];
    char *words[256];
    size_t n;
    char quote;   /* that the last word stands in; NUL: none */
    size_t taken; /* bytes of the last word that readline counts to the words before */
};
/* False: it is longer than that. There is always a last word, which may be "". */
bool ctl_shell_line_split(const char *line, const char *breaks, struct ctl_shell_line *split);

#endif

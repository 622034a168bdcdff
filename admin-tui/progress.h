/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a command is that may take longer than a moment: one line on standard error that is
 * written over again and again. Only where somebody looks: a terminal, or the console, which makes
 * a bar of it.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/command.h"

struct ctl_progress {
    const char *words;
    int64_t begun_ns;
    int percent;   /* that was told last */
    bool is_shown; /* somebody looks */
    bool has_told;
};

/* The words are borrowed. */
void ctl_progress_begin(struct ctl_progress *progress, const struct ctl *ctl, const char *words);
void ctl_progress_tell(struct ctl_progress *progress, int percent);
/* Takes the line away. */
void ctl_progress_end(struct ctl_progress *progress);

#endif

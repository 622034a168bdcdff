/* SPDX-License-Identifier: Apache-2.0 */
/* "counting whom this hits:  37 %", as soon as it takes so long that people begin to wonder. */
#include "admin-tui/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "admin-tui/report.h"
#include "shared/base/clock.h"

#define TELL_FROM_NS INT64_C(300000000)

void ctl_progress_begin(struct ctl_progress *progress, const struct ctl *ctl, const char *words)
{
    *progress = (struct ctl_progress){
        .words = words,
        .begun_ns = zta_clock_monotonic_ns(),
        .percent = -1,
        .is_shown = ctl->tells_progress || (!ctl_is_json(ctl) && isatty(STDERR_FILENO) != 0),
    };
}

void ctl_progress_tell(struct ctl_progress *progress, int percent)
{
    if (!progress->is_shown || percent == progress->percent ||
        zta_clock_monotonic_ns() - progress->begun_ns < TELL_FROM_NS) {
        return;
    }
    progress->percent = percent;
    progress->has_told = true;
    (void)fprintf(stderr, "\r%s: %3d %%", progress->words, percent);
    (void)fflush(stderr);
}

void ctl_progress_end(struct ctl_progress *progress)
{
    if (progress->has_told) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}

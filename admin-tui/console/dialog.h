/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revoking, step by step: whom it hits is counted and shown, a reason asked for, more than one hit
 * confirmed by its number. Nothing changes before the last step, and Escape ends it at each.
 */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include <stdbool.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/model.h"
#include "admin-tui/console/prompt.h"

#define TUI_AHEAD_MAX 128

enum tui_dialog_step {
    TUI_DIALOG_CLOSED = 0,
    TUI_DIALOG_COUNTING, /* whom it hits, in parts; shown before and between */
    TUI_DIALOG_REASON,
    TUI_DIALOG_CONFIRM,
    TUI_DIALOG_UNDO, /* why what was revoked is taken back */
};

struct tui_dialog {
    enum tui_dialog_step step;
    struct tui_plan plan;
    struct tui_plan done; /* what was revoked last, to be taken back */
    bool can_undo;
    char reason[TUI_PROMPT_SIZE];
    struct tui_prompt prompt;
    int ahead[TUI_AHEAD_MAX]; /* keys that were typed while it counted */
    size_t n_ahead;
};

/* Over dialog->plan, which the caller has filled. */
void tui_dialog_begin(struct tui_dialog *dialog);
/* False: there is nothing to take back. */
bool tui_dialog_begin_undo(struct tui_dialog *dialog);
/*
 * After the dialog was shown: does what needs no key. True when it changed something to be shown;
 * *said is what to tell the user then, "" for nothing, is_complaint how.
 */
struct tui_dialog_said {
    char text[512]; /* not yet safe */
    bool is_complaint;
};
void tui_dialog_say(struct tui_dialog_said *said, bool is_complaint, const char *fmt, ...)
    ZTA_PRINTF(3, 4);
bool tui_dialog_go_on(struct tui_dialog *dialog, struct tui_model *model,
                      struct tui_dialog_said *said);
void tui_dialog_key(struct tui_dialog *dialog, struct tui_model *model, int key,
                    struct tui_dialog_said *said);
/* n_sessions: all there are, for how far the counting is. */
void tui_dialog_draw(const struct tui_area *area, const struct tui_dialog *dialog,
                     uint64_t n_sessions);

#endif

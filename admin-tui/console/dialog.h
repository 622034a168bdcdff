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

enum tui_dialog_step {
    TUI_DIALOG_CLOSED = 0,
    TUI_DIALOG_COUNTING, /* shown once before the counting, which may take a moment */
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
bool tui_dialog_go_on(struct tui_dialog *dialog, struct tui_model *model,
                      struct tui_dialog_said *said);
void tui_dialog_key(struct tui_dialog *dialog, struct tui_model *model, int key,
                    struct tui_dialog_said *said);
void tui_dialog_draw(const struct tui_area *area, const struct tui_dialog *dialog);

#endif

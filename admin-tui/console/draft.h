/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule that is being written: an editor, what the rules in force say to it while it is typed,
 * what it would do, and the steps until it is in force. Everything is asked of ztactl's own
 * commands (rules show, rules check --live, rules add), each in a process of its own. Nothing that
 * was typed is lost before it is in force or given up.
 */
#ifndef TUI_DRAFT_H
#define TUI_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/console/dialog.h"
#include "admin-tui/console/editor.h"
#include "admin-tui/console/feed.h"
#include "admin-tui/console/model.h"
#include "admin-tui/console/page.h"
#include "admin-tui/console/prompt.h"
#include "admin-tui/console/shell.h"

#define TUI_DRAFT_WARNINGS_MAX 8

enum tui_draft_step {
    TUI_DRAFT_CLOSED = 0,
    TUI_DRAFT_READING, /* the rule as it is */
    TUI_DRAFT_TYPING,
    TUI_DRAFT_TRYING,   /* what it would do is being found out */
    TUI_DRAFT_REASON,   /* that is shown, and this is asked: why, */
    TUI_DRAFT_LIFETIME, /* for how long, */
    TUI_DRAFT_CONFIRM,  /* and whether it takes itself back */
    TUI_DRAFT_APPLYING,
    TUI_DRAFT_ANSWER,  /* what a guard asks */
    TUI_DRAFT_REFUSED, /* why, until a key */
    TUI_DRAFT_LEAVING, /* whether the text may be lost */
};

/* What is said of a line; 0: of none. */
struct tui_draft_word {
    size_t line;
    size_t column;
    char text[400]; /* safe */
};

struct tui_draft {
    enum tui_draft_step step;
    char title[96];   /* safe */
    char origin[256]; /* where it stands now; "": it is new; safe */
    char rule[256];   /* that is edited; "": a new one */
    struct tui_editor editor;
    uint64_t opened;      /* revision that the editor began with */
    size_t first_line;    /* where the cursor begins */
    struct tui_feed feed; /* rules show, then rules check */
    uint64_t policy_txn;  /* when it was begun last */
    uint64_t checking;    /* revision that is checked */
    uint64_t checked;     /* that was */
    bool is_good;
    struct tui_draft_word fault;
    struct tui_draft_word warnings[TUI_DRAFT_WARNINGS_MAX];
    size_t n_warnings;
    char standing[400]; /* what a good one does to what is there; safe */
    uint64_t base;      /* version of live rules that it was begun on; */
    bool has_base;      /* known */
    uint64_t in_force;  /* version now */
    bool is_trial_due;  /* as soon as it is checked */
    struct tui_shell shell;
    struct tui_page page; /* what it would do, or why not */
    struct tui_prompt prompt;
    char reason[TUI_PROMPT_SIZE];
    char lifetime[32]; /* "permanent", or a duration */
    char confirm[32];  /* "": it stays */
    char answers[256]; /* lines */
    uint64_t written;  /* the action that put it into force, until somebody took note; 0: none */
};

/* On a rule by its name; it is read first. */
void tui_draft_edit(struct tui_draft *draft, const char *rule);
/* A new one of that text; the cursor stands in that line (from 1) behind its words. */
void tui_draft_write(struct tui_draft *draft, const char *title, const char *text, size_t line);
void tui_draft_close(struct tui_draft *draft);

/* Behind each key: takes what commands printed, and begins those that are due. True: it shows. */
bool tui_draft_go_on(struct tui_draft *draft, const struct tui_model *model,
                     struct tui_dialog_said *said);
void tui_draft_key(struct tui_draft *draft, const struct tui_model *model, int key,
                   struct tui_dialog_said *said);

/* draft_draw.c */
void tui_draft_draw(const struct tui_area *area, struct tui_draft *draft);
/* The line below: what is asked, or what keys there are. */
void tui_draft_footer(const struct tui_area *area, const struct tui_draft *draft);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What keys, the mouse and the command line do alike. */
#ifndef TUI_APP_PRIV_H
#define TUI_APP_PRIV_H

#include "admin-tui/console/app.h"

/* Where one goes (app_go.c). */
/* To a view, noted in the history, with its own filter; closes what is open over it. */
void tui_app_go_to(struct tui_app *app, size_t i);
/* As a jump says; noted in the trail. */
void tui_app_jump(struct tui_app *app, const struct tui_jump *jump);
void tui_app_go_in_history(struct tui_app *app, bool is_back);
/* Back to where a jump began; false: none led here. */
bool tui_app_leave_jump(struct tui_app *app);
/* Selects and opens the row that one came for, as soon as it is there. */
void tui_app_arrive(struct tui_app *app);
/* What the operator filters by is the view's own. */
void tui_app_note_filter(struct tui_app *app);
/* `o`: to what the row is about, or the menu of it. */
void tui_app_go_related(struct tui_app *app);
void tui_app_copy(struct tui_app *app);
void tui_app_choose_copy(struct tui_app *app);
/* A copy that a command prints is taken when it is there. True: something looks different. */
bool tui_app_go_on_copying(struct tui_app *app);
/* What was chosen from the menu. */
void tui_app_chosen(struct tui_app *app);
/* The selected row; false, and a complaint: there is none. */
bool tui_app_row(struct tui_app *app, struct tui_row *row);

/* Closes what stands over the view. */
void tui_app_close_page(struct tui_app *app);
/* In the list of the view, if it has one; an open page follows the row that is selected. */
void tui_app_move_in_list(struct tui_app *app, enum tui_action action);

/* Links of the open page (app_links.c). */
/* Puts them below its text, unless they are there. */
void tui_app_link_page(struct tui_app *app);
/* Chooses the next one or the one before; false: there is none. */
bool tui_app_next_link(struct tui_app *app, bool is_back);
/* As it was when the page was left. */
void tui_app_choose_link(struct tui_app *app, size_t link);
/* Goes where the chosen one leads; false: none is chosen. */
bool tui_app_follow_link(struct tui_app *app);

/* What somebody waits for (app_running.c). */
struct tui_running {
    char words[64];
    int percent; /* -1: not known */
    int64_t ns;  /* for so long */
};
/* False: nothing, or not long enough to be said. */
bool tui_app_running(const struct tui_app *app, struct tui_running *running);
/* True from time to time, while there is something: its bar has moved. */
bool tui_app_running_moves(struct tui_app *app);
/* Ends what stands on no page; false: there is nothing. */
bool tui_app_stop_running(struct tui_app *app);

/* What a key or a command means. */
void tui_app_do(struct tui_app *app, enum tui_action action, int key);
/* Searching (app_search.c). */
/* The next hit of what is searched for. */
void tui_app_search(struct tui_app *app, bool is_back);
/* From here on, as it is typed; false: there is nothing to search. */
bool tui_app_search_begin(struct tui_app *app);
void tui_app_search_typed(struct tui_app *app);
/* is_cancelled: back to where it began. */
void tui_app_search_end(struct tui_app *app, bool is_cancelled);

/* The `:` line (app_command.c). True: the key was for it: Tab completes, Up and Down go back. */
bool tui_app_command_key(struct tui_app *app, int key);
/* The next choice of what may stand at the end of the line, or the one before (completing.c). */
void tui_app_complete(struct tui_app *app, bool is_back);
void tui_app_complete_end(struct tui_app *app);
/* Puts a line there; NULL: an empty one. */
void tui_app_command_open(struct tui_app *app, const char *line, enum tui_proposal proposal);
/* Runs a line that changes nothing. */
void tui_app_command_look(struct tui_app *app, const char *line);
/* Behind the end of what ran: a line that was tried is there again, to be run. */
void tui_app_command_ended(struct tui_app *app);
/* What a guard wanted typed was typed, or something else. */
void tui_app_answered(struct tui_app *app);
/* That action was done last from here: `u` takes it back; 0: nothing that can be. */
void tui_app_did(struct tui_app *app, uint64_t action_id);
/* Proposes to take back what was done last; false: nothing was. */
bool tui_app_undo_last(struct tui_app *app);
/* What the line says. False: it is to be put right. */
bool tui_app_command(struct tui_app *app);

/* D and L (app_rule.c): opens the editor on a rule from what is looked at. */
void tui_app_write_rule(struct tui_app *app, bool is_limit);

#endif

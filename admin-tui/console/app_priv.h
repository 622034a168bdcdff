/* SPDX-License-Identifier: Apache-2.0 */
/* What keys, the mouse and the command line do alike. */
#ifndef TUI_APP_PRIV_H
#define TUI_APP_PRIV_H

#include "admin-tui/console/app.h"

/* To a view, noted in the history; closes what is open over it. */
void tui_app_go_to(struct tui_app *app, size_t i);
/* In the list of the view, if it has one; an open page follows the row that is selected. */
void tui_app_move_in_list(struct tui_app *app, enum tui_action action);

/* What a key or a command means. */
void tui_app_do(struct tui_app *app, enum tui_action action, int key);
/* The next hit of what is searched for. */
void tui_app_search(struct tui_app *app, bool is_back);

/* The `:` line (app_command.c). True: the key was for it: Tab completes, Up and Down go back. */
bool tui_app_command_key(struct tui_app *app, int key);
/* Puts a line there; NULL: an empty one. */
void tui_app_command_open(struct tui_app *app, const char *line, enum tui_proposal proposal);
/* Runs a line that changes nothing. */
void tui_app_command_look(struct tui_app *app, const char *line);
/* Behind the end of what ran: a line that was tried is there again, to be run. */
void tui_app_command_ended(struct tui_app *app);
/* What the line says. False: it is to be put right. */
bool tui_app_command(struct tui_app *app);

#endif

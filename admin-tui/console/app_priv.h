/* SPDX-License-Identifier: Apache-2.0 */
/* What keys and the mouse do alike. */
#ifndef TUI_APP_PRIV_H
#define TUI_APP_PRIV_H

#include "admin-tui/console/app.h"

/* To a view, noted in the history; closes what is open over it. */
void tui_app_go_to(struct tui_app *app, size_t i);
/* In the list of the view, if it has one; an open page follows the row that is selected. */
void tui_app_move_in_list(struct tui_app *app, enum tui_action action);

#endif

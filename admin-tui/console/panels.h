/* SPDX-License-Identifier: Apache-2.0 */
/* Panels of the Overview that need the model alone. */
#ifndef TUI_PANELS_H
#define TUI_PANELS_H

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/model.h"

/* Where what is enforced, and below it the health of server and store. */
void tui_panel_state(const struct tui_model *model, const struct tui_area *area);
/* The latest refusals of the tail, the newest on top. */
void tui_panel_latest(const struct tui_model *model, const struct tui_area *area);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl without a command, on a terminal. */
#ifndef TUI_CONSOLE_H
#define TUI_CONSOLE_H

#include "admin-tui/command.h"

/* Until the user leaves or a signal asks to end. Opens and closes the store of ctl->dir. */
enum ctl_exit tui_console_run(struct ctl *ctl);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console on a store of its own, for one test program: 300 requests, seven sessions, an API key
 * that an operator made. Keys go in, the canvas comes out as text.
 */
#ifndef TESTS_UNIT_CONSOLE_FIXTURE_H
#define TESTS_UNIT_CONSOLE_FIXTURE_H

#include <stdint.h>

#include "admin-tui/console/app.h"

#define SCREEN_SIZE 65536

extern struct tui_model *model;
extern struct tui_app app;
extern struct tui_canvas canvas;
extern int64_t now_ns;
extern char screen[SCREEN_SIZE]; /* as drawn last */

/* The console on a store that is there, as "tester"; fails the test if it does not open. */
void open_console(const char *dir);
void close_console(void);
extern bool is_clock_running; /* it is shown as of now, not of now_ns */

/* Group set-up and tear-down. */
int open_filled(void **state);
int close_filled(void **state);

/* The screen as text, a line a row. */
const char *draw(int width, int height);
/* Each character is a key; "\r" is Enter. */
void press(const char *keys);
void assert_shows(const char *text);
/* At 120x35: what commands print comes when it comes. */
void draw_until(const char *text);
/* Line of the screen that the user stands on, below the header; -1: none. */
int selected_row(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One line that the user types. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/keys.h"

#define TUI_PROMPT_SIZE 1024

enum tui_prompt_end {
    TUI_PROMPT_GOES_ON = 0,
    TUI_PROMPT_DONE,      /* Enter: text is the answer */
    TUI_PROMPT_CANCELLED, /* Escape */
};

struct tui_prompt {
    bool is_open;
    char label[96];
    char text[TUI_PROMPT_SIZE]; /* UTF-8 */
    size_t len;
    size_t cursor; /* byte */
};

/* text: what stands there already; NULL: nothing. */
void tui_prompt_open(struct tui_prompt *prompt, const char *label, const char *text);
/* DONE and CANCELLED close it. */
enum tui_prompt_end tui_prompt_key(struct tui_prompt *prompt, int key);
/* The character of a key as UTF-8, and its bytes; 0: it is none. */
size_t tui_prompt_encode(int key, char out[4]);
/* In the first line of the area; the part around the cursor when the text is longer. */
void tui_prompt_draw(const struct tui_area *area, const struct tui_prompt *prompt);

#endif

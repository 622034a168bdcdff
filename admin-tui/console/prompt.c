/* SPDX-License-Identifier: Apache-2.0 */
/* Editing UTF-8 a character at a time. */
#include "admin-tui/console/prompt.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    CONTROL_U = 'u' - 96,
    CONTROL_A = 'a' - 96,
    CONTROL_E = 'e' - 96,
    CONTROL_W = 'w' - 96,
};

void tui_prompt_open(struct tui_prompt *prompt, const char *label, const char *text)
{
    prompt->is_open = true;
    (void)snprintf(prompt->label, sizeof prompt->label, "%s", label);
    (void)snprintf(prompt->text, sizeof prompt->text, "%s", text == NULL ? "" : text);
    prompt->len = prompt->cursor = strlen(prompt->text);
}

static bool is_inner(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct tui_prompt *prompt, size_t at)
{
    while (at > 0 && is_inner(prompt->text[--at])) {
    }
    return at;
}

static size_t behind(const struct tui_prompt *prompt, size_t at)
{
    while (at < prompt->len && is_inner(prompt->text[++at])) {
    }
    return at;
}

static void cut(struct tui_prompt *prompt, size_t from, size_t to)
{
    memmove(prompt->text + from, prompt->text + to, prompt->len - to + 1);
    prompt->len -= to - from;
    prompt->cursor = from;
}

size_t tui_prompt_encode(int key, char out[4])
{
    if (key < ' ' || key == TUI_KEY_BACKSPACE || key >= TUI_KEY_UP) {
        return 0;
    }
    uint32_t code = (uint32_t)key;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; code >>= 6) {
        out[i] = (char)(0x80 | (code & 0x3f));
    }
    out[0] = (char)(lead[n] | code);
    return zta_utf8_len(out, n) == n ? n : 0;
}

static void insert(struct tui_prompt *prompt, int key)
{
    char bytes[4];
    size_t n = tui_prompt_encode(key, bytes);
    if (n == 0 || prompt->len + n >= sizeof prompt->text) {
        return;
    }
    memmove(prompt->text + prompt->cursor + n, prompt->text + prompt->cursor,
            prompt->len - prompt->cursor + 1);
    memcpy(prompt->text + prompt->cursor, bytes, n);
    prompt->len += n;
    prompt->cursor += n;
}

static size_t word_before(const struct tui_prompt *prompt)
{
    size_t at = prompt->cursor;
    while (at > 0 && prompt->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && prompt->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

enum tui_prompt_end tui_prompt_key(struct tui_prompt *prompt, int key)
{
    switch (key) {
    case TUI_KEY_ENTER:
        prompt->is_open = false;
        return TUI_PROMPT_DONE;
    case TUI_KEY_ESCAPE:
        prompt->is_open = false;
        return TUI_PROMPT_CANCELLED;
    case TUI_KEY_LEFT:
        prompt->cursor = before(prompt, prompt->cursor);
        break;
    case TUI_KEY_RIGHT:
        prompt->cursor = behind(prompt, prompt->cursor);
        break;
    case TUI_KEY_HOME:
    case CONTROL_A:
        prompt->cursor = 0;
        break;
    case TUI_KEY_END:
    case CONTROL_E:
        prompt->cursor = prompt->len;
        break;
    case TUI_KEY_BACKSPACE:
        cut(prompt, before(prompt, prompt->cursor), prompt->cursor);
        break;
    case TUI_KEY_DELETE:
        cut(prompt, prompt->cursor, behind(prompt, prompt->cursor));
        break;
    case CONTROL_U:
        cut(prompt, 0, prompt->cursor);
        break;
    case CONTROL_W:
        cut(prompt, word_before(prompt), prompt->cursor);
        break;
    default:
        insert(prompt, key);
    }
    return TUI_PROMPT_GOES_ON;
}

void tui_prompt_draw(const struct tui_area *area, const struct tui_prompt *prompt)
{
    struct tui_area line = tui_area_part(area, 0, 0, -1, 1);
    tui_fill(&line, TUI_ROLE_TEXT);
    int x = tui_print(&line, 0, 0, TUI_ROLE_KEY, "%s ", prompt->label);
    struct tui_area room = tui_area_part(&line, x, 0, -1, 1);
    size_t from = 0;
    struct zta_text head = {.data = prompt->text, .len = prompt->cursor};
    while (head.len > 0 && tui_text_width(head) >= room.width) {
        from = behind(prompt, from);
        head = (struct zta_text){.data = prompt->text + from, .len = prompt->cursor - from};
    }
    int at = tui_put(&room, 0, 0, TUI_ROLE_STRONG, head);
    size_t end = behind(prompt, prompt->cursor);
    bool is_last = prompt->cursor >= prompt->len;
    struct zta_text under = {.data = is_last ? " " : prompt->text + prompt->cursor,
                             .len = is_last ? 1 : end - prompt->cursor};
    int next = tui_put(&room, at, 0, TUI_ROLE_CURSOR, under);
    (void)tui_put(&room, next, 0, TUI_ROLE_STRONG,
                  (struct zta_text){.data = prompt->text + end, .len = prompt->len - end});
}

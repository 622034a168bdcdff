/* SPDX-License-Identifier: Apache-2.0 */
/* Completion as of shells: as far as it is clear, then one choice after the other. */
#include "admin-tui/console/completing.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/complete_shell.h"
#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/words.h"

#define LABEL ":"

enum {
    SHOWN_MAX = 8, /* choices at a time */
    BOX_FRAME = 2,
    BOX_SIDES = 4,
    HELP_GAP = 2,
    WIDTH_LEAST = 32,
};

/* One more that is a view's or a key's name, unless a command has it too. */
static void add_word(struct ctl_choices *choices, const struct tui_word *word)
{
    const struct zta_text name = zta_text_of(word->name);
    for (size_t i = 0; i < choices->n; i++) {
        if (strcmp(choices->all[i].text, word->name) == 0) {
            return;
        }
    }
    if (choices->n < CTL_CHOICES_MAX) {
        struct ctl_choice *choice = &choices->all[choices->n++];
        *choice = (struct ctl_choice){.is_open = false};
        memcpy(choice->text, name.data, name.len + 1);
        (void)snprintf(choice->help, sizeof choice->help, "%s",
                       word->is_view ? "view" : tui_key_help(word->action));
    }
}

/* What may stand in the place of the last word, and what stands in front of it. */
static bool gather(struct tui_app *app)
{
    static struct ctl_shell_line split; /* too large for a stack */
    static struct tui_word words[TUI_WORDS_ALL];
    struct tui_completing *completing = &app->completing;
    struct tui_prompt *prompt = &app->prompt;
    char text[TUI_PROMPT_SIZE];
    (void)snprintf(text, sizeof text, "%.*s", (int)prompt->cursor, prompt->text);
    if (!ctl_shell_line_split(text, "", &split) || split.n == 0) {
        return false;
    }
    ctl_complete(app->model->ctl->store, split.words, split.n, &completing->choices);
    if (split.n == 1) {
        const char *typed = split.words[0];
        const size_t n = tui_words_find(typed, strlen(typed), words);
        for (size_t i = 0; i < n; i++) {
            if (words[i].command == NULL) {
                add_word(&completing->choices, &words[i]);
            }
        }
    }
    /* The last word begins behind the last blank that is in no quotes. */
    size_t begin = 0;
    char quote = '\0';
    for (size_t i = 0; text[i] != '\0'; i++) {
        quote = quote == '\0' && (text[i] == '\'' || text[i] == '"') ? text[i]
                : quote == text[i]                                   ? '\0'
                                                                     : quote;
        begin = quote == '\0' && text[i] == ' ' ? i + 1 : begin;
    }
    (void)snprintf(completing->line, sizeof completing->line, "%.*s", (int)begin, text);
    completing->chosen = completing->choices.n;
    completing->top = 0;
    return true;
}

/* The line with this text in the place of its last word. */
static void put(struct tui_app *app, const char *text, size_t len, bool is_open)
{
    char line[TUI_PROMPT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, line, sizeof line);
    zta_buffer_string(&out, app->completing.line);
    const bool has_blank = memchr(text, ' ', len) != NULL;
    zta_buffer_string(&out, has_blank ? "'" : "");
    zta_buffer_append(&out, text, len);
    zta_buffer_string(&out, has_blank && !is_open ? "'" : "");
    zta_buffer_string(&out, is_open ? "" : " ");
    if (!out.is_overflowed) {
        tui_prompt_open(&app->prompt, LABEL, line);
    }
}

static size_t common_of(const struct ctl_choices *choices)
{
    size_t len = strlen(choices->all[0].text);
    for (size_t i = 1; i < choices->n; i++) {
        size_t same = 0;
        while (same < len && choices->all[i].text[same] == choices->all[0].text[same]) {
            same++;
        }
        len = same;
    }
    return len;
}

static void begin(struct tui_app *app)
{
    struct tui_completing *completing = &app->completing;
    const struct ctl_choices *choices = &completing->choices;
    if (!gather(app) || choices->n == 0) {
        tui_complain(&app->desk, "%s",
                     choices->has_files ? "a file's name stands there"
                                        : "nothing that is known begins so");
        return;
    }
    const struct ctl_choice *first = &choices->all[0];
    if (choices->n == 1) {
        put(app, first->text, strlen(first->text), first->is_open);
        return;
    }
    completing->is_open = true;
    const size_t common = common_of(choices);
    const size_t typed = app->prompt.cursor - strlen(completing->line);
    if (common > typed) {
        put(app, first->text, common, true);
    }
}

void tui_app_complete(struct tui_app *app, bool is_back)
{
    struct tui_completing *completing = &app->completing;
    const size_t n = completing->choices.n;
    if (!completing->is_open) {
        begin(app);
        return;
    }
    completing->chosen =
        is_back ? (completing->chosen + n) % (n + 1) : (completing->chosen + 1) % (n + 1);
    if (completing->chosen == n) {
        completing->chosen = is_back ? n - 1 : 0;
    }
    const struct ctl_choice *choice = &completing->choices.all[completing->chosen];
    put(app, choice->text, strlen(choice->text), choice->is_open);
}

void tui_app_complete_end(struct tui_app *app)
{
    app->completing.is_open = false;
}

void tui_completing_draw(const struct tui_area *area, struct tui_completing *completing)
{
    const struct ctl_choices *choices = &completing->choices;
    int width[2] = {0, 0};
    if (!completing->is_open || area->height <= BOX_FRAME) {
        return;
    }
    int shown = choices->n < SHOWN_MAX ? (int)choices->n : SHOWN_MAX;
    shown = shown > area->height - BOX_FRAME ? area->height - BOX_FRAME : shown;
    if (completing->chosen < choices->n) {
        const size_t least =
            completing->chosen + 1 < (size_t)shown ? 0 : completing->chosen + 1 - (size_t)shown;
        completing->top = completing->top < least                ? least
                          : completing->top > completing->chosen ? completing->chosen
                                                                 : completing->top;
    }
    for (size_t i = 0; i < choices->n; i++) {
        const int text = tui_text_width(zta_text_of(choices->all[i].text));
        const int help = tui_text_width(zta_text_of(choices->all[i].help));
        width[0] = text > width[0] ? text : width[0];
        width[1] = help > width[1] ? help : width[1];
    }
    int whole = width[0] + width[1] + HELP_GAP + BOX_SIDES;
    whole = whole < WIDTH_LEAST ? WIDTH_LEAST : whole;
    struct tui_area box = tui_area_part(area, 0, area->height - shown - BOX_FRAME,
                                        whole < area->width ? whole : area->width, -1);
    char title[48];
    (void)snprintf(title, sizeof title, "%zu%s, Tab chooses", choices->n,
                   choices->is_cut ? " and more" : "");
    struct tui_area inside = tui_boxed(&box, title);
    for (int y = 0; y < shown; y++) {
        const size_t i = completing->top + (size_t)y;
        struct tui_area line = tui_area_part(&inside, 0, y, -1, 1);
        (void)tui_put(&line, 0, 0, TUI_ROLE_KEY, zta_text_of(choices->all[i].text));
        (void)tui_put(&line, width[0] + HELP_GAP, 0, TUI_ROLE_DIM,
                      zta_text_of(choices->all[i].help));
        if (i == completing->chosen) {
            tui_select_row(&line, 0);
        }
    }
}

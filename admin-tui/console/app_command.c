/* SPDX-License-Identifier: Apache-2.0 */
/* The `:` line: views and actions by name, and every command of ztactl. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/words.h"

#define LABEL ":"

/* The command whose words the line begins with; NULL: none. */
static const struct ctl_command *command_of(const char *line)
{
    const struct ctl_command *found = NULL;
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        const struct ctl_command *command = ctl_command_at(i);
        const size_t len = strlen(command->words);
        if (strncmp(line, command->words, len) == 0 && line[len] == ' ' &&
            (found == NULL || len > strlen(found->words))) {
            found = command;
        }
    }
    return found;
}

/* ---- lines that were run ---- */

/* The one before or behind it that begins as what was typed. */
static void recall(struct tui_app *app, bool is_older)
{
    const struct tui_history *history = &app->history;
    if (app->line == history->n) {
        (void)snprintf(app->typed, sizeof app->typed, "%s", app->prompt.text);
    }
    const size_t i = tui_history_find(history, app->line, is_older, app->typed, strlen(app->typed));
    if (i == history->n && (is_older || app->line == history->n)) {
        return;
    }
    app->line = i;
    tui_prompt_open(&app->prompt, LABEL, i < history->n ? history->lines[i] : app->typed);
}

bool tui_app_command_key(struct tui_app *app, int key)
{
    switch (key) {
    case TUI_KEY_TAB:
    case TUI_KEY_BACK_TAB:
        tui_app_complete(app, key == TUI_KEY_BACK_TAB);
        return true;
    case TUI_KEY_UP:
    case TUI_KEY_DOWN:
        tui_app_complete_end(app);
        recall(app, key == TUI_KEY_UP);
        return true;
    case TUI_KEY_ESCAPE:
        /* Out of the choices first. */
        if (app->completing.is_open) {
            tui_app_complete_end(app);
            return true;
        }
        return false;
    default:
        tui_app_complete_end(app);
        return false;
    }
}

/* ---- running ---- */

void tui_app_command_open(struct tui_app *app, const char *line, enum tui_proposal proposal)
{
    app->asking = TUI_ASKING_COMMAND;
    app->line = app->history.n;
    app->typed[0] = '\0';
    tui_app_complete_end(app);
    app->proposal = proposal;
    tui_prompt_open(&app->prompt, LABEL, line);
}

/* The page stands over the view; what was open there is closed. */
static bool run(struct tui_app *app, const char *line)
{
    struct zta_error error = {.status = ZTA_OK};
    struct tui_page *page = &app->desk.page;
    char whole[TUI_PROMPT_SIZE + 16];
    app->running = TUI_PROPOSAL_NONE;
    (void)snprintf(whole, sizeof whole, "%s%s", line,
                   app->proposal == TUI_PROPOSAL_TRIAL ? " --dry-run" : "");
    if (tui_shell_start(&app->shell, app->model->ctl, whole, page, &error) != ZTA_OK) {
        tui_complain(&app->desk, "%s", error.text);
        return false;
    }
    app->running = app->proposal;
    (void)snprintf(app->tried, sizeof app->tried, "%s", line);
    app->is_help = false;
    return true;
}

void tui_app_command_look(struct tui_app *app, const char *line)
{
    app->proposal = TUI_PROPOSAL_NONE;
    (void)run(app, line);
}

void tui_app_command_ended(struct tui_app *app)
{
    char line[TUI_PROMPT_SIZE];
    const bool is_trial = app->running == TUI_PROPOSAL_TRIAL;
    const bool is_guarded = app->shell.code == CTL_CONFLICT && strstr(app->tried, "--yes") == NULL;
    if (app->running == TUI_PROPOSAL_NONE || !app->desk.page.is_open) {
        return;
    }
    app->running = TUI_PROPOSAL_NONE;
    (void)snprintf(line, sizeof line, "%.*s%s", (int)sizeof line - 8, app->tried,
                   is_guarded ? " --yes" : "");
    if (is_guarded) {
        tui_app_command_open(app, line, TUI_PROPOSAL_CHANGE);
        tui_say(&app->desk, "a guard holds it back, as told above; Enter does it all the same");
    }
    else if (is_trial && app->shell.code == CTL_DONE) {
        tui_app_command_open(app, line, TUI_PROPOSAL_CHANGE);
        tui_say(&app->desk, "nothing is done yet; Enter does it, Esc leaves it");
    }
    else if (is_trial) {
        tui_app_command_open(app, line, TUI_PROPOSAL_TRIAL);
        tui_complain(&app->desk, "to be put right; the page above says why");
    }
}

/* A view or an action, and what follows its name. */
static bool do_word(struct tui_app *app, const struct tui_word *word, const char *rest)
{
    struct tui_view *view = &app->views[app->current];
    if (word->is_view) {
        tui_app_go_to(app, word->view);
        return true;
    }
    if (word->action == TUI_ACTION_FILTER && *rest != '\0' && view->ops->set_filter != NULL) {
        return view->ops->set_filter(view, rest);
    }
    if (word->action == TUI_ACTION_SEARCH && *rest != '\0') {
        (void)snprintf(app->searched, sizeof app->searched, "%s", rest);
        tui_app_search(app, false);
        return true;
    }
    tui_app_do(app, word->action, TUI_KEY_NONE);
    return true;
}

/* The one view or action that the word begins or is; false: none, or several. */
static bool find_word(struct tui_app *app, const char *text, size_t len, struct tui_word *word)
{
    struct tui_word words[TUI_WORDS_ALL];
    const size_t n = len == 0 ? 0 : tui_words_find(text, len, words);
    if (n == 1) {
        *word = words[0];
        return true;
    }
    tui_complain(&app->desk,
                 n == 0 ? "no command '%.*s'; Tab shows them all"
                        : "'%.*s' begins several commands; Tab shows them",
                 (int)len, text);
    return false;
}

bool tui_app_command(struct tui_app *app)
{
    char line[TUI_PROMPT_SIZE];
    char whole[TUI_PROMPT_SIZE + TUI_WORD_SIZE];
    struct tui_word word;
    (void)snprintf(line, sizeof line, "%s", app->prompt.text + strspn(app->prompt.text, " "));
    for (size_t end = strlen(line); end > 0 && line[end - 1] == ' '; end--) {
        line[end - 1] = '\0';
    }
    const size_t len = strcspn(line, " ");
    const char *rest = line + len + strspn(line + len, " ");
    if (len == 0) {
        return true;
    }
    tui_history_add(&app->history, line);
    (void)snprintf(whole, sizeof whole, "%s ", line);
    const struct ctl_command *command = command_of(whole);
    /* "undo" is the key's, "undo 17" the command's. */
    if (command != NULL && (*rest != '\0' || strchr(command->words, ' ') != NULL)) {
        return run(app, line);
    }
    if (!find_word(app, line, len, &word)) {
        return false;
    }
    if (word.command == NULL) {
        return do_word(app, &word, rest);
    }
    (void)snprintf(whole, sizeof whole, "%s%s%s", word.command->words, *rest == '\0' ? "" : " ",
                   rest);
    return run(app, whole);
}

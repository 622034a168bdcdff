/* SPDX-License-Identifier: Apache-2.0 */
/* The `:` line: views and actions by name, and every command of ztactl. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/words.h"
#include "admin-tui/hits.h"

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

/* The line for one of the marks, or as it is where it is about none; false: it is too long. */
static bool make_line(const struct tui_app *app, const char *line, char out[TUI_PROMPT_SIZE])
{
    const char *at = strstr(line, TUI_MARKED);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, TUI_PROMPT_SIZE);
    if (at == NULL || app->n_done >= app->desk.marks.n) {
        zta_buffer_string(&buffer, line);
    }
    else {
        zta_buffer_append(&buffer, line, (size_t)(at - line));
        tui_put_quoted(&buffer, zta_text_of(app->desk.marks.ids[app->n_done]));
        zta_buffer_string(&buffer, at + sizeof TUI_MARKED - 1);
    }
    zta_buffer_string(&buffer, app->proposal == TUI_PROPOSAL_TRIAL ? " --dry-run" : "");
    return !buffer.is_overflowed;
}

static bool is_about_marks(const struct tui_app *app, const char *line)
{
    return strstr(line, TUI_MARKED) != NULL && app->desk.marks.n > 0;
}

/* The line, or its part about the mark that is next. */
static bool start(struct tui_app *app, const char *line, bool is_more)
{
    struct zta_error error = {.status = ZTA_OK};
    static struct tui_shell_words words; /* too large for a stack */
    struct tui_page *page = &app->desk.page;
    char whole[TUI_PROMPT_SIZE];
    if (!make_line(app, line, whole)) {
        tui_complain(&app->desk, "the line is too long");
        return false;
    }
    enum zta_status status = tui_shell_split(whole, &words, &error);
    if (status == ZTA_OK) {
        words.given.answers = app->answers;
        words.given.is_more = is_more;
        status = tui_shell_run(&app->shell, app->model->ctl, &words, page, &error);
    }
    if (status != ZTA_OK) {
        tui_complain(&app->desk, "%s", error.text);
        return false;
    }
    tui_shell_name(&app->shell, whole, page);
    return true;
}

/* The page stands over the view; what was open there is closed. */
static bool run(struct tui_app *app, const char *line)
{
    app->running = TUI_PROPOSAL_NONE;
    app->n_done = 0;
    app->answers[0] = '\0';
    if (!start(app, line, false)) {
        return false;
    }
    app->running = app->proposal;
    (void)snprintf(app->tried, sizeof app->tried, "%.*s", (int)sizeof app->tried - 1, line);
    app->is_help = false;
    return true;
}

void tui_app_command_look(struct tui_app *app, const char *line)
{
    app->proposal = TUI_PROPOSAL_NONE;
    (void)run(app, line);
}

/* ---- its end ---- */

/* The next of the marks; false: that was the last, or something failed. */
static bool go_on_with_marks(struct tui_app *app)
{
    if (app->shell.code != CTL_DONE || !is_about_marks(app, app->tried) ||
        ++app->n_done >= app->desk.marks.n) {
        return false;
    }
    app->proposal = app->running;
    return start(app, app->tried, true);
}

static void ask_answer(struct tui_app *app, const char *answer, size_t len)
{
    char label[sizeof app->answer + 32];
    (void)snprintf(app->answer, sizeof app->answer, "%.*s", (int)len, answer);
    (void)snprintf(label, sizeof label, "type %s to do it:", app->answer);
    app->asking = TUI_ASKING_ANSWER;
    tui_prompt_open(&app->prompt, label, NULL);
}

/* The last place of the page that has the text, behind it; NULL: none. */
static const char *last_behind(const struct tui_page *page, const char *text)
{
    const char *found = NULL;
    for (const char *at = strstr(page->text, text); at != NULL; at = strstr(at + 1, text)) {
        found = at + strlen(text);
    }
    return found;
}

void tui_app_did(struct tui_app *app, uint64_t action_id)
{
    app->undoable = action_id;
    app->desk.dialog.can_undo = false;
}

/* What the line did is what `u` takes back. */
static void note_action(struct tui_app *app)
{
    static const char undone[] = "undo";
    char line[TUI_PROMPT_SIZE + 1];
    (void)snprintf(line, sizeof line, "%s ", app->tried);
    const struct ctl_command *command = command_of(line);
    if (command == NULL || (command->options & CTL_SET(REASON)) == 0) {
        return;
    }
    const char *at = last_behind(&app->desk.page, ", action ");
    uint64_t id = 0;
    if (at == NULL ||
        zta_text_to_u64((struct zta_text){.data = at, .len = strspn(at, "0123456789")}, UINT64_MAX,
                        &id) != ZTA_OK) {
        return;
    }
    tui_app_did(app, strncmp(app->tried, undone, sizeof undone - 1) == 0 ? 0 : id);
}

static void try_was_good(struct tui_app *app)
{
    char number[24];
    if (is_about_marks(app, app->tried) && app->desk.marks.n > 1) {
        (void)snprintf(number, sizeof number, "%zu", app->desk.marks.n);
        ask_answer(app, number, strlen(number));
        return;
    }
    tui_app_command_open(app, app->tried, TUI_PROPOSAL_CHANGE);
    tui_say(&app->desk, "nothing is done yet; Enter does it, Esc leaves it");
}

void tui_app_command_ended(struct tui_app *app)
{
    const bool is_trial = app->running == TUI_PROPOSAL_TRIAL;
    if (!app->desk.page.is_open || go_on_with_marks(app)) {
        return;
    }
    app->running = TUI_PROPOSAL_NONE;
    const char *answer =
        app->shell.code == CTL_CONFLICT ? last_behind(&app->desk.page, " Type ") : NULL;
    const char *end = answer == NULL ? NULL : strstr(answer, CTL_ASK_END);
    if (end != NULL) {
        ask_answer(app, answer, (size_t)(end - answer));
    }
    else if (is_trial && app->shell.code == CTL_DONE) {
        try_was_good(app);
    }
    else if (is_trial) {
        tui_app_command_open(app, app->tried, TUI_PROPOSAL_TRIAL);
        tui_complain(&app->desk, "to be put right; the page above says why");
    }
    else if (app->shell.code == CTL_DONE) {
        note_action(app);
    }
}

void tui_app_answered(struct tui_app *app)
{
    const size_t len = strlen(app->answers);
    if (strcmp(app->prompt.text, app->answer) != 0) {
        tui_complain(&app->desk, "that was not %s: nothing was changed", app->answer);
        return;
    }
    (void)snprintf(app->answers + len, sizeof app->answers - len, "%s\n", app->answer);
    /* Marks that were done are done; the number of all of them begins with the first. */
    const bool is_first = app->n_done >= app->desk.marks.n;
    app->n_done = is_first ? 0 : app->n_done;
    app->proposal = TUI_PROPOSAL_CHANGE;
    if (start(app, app->tried, !is_first && app->n_done > 0)) {
        app->running = TUI_PROPOSAL_CHANGE;
    }
}

bool tui_app_undo_last(struct tui_app *app)
{
    char line[48];
    if (app->undoable == 0) {
        return false;
    }
    (void)snprintf(line, sizeof line, "undo %" PRIu64 " --reason=", app->undoable);
    tui_app_command_open(app, line, TUI_PROPOSAL_TRIAL);
    return true;
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
    if (word->action == TUI_ACTION_THEME && *rest != '\0') {
        const bool is_one = tui_theme_find(rest, &app->theme);
        if (!is_one) {
            tui_complain(&app->desk, "no theme '%s'; dark, light, high-contrast, monochrome", rest);
        }
        return is_one;
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

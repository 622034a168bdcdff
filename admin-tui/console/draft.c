/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a rule that is written, and the commands behind them. */
#include "admin-tui/console/draft.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/hits.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"

enum {
    CONTROL_S = 's' - 96,
    REASON_MAX = 1000, /* bytes */
    ANSWER_ROOM = 32,
    TERM_MAX = sizeof((struct tui_draft *)NULL)->lifetime - 1, /* of a duration as it is typed */
};

#define LIFETIME_USUAL "1h" /* of what is written in a hurry */
#define PERMANENT      "permanent"

/* ---- opening ---- */

static void begin(struct tui_draft *draft, const char *title)
{
    tui_draft_close(draft);
    draft->checked = draft->checking = 0;
    draft->is_good = draft->has_base = draft->is_trial_due = false;
    draft->fault.text[0] = draft->standing[0] = draft->origin[0] = draft->rule[0] = '\0';
    draft->n_warnings = 0;
    draft->reason[0] = draft->confirm[0] = draft->answers[0] = '\0';
    (void)snprintf(draft->lifetime, sizeof draft->lifetime, "%s", LIFETIME_USUAL);
    (void)snprintf(draft->title, sizeof draft->title, "%s", title);
}

static void open_editor(struct tui_draft *draft, struct zta_text text, size_t line)
{
    tui_editor_open(&draft->editor, text);
    tui_editor_go_to(&draft->editor, line, SIZE_MAX);
    draft->opened = draft->editor.revision;
    draft->step = TUI_DRAFT_TYPING;
}

void tui_draft_edit(struct tui_draft *draft, const char *rule)
{
    struct zta_buffer title;
    begin(draft, "");
    zta_buffer_init(&title, draft->title, sizeof draft->title);
    zta_buffer_string(&title, "Edit rule ");
    tui_format_foreign(&title, zta_text_of(rule));
    (void)snprintf(draft->rule, sizeof draft->rule, "%s", rule);
    draft->step = TUI_DRAFT_READING;
}

void tui_draft_write(struct tui_draft *draft, const char *title, const char *text, size_t line)
{
    begin(draft, title);
    open_editor(draft, zta_text_of(text), line);
}

void tui_draft_close(struct tui_draft *draft)
{
    draft->step = TUI_DRAFT_CLOSED;
    tui_feed_close(&draft->feed);
    tui_shell_stop(&draft->shell);
    tui_editor_close(&draft->editor);
    draft->prompt.is_open = false;
}

/* ---- what it is now ---- */

static struct zta_text text_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}

static void put_member(struct zta_buffer *out, const json_t *object, const char *member)
{
    tui_format_foreign(out, text_of(object, member));
}

/* Where it stands, and what becomes of that. */
static void describe_origin(struct tui_draft *draft, const json_t *rule)
{
    const json_t *live = json_object_get(rule, "live");
    struct zta_buffer out;
    zta_buffer_init(&out, draft->origin, sizeof draft->origin);
    if (json_is_object(live)) {
        zta_buffer_string(&out, "live, by ");
        put_member(&out, live, "by");
        zta_buffer_string(&out, json_is_string(json_object_get(live, "until")) ? ", until " : "");
        put_member(&out, live, "until");
        (void)snprintf(draft->lifetime, sizeof draft->lifetime, "%s",
                       json_is_string(json_object_get(live, "until")) ? LIFETIME_USUAL : PERMANENT);
    }
    else {
        zta_buffer_string(&out, "over ");
        put_member(&out, rule, "file");
        zta_buffer_printf(
            &out, ":%" JSON_INTEGER_FORMAT ", which stays as it is and comes back when this ends",
            json_integer_value(json_object_get(rule, "line")));
    }
    if (json_is_object(json_object_get(rule, "live_mode"))) {
        zta_buffer_string(&out, "; its mode is ");
        put_member(&out, rule, "mode");
        zta_buffer_string(&out, " by an operator, whatever stands here");
    }
}

static void begin_reading(struct tui_draft *draft, const struct tui_model *model)
{
    char command[TUI_PROMPT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, command, sizeof command);
    zta_buffer_string(&out, "rules show ");
    ctl_quote(&out, zta_text_of(draft->rule));
    tui_feed_begin_with(&draft->feed, model->ctl, command, (struct zta_text){.data = NULL});
}

static bool go_on_reading(struct tui_draft *draft, const struct tui_model *model,
                          struct tui_dialog_said *said)
{
    json_t *rule = NULL;
    if (draft->feed.pid == 0) {
        begin_reading(draft, model);
    }
    if (draft->feed.pid != 0 && !tui_feed_go_on(&draft->feed, &rule)) {
        return false;
    }
    if (json_is_string(json_object_get(rule, "text"))) {
        describe_origin(draft, rule);
        open_editor(draft, text_of(rule, "text"), 1);
    }
    else {
        tui_dialog_say(said, true, "%s", draft->feed.fault);
        tui_draft_close(draft);
    }
    json_decref(rule);
    return true;
}

/* ---- what the rules in force say to it ---- */

static void begin_check(struct tui_draft *draft, const struct tui_model *model)
{
    draft->checking = draft->editor.revision;
    draft->policy_txn = model->health.policy_txn;
    tui_feed_begin_with(&draft->feed, model->ctl,
                        draft->rule[0] != '\0' ? "rules check --live --replace -"
                                               : "rules check --live -",
                        (struct zta_text){.data = draft->editor.text, .len = draft->editor.len});
}

static size_t number_of(const json_t *object, const char *member)
{
    const json_int_t value = json_integer_value(json_object_get(object, member));
    return value < 0 ? 0 : (size_t)value;
}

/* Without the name of the text and the place, which are shown beside it. */
static void take_word(struct tui_draft_word *word, const json_t *object, const char *member)
{
    struct zta_text text = text_of(object, member);
    struct zta_buffer out;
    char place[64];
    word->line = number_of(object, "line");
    word->column = number_of(object, "column");
    (void)snprintf(place, sizeof place, "-:%zu:%zu: ", word->line, word->column);
    if (zta_text_starts_with(text, zta_text_of(place))) {
        text.data += strlen(place);
        text.len -= strlen(place);
    }
    zta_buffer_init(&out, word->text, sizeof word->text);
    tui_format_foreign(&out, text);
}

static void take_warnings(struct tui_draft *draft, const json_t *warnings)
{
    const json_t *warning;
    size_t i;
    json_array_foreach(warnings, i, warning)
    {
        if (draft->n_warnings < TUI_DRAFT_WARNINGS_MAX) {
            take_word(&draft->warnings[draft->n_warnings++], warning, "text");
        }
    }
}

static void take_standing(struct tui_draft *draft, const json_t *result)
{
    const json_t *replaces = json_object_get(result, "replaces");
    const size_t n = number_of(result, "rules") + number_of(result, "lists");
    struct zta_buffer out;
    zta_buffer_init(&out, draft->standing, sizeof draft->standing);
    if (replaces == NULL) {
        zta_buffer_printf(&out, "good: %s", n == 1 ? "it is new" : "all of it is new");
        return;
    }
    zta_buffer_string(&out, "good: takes the place of ");
    put_member(&out, replaces, "kind");
    zta_buffer_string(&out, " ");
    put_member(&out, replaces, "name");
    zta_buffer_string(&out, " at ");
    put_member(&out, replaces, "file");
    zta_buffer_printf(&out, ":%zu", number_of(replaces, "line"));
    if (n > 1) {
        zta_buffer_printf(&out, "; %zu rules and lists in all", n);
    }
}

static void take_version(struct tui_draft *draft, const json_t *result)
{
    draft->in_force = number_of(result, "version");
    if (!draft->has_base) {
        draft->base = draft->in_force;
        draft->has_base = true;
    }
}

static void take_check(struct tui_draft *draft, const json_t *result)
{
    const json_t *word = json_object_get(result, "result");
    draft->checked = draft->checking;
    draft->n_warnings = 0;
    draft->fault.text[0] = '\0';
    draft->is_good = json_is_string(word) && strcmp(json_string_value(word), "good") == 0;
    if (draft->is_good) {
        take_version(draft, result);
        take_warnings(draft, json_object_get(result, "warnings"));
        take_standing(draft, result);
    }
    else if (json_is_object(result)) {
        take_word(&draft->fault, result, "error");
    }
    else {
        struct zta_buffer out;
        draft->fault.line = draft->fault.column = 0;
        zta_buffer_init(&out, draft->fault.text, sizeof draft->fault.text);
        tui_format_foreign(&out, zta_text_of(draft->feed.fault));
    }
}

static void try_it(struct tui_draft *draft, const struct tui_model *model,
                   struct tui_dialog_said *said);

static bool go_on_checking(struct tui_draft *draft, const struct tui_model *model,
                           struct tui_dialog_said *said)
{
    json_t *result = NULL;
    const bool is_old =
        draft->checked != draft->editor.revision || draft->policy_txn != model->health.policy_txn;
    if (draft->feed.pid == 0 && is_old) {
        begin_check(draft, model);
    }
    if (draft->feed.pid == 0 || !tui_feed_go_on(&draft->feed, &result)) {
        return false;
    }
    take_check(draft, result);
    json_decref(result);
    if (draft->is_trial_due && draft->checked == draft->editor.revision) {
        try_it(draft, model, said);
    }
    return true;
}

/* ---- what it would do, and doing it ---- */

/* rules add, with everything that is known so far. */
static void run_add(struct tui_draft *draft, const struct tui_model *model, bool is_trial)
{
    struct tui_shell_words words = {.n = 0};
    struct zta_error error = {.status = ZTA_OK};
    words.given.input = (struct zta_text){.data = draft->editor.text, .len = draft->editor.len};
    words.given.answers = draft->answers;
    tui_shell_add(&words, "rules");
    tui_shell_add(&words, "add");
    tui_shell_add(&words, "-");
    tui_shell_add(&words, "--base=%" PRIu64, draft->base);
    tui_shell_add(&words, "--reason=%s", is_trial ? "trial" : draft->reason);
    if (draft->rule[0] != '\0') {
        tui_shell_add(&words, "--replace");
    }
    if (strcmp(draft->lifetime, PERMANENT) == 0) {
        tui_shell_add(&words, "--permanent");
    }
    else {
        tui_shell_add(&words, "--for=%s", draft->lifetime);
    }
    if (is_trial) {
        tui_shell_add(&words, "--dry-run");
    }
    else if (draft->confirm[0] != '\0') {
        tui_shell_add(&words, "--confirm-within=%s", draft->confirm);
    }
    draft->prompt.is_open = false;
    draft->step = is_trial ? TUI_DRAFT_TRYING : TUI_DRAFT_APPLYING;
    if (tui_shell_run(&draft->shell, model->ctl, &words, &draft->page, &error) != ZTA_OK) {
        tui_page_open(&draft->page, "");
        tui_page_line(&draft->page, "", zta_text_of(error.text));
        draft->step = TUI_DRAFT_REFUSED;
    }
    draft->page.is_diff = true;
    (void)snprintf(draft->page.title, sizeof draft->page.title, "%s",
                   is_trial ? "What it would do" : "Into force");
}

static void try_it(struct tui_draft *draft, const struct tui_model *model,
                   struct tui_dialog_said *said)
{
    draft->is_trial_due = false;
    if (!draft->is_good) {
        tui_editor_go_to(&draft->editor, draft->fault.line == 0 ? 1 : draft->fault.line,
                         draft->fault.column);
        tui_dialog_say(said, true, "it cannot go into force as it is; below stands why");
        return;
    }
    if (draft->base != draft->in_force) {
        draft->base = draft->in_force;
        tui_dialog_say(
            said, true,
            "somebody else changed the rules meanwhile: this is against version %" PRIu64,
            draft->in_force);
    }
    draft->answers[0] = '\0';
    run_add(draft, model, true);
}

static void ask(struct tui_draft *draft, enum tui_draft_step step, const char *label,
                const char *text)
{
    draft->step = step;
    tui_prompt_open(&draft->prompt, label, text);
}

/* The last line that it printed. */
static struct zta_text last_line(const struct tui_page *page)
{
    size_t end = page->out.len;
    while (end > 0 && page->text[end - 1] == '\n') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && page->text[begin - 1] != '\n') {
        begin--;
    }
    return (struct zta_text){.data = page->text + begin, .len = end - begin};
}

/* "... Type 312 to go on:" becomes what is asked for. */
static bool ask_guard(struct tui_draft *draft)
{
    static const char type[] = "Type ";
    char label[96];
    const struct zta_text line = last_line(&draft->page);
    const size_t tail = strlen(CTL_ASK_END);
    if (draft->shell.code != CTL_CONFLICT || line.len < tail ||
        memcmp(line.data + line.len - tail, CTL_ASK_END, tail) != 0) {
        return false;
    }
    const char *at = line.data;
    for (const char *next = at; next + strlen(type) < line.data + line.len; next++) {
        at = strncmp(next, type, strlen(type)) == 0 ? next : at;
    }
    (void)snprintf(label, sizeof label, "%s%.*s", draft->answers[0] == '\0' ? "" : "not that. ",
                   (int)(line.data + line.len - at), at);
    ask(draft, TUI_DRAFT_ANSWER, label, NULL);
    return true;
}

static void finish(struct tui_draft *draft, struct tui_dialog_said *said)
{
    static const char added[] = "added, action ";
    const char *done = strstr(draft->page.text, added);
    const int len = done == NULL ? 0 : (int)strcspn(done, "\n");
    const char *id = done == NULL ? "" : done + sizeof added - 1;
    const struct zta_text number = {.data = id, .len = strspn(id, "0123456789")};
    if (zta_text_to_u64(number, UINT64_MAX, &draft->written) != ZTA_OK) {
        draft->written = 0;
    }
    tui_dialog_say(
        said, false, "%.*s: in force on the next request%s", len, done == NULL ? "" : done,
        draft->confirm[0] == '\0' ? "" : "; it takes itself back unless :rules confirm is given");
    tui_draft_close(draft);
}

static void trial_ended(struct tui_draft *draft)
{
    if (draft->shell.code == CTL_DONE) {
        draft->page.is_following = false;
        draft->page.top = 0;
        ask(draft, TUI_DRAFT_REASON, "why, Esc goes back:", draft->reason);
        return;
    }
    draft->step = TUI_DRAFT_REFUSED;
}

static bool go_on_running(struct tui_draft *draft, struct tui_dialog_said *said)
{
    const bool is_trial = draft->step == TUI_DRAFT_TRYING;
    const bool has_gone_on = tui_shell_go_on(&draft->shell, &draft->page);
    if (draft->shell.pid != 0) {
        return has_gone_on;
    }
    if (is_trial) {
        trial_ended(draft);
    }
    else if (draft->shell.code == CTL_DONE) {
        finish(draft, said);
    }
    else if (!ask_guard(draft)) {
        draft->step = TUI_DRAFT_REFUSED;
    }
    return true;
}

bool tui_draft_go_on(struct tui_draft *draft, const struct tui_model *model,
                     struct tui_dialog_said *said)
{
    switch (draft->step) {
    case TUI_DRAFT_READING:
        return go_on_reading(draft, model, said);
    case TUI_DRAFT_TYPING:
        return go_on_checking(draft, model, said);
    case TUI_DRAFT_TRYING:
    case TUI_DRAFT_APPLYING:
        return go_on_running(draft, said);
    case TUI_DRAFT_CLOSED:
    case TUI_DRAFT_REASON:
    case TUI_DRAFT_LIFETIME:
    case TUI_DRAFT_CONFIRM:
    case TUI_DRAFT_ANSWER:
    case TUI_DRAFT_REFUSED:
    case TUI_DRAFT_LEAVING:
        break;
    }
    return false;
}

/* ---- keys ---- */

static void go_back(struct tui_draft *draft, struct tui_dialog_said *said)
{
    draft->step = TUI_DRAFT_TYPING;
    draft->prompt.is_open = false;
    tui_dialog_say(said, false, "nothing was changed; the text is as it was");
}

static void leave(struct tui_draft *draft)
{
    if (draft->editor.revision == draft->opened) {
        tui_draft_close(draft);
        return;
    }
    ask(draft, TUI_DRAFT_LEAVING, "lose what was typed? yes, or Esc:", NULL);
}

static void key_while_typing(struct tui_draft *draft, const struct tui_model *model, int key,
                             struct tui_dialog_said *said)
{
    if (key == CONTROL_S || key == TUI_KEY_F2) {
        draft->is_trial_due = true;
        if (draft->checked == draft->editor.revision && draft->feed.pid == 0) {
            try_it(draft, model, said);
        }
    }
    else if (key == TUI_KEY_ESCAPE) {
        draft->editor.is_pasting = false; /* Escape is never pasted */
        leave(draft);
    }
    else if (!tui_editor_key(&draft->editor, key)) {
        tui_dialog_say(said, true,
                       "no key of the editor; ^S shows what the text would do, Esc leaves it");
    }
}

/* What an option takes, or is said to be none. */
static bool is_lifetime(const char *text)
{
    int64_t seconds;
    return strcmp(text, PERMANENT) == 0 ||
           (zta_duration_parse(zta_text_of(text), &seconds) == ZTA_OK && seconds > 0);
}

static void take_reason(struct tui_draft *draft)
{
    const size_t len = strlen(draft->prompt.text);
    if (len == 0 || len > REASON_MAX) {
        ask(draft, TUI_DRAFT_REASON,
            len == 0 ? "a reason is needed, Esc goes back:" : "shorter please:", NULL);
        return;
    }
    (void)snprintf(draft->reason, sizeof draft->reason, "%s", draft->prompt.text);
    ask(draft, TUI_DRAFT_LIFETIME, "for how long (30m, 1h, 7d, permanent):", draft->lifetime);
}

static void take_lifetime(struct tui_draft *draft)
{
    if (!is_lifetime(draft->prompt.text) || strlen(draft->prompt.text) >= sizeof draft->lifetime) {
        ask(draft, TUI_DRAFT_LIFETIME, "a duration such as 1h, or permanent:", draft->lifetime);
        return;
    }
    (void)snprintf(draft->lifetime, sizeof draft->lifetime, "%.*s", TERM_MAX, draft->prompt.text);
    ask(draft, TUI_DRAFT_CONFIRM,
        "take itself back unless confirmed within (5m; empty: no):", draft->confirm);
}

static void take_confirm(struct tui_draft *draft, const struct tui_model *model)
{
    const char *text = draft->prompt.text;
    const bool is_meant = text[0] == '\0' || (is_lifetime(text) && strcmp(text, PERMANENT) != 0);
    if (!is_meant || strlen(text) >= sizeof draft->confirm) {
        ask(draft, TUI_DRAFT_CONFIRM, "a duration such as 5m, or nothing:", NULL);
        return;
    }
    (void)snprintf(draft->confirm, sizeof draft->confirm, "%.*s", TERM_MAX, text);
    run_add(draft, model, false);
}

static void take_answer(struct tui_draft *draft, const struct tui_model *model)
{
    const size_t len = strlen(draft->answers);
    if (strlen(draft->prompt.text) < ANSWER_ROOM && len + ANSWER_ROOM < sizeof draft->answers) {
        (void)snprintf(draft->answers + len, sizeof draft->answers - len, "%.*s\n", ANSWER_ROOM - 1,
                       draft->prompt.text);
    }
    run_add(draft, model, false);
}

static void answer(struct tui_draft *draft, const struct tui_model *model,
                   struct tui_dialog_said *said)
{
    switch ((int)draft->step) {
    case TUI_DRAFT_REASON:
        take_reason(draft);
        break;
    case TUI_DRAFT_LIFETIME:
        take_lifetime(draft);
        break;
    case TUI_DRAFT_CONFIRM:
        take_confirm(draft, model);
        break;
    case TUI_DRAFT_ANSWER:
        take_answer(draft, model);
        break;
    default:
        if (strcmp(draft->prompt.text, "yes") == 0) {
            tui_draft_close(draft);
            tui_dialog_say(said, false, "nothing was changed");
            return;
        }
        go_back(draft, said);
    }
}

/* What scrolls the page while something is asked below it. */
static bool scroll(struct tui_draft *draft, int key)
{
    const enum tui_action action = key == TUI_KEY_UP          ? TUI_ACTION_UP
                                   : key == TUI_KEY_DOWN      ? TUI_ACTION_DOWN
                                   : key == TUI_KEY_PAGE_UP   ? TUI_ACTION_PAGE_UP
                                   : key == TUI_KEY_PAGE_DOWN ? TUI_ACTION_PAGE_DOWN
                                                              : TUI_ACTION_NONE;
    return action != TUI_ACTION_NONE && tui_page_move(&draft->page, action);
}

static void key_while_asked(struct tui_draft *draft, const struct tui_model *model, int key,
                            struct tui_dialog_said *said)
{
    if (scroll(draft, key)) {
        return;
    }
    switch (tui_prompt_key(&draft->prompt, key)) {
    case TUI_PROMPT_GOES_ON:
        break;
    case TUI_PROMPT_CANCELLED:
        go_back(draft, said);
        break;
    case TUI_PROMPT_DONE:
        answer(draft, model, said);
        break;
    }
}

void tui_draft_key(struct tui_draft *draft, const struct tui_model *model, int key,
                   struct tui_dialog_said *said)
{
    switch (draft->step) {
    case TUI_DRAFT_CLOSED:
        break;
    case TUI_DRAFT_READING:
        if (key == TUI_KEY_ESCAPE) {
            tui_draft_close(draft);
        }
        break;
    case TUI_DRAFT_TYPING:
        key_while_typing(draft, model, key, said);
        break;
    case TUI_DRAFT_TRYING:
        if (key == TUI_KEY_ESCAPE) {
            tui_shell_stop(&draft->shell);
            go_back(draft, said);
        }
        break;
    case TUI_DRAFT_APPLYING:
        break; /* it is being committed, or will be asked about */
    case TUI_DRAFT_REFUSED:
        if (!scroll(draft, key)) {
            go_back(draft, said);
        }
        break;
    case TUI_DRAFT_REASON:
    case TUI_DRAFT_LIFETIME:
    case TUI_DRAFT_CONFIRM:
    case TUI_DRAFT_ANSWER:
    case TUI_DRAFT_LEAVING:
        key_while_asked(draft, model, key, said);
        break;
    }
}

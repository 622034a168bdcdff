/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a revocation, and its box. */
#include "admin-tui/console/dialog.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/page.h"

enum {
    BOX_WIDTH = 76,
    BOX_SIDES = 2, /* more than a page has */
    BOX_FRAME = 3, /* lines of border and prompt, less the title that a page has */
    BOX_LEAST = 4,
    TARGETS_SHOWN = 4,
    REASON_MAX = 1000, /* bytes */
};

void tui_dialog_say(struct tui_dialog_said *said, bool is_complaint, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(said->text, sizeof said->text, fmt, arguments);
    va_end(arguments);
    said->is_complaint = is_complaint;
}

void tui_dialog_begin(struct tui_dialog *dialog)
{
    dialog->step = dialog->plan.n > 0 ? TUI_DIALOG_COUNTING : TUI_DIALOG_CLOSED;
    dialog->n_ahead = 0;
}

bool tui_dialog_begin_undo(struct tui_dialog *dialog)
{
    if (!dialog->can_undo) {
        return false;
    }
    dialog->step = TUI_DIALOG_UNDO;
    tui_prompt_open(&dialog->prompt, "take it back, because:", NULL);
    return true;
}

bool tui_dialog_go_on(struct tui_dialog *dialog, struct tui_model *model,
                      struct tui_dialog_said *said)
{
    struct zta_error error = {.status = ZTA_OK};
    if (dialog->step != TUI_DIALOG_COUNTING) {
        return false;
    }
    if (tui_plan_prepare(model, &dialog->plan, &error) != ZTA_OK) {
        dialog->step = TUI_DIALOG_CLOSED;
        tui_dialog_say(said, true, "%s", error.text);
        return true;
    }
    if (!dialog->plan.walk.is_done) {
        return true;
    }
    dialog->step = TUI_DIALOG_REASON;
    tui_prompt_open(&dialog->prompt, "reason:", NULL);
    for (size_t i = 0; i < dialog->n_ahead && dialog->step != TUI_DIALOG_CLOSED; i++) {
        tui_dialog_key(dialog, model, dialog->ahead[i], said);
    }
    return true;
}

/* The plan that can be taken back, whose records point into itself. */
static void keep_done(struct tui_dialog *dialog)
{
    dialog->can_undo = !dialog->plan.is_key;
    tui_plan_clear(&dialog->done);
    for (size_t i = 0; i < dialog->plan.n; i++) {
        struct ctl_target *target = &dialog->done.targets[i];
        const struct ctl_target *from = &dialog->plan.targets[i];
        *target = *from;
        struct zta_revocation *record = &target->record;
        record->issuer.data = from->record.issuer.data == NULL ? NULL : target->issuer;
        record->subject.data = from->record.subject.data == NULL ? NULL : target->subject;
        record->client.data = from->record.client.data == NULL ? NULL : target->client;
        record->apikey_id.data = from->record.apikey_id.data == NULL ? NULL : target->key_id;
    }
    memcpy(dialog->done.names, dialog->plan.names, sizeof dialog->done.names);
    dialog->done.n = dialog->plan.n;
}

static void revoke(struct tui_dialog *dialog, struct tui_model *model, struct tui_dialog_said *said)
{
    struct zta_error error = {.status = ZTA_OK};
    uint64_t id = 0;
    dialog->step = TUI_DIALOG_CLOSED;
    if (tui_plan_revoke(model, &dialog->plan, dialog->reason, &id, &error) != ZTA_OK) {
        tui_dialog_say(said, true, "nothing was changed: %s", error.text);
        return;
    }
    keep_done(dialog);
    tui_dialog_say(said, false, "revoked, action %" PRIu64 "%s", id,
                   dialog->can_undo ? "; u takes it back" : "; it cannot be undone");
}

static void undo(struct tui_dialog *dialog, struct tui_model *model, const char *reason,
                 struct tui_dialog_said *said)
{
    struct zta_error error = {.status = ZTA_OK};
    uint64_t id = 0;
    dialog->step = TUI_DIALOG_CLOSED;
    if (tui_plan_undo(model, &dialog->done, reason, &id, &error) != ZTA_OK) {
        tui_dialog_say(said, true, "not taken back: %s", error.text);
        return;
    }
    dialog->can_undo = false;
    tui_dialog_say(said, false, "taken back, action %" PRIu64, id);
}

/* What has to be typed: the number of hits where there is more than one. */
static void print_word(const struct tui_dialog *dialog, char *out, size_t size)
{
    if (dialog->plan.hits.n > 1) {
        (void)snprintf(out, size, "%" PRIu64, dialog->plan.hits.n);
    }
    else {
        (void)snprintf(out, size, "yes");
    }
}

static void answer(struct tui_dialog *dialog, struct tui_model *model, struct tui_dialog_said *said)
{
    char word[24];
    char label[64];
    const char *text = dialog->prompt.text;
    bool is_short = strlen(text) > REASON_MAX;
    print_word(dialog, word, sizeof word);
    if (dialog->step == TUI_DIALOG_CONFIRM) {
        if (strcmp(text, word) == 0) {
            revoke(dialog, model, said);
            return;
        }
        dialog->step = TUI_DIALOG_CLOSED;
        tui_dialog_say(said, true, "that was not %s: nothing was changed", word);
        return;
    }
    if (text[0] == '\0' || is_short) {
        tui_prompt_open(&dialog->prompt,
                        is_short ? "shorter please:" : "a reason is needed, Esc ends:", NULL);
        return;
    }
    if (dialog->step == TUI_DIALOG_UNDO) {
        undo(dialog, model, text, said);
        return;
    }
    (void)snprintf(dialog->reason, sizeof dialog->reason, "%s", text);
    (void)snprintf(label, sizeof label, "type %s to revoke:", word);
    dialog->step = TUI_DIALOG_CONFIRM;
    tui_prompt_open(&dialog->prompt, label, NULL);
}

void tui_dialog_key(struct tui_dialog *dialog, struct tui_model *model, int key,
                    struct tui_dialog_said *said)
{
    if (dialog->step == TUI_DIALOG_COUNTING && key != TUI_KEY_ESCAPE) {
        if (dialog->n_ahead < TUI_AHEAD_MAX) {
            dialog->ahead[dialog->n_ahead++] = key;
        }
        return;
    }
    switch (tui_prompt_key(&dialog->prompt, key)) {
    case TUI_PROMPT_GOES_ON:
        break;
    case TUI_PROMPT_CANCELLED:
        dialog->step = TUI_DIALOG_CLOSED;
        tui_dialog_say(said, false, "nothing was changed");
        break;
    case TUI_PROMPT_DONE:
        answer(dialog, model, said);
        break;
    }
}

/* ---- the box ---- */

static void describe_target(const struct tui_plan *plan, size_t i, struct tui_page *page)
{
    const struct ctl_target *target = &plan->targets[i];
    char text[1024];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    ctl_target_print(&target->record, &out);
    if (target->key_name[0] != '\0') {
        zta_buffer_printf(&out, " (%s)", target->key_name);
    }
    if (plan->names[i][0] != '\0') {
        zta_buffer_printf(&out, " of %s", plan->names[i]);
    }
    tui_page_line(page, i == 0 ? "revokes" : "", (struct zta_text){.data = text, .len = out.len});
}

static void describe_plan(const struct tui_plan *plan, struct tui_page *page)
{
    char hits[CTL_HITS_TEXT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, hits, sizeof hits);
    ctl_hits_print(&plan->hits, &out);
    tui_page_role(page, TUI_ROLE_WARN);
    tui_page_printf(page, "now", "%s", hits);
    for (size_t i = 0; i < plan->n && i < TARGETS_SHOWN; i++) {
        describe_target(plan, i, page);
    }
    if (plan->n > TARGETS_SHOWN) {
        tui_page_printf(page, "", "and %zu more", plan->n - TARGETS_SHOWN);
    }
    tui_page_printf(page, "means", "%s",
                    plan->is_key ? "The key is refused for good; this cannot be undone."
                                 : ctl_target_effect(&plan->targets[0].record));
}

static void describe(const struct tui_dialog *dialog, struct tui_page *page)
{
    tui_page_open(page, "");
    if (dialog->step != TUI_DIALOG_UNDO) {
        describe_plan(&dialog->plan, page);
        return;
    }
    for (size_t i = 0; i < dialog->done.n && i < TARGETS_SHOWN; i++) {
        describe_target(&dialog->done, i, page);
    }
    tui_page_printf(page, "means", "What was revoked is accepted again at once.");
}

static void draw_counting(const struct tui_area *area, const struct tui_plan *plan,
                          uint64_t n_sessions)
{
    const int percent = ctl_hits_percent(&plan->walk, n_sessions);
    (void)tui_print(area, 0, 0, TUI_ROLE_DIM, "counting whom this hits, %d %%; Esc ends it",
                    percent);
    tui_bar(area, 1, TUI_ROLE_CHART, percent / 100.0);
}

void tui_dialog_draw(const struct tui_area *area, const struct tui_dialog *dialog,
                     uint64_t n_sessions)
{
    static struct tui_page page; /* too large for a stack */
    bool is_undo = dialog->step == TUI_DIALOG_UNDO;
    int width = area->width < BOX_WIDTH ? area->width : BOX_WIDTH;
    int height = BOX_LEAST;
    if (dialog->step != TUI_DIALOG_COUNTING) {
        describe(dialog, &page);
        height = BOX_FRAME + tui_page_lines(&page, width - BOX_SIDES);
    }
    height = area->height < height ? area->height : height;
    struct tui_area box =
        tui_area_part(area, (area->width - width) / 2, (area->height - height) / 2, width, height);
    struct tui_area inside = tui_boxed(&box, is_undo ? "Take back" : "Revoke");
    if (dialog->step == TUI_DIALOG_COUNTING) {
        draw_counting(&inside, &dialog->plan, n_sessions);
        return;
    }
    struct tui_area text = tui_area_part(&inside, 0, 0, -1, inside.height - 2);
    tui_page_draw_text(&text, &page);
    struct tui_area line = tui_area_part(&inside, 0, inside.height - 1, -1, 1);
    tui_prompt_draw(&line, &dialog->prompt);
}

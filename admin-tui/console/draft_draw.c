/* SPDX-License-Identifier: Apache-2.0 */
/* A rule that is written, as it is shown. */
#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/console/draft.h"
#include "admin-tui/console/progress.h"
#include "shared/base/clock.h"

enum {
    BESIDE_WIDTH = 120, /* from which on what it would do stands beside the text */
    SAID_LINES = 6,     /* below the text, with their title */
    SAID_MORE = 10,     /* where it is high */
    HIGH = 40,
    LINE_ROOM = 9, /* "line 12  " */
};

/* One word on its lines, behind its place; returns the lines it took. */
static int put_word(const struct tui_area *area, int y, enum tui_role role,
                    const struct tui_draft_word *word)
{
    const struct tui_area room = tui_area_part(area, LINE_ROOM, y, -1, -1);
    if (y >= area->height) {
        return 0;
    }
    if (word->line > 0) {
        (void)tui_print(area, 0, y, TUI_ROLE_DIM, "line %zu", word->line);
    }
    return tui_put_wrapped(&room, role, zta_text_of(word->text));
}

static void draw_said(const struct tui_area *area, const struct tui_draft *draft)
{
    int y = 0;
    if (draft->has_base && draft->in_force != draft->base) {
        (void)tui_print(area, 0, y++, TUI_ROLE_WARN,
                        "somebody else changed the rules: version %" PRIu64
                        " is in force, this was begun on %" PRIu64,
                        draft->in_force, draft->base);
    }
    if (draft->checked == 0) {
        (void)tui_print(area, 0, y, TUI_ROLE_DIM, "looking at it");
        return;
    }
    if (!draft->is_good) {
        (void)put_word(area, y, TUI_ROLE_BAD, &draft->fault);
        return;
    }
    const struct tui_draft_word standing = {.line = 0};
    struct tui_draft_word good = standing;
    (void)snprintf(good.text, sizeof good.text, "%s", draft->standing);
    y += put_word(area, y, TUI_ROLE_GOOD, &good);
    for (size_t i = 0; i < draft->n_warnings; i++) {
        y += put_word(area, y, TUI_ROLE_WARN, &draft->warnings[i]);
    }
}

static size_t collect_marks(const struct tui_draft *draft,
                            struct tui_editor_mark marks[TUI_DRAFT_WARNINGS_MAX + 1])
{
    size_t n = 0;
    /* What was said of another text says nothing of the places of this one. */
    if (draft->checked != draft->editor.revision) {
        return 0;
    }
    if (!draft->is_good && draft->fault.line > 0) {
        marks[n++] = (struct tui_editor_mark){
            .line = draft->fault.line, .column = draft->fault.column, .role = TUI_ROLE_BAD};
    }
    for (size_t i = 0; draft->is_good && i < draft->n_warnings; i++) {
        marks[n++] =
            (struct tui_editor_mark){.line = draft->warnings[i].line, .role = TUI_ROLE_WARN};
    }
    return n;
}

static void draw_text(const struct tui_area *area, struct tui_draft *draft)
{
    struct tui_editor_mark marks[TUI_DRAFT_WARNINGS_MAX + 1];
    const size_t n_marks = collect_marks(draft, marks);
    struct tui_area below = tui_titled(area, draft->title);
    char place[48];
    struct tui_area top = tui_area_part(area, 0, 0, area->width - 1, 1);
    (void)snprintf(place, sizeof place, " line %zu of %zu ", tui_editor_line(&draft->editor),
                   tui_editor_lines(&draft->editor));
    (void)tui_put_right(&top, 0, TUI_ROLE_DIM, zta_text_of(place));
    int y = 0;
    if (draft->origin[0] != '\0') {
        struct tui_area line = tui_area_part(&below, 1, 0, below.width - 2, 1);
        (void)tui_put(&line, 0, 0, TUI_ROLE_DIM, zta_text_of(draft->origin));
        y = 1;
    }
    int said = below.height >= HIGH ? SAID_MORE : SAID_LINES;
    said = below.height - y - said < 3 ? below.height / 3 : said;
    struct tui_area text = tui_area_part(&below, 0, y, -1, below.height - y - said);
    tui_editor_draw(&text, &draft->editor, marks, n_marks);
    struct tui_area rest = tui_area_part(&below, 0, y + text.height, -1, -1);
    struct tui_area under = tui_titled(&rest, "Against the rules in force");
    struct tui_area inside = tui_area_part(&under, 1, 0, under.width - 2, -1);
    draw_said(&inside, draft);
}

static bool is_tried(const struct tui_draft *draft)
{
    return draft->step >= TUI_DRAFT_TRYING && draft->step <= TUI_DRAFT_REFUSED;
}

void tui_draft_draw(const struct tui_area *area, struct tui_draft *draft)
{
    tui_fill(area, TUI_ROLE_TEXT);
    if (draft->step == TUI_DRAFT_READING) {
        (void)tui_print(area, 1, 0, TUI_ROLE_DIM, "reading the rule");
        return;
    }
    if (!is_tried(draft)) {
        draw_text(area, draft);
        return;
    }
    struct tui_area page = *area;
    if (area->width >= BESIDE_WIDTH) {
        const int first = area->width * 2 / 5;
        struct tui_area text = tui_area_part(area, 0, 0, first - 1, -1);
        draw_text(&text, draft);
        for (int y = 0; y < area->height; y++) {
            (void)tui_put_glyph(area, first - 1, y, TUI_ROLE_BORDER, TUI_GLYPH_SIDE);
        }
        page = tui_area_part(area, first, 0, -1, -1);
    }
    tui_page_draw(&page, &draft->page);
}

/* Of what takes longer, how far it is. */
static void draw_trying(const struct tui_area *line, const struct tui_draft *draft)
{
    const int64_t ns = zta_clock_monotonic_ns() - draft->shell.begun_ns;
    const bool is_applying = draft->step == TUI_DRAFT_APPLYING;
    if (draft->shell.pid == 0 || ns < TUI_PROGRESS_FROM_NS) {
        (void)tui_print(line, 0, 0, TUI_ROLE_INFO, "%s",
                        is_applying ? "putting it into force"
                                    : "judging the last hour by it; Esc stops that");
        return;
    }
    tui_progress_draw(line,
                      is_applying ? "putting it into force" : "judging the last hour, Esc stops it",
                      draft->shell.percent, ns);
}

void tui_draft_footer(const struct tui_area *area, const struct tui_draft *draft)
{
    static const struct {
        const char *key;
        const char *word;
    } hints[] = {{"^S", "what it would do"}, {"Esc", "leave"},       {"^Y", "take back"},
                 {"^K", "cut line"},         {"Tab", "next column"}, {"^W", "cut word"}};
    struct tui_area room = tui_area_part(area, 1, 0, area->width - 2, 1);
    if (draft->prompt.is_open) {
        tui_prompt_draw(area, &draft->prompt);
        return;
    }
    if (draft->step == TUI_DRAFT_TRYING || draft->step == TUI_DRAFT_APPLYING) {
        draw_trying(&room, draft);
        return;
    }
    if (draft->step == TUI_DRAFT_REFUSED) {
        (void)tui_print(&room, 0, 0, TUI_ROLE_BAD,
                        "nothing was changed; a key goes back to the text");
        return;
    }
    int x = 0;
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        const int width = tui_text_width(zta_text_of(hints[i].key)) +
                          tui_text_width(zta_text_of(hints[i].word)) + 1;
        if (x + width <= room.width) {
            x = tui_put(&room, x, 0, TUI_ROLE_KEY, zta_text_of(hints[i].key));
            x = tui_put(&room, x + 1, 0, TUI_ROLE_DIM, zta_text_of(hints[i].word)) + 2;
        }
    }
}

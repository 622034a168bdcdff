/* SPDX-License-Identifier: Apache-2.0 */
/* The bars around a view, the note that something is wrong, and the help. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/format.h"
#include "admin-tui/console/listing.h"
#include "admin-tui/console/progress.h"
#include "shared/base/clock.h"

enum {
    TAB_SIZE = 48,     /* a name in the header, NUL included */
    TAB_FRAME = 4,     /* its number and the blanks around it */
    SHORT_FRAME = 2,   /* the same of a name that is cut: a blank before its number */
    NUMBERED = 10,     /* views that have a key of their own */
    SERVER_WIDTH = 11, /* at the least of what stands at the right */
    DOT_ROOM = 3,      /* before what stands at the right: a blank, a dot, a blank */
    CLOCK_WIDTH = 23,  /* of all of it */
    FAULT_LINES = 3,   /* of what is wrong with the store, at the most */
    BEHIND_S = 10,     /* so long it is said */
    CRUMB_GAP = 3,     /* " > " */
    TRAIL_LEAST = 5,   /* lines of a view that has room for one more above it */
};

static bool has_tab(const struct tui_app *app, size_t i)
{
    return i == app->current || !app->views[i].ops->is_behind;
}

/* Letters of other views' names that a header of this width has room for; TAB_SIZE: all. */
static int letters_for(const struct tui_app *app, int width)
{
    static const int choices[] = {TAB_SIZE, TAB_SIZE - 1, 6, 5, 4, 3};
    for (size_t c = 0; c < sizeof choices / sizeof choices[0]; c++) {
        const int letters = choices[c];
        int all = letters == TAB_SIZE ? CLOCK_WIDTH : SERVER_WIDTH;
        for (size_t i = 0; i < app->n_views; i++) {
            if (!has_tab(app, i)) {
                continue;
            }
            const int name = (int)strlen(app->views[i].ops->name);
            const bool is_whole = i == app->current || letters == TAB_SIZE;
            all += is_whole ? name + TAB_FRAME : (name < letters ? name : letters) + SHORT_FRAME;
        }
        if (all <= width) {
            return letters;
        }
    }
    return 0;
}

/* The tenth view is on the key 0, those behind it on none. */
static void tab_of(const struct tui_app *app, int width, size_t i, char tab[TAB_SIZE])
{
    const int letters = i == app->current ? TAB_SIZE : letters_for(app, width);
    const bool is_short = letters < TAB_SIZE;
    char number[8] = "";
    tab[0] = '\0';
    if (!has_tab(app, i)) {
        return;
    }
    if (i < NUMBERED) {
        (void)snprintf(number, sizeof number, "%zu%s", (i + 1) % NUMBERED, is_short ? "" : " ");
    }
    (void)snprintf(tab, TAB_SIZE, " %s%.*s%s", number, letters, app->views[i].ops->name,
                   is_short ? "" : " ");
}

size_t tui_frame_view_at(const struct tui_app *app, int width, int x)
{
    char tab[TAB_SIZE];
    int end = 0;
    size_t i = 0;
    for (; i < app->n_views; i++) {
        tab_of(app, width, i, tab);
        end += (int)strlen(tab);
        if (x < end) {
            break;
        }
    }
    return i;
}

static int put_tab(const struct tui_app *app, const struct tui_area *area, int x, size_t i)
{
    bool is_current = i == app->current;
    char tab[TAB_SIZE];
    tab_of(app, area->width, i, tab);
    struct tui_area room = tui_area_part(area, x, 0, (int)strlen(tab), 1);
    int width = tui_put(&room, 0, 0, is_current ? TUI_ROLE_HEADER_STRONG : TUI_ROLE_HEADER,
                        zta_text_of(tab));
    if (is_current) {
        tui_select_row(&room, 0);
    }
    return x + width;
}

/* At the right: is the server up, since when, what time is it. */
static void put_server(const struct tui_app *app, const struct tui_area *area)
{
    const struct tui_model *model = app->model;
    const struct tui_health *health = &model->health;
    int64_t now_s = model->now_ns / ZTA_NS_PER_S;
    char clock[TUI_SHORT_MAX];
    char span[TUI_SHORT_MAX] = "";
    char text[96];
    tui_format_clock(now_s, clock);
    const bool is_read = model->error.status == ZTA_OK;
    const bool is_up = is_read && health->is_running;
    if (is_up) {
        tui_format_span(now_s - health->heartbeat.started_s, span);
    }
    (void)snprintf(text, sizeof text, "%s%s  %s ",
                   is_up     ? "up "
                   : is_read ? "not running"
                             : "no store",
                   span, clock);
    struct tui_area room = tui_area_part(area, 0, 0, area->width, 1);
    if (area->width < tui_text_width(zta_text_of(text)) + DOT_ROOM) {
        (void)snprintf(text, sizeof text, "%s%s ", is_up ? "up " : "down ", span);
    }
    if (area->width < tui_text_width(zta_text_of(text)) + DOT_ROOM) {
        return;
    }
    int x = tui_put_right(&room, 0, TUI_ROLE_HEADER, zta_text_of(text));
    (void)tui_put_glyph(&room, x - 2, 0, is_up ? TUI_ROLE_HEADER_GOOD : TUI_ROLE_HEADER_BAD,
                        TUI_GLYPH_DOT);
    char alerts[48] = "";
    if (health->n_alerts > 0) {
        (void)snprintf(alerts, sizeof alerts, " %zu alert%s ", health->n_alerts,
                       health->n_alerts == 1 ? "" : "s");
    }
    else if (app->is_paused) {
        (void)snprintf(alerts, sizeof alerts, " paused ");
    }
    else if (model->read_only[0] != '\0') {
        (void)snprintf(alerts, sizeof alerts, " read-only ");
    }
    struct tui_area left = tui_area_part(&room, 0, 0, x - 3, 1);
    if ((int)strlen(alerts) < left.width) {
        (void)tui_put_right(&left, 0,
                            health->n_alerts > 0 ? TUI_ROLE_ALARM : TUI_ROLE_HEADER_STRONG,
                            zta_text_of(alerts));
    }
}

void tui_frame_header(const struct tui_app *app, const struct tui_area *area)
{
    tui_fill(area, TUI_ROLE_HEADER);
    int x = 0;
    for (size_t i = 0; i < app->n_views; i++) {
        x = put_tab(app, area, x, i);
    }
    struct tui_area rest = tui_area_part(area, x, 0, -1, 1);
    put_server(app, &rest);
}

/* As many lines as it takes; returns how many. */
static int put_fault(const struct tui_area *area, const char *fault)
{
    char safe[512];
    struct zta_buffer out;
    int y = 0;
    zta_buffer_init(&out, safe, sizeof safe);
    zta_buffer_safe(&out, zta_text_of(fault));
    struct zta_text left = {.data = out.data, .len = out.len};
    for (; left.len > 0 && y < FAULT_LINES && y < area->height; y++) {
        struct tui_area line = tui_area_part(area, 0, y, -1, 1);
        struct tui_area room = tui_area_part(&line, 1, 0, line.width - 2, 1);
        const size_t len = y + 1 == FAULT_LINES ? left.len : tui_line_len(left, room.width);
        tui_fill(&line, TUI_ROLE_ALARM);
        (void)tui_put(&room, 0, 0, TUI_ROLE_ALARM,
                      (struct zta_text){.data = left.data, .len = len});
        left = (struct zta_text){.data = left.data + len, .len = left.len - len};
        while (left.len > 0 && left.data[0] == ' ') {
            left = (struct zta_text){.data = left.data + 1, .len = left.len - 1};
        }
    }
    return y;
}

/* Why what is shown may not be how it is now; false: there is no such reason. */
static bool put_age(const struct tui_model *model, const struct tui_area *line)
{
    const struct tui_health *health = &model->health;
    char text[TUI_SHORT_MAX];
    const bool is_behind =
        model->missed_ns != 0 && model->now_ns - model->missed_ns < BEHIND_S * ZTA_NS_PER_S;
    tui_format_ago(health->heartbeat.time_s, model->now_ns / ZTA_NS_PER_S, text);
    if (health->is_running && is_behind) {
        tui_format_count(model->n_missed, text);
        (void)tui_print(line, 1, 0, TUI_ROLE_WARN,
                        "behind: %s requests came between two looks and are only counted", text);
    }
    else if (health->is_running) {
        return false;
    }
    else if (!health->has_heartbeat) {
        (void)tui_print(line, 1, 0, TUI_ROLE_WARN,
                        "not running: no server has run on this store yet");
    }
    else if (health->is_helper_there) {
        (void)tui_print(line, 1, 0, TUI_ROLE_WARN,
                        "old: nothing was written for %s, though the helper (process %d) is there",
                        text, (int)health->heartbeat.pid);
    }
    else {
        (void)tui_print(line, 1, 0, TUI_ROLE_WARN,
                        "not running: last heartbeat %s ago; this is what was recorded", text);
    }
    return true;
}

int tui_frame_note(const struct tui_app *app, const struct tui_area *area)
{
    const struct tui_model *model = app->model;
    struct tui_area line = tui_area_part(area, 0, 0, -1, 1);
    if (model->error.status != ZTA_OK) {
        return put_fault(area, model->error.text);
    }
    return put_age(model, &line) ? 1 : 0;
}

/* ---- the way that led here ---- */

enum {
    CRUMBS_MAX = 2 * TUI_HISTORY_MAX + 1, /* places, rows that were left, what is open */
};

static const char *view_name(const struct tui_app *app, size_t place)
{
    return app->views[app->places[place].view].ops->name;
}

/* From the view in which the trail began to the row that is open; how many. */
static size_t crumbs_of(struct tui_app *app, const char *crumbs[CRUMBS_MAX])
{
    static struct tui_row row; /* too large for a stack, and read behind the end of this */
    struct tui_view *view = &app->views[app->current];
    size_t first = app->place;
    size_t n = 0;
    while (first > 0 && app->places[first].is_jump) {
        first--;
    }
    for (size_t i = first; i <= app->place; i++) {
        const struct tui_place *place = &app->places[i];
        crumbs[n++] = place->is_jump ? place->name : view_name(app, i);
        if (i < app->place && place->left[0] != '\0' && strcmp(place->left, crumbs[n - 1]) != 0) {
            crumbs[n++] = place->left;
        }
    }
    const bool is_open = app->desk.page.is_open && !app->is_help && !app->desk.page.is_plain;
    if (is_open && view->ops->row != NULL && view->ops->row(view, &row) &&
        strcmp(row.name, crumbs[n - 1]) != 0) {
        crumbs[n++] = row.name;
    }
    return n;
}

static int width_of(const char *const *crumbs, size_t n)
{
    int width = 0;
    for (size_t i = 0; i < n; i++) {
        width += tui_text_width(zta_text_of(crumbs[i])) + (i > 0 ? CRUMB_GAP : 0);
    }
    return width;
}

int tui_frame_trail(struct tui_app *app, const struct tui_area *area)
{
    const char *crumbs[CRUMBS_MAX];
    if (!app->places[app->place].is_jump || area->height < TRAIL_LEAST) {
        return 0;
    }
    const size_t n = crumbs_of(app, crumbs);
    struct tui_area line = tui_area_part(area, 1, 0, area->width - 2, 1);
    size_t first = 0;
    /* Where there is little room, the begin goes first: `[` leads there all the same. */
    while (first + 1 < n && width_of(crumbs + first, n - first) + CRUMB_GAP > line.width) {
        first++;
    }
    int x = first == 0 ? 0 : tui_put_glyph(&line, 0, 0, TUI_ROLE_DIM, TUI_GLYPH_ELLIPSIS) + 1;
    for (size_t i = first; i < n; i++) {
        x = i == 0 ? x : tui_print(&line, x, 0, TUI_ROLE_DIM, "> ");
        x = tui_put(&line, x, 0, i + 1 == n ? TUI_ROLE_STRONG : TUI_ROLE_TEXT,
                    zta_text_of(crumbs[i])) +
            1;
    }
    return 1;
}

/* The first word of how a key is written. */
static const char *key_of(enum tui_action action, char out[TUI_SHORT_MAX])
{
    for (size_t i = 0; tui_key_at(i) != NULL; i++) {
        if (tui_key_at(i)->action == action) {
            const char *label = tui_key_at(i)->label;
            (void)snprintf(out, TUI_SHORT_MAX, "%.*s", (int)strcspn(label, " "), label);
            return out;
        }
    }
    return "";
}

static int put_hint(struct tui_app *app, const struct tui_area *area, int x,
                    const struct tui_hint *hint)
{
    char key[TUI_SHORT_MAX];
    const char *label = key_of(hint->action, key);
    if (x + (int)(strlen(label) + strlen(hint->word)) + 1 > area->width) {
        return x;
    }
    const int from = area->x + x;
    x = tui_put(area, x, 0, TUI_ROLE_KEY, zta_text_of(label));
    x = tui_put(area, x + 1, 0, TUI_ROLE_DIM, zta_text_of(hint->word));
    if (app->n_hints < TUI_SHOWN_HINTS_MAX) {
        app->hints[app->n_hints].from = from;
        app->hints[app->n_hints].to = area->x + x;
        app->hints[app->n_hints++].action = hint->action;
    }
    return x + 2;
}

/* A bar in the place of the keys, while somebody waits. */
static bool put_running(const struct tui_app *app, const struct tui_area *area)
{
    static const char stop[] = "Esc stops it";
    struct tui_running running;
    if (!tui_app_running(app, &running)) {
        return false;
    }
    struct tui_area room = *area;
    room.width = tui_put_right(area, 0, TUI_ROLE_DIM, zta_text_of(stop)) - 1;
    tui_progress_draw(&room, running.words, running.percent, running.ns);
    return true;
}

void tui_frame_footer(struct tui_app *app, const struct tui_area *area)
{
    const struct tui_view_ops *ops = app->views[app->current].ops;
    bool is_page = app->desk.page.is_open;
    const struct {
        struct tui_hint hint;
        bool is_shown;
    } common[] = {
        {.hint = {.action = TUI_ACTION_HELP, .word = "help"}, .is_shown = !app->is_help},
        {.hint = {.action = TUI_ACTION_QUIT, .word = is_page ? "close" : "quit"}, .is_shown = true},
        {.hint = {.action = TUI_ACTION_DETAIL, .word = "detail"},
         .is_shown = ops->rows != NULL && !is_page},
        {.hint = {.action = TUI_ACTION_NEXT_VIEW, .word = "related"},
         .is_shown = is_page && app->desk.page.n_links > 0},
        {.hint = {.action = TUI_ACTION_DETAIL, .word = "go there"},
         .is_shown = is_page && app->link > 0},
        {.hint = {.action = TUI_ACTION_PAGE_DOWN, .word = "scroll"}, .is_shown = is_page},
        {.hint = {.action = TUI_ACTION_SEARCH, .word = "search"},
         .is_shown = ops->rows != NULL || is_page},
        {.hint = {.action = TUI_ACTION_FILTER, .word = "filter"},
         .is_shown = ops->set_filter != NULL && !is_page},
    };
    struct tui_area room = tui_area_part(area, 1, 0, area->width - 2, 1);
    if (app->desk.message[0] != '\0') {
        (void)tui_put(&room, 0, 0, app->desk.is_complaint ? TUI_ROLE_BAD : TUI_ROLE_GOOD,
                      zta_text_of(app->desk.message));
        return;
    }
    if (put_running(app, &room)) {
        return;
    }
    static const char note[] = " read-only";
    if (app->model->read_only[0] != '\0') {
        int x = tui_put_right(&room, 0, TUI_ROLE_WARN, zta_text_of(note));
        room = tui_area_part(&room, 0, 0, x, 1);
    }
    int x = 0;
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        x = common[i].is_shown ? put_hint(app, &room, x, &common[i].hint) : x;
    }
    for (size_t i = 0; i < TUI_HINTS_MAX && ops->hints[i].word != NULL && !app->is_help; i++) {
        x = put_hint(app, &room, x, &ops->hints[i]);
    }
    const struct tui_listing *listing = is_page ? NULL : ops->listing;
    for (size_t i = 0; listing != NULL && listing->actions[i].word != NULL; i++) {
        const struct tui_listing_action *action = &listing->actions[i];
        const struct tui_hint hint = {.action = action->action, .word = action->word};
        x = hint.word[0] != '\0' ? put_hint(app, &room, x, &hint) : x;
    }
}

/* ---- the help ---- */

static void put_key(struct tui_page *page, enum tui_action action, const char *word)
{
    for (size_t i = 0; word[0] != '\0' && tui_key_at(i) != NULL; i++) {
        const struct tui_key_row *row = tui_key_at(i);
        if (row->action == action) {
            tui_page_printf(page, row->label, "%s", word);
        }
    }
}

/* What keys mean in the view that the help was called from. */
static void put_here(const struct tui_app *app, struct tui_page *page)
{
    const struct tui_view_ops *ops = app->views[app->current].ops;
    zta_buffer_printf(&page->out, "%s\n", ops->name);
    for (size_t i = 0; i < TUI_HINTS_MAX && ops->hints[i].word != NULL; i++) {
        put_key(page, ops->hints[i].action, ops->hints[i].word);
    }
    const struct tui_listing *listing = ops->listing;
    for (size_t i = 0; listing != NULL && listing->actions[i].word != NULL; i++) {
        put_key(page, listing->actions[i].action, listing->actions[i].word);
    }
}

void tui_frame_help(const struct tui_app *app, struct tui_page *page)
{
    tui_page_open(page, "Keys");
    put_here(app, page);
    zta_buffer_string(&page->out, "\n");
    tui_page_printf(page, "1 - 9, 0", "the views, as numbered above");
    for (int group = 0; group < TUI_N_GROUPS; group++) {
        zta_buffer_printf(&page->out, "\n%s\n", tui_key_group_name((enum tui_key_group)group));
        for (size_t i = 0; tui_key_at(i) != NULL; i++) {
            if ((int)tui_key_at(i)->group == group) {
                put_key(page, tui_key_at(i)->action, tui_key_at(i)->help);
            }
        }
    }
    zta_buffer_string(&page->out,
                      "\nCapital letters change something, and ask first. The mouse"
                      " chooses views and rows, opens a chosen row, sorts by the title"
                      " of a column, presses what the line below names, and scrolls.\n");
}

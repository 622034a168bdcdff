/* SPDX-License-Identifier: Apache-2.0 */
/* Rows made of the objects that commands print. */
#include "admin-tui/console/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "shared/base/clock.h"

/*
 * What stands in state/ moves all the time: it is asked for anew so often; a long list, which takes
 * its time, more seldom, so that it stays a small share of a processor.
 */
#define READ_AGAIN_NS INT64_C(3000000000)
#define PAUSE_SHARE   100
#define STOPPED_NS    INT64_C(60000000000) /* before what was stopped is read again */

enum {
    LABEL_SIZE = 10,
    BAR_FULL = 1000, /* thousandths */
    NEAR = 80,       /* percent from which somebody is near a limit, as limits list says */
};

/* ---- reading ---- */

static const char *source_at(const struct tui_listing *listing, size_t i)
{
    return i == 0 ? listing->command : i == 1 ? listing->also : NULL;
}

static void begin_reading(struct tui_view *view, struct tui_rows *rows, int64_t now_ns)
{
    const struct tui_listing *listing = view->ops->listing;
    char line[2 * TUI_PROMPT_SIZE];
    struct zta_buffer out;
    rows->read_ns = now_ns;
    rows->policy_txn = view->model->health.policy_txn;
    rows->is_narrowed = rows->is_cut && rows->filter[0] != '\0' && listing->narrows != NULL &&
                        listing->narrows(rows->filter);
    zta_buffer_init(&out, line, sizeof line);
    tui_put_command(&out, rows->is_narrowed ? listing->narrowed : listing->command,
                    zta_text_of(rows->filter));
    if (rows->is_cut && listing->sorts && rows->sorted > 0) {
        zta_buffer_printf(&out, " --sort=%s", listing->columns[rows->sorted - 1].member);
    }
    tui_feed_begin(&rows->feed, view->model->ctl, line, now_ns);
}

static void choose_rows(struct tui_view *view, struct tui_rows *rows);

static void forget_read(struct tui_rows *rows)
{
    for (size_t i = 0; i < rows->n_read; i++) {
        json_decref(rows->read[i]);
    }
    rows->n_read = 0;
}

static void set_group(const struct tui_listing *listing, json_t *row)
{
    if (listing->group != NULL) {
        (void)json_object_set_new(row, TUI_LISTING_GROUP,
                                  json_string(listing->groups[listing->group(row)]));
    }
}

/* What came takes the place of the rows that were; when nothing came they stay. */
static void take_rows(struct tui_view *view, struct tui_rows *rows)
{
    json_t *all = json_array();
    json_t *row;
    size_t k;
    bool has_any = false;
    for (size_t i = 0; i < rows->n_read; i++) {
        has_any = has_any || rows->read[i] != NULL;
        json_array_foreach(rows->read[i], k, row)
        {
            set_group(view->ops->listing, row);
            (void)json_array_append(all, row);
        }
    }
    forget_read(rows);
    rows->is_awaited = false;
    json_decref(has_any ? rows->all : all);
    rows->all = has_any ? all : rows->all;
    choose_rows(view, rows);
}

static bool go_on_reading(struct tui_view *view, struct tui_rows *rows)
{
    json_t *value = NULL;
    if (!tui_feed_go_on(&rows->feed, &value)) {
        return false;
    }
    if (rows->n_read == 0 || rows->feed.fault[0] != '\0') {
        memcpy(rows->fault, rows->feed.fault, sizeof rows->fault);
    }
    if (rows->n_read == 0 || rows->feed.note[0] != '\0') {
        memcpy(rows->note, rows->feed.note, sizeof rows->note);
    }
    rows->read[rows->n_read++] = value;
    const char *next = rows->n_read == TUI_LISTING_SOURCES_MAX
                           ? NULL
                           : source_at(view->ops->listing, rows->n_read);
    if (next != NULL) {
        tui_feed_begin(&rows->feed, view->model->ctl, next, rows->read_ns);
        return false;
    }
    take_rows(view, rows);
    rows->is_cut = rows->is_narrowed ? rows->is_cut : rows->note[0] != '\0';
    const int64_t share_ns = PAUSE_SHARE * (view->model->now_ns - rows->read_ns);
    rows->pause_ns = share_ns > READ_AGAIN_NS ? share_ns : READ_AGAIN_NS;
    return true;
}

bool tui_listing_refresh(struct tui_view *view, int64_t now_ns)
{
    struct tui_rows *rows = view->state;
    if (rows->feed.pid != 0) {
        return go_on_reading(view, rows);
    }
    const bool is_due = rows->read_ns == 0 || rows->policy_txn != view->model->health.policy_txn ||
                        now_ns - rows->read_ns >= rows->pause_ns || now_ns < rows->read_ns;
    if (is_due) {
        begin_reading(view, rows, now_ns);
    }
    return false;
}

void tui_listing_close(struct tui_view *view)
{
    struct tui_rows *rows = view->state;
    tui_feed_close(&rows->feed);
    forget_read(rows);
    json_decref(rows->all);
    free(rows->shown);
}

void tui_listing_stop(struct tui_view *view)
{
    struct tui_rows *rows = view->state;
    tui_feed_close(&rows->feed);
    forget_read(rows);
    rows->is_awaited = false;
    rows->all = rows->all == NULL ? json_array() : rows->all;
    rows->pause_ns = STOPPED_NS;
    (void)snprintf(rows->fault, sizeof rows->fault, "not read: it was stopped");
}

/* ---- cells ---- */

static struct zta_text string_of(const json_t *value)
{
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}

/* Elements of an array one behind the other, of anything else what it is in JSON. */
static void put_value(const json_t *value, struct zta_buffer *out)
{
    if (json_is_string(value)) {
        tui_format_foreign(out, string_of(value));
        return;
    }
    if (value == NULL || json_is_null(value)) {
        /* What rows of its kind do not have, and what this one does not have. */
        zta_buffer_string(out, value == NULL ? "" : "-");
        return;
    }
    if (json_is_array(value) && json_is_string(json_array_get(value, 0))) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            zta_buffer_string(out, i == 0 ? "" : " ");
            tui_format_foreign(out, string_of(json_array_get(value, i)));
        }
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    tui_format_foreign(out, zta_text_of(text));
    free(text);
}

static enum tui_role role_of_state(const char *word)
{
    static const struct {
        const char *word;
        enum tui_role role;
    } known[] = {
        {"enforce", TUI_ROLE_GOOD},   {"good", TUI_ROLE_GOOD},    {"living", TUI_ROLE_GOOD},
        {"applied", TUI_ROLE_GOOD},   {"monitor", TUI_ROLE_WARN}, {"held", TUI_ROLE_WARN},
        {"off", TUI_ROLE_DIM},        {"fail", TUI_ROLE_BAD},     {"too old", TUI_ROLE_BAD},
        {"no keys", TUI_ROLE_BAD},    {"refused", TUI_ROLE_BAD},  {"expired", TUI_ROLE_WARN},
        {"quarantine", TUI_ROLE_BAD}, {"block", TUI_ROLE_BAD},    {"waits", TUI_ROLE_WARN},
        {"holds", TUI_ROLE_BAD},      {"noted", TUI_ROLE_DIM},    {"limit", TUI_ROLE_INFO},
        {"alike", TUI_ROLE_GOOD},     {"differs", TUI_ROLE_BAD},  {"silent", TUI_ROLE_WARN},
        {"unheard", TUI_ROLE_WARN},   {"unknown", TUI_ROLE_BAD},  {"removed", TUI_ROLE_DIM},
    };
    for (size_t i = 0; word != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(word, known[i].word, strlen(known[i].word)) == 0) {
            return known[i].role;
        }
    }
    return TUI_ROLE_TEXT;
}

static void put_time(const json_t *value, enum tui_form form, int64_t now_s, struct zta_buffer *out)
{
    char text[TUI_SHORT_MAX] = "-";
    int64_t time_s = 0;
    if (value == NULL) {
        return;
    }
    if (json_is_string(value) && zta_time_parse(string_of(value), &time_s) == ZTA_OK) {
        (form == TUI_FORM_AGO ? tui_format_ago : tui_format_until)(time_s, now_s, text);
    }
    zta_buffer_string(out, text);
}

const json_t *tui_listing_value(const json_t *row, const struct tui_listing_column *column)
{
    const json_t *value = json_object_get(row, column->member);
    return value == NULL && column->instead != NULL ? json_object_get(row, column->instead) : value;
}

/* Of the greatest that any row has there; "": it is no number. */
static void put_share(const struct tui_rows *rows, const struct tui_listing_column *column,
                      const json_t *value, struct zta_buffer *out)
{
    json_int_t most = 0;
    const json_t *row;
    size_t i;
    json_array_foreach(rows->all, i, row)
    {
        const json_int_t n = json_integer_value(tui_listing_value(row, column));
        most = n > most ? n : most;
    }
    if (json_is_integer(value)) {
        zta_buffer_printf(out, "%d",
                          most == 0 ? 0 : (int)(json_integer_value(value) * BAR_FULL / most));
    }
}

static enum tui_role role_of_percent(const json_t *value)
{
    const json_int_t percent = json_integer_value(value);
    return percent >= 100        ? TUI_ROLE_BAD
           : percent >= NEAR     ? TUI_ROLE_WARN
           : json_is_null(value) ? TUI_ROLE_DIM
                                 : TUI_ROLE_TEXT;
}

static void put_percent(const json_t *value, enum tui_form form, struct zta_buffer *out)
{
    const int percent = (int)json_integer_value(value);
    if (!json_is_integer(value)) {
        zta_buffer_string(out, value == NULL || form == TUI_FORM_FILL ? "" : "-");
    }
    else if (form == TUI_FORM_FILL) {
        zta_buffer_printf(out, "%d", percent * BAR_FULL / 100);
    }
    else {
        zta_buffer_printf(out, "%d %%", percent);
    }
}

static void put_cell(void *context, size_t row, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct tui_rows *rows = view->state;
    const struct tui_listing_column *shown = &view->ops->listing->columns[column];
    const json_t *value = tui_listing_value(json_array_get(rows->all, rows->shown[row]), shown);
    char text[TUI_SHORT_MAX];
    *role = column == 0 ? TUI_ROLE_STRONG : TUI_ROLE_TEXT;
    switch (shown->form) {
    case TUI_FORM_STATE:
        *role = role_of_state(json_string_value(value));
        put_value(value, out);
        break;
    case TUI_FORM_YES:
        *role = json_is_true(value)    ? TUI_ROLE_GOOD
                : json_is_false(value) ? TUI_ROLE_BAD
                                       : TUI_ROLE_DIM;
        zta_buffer_string(out, json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-");
        break;
    case TUI_FORM_BAR:
        *role = TUI_ROLE_WARN;
        put_share(rows, shown, value, out);
        break;
    case TUI_FORM_PERCENT:
    case TUI_FORM_FILL:
        *role = role_of_percent(value);
        put_percent(value, shown->form, out);
        break;
    case TUI_FORM_COUNT:
        if (!json_is_integer(value)) {
            zta_buffer_string(out, value == NULL ? "" : "-");
            break;
        }
        tui_format_count(json_integer_value(value) < 0 ? 0 : (uint64_t)json_integer_value(value),
                         text);
        zta_buffer_string(out, text);
        break;
    case TUI_FORM_AGO:
    case TUI_FORM_UNTIL:
        *role = TUI_ROLE_DIM;
        put_time(value, shown->form, view->model->now_ns / ZTA_NS_PER_S, out);
        break;
    case TUI_FORM_TEXT:
        put_value(value, out);
        break;
    }
}

/* ---- rows ---- */

/* Stands last, whatever the order. */
static bool is_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

static int compare_values(const json_t *one, const json_t *other)
{
    char texts[2][TUI_CELL_TEXT];
    struct zta_buffer buffer;
    if (json_is_integer(one) || json_is_integer(other)) {
        /* The greatest first: whoever sorts by a number looks for that. */
        const json_int_t a = json_is_integer(one) ? json_integer_value(one) : -1;
        const json_int_t b = json_is_integer(other) ? json_integer_value(other) : -1;
        return (a < b) - (a > b);
    }
    if (is_nothing(one) != is_nothing(other)) {
        return is_nothing(one) ? 1 : -1;
    }
    zta_buffer_init(&buffer, texts[0], sizeof texts[0]);
    put_value(one, &buffer);
    zta_buffer_init(&buffer, texts[1], sizeof texts[1]);
    put_value(other, &buffer);
    return strcmp(texts[0], texts[1]);
}

/* Rows that are the same in that keep the order they came in. */
static int compare(const void *a, const void *b, void *context)
{
    const struct tui_view *view = context;
    const struct tui_rows *rows = view->state;
    const struct tui_listing *listing = view->ops->listing;
    const size_t one = *(const size_t *)a;
    const size_t other = *(const size_t *)b;
    const json_t *first = json_array_get(rows->all, one);
    const json_t *second = json_array_get(rows->all, other);
    int order = 0;
    if (rows->sorted > 0) {
        const struct tui_listing_column *column = &listing->columns[rows->sorted - 1];
        order = compare_values(tui_listing_value(first, column), tui_listing_value(second, column));
    }
    else if (listing->group != NULL) {
        order = (int)listing->group(first) - (int)listing->group(second);
    }
    return order != 0 ? order : one < other ? -1 : one > other;
}

static void choose_rows(struct tui_view *view, struct tui_rows *rows)
{
    const int64_t now_s = view->model->now_ns / ZTA_NS_PER_S;
    const size_t n = json_array_size(rows->all);
    size_t *shown = realloc(rows->shown, (n + 1) * sizeof *shown);
    rows->n_shown = 0;
    if (shown == NULL) {
        return;
    }
    rows->shown = shown;
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(rows->all, i);
        if (tui_listing_wants(view->ops->listing, &rows->parsed, row, now_s)) {
            shown[rows->n_shown++] = i;
        }
    }
    if (rows->n_shown > 1) {
        qsort_r(shown, rows->n_shown, sizeof *shown, compare, view);
    }
}

struct tui_list *tui_listing_rows(struct tui_view *view, struct tui_table *table)
{
    struct tui_rows *rows = view->state;
    static struct tui_column columns[TUI_COLUMNS_MAX]; /* of the one view that is shown */
    const struct tui_listing *listing = view->ops->listing;
    for (size_t i = 0; i < listing->n_columns; i++) {
        columns[i] = listing->columns[i].column;
    }
    *table = (struct tui_table){
        .columns = columns,
        .n_columns = listing->n_columns,
        .sorted = rows->sorted > 0 ? rows->sorted - 1 : listing->n_columns,
        .cell = put_cell,
        .context = view,
    };
    tui_list_resize(&rows->list, rows->n_shown);
    return &rows->list;
}

const char *tui_listing_filter(struct tui_view *view)
{
    const struct tui_rows *rows = view->state;
    return rows->filter;
}

/* Of all there are, not of those that were read. */
static void read_anew(struct tui_view *view, struct tui_rows *rows)
{
    forget_read(rows);
    begin_reading(view, rows, view->model->now_ns);
    rows->is_awaited = true;
}

bool tui_listing_set_filter(struct tui_view *view, const char *text)
{
    struct tui_rows *rows = view->state;
    struct zta_error error;
    const struct tui_listing *listing = view->ops->listing;
    if (tui_listing_parse(listing, text, &rows->parsed, &error) == ZTA_OK) {
        (void)snprintf(rows->filter, sizeof rows->filter, "%s", text);
        choose_rows(view, rows);
        if (rows->is_cut) {
            read_anew(view, rows);
        }
        return true;
    }
    tui_complain(view->desk, "%s", error.text);
    /* That of before, which was one. */
    if (tui_listing_parse(listing, rows->filter, &rows->parsed, &error) != ZTA_OK) {
        rows->filter[0] = '\0';
        rows->parsed.n_terms = 0;
    }
    return false;
}

/* Index of a marked row, marks->n when it is not. */
static size_t mark_of(const struct tui_marks *marks, struct zta_text key)
{
    size_t i = 0;
    while (i < marks->n && !zta_text_equal(zta_text_of(marks->ids[i]), key)) {
        i++;
    }
    return i;
}

static void mark(struct tui_view *view, struct zta_text key)
{
    struct tui_rows *rows = view->state;
    struct tui_marks *marks = &rows->marks;
    const size_t at = mark_of(marks, key);
    if (at < marks->n) {
        marks->n--;
        memmove(marks->ids[at], marks->ids[at + 1], (marks->n - at) * sizeof marks->ids[0]);
    }
    else if (marks->n < TUI_MARKS_MAX && key.len < sizeof marks->ids[0]) {
        (void)snprintf(marks->ids[marks->n++], sizeof marks->ids[0], "%.*s", (int)key.len,
                       key.data);
    }
    else {
        tui_complain(view->desk, "%d rows is the most in one change", TUI_MARKS_MAX);
    }
    (void)tui_list_move(&rows->list, TUI_ACTION_DOWN);
}

/* In the margin in front of the rows, which begin in that line. */
static void draw_marks(const struct tui_view *view, const struct tui_area *rest, int first)
{
    const struct tui_rows *rows = view->state;
    char room[TUI_SHORT_MAX];
    for (int y = 0; rows->marks.n > 0 && y < rows->list.height; y++) {
        const size_t i = rows->list.top + (size_t)y;
        const json_t *row = i < rows->n_shown ? json_array_get(rows->all, rows->shown[i]) : NULL;
        if (row != NULL &&
            mark_of(&rows->marks, tui_listing_key(view->ops->listing, row, room)) < rows->marks.n) {
            (void)tui_put_glyph(rest, 0, first + y, TUI_ROLE_KEY, TUI_GLYPH_MARK);
        }
    }
}

/* How many of each group there are, or of all. */
static int put_counts(const struct tui_area *area, const struct tui_view *view)
{
    const struct tui_listing *listing = view->ops->listing;
    const struct tui_rows *rows = view->state;
    int x = 1;
    for (size_t g = 0; listing->group != NULL && listing->groups[g] != NULL; g++) {
        size_t n = 0;
        for (size_t i = 0; i < rows->n_shown; i++) {
            n += listing->group(json_array_get(rows->all, rows->shown[i])) == g;
        }
        x = tui_print(area, x, 0, n > 0 ? role_of_state(listing->groups[g]) : TUI_ROLE_DIM, "%s ",
                      listing->groups[g]);
        x = tui_print(area, x, 0, TUI_ROLE_STRONG, "%zu  ", n);
    }
    if (listing->group == NULL) {
        x = tui_print(area, x, 0, TUI_ROLE_STRONG, "%zu ", rows->n_shown);
        x = tui_print(area, x, 0, TUI_ROLE_DIM, "%s%s", listing->noun,
                      rows->n_shown == 1 ? "" : "s");
    }
    return x;
}

void tui_listing_draw(struct tui_view *view, const struct tui_area *area)
{
    const struct tui_listing *listing = view->ops->listing;
    struct tui_rows *rows = view->state;
    struct tui_table table;
    struct tui_list *list = tui_listing_rows(view, &table);
    const int above = listing->head == NULL ? 0 : listing->head(view, area);
    struct tui_area rest = tui_area_part(area, 0, above, -1, -1);
    int x = put_counts(&rest, view);
    if (rows->filter[0] != '\0') {
        x = tui_print(&rest, x, 0, TUI_ROLE_DIM, " of %zu, filter ", json_array_size(rows->all));
        x = tui_put_foreign(&rest, x, 0, TUI_ROLE_INFO, zta_text_of(rows->filter));
    }
    if (rows->marks.n > 0) {
        x = tui_print(&rest, x + 2, 0, TUI_ROLE_KEY, "%zu marked", rows->marks.n);
    }
    if (rows->fault[0] != '\0') {
        (void)tui_put_foreign(&rest, x + 2, 0, TUI_ROLE_BAD, zta_text_of(rows->fault));
    }
    else if (rows->note[0] != '\0') {
        /* What follows is how a shell gets them. */
        x = tui_put_foreign(&rest, x + 2, 0, TUI_ROLE_WARN,
                            (struct zta_text){.data = rows->note, .len = strcspn(rows->note, ";")});
        (void)tui_print(&rest, x, 0, TUI_ROLE_DIM, "%s",
                        listing->narrows == NULL ? "" : "; f looks at all of them");
    }
    struct tui_area below = tui_area_part(&rest, 1, 1, rest.width - 2, -1);
    tui_list_draw(&below, &table, list);
    draw_marks(view, &rest, 2);
    if (list->n == 0 && rows->all != NULL) {
        (void)tui_print(&below, 0, 1, TUI_ROLE_DIM, "%s",
                        rows->filter[0] == '\0'
                            ? listing->nothing
                            : "no row matches; f changes the filter, empty shows all");
    }
}

/* ---- keys ---- */

/* Every member of the row, in the order of the list. */
static void show_detail(struct tui_view *view, json_t *row)
{
    struct tui_page *page = &view->desk->page;
    const char *name;
    json_t *value;
    char room[TUI_SHORT_MAX];
    char title[sizeof page->title];
    char text[4096];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, title, sizeof title);
    zta_buffer_printf(&buffer, "%s ", view->ops->listing->noun);
    tui_format_foreign(&buffer, tui_listing_key(view->ops->listing, row, room));
    tui_page_open(page, title);
    json_object_foreach(row, name, value)
    {
        zta_buffer_init(&buffer, text, sizeof text);
        put_value(value, &buffer);
        if (strlen(name) < LABEL_SIZE) {
            tui_page_line(page, name, zta_text_of(text));
        }
        else {
            tui_page_printf(page, "", "%s: %s", name, text);
        }
    }
    if (view->ops->listing->more != NULL) {
        view->ops->listing->more(view, tui_listing_key(view->ops->listing, row, room), page);
    }
}

/* About the marked rows, if any are; else about the selected one. */
static void propose(struct tui_view *view, const struct tui_listing_action *action,
                    struct zta_text key)
{
    struct tui_desk *desk = view->desk;
    struct tui_rows *rows = view->state;
    if (rows->marks.n > 0 && !action->only_looks && strchr(action->command, '%') != NULL) {
        desk->marks = rows->marks;
        rows->marks.n = 0;
        key = ZTA_TEXT(TUI_MARKED);
    }
    char *line = action->only_looks ? desk->look : desk->proposal;
    struct zta_buffer out;
    zta_buffer_init(&out, line, sizeof desk->proposal);
    tui_put_command(&out, action->command, key);
    if (out.is_overflowed) {
        line[0] = '\0';
    }
}

/* Is this action one for the row? Without a row only for a command that is about none. */
static bool is_meant(const struct tui_listing_action *action, const json_t *row)
{
    const json_t *value = action->member == NULL ? NULL : json_object_get(row, action->member);
    if (row == NULL || action->member == NULL) {
        return row != NULL || strchr(action->command, '%') == NULL;
    }
    return action->is == NULL
               ? value != NULL && !json_is_null(value)
               : json_is_string(value) && strcmp(json_string_value(value), action->is) == 0;
}

/* By 0 as the command has them, else by the column before it. */
static void sort_by(struct tui_view *view, size_t sorted)
{
    struct tui_rows *rows = view->state;
    rows->sorted = sorted;
    choose_rows(view, rows);
    if (rows->is_cut && view->ops->listing->sorts) {
        read_anew(view, rows);
    }
}

bool tui_listing_sort_by(struct tui_view *view, size_t column)
{
    const struct tui_rows *rows = view->state;
    sort_by(view, rows->sorted == column + 1 ? 0 : column + 1);
    return true;
}

bool tui_listing_act(struct tui_view *view, enum tui_action action)
{
    const struct tui_listing *listing = view->ops->listing;
    struct tui_rows *rows = view->state;
    if (action == TUI_ACTION_SORT) {
        sort_by(view, (rows->sorted + 1) % (listing->n_columns + 1));
        return true;
    }
    json_t *row = tui_listing_selected(view);
    char room[TUI_SHORT_MAX];
    const struct zta_text key = tui_listing_key(listing, row, room);
    if (row != NULL && action == TUI_ACTION_DETAIL) {
        show_detail(view, row);
        return true;
    }
    if (row != NULL && action == TUI_ACTION_MARK) {
        mark(view, key);
        return true;
    }
    for (size_t i = 0; i < TUI_LISTING_ACTIONS_MAX && listing->actions[i].word != NULL; i++) {
        if (listing->actions[i].action == action && is_meant(&listing->actions[i], row)) {
            propose(view, &listing->actions[i], key);
            return true;
        }
    }
    return false;
}

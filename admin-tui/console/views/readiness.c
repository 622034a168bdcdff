/* SPDX-License-Identifier: Apache-2.0 */
/* What enforcing the next stage would have refused, and how mature all of it is. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/feed.h"
#include "admin-tui/console/format.h"
#include "admin-tui/console/progress.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"

/* Judging looks at every request of a day: it is done anew so often, and when rules changed. */
#define JUDGE_AGAIN_NS (300 * ZTA_NS_PER_S)

enum {
    WIDE = 150, /* from which on maturity stands beside */
    STAGES_MAX = 4,
    GROUP_ROWS = 6,
    GROUP_FRAME = 1, /* its title */
    COUNT = 7,
    NUMBER = 3,
    MATURITY_WIDTH = 56,
    LEVELS = 4,
};

struct readiness {
    struct tui_list list; /* stages */
    struct tui_feed feed;
    json_t *stages;   /* array; NULL: not read yet */
    json_t *maturity; /* object; NULL likewise */
    bool reads_maturity;
    uint64_t policy_txn;
    int64_t judged_ns; /* when the stages came */
    char fault[sizeof((struct tui_feed *)NULL)->fault];
};

/* ---- reading ---- */

static void begin(struct tui_view *view, const char *command, int64_t now_ns)
{
    struct readiness *readiness = view->state;
    tui_feed_begin(&readiness->feed, view->model->ctl, command, now_ns);
}

/* The first stage that has traffic: that is the next one there. */
static void choose(struct readiness *readiness)
{
    const json_t *stage;
    size_t i;
    json_array_foreach(readiness->stages, i, stage)
    {
        if (json_integer_value(json_object_get(stage, "requests")) > 0) {
            tui_list_select(&readiness->list, i);
            return;
        }
    }
}

static bool take(struct tui_view *view, json_t *value, int64_t now_ns)
{
    struct readiness *readiness = view->state;
    const bool is_first = readiness->stages == NULL;
    json_t **place = readiness->reads_maturity ? &readiness->maturity : &readiness->stages;
    if (!readiness->reads_maturity) {
        memcpy(readiness->fault, readiness->feed.fault, sizeof readiness->fault);
        readiness->judged_ns = now_ns;
    }
    if (value != NULL || !readiness->reads_maturity) {
        json_decref(*place);
        *place = value;
    }
    tui_list_resize(&readiness->list, json_array_size(readiness->stages));
    if (is_first) {
        choose(readiness);
    }
    readiness->reads_maturity = !readiness->reads_maturity;
    if (readiness->reads_maturity) {
        begin(view, "maturity", now_ns);
    }
    return true;
}

static bool refresh(struct tui_view *view, int64_t now_ns)
{
    struct readiness *readiness = view->state;
    const int64_t age_ns = now_ns - readiness->judged_ns;
    if (readiness->feed.pid != 0) {
        json_t *value = NULL;
        const int percent = readiness->feed.percent;
        return tui_feed_go_on(&readiness->feed, &value) ? take(view, value, now_ns)
                                                        : percent != readiness->feed.percent;
    }
    const bool is_due = readiness->judged_ns == 0 || age_ns >= JUDGE_AGAIN_NS || age_ns < 0 ||
                        readiness->policy_txn != view->model->health.policy_txn;
    if (is_due) {
        readiness->policy_txn = view->model->health.policy_txn;
        readiness->reads_maturity = false;
        begin(view, "readiness", now_ns);
    }
    return is_due;
}

static void close_view(struct tui_view *view)
{
    struct readiness *readiness = view->state;
    tui_feed_close(&readiness->feed);
    json_decref(readiness->stages);
    json_decref(readiness->maturity);
}

/* ---- the stages ---- */

enum column {
    COLUMN_STAGE = 0,
    COLUMN_READY,
    COLUMN_REQUESTS,
    COLUMN_HITS,
    COLUMN_BAR,
    COLUMN_SHARE,
    COLUMN_SESSIONS,
    COLUMN_SUBJECTS,
    COLUMN_OPEN,
    N_COLUMNS
};

static const struct tui_column columns[N_COLUMNS] = {
    [COLUMN_STAGE] = {.title = "STAGE", .least = 5, .rank = 0},
    [COLUMN_READY] = {.title = "READY", .least = 10, .rank = 0},
    [COLUMN_REQUESTS] = {.title = "REQUESTS", .least = 8, .rank = 1, .is_right = true},
    [COLUMN_HITS] = {.title = "WOULD BE REFUSED", .least = 16, .rank = 0, .is_right = true},
    [COLUMN_BAR] = {.title = "", .least = 10, .share = 1, .rank = 3, .is_bar = true},
    [COLUMN_SHARE] = {.title = "SHARE", .least = 6, .rank = 0, .is_right = true},
    [COLUMN_SESSIONS] = {.title = "SESSIONS", .least = 8, .rank = 4, .is_right = true},
    [COLUMN_SUBJECTS] = {.title = "SUBJECTS", .least = 8, .rank = 4, .is_right = true},
    [COLUMN_OPEN] = {.title = "UNDECIDED", .least = 9, .rank = 2, .is_right = true},
};

static int64_t number_at(const json_t *stage, const char *object, const char *member)
{
    return json_integer_value(
        json_object_get(object == NULL ? stage : json_object_get(stage, object), member));
}

static void put_count(struct zta_buffer *out, int64_t n)
{
    char text[TUI_SHORT_MAX];
    tui_format_count(n < 0 ? 0 : (uint64_t)n, text);
    zta_buffer_string(out, text);
}

static void put_share(struct zta_buffer *out, int64_t part, int64_t whole)
{
    char text[TUI_SHORT_MAX];
    tui_format_share((double)part, (double)whole, text);
    zta_buffer_string(out, text);
}

static void put_cell(void *context, size_t row, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct readiness *readiness = view->state;
    const json_t *stage = json_array_get(readiness->stages, row);
    const bool is_ready = json_is_true(json_object_get(stage, "ready"));
    const int64_t all = number_at(stage, NULL, "requests");
    const int64_t hits = number_at(stage, "hits", "requests");
    switch ((enum column)column) {
    case COLUMN_STAGE:
        *role = TUI_ROLE_STRONG;
        put_count(out, number_at(stage, NULL, "stage"));
        break;
    case COLUMN_READY:
        *role = is_ready ? TUI_ROLE_GOOD : TUI_ROLE_WARN;
        zta_buffer_string(out, is_ready ? "ready" : all == 0 ? "no traffic" : "not ready");
        break;
    case COLUMN_REQUESTS:
        put_count(out, all);
        break;
    case COLUMN_HITS:
        *role = hits > 0 ? TUI_ROLE_BAD : TUI_ROLE_DIM;
        put_count(out, hits);
        break;
    case COLUMN_BAR:
        *role = TUI_ROLE_BAD;
        zta_buffer_printf(out, "%d", all == 0 ? 0 : (int)(hits * 1000 / all));
        break;
    case COLUMN_SHARE:
        put_share(out, hits, all);
        break;
    case COLUMN_SESSIONS:
        put_count(out, number_at(stage, "hits", "sessions"));
        break;
    case COLUMN_SUBJECTS:
        put_count(out, number_at(stage, "hits", "subjects"));
        break;
    case COLUMN_OPEN:
        *role = number_at(stage, "not_decidable", "requests") > 0 ? TUI_ROLE_WARN : TUI_ROLE_DIM;
        put_share(out, number_at(stage, "not_decidable", "requests"), all);
        break;
    case N_COLUMNS:
        break;
    }
}

static struct tui_list *rows(struct tui_view *view, struct tui_table *table)
{
    struct readiness *readiness = view->state;
    *table = (struct tui_table){.columns = columns,
                                .n_columns = N_COLUMNS,
                                .sorted = N_COLUMNS,
                                .cell = put_cell,
                                .context = view};
    return &readiness->list;
}

static json_t *chosen(const struct readiness *readiness)
{
    return json_array_get(readiness->stages, readiness->list.selected);
}

/* ---- the chosen stage ---- */

static struct zta_text name_of(const json_t *row)
{
    const struct zta_text name = tui_feed_text(row, "name");
    return name.len > 0 ? name : ZTA_TEXT("no rule");
}

/* Names with bars of how many requests would be refused; returns its lines. */
static int draw_group(const struct tui_area *area, const json_t *stage, const char *title,
                      const char *member)
{
    const json_t *group = json_object_get(stage, member);
    const int64_t most = number_at(json_array_get(group, 0), NULL, "to_deny");
    const size_t n = json_array_size(group);
    struct tui_area titled = tui_titled(area, title);
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    int y = 0;
    for (size_t i = 0; i < n && y < inside.height && y < GROUP_ROWS; i++) {
        const json_t *row = json_array_get(group, i);
        const int64_t hits = number_at(row, NULL, "to_deny");
        char text[TUI_SHORT_MAX];
        if (hits <= 0) {
            continue;
        }
        struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
        const int bar = line.width / 3;
        struct tui_area label = tui_area_part(&line, 0, 0, line.width - bar - COUNT - 1, 1);
        struct tui_area middle = tui_area_part(&line, line.width - bar - COUNT, 0, bar, 1);
        tui_format_count((uint64_t)hits, text);
        (void)tui_put_foreign(&label, 0, 0, TUI_ROLE_TEXT, name_of(row));
        tui_bar(&middle, 0, TUI_ROLE_BAD, most == 0 ? 0 : (double)hits / (double)most);
        (void)tui_put_right(&line, 0, TUI_ROLE_STRONG, zta_text_of(text));
    }
    if (y == 0 && inside.height > 0) {
        (void)tui_print(&inside, 0, y++, TUI_ROLE_DIM, "nothing");
    }
    return y + GROUP_FRAME;
}

/* Two groups side by side; returns their lines. */
static int draw_groups(const struct tui_area *area, const json_t *stage, bool is_second)
{
    const int half = area->width / 2;
    struct tui_area left = tui_area_part(area, 0, 0, half - 1, -1);
    struct tui_area right = tui_area_part(area, half, 0, -1, -1);
    const int one = draw_group(&left, stage, is_second ? "By route" : "By rule",
                               is_second ? "by_route" : "by_rule");
    const int other = draw_group(&right, stage, is_second ? "By subject" : "By reason",
                                 is_second ? "by_subject" : "by_reason");
    return one > other ? one : other;
}

static int draw_fixes(const struct tui_area *area, const json_t *stage)
{
    const json_t *fixes = json_object_get(stage, "fix_first");
    const bool is_ready = json_is_true(json_object_get(stage, "ready"));
    struct tui_area titled = tui_titled(area, "What to fix first");
    int y = 0;
    for (size_t i = 0; i < json_array_size(fixes) && y < titled.height; i++) {
        const char *fix = json_string_value(json_array_get(fixes, i));
        struct tui_area rest = tui_area_part(&titled, 1 + NUMBER, y, titled.width - 2 - NUMBER, 2);
        (void)tui_print(&titled, 1, y, TUI_ROLE_KEY, "%zu", i + 1);
        y += tui_put_wrapped(&rest, TUI_ROLE_TEXT, zta_text_of(fix));
    }
    if (y == 0 && titled.height > 0) {
        (void)tui_print(&titled, 1, y++, is_ready ? TUI_ROLE_GOOD : TUI_ROLE_DIM, "%s",
                        is_ready ? "nothing: the stage can be enforced" : "nothing is known");
    }
    return y + GROUP_FRAME;
}

static void put_example(const struct tui_area *line, const json_t *example)
{
    const json_t *after = json_object_get(example, "after");
    int x = tui_put_foreign(line, 0, 0, TUI_ROLE_STRONG, tui_feed_text(example, "subject")) + 2;
    x = tui_put_foreign(line, x, 0, TUI_ROLE_TEXT, tui_feed_text(example, "request")) + 2;
    x = tui_put_foreign(line, x, 0, TUI_ROLE_BAD, tui_feed_text(after, "reason")) + 1;
    const struct zta_text missing = tui_feed_text(example, "missing");
    if (missing.len > 0) {
        (void)tui_put_foreign(line, x, 0, TUI_ROLE_WARN, missing);
    }
}

static int draw_examples(const struct tui_area *area, const json_t *stage)
{
    const json_t *examples = json_object_get(json_object_get(stage, "hits"), "examples");
    struct tui_area titled = tui_titled(area, "Examples, the newest: Enter has their ids");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    int y = 0;
    for (size_t i = 0; i < json_array_size(examples) && y < inside.height; i++, y++) {
        struct tui_area line = tui_area_part(&inside, 0, y, -1, 1);
        put_example(&line, json_array_get(examples, i));
    }
    if (y == 0 && inside.height > 0) {
        (void)tui_print(&inside, 0, y++, TUI_ROLE_DIM, "no recorded request would be refused");
    }
    return y + GROUP_FRAME;
}

/* Of how many requests nothing is known that rules of a higher stage could ask for. */
static int draw_unknown(const struct tui_area *area, const json_t *stage)
{
    static const struct {
        const char *member;
        const char *word;
    } facts[] = {{"device", "device"}, {"country", "country"}, {"behaviour", "habits"}};
    const int64_t all = number_at(stage, NULL, "requests");
    int x = tui_print(area, 1, 0, TUI_ROLE_DIM, "unknown ");
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const int64_t n = number_at(stage, "unknown", facts[i].member);
        char share[TUI_SHORT_MAX];
        tui_format_share((double)n, (double)all, share);
        x = tui_print(area, x, 0, TUI_ROLE_DIM, "%s%s ", i == 0 ? "" : ", ", facts[i].word);
        x = tui_print(area, x, 0, n > 0 ? TUI_ROLE_WARN : TUI_ROLE_TEXT, "%s", share);
    }
    return 1;
}

static void draw_stage(const struct tui_area *area, const json_t *stage)
{
    int y = draw_unknown(area, stage);
    struct tui_area rest = tui_area_part(area, 0, y, -1, -1);
    y += draw_fixes(&rest, stage);
    rest = tui_area_part(area, 0, y, -1, -1);
    y += draw_groups(&rest, stage, false);
    rest = tui_area_part(area, 0, y, -1, -1);
    const json_t *examples = json_object_get(json_object_get(stage, "hits"), "examples");
    const int free = rest.height - GROUP_FRAME - (int)json_array_size(examples);
    if (free > GROUP_FRAME) {
        struct tui_area groups = tui_area_part(&rest, 0, 0, -1, free);
        y += draw_groups(&groups, stage, true);
        rest = tui_area_part(area, 0, y, -1, -1);
    }
    if (rest.height > GROUP_FRAME) {
        (void)draw_examples(&rest, stage);
    }
}

/* ---- maturity ---- */

static size_t level_of(const char *name)
{
    static const char *const names[LEVELS] = {"Traditional", "Initial", "Advanced", "Optimal"};
    size_t i = 0;
    while (name != NULL && i < LEVELS && strcmp(names[i], name) != 0) {
        i++;
    }
    return i == LEVELS ? 0 : i;
}

static void draw_maturity(const struct tui_area *area, const json_t *maturity)
{
    const json_t *pillars = json_object_get(maturity, "pillars");
    struct tui_area titled = tui_titled(area, "Maturity by the CISA model 2.0");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    const bool has_steps = inside.height >= 4 * (int)json_array_size(pillars);
    int y = 0;
    for (size_t i = 0; i < json_array_size(pillars) && y < inside.height; i++) {
        const json_t *pillar = json_array_get(pillars, i);
        const char *level = json_string_value(json_object_get(pillar, "level"));
        const size_t n = level_of(level);
        struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
        struct tui_area bar = tui_area_part(&line, line.width - 2 * LEVELS, 0, 2 * LEVELS, 1);
        struct tui_area label = tui_area_part(&line, 0, 0, line.width - 2 * LEVELS - 1, 1);
        (void)tui_put_foreign(&label, 0, 0, TUI_ROLE_TEXT, tui_feed_text(pillar, "pillar"));
        (void)tui_put_right(&label, 0, n >= 2 ? TUI_ROLE_GOOD : TUI_ROLE_DIM,
                            tui_feed_text(pillar, "level"));
        tui_bar(&bar, 0, n >= 2 ? TUI_ROLE_GOOD : TUI_ROLE_CHART, (double)(n + 1) / LEVELS);
        const char *raise = json_string_value(json_object_get(pillar, "raise"));
        if (has_steps && raise != NULL) {
            struct tui_area rest = tui_area_part(&inside, 2, y, inside.width - 2, 2);
            y += tui_put_wrapped(&rest, TUI_ROLE_DIM, zta_text_of(raise));
        }
    }
}

/* ---- the whole ---- */

/* The period is a day; what is recorded of it may be less. */
static int put_since(const struct tui_area *line, int x, const json_t *stage)
{
    const json_t *period = json_object_get(stage, "period");
    char clock[TUI_SHORT_MAX];
    char span[TUI_SHORT_MAX];
    int64_t first_s = 0;
    int64_t until_s = 0;
    if (zta_time_parse(tui_feed_text(period, "first_recorded"), &first_s) != ZTA_OK ||
        zta_time_parse(tui_feed_text(period, "until"), &until_s) != ZTA_OK) {
        return tui_print(line, x, 0, TUI_ROLE_DIM, " in 24h");
    }
    tui_format_clock(first_s, clock);
    tui_format_span(until_s - first_s, span);
    return tui_print(line, x, 0, TUI_ROLE_DIM, " of %s, since %s", span, clock);
}

static void draw_status(const struct tui_view *view, const struct tui_area *line)
{
    const struct readiness *readiness = view->state;
    const json_t *stage = chosen(readiness);
    const struct tui_feed *feed = &readiness->feed;
    char ago[TUI_SHORT_MAX];
    int x = 1;
    if (stage != NULL) {
        const int64_t n = number_at(stage, "period", "requests");
        tui_format_count(n < 0 ? 0 : (uint64_t)n, ago);
        x = tui_print(line, x, 0, TUI_ROLE_STRONG, "%s ", ago);
        x = tui_print(line, x, 0, TUI_ROLE_DIM, "requests");
        x = put_since(line, x, stage);
        const int64_t dropped = number_at(stage, "period", "dropped");
        if (dropped > 0) {
            x = tui_print(line, x, 0, TUI_ROLE_WARN, ", %" JSON_INTEGER_FORMAT " more were lost",
                          (json_int_t)dropped);
        }
        tui_format_ago(readiness->judged_ns / ZTA_NS_PER_S, view->model->now_ns / ZTA_NS_PER_S,
                       ago);
        x = tui_print(line, x, 0, TUI_ROLE_DIM, ", judged %s%s  ", ago,
                      strcmp(ago, "now") == 0 ? "" : " ago");
    }
    if (feed->pid != 0 && !readiness->reads_maturity) {
        struct tui_area rest = tui_area_part(line, x, 0, line->width - x - 1, 1);
        tui_progress_draw(&rest, "judging recorded requests", feed->percent,
                          view->model->now_ns - feed->begun_ns);
    }
    else if (readiness->fault[0] != '\0') {
        (void)tui_put_foreign(line, x, 0, TUI_ROLE_WARN, zta_text_of(readiness->fault));
    }
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    struct readiness *readiness = view->state;
    struct tui_table table;
    struct tui_list *list = rows(view, &table);
    const bool is_wide = area->width >= WIDE && readiness->maturity != NULL;
    struct tui_area left =
        tui_area_part(area, 0, 0, is_wide ? area->width - MATURITY_WIDTH : -1, -1);
    draw_status(view, &left);
    const int high = 1 + (int)(list->n < STAGES_MAX ? list->n : STAGES_MAX);
    struct tui_area stages = tui_area_part(&left, 1, 1, left.width - 2, list->n == 0 ? 0 : high);
    tui_list_draw(&stages, &table, list);
    struct tui_area rest = tui_area_part(&left, 0, 1 + stages.height, -1, -1);
    const json_t *stage = chosen(readiness);
    if (stage != NULL) {
        draw_stage(&rest, stage);
    }
    if (is_wide) {
        struct tui_area right = tui_area_part(area, left.width + 1, 0, -1, -1);
        draw_maturity(&right, readiness->maturity);
    }
    else if (stage == NULL && readiness->maturity != NULL) {
        draw_maturity(&rest, readiness->maturity);
    }
}

/* ---- keys ---- */

static void put_group(struct tui_page *page, const json_t *stage, const char *title,
                      const char *member)
{
    const json_t *group = json_object_get(stage, member);
    json_t *row;
    size_t i;
    if (json_array_size(group) > 0) {
        tui_page_section(page, title);
    }
    json_array_foreach(group, i, row)
    {
        char count[TUI_SHORT_MAX];
        const int64_t n = number_at(row, NULL, "to_deny");
        tui_format_count(n < 0 ? 0 : (uint64_t)n, count);
        if (n > 0) {
            tui_page_line(page, count, name_of(row));
        }
    }
}

static void put_examples(struct tui_page *page, const json_t *stage)
{
    const json_t *examples = json_object_get(json_object_get(stage, "hits"), "examples");
    json_t *example;
    size_t i;
    json_array_foreach(examples, i, example)
    {
        tui_page_section(page, i == 0 ? "Examples" : "");
        tui_page_line(page, "id", tui_feed_text(example, "id"));
        tui_page_line(page, "who", tui_feed_text(example, "subject"));
        tui_page_line(page, "request", tui_feed_text(example, "request"));
        tui_page_role(page, TUI_ROLE_BAD);
        tui_page_line(page, "would be", tui_feed_text(json_object_get(example, "after"), "reason"));
        tui_page_line(page, "missing", tui_feed_text(example, "missing"));
    }
}

static void put_maturity(struct tui_page *page, const json_t *maturity)
{
    const json_t *pillars = json_object_get(maturity, "pillars");
    json_t *pillar;
    size_t i;
    json_array_foreach(pillars, i, pillar)
    {
        const json_t *because = json_object_get(pillar, "because");
        char title[160];
        (void)snprintf(title, sizeof title, "%s: %s",
                       json_string_value(json_object_get(pillar, "pillar")),
                       json_string_value(json_object_get(pillar, "level")));
        tui_page_section(page, title);
        for (size_t k = 0; k < json_array_size(because); k++) {
            tui_page_line(page, k == 0 ? "because" : "",
                          zta_text_of(json_string_value(json_array_get(because, k))));
        }
        tui_page_line(page, "to raise", tui_feed_text(pillar, "raise"));
    }
}

/* All there is of the stage, and the maturity. */
static void show(struct tui_view *view)
{
    const struct readiness *readiness = view->state;
    const json_t *stage = chosen(readiness);
    struct tui_page *page = &view->desk->page;
    const json_t *fixes = json_object_get(stage, "fix_first");
    tui_page_open(page, "Readiness and maturity");
    if (stage != NULL) {
        tui_page_section(page, "What to fix first");
    }
    for (size_t i = 0; i < json_array_size(fixes); i++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        tui_page_line(page, number, zta_text_of(json_string_value(json_array_get(fixes, i))));
    }
    put_group(page, stage, "By rule", "by_rule");
    put_group(page, stage, "By reason", "by_reason");
    put_group(page, stage, "By route", "by_route");
    put_group(page, stage, "By subject", "by_subject");
    put_examples(page, stage);
    put_maturity(page, readiness->maturity);
}

static bool act(struct tui_view *view, enum tui_action action)
{
    struct readiness *readiness = view->state;
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
        show(view);
        return true;
    case TUI_ACTION_FETCH:
        readiness->judged_ns = 0;
        return true;
    default:
        return false;
    }
}

const struct tui_view_ops tui_view_readiness = {
    .name = "Readiness",
    .hints = {{.action = TUI_ACTION_FETCH, .word = "judge anew"}},
    .state_size = sizeof(struct readiness),
    .draw = draw,
    .act = act,
    .rows = rows,
    .refresh = refresh,
    .close = close_view,
};

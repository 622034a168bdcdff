/* SPDX-License-Identifier: Apache-2.0 */
/* A chart of all requests, a line for each outcome that refuses, an axis with changes on it. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/panels.h"
#include "shared/decision.h"

#define SLOW_SHARE 0.95 /* of the requests are faster than the latency that is shown */

enum {
    NAME = 10, /* columns of what stands before a chart */
    RATE = 7,
    SHARE = 8,
    LABEL = NAME + RATE + SHARE + 1,
    CHART_FROM = 46, /* width from which on there are charts */
    CHART_MAX = 400,
    HIGH = 8, /* lines of all requests that are enough */
    SPAN = 2, /* lines of an hour or a day: all, and refused */
    HOUR_M = 60,
    HALF_NAME = 5, /* where hour and day share a line */
};

static const enum zta_outcome refusing[] = {ZTA_OUTCOME_DENY, ZTA_OUTCOME_CHALLENGE,
                                            ZTA_OUTCOME_THROTTLE, ZTA_OUTCOME_STEP_UP};

enum {
    N_REFUSING = sizeof refusing / sizeof refusing[0]
};

static enum tui_series series_of(enum zta_outcome outcome)
{
    return (enum tui_series)(TUI_SERIES_OUTCOME + (int)outcome);
}

/* The line of denials is always there, so that the others are seen to be missing. */
static bool is_shown(const struct tui_pulse *pulse, enum zta_outcome outcome)
{
    return outcome == ZTA_OUTCOME_DENY || tui_pulse_sum(pulse, series_of(outcome), TUI_TALLY_S) > 0;
}

static int lines_of_outcomes(const struct tui_pulse *pulse)
{
    int n = 0;
    for (size_t i = 0; i < N_REFUSING; i++) {
        n += is_shown(pulse, refusing[i]);
    }
    return n;
}

static int step_of(int width)
{
    int step = width < 1 ? 1 : (TUI_TALLY_S + width - 1) / width;
    return step < 1 ? 1 : step;
}

static double draw_chart(const struct tui_pulse *pulse, enum tui_series series,
                         const struct tui_area *area, enum tui_role role)
{
    double values[CHART_MAX];
    double most = 0;
    size_t n = (size_t)(area->width < CHART_MAX ? area->width : CHART_MAX);
    tui_pulse_series(pulse, series, step_of((int)n), values, n);
    for (size_t i = 0; i < n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    tui_chart(area, role, values, n, most);
    return most;
}

static void put_figures(const struct tui_pulse *pulse, const struct tui_area *line,
                        enum tui_series series, const char *name, enum tui_role role)
{
    double rate = tui_pulse_rate(pulse, series);
    char text[TUI_SHORT_MAX];
    struct tui_area figure = tui_area_part(line, NAME, 0, RATE, 1);
    struct tui_area share = tui_area_part(line, NAME + RATE, 0, SHARE, 1);
    (void)tui_print(line, 0, 0, role, "%s", name);
    tui_format_rate(rate, text);
    struct tui_area number = tui_area_part(&figure, 0, 0, RATE - 2, 1);
    (void)tui_put_right(&number, 0, TUI_ROLE_STRONG, zta_text_of(text));
    (void)tui_put_right(&figure, 0, TUI_ROLE_DIM, ZTA_TEXT("/s"));
    if (series != TUI_SERIES_ALL) {
        tui_format_share((double)tui_pulse_sum(pulse, series, TUI_TALLY_S),
                         (double)tui_pulse_sum(pulse, TUI_SERIES_ALL, TUI_TALLY_S), text);
        (void)tui_put_right(&share, 0, TUI_ROLE_TEXT, zta_text_of(text));
    }
}

static struct tui_area chart_beside(const struct tui_area *area)
{
    bool has_room = area->width >= CHART_FROM;
    return tui_area_part(area, has_room ? LABEL : area->width, 0, -1, -1);
}

static void draw_all(const struct tui_pulse *pulse, const struct tui_area *area)
{
    struct tui_area chart = chart_beside(area);
    double most = draw_chart(pulse, TUI_SERIES_ALL, &chart, TUI_ROLE_CHART);
    char text[TUI_SHORT_MAX];
    put_figures(pulse, area, TUI_SERIES_ALL, "all", TUI_ROLE_TEXT);
    int y = 1;
    if (chart.width > 0) {
        tui_format_rate(most, text);
        (void)tui_print(area, 0, y++, TUI_ROLE_DIM, "peak %s/s", text);
    }
    tui_format_count(tui_pulse_sum(pulse, TUI_SERIES_ALL, TUI_TALLY_S), text);
    (void)tui_print(area, 0, y, TUI_ROLE_DIM, "%s in 5 minutes", text);
}

static void draw_outcome(const struct tui_pulse *pulse, const struct tui_area *line,
                         enum zta_outcome outcome)
{
    enum tui_role role = tui_role_of_outcome((uint8_t)outcome);
    struct tui_area chart = chart_beside(line);
    (void)draw_chart(pulse, series_of(outcome), &chart, role);
    put_figures(pulse, line, series_of(outcome), zta_outcome_name(outcome), role);
}

/* What most requests took no longer than, and how that was. */
static void draw_latency(const struct tui_pulse *pulse, const struct tui_area *line)
{
    struct tui_area chart = chart_beside(line);
    const double usual = tui_pulse_latency(pulse, SLOW_SHARE);
    double values[CHART_MAX];
    double most = 0;
    char text[TUI_SHORT_MAX];
    const size_t n = (size_t)(chart.width < CHART_MAX ? chart.width : CHART_MAX);
    for (size_t i = 0; i < n; i++) {
        values[i] = tui_pulse_latency_of(pulse, i * TUI_TALLY_SLOTS / n, SLOW_SHARE);
        values[i] = values[i] <= 0 && i > 0 ? values[i - 1] : values[i];
        most = values[i] > most ? values[i] : most;
    }
    /* The usual is half high, so that what is not stands out. */
    tui_chart(&chart, TUI_ROLE_INFO, values, n, most < 2 * usual ? 2 * usual : most);
    struct tui_area figure = tui_area_part(line, NAME, 0, RATE, 1);
    struct tui_area share = tui_area_part(line, NAME + RATE, 0, SHARE, 1);
    (void)tui_print(line, 0, 0, TUI_ROLE_INFO, "latency");
    tui_format_latency(usual, text);
    (void)tui_put_right(&figure, 0, TUI_ROLE_STRONG, zta_text_of(text));
    (void)tui_put_right(&share, 0, TUI_ROLE_DIM, ZTA_TEXT("p95"));
}

/* ---- an hour, a day ---- */

/* Values of the last `minutes`, a column each `minutes / n` of them; returns their sum. */
static double read_day(const uint32_t *series, int minutes, double *values, size_t n)
{
    const uint32_t *from = series + TUI_DAY_MINUTES - minutes;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t begin = i * (size_t)minutes / n;
        const size_t end = (i + 1) * (size_t)minutes / n;
        const size_t last = end > begin ? end : begin + 1;
        values[i] = 0;
        for (size_t m = begin; m < last; m++) {
            values[i] += (double)from[m] / (double)(last - begin);
        }
    }
    for (int m = 0; m < minutes; m++) {
        sum += from[m];
    }
    return sum;
}

/* Where something was changed. */
static void mark_changes(const struct tui_model *model, const struct tui_area *chart, int minutes)
{
    const int64_t begin_s = model->day.end_s - (int64_t)minutes * 60;
    for (size_t i = 0; i < model->audit.n; i++) {
        const int64_t since_s = model->audit.rows[i].time_s - begin_s;
        if (since_s < 0) {
            return;
        }
        const int64_t x = since_s * chart->width / ((int64_t)minutes * 60);
        (void)tui_put_glyph(chart, x < chart->width ? (int)x : chart->width - 1, 0, TUI_ROLE_INFO,
                            TUI_GLYPH_MARK);
    }
}

static void draw_span(const struct tui_model *model, const struct tui_area *area, const char *name,
                      int minutes)
{
    struct tui_area chart = chart_beside(area);
    struct tui_area upper = tui_area_part(&chart, 0, 0, -1, 1);
    struct tui_area lower = tui_area_part(&chart, 0, 1, -1, 1);
    const size_t n = (size_t)(chart.width < CHART_MAX ? chart.width : CHART_MAX);
    double values[CHART_MAX];
    double most = 0;
    char text[TUI_SHORT_MAX];
    const double all = read_day(model->day.all, minutes, values, n);
    for (size_t i = 0; i < n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    tui_chart(&upper, TUI_ROLE_CHART, values, n, most);
    mark_changes(model, &upper, minutes);
    const double refused = read_day(model->day.refused, minutes, values, n);
    tui_chart(&lower, TUI_ROLE_BAD, values, n, most);
    struct tui_area figure = tui_area_part(area, NAME, 0, RATE - 2, 1);
    struct tui_area share = tui_area_part(area, NAME + RATE, 0, SHARE, 1);
    (void)tui_print(area, 0, 0, TUI_ROLE_TEXT, "%s", name);
    tui_format_count((uint64_t)all, text);
    (void)tui_put_right(&figure, 0, TUI_ROLE_STRONG, zta_text_of(text));
    tui_format_share(refused, all, text);
    (void)tui_put_right(&share, 0, TUI_ROLE_TEXT, zta_text_of(text));
    (void)tui_print(area, 0, 1, TUI_ROLE_DIM, "refused");
}

/* Its sum, what of it was refused, and a line of its course: two of them stand in one line. */
static void draw_half(const struct tui_model *model, const struct tui_area *line, const char *name,
                      int minutes)
{
    struct tui_area figure = tui_area_part(line, HALF_NAME, 0, RATE - 2, 1);
    struct tui_area share = tui_area_part(line, HALF_NAME + RATE - 2, 0, SHARE - 1, 1);
    struct tui_area chart = tui_area_part(line, HALF_NAME + RATE + SHARE - 2, 0, -1, 1);
    const size_t n = (size_t)(chart.width < CHART_MAX ? chart.width : CHART_MAX);
    double values[CHART_MAX];
    double most = 0;
    char text[TUI_SHORT_MAX];
    const double refused = read_day(model->day.refused, minutes, values, n);
    const double all = read_day(model->day.all, minutes, values, n);
    for (size_t i = 0; i < n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    /* Marks of changes would hide too much of so few columns. */
    tui_chart(&chart, TUI_ROLE_CHART, values, n, most);
    (void)tui_print(line, 0, 0, TUI_ROLE_TEXT, "%s", name);
    tui_format_count((uint64_t)all, text);
    (void)tui_put_right(&figure, 0, TUI_ROLE_STRONG, zta_text_of(text));
    tui_format_share(refused, all, text);
    (void)tui_put_right(&share, 0, TUI_ROLE_BAD, zta_text_of(text));
}

/* The column of a time; < 0: before the axis begins. */
static int column_of(const struct tui_model *model, int width, int64_t time_s)
{
    int step = step_of(width);
    int64_t end_s = model->pulse.now_s - model->pulse.now_s % step;
    int64_t back = (end_s - time_s + step - 1) / step;
    return back > width ? -1 : width - (int)(back < 1 ? 1 : back);
}

/* A mark, and who did what where there is room up to column `right`. */
static void put_mark(const struct tui_area *axis, int x, int right, const struct tui_audit_row *row)
{
    char safe[4 * (sizeof row->who + sizeof row->action)];
    struct zta_buffer out;
    zta_buffer_init(&out, safe, sizeof safe);
    zta_buffer_string(&out, " ");
    zta_buffer_safe(&out, zta_text_of(row->who));
    zta_buffer_string(&out, row->who[0] == '\0' ? "" : ": ");
    zta_buffer_safe(&out, zta_text_of(row->action));
    zta_buffer_string(&out, " ");
    const struct zta_text text = {.data = safe, .len = out.len};
    (void)tui_put_glyph(axis, x, 0, TUI_ROLE_INFO, TUI_GLYPH_MARK);
    if (x + 1 + tui_text_width(text) <= right) {
        (void)tui_put(axis, x + 1, 0, TUI_ROLE_INFO, text);
    }
}

/* Time below the charts, with what operators did. */
static void draw_axis(const struct tui_model *model, const struct tui_area *line)
{
    static const struct zta_text begin = ZTA_TEXT("5m ago ");
    const struct tui_audit *audit = &model->audit;
    struct tui_area axis = chart_beside(line);
    for (int x = 0; x < axis.width; x++) {
        (void)tui_put_glyph(&axis, x, 0, TUI_ROLE_BORDER, TUI_GLYPH_RULE);
    }
    int right = tui_put_right(&axis, 0, TUI_ROLE_DIM, ZTA_TEXT(" now"));
    for (size_t i = 0; i < audit->n; i++) {
        int x = column_of(model, axis.width, audit->rows[i].time_s);
        if (x < 0) {
            break;
        }
        put_mark(&axis, x, right, &audit->rows[i]);
        right = x;
    }
    if (right >= (int)begin.len) {
        (void)tui_put(&axis, 0, 0, TUI_ROLE_DIM, begin);
    }
}

static void draw_spans(const struct tui_model *model, const struct tui_area *area, bool is_short)
{
    const int half = (area->width + 1) / 2;
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "hour" : "day";
        const int minutes = i == 0 ? HOUR_M : TUI_DAY_MINUTES;
        struct tui_area part = is_short
                                   ? tui_area_part(area, i * half, 0, i == 0 ? half - 2 : -1, 1)
                                   : tui_area_part(area, 0, i * SPAN, -1, SPAN);
        if (is_short) {
            draw_half(model, &part, name, minutes);
        }
        else {
            draw_span(model, &part, name, minutes);
        }
    }
}

static int wanted(const struct tui_model *model, bool shows_all)
{
    const int spans = model->day.is_known ? 2 * SPAN : 0;
    return 3 + HIGH + lines_of_outcomes(&model->pulse) + spans;
}

static void draw(const struct tui_model *model, const struct tui_area *area, bool shows_all)
{
    const struct tui_pulse *pulse = &model->pulse;
    struct tui_area titled = tui_titled(area, "Requests");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    int outcomes = lines_of_outcomes(pulse);
    bool has_axis = inside.height > outcomes + 1 && inside.width >= CHART_FROM;
    int high = inside.height - outcomes - (has_axis ? 1 : 0);
    const bool has_latency = high > 1;
    high -= has_latency ? 1 : 0;
    /* Both in full, both in a line, or none: one of them alone raises a question. */
    const bool is_known = model->day.is_known && has_axis;
    const int spans = is_known && high >= 2 * SPAN + 2 ? 2 : 0;
    const bool is_short = is_known && spans == 0 && high >= 2;
    high -= spans * SPAN + (is_short ? 1 : 0);
    high = high < 1 ? 1 : high;
    struct tui_area all = tui_area_part(&inside, 0, 0, -1, high);
    draw_all(pulse, &all);
    int y = high;
    for (size_t i = 0; i < N_REFUSING; i++) {
        if (is_shown(pulse, refusing[i])) {
            struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
            draw_outcome(pulse, &line, refusing[i]);
        }
    }
    if (has_latency) {
        struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
        draw_latency(pulse, &line);
    }
    if (has_axis) {
        struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
        draw_axis(model, &line);
    }
    struct tui_area below = tui_area_part(&inside, 0, y, -1, -1);
    if (spans > 0 || is_short) {
        draw_spans(model, &below, is_short);
    }
}

const struct tui_panel tui_panel_requests = {.wanted = wanted, .draw = draw, .least = 2};

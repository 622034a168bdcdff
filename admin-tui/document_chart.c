/* SPDX-License-Identifier: Apache-2.0 */
/* Charts of the HTML page as inline SVG. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "admin-tui/document_priv.h"

enum {
    WIDTH = 1040,
    HEIGHT = 250,
    LEFT = 62,
    RIGHT = 8,
    TOP = 12,
    BOTTOM = 28,
    PLOT_WIDTH = WIDTH - LEFT - RIGHT,
    PLOT_HEIGHT = HEIGHT - TOP - BOTTOM,
    GRID_LINES = 4,
    HOUR_S = 3600,
    DAY_S = 86400,
    LABELS_MAX = 60,
};

/* The least of 1, 2, 2.5, 5 times a power of ten that four of are enough. */
static double nice_step(double most)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    const double wanted = most > 0 ? most / GRID_LINES : 0.25;
    const double power = pow(10, floor(log10(wanted)));
    size_t i = 0;
    while (steps[i] * power < wanted * 0.999) {
        i++;
    }
    return steps[i] * power;
}

static double value_at(const struct ctl_chart *chart, size_t series, size_t i)
{
    return chart->values[series * chart->n + i];
}

static double highest(const struct ctl_chart *chart)
{
    double most = 0;
    for (size_t i = 0; i < chart->n; i++) {
        double sum = 0;
        for (size_t s = 0; s < chart->n_series; s++) {
            const double value = value_at(chart, s, i);
            const double known = isnan(value) ? 0 : value;
            sum = chart->is_stacked ? sum + known : known > sum ? known : sum;
        }
        most = sum > most ? sum : most;
    }
    return most;
}

static double y_of(double value, double top)
{
    return TOP + PLOT_HEIGHT * (1 - value / top);
}

static double x_of(const struct ctl_chart *chart, double i)
{
    return LEFT + PLOT_WIDTH * i / (double)chart->n;
}

static void print_short(double value, char out[32])
{
    const double magnitude = fabs(value);
    const double scaled = magnitude >= 1e6 ? value / 1e6 : magnitude >= 1e4 ? value / 1e3 : value;
    (void)snprintf(out, 32, "%.4g%s", scaled,
                   magnitude >= 1e6   ? " M"
                   : magnitude >= 1e4 ? " k"
                                      : "");
}

static void put_grid(FILE *out, const struct ctl_chart *chart, double step, double top)
{
    char label[32];
    for (double value = 0; value <= top * 1.001; value += step) {
        const double y = y_of(value, top);
        print_short(value, label);
        (void)fprintf(out,
                      "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
                      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s%s%s</text>\n",
                      LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, label,
                      chart->unit[0] == '\0' ? "" : " ", chart->unit);
    }
}

/* ---- the time below: whole hours or days of the caller's zone, whatever its clock did ---- */

enum label {
    LABEL_HOUR = 0,
    LABEL_WEEKDAY_HOUR,
    LABEL_WEEKDAY,
    LABEL_DATE,
    LABEL_MONTH,
};

struct ticks {
    int hours; /* else */
    int days;
    enum label label;
};

static bool print_label(enum label label, const struct tm *parts, char out[64])
{
    switch (label) {
    case LABEL_HOUR:
        return strftime(out, 64, "%H:%M", parts) > 0;
    case LABEL_WEEKDAY_HOUR:
        return strftime(out, 64, "%a %H:%M", parts) > 0;
    case LABEL_WEEKDAY:
        return strftime(out, 64, "%a %-d %b", parts) > 0;
    case LABEL_DATE:
        return strftime(out, 64, "%-d %b", parts) > 0;
    case LABEL_MONTH:
        return strftime(out, 64, "%b %Y", parts) > 0;
    }
    return false;
}

static struct ticks ticks_of(int64_t span_s)
{
    static const struct {
        int64_t most_s;
        struct ticks ticks;
    } choices[] = {
        {2 * HOUR_S, {.hours = 1, .label = LABEL_HOUR}},
        {12 * HOUR_S, {.hours = 2, .label = LABEL_HOUR}},
        {30 * HOUR_S, {.hours = 3, .label = LABEL_HOUR}},
        {4 * DAY_S, {.hours = 12, .label = LABEL_WEEKDAY_HOUR}},
        {11 * DAY_S, {.days = 1, .label = LABEL_WEEKDAY}},
        {70 * DAY_S, {.days = 7, .label = LABEL_DATE}},
        {400 * DAY_S, {.days = 30, .label = LABEL_DATE}},
        {INT64_MAX, {.days = 180, .label = LABEL_MONTH}},
    };
    size_t i = 0;
    while (span_s > choices[i].most_s) {
        i++;
    }
    return choices[i].ticks;
}

static void put_times(FILE *out, const struct ctl_chart *chart)
{
    const struct ticks ticks = ticks_of(chart->until_s - chart->from_s);
    const double span_s = (double)(chart->until_s - chart->from_s);
    time_t at = (time_t)chart->from_s;
    struct tm parts;
    char label[64];
    if (localtime_r(&at, &parts) == NULL) {
        return;
    }
    for (int i = 0; i < LABELS_MAX; i++) {
        parts.tm_min = parts.tm_sec = 0;
        parts.tm_hour =
            ticks.hours > 0 ? parts.tm_hour - parts.tm_hour % ticks.hours + ticks.hours : 0;
        parts.tm_mday += ticks.days;
        parts.tm_isdst = -1;
        at = mktime(&parts);
        if (at == (time_t)-1 || at >= chart->until_s || !print_label(ticks.label, &parts, label)) {
            return;
        }
        const double x = LEFT + PLOT_WIDTH * (double)(at - chart->from_s) / span_s;
        (void)fprintf(out,
                      "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
                      "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                      x, TOP + PLOT_HEIGHT, x, TOP + PLOT_HEIGHT + 5, x, HEIGHT - 8, label);
    }
}

/* ---- what it shows ---- */

static void put_columns(FILE *out, const struct ctl_chart *chart, double top)
{
    const double width = PLOT_WIDTH / (double)chart->n;
    const double gap = width > 4 ? 1 : width > 2 ? 0.4 : 0;
    for (size_t i = 0; i < chart->n; i++) {
        double sum = 0;
        for (size_t s = 0; s < chart->n_series; s++) {
            const double value = value_at(chart, s, i);
            if (isnan(value) || value <= 0) {
                continue;
            }
            sum += value;
            (void)fprintf(out,
                          "<rect class=\"f-%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
                          "height=\"%.2f\"/>",
                          ctl_html_class(chart->tones[s]), x_of(chart, (double)i), y_of(sum, top),
                          width - gap, PLOT_HEIGHT * value / top);
        }
    }
    (void)putc('\n', out);
}

static void put_line(FILE *out, const struct ctl_chart *chart, size_t series, double top)
{
    bool is_open = false;
    for (size_t i = 0; i < chart->n; i++) {
        const double value = value_at(chart, series, i);
        if (isnan(value)) {
            (void)fputs(is_open ? "\"/>" : "", out);
            is_open = false;
            continue;
        }
        if (!is_open) {
            (void)fprintf(out, "<path class=\"l f-%s\" d=\"M",
                          ctl_html_class(chart->tones[series]));
        }
        const double y = y_of(value, top);
        (void)fprintf(out, "%s%.1f %.1f", is_open ? "L" : "", x_of(chart, (double)i + 0.5), y);
        /* One alone is a dash. */
        (void)fprintf(out, "%s", is_open ? "" : "h.1");
        is_open = true;
    }
    (void)fputs(is_open ? "\"/>\n" : "\n", out);
}

/* What stands there is told where a pointer rests. */
static void put_tips(FILE *out, const struct ctl_chart *chart)
{
    const double width = PLOT_WIDTH / (double)chart->n;
    const int64_t step_s = (chart->until_s - chart->from_s) / (int64_t)chart->n;
    char when[64];
    char text[32];
    for (size_t i = 0; i < chart->n; i++) {
        ctl_print_when(chart->from_s + (int64_t)i * step_s, when);
        (void)fprintf(out,
                      "<rect class=\"over\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\">"
                      "<title>%s",
                      x_of(chart, (double)i), TOP, width, PLOT_HEIGHT, when);
        for (size_t s = 0; s < chart->n_series; s++) {
            const double value = value_at(chart, s, i);
            if (!isnan(value)) {
                (void)snprintf(text, sizeof text, "%.6g", value);
                (void)fprintf(out, "\n%s %s %s", chart->names[s], text, chart->unit);
            }
        }
        (void)fputs("</title></rect>", out);
    }
    (void)putc('\n', out);
}

static void put_legend(FILE *out, const struct ctl_chart *chart)
{
    (void)fputs("<p class=\"legend\">", out);
    for (size_t s = 0; s < chart->n_series; s++) {
        (void)fprintf(out,
                      "<span><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"f-%s\" "
                      "width=\"10\" height=\"10\" rx=\"2\"/></svg>",
                      ctl_html_class(chart->tones[s]));
        ctl_html_text(out, chart->names[s]);
        (void)fputs("</span>", out);
    }
    (void)fputs("</p>\n", out);
}

void ctl_html_chart(struct ctl_document *document, const struct ctl_chart *chart)
{
    FILE *out = document->out;
    const double step = nice_step(highest(chart));
    const double top = step * ceil(highest(chart) / step > 1 ? highest(chart) / step : 1);
    (void)fputs("<h3>", out);
    ctl_html_text(out, chart->title);
    (void)fputs("</h3>\n", out);
    put_legend(out, chart);
    (void)fprintf(out,
                  "<svg class=\"chart\" id=\"chart-%u\" viewBox=\"0 0 %d %d\" role=\"img\" "
                  "aria-label=\"",
                  ++document->n_charts, WIDTH, HEIGHT);
    ctl_html_text(out, chart->title);
    (void)fputs("\">\n", out);
    put_grid(out, chart, step, top);
    put_times(out, chart);
    if (chart->is_stacked) {
        put_columns(out, chart, top);
    }
    for (size_t s = 0; s < chart->n_series && !chart->is_stacked; s++) {
        put_line(out, chart, s, top);
    }
    put_tips(out, chart);
    (void)fputs("</svg>\n", out);
}

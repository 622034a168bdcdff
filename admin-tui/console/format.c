/* SPDX-License-Identifier: Apache-2.0 */
/* Rounding that does not lie. */
#include "admin-tui/console/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 86400,
};

/* A value below 1000 with a unit, in three digits. */
static void put_scaled(double value, const char *unit, char out[TUI_SHORT_MAX])
{
    (void)snprintf(out, TUI_SHORT_MAX, value < 9.95 ? "%.1f%s" : "%.0f%s", value, unit);
}

/* `steps` units, each `factor` of the one before. */
static void put_unit(double value, double factor, const char *const *units, char *out)
{
    size_t i = 0;
    while (value >= factor - 0.5 && units[i + 1] != NULL) {
        value /= factor;
        i++;
    }
    put_scaled(value, units[i], out);
}

void tui_format_count(uint64_t n, char out[TUI_SHORT_MAX])
{
    static const char *const units[] = {"k", "M", "G", "T", "P", NULL};
    if (n < 1000) {
        (void)snprintf(out, TUI_SHORT_MAX, "%" PRIu64, n);
        return;
    }
    put_unit((double)n / 1000, 1000, units, out);
}

void tui_format_rate(double rate, char out[TUI_SHORT_MAX])
{
    if (rate < 0.05) {
        (void)snprintf(out, TUI_SHORT_MAX, "0");
    }
    else if (rate < 9.95) {
        (void)snprintf(out, TUI_SHORT_MAX, "%.1f", rate);
    }
    else {
        tui_format_count((uint64_t)(rate + 0.5), out);
    }
}

void tui_format_share(double part, double whole, char out[TUI_SHORT_MAX])
{
    double percent = whole <= 0 ? 0 : 100 * part / whole;
    if (percent <= 0 || percent >= 100) {
        (void)snprintf(out, TUI_SHORT_MAX, "%d %%", percent <= 0 ? 0 : 100);
    }
    else if (percent < 0.1) {
        (void)snprintf(out, TUI_SHORT_MAX, "<0.1 %%");
    }
    else if (percent > 99.9) {
        (void)snprintf(out, TUI_SHORT_MAX, ">99.9 %%");
    }
    else {
        bool is_edge = percent < 9.95 || percent > 99;
        (void)snprintf(out, TUI_SHORT_MAX, is_edge ? "%.1f %%" : "%.0f %%", percent);
    }
}

void tui_format_size(uint64_t bytes, char out[TUI_SHORT_MAX])
{
    static const char *const units[] = {" KiB", " MiB", " GiB", " TiB", NULL};
    if (bytes < 1024) {
        (void)snprintf(out, TUI_SHORT_MAX, "%" PRIu64 " B", bytes);
        return;
    }
    put_unit((double)bytes / 1024, 1024, units, out);
}

/* A year of 10 000 days is as long as any. */
static long long bounded(int64_t seconds)
{
    const int64_t most = INT64_C(9999) * DAY_S;
    return seconds < 0 ? 0 : seconds > most ? most : seconds;
}

void tui_format_span(int64_t seconds, char out[TUI_SHORT_MAX])
{
    long long s = bounded(seconds);
    if (s < MINUTE_S) {
        (void)snprintf(out, TUI_SHORT_MAX, "%llds", s);
    }
    else if (s < HOUR_S) {
        (void)snprintf(out, TUI_SHORT_MAX, "%lldm %llds", s / MINUTE_S, s % MINUTE_S);
    }
    else if (s < DAY_S) {
        (void)snprintf(out, TUI_SHORT_MAX, "%lldh %lldm", s / HOUR_S, s % HOUR_S / MINUTE_S);
    }
    else {
        (void)snprintf(out, TUI_SHORT_MAX, "%lldd %lldh", s / DAY_S, s % DAY_S / HOUR_S);
    }
}

static void put_one_unit(int64_t seconds, char out[TUI_SHORT_MAX])
{
    long long s = bounded(seconds);
    char unit = s < MINUTE_S ? 's' : s < HOUR_S ? 'm' : s < DAY_S ? 'h' : 'd';
    long long n = s < MINUTE_S ? s : s < HOUR_S ? s / MINUTE_S : s < DAY_S ? s / HOUR_S : s / DAY_S;
    (void)snprintf(out, TUI_SHORT_MAX, "%lld%c", n, unit);
}

void tui_format_ago(int64_t time_s, int64_t now_s, char out[TUI_SHORT_MAX])
{
    if (time_s == 0) {
        (void)snprintf(out, TUI_SHORT_MAX, "never");
    }
    else if (now_s - time_s < 1) {
        (void)snprintf(out, TUI_SHORT_MAX, "now");
    }
    else {
        put_one_unit(now_s - time_s, out);
    }
}

void tui_format_until(int64_t time_s, int64_t now_s, char out[TUI_SHORT_MAX])
{
    char span[TUI_SHORT_MAX];
    if (time_s == 0) {
        (void)snprintf(out, TUI_SHORT_MAX, "never");
        return;
    }
    bool is_over = time_s <= now_s;
    put_one_unit(is_over ? now_s - time_s : time_s - now_s, span);
    (void)snprintf(out, TUI_SHORT_MAX, is_over ? "%.8s ago" : "in %.8s", span);
}

void tui_format_latency(double us, char out[TUI_SHORT_MAX])
{
    const double ms = us / 1000;
    if (us <= 0) {
        (void)snprintf(out, TUI_SHORT_MAX, "-");
    }
    else if (ms < 1000) {
        (void)snprintf(out, TUI_SHORT_MAX, "%.*f ms", ms < 1 ? 2 : ms < 10 ? 1 : 0, ms);
    }
    else {
        (void)snprintf(out, TUI_SHORT_MAX, "%.1f s", ms / 1000 < 1e6 ? ms / 1000 : 1e6);
    }
}

void tui_format_clock(int64_t time_s, char out[TUI_SHORT_MAX])
{
    char text[ZTA_TIME_TEXT_MAX];
    zta_time_print(time_s, text);
    (void)snprintf(out, TUI_SHORT_MAX, "%.8s", strlen(text) < 19 ? "" : text + 11);
}

void tui_format_foreign(struct zta_buffer *out, struct zta_text text)
{
    if (text.len == 0) {
        zta_buffer_string(out, "-");
        return;
    }
    zta_buffer_safe(out, text);
}

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool tui_text_begins(const char *at, struct zta_text wanted)
{
    size_t i = 0;
    while (i < wanted.len && folded(at[i]) == folded(wanted.data[i])) {
        i++;
    }
    return i == wanted.len;
}

enum tui_role tui_role_of_outcome(uint8_t outcome)
{
    switch ((enum zta_outcome)outcome) {
    case ZTA_OUTCOME_ALLOW:
        return TUI_ROLE_GOOD;
    case ZTA_OUTCOME_DENY:
        return TUI_ROLE_BAD;
    case ZTA_OUTCOME_STEP_UP:
    case ZTA_OUTCOME_THROTTLE:
    case ZTA_OUTCOME_CHALLENGE:
        return TUI_ROLE_WARN;
    }
    return TUI_ROLE_BAD;
}

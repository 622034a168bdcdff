/* SPDX-License-Identifier: Apache-2.0 */
/* A summary as a document: what requests were, and how that compares with the time before. */
#include "admin-tui/summary_tell.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"

enum {
    ROWS_MAX = 10,
    RISEN_MAX = 3,
};

/* "+12 %", "-3 %", "unchanged", "none before". */
static void print_change(double now, double before, char out[32])
{
    const double percent = before > 0 ? 100 * (now - before) / before : 0;
    if (before <= 0) {
        (void)snprintf(out, 32, "%s", now > 0 ? "none before" : "unchanged");
    }
    else if (fabs(percent) < 0.5) {
        (void)snprintf(out, 32, "unchanged");
    }
    else {
        (void)snprintf(out, 32, "%+.0f %%", percent);
    }
}

/* ---- in short ---- */

static void set_count(struct ctl_figure *figure, const char *name, uint64_t now, uint64_t before)
{
    char was[32];
    char change[32];
    figure->name = name;
    ctl_print_count(now, figure->value);
    ctl_print_count(before, was);
    print_change((double)now, (double)before, change);
    (void)snprintf(figure->note, sizeof figure->note, "%s%s%s", change,
                   before > 0 ? " against " : "", before > 0 ? was : "");
}

static void set_distinct(struct ctl_figure *figure, const char *name,
                         const struct ctl_summary *summary, enum zta_series_distinct which)
{
    set_count(figure, name, zta_census_count(&summary->now.distinct[which]),
              zta_census_count(&summary->before.distinct[which]));
}

static void set_refused(struct ctl_figure *figure, const struct ctl_summary *summary)
{
    const double now =
        ctl_percent(zta_series_refused(&summary->now), zta_series_requests(&summary->now));
    const double before =
        ctl_percent(zta_series_refused(&summary->before), zta_series_requests(&summary->before));
    char was[32];
    figure->name = "refused";
    ctl_print_share(now, 100, figure->value);
    ctl_print_share(before, 100, was);
    (void)snprintf(figure->note, sizeof figure->note, "%s before", was);
    figure->tone = now > 1.5 * before + 0.1 ? CTL_TONE_BAD : CTL_TONE_GOOD;
}

static void set_latency(struct ctl_figure *figure, const struct ctl_summary *summary)
{
    char was[32];
    figure->name = "p95 latency";
    ctl_print_latency(zta_series_latency_us(&summary->now, 0.95), figure->value);
    ctl_print_latency(zta_series_latency_us(&summary->before, 0.95), was);
    (void)snprintf(figure->note, sizeof figure->note, "%s before", was);
}

static void say_server(struct ctl_document *document, const struct ctl_summary *summary)
{
    char when[64];
    if (!summary->has_heartbeat) {
        ctl_document_say(document, "No server has run on this store.");
        return;
    }
    ctl_print_when(summary->is_running ? summary->heartbeat.started_s : summary->heartbeat.time_s,
                   when);
    ctl_document_say(document, "The server (version %s) %s %s. Threat level: %s%s%s.",
                     summary->heartbeat.version,
                     summary->is_running ? "runs since" : "is not running; it last wrote", when,
                     zta_threat_level_name(summary->heartbeat.threat),
                     summary->heartbeat.threat_reason[0] == '\0' ? "" : ", because of ",
                     summary->heartbeat.threat_reason);
    for (size_t i = 0; i < summary->alerts.n; i++) {
        const struct ctl_fact *alert = &summary->alerts.all[i];
        ctl_print_when(alert->time_s, when);
        ctl_document_say(document, "Alert %s since %s: %s", alert->what, when, alert->why);
    }
}

/* Reasons of refusals that rose most, in requests. */
static void say_risen(struct ctl_document *document, const struct ctl_summary *summary)
{
    char text[512] = "";
    bool is_told[ZTA_N_REASONS] = {false};
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    for (unsigned row = 0; row < RISEN_MAX; row++) {
        uint64_t most = 0;
        unsigned which = 0;
        for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
            const uint64_t now = summary->now.reasons[i];
            const uint64_t before = summary->before.reasons[i];
            if (!is_told[i] && zta_reason_http_status((enum zta_reason)i) >= 400 && now > before &&
                now - before > most) {
                most = now - before;
                which = i;
            }
        }
        if (most > 0) {
            char number[32];
            is_told[which] = true;
            ctl_print_count(most, number);
            zta_buffer_printf(&out, "%s%s (%s more)", out.len == 0 ? "" : ", ",
                              zta_reason_name((enum zta_reason)which), number);
        }
    }
    if (out.len > 0 && zta_series_requests(&summary->before) > 0) {
        ctl_document_say(document, "Reasons of refusals that rose most: %s.", text);
    }
}

static void tell_short(struct ctl_document *document, const struct ctl_summary *summary)
{
    struct ctl_figure figures[6] = {{.name = NULL}};
    const uint64_t would = summary->now.counts[ZTA_SERIES_WOULD];
    set_count(&figures[0], "requests", zta_series_requests(&summary->now),
              zta_series_requests(&summary->before));
    set_refused(&figures[1], summary);
    set_count(&figures[2], "let in, though a monitored part refuses", would,
              summary->before.counts[ZTA_SERIES_WOULD]);
    figures[2].tone = would > 0 ? CTL_TONE_WARN : CTL_TONE_QUIET;
    set_distinct(&figures[3], "subjects let in (estimate)", summary, ZTA_SERIES_SUBJECTS);
    set_distinct(&figures[4], "addresses refused (estimate)", summary, ZTA_SERIES_REFUSED_FROM);
    set_latency(&figures[5], summary);
    ctl_document_section(document, "In short");
    ctl_document_figures(document, figures, sizeof figures / sizeof figures[0]);
    say_risen(document, summary);
    say_server(document, summary);
}

/* ---- requests ---- */

/* Challenges and throttled requests are few, so they share a colour each with their kin. */
static const struct {
    enum zta_outcome outcome;
    const char *name;
    enum ctl_tone tone;
} outcomes[] = {
    {ZTA_OUTCOME_ALLOW, "allowed", CTL_TONE_PLAIN},
    {ZTA_OUTCOME_DENY, "denied", CTL_TONE_BAD},
    {ZTA_OUTCOME_STEP_UP, "step-up asked", CTL_TONE_WARN},
    {ZTA_OUTCOME_CHALLENGE, "login asked", CTL_TONE_GOOD},
    {ZTA_OUTCOME_THROTTLE, "throttled", CTL_TONE_QUIET},
};
enum {
    N_OUTCOMES = sizeof outcomes / sizeof outcomes[0]
};

static void begin_chart(const struct ctl_summary *summary, struct ctl_chart *chart)
{
    chart->n = summary->n_bars;
    chart->from_s = summary->from_s;
    chart->until_s = summary->from_s + (int64_t)summary->n_bars * summary->bar_s;
}

static void chart_requests(struct ctl_document *document, const struct ctl_summary *summary)
{
    double values[N_OUTCOMES * CTL_SUMMARY_BARS];
    struct ctl_chart chart = {.title = "Requests by what was answered",
                              .unit = "",
                              .is_stacked = true,
                              .n_series = N_OUTCOMES,
                              .values = values};
    begin_chart(summary, &chart);
    for (size_t s = 0; s < N_OUTCOMES; s++) {
        chart.names[s] = outcomes[s].name;
        chart.tones[s] = outcomes[s].tone;
        for (size_t i = 0; i < summary->n_bars; i++) {
            values[s * summary->n_bars + i] =
                (double)summary->bars[i].outcomes[outcomes[s].outcome];
        }
    }
    ctl_document_chart(document, &chart);
}

static void chart_refusals(struct ctl_document *document, const struct ctl_summary *summary)
{
    double values[CTL_SUMMARY_BARS];
    struct ctl_chart chart = {.title = "Share of requests that were refused",
                              .unit = "%",
                              .n_series = 1,
                              .names = {"refused"},
                              .tones = {CTL_TONE_BAD},
                              .values = values};
    begin_chart(summary, &chart);
    for (size_t i = 0; i < summary->n_bars; i++) {
        const struct ctl_summary_bar *bar = &summary->bars[i];
        values[i] =
            bar->n == 0 ? NAN : ctl_percent(bar->n - bar->outcomes[ZTA_OUTCOME_ALLOW], bar->n);
    }
    ctl_document_chart(document, &chart);
}

static void add_comparison(struct ctl_document *document, const char *name, uint64_t now,
                           uint64_t before)
{
    char text[32];
    ctl_document_cell(document, CTL_TONE_PLAIN, "%s", name);
    ctl_print_count(now, text);
    ctl_document_cell(document, CTL_TONE_PLAIN, "%s", text);
    ctl_print_count(before, text);
    ctl_document_cell(document, CTL_TONE_QUIET, "%s", text);
    print_change((double)now, (double)before, text);
    ctl_document_cell(document, CTL_TONE_PLAIN, "%s", text);
}

static void tell_requests(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"outcome", ">now", ">before", ">change", ">share"};
    const uint64_t all = zta_series_requests(&summary->now);
    ctl_document_section(document, "Requests");
    if (all == 0) {
        ctl_document_say(document, "No request was counted in this period.");
        return;
    }
    chart_requests(document, summary);
    chart_refusals(document, summary);
    ctl_document_table(document, TITLES(titles));
    for (size_t s = 0; s < N_OUTCOMES; s++) {
        const uint64_t now = summary->now.counts[ZTA_SERIES_OUTCOME + (int)outcomes[s].outcome];
        add_comparison(document, outcomes[s].name, now,
                       summary->before.counts[ZTA_SERIES_OUTCOME + (int)outcomes[s].outcome]);
        ctl_document_share(document, outcomes[s].tone, now, all);
    }
    ctl_document_table_end(document);
}

/* ---- reasons ---- */

struct ranked {
    unsigned reason;
    uint64_t n;
};

static int by_number(const void *a, const void *b)
{
    const struct ranked *one = a;
    const struct ranked *other = b;
    return one->n != other->n ? (one->n > other->n ? -1 : 1)
                              : (one->reason > other->reason) - (one->reason < other->reason);
}

/* What is said of requests that were let in is no reason of a refusal. */
static size_t rank_reasons(const struct ctl_summary *summary, struct ranked ranked[ZTA_N_REASONS])
{
    size_t n = 0;
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        const uint64_t sum = summary->now.reasons[i] + summary->before.reasons[i];
        if (sum > 0 && zta_reason_http_status((enum zta_reason)i) >= 400) {
            ranked[n++] = (struct ranked){.reason = i, .n = summary->now.reasons[i]};
        }
    }
    qsort(ranked, n, sizeof *ranked, by_number);
    return n;
}

static void tell_reasons(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"reason", ">now", ">before", ">change",
                                         ">share of refusals"};
    struct ranked ranked[ZTA_N_REASONS];
    const size_t n = rank_reasons(summary, ranked);
    const uint64_t refused = zta_series_refused(&summary->now);
    ctl_document_section(document, "Why requests were refused");
    if (n == 0) {
        ctl_document_say(document, "No request was refused, now or before.");
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < n; i++) {
        add_comparison(document, zta_reason_name((enum zta_reason)ranked[i].reason), ranked[i].n,
                       summary->before.reasons[ranked[i].reason]);
        ctl_document_share(document, CTL_TONE_BAD, ranked[i].n, refused);
    }
    ctl_document_table_end(document);
}

/* ---- routes ---- */

static int by_refusals(const void *a, const void *b)
{
    const struct zta_series_route *one = a;
    const struct zta_series_route *other = b;
    if (one->n_refused != other->n_refused) {
        return one->n_refused > other->n_refused ? -1 : 1;
    }
    return one->n != other->n ? (one->n > other->n ? -1 : 1) : strcmp(one->name, other->name);
}

static const struct zta_series_route *route_before(const struct ctl_summary *summary,
                                                   const char *name)
{
    static const struct zta_series_route none;
    for (size_t i = 0; i < summary->before.n_routes; i++) {
        if (strcmp(summary->before.routes[i].name, name) == 0) {
            return &summary->before.routes[i];
        }
    }
    return &none;
}

static void tell_routes(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"route",    ">requests",       ">change",
                                         ">refused", ">refused before", ">share refused"};
    struct zta_series_route routes[ZTA_SERIES_ROUTES];
    const size_t n_all = summary->now.n_routes;
    const size_t n = n_all < ROWS_MAX ? n_all : ROWS_MAX;
    char text[32];
    memcpy(routes, summary->now.routes, sizeof routes);
    qsort(routes, n_all, sizeof routes[0], by_refusals);
    ctl_document_section(document, "Routes, the most refused first");
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < n; i++) {
        const struct zta_series_route *before = route_before(summary, routes[i].name);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", routes[i].name);
        ctl_print_count(routes[i].n, text);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", text);
        print_change((double)routes[i].n, (double)before->n, text);
        ctl_document_cell(document, CTL_TONE_QUIET, "%s", text);
        ctl_print_count(routes[i].n_refused, text);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", text);
        ctl_print_count(before->n_refused, text);
        ctl_document_cell(document, CTL_TONE_QUIET, "%s", text);
        ctl_document_share(document, CTL_TONE_BAD, routes[i].n_refused, routes[i].n);
    }
    ctl_document_table_end(document);
    if (n_all > n || summary->now.others.n > 0) {
        ctl_document_say(document, "%zu further routes; %" PRIu64 " requests are not told apart.",
                         n_all - n, summary->now.others.n);
    }
}

/* ---- latency ---- */

static void chart_latency(struct ctl_document *document, const struct ctl_summary *summary)
{
    double values[2 * CTL_SUMMARY_BARS];
    struct ctl_chart chart = {.title = "Latency, from the request's arrival to its end",
                              .unit = "ms",
                              .n_series = 2,
                              .names = {"half were faster", "95 % were faster"},
                              .tones = {CTL_TONE_PLAIN, CTL_TONE_WARN},
                              .values = values};
    begin_chart(summary, &chart);
    for (size_t i = 0; i < summary->n_bars; i++) {
        const struct ctl_summary_bar *bar = &summary->bars[i];
        values[i] = bar->n == 0 ? NAN : (double)bar->p50_us / 1000;
        values[summary->n_bars + i] = bar->n == 0 ? NAN : (double)bar->p95_us / 1000;
    }
    ctl_document_chart(document, &chart);
}

static void tell_latency(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"of the requests", ">took at most", ">before"};
    static const double parts[] = {0.5, 0.9, 0.95, 0.99};
    char text[32];
    ctl_document_section(document, "Latency");
    if (zta_series_requests(&summary->now) > 0) {
        chart_latency(document, summary);
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ctl_document_cell(document, CTL_TONE_PLAIN, "%.0f %%", 100 * parts[i]);
        ctl_print_latency(zta_series_latency_us(&summary->now, parts[i]), text);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", text);
        ctl_print_latency(zta_series_latency_us(&summary->before, parts[i]), text);
        ctl_document_cell(document, CTL_TONE_QUIET, "%s", text);
    }
    ctl_document_table_end(document);
}

enum zta_status ctl_summary_tell(const struct ctl_summary *summary, FILE *out,
                                 enum ctl_format format)
{
    struct ctl_document document;
    char from[64];
    char until[64];
    char length[ZTA_DURATION_TEXT_MAX];
    ctl_print_when(summary->from_s, from);
    ctl_print_when(summary->now_s, until);
    zta_duration_print(summary->until_s - summary->from_s, length);
    ctl_document_begin(&document, out, format, "Zero trust report");
    ctl_document_about(&document, "%s to %s (%s), compared with the %s before", from, until, length,
                       length);
    ctl_document_about(&document, "%zu governed places, %zu rules", summary->places->n,
                       summary->n_rules);
    tell_short(&document, summary);
    tell_requests(&document, summary);
    tell_reasons(&document, summary);
    tell_routes(&document, summary);
    ctl_summary_tell_callers(&document, summary);
    ctl_summary_tell_maturity(&document, summary);
    ctl_summary_tell_actions(&document, summary);
    tell_latency(&document, summary);
    ctl_summary_tell_coverage(&document, summary);
    return ctl_document_end(&document);
}

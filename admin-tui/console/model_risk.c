/* SPDX-License-Identifier: Apache-2.0 */
/* The risk of a session on its page: what it is made of now, and how it came to that. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/model_priv.h"
#include "admin-tui/risk_view.h"
#include "shared/base/clock.h"
#include "shared/risk/recorded.h"

enum {
    RAISED_MAX = 256, /* factors that are looked at; what is older says little of now */
    STEPS = 32,       /* columns of the course */
    LEAST_S = 300,    /* that it covers */
    HIGH = 70,
    LOW = 40,
};

/* What the session's recorded requests raised, newest first. */
struct course {
    const uint8_t *session;
    int64_t from_s; /* nothing before matters */
    struct zta_risk_factor raised[RAISED_MAX];
    size_t n;
    size_t n_seen;
};

static bool see(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct course *course = context;
    struct zta_risk_factor factor;
    if (event->time_ns / ZTA_NS_PER_S < course->from_s || course->n_seen++ == TUI_EVENTS_BACK) {
        return false;
    }
    if (memcmp(event->session, course->session, sizeof event->session) != 0) {
        return true;
    }
    for (size_t i = 0; i < event->risk.n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        if ((event->risk.raised[i].owners & ZTA_RISK_KEPT_FOR_SESSION) != 0 &&
            course->n < RAISED_MAX && zta_risk_recorded(event, i, &factor)) {
            course->raised[course->n++] = factor;
        }
    }
    return course->n < RAISED_MAX;
}

/* The score as it was: of what had been raised by then. */
static uint8_t score_at(const struct course *course, int64_t time_s)
{
    struct zta_risk risk = {.n = 0};
    for (size_t i = course->n; i-- > 0;) {
        if (course->raised[i].raised_s <= time_s) {
            (void)zta_risk_put(&risk, &course->raised[i]);
        }
    }
    return zta_risk_score(&risk, time_s);
}

static enum tui_role role_of(unsigned score)
{
    return score >= HIGH ? TUI_ROLE_BAD : score >= LOW ? TUI_ROLE_WARN : TUI_ROLE_TEXT;
}

static void put_course(struct tui_page *page, const struct course *course, int64_t now_s)
{
    static const char *const columns[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const int64_t first_s = course->raised[course->n - 1].raised_s;
    const int64_t span_s = now_s - first_s > LEAST_S ? now_s - first_s : LEAST_S;
    char text[4 * STEPS + 1] = "";
    char clock[TUI_SHORT_MAX];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    for (int64_t i = 0; i < STEPS; i++) {
        const unsigned score = score_at(course, now_s - (STEPS - 1 - i) * span_s / (STEPS - 1));
        zta_buffer_string(&out, columns[(score * 8 + ZTA_RISK_SCORE_MAX - 1) / ZTA_RISK_SCORE_MAX]);
    }
    tui_format_clock(now_s - span_s, clock);
    tui_page_role(page, TUI_ROLE_CHART);
    tui_page_printf(page, "course", "%s since %s", text, clock);
}

/* node: of the fleet, that raised it; "": this one. */
static void put_factor(struct tui_page *page, const struct zta_risk_factor *factor,
                       const char *node, int64_t now_s)
{
    const uint64_t tenths = ((uint64_t)zta_risk_points_q16(factor, now_s) * 10 + 32768) / 65536;
    char points[TUI_SHORT_MAX];
    char ago[TUI_SHORT_MAX];
    char half[TUI_SHORT_MAX];
    char evidence[4 * ZTA_RISK_EVIDENCE_MAX];
    struct zta_buffer out;
    (void)snprintf(points, sizeof points, "%3u.%u", (unsigned)(tenths / 10),
                   (unsigned)(tenths % 10));
    tui_format_ago(factor->raised_s, now_s, ago);
    tui_format_span(factor->half_life_s, half);
    zta_buffer_init(&out, evidence, sizeof evidence);
    zta_buffer_safe(&out,
                    (struct zta_text){.data = factor->evidence,
                                      .len = strnlen(factor->evidence, sizeof factor->evidence)});
    tui_page_role(page, role_of((unsigned)(tenths / 10)));
    tui_page_printf(page, points, "%s of %u, %s old, halves in %s%s%s%s%s",
                    zta_risk_signal_info(factor->signal)->name, (unsigned)factor->weight, ago, half,
                    out.len > 0 ? ": " : "", evidence, node[0] != '\0' ? ", by node " : "", node);
}

static int64_t oldest_of(const struct zta_risk *risk)
{
    int64_t oldest_s = risk->n == 0 ? 0 : risk->factors[0].raised_s;
    for (size_t i = 1; i < risk->n; i++) {
        oldest_s = risk->factors[i].raised_s < oldest_s ? risk->factors[i].raised_s : oldest_s;
    }
    return oldest_s;
}

/* What is kept here, with its course, then what other nodes of the fleet raised. */
static enum zta_status put_factors(struct zta_view *view, const struct zta_risk *own,
                                   const struct ctl_risk_heard *heard, struct course *course,
                                   int64_t now_s, struct tui_page *page)
{
    enum zta_status status = ZTA_OK;
    if (own->n > 0) {
        course->from_s = oldest_of(own);
        status = zta_event_each_back(view, see, course);
    }
    if (status == ZTA_OK && course->n > 0) {
        put_course(page, course, now_s);
    }
    for (size_t i = 0; i < own->n; i++) {
        put_factor(page, &own->factors[i], "", now_s);
    }
    for (size_t i = 0; i < heard->n; i++) {
        put_factor(page, &heard->items[i].factor, heard->items[i].node, now_s);
    }
    return status;
}

enum zta_status tui_model_put_risk(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                   int64_t now_s, struct tui_page *page)
{
    const struct zta_risk_owner owner = zta_risk_owner_session(id);
    struct zta_risk_record record;
    struct ctl_risk_heard heard;
    struct course course = {.session = id};
    enum zta_status status = ctl_risk_find(view, &owner, &record);
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_risk_heard_open(view, &owner, now_s, &heard);
    if (status == ZTA_OK) {
        (void)zta_risk_forget(&record.risk, now_s);
        tui_page_section(page, "Risk");
        const unsigned score = ctl_risk_score(&record.risk, &heard.others, now_s);
        tui_page_role(page, role_of(score));
        tui_page_printf(page, "score", "%u of %d%s", score, ZTA_RISK_SCORE_MAX,
                        record.risk.n + heard.n == 0 ? ", nothing raises it" : "");
        status = put_factors(view, &record.risk, &heard, &course, now_s, page);
    }
    ctl_risk_heard_close(&heard);
    return status;
}

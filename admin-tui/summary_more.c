/* SPDX-License-Identifier: Apache-2.0 */
/* A summary as a document: who was refused, what is enforced, what was done, what it rests on. */
#include "admin-tui/summary_tell.h"

#include <inttypes.h>
#include <string.h>

#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/revocations.h"

enum {
    ROWS_MAX = 10,
    PLACES_MAX = 40,
};

static void add_count(struct ctl_document *document, enum ctl_tone tone, uint64_t n)
{
    char text[32];
    ctl_print_count(n, text);
    ctl_document_cell(document, tone, "%s", text);
}

/* ---- recorded requests ---- */

/* The rows with most refusals; rows are sorted by both columns. */
static void tell_tally(struct ctl_document *document, const struct zta_tally *tally,
                       const char *name)
{
    const char *const titles[] = {name, ">requests", ">refused", ">share refused"};
    const struct zta_tally_row *best[ROWS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < tally->n_rows; i++) {
        const struct zta_tally_row *row = &tally->rows[i];
        size_t at = n;
        while (at > 0 && best[at - 1]->n[1] < row->n[1]) {
            at--;
        }
        if (row->n[1] == 0 || at == ROWS_MAX) {
            continue;
        }
        n += n < ROWS_MAX ? 1 : 0;
        memmove(&best[at + 1], &best[at], (n - at - 1) * sizeof best[0]);
        best[at] = row;
    }
    if (n == 0) {
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < n; i++) {
        const uint64_t all = best[i]->n[0] > 0 ? best[i]->n[0] : best[i]->n[1];
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", best[i]->name);
        add_count(document, CTL_TONE_PLAIN, all);
        add_count(document, CTL_TONE_PLAIN, best[i]->n[1]);
        ctl_document_share(document, CTL_TONE_BAD, best[i]->n[1], all);
    }
    ctl_document_table_end(document);
}

static void say_recorded(struct ctl_document *document, const struct ctl_summary *summary)
{
    char when[64];
    char n[32];
    ctl_print_when(summary->oldest_s, when);
    ctl_print_count(summary->n_recorded, n);
    if (summary->n_recorded == 0) {
        ctl_document_say(document, "No request of this period is recorded.");
    }
    else if (summary->oldest_s > summary->from_s) {
        ctl_document_say(document,
                         "Told from the %s requests of the period that are recorded, which is only "
                         "since %s (ZTARetain events=).",
                         n, when);
    }
    else {
        ctl_document_say(document, "Told from the %s requests of the period that are recorded.", n);
    }
}

void ctl_summary_tell_callers(struct ctl_document *document, const struct ctl_summary *summary)
{
    ctl_document_section(document, "Who was refused, and by which rule");
    say_recorded(document, summary);
    tell_tally(document, &summary->rules, "rule");
    tell_tally(document, &summary->subjects, "subject");
    tell_tally(document, &summary->addresses, "address, without an identity");
}

/* ---- what is enforced ---- */

static void tell_places(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"place", ">stage", ">monitored up to", "without a rule"};
    const struct ctl_places *places = summary->places;
    const size_t n = places->n < PLACES_MAX ? places->n : PLACES_MAX;
    if (n == 0) {
        ctl_document_say(document, "No server has published its places.");
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < n; i++) {
        const struct ctl_place *place = &places->all[i];
        const unsigned stage = place->stance.stage;
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s%s", place->server, place->path);
        ctl_document_cell(document, stage == 0 ? CTL_TONE_WARN : CTL_TONE_GOOD, "%u", stage);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%u", (unsigned)place->stance.monitor);
        ctl_document_cell(document,
                          place->stance.allows_by_default != 0 ? CTL_TONE_WARN : CTL_TONE_QUIET,
                          "%s", place->stance.allows_by_default != 0 ? "allowed" : "denied");
    }
    ctl_document_table_end(document);
    if (places->n > n) {
        ctl_document_say(document, "%zu further places: ztactl status.", places->n - n);
    }
}

static void tell_stages(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"requests answered at", ">now", ">before", ">share"};
    const uint64_t all = zta_series_requests(&summary->now);
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i <= ZTA_STAGE_MAX; i++) {
        ctl_document_cell(document, CTL_TONE_PLAIN, "stage %zu", i);
        add_count(document, CTL_TONE_PLAIN, summary->now.counts[ZTA_SERIES_STAGE + i]);
        add_count(document, CTL_TONE_QUIET, summary->before.counts[ZTA_SERIES_STAGE + i]);
        ctl_document_share(document, i == 0 ? CTL_TONE_WARN : CTL_TONE_GOOD,
                           summary->now.counts[ZTA_SERIES_STAGE + i], all);
    }
    ctl_document_table_end(document);
}

static void tell_readiness(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"next stage", "ready",      ">requests judged",
                                         ">refused",   ">undecided", "fix first"};
    if (summary->n_stages == 0) {
        ctl_document_say(document, "No place of a running server has a next stage to try.");
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < summary->n_stages; i++) {
        const struct ctl_readiness *row = &summary->stages[i];
        ctl_document_cell(document, CTL_TONE_PLAIN, "stage %u", row->stage);
        ctl_document_cell(document, row->is_ready ? CTL_TONE_GOOD : CTL_TONE_WARN, "%s",
                          row->is_ready ? "yes" : "not yet");
        add_count(document, CTL_TONE_PLAIN, row->n_requests);
        add_count(document, CTL_TONE_PLAIN, row->n_refused);
        add_count(document, CTL_TONE_PLAIN, row->n_undecided);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", row->fix);
    }
    ctl_document_table_end(document);
}

static void tell_monitored(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"rule", "stands in", "tried at", "note"};
    if (summary->monitored.n_all == 0) {
        ctl_document_say(document, "Every rule is enforced where its place enforces rules.");
        return;
    }
    ctl_document_say(document, "%" PRIu64 " rules are only tried (mode monitor).",
                     summary->monitored.n_all);
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < summary->monitored.n; i++) {
        const struct ctl_fact *fact = &summary->monitored.all[i];
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->who);
        ctl_document_cell(document, CTL_TONE_QUIET, "%s", fact->what);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->whom);
        ctl_document_cell(document, CTL_TONE_QUIET, "%s", fact->why);
    }
    ctl_document_table_end(document);
}

static void tell_risk(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"risk score", ">requests now", ">before", ">share"};
    static const char *const signal_titles[] = {"signal of risk", ">raised"};
    uint64_t all = 0;
    for (size_t i = 0; i < ZTA_SERIES_SCORES; i++) {
        all += summary->now.counts[ZTA_SERIES_SCORE + i];
    }
    ctl_document_section(document, "Risk");
    if (all == 0) {
        ctl_document_say(document, "No request of the period was judged by risk.");
    }
    else {
        ctl_document_table(document, TITLES(titles));
        for (size_t i = 0; i < ZTA_SERIES_SCORES; i++) {
            const enum ctl_tone tone = i < 2 ? CTL_TONE_GOOD : i < 3 ? CTL_TONE_WARN : CTL_TONE_BAD;
            ctl_document_cell(document, CTL_TONE_PLAIN, "%zu to %zu", i * 20, i * 20 + 19 + i / 4);
            add_count(document, CTL_TONE_PLAIN, summary->now.counts[ZTA_SERIES_SCORE + i]);
            add_count(document, CTL_TONE_QUIET, summary->before.counts[ZTA_SERIES_SCORE + i]);
            ctl_document_share(document, tone, summary->now.counts[ZTA_SERIES_SCORE + i], all);
        }
        ctl_document_table_end(document);
    }
    if (summary->signals.n_rows == 0) {
        return;
    }
    ctl_document_table(document, TITLES(signal_titles));
    for (size_t i = 0; i < summary->signals.n_rows && i < ROWS_MAX; i++) {
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", summary->signals.rows[i].name);
        add_count(document, CTL_TONE_PLAIN, summary->signals.rows[i].n[0]);
    }
    ctl_document_table_end(document);
}

void ctl_summary_tell_maturity(struct ctl_document *document, const struct ctl_summary *summary)
{
    ctl_document_section(document, "What is enforced where");
    tell_places(document, summary);
    tell_stages(document, summary);
    ctl_document_section(document, "Readiness for the next stage");
    if (!summary->has_rules) {
        ctl_document_say(document, "The rules that were published cannot be read: ztactl rules "
                                   "list says why.");
    }
    else {
        tell_readiness(document, summary);
        tell_monitored(document, summary);
    }
    tell_risk(document, summary);
}

/* ---- what was done and holds ---- */

struct telling {
    const char *when;
    const char *who;
    const char *whom;
    const char *why;
};

static void tell_facts(struct ctl_document *document, const struct ctl_facts *facts,
                       const struct telling *telling)
{
    const char *const titles[] = {telling->when, telling->who, "what", telling->whom, telling->why};
    char when[64];
    if (facts->n == 0) {
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < facts->n; i++) {
        const struct ctl_fact *fact = &facts->all[i];
        ctl_print_when(fact->time_s, when);
        ctl_document_cell(document, CTL_TONE_QUIET, "%s", when);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->who);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->what);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->whom);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->why);
    }
    ctl_document_table_end(document);
    if (facts->n_all > facts->n) {
        ctl_document_say(document, "And %" PRIu64 " more.", facts->n_all - facts->n);
    }
}

static void tell_revoked(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"revoked", ">in this period", ">in force"};
    uint64_t all = 0;
    for (size_t i = 0; i < CTL_SUMMARY_KINDS; i++) {
        all += summary->revoked[i];
    }
    ctl_document_section(document, "Revocations");
    if (all == 0) {
        ctl_document_say(document, "Nothing is revoked.");
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < CTL_SUMMARY_KINDS; i++) {
        if (summary->revoked[i] > 0) {
            ctl_document_cell(document, CTL_TONE_PLAIN, "%s",
                              zta_revocation_kind_name((enum zta_revocation_kind)i));
            add_count(document, CTL_TONE_PLAIN, summary->revoked_now[i]);
            add_count(document, CTL_TONE_PLAIN, summary->revoked[i]);
        }
    }
    ctl_document_table_end(document);
}

static void say_responses(struct ctl_document *document, const struct ctl_summary *summary)
{
    char text[256] = "";
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    for (unsigned i = 0; i < ZTA_N_RESPONSE_RESULTS; i++) {
        if (summary->responses[i] > 0) {
            zta_buffer_printf(&out, "%s%" PRIu64 " %s", out.len == 0 ? "" : ", ",
                              summary->responses[i],
                              zta_response_result_name((enum zta_response_result)i));
        }
    }
    ctl_document_say(document, "Automation: %s.", out.len == 0 ? "nothing was done" : text);
}

static void say_actions(struct ctl_document *document, const struct ctl_summary *summary)
{
    char text[512] = "";
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    for (size_t i = 0; i < summary->actions.n_rows && i < ROWS_MAX; i++) {
        zta_buffer_printf(&out, "%s%" PRIu64 " %s", out.len == 0 ? "" : ", ",
                          summary->actions.rows[i].n[0], summary->actions.rows[i].name);
    }
    ctl_document_say(document, "Operators: %s.", out.len == 0 ? "nothing was changed" : text);
}

static void tell_issuers(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const titles[] = {"issuer", "keys", "last confirmed", "trouble"};
    char when[64];
    ctl_document_section(document, "Issuers");
    if (summary->issuers.n == 0) {
        ctl_document_say(document, "No keys of issuers are fetched.");
        return;
    }
    ctl_document_table(document, TITLES(titles));
    for (size_t i = 0; i < summary->issuers.n; i++) {
        const struct ctl_fact *fact = &summary->issuers.all[i];
        const bool is_good = strcmp(fact->what, CTL_ISSUER_GOOD) == 0;
        ctl_print_when(fact->time_s, when);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->who);
        ctl_document_cell(document, is_good ? CTL_TONE_GOOD : CTL_TONE_BAD, "%s", fact->what);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", when);
        ctl_document_cell(document, CTL_TONE_PLAIN, "%s", fact->why);
    }
    ctl_document_table_end(document);
}

void ctl_summary_tell_actions(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const struct telling operators = {"when", "who", "target", "reason"};
    static const struct telling automation = {"when", "rule", "target", "what it saw"};
    static const struct telling measures = {"until", "by", "against", "reason"};
    ctl_document_section(document, "What operators and automation did");
    say_actions(document, summary);
    tell_facts(document, &summary->operators, &operators);
    say_responses(document, summary);
    tell_facts(document, &summary->automation, &automation);
    ctl_document_section(document, "Measures in force");
    if (summary->measures.n == 0) {
        ctl_document_say(document, "No measure and no block is in force.");
    }
    tell_facts(document, &summary->measures, &measures);
    tell_revoked(document, summary);
    tell_issuers(document, summary);
}

/* ---- what it rests on ---- */

void ctl_summary_tell_coverage(struct ctl_document *document, const struct ctl_summary *summary)
{
    static const char *const spans[ZTA_N_SERIES_SPANS] = {
        [ZTA_SERIES_MINUTE] = "minute", [ZTA_SERIES_HOUR] = "hour", [ZTA_SERIES_DAY] = "day"};
    static const char *const titles[] = {"of the requests", ">now", ">share"};
    const uint64_t all = zta_series_requests(&summary->now);
    const uint64_t lost = summary->now.counts[ZTA_SERIES_DROPPED];
    const uint64_t rows = summary->now.counts[ZTA_SERIES_ROWS];
    char when[64];
    ctl_document_section(document, "What this rests on");
    if (summary->kept_s == 0) {
        ctl_document_say(document, "No request was ever counted on this store.");
        return;
    }
    ctl_print_when(summary->kept_s, when);
    ctl_document_say(
        document,
        "Counts are those of the time series by the %s (UTC), kept since %s%s. They "
        "have every request, sampled or not, but for lost events. The period ends with "
        "the %s that runs. Subjects and addresses are estimated within some percent.",
        spans[summary->span], when,
        summary->kept_s > summary->before_s ? ": what came before is not in the comparison" : "",
        spans[summary->span]);
    ctl_document_table(document, TITLES(titles));
    ctl_document_cell(document, CTL_TONE_PLAIN, "recorded as evidence of their own");
    add_count(document, CTL_TONE_PLAIN, rows);
    ctl_document_share(document, CTL_TONE_GOOD, rows, all + lost);
    ctl_document_cell(document, CTL_TONE_PLAIN, "sampled: counted in the evidence of another");
    add_count(document, CTL_TONE_PLAIN, all > rows ? all - rows : 0);
    ctl_document_share(document, CTL_TONE_WARN, all > rows ? all - rows : 0, all + lost);
    ctl_document_cell(document, CTL_TONE_PLAIN, "lost: neither recorded nor counted");
    add_count(document, lost > 0 ? CTL_TONE_BAD : CTL_TONE_PLAIN, lost);
    ctl_document_share(document, CTL_TONE_BAD, lost, all + lost);
    ctl_document_table_end(document);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One function for each signal that a request shows, and how what it shows joins what is kept. */
#include "shared/risk/judge.h"

#include <string.h>
#include <time.h>

#include "shared/risk/habits.h"

struct judging {
    const struct zta_risk_request *request;
    const struct zta_risk_kept *kept;
    const struct zta_risk_tuning *tuning;
    struct zta_risk joined; /* of the session, with what the request shows */
    struct zta_risk *raised;
};

/*
 * Another session of the subject showed the very same before: then it is as old as it was there.
 * So a login behind it answers it also where the login begins a session of its own.
 */
static void make_as_old(const struct judging *j, struct zta_risk_factor *factor)
{
    const struct zta_risk_factor *before =
        j->kept->subject == NULL ? NULL : zta_risk_find(j->kept->subject, factor->signal);
    if (before != NULL && strcmp(before->evidence, factor->evidence) == 0 &&
        before->raised_s < factor->raised_s && !zta_risk_is_news(j->kept->subject, factor)) {
        factor->raised_s = before->raised_s;
    }
}

static void show(struct judging *j, enum zta_risk_signal signal, struct zta_text evidence)
{
    struct zta_risk_factor factor;
    if (!zta_risk_factor_make(j->tuning, signal, 100, evidence, j->request->now_s, &factor)) {
        return;
    }
    if (factor.half_life_s > 0) {
        if (!zta_risk_is_news(&j->joined, &factor)) {
            return;
        }
        make_as_old(j, &factor);
    }
    if (zta_risk_put(&j->joined, &factor)) {
        (void)zta_risk_put(j->raised, &factor);
    }
}

static bool is_unusual(const struct zta_answers *usual, enum zta_habit habit)
{
    return (usual->known & ~usual->yes & 1u << habit) != 0;
}

static void show_network(struct judging *j)
{
    char text[ZTA_CIDR_TEXT_MAX];
    struct zta_buffer out;
    if (j->request->context->asn != 0) {
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_printf(&out, "AS%u", (unsigned)j->request->context->asn);
    }
    else {
        const struct zta_cidr net = zta_addr_network(j->request->addr, 24, 48);
        zta_cidr_print(&net, text);
    }
    show(j, ZTA_RISK_NEW_NETWORK, zta_text_of(text));
}

static void show_hour(struct judging *j)
{
    const time_t now = (time_t)j->request->now_s;
    struct tm tm;
    char text[32];
    if (gmtime_r(&now, &tm) != NULL && strftime(text, sizeof text, "%a %H:00 UTC", &tm) > 0) {
        show(j, ZTA_RISK_OFF_HOURS, zta_text_of(text));
    }
}

static void show_unusual(struct judging *j)
{
    const struct zta_context *context = j->request->context;
    if ((context->usual.known & ~context->usual.yes) == 0) {
        return;
    }
    if (is_unusual(&context->usual, ZTA_HABIT_DEVICE)) {
        show(j, ZTA_RISK_NEW_DEVICE, context->device);
    }
    if (is_unusual(&context->usual, ZTA_HABIT_NETWORK)) {
        show_network(j);
    }
    if (is_unusual(&context->usual, ZTA_HABIT_COUNTRY)) {
        show(j, ZTA_RISK_NEW_COUNTRY, context->country);
    }
    if (is_unusual(&context->usual, ZTA_HABIT_HOURS)) {
        show_hour(j);
    }
}

static bool is_usual(const struct zta_answers *usual, enum zta_habit habit)
{
    return (usual->known & usual->yes & 1u << habit) != 0;
}

/* From where the subject often comes (its egress), or with a device that proves to be there. */
static bool is_exempt(const struct zta_context *context)
{
    const bool is_proven = context->device_from.source == ZTA_SOURCE_CERTIFICATE ||
                           context->device_from.source == ZTA_SOURCE_POSTURE;
    return is_usual(&context->usual, ZTA_HABIT_NETWORK) ||
           (is_proven && is_usual(&context->usual, ZTA_HABIT_DEVICE));
}

static void show_travel(struct judging *j)
{
    const struct zta_context *context = j->request->context;
    const struct zta_risk_place *from = j->kept->place;
    if (from == NULL || j->request->is_shared || is_exempt(context)) {
        return;
    }
    struct zta_risk_place to = {.at = context->at, .when_s = j->request->now_s};
    if (context->country.len == sizeof to.country) {
        memcpy(to.country, context->country.data, sizeof to.country);
    }
    const struct zta_travel travel = zta_travel_between(from, &to);
    if (travel.is_impossible) {
        char text[ZTA_RISK_EVIDENCE_MAX];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        zta_travel_print(from, &to, &travel, &out);
        show(j, ZTA_RISK_IMPOSSIBLE_TRAVEL, zta_text_of(text));
    }
}

static void show_agent(struct judging *j)
{
    if (j->kept->agent == NULL || j->request->is_shared) {
        return;
    }
    const enum zta_agent_change change = zta_risk_agent_compare(j->kept->agent, j->request->agent);
    if (change == ZTA_AGENT_SAME) {
        return;
    }
    char text[ZTA_AGENT_FORM_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_agent_label(j->request->agent, &out);
    show(j, change == ZTA_AGENT_UPDATED ? ZTA_RISK_AGENT_UPDATE : ZTA_RISK_AGENT_CHANGE,
         out.len > 0 ? zta_text_of(text) : ZTA_TEXT("none"));
}

/* Who set a trap says by the rule's own conditions who walked into it. */
static void show_chosen(struct judging *j)
{
    if (j->tuning->signals[ZTA_RISK_ADDRESS_LIST].is_admitted) {
        char text[ZTA_CIDR_TEXT_MAX];
        zta_addr_print(j->request->addr, text);
        show(j, ZTA_RISK_ADDRESS_LIST, zta_text_of(text));
    }
    if (j->tuning->signals[ZTA_RISK_HONEYPOT].is_admitted) {
        show(j, ZTA_RISK_HONEYPOT, j->request->path);
    }
}

/*
 * What others say holds as they said it until they say otherwise: it is looked up with each
 * request, so that nothing of it is kept behind this one.
 */
static void show_outside(struct judging *j)
{
    struct zta_risk_factor factor;
    if (j->request->outside_share > 0 &&
        zta_risk_factor_make(j->tuning, ZTA_RISK_EXTERNAL_RISK, j->request->outside_share,
                             j->request->outsider, j->request->now_s, &factor)) {
        factor.half_life_s = 0;
        if (zta_risk_put(&j->joined, &factor)) {
            (void)zta_risk_put(j->raised, &factor);
        }
    }
}

/* Behind all that is found here, so that nothing others say keeps this node from raising it. */
static void join_others(struct judging *j, struct zta_risk_facts *facts)
{
    const struct zta_risk_others *others = j->kept->others;
    if (others == NULL) {
        return;
    }
    zta_risk_join(&j->joined, &others->risk, j->request->now_s);
    if (others->newest_s > facts->newest_s) {
        facts->newest_s = others->newest_s;
    }
}

/* What is kept, without copying the room for what is not. */
static void copy(const struct zta_risk *from, struct zta_risk *to)
{
    to->n = from == NULL ? 0 : from->n;
    if (to->n > 0) {
        memcpy(to->factors, from->factors, to->n * sizeof to->factors[0]);
    }
}

bool zta_risk_asks_subject(const struct zta_risk_request *request)
{
    const struct zta_answers *usual = &request->context->usual;
    return (usual->known & ~usual->yes) != 0 ||
           (!request->is_shared && zta_place_is_known(&request->context->at));
}

void zta_risk_judge(const struct zta_risk_request *request, const struct zta_risk_kept *kept,
                    const struct zta_risk_tuning *tuning, struct zta_risk_facts *facts,
                    struct zta_risk *raised)
{
    struct judging j;
    j.request = request;
    j.kept = kept;
    j.tuning = tuning;
    j.raised = raised;
    copy(kept->session, &j.joined);
    show_unusual(&j);
    show_travel(&j);
    show_agent(&j);
    show_chosen(&j);
    show_outside(&j);
    facts->newest_s = zta_risk_newest_s(&j.joined, request->now_s);
    join_others(&j, facts);
    facts->score = zta_risk_score(&j.joined, request->now_s);
    facts->signals = zta_risk_signals(&j.joined, request->now_s) |
                     zta_risk_signals(kept->address, request->now_s);
    if (kept->others_of_address != NULL) {
        facts->signals |= zta_risk_signals(&kept->others_of_address->risk, request->now_s);
    }
    if (zta_risk_find(raised, ZTA_RISK_EXTERNAL_RISK) != NULL &&
        request->outside_s > facts->newest_s) {
        facts->newest_s = request->outside_s;
    }
}

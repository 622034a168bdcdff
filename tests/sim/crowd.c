/* SPDX-License-Identifier: Apache-2.0 */
/* Runs everybody in the order of time, and adds up what became of them. */
#include "tests/sim/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/risk_signals.h"

static void sift_up(struct sim_crowd *crowd, size_t i)
{
    while (i > 0 && crowd->heap[i]->next_ns < crowd->heap[(i - 1) / 2]->next_ns) {
        struct sim_actor *parent = crowd->heap[(i - 1) / 2];
        crowd->heap[(i - 1) / 2] = crowd->heap[i];
        crowd->heap[i] = parent;
        i = (i - 1) / 2;
    }
}

static void sift_down(struct sim_crowd *crowd)
{
    size_t i = 0;
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < crowd->n_actors; child++) {
            least = crowd->heap[child]->next_ns < crowd->heap[least]->next_ns ? child : least;
        }
        if (least == i) {
            return;
        }
        struct sim_actor *swapped = crowd->heap[i];
        crowd->heap[i] = crowd->heap[least];
        crowd->heap[least] = swapped;
        i = least;
    }
}

void sim_crowd_add(struct sim_crowd *crowd, struct sim_actor *actor)
{
    crowd->heap = realloc(crowd->heap, (crowd->n_actors + 1) * sizeof *crowd->heap);
    assert_non_null(crowd->heap);
    crowd->heap[crowd->n_actors] = actor;
    sift_up(crowd, crowd->n_actors++);
}

struct sim_session *sim_crowd_login(struct sim_crowd *crowd, uint32_t subject, int64_t now_ns)
{
    if (crowd->n_sessions == crowd->sessions_room) {
        crowd->sessions_room = crowd->sessions_room * 2 + 64;
        crowd->sessions = realloc(crowd->sessions, crowd->sessions_room * sizeof *crowd->sessions);
        assert_non_null(crowd->sessions);
    }
    struct sim_session *session = calloc(1, sizeof *session);
    assert_non_null(session);
    crowd->sessions[crowd->n_sessions++] = session;
    session->number = (uint32_t)crowd->n_sessions;
    session->subject = subject;
    session->login_s = now_ns / ZTA_NS_PER_S;
    session->has_mfa = true;
    return session;
}

static void count_signals(uint64_t *counts, uint32_t signals)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        counts[i] += signals >> i & 1;
    }
}

struct sim_verdict sim_crowd_send(struct sim_crowd *crowd, const struct sim_request *request)
{
    struct sim_verdict verdict;
    struct sim_session *session = request->session;
    sim_court_judge(crowd->court, request, &verdict);
    crowd->report->n_requests++;
    if (session == NULL || session->is_attack || session->is_attacked) {
        return verdict;
    }
    if (verdict.outcome == ZTA_OUTCOME_STEP_UP && !session->was_challenged) {
        session->was_challenged = true;
        count_signals(crowd->report->challenged_by, verdict.signals);
    }
    if (verdict.outcome == ZTA_OUTCOME_DENY && !session->was_blocked) {
        session->was_blocked = true;
        count_signals(crowd->report->blocked_by, verdict.signals);
    }
    return verdict;
}

void sim_run(const struct sim_options *options, struct sim_report *report)
{
    struct sim_crowd crowd = {
        .options = options,
        .report = report,
        .chance = {.state = options->seed},
        .ends_ns = SIM_START_S * ZTA_NS_PER_S + options->n_days * SIM_DAY_NS,
        .court = sim_court_open(options),
    };
    memset(report, 0, sizeof *report);
    sim_people_join(&crowd);
    sim_attacks_join(&crowd);
    while (crowd.heap[0]->next_ns != INT64_MAX) {
        crowd.heap[0]->act(&crowd, crowd.heap[0]);
        sift_down(&crowd);
    }
    assert_true(sim_court_rest(crowd.court));
    sim_attacks_leave(&crowd);
    sim_people_leave(&crowd);
    for (size_t i = 0; i < crowd.n_sessions; i++) {
        const struct sim_session *session = crowd.sessions[i];
        report->n_sessions += session->is_attack ? 0 : 1;
        report->n_challenged += session->was_challenged ? 1 : 0;
        report->n_blocked += session->was_blocked ? 1 : 0;
        free(crowd.sessions[i]);
    }
    free(crowd.sessions);
    free(crowd.heap);
    sim_court_close(&crowd.court);
}

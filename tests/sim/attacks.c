/* SPDX-License-Identifier: Apache-2.0 */
/* What attackers do: each until he is shut out for good, or gives up after his time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/sim/crowd.h"
#include "tests/sim/networks.h"

/* So often refused he gives up. */
#define REFUSALS      200
#define SECOND_NS     1000000000.0
#define N_ACCOUNTS    300
#define INSIDER_BYTES UINT64_C(6000000)

static const char own_agent[] = "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/125.0.0.0";

struct sim_attack {
    struct sim_actor actor;
    enum sim_attack_kind kind;
    bool has_begun;
    int64_t began_ns;
    int64_t armed_ns; /* the first request that a credential opened the door for; 0: none yet */
    int64_t ends_ns;
    int64_t detected_ns;  /* 0: not */
    int64_t contained_ns; /* the first refusal; 0: none */
    unsigned n_passed;    /* before he was refused for the first time */
    unsigned n_slipped;   /* behind that: what he was refused for had decayed */
    unsigned n_sent;
    unsigned n_refused;
    struct sim_place place;
    struct sim_session *session;
    double gap_s;
};

static const struct {
    const char *name;
    double lasts_h;
    double gap_s; /* between requests, at the quickest and the slowest */
    double gap_most_s;
} kinds[SIM_N_ATTACKS] = {
    [SIM_STOLEN_ABROAD] = {"stolen token, used abroad", 1, 1, 15},
    [SIM_STOLEN_NEAR] = {"stolen token, used nearby", 1, 1, 15},
    [SIM_STUFFING] = {"credential stuffing", 2, 1, 20},
    [SIM_ENUMERATION] = {"slow enumeration", 8, 15, 60},
    [SIM_INSIDER] = {"insider takes data along", 3, 0.5, 4},
    [SIM_PHISHED] = {"takeover after phishing", 1, 2, 20},
    [SIM_KEY_LEAK] = {"leaked API key", 2, 1, 10},
};

const char *sim_attack_name(enum sim_attack_kind kind)
{
    return kinds[kind].name;
}

/* The thief has a copy of the token: what becomes of it is the session's, but he is another. */
static struct sim_session *copy_session(struct sim_crowd *crowd, struct sim_session *victim,
                                        bool has_agent)
{
    victim->is_attacked = true;
    struct sim_session *copy = sim_crowd_login(crowd, victim->subject, 0);
    *copy = *victim;
    copy->is_attack = true;
    copy->is_attacked = false;
    copy->was_challenged = copy->was_blocked = false;
    copy->agent = has_agent ? victim->agent : own_agent;
    return copy;
}

static struct sim_session *own_session(struct sim_crowd *crowd, uint32_t subject, int64_t now_ns,
                                       bool has_device)
{
    struct sim_session *session = sim_crowd_login(crowd, subject, now_ns);
    session->is_attack = true;
    session->agent = own_agent;
    session->has_mfa = false;
    session->device = has_device ? 2 * subject : 0;
    return session;
}

static void place_abroad(struct sim_crowd *crowd, const char *not_in, struct sim_place *place)
{
    static const char *const countries[] = {"NL", "US", "RU"};
    size_t i = sim_below(&crowd->chance, 3);
    if (not_in != NULL && strncmp(countries[i], not_in, 2) == 0) {
        i = (i + 1) % 3;
    }
    /* Half of them rent a server, half the line of somebody who does not know. */
    const bool is_rented = sim_happens(&crowd->chance, 0.5);
    sim_network_place(is_rented ? sim_network_find(SIM_NET_HOSTING, countries[i], 0)
                                : sim_network_find(SIM_NET_HOME, "BR", 0),
                      (uint32_t)sim_below(&crowd->chance, 60000), false, place);
}

/* False: there is nobody to attack now. */
static bool prepare(struct sim_crowd *crowd, struct sim_attack *attack, int64_t now_ns)
{
    struct sim_chance *chance = &crowd->chance;
    struct sim_place place;
    struct sim_session *victim = sim_people_victim(crowd, now_ns, &place);
    if (victim == NULL) {
        return false;
    }
    const char country[3] = {place.country[0], place.country[1], '\0'};
    switch (attack->kind) {
    case SIM_STOLEN_ABROAD:
        attack->session = copy_session(crowd, victim, sim_happens(chance, 0.3));
        place_abroad(crowd, country, &attack->place);
        return true;
    case SIM_STOLEN_NEAR:
        attack->session = copy_session(crowd, victim, true);
        sim_network_place(sim_network_find(SIM_NET_HOME, country, 1),
                          (uint32_t)sim_below(chance, 60000) + 65536 * 3, false, &attack->place);
        return true;
    case SIM_STUFFING:
        attack->session = NULL;
        place_abroad(crowd, NULL, &attack->place);
        return true;
    case SIM_ENUMERATION:
    case SIM_INSIDER:
        /* With his own device, from where he works, with his usual browser. */
        attack->session = own_session(crowd, victim->subject, now_ns, true);
        attack->session->agent = victim->agent;
        attack->session->has_mfa = true;
        attack->place = place;
        return true;
    case SIM_PHISHED:
        attack->session = own_session(crowd, victim->subject, now_ns, false);
        if (sim_happens(chance, 0.5)) {
            sim_network_place(
                sim_happens(chance, 0.5) ? sim_network_find(SIM_NET_HOSTING, country, 0)
                                         : sim_network_find(SIM_NET_HOME, country, 1),
                (uint32_t)sim_below(chance, 60000) + 65536 * 3, false, &attack->place);
        }
        else {
            place_abroad(crowd, country, &attack->place);
        }
        return true;
    case SIM_KEY_LEAK:
        victim = sim_people_key(crowd, (unsigned)sim_below(chance, crowd->options->n_keys));
        if (victim == NULL) {
            return false;
        }
        attack->session = copy_session(crowd, victim, true);
        place_abroad(crowd, NULL, &attack->place);
        return true;
    case SIM_N_ATTACKS:
        break;
    }
    return false;
}

static void choose(struct sim_crowd *crowd, struct sim_attack *attack, struct sim_request *request,
                   char path[64])
{
    (void)snprintf(path, 64, "/app/%u", (unsigned)sim_below(&crowd->chance, 40));
    request->path = path;
    request->http_status = 200;
    request->bytes_out = (uint64_t)sim_about(&crowd->chance, 40e3, 2);
    if (attack->kind == SIM_ENUMERATION) {
        (void)snprintf(path, 64, "/orders/%u", attack->n_sent * 7 + 13);
        request->http_status = sim_happens(&crowd->chance, 0.9) ? 403 : 200;
    }
    if (attack->kind == SIM_INSIDER) {
        request->bytes_out = INSIDER_BYTES;
    }
    if (attack->kind == SIM_STUFFING) {
        request->account = 1 + attack->n_sent % N_ACCOUNTS * 211;
        /* One of the lists of passwords fits somebody. */
        if (attack->n_sent % N_ACCOUNTS == N_ACCOUNTS - 1 && attack->session == NULL) {
            const uint32_t subject =
                1 + (uint32_t)sim_below(&crowd->chance, crowd->options->n_people);
            attack->session = own_session(crowd, subject, request->time_ns, false);
        }
    }
}

static void note(struct sim_attack *attack, const struct sim_verdict *verdict, int64_t now_ns)
{
    const bool is_refused =
        verdict->outcome != ZTA_OUTCOME_ALLOW && verdict->reason != ZTA_REASON_BAD_CREDENTIAL;
    if (attack->detected_ns == 0 && verdict->signals != 0) {
        attack->detected_ns = now_ns;
    }
    if (attack->kind == SIM_STUFFING && verdict->reason == ZTA_REASON_BAD_CREDENTIAL) {
        return; /* nobody's door was opened */
    }
    attack->armed_ns = attack->armed_ns == 0 ? now_ns : attack->armed_ns;
    attack->n_refused += is_refused ? 1 : 0;
    if (is_refused && attack->contained_ns == 0) {
        attack->contained_ns = now_ns;
    }
    attack->n_passed += !is_refused && attack->contained_ns == 0 ? 1 : 0;
    attack->n_slipped += !is_refused && attack->contained_ns != 0 ? 1 : 0;
}

static void finish(struct sim_crowd *crowd, struct sim_attack *attack)
{
    struct sim_attack_figures *figures = &crowd->report->attacks[attack->kind];
    if (!attack->has_begun || figures->n == sizeof figures->passed / sizeof figures->passed[0]) {
        return;
    }
    figures->passed[figures->n++] = attack->n_passed;
    figures->slipped += attack->n_slipped;
    if (attack->detected_ns != 0) {
        figures->detected_s[figures->n_detected++] =
            (double)(attack->detected_ns - attack->began_ns) / SECOND_NS;
    }
    if (attack->contained_ns != 0) {
        figures->contained_s[figures->n_contained++] =
            (double)(attack->contained_ns - attack->armed_ns) / SECOND_NS;
    }
    attack->has_begun = false;
}

static void act(struct sim_crowd *crowd, struct sim_actor *actor)
{
    struct sim_attack *attack = actor->self;
    const int64_t now_ns = actor->next_ns;
    char path[64];
    if (!attack->has_begun) {
        if (!prepare(crowd, attack, now_ns)) {
            actor->next_ns =
                now_ns + SIM_HOUR_NS / 2 < crowd->ends_ns ? now_ns + SIM_HOUR_NS / 2 : INT64_MAX;
            return;
        }
        attack->has_begun = true;
        attack->began_ns = now_ns;
        attack->ends_ns = now_ns + (int64_t)(kinds[attack->kind].lasts_h * (double)SIM_HOUR_NS);
        attack->gap_s =
            sim_between(&crowd->chance, kinds[attack->kind].gap_s, kinds[attack->kind].gap_most_s);
    }
    struct sim_request request = {
        .time_ns = now_ns,
        .place = &attack->place,
    };
    choose(crowd, attack, &request, path);
    request.session = attack->session;
    const struct sim_verdict verdict = sim_crowd_send(crowd, &request);
    attack->n_sent++;
    note(attack, &verdict, now_ns);
    actor->next_ns = now_ns + (int64_t)(SECOND_NS * sim_about(&crowd->chance, attack->gap_s, 1.3));
    if (attack->n_refused >= REFUSALS || now_ns > attack->ends_ns) {
        finish(crowd, attack);
        actor->next_ns = INT64_MAX;
    }
}

void sim_attacks_join(struct sim_crowd *crowd)
{
    const struct sim_options *options = crowd->options;
    crowd->n_attacks = (size_t)options->n_attacks * SIM_N_ATTACKS;
    crowd->attacks = calloc(crowd->n_attacks, sizeof *crowd->attacks);
    for (size_t i = 0; i < crowd->n_attacks; i++) {
        struct sim_attack *attack = &crowd->attacks[i];
        const double day =
            sim_between(&crowd->chance, options->first_attack_day, options->n_days - 0.5);
        attack->kind = (enum sim_attack_kind)(i % SIM_N_ATTACKS);
        attack->actor = (struct sim_actor){
            .next_ns = SIM_START_S * ZTA_NS_PER_S + (int64_t)(day * (double)SIM_DAY_NS),
            .act = act,
            .self = attack,
        };
        sim_crowd_add(crowd, &attack->actor);
    }
}

void sim_attacks_leave(struct sim_crowd *crowd)
{
    for (size_t i = 0; i < crowd->n_attacks; i++) {
        finish(crowd, &crowd->attacks[i]);
    }
    free(crowd->attacks);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated organisation in front of the real observer: days of traffic of people who work,
 * commute, travel and go on holiday, with attacks among them, under a clock that the simulation
 * moves. Each request is judged by the real rules with the real risk of that moment. The same seed
 * gives the same days.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/net.h"
#include "shared/context.h"
#include "shared/decision.h"

#define SIM_MINUTE_NS INT64_C(60000000000)
#define SIM_HOUR_NS   (60 * SIM_MINUTE_NS)
#define SIM_DAY_NS    (24 * SIM_HOUR_NS)
#define SIM_DAY_S     86400
/* A Monday, 00:00 UTC. */
#define SIM_START_S INT64_C(1900022400)

enum sim_attack_kind {
    SIM_STOLEN_ABROAD = 0, /* a token used from elsewhere while its owner works */
    SIM_STOLEN_NEAR,       /* the same, from the owner's country, with his User-Agent */
    SIM_STUFFING,          /* accounts tried from one address, until one opens */
    SIM_ENUMERATION,       /* a partner's own account walks slowly through what is not his */
    SIM_INSIDER,           /* somebody takes along what he may read */
    SIM_PHISHED,           /* a login with somebody's password */
    SIM_KEY_LEAK,          /* an API key used from elsewhere */
    SIM_N_ATTACKS
};

struct sim_options {
    uint64_t seed;
    unsigned n_people;
    unsigned n_keys; /* API keys of programs that work day and night */
    unsigned n_days;
    unsigned first_attack_day;
    unsigned n_attacks;   /* of each kind */
    unsigned pages_a_day; /* of one person at work */
    const char *store_below;
};

/* Where somebody is. */
struct sim_place {
    struct zta_addr addr;
    uint32_t asn;
    char country[2];
    struct zta_coordinates at;
};

struct sim_session {
    uint32_t number; /* of the session id */
    uint32_t subject;
    uint32_t device; /* 0: none is known */
    const char *agent;
    bool is_key;      /* an API key's */
    bool is_attack;   /* an attacker's, or his copy of it */
    bool is_attacked; /* somebody has a copy: what it gets is no mistake */
    int64_t login_s;  /* auth_time of its token */
    bool has_mfa;     /* acr of its token */
    /* What became of it. */
    bool was_challenged;
    bool was_blocked;
};

struct sim_request {
    int64_t time_ns;
    struct sim_session *session; /* NULL: a credential that nobody accepts */
    const struct sim_place *place;
    uint32_t account; /* that a refused credential claims to be of */
    const char *path;
    unsigned http_status; /* of the API, when it is asked */
    uint64_t bytes_out;
};

struct sim_verdict {
    enum zta_outcome outcome;
    enum zta_reason reason;
    uint8_t score;
    uint32_t signals;
};

struct sim_attack_figures {
    unsigned n;
    unsigned n_detected;
    unsigned n_contained;
    double detected_s[64];  /* from the first request on, of those detected */
    double contained_s[64]; /* from the first one on that had a credential */
    unsigned passed[64];    /* requests that were let in before that, or at all */
    unsigned slipped;       /* of all, let in behind that */
};

struct sim_report {
    uint64_t n_requests;
    uint64_t n_sessions;
    uint64_t n_challenged; /* honest sessions, ever */
    uint64_t n_blocked;
    /* Honest sessions, by what was up when it happened. */
    uint64_t challenged_by[32];
    uint64_t blocked_by[32];
    struct sim_attack_figures attacks[SIM_N_ATTACKS];
};

void sim_run(const struct sim_options *options, struct sim_report *report);
void sim_print(const struct sim_options *options, const struct sim_report *report);
const char *sim_attack_name(enum sim_attack_kind kind);
/* Of all that were contained; -1: none. */
double sim_median_s(const struct sim_report *report);

#endif

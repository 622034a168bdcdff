/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The risk of one request: what is kept for its session and address, with what it shows itself.
 * Pure. What a request shows again is the factor that is kept already, decaying; so the score that
 * was judged by is the score of what is recorded.
 */
#ifndef ZTA_RISK_JUDGE_H
#define ZTA_RISK_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/net.h"
#include "shared/context.h"
#include "shared/risk/place.h"
#include "shared/risk/score.h"
#include "shared/risk_signals.h"

/* What is kept; NULL: nothing. */
struct zta_risk_kept {
    const struct zta_risk *session;
    const struct zta_risk *address;       /* in no score; its signals can be asked for */
    const struct zta_risk *subject;       /* since when it shows what its sessions show */
    const struct zta_risk_others *others; /* of the session, what other nodes of a fleet raised */
    const struct zta_risk_others *others_of_address;
    const struct zta_risk_agent *agent;
    const struct zta_risk_place *place; /* the subject's last one, of the address's family */
};

/* What of a request its signals are found by. */
struct zta_risk_request {
    int64_t now_s;
    const struct zta_addr *addr;
    const struct zta_context *context;
    struct zta_text path;
    struct zta_text agent;
    bool is_shared; /* a credential of programs (API key), which has no one agent or place */
    unsigned outside_share;   /* what a transmitter of signals thinks, in percent; 0: nothing */
    int64_t outside_s;        /* since when */
    struct zta_text outsider; /* who says so */
};

/*
 * Does a request show anything unusual, or come from where somebody's last place matters? Only
 * then is what is kept of its subject worth reading.
 */
bool zta_risk_asks_subject(const struct zta_risk_request *request);

/*
 * Fills facts (threat is the caller's) and adds to *raised what this request raises anew: what is
 * to be recorded, and kept unless its half-life is 0.
 */
void zta_risk_judge(const struct zta_risk_request *request, const struct zta_risk_kept *kept,
                    const struct zta_risk_tuning *tuning, struct zta_risk_facts *facts,
                    struct zta_risk *raised);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Distrusts what came through shared memory. */
#include "mod_zta/helper/batch.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/context.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/risk/score.h"

/* Clocks of one machine; only a step lies between a request and its record. */
#define FUTURE_MAX_NS (60 * ZTA_NS_PER_S)

/* What is no circumstance is not known. */
static void sanitise_context(struct zta_event *event)
{
    struct zta_event_context *context = &event->context;
    const bool is_country = context->country[0] >= 'A' && context->country[0] <= 'Z' &&
                            context->country[1] >= 'A' && context->country[1] <= 'Z';
    if (!is_country) {
        memset(context->country, 0, sizeof context->country);
    }
    for (size_t i = 0; i < sizeof context->sources; i++) {
        if (context->sources[i] >= ZTA_N_FACT_SOURCES) {
            context->sources[i] = ZTA_SOURCE_NONE;
        }
    }
    if ((event->replay & ZTA_REPLAY_CONTEXT) == 0) {
        memset(context, 0, sizeof *context);
    }
}

/* What nobody can raise was not; a place is one or none. */
static void sanitise_risk(struct zta_event_risk *risk)
{
    uint8_t n = 0;
    for (size_t i = 0; i < risk->n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        struct zta_event_raised *raised = &risk->raised[i];
        if (raised->signal < ZTA_N_RISK_SIGNALS && raised->weight > 0 &&
            raised->weight <= ZTA_RISK_SCORE_MAX && raised->floor <= ZTA_RISK_SCORE_MAX) {
            raised->owners = 0;
            risk->raised[n++] = *raised;
        }
    }
    memset(&risk->raised[n], 0, (ZTA_EVENT_RAISED_MAX - n) * sizeof risk->raised[0]);
    risk->n_raised = n;
    risk->proof = risk->proof <= ZTA_PROOF_REPLAYED ? risk->proof : ZTA_PROOF_UNASKED;
    risk->score = risk->score <= ZTA_RISK_SCORE_MAX ? risk->score : ZTA_RISK_SCORE_MAX;
    risk->threat = risk->threat < ZTA_N_THREAT_LEVELS ? risk->threat : ZTA_N_THREAT_LEVELS - 1;
    risk->signals &= (UINT32_C(1) << ZTA_N_RISK_SIGNALS) - 1;
    if (risk->latitude < -ZTA_LATITUDE_MAX || risk->latitude > ZTA_LATITUDE_MAX ||
        risk->longitude < -ZTA_LONGITUDE_MAX || risk->longitude > ZTA_LONGITUDE_MAX) {
        risk->latitude = risk->longitude = 0;
        risk->radius_km = 0;
    }
}

bool mod_zta_event_sanitise(struct zta_event *event, int64_t now_real_ns)
{
    size_t len = 0;
    for (unsigned i = 0; i < ZTA_N_EVENT_TEXTS; i++) {
        len += event->text_len[i];
    }
    unsigned family = event->addr.family;
    if (len > sizeof event->texts || (family != 0 && family != 4 && family != 6) ||
        event->outcome > ZTA_OUTCOME_CHALLENGE || event->monitor_outcome > ZTA_OUTCOME_CHALLENGE ||
        event->reason >= ZTA_N_REASONS || event->monitor_reason >= ZTA_N_REASONS ||
        event->credential > ZTA_CREDENTIAL_BROWSER || event->binding > ZTA_BINDING_MTLS ||
        event->session_kind > ZTA_SESSION_TOKEN || event->expires_s > INT64_MAX) {
        return false;
    }
    sanitise_context(event);
    sanitise_risk(&event->risk);
    if (event->time_ns < 0 || event->time_ns > now_real_ns + FUTURE_MAX_NS) {
        event->time_ns = now_real_ns;
    }
    return true;
}

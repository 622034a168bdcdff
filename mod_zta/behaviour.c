/* SPDX-License-Identifier: Apache-2.0 */
/* One record of state/ is read, nothing is written: the observer learns from the event. */
#include "mod_zta/behaviour.h"

#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/store/baselines.h"

/* What is unknown because nothing was learned yet is recorded as such: it was looked for. */
static struct zta_provenance from_baseline(int64_t first_s, int64_t now_s)
{
    const int64_t age_s = now_s - first_s;
    return (struct zta_provenance){
        .source = ZTA_SOURCE_BASELINE,
        .age_s = age_s < 0            ? 0
                 : age_s > UINT32_MAX ? UINT32_MAX
                                      : (uint32_t)age_s,
    };
}

void mod_zta_behaviour_gather(struct mod_zta_request *request, const struct zta_stance *stance,
                              const struct mod_zta_look *look)
{
    struct zta_context *context = &request->context;
    const struct zta_identity *identity = request->identity;
    const struct zta_ruleset *set = request->rules != NULL ? request->rules->set : NULL;
    const int64_t now_s = request->arrived_ns / ZTA_NS_PER_S;
    context->usual = (struct zta_answers){.known = 0};
    context->usual_from = (struct zta_provenance){.source = ZTA_SOURCE_NONE};
    const bool is_asked = stance->modes[ZTA_FEATURE_RISK] != ZTA_MODE_OFF ||
                          (set != NULL && zta_ruleset_asks(set, ZTA_FEATURE_BEHAVIOUR));
    if (look->view == NULL || !is_asked) {
        return;
    }
    context->usual_from = from_baseline(now_s, now_s);
    if (identity == NULL || zta_text_is_absent(identity->subject)) {
        return;
    }
    const struct zta_habit_facts facts = {
        .time_s = now_s,
        .addr = request->facts.addr,
        .asn = context->asn,
        .country = context->country,
        .device = context->device,
        .route = request->facts.route,
        .agent = request->facts.agent,
    };
    struct zta_habit_values values;
    struct zta_baseline_answered answered;
    zta_habit_values_make(&facts, &values);
    if (zta_baseline_ask(look->view, identity->issuer, identity->subject, &values, &answered) ==
            ZTA_OK &&
        answered.is_there) {
        context->usual = answered.usual;
        context->usual_from = from_baseline(answered.first_s, now_s);
    }
}

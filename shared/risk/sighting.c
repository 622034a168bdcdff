/* SPDX-License-Identifier: Apache-2.0 */
/* Reads out of an event what detectors look at. */
#include "shared/risk/sighting.h"

#include "shared/base/bytes.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/decision.h"
#include "shared/risk/habits.h"

/* No secret: who crafts paths of one hash hides the number of them from the detector alone. */
static const struct zta_siphash_key path_key = {.k0 = 0x7a74612d70617468, .k1 = 0x732d6d6973736564};

static bool is_nothing(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Refused for what was asked for: who is shut out as a whole did not choose his paths badly. */
static bool is_missing(const struct zta_event *event)
{
    if (event->http_status == 404) {
        return true;
    }
    return event->http_status == 403 &&
           (event->outcome == ZTA_OUTCOME_ALLOW || event->reason == ZTA_REASON_NO_RULE ||
            event->reason == ZTA_REASON_RULE_DENIED || event->reason == ZTA_REASON_NOT_ENTITLED ||
            event->reason == ZTA_REASON_INSUFFICIENT_SCOPE);
}

static unsigned traits_of(const struct zta_event *event)
{
    unsigned traits = 0;
    traits |= (event->replay & ZTA_REPLAY_IDENTITY) != 0 ? ZTA_SIGHTING_ENTERED : 0;
    traits |= !is_nothing(event->session, sizeof event->session) ? ZTA_SIGHTING_SESSION : 0;
    traits |= event->outcome == ZTA_OUTCOME_ALLOW ? ZTA_SIGHTING_ALLOWED : 0;
    traits |= is_missing(event) ? ZTA_SIGHTING_MISSING : 0;
    if (event->outcome != ZTA_OUTCOME_ALLOW && (traits & ZTA_SIGHTING_SESSION) == 0) {
        traits |=
            event->reason == ZTA_REASON_BAD_CREDENTIAL || event->reason == ZTA_REASON_UNKNOWN_ISSUER
                ? ZTA_SIGHTING_FAILED
                : 0;
    }
    if ((traits & ZTA_SIGHTING_SESSION) != 0) {
        traits |= event->risk.proof == ZTA_PROOF_REPLAYED ? ZTA_SIGHTING_REPLAYED : 0;
        traits |= event->risk.proof == ZTA_PROOF_FAILED ? ZTA_SIGHTING_UNBOUND : 0;
    }
    return traits;
}

/*
 * Usual is the very network here: a thief may well be a customer of the same provider, and one line
 * of an office has one network.
 */
static struct zta_sighting_place place_of(const struct zta_event *event,
                                          const struct zta_baseline *baseline)
{
    const struct zta_event_context *context = &event->context;
    const struct zta_habit_facts facts = {
        .addr = event->addr,
        .hidden = 1u << ZTA_HABIT_AGENT,
    };
    struct zta_habit_values values;
    zta_habit_values_make(&facts, &values);
    const uint64_t network = values.values[ZTA_HABIT_NETWORK];
    const int64_t time_s = event->time_ns / ZTA_NS_PER_S;
    return (struct zta_sighting_place){
        .network = network,
        .system = context->asn,
        .country = zta_get_u16((const uint8_t *)context->country),
        .is_usual_known =
            baseline != NULL && zta_baseline_is_known(baseline, ZTA_HABIT_NETWORK, time_s),
        .is_known_usual =
            baseline != NULL && zta_baseline_has(baseline, ZTA_HABIT_NETWORK, network, time_s),
    };
}

bool zta_sighting_make(const struct zta_event *event, uint32_t n,
                       const struct zta_baseline *baseline, struct zta_sighting *sighting)
{
    struct zta_stance stance;
    zta_event_stance(event, &stance);
    if (stance.modes[ZTA_FEATURE_RISK] == ZTA_MODE_OFF &&
        stance.modes[ZTA_FEATURE_AUTOMATION] == ZTA_MODE_OFF) {
        return false;
    }
    *sighting = (struct zta_sighting){
        .time_ns = event->time_ns,
        .n = n,
        .traits = traits_of(event),
        .place = place_of(event, baseline),
    };
    if ((sighting->traits & ZTA_SIGHTING_MISSING) != 0) {
        const struct zta_text path = zta_event_text(event, ZTA_EVENT_PATH);
        sighting->path = zta_siphash(&path_key, path.data, path.len);
    }
    sighting->account = (sighting->traits & ZTA_SIGHTING_FAILED) != 0 ? event->account
                                                                      : zta_get_u64(event->session);
    return true;
}

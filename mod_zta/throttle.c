/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the rules which limits apply, the shared memory whether they hold. */
#include "mod_zta/throttle.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/child.h"
#include "mod_zta/measures.h"
#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/live/shares.h"

#define FAILURE_TAG_DOMAIN "zta-failed-verifications"
#define MEASURE_TAG_DOMAIN "zta-measure"
#define TAG_DOMAIN_MAX     32
/* What a transmitter may push, whoever it is: far above what a stream brings. */
#define TRANSMITTER_TAG_DOMAIN "zta-transmitter"

static void set_verdict(struct zta_verdict *verdict, const struct zta_limit_charge *charge)
{
    *verdict = (struct zta_verdict){
        .outcome = ZTA_OUTCOME_THROTTLE,
        .reason = ZTA_REASON_RATE_LIMITED,
        .line = charge->line,
        .source = charge->source,
    };
    apr_cpystrn(verdict->rule, charge->name, sizeof(verdict->rule));
}

static bool was_charged(struct mod_zta_request *request, uint64_t tag)
{
    for (size_t i = 0; i < request->n_charged; i++) {
        if (request->charged[i] == tag) {
            return true;
        }
    }
    if (request->n_charged < ZTA_LIMIT_CHARGES_MAX) {
        request->charged[request->n_charged++] = tag;
    }
    return false;
}

/* The limit with the least left speaks; a refusing one before all others. */
static void tell(struct mod_zta_told_limit *told, const struct zta_limit_charge *charge,
                 const struct zta_limit_rate *rate, const struct zta_limit_state *state)
{
    if (charge->mode != ZTA_MODE_ENFORCE ||
        (told->is_set && (told->state.is_refused ||
                          (!state->is_refused && told->state.remaining <= state->remaining)))) {
        return;
    }
    *told = (struct mod_zta_told_limit){
        .count = rate->count, .window_s = rate->window_s, .state = *state, .is_set = true};
    apr_cpystrn(told->name, charge->name, sizeof(told->name));
}

/* The first side of a request counts when it came, a later one (include, redirect) by itself. */
static int64_t charge_ns(const struct mod_zta_request *request)
{
    return request->n_sides == 0 && !request->is_subrequest ? request->started_ns
                                                            : zta_clock_monotonic_ns();
}

static void charge_or_ask(const struct mod_zta_request *request, uint64_t tag,
                          const struct zta_limit_rate *rate, bool is_test,
                          struct zta_limit_state *state)
{
    struct zta_segment *segment = mod_zta_segment();
    zta_limits_charge(segment, tag, rate, charge_ns(request), is_test, state);
    if (state->is_refused) {
        /* Others may have been charged by a later reading of the clock. */
        zta_limits_charge(segment, tag, rate, zta_clock_monotonic_ns(), is_test, state);
    }
}

void mod_zta_throttle_find(const struct mod_zta_request *request, const struct zta_stance *stance,
                           int64_t now_s, enum zta_limit_phase phase, struct mod_zta_limits *limits)
{
    struct zta_segment *segment = mod_zta_segment();
    limits->n = zta_rules_limits(request->rules->set, &request->facts, stance, now_s, phase,
                                 zta_segment_key(segment), limits->charges, &limits->n_left_out);
    for (size_t i = 0; i < limits->n; i++) {
        struct zta_limit_charge *charge = &limits->charges[i];
        charge->tag = zta_limits_tag(segment, zta_text_of(charge->name), charge->tag);
        zta_limits_expect(segment, charge->tag);
    }
}

/* This node's part of the rate, where the fleet shares it. */
static struct zta_share ask_share(const struct mod_zta_request *request,
                                  const struct zta_limit_charge *charge,
                                  struct zta_limit_rate *rate)
{
    struct zta_segment *segment = mod_zta_segment();
    struct zta_share share = {.slot = ZTA_SHARES_NO_SLOT, .part = ZTA_SHARES_WHOLE};
    if (charge->is_fleets && zta_shares_are_on(segment)) {
        const struct zta_siphash_key key = zta_shares_key(segment);
        const uint64_t id = zta_rules_limit_tag(request->rules->set, &request->facts, charge, &key);
        share = zta_shares_ask(segment, id, charge_ns(request));
        rate->part = share.part;
    }
    return share;
}

/* What is more than half full may need more of what the other nodes have. */
static void note_pressure(const struct zta_limit_rate *rate, struct zta_share share,
                          const struct zta_limit_state *state)
{
    if (state->is_refused || state->remaining <= rate->burst * share.part / ZTA_SHARES_WHOLE / 2) {
        zta_shares_press(mod_zta_segment(), share);
    }
}

void mod_zta_throttle(struct mod_zta_request *request, const struct mod_zta_limits *limits,
                      struct mod_zta_throttled *result)
{
    /* What passes has no more to say. */
    result->enforced.outcome = ZTA_OUTCOME_ALLOW;
    result->monitored.outcome = ZTA_OUTCOME_ALLOW;
    result->keys[0] = '\0';
    for (size_t i = 0; i < limits->n; i++) {
        const struct zta_limit_charge *charge = &limits->charges[i];
        if (was_charged(request, charge->tag)) {
            continue;
        }
        struct zta_limit_rate rate = {
            .count = charge->count, .window_s = charge->window_s, .burst = charge->burst};
        struct zta_limit_state state;
        if (charge->mode == ZTA_MODE_ENFORCE) {
            (void)mod_zta_measures_tighten(request->measures, charge->name, &rate.count,
                                           &rate.window_s, &rate.burst);
        }
        const struct zta_share share = ask_share(request, charge, &rate);
        charge_or_ask(request, charge->tag, &rate, false, &state);
        note_pressure(&rate, share, &state);
        tell(&request->told, charge, &rate, &state);
        if (!state.is_refused) {
            continue;
        }
        if (result->monitored.outcome == ZTA_OUTCOME_ALLOW) {
            struct zta_buffer keys;
            zta_buffer_init(&keys, result->keys, sizeof(result->keys));
            zta_rules_limit_keys(request->rules->set, charge->number, &keys);
            set_verdict(&result->monitored, charge);
        }
        if (charge->mode == ZTA_MODE_ENFORCE && result->enforced.outcome == ZTA_OUTCOME_ALLOW) {
            set_verdict(&result->enforced, charge);
        }
    }
    if (limits->n_left_out > 0) {
        /* More limits than are evaluated apply: the rest cannot be honoured, so nothing passes. */
        result->enforced = (struct zta_verdict){.outcome = ZTA_OUTCOME_THROTTLE,
                                                .reason = ZTA_REASON_RATE_LIMITED};
        request->detail = "more limits apply than can be charged for one request";
    }
}

/* Of the address, in a bucket of its own for each purpose and mode. */
static uint64_t addr_tag(const struct mod_zta_request *request, const char *domain,
                         enum zta_mode mode)
{
    struct zta_cidr network = zta_addr_network(&request->facts.addr, 32, 64);
    unsigned char key[TAG_DOMAIN_MAX + sizeof(network.addr.bytes) + 2] = {0};
    apr_cpystrn((char *)key, domain, TAG_DOMAIN_MAX);
    memcpy(key + TAG_DOMAIN_MAX, network.addr.bytes, sizeof(network.addr.bytes));
    key[sizeof(key) - 2] = network.addr.family;
    key[sizeof(key) - 1] = (unsigned char)mode;
    uint64_t tag = zta_siphash(zta_segment_key(mod_zta_segment()), key, sizeof(key));
    return tag == 0 ? 1 : tag;
}

static uint64_t failure_tag(const struct mod_zta_request *request, enum zta_mode mode)
{
    return zta_limits_tag(mod_zta_segment(), ZTA_TEXT(ZTA_FAILURE_LIMIT_NAME),
                          addr_tag(request, FAILURE_TAG_DOMAIN, mode));
}

/* Whether some bucket can still hold a failure: one is empty a window after its burst was used. */
static bool has_failed_lately(const struct mod_zta_request *request,
                              const struct zta_limit_rate *rate)
{
    int64_t failed_ns = zta_segment_failed_ns(mod_zta_segment());
    uint64_t held_s = (rate->burst / rate->count + 1) * rate->window_s;
    return failed_ns > 0 && (failed_ns > request->started_ns ||
                             (uint64_t)((request->started_ns - failed_ns) / ZTA_NS_PER_S) < held_s);
}

bool mod_zta_throttle_has_failed_too_often(struct mod_zta_request *request, enum zta_mode mode)
{
    const struct zta_limit_rate *rate = &mod_zta_global()->failures;
    struct zta_limit_state state;
    if (rate->count == 0 || !has_failed_lately(request, rate)) {
        return false;
    }
    charge_or_ask(request, failure_tag(request, mode), rate, true, &state);
    if (state.is_refused) {
        request->told = (struct mod_zta_told_limit){.name = ZTA_FAILURE_LIMIT_NAME,
                                                    .count = rate->count,
                                                    .window_s = rate->window_s,
                                                    .state = state,
                                                    .is_set = true};
        request->detail = "too many failed verifications from this address";
    }
    return state.is_refused;
}

void mod_zta_throttle_note_failure(const struct mod_zta_request *request, enum zta_mode mode)
{
    const struct zta_limit_rate *rate = &mod_zta_global()->failures;
    struct zta_limit_state state;
    if (rate->count > 0) {
        zta_segment_failure_note(mod_zta_segment(), zta_clock_monotonic_ns());
        charge_or_ask(request, failure_tag(request, mode), rate, false, &state);
    }
}

bool mod_zta_throttle_addr(struct mod_zta_request *request, uint64_t count, uint64_t window_s,
                           enum zta_mode mode)
{
    const struct zta_limit_rate rate = {.count = count, .window_s = window_s, .burst = count};
    const uint64_t tag = addr_tag(request, MEASURE_TAG_DOMAIN, mode);
    struct zta_limit_state state;
    if (was_charged(request, tag)) {
        return false;
    }
    charge_or_ask(request, tag, &rate, false, &state);
    if (state.is_refused && mode == ZTA_MODE_ENFORCE) {
        request->told = (struct mod_zta_told_limit){.name = MEASURE_TAG_DOMAIN,
                                                    .count = rate.count,
                                                    .window_s = rate.window_s,
                                                    .state = state,
                                                    .is_set = true};
    }
    return state.is_refused;
}

bool mod_zta_throttle_transmitter(const struct mod_zta_request *request, struct zta_text name)
{
    static const struct zta_limit_rate rate = {.count = 100, .window_s = 1, .burst = 1000};
    char key[sizeof(TRANSMITTER_TAG_DOMAIN) + ZTA_NAME_MAX] = TRANSMITTER_TAG_DOMAIN;
    const size_t len = name.len < ZTA_NAME_MAX ? name.len : ZTA_NAME_MAX;
    struct zta_limit_state state;
    memcpy(key + sizeof(TRANSMITTER_TAG_DOMAIN), name.data, len);
    const uint64_t tag = zta_siphash(zta_segment_key(mod_zta_segment()), key, sizeof(key));
    charge_or_ask(request, tag == 0 ? 1 : tag, &rate, false, &state);
    return state.is_refused;
}

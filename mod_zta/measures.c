/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts the measures that hold by their source's mode in this place. */
#include "mod_zta/measures.h"

#include <string.h>

#include "mod_zta/config.h"
#include "shared/base/clock.h"
#include "shared/store/measures.h"

/* One question under way. */
struct sorting {
    const struct zta_stance *stance;
    const struct zta_acr_order *order;
    struct mod_zta_measures *measures;
};

static enum zta_mode source_mode(const struct zta_stance *stance, enum zta_measure_source source)
{
    switch (source) {
    case ZTA_MEASURE_OF_RULE:
        return stance->modes[ZTA_FEATURE_AUTOMATION];
    case ZTA_MEASURE_OF_TRANSMITTER:
        return stance->modes[ZTA_FEATURE_SIGNALS];
    case ZTA_MEASURE_OF_OPERATOR:
        break;
    }
    return stance->modes[ZTA_FEATURE_CREDENTIAL];
}

/* A challenge is also the business of `stepup`: the weaker of both decides. */
static enum zta_mode mode_of(const struct zta_stance *stance, const struct zta_measure *measure)
{
    const enum zta_mode mode = source_mode(stance, measure->source);
    const enum zta_mode step_up = stance->modes[ZTA_FEATURE_STEPUP];
    return measure->kind == ZTA_MEASURE_STEP_UP && step_up < mode ? step_up : mode;
}

static void copy_name(struct zta_text from, char to[ZTA_NAME_MAX + 1])
{
    const size_t len = from.len < ZTA_NAME_MAX ? from.len : ZTA_NAME_MAX;
    if (len > 0) {
        memcpy(to, from.data, len);
    }
    to[len] = '\0';
}

static void demand(const struct zta_acr_order *order, const struct zta_measure *measure,
                   struct mod_zta_held_back *held)
{
    struct zta_step_up more;
    zta_step_up_init(&more);
    if (!zta_text_is_absent(measure->acr) && measure->acr.len < sizeof(more.acr)) {
        memcpy(more.acr, measure->acr.data, measure->acr.len);
        more.acr[measure->acr.len] = '\0';
    }
    more.max_age_s = measure->max_age_s;
    /* What was seen came behind every login before it: only a new one says who this is. */
    more.newer_than_s = measure->created_ns / ZTA_NS_PER_S;
    zta_step_up_merge(order, &more, &held->step_up);
    held->is_stepped_up = true;
}

/* Is a/b less than c/d? */
static bool is_slower(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return (unsigned __int128)a * d < (unsigned __int128)c * b;
}

static void slow(const struct zta_measure *measure, struct mod_zta_held_back *held)
{
    if (!held->is_throttled ||
        is_slower(measure->count, measure->window_s, held->count, held->window_s)) {
        held->count = measure->count;
        held->window_s = measure->window_s;
    }
    held->is_throttled = true;
}

/* Further ones are left out: 32 can stand, few will. */
static void tighten(const struct zta_measure *measure, struct mod_zta_measures *measures)
{
    if (measures->n_tightened == MOD_ZTA_TIGHTENED_MAX) {
        return;
    }
    struct mod_zta_tightened *tightened = &measures->tightened[measures->n_tightened++];
    copy_name(measure->limit, tightened->name);
    tightened->count = measure->count;
    tightened->window_s = measure->window_s;
}

static void sort(void *context, const struct zta_measure *measure)
{
    const struct sorting *sorting = context;
    const enum zta_mode mode = mode_of(sorting->stance, measure);
    const bool is_enforced = mode == ZTA_MODE_ENFORCE;
    struct mod_zta_held_back *held =
        is_enforced ? &sorting->measures->enforced : &sorting->measures->monitored;
    const bool is_hard = held->is_blocked || held->is_quarantined;
    if (mode == ZTA_MODE_OFF || measure->kind == ZTA_MEASURE_THREAT_LEVEL) {
        return;
    }
    switch (measure->kind) {
    case ZTA_MEASURE_BLOCK:
        held->is_blocked = true;
        break;
    case ZTA_MEASURE_QUARANTINE:
        held->is_quarantined = true;
        break;
    case ZTA_MEASURE_STEP_UP:
        demand(sorting->order, measure, held);
        break;
    case ZTA_MEASURE_THROTTLE:
        slow(measure, held);
        break;
    case ZTA_MEASURE_LIMIT:
        if (is_enforced) {
            tighten(measure, sorting->measures);
        }
        return;
    case ZTA_MEASURE_THREAT_LEVEL:
    case ZTA_N_MEASURE_KINDS:
        return;
    }
    if (held->rule[0] == '\0' || (!is_hard && (held->is_blocked || held->is_quarantined))) {
        copy_name(measure->rule, held->rule);
    }
}

void mod_zta_measures_init(struct mod_zta_measures *measures)
{
    measures->enforced = measures->monitored = (struct mod_zta_held_back){.is_blocked = false};
    measures->n_tightened = 0; /* what is above is not read */
    zta_step_up_init(&measures->enforced.step_up);
    zta_step_up_init(&measures->monitored.step_up);
}

static enum zta_status find(struct zta_view *view, const struct zta_measure_question *question,
                            int64_t now_s, struct sorting *sorting)
{
    const uint8_t *modes = sorting->stance->modes;
    const bool asks_state =
        modes[ZTA_FEATURE_AUTOMATION] != ZTA_MODE_OFF || modes[ZTA_FEATURE_SIGNALS] != ZTA_MODE_OFF;
    if (!asks_state && modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_OFF) {
        return ZTA_OK;
    }
    return asks_state ? zta_measures_find(view, question, now_s, sort, sorting)
                      : zta_measures_find_operators(view, question, now_s, sort, sorting);
}

enum zta_status mod_zta_measures_of_addr(struct zta_view *view, const struct zta_addr *addr,
                                         const struct zta_stance *stance, int64_t now_s,
                                         struct mod_zta_measures *measures)
{
    struct sorting sorting = {.stance = stance, .measures = measures};
    const struct zta_measure_question question = {.asks_everyone = true, .addr = addr};
    return find(view, &question, now_s, &sorting);
}

const struct zta_acr_order *mod_zta_measures_acrs(const struct zta_identity *identity)
{
    const apr_array_header_t *issuers = mod_zta_global()->issuers;
    for (int i = 0; i < issuers->nelts; i++) {
        const struct mod_zta_issuer *issuer =
            &APR_ARRAY_IDX(issuers, i, struct mod_zta_issuer_config *)->issuer;
        if (zta_text_equal(issuer->name, identity->issuer)) {
            return &issuer->acrs;
        }
    }
    return NULL;
}

enum zta_status mod_zta_measures_of_identity(struct zta_view *view,
                                             const struct zta_identity *identity,
                                             const struct zta_stance *stance, int64_t now_s,
                                             struct mod_zta_measures *measures)
{
    struct sorting sorting = {
        .stance = stance, .order = mod_zta_measures_acrs(identity), .measures = measures};
    const struct zta_measure_question question = {.identity = identity};
    return find(view, &question, now_s, &sorting);
}

bool mod_zta_measures_tighten(const struct mod_zta_measures *measures, const char *limit,
                              uint64_t *count, uint64_t *window_s, uint64_t *burst)
{
    bool is_tightened = false;
    for (size_t i = 0; i < measures->n_tightened; i++) {
        const struct mod_zta_tightened *tightened = &measures->tightened[i];
        if (strcmp(tightened->name, limit) == 0 &&
            is_slower(tightened->count, tightened->window_s, *count, *window_s)) {
            *count = tightened->count;
            *window_s = tightened->window_s;
            *burst = *burst < *count ? *burst : *count;
            is_tightened = true;
        }
    }
    return is_tightened;
}

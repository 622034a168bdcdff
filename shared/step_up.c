/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of acr values go by their place in the issuer's order, never by their text. */
#include "shared/step_up.h"

#include <string.h>

/* 1 is the weakest; 0: not in the order. */
static size_t rank_of(const struct zta_acr_order *order, struct zta_text acr)
{
    for (size_t i = 0; order != NULL && i < order->n; i++) {
        if (zta_text_equal(order->values[i], acr)) {
            return i + 1;
        }
    }
    return 0;
}

bool zta_acr_is_well_formed(struct zta_text acr)
{
    for (size_t i = 0; i < acr.len; i++) {
        const char c = acr.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\') {
            return false;
        }
    }
    return acr.len > 0 && acr.len < ZTA_ACR_TEXT_MAX;
}

void zta_step_up_init(struct zta_step_up *step_up)
{
    *step_up = (struct zta_step_up){.max_age_s = -1};
}

bool zta_acr_is_at_least(const struct zta_acr_order *order, struct zta_text has,
                         struct zta_text wanted)
{
    if (zta_text_equal(has, wanted)) {
        return true;
    }
    const size_t wanted_rank = rank_of(order, wanted);
    return wanted_rank > 0 && rank_of(order, has) > wanted_rank;
}

static bool is_stronger(const struct zta_acr_order *order, const char *acr, const char *than)
{
    return than[0] == '\0' || rank_of(order, zta_text_of(acr)) > rank_of(order, zta_text_of(than));
}

void zta_step_up_merge(const struct zta_acr_order *order, const struct zta_step_up *more,
                       struct zta_step_up *step_up)
{
    if (more->acr[0] != '\0' && is_stronger(order, more->acr, step_up->acr)) {
        memcpy(step_up->acr, more->acr, sizeof step_up->acr);
    }
    if (more->max_age_s >= 0 && (step_up->max_age_s < 0 || more->max_age_s < step_up->max_age_s)) {
        step_up->max_age_s = more->max_age_s;
    }
    if (more->newer_than_s > step_up->newer_than_s) {
        step_up->newer_than_s = more->newer_than_s;
    }
}

bool zta_step_up_is_possible(const struct zta_identity *identity)
{
    return identity != NULL && (identity->credential == ZTA_CREDENTIAL_TOKEN ||
                                identity->credential == ZTA_CREDENTIAL_BROWSER);
}

static bool is_strong(const struct zta_acr_order *order, const struct zta_step_up *step_up,
                      const struct zta_identity *identity)
{
    return step_up->acr[0] == '\0' ||
           zta_acr_is_at_least(order, identity->acr, zta_text_of(step_up->acr));
}

static bool is_young(const struct zta_step_up *step_up, int64_t login_s, int64_t now_s)
{
    return step_up->max_age_s < 0 || (login_s > 0 && now_s - login_s <= step_up->max_age_s);
}

static bool is_behind(const struct zta_step_up *step_up, int64_t login_s)
{
    return step_up->newer_than_s <= 0 || login_s > step_up->newer_than_s;
}

bool zta_step_up_is_met(const struct zta_acr_order *order, const struct zta_step_up *step_up,
                        const struct zta_identity *identity, int64_t now_s)
{
    const int64_t login_s = identity == NULL ? 0 : identity->auth_time_s;
    if (!zta_step_up_is_possible(identity) || !is_strong(order, step_up, identity)) {
        return false;
    }
    return is_young(step_up, login_s, now_s) && is_behind(step_up, login_s);
}

static uint16_t token_of(const struct zta_identity *identity)
{
    return zta_get_u16(identity->token_id.bytes) & 0xfff;
}

/* Issued behind all that were asked before; of several in one second by what they are. */
static bool is_new_token(const struct zta_identity *identity, const struct zta_step_up_past *past)
{
    return identity->issued_s > past->issued_s ||
           (identity->issued_s == past->issued_s && token_of(identity) != past->token);
}

/* Of a login that came behind the last challenge. */
static bool is_final(const struct zta_acr_order *order, const struct zta_step_up *step_up,
                     const struct zta_identity *identity, int64_t now_s)
{
    const int64_t login_s = identity->auth_time_s;
    if (!is_strong(order, step_up, identity)) {
        return true;
    }
    if (!is_behind(step_up, login_s)) {
        return step_up->newer_than_s - login_s <= ZTA_STEP_UP_CALM_S;
    }
    return !is_young(step_up, login_s, now_s) && step_up->max_age_s < ZTA_STEP_UP_BRIEF_S;
}

bool zta_step_up_is_worth_asking(const struct zta_acr_order *order,
                                 const struct zta_step_up *step_up,
                                 const struct zta_identity *identity, int64_t now_s,
                                 struct zta_step_up_past *past)
{
    const bool is_new = is_new_token(identity, past);
    uint8_t n_vain = 0;
    if (past->asked_s > 0 && identity->auth_time_s > past->asked_s) {
        if (is_final(order, step_up, identity, now_s)) {
            return false;
        }
    }
    else if (past->asked_s > 0) {
        const bool is_answer = identity->issued_s + ZTA_STEP_UP_SLACK_S >= past->asked_s;
        n_vain = (uint8_t)(past->n_vain + (is_new && is_answer ? 1 : 0));
        if (n_vain >= ZTA_STEP_UP_VAIN_MAX) {
            return false;
        }
    }
    *past = (struct zta_step_up_past){
        .asked_s = identity->auth_time_s > now_s ? identity->auth_time_s : now_s,
        .issued_s = is_new ? identity->issued_s : past->issued_s,
        .token = is_new ? token_of(identity) : past->token,
        .n_vain = n_vain,
    };
    return true;
}

int64_t zta_step_up_max_age(const struct zta_step_up *step_up, int64_t now_s)
{
    int64_t age_s = step_up->max_age_s;
    if (step_up->newer_than_s > 0) {
        const int64_t since_s = now_s - step_up->newer_than_s - 1;
        const int64_t bound_s = since_s > 0 ? since_s : 0;
        age_s = age_s < 0 || bound_s < age_s ? bound_s : age_s;
    }
    return age_s;
}

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

bool zta_step_up_is_met(const struct zta_acr_order *order, const struct zta_step_up *step_up,
                        const struct zta_identity *identity, int64_t now_s)
{
    const int64_t login_s = identity == NULL ? 0 : identity->auth_time_s;
    if (!zta_step_up_is_possible(identity)) {
        return false;
    }
    if (step_up->acr[0] != '\0' &&
        !zta_acr_is_at_least(order, identity->acr, zta_text_of(step_up->acr))) {
        return false;
    }
    if (step_up->max_age_s >= 0 && (login_s <= 0 || now_s - login_s > step_up->max_age_s)) {
        return false;
    }
    return step_up->newer_than_s <= 0 || login_s > step_up->newer_than_s;
}

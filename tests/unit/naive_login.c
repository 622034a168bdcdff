/* SPDX-License-Identifier: Apache-2.0 */
/* Logins and what a better one would have to be, as docs/rules.md words it. */
#include "tests/unit/naive_priv.h"

#include "shared/rules/attributes.h"

size_t naive_acr_place(const struct naive *naive, struct zta_text acr)
{
    for (size_t i = 0; naive->acrs != NULL && i < naive->n_issuers; i++) {
        if (!naive_same(naive->issuers[i], naive->facts->identity->issuer)) {
            continue;
        }
        for (size_t j = 0; j < naive->acrs[i].n; j++) {
            if (naive_same(naive->acrs[i].values[j], acr)) {
                return j + 1;
            }
        }
    }
    return 0;
}

bool naive_login_helps(const struct naive *naive, const struct unmet *unmet)
{
    const struct zta_identity *id = naive->facts->identity;
    const bool has_login = id != NULL && (id->credential == ZTA_CREDENTIAL_TOKEN ||
                                          id->credential == ZTA_CREDENTIAL_BROWSER);
    return has_login && (unmet->n_of[ZTA_REASON_RISK_HIGH] == 0 || naive->facts->risk != NULL);
}

static bool is_strong(const struct naive *naive, struct zta_text wanted)
{
    const struct zta_text acr = naive->facts->identity->acr;
    const size_t place = naive_acr_place(naive, wanted);
    return wanted.data == NULL || naive_same(acr, wanted) ||
           (place > 0 && naive_acr_place(naive, acr) >= place);
}

static bool is_young(const struct naive *naive, int64_t max_age_s)
{
    const int64_t auth_time_s = naive->facts->identity->auth_time_s;
    return auth_time_s != 0 && auth_time_s + max_age_s >= naive->now_s;
}

bool naive_login_suffices(const struct naive *naive, const struct zta_ast_rule *rule,
                          const struct unmet *unmet)
{
    if (!naive_login_helps(naive, unmet) || !is_strong(naive, rule->step_up.acr)) {
        return false;
    }
    const bool is_of_age = rule->step_up.max_age_s < 0 || is_young(naive, rule->step_up.max_age_s);
    if (unmet->n_of[ZTA_REASON_RISK_HIGH] == 0 || naive->facts->risk->newest_s == 0) {
        return is_of_age;
    }
    const bool is_later = naive->facts->identity->auth_time_s > naive->facts->risk->newest_s;
    return is_later && (unmet->n_of[ZTA_REASON_RISK_HIGH] == unmet->n || is_of_age);
}

bool naive_is_login_line(const struct zta_ast_group *line)
{
    for (size_t i = 0; i < line->n_conds; i++) {
        const struct zta_ast_cond *cond = &line->conds[i];
        const bool is_greater = cond->op == ZTA_OP_GT || cond->op == ZTA_OP_GE;
        const bool is_compared = cond->op != ZTA_OP_ANY_OF;
        if (cond->attribute == ZTA_ATTRIBUTE_AUTH_AGE && is_compared &&
            is_greater == !cond->is_negated) {
            return false;
        }
        if (cond->attribute != ZTA_ATTRIBUTE_ACR && cond->attribute != ZTA_ATTRIBUTE_AMR &&
            cond->attribute != ZTA_ATTRIBUTE_AUTH_AGE) {
            return false;
        }
    }
    return true;
}

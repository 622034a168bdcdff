/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions against facts in three-valued logic (docs/rules.md, meanings 3, 4, 7, 11 and 12). */
#include "shared/rules/eval_priv.h"

/* A known fact against one condition's values. */
struct question {
    const struct zta_rules_view *view;
    const struct zta_rule_cond *cond;
};

struct zta_rules_force zta_rules_force_of(const struct zta_stance *stance)
{
    unsigned enforced = 0;
    unsigned monitored = 0;
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        enforced |= (unsigned)(stance->modes[i] >= ZTA_MODE_ENFORCE) << i;
        monitored |= (unsigned)(stance->modes[i] >= ZTA_MODE_MONITOR) << i;
    }
    return (struct zta_rules_force){.enforced = (uint16_t)enforced,
                                    .monitored = (uint16_t)monitored};
}

enum zta_mode zta_rules_features_mode(const struct zta_rules_force *force, uint16_t features)
{
    if ((features & ~force->enforced) == 0) {
        return ZTA_MODE_ENFORCE;
    }
    return (features & ~force->monitored) == 0 ? ZTA_MODE_MONITOR : ZTA_MODE_OFF;
}

enum zta_mode zta_rules_mode(const struct zta_rules_view *view, const struct zta_rule *rule)
{
    if (view->now_s < rule->from_s || view->now_s >= rule->until_s) {
        return ZTA_MODE_OFF;
    }
    const enum zta_mode mode = zta_rules_features_mode(&view->force, rule->features);
    return rule->mode < mode ? (enum zta_mode)rule->mode : mode;
}

static bool issuer_fits(const struct zta_rule_value *value, const struct zta_identity *identity)
{
    return zta_text_is_absent(value->issuer) || zta_text_equal(value->issuer, identity->issuer);
}

/* Of a sorted run, the first value that is not less than the text. */
static uint32_t lower_bound(const struct zta_rule_value *values, uint32_t n, struct zta_text text)
{
    uint32_t low = 0;
    while (n > 0) {
        const uint32_t half = n / 2;
        if (zta_text_compare(values[low + half].text, text) < 0) {
            low += half + 1;
            n -= half + 1;
        }
        else {
            n = half;
        }
    }
    return low;
}

static bool any_equal(const struct question *ask, struct zta_text text)
{
    const struct zta_ruleset *set = ask->view->set;
    for (uint32_t r = 0; r < ask->cond->n_runs; r++) {
        const struct zta_rule_values *run = &set->runs[ask->cond->first_run + r];
        const struct zta_rule_value *values = &set->values[run->first];
        const uint32_t from = run->is_sorted ? lower_bound(values, run->n, text) : 0;
        for (uint32_t i = from; i < run->n; i++) {
            if (zta_text_equal(values[i].text, text)) {
                if (issuer_fits(&values[i], ask->view->facts->identity)) {
                    return true;
                }
            }
            else if (run->is_sorted) {
                break;
            }
        }
    }
    return false;
}

static bool pattern_fits(unsigned attribute, const struct zta_rule_value *value,
                         struct zta_text text)
{
    if (attribute == ZTA_ATTRIBUTE_PATH) {
        return zta_path_pattern_matches(&value->as.path, text);
    }
    if (attribute == ZTA_ATTRIBUTE_HOST) {
        return zta_host_matches(value->text, text);
    }
    return attribute == ZTA_ATTRIBUTE_USER_AGENT ? zta_glob_matches(value->text, text)
                                                 : zta_glob_matches_nocase(value->text, text);
}

static bool any_pattern(const struct question *ask, struct zta_text text)
{
    const struct zta_ruleset *set = ask->view->set;
    for (uint32_t r = 0; r < ask->cond->n_runs; r++) {
        const struct zta_rule_values *run = &set->runs[ask->cond->first_run + r];
        for (uint32_t i = run->first; i < run->first + run->n; i++) {
            const struct zta_rule_value *value = &set->values[i];
            if (pattern_fits(ask->cond->attribute, value, text)) {
                return true;
            }
        }
    }
    return false;
}

bool zta_rules_is_in_order(enum zta_op op, int order)
{
    switch (op) {
    case ZTA_OP_ANY_OF:
        return true;
    case ZTA_OP_LT:
        return order < 0;
    case ZTA_OP_LE:
        return order <= 0;
    case ZTA_OP_GT:
        return order > 0;
    case ZTA_OP_GE:
        return order >= 0;
    }
    return false;
}

static bool any_number(const struct question *ask, int64_t number)
{
    const struct zta_ruleset *set = ask->view->set;
    const int64_t bound = ask->cond->bound;
    if (ask->cond->op != ZTA_OP_ANY_OF) {
        return zta_rules_is_in_order((enum zta_op)ask->cond->op,
                                     (number > bound) - (number < bound));
    }
    for (uint32_t r = 0; r < ask->cond->n_runs; r++) {
        const struct zta_rule_values *run = &set->runs[ask->cond->first_run + r];
        for (uint32_t i = run->first; i < run->first + run->n; i++) {
            if (set->values[i].as.number == number) {
                return true;
            }
        }
    }
    return false;
}

/* An unquoted number or boolean against a JSON value of that kind. */
static bool any_typed(const struct question *ask, const struct zta_claim *claim)
{
    const struct zta_ruleset *set = ask->view->set;
    for (uint32_t r = 0; r < ask->cond->n_runs; r++) {
        const struct zta_rule_values *run = &set->runs[ask->cond->first_run + r];
        for (uint32_t i = run->first; i < run->first + run->n; i++) {
            const struct zta_rule_value *value = &set->values[i];
            if (value->as.claim.kind == claim->kind && value->as.claim.number == claim->number &&
                issuer_fits(value, ask->view->facts->identity)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_beyond(const struct zta_rule_cond *cond, double number)
{
    const double bound = cond->claim_bound;
    return zta_rules_is_in_order((enum zta_op)cond->op, (number > bound) - (number < bound));
}

static bool claim_fits(const struct question *ask, const struct zta_claim *claim)
{
    switch (claim->kind) {
    case ZTA_CLAIM_EMPTY:
        return false;
    case ZTA_CLAIM_STRING:
        return ask->cond->op == ZTA_OP_ANY_OF && any_equal(ask, claim->text);
    case ZTA_CLAIM_NUMBER:
        return ask->cond->op == ZTA_OP_ANY_OF ? any_typed(ask, claim)
                                              : is_beyond(ask->cond, claim->number);
    case ZTA_CLAIM_BOOL:
        return ask->cond->op == ZTA_OP_ANY_OF && any_typed(ask, claim);
    }
    return false;
}

bool zta_rules_claim_find(const struct zta_identity *identity, struct zta_text name, size_t *first)
{
    for (size_t i = 0; i < identity->n_claims; i++) {
        if (zta_text_equal(identity->claims[i].name, name)) {
            *first = i;
            return true;
        }
    }
    return false;
}

static enum zta_truth truth_of(bool holds)
{
    return holds ? ZTA_TRUTH_TRUE : ZTA_TRUTH_FALSE;
}

static enum zta_truth text_truth(const struct question *ask, struct zta_text text)
{
    if (zta_text_is_absent(text)) {
        return ZTA_TRUTH_UNKNOWN;
    }
    return truth_of(ask->cond->matches_known || any_equal(ask, text));
}

static enum zta_truth pattern_truth(const struct question *ask, struct zta_text text)
{
    if (zta_text_is_absent(text)) {
        return ZTA_TRUTH_UNKNOWN;
    }
    return truth_of(ask->cond->matches_known || any_pattern(ask, text));
}

static enum zta_truth method_truth(const struct question *ask)
{
    const struct zta_text method = ask->view->facts->method;
    const enum zta_truth truth = text_truth(ask, method);
    if (truth == ZTA_TRUTH_FALSE && zta_text_equal(method, ZTA_TEXT("HEAD"))) {
        return truth_of(any_equal(ask, ZTA_TEXT("GET")));
    }
    return truth;
}

static enum zta_truth word_truth(const struct question *ask, unsigned word)
{
    return truth_of(ask->cond->matches_known || (ask->cond->words & 1u << word) != 0);
}

static enum zta_truth number_truth(const struct question *ask, int64_t number)
{
    return truth_of(ask->cond->matches_known || any_number(ask, number));
}

static enum zta_truth values_truth(const struct question *ask, const struct zta_values *list)
{
    if (!list->is_known) {
        return ZTA_TRUTH_UNKNOWN;
    }
    if (ask->cond->matches_known) {
        return ZTA_TRUTH_TRUE;
    }
    const struct zta_identity *identity = ask->view->facts->identity;
    for (size_t i = 0; i < list->n; i++) {
        if (any_equal(ask, zta_identity_value(identity, list, i))) {
            return ZTA_TRUTH_TRUE;
        }
    }
    return ZTA_TRUTH_FALSE;
}

static enum zta_truth claim_truth(const struct question *ask)
{
    const struct zta_identity *identity = ask->view->facts->identity;
    size_t first;
    if (!zta_rules_claim_find(identity, ask->cond->claim, &first)) {
        return ZTA_TRUTH_UNKNOWN;
    }
    if (ask->cond->matches_known) {
        return ZTA_TRUTH_TRUE;
    }
    for (size_t i = first; i < identity->n_claims; i++) {
        const struct zta_claim *claim = &identity->claims[i];
        if (zta_text_equal(claim->name, ask->cond->claim) && claim_fits(ask, claim)) {
            return ZTA_TRUTH_TRUE;
        }
    }
    return ZTA_TRUTH_FALSE;
}

/* A login that the issuer's clock puts into the future is one of just now. */
static enum zta_truth auth_age_truth(const struct question *ask)
{
    const int64_t auth_time_s = ask->view->facts->identity->auth_time_s;
    if (auth_time_s <= 0) {
        return ZTA_TRUTH_UNKNOWN;
    }
    const int64_t now_s = ask->view->now_s;
    return number_truth(ask, now_s > auth_time_s ? now_s - auth_time_s : 0);
}

static enum zta_truth identity_truth(const struct question *ask)
{
    const struct zta_identity *identity = ask->view->facts->identity;
    if (identity == NULL || identity->credential == ZTA_CREDENTIAL_NONE ||
        (ask->cond->has_issuer && zta_text_is_absent(identity->issuer))) {
        return ZTA_TRUTH_UNKNOWN;
    }
    switch ((enum zta_attribute)ask->cond->attribute) {
    case ZTA_ATTRIBUTE_CREDENTIAL:
        /* "none" is no word: it is unknown. */
        return word_truth(ask, (unsigned)identity->credential - 1);
    case ZTA_ATTRIBUTE_BINDING:
        return word_truth(ask, (unsigned)identity->binding);
    case ZTA_ATTRIBUTE_CERTIFICATE:
        return text_truth(ask, identity->certificate);
    case ZTA_ATTRIBUTE_SUBJECT:
        return text_truth(ask, identity->subject);
    case ZTA_ATTRIBUTE_CLIENT:
        return text_truth(ask, identity->client);
    case ZTA_ATTRIBUTE_ISSUER:
        return text_truth(ask, identity->issuer);
    case ZTA_ATTRIBUTE_APIKEY:
        return text_truth(ask, identity->apikey);
    case ZTA_ATTRIBUTE_ROLE:
        return values_truth(ask, &identity->roles);
    case ZTA_ATTRIBUTE_GROUP:
        return values_truth(ask, &identity->groups);
    case ZTA_ATTRIBUTE_SCOPE:
        return values_truth(ask, &identity->scopes);
    case ZTA_ATTRIBUTE_CLAIM:
        return claim_truth(ask);
    case ZTA_ATTRIBUTE_ACR:
        return ask->cond->op == ZTA_OP_ANY_OF ? text_truth(ask, identity->acr)
                                              : zta_rules_acr_truth(ask->view, ask->cond);
    case ZTA_ATTRIBUTE_AMR:
        return values_truth(ask, &identity->amr);
    case ZTA_ATTRIBUTE_AUTH_AGE:
        return auth_age_truth(ask);
    case ZTA_ATTRIBUTE_HOST:
    case ZTA_ATTRIBUTE_PATH:
    case ZTA_ATTRIBUTE_METHOD:
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
    case ZTA_ATTRIBUTE_DEVICE:
    case ZTA_ATTRIBUTE_OS:
    case ZTA_ATTRIBUTE_USER_AGENT:
    case ZTA_ATTRIBUTE_NETWORK:
    case ZTA_ATTRIBUTE_COUNTRY:
    case ZTA_ATTRIBUTE_BEHAVIOUR:
    case ZTA_ATTRIBUTE_HOURS:
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
    case ZTA_ATTRIBUTE_SIGNAL:
    case ZTA_N_ATTRIBUTES:
        break;
    }
    return ZTA_TRUTH_UNKNOWN;
}

static enum zta_truth risk_truth(const struct question *ask)
{
    const struct zta_risk_facts *risk = ask->view->facts->risk;
    if (risk == NULL) {
        return ZTA_TRUTH_UNKNOWN;
    }
    if (ask->cond->attribute == ZTA_ATTRIBUTE_RISK) {
        return number_truth(ask, risk->score);
    }
    if (ask->cond->attribute == ZTA_ATTRIBUTE_SIGNAL) {
        return truth_of(ask->cond->matches_known || (ask->cond->words & risk->signals) != 0);
    }
    return ask->cond->op == ZTA_OP_ANY_OF ? word_truth(ask, (unsigned)risk->threat)
                                          : number_truth(ask, (int64_t)risk->threat);
}

static enum zta_truth country_truth(const struct question *ask)
{
    const struct zta_context *context = ask->view->facts->context;
    return context == NULL ? ZTA_TRUTH_UNKNOWN : text_truth(ask, context->country);
}

/* Whether the fact is known and fits; unknown exactly when the fact is. */
static enum zta_truth fact_truth(const struct question *ask)
{
    const struct zta_facts *facts = ask->view->facts;
    switch ((enum zta_attribute)ask->cond->attribute) {
    case ZTA_ATTRIBUTE_PATH:
        return pattern_truth(ask, facts->path);
    case ZTA_ATTRIBUTE_METHOD:
        return method_truth(ask);
    case ZTA_ATTRIBUTE_HOST:
        return pattern_truth(ask, facts->host);
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
        return pattern_truth(ask, facts->content_type);
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
        return facts->content_length < 0 ? ZTA_TRUTH_UNKNOWN
                                         : number_truth(ask, facts->content_length);
    case ZTA_ATTRIBUTE_CREDENTIAL:
    case ZTA_ATTRIBUTE_BINDING:
    case ZTA_ATTRIBUTE_CERTIFICATE:
    case ZTA_ATTRIBUTE_SUBJECT:
    case ZTA_ATTRIBUTE_CLIENT:
    case ZTA_ATTRIBUTE_ISSUER:
    case ZTA_ATTRIBUTE_APIKEY:
    case ZTA_ATTRIBUTE_ROLE:
    case ZTA_ATTRIBUTE_GROUP:
    case ZTA_ATTRIBUTE_SCOPE:
    case ZTA_ATTRIBUTE_CLAIM:
    case ZTA_ATTRIBUTE_ACR:
    case ZTA_ATTRIBUTE_AMR:
    case ZTA_ATTRIBUTE_AUTH_AGE:
        return identity_truth(ask);
    case ZTA_ATTRIBUTE_USER_AGENT:
        return pattern_truth(ask, facts->agent);
    case ZTA_ATTRIBUTE_COUNTRY:
        return country_truth(ask);
    case ZTA_ATTRIBUTE_DEVICE:
    case ZTA_ATTRIBUTE_OS:
    case ZTA_ATTRIBUTE_NETWORK:
    case ZTA_ATTRIBUTE_BEHAVIOUR:
        return zta_rules_context_truth(ask->view, ask->cond);
    case ZTA_ATTRIBUTE_HOURS:
        return truth_of(zta_hours_contain(ask->cond->hours, ask->view->now_s));
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
    case ZTA_ATTRIBUTE_SIGNAL:
        return risk_truth(ask);
    case ZTA_N_ATTRIBUTES:
        break;
    }
    return ZTA_TRUTH_UNKNOWN;
}

/* What came out as unknown is no answer where the fact was not recorded. */
static void note_gap(struct zta_facts_gaps *gaps, const struct zta_rule_cond *cond)
{
    bool is_gap = (gaps->attributes & UINT64_C(1) << cond->attribute) != 0;
    if (cond->attribute == ZTA_ATTRIBUTE_CLAIM && gaps->misses_claims && !is_gap) {
        is_gap = true;
        for (size_t i = 0; i < gaps->n_claims && is_gap; i++) {
            is_gap = !zta_text_equal(gaps->claims[i], cond->claim);
        }
    }
    gaps->is_asked = gaps->is_asked || is_gap;
}

void zta_rules_note_gap(const struct zta_facts *facts, enum zta_attribute attribute)
{
    if (facts->gaps != NULL && (facts->gaps->attributes & UINT64_C(1) << attribute) != 0) {
        facts->gaps->is_asked = true;
    }
}

static enum zta_truth cond_truth(const struct zta_rules_view *view,
                                 const struct zta_rule_cond *cond)
{
    const struct question ask = {.view = view, .cond = cond};
    enum zta_truth truth = fact_truth(&ask);
    if (truth == ZTA_TRUTH_UNKNOWN) {
        if (view->facts->gaps != NULL) {
            note_gap(view->facts->gaps, cond);
        }
        if (cond->matches_unknown) {
            truth = ZTA_TRUTH_TRUE;
        }
        else if (cond->n_runs == 0 && cond->matches_known) {
            truth = ZTA_TRUTH_FALSE;
        }
    }
    if (truth == ZTA_TRUTH_UNKNOWN || !cond->is_negated) {
        return truth;
    }
    return truth_of(truth == ZTA_TRUTH_FALSE);
}

enum zta_truth zta_rules_group_truth(const struct zta_rules_view *view,
                                     const struct zta_rule_group *group)
{
    enum zta_truth best = ZTA_TRUTH_FALSE;
    if (view->is_found && group->is_found) {
        return ZTA_TRUTH_TRUE;
    }
    for (uint32_t i = 0; i < group->n_conds && best != ZTA_TRUTH_TRUE; i++) {
        const enum zta_truth truth = cond_truth(view, &view->set->conds[group->first_cond + i]);
        best = truth > best ? truth : best;
    }
    return best;
}

bool zta_rules_group_holds(const struct zta_rules_view *view, const struct zta_rule_group *group)
{
    if (view->is_found && group->is_found) {
        return true;
    }
    for (uint32_t i = 0; i < group->n_conds; i++) {
        const struct zta_rule_cond *cond = &view->set->conds[group->first_cond + i];
        const enum zta_truth truth = cond_truth(view, cond);
        if (truth == ZTA_TRUTH_TRUE || (truth == ZTA_TRUTH_UNKNOWN && cond->is_negated)) {
            return true;
        }
    }
    return false;
}

bool zta_rules_when_holds(const struct zta_rules_view *view, const struct zta_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &view->set->groups[rule->first_group + i];
        if (!group->is_need && !zta_rules_group_holds(view, group)) {
            return false;
        }
    }
    return true;
}

enum zta_mode zta_rules_lack_mode(const struct zta_rules_view *view, const struct zta_rule *rule)
{
    const enum zta_mode mode = zta_rules_mode(view, rule);
    enum zta_mode strongest = ZTA_MODE_OFF;
    if (mode == ZTA_MODE_OFF || !zta_rules_when_holds(view, rule)) {
        return ZTA_MODE_OFF;
    }
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &view->set->groups[rule->first_group + i];
        enum zta_mode needed = zta_rules_features_mode(&view->force, group->features);
        needed = needed < mode ? needed : mode;
        if (group->is_need && needed > strongest &&
            zta_rules_group_truth(view, group) != ZTA_TRUTH_TRUE) {
            strongest = needed;
        }
    }
    return strongest;
}

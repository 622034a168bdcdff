/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions whose values are known or unknown one by one: the words of a device, the systems and
 * networks of which only a part is known, the habits of a subject.
 */
#include "shared/rules/eval_priv.h"

#include <stdlib.h>

static const struct zta_context nothing_known;

static const struct zta_context *context_of(const struct zta_facts *facts)
{
    return facts->context != NULL ? facts->context : &nothing_known;
}

bool zta_rules_device_is_known(const struct zta_facts *facts)
{
    const struct zta_answers *traits = &context_of(facts)->traits;
    return (traits->known & traits->yes & 1u << ZTA_DEVICE_KNOWN) != 0;
}

/* Of a device that is not known single words may be all the same. */
static enum zta_truth device_truth(const struct zta_facts *facts, const struct zta_rule_cond *cond)
{
    const struct zta_answers *traits = &context_of(facts)->traits;
    const uint32_t words = cond->words << 1; /* `known`, the first trait, is no word */
    const bool is_known = zta_rules_device_is_known(facts);
    if ((traits->known & traits->yes & words) != 0 ||
        (is_known ? cond->matches_known : cond->matches_unknown)) {
        return ZTA_TRUTH_TRUE;
    }
    const bool is_open = words != 0 ? (words & ~(uint32_t)traits->known) != 0 : !is_known;
    return is_open ? ZTA_TRUTH_UNKNOWN : ZTA_TRUTH_FALSE;
}

static enum zta_truth habit_truth(const struct zta_facts *facts, const struct zta_rule_cond *cond)
{
    const struct zta_answers *usual = &context_of(facts)->usual;
    const uint32_t all = (1u << ZTA_N_HABITS) - 1;
    const uint32_t usual_words = cond->words & all;
    const uint32_t unusual_words = cond->words >> ZTA_N_HABITS;
    const uint32_t known = usual->known & all;
    if ((known & usual->yes & usual_words) != 0 ||
        (known & ~(uint32_t)usual->yes & unusual_words) != 0 ||
        (cond->matches_known && known != 0)) {
        return ZTA_TRUTH_TRUE;
    }
    const bool is_open =
        cond->words != 0 ? ((usual_words | unusual_words) & ~known) != 0 : known == 0;
    return is_open ? ZTA_TRUTH_UNKNOWN : ZTA_TRUTH_FALSE;
}

static enum zta_truth one_os_truth(const struct zta_context *context, const struct zta_os *os)
{
    if (!zta_text_equal(os->name, context->os)) {
        return ZTA_TRUTH_FALSE;
    }
    if (os->op == ZTA_OP_ANY_OF) {
        return ZTA_TRUTH_TRUE;
    }
    if (!zta_os_is_version(context->os_version)) {
        return ZTA_TRUTH_UNKNOWN;
    }
    const int order = zta_os_compare_versions(context->os_version, os->version);
    return zta_rules_is_in_order(os->op, order) ? ZTA_TRUTH_TRUE : ZTA_TRUTH_FALSE;
}

static enum zta_truth os_truth(const struct zta_rules_view *view, const struct zta_rule_cond *cond)
{
    const struct zta_context *context = context_of(view->facts);
    if (zta_text_is_absent(context->os)) {
        return ZTA_TRUTH_UNKNOWN;
    }
    enum zta_truth best = cond->matches_known ? ZTA_TRUTH_TRUE : ZTA_TRUTH_FALSE;
    for (uint32_t r = 0; r < cond->n_runs; r++) {
        const struct zta_rule_values *run = &view->set->runs[cond->first_run + r];
        for (uint32_t i = run->first; i < run->first + run->n && best != ZTA_TRUTH_TRUE; i++) {
            const enum zta_truth truth = one_os_truth(context, &view->set->values[i].as.os);
            best = truth > best ? truth : best;
        }
    }
    return best;
}

static int compare_asns(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static enum zta_truth one_net_truth(const struct zta_facts *facts, const struct zta_rule_nets *nets)
{
    const uint32_t asn = context_of(facts)->asn;
    /* An empty list asks for the address, as lists of other attributes ask for their fact. */
    const bool asks_addr = nets->addrs.n_v4 + nets->addrs.n_v6 > 0 || nets->n_asns == 0;
    const bool is_open = (asks_addr && facts->addr.family == 0) || (nets->n_asns > 0 && asn == 0);
    if (zta_net_set_contains(&nets->addrs, &facts->addr)) {
        return ZTA_TRUTH_TRUE;
    }
    if (asn != 0 && nets->n_asns > 0 &&
        bsearch(&asn, nets->asns, nets->n_asns, sizeof asn, compare_asns) != NULL) {
        return ZTA_TRUTH_TRUE;
    }
    return is_open ? ZTA_TRUTH_UNKNOWN : ZTA_TRUTH_FALSE;
}

/* `known` and `unknown` ask for the address. */
static enum zta_truth network_truth(const struct zta_rules_view *view,
                                    const struct zta_rule_cond *cond)
{
    const bool is_known = view->facts->addr.family != 0;
    if (is_known ? cond->matches_known : cond->matches_unknown) {
        return ZTA_TRUTH_TRUE;
    }
    enum zta_truth best = cond->n_runs > 0 || is_known ? ZTA_TRUTH_FALSE : ZTA_TRUTH_UNKNOWN;
    for (uint32_t r = 0; r < cond->n_runs && best != ZTA_TRUTH_TRUE; r++) {
        const struct zta_rule_values *run = &view->set->runs[cond->first_run + r];
        const enum zta_truth truth = one_net_truth(view->facts, &view->set->nets[run->first]);
        best = truth > best ? truth : best;
    }
    return best;
}

enum zta_truth zta_rules_context_truth(const struct zta_rules_view *view,
                                       const struct zta_rule_cond *cond)
{
    if (cond->attribute == ZTA_ATTRIBUTE_NETWORK) {
        return network_truth(view, cond);
    }
    if (cond->attribute == ZTA_ATTRIBUTE_OS) {
        return os_truth(view, cond);
    }
    return cond->attribute == ZTA_ATTRIBUTE_DEVICE ? device_truth(view->facts, cond)
                                                   : habit_truth(view->facts, cond);
}

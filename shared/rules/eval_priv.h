/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of compiled rules against the facts of one request, in three-valued logic. */
#ifndef ZTA_RULES_EVAL_PRIV_H
#define ZTA_RULES_EVAL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/facts.h"
#include "shared/rules/ruleset_priv.h"
#include "shared/stance.h"
#include "shared/step_up.h"

/* Ordered, so that the best of several alternatives is their maximum. */
enum zta_truth {
    ZTA_TRUTH_FALSE = 0,
    ZTA_TRUTH_UNKNOWN,
    ZTA_TRUTH_TRUE,
};

/* The features of a stance as sets, so that the weakest of several is one test. */
struct zta_rules_force {
    uint16_t enforced;
    uint16_t monitored; /* enforced ones included */
};

/* What conditions are asked about. */
struct zta_rules_view {
    const struct zta_ruleset *set;
    const struct zta_facts *facts;
    struct zta_rules_force force;
    int64_t now_s;
    bool is_found; /* rules are asked where the index found them: lines that it proves are true */
};

/* Of a question that the index answers. */
static inline bool zta_rules_is_found(const struct zta_facts *facts)
{
    return facts->path.len > 0 && facts->path.data[0] == '/';
}

struct zta_rules_force zta_rules_force_of(const struct zta_stance *stance);
enum zta_mode zta_rules_features_mode(const struct zta_rules_force *force, uint16_t features);
/* Weakest of kind, `when` attributes, mode line and time window. */
enum zta_mode zta_rules_mode(const struct zta_rules_view *view, const struct zta_rule *rule);

/* The truth of alternatives, unknown kept (meaning 3). */
enum zta_truth zta_rules_group_truth(const struct zta_rules_view *view,
                                     const struct zta_rule_group *group);
/* `when` of deny, require and limit, each condition settled against the client (meaning 4). */
bool zta_rules_group_holds(const struct zta_rules_view *view, const struct zta_rule_group *group);
/* True when every `when` of a deny, require or limit holds. */
bool zta_rules_when_holds(const struct zta_rules_view *view, const struct zta_rule *rule);
/* Whether what compares so with a bound is on the side of it that the operator asks for. */
bool zta_rules_is_in_order(enum zta_op op, int order);
/* `acr OP VALUE`, by the order of the issuer; unknown where that does not have both. */
enum zta_truth zta_rules_acr_truth(const struct zta_rules_view *view,
                                   const struct zta_rule_cond *cond);
/* Device, os, network and behaviour: true, false, or unknown where a value that is asked for is. */
enum zta_truth zta_rules_context_truth(const struct zta_rules_view *view,
                                       const struct zta_rule_cond *cond);

/* Which lines of a rule a request does not meet. */
struct zta_rules_lack {
    uint32_t n;
    uint32_t n_login; /* of them such that a new login can meet */
    uint32_t n_risk;  /* of risk or signal */
    const struct zta_rule_group *first;
    enum zta_reason refusal; /* what all of them agree on; UNJUDGED: nothing */
};

/* Some login can change the answer: the credential has one, and what is lacked is known. */
bool zta_rules_login_helps(const struct zta_facts *facts, const struct zta_rules_lack *lack);
/* The login of this request is already what the rule's step-up asks for (meaning 9). */
bool zta_rules_login_suffices(const struct zta_rules_view *view, const struct zta_rule *rule,
                              const struct zta_rules_lack *lack);

/* What several step-ups come to, in whatever order they are added. */
struct zta_rules_asked {
    struct zta_step_up step_up;
    uint32_t first; /* least number of a rule that names an acr */
};

void zta_rules_asked_init(struct zta_rules_asked *asked);
/* Of a require that steps up. */
void zta_rules_ask_by_rule(const struct zta_rules_view *view, uint32_t number,
                           const struct zta_rules_lack *lack, struct zta_rules_asked *asked);
/* Of a line that a new login can meet. */
void zta_rules_ask_by_line(const struct zta_rules_view *view, uint32_t number,
                           const struct zta_rule_group *group, struct zta_rules_asked *asked);

/* Leaves room for the line itself in ZTA_MISSING_MAX. */
#define ZTA_SEEN_MAX 112
/* " (request: FR, geo file of 3d ago)": the circumstances a line asks for; "" when it asks none. */
void zta_rules_seen(const struct zta_rules_view *view, const struct zta_rule_group *group,
                    char out[ZTA_SEEN_MAX]);
/* It is in the inventory or attested: what `device known` says. */
bool zta_rules_device_is_known(const struct zta_facts *facts);
/* The strongest mode in which a require applies and lacks a need; off: in none. */
enum zta_mode zta_rules_lack_mode(const struct zta_rules_view *view, const struct zta_rule *rule);
/* Where a fact was asked for that was not recorded, the judgement is none. */
void zta_rules_note_gap(const struct zta_facts *facts, enum zta_attribute attribute);
/* Some value of the claim is known; *first is the index of its first entry. */
bool zta_rules_claim_find(const struct zta_identity *identity, struct zta_text name, size_t *first);

#endif

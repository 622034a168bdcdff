/* SPDX-License-Identifier: Apache-2.0 */
/* The words of respond rules, and what follows from what. */
#include "shared/rules/respond.h"

#include "shared/rules/eval_priv.h"

static const struct zta_metric_info metrics[ZTA_N_METRICS] = {
#define ZTA_METRIC(upper, metric, how, trait_set, says)                                            \
    [ZTA_METRIC_OF_##upper] = {                                                                    \
        .name = (metric), .counting = ZTA_METRIC_##how, .traits = (trait_set), .text = (says)},
#include "shared/rules/metrics.def"
};

#define SET(group) (1u << ZTA_GROUP_##group)

static const struct {
    const char *name;
    unsigned implies; /* set of 1u << enum zta_group that can be targets */
    bool is_verified;
} groups[ZTA_N_GROUPS] = {
    [ZTA_GROUP_IP] = {.name = "ip", .implies = SET(IP)},
    [ZTA_GROUP_NET] = {.name = "net", .implies = SET(NET)},
    [ZTA_GROUP_SESSION] = {.name = "session",
                           .implies = SET(SESSION) | SET(SUBJECT),
                           .is_verified = true},
    [ZTA_GROUP_SUBJECT] = {.name = "subject", .implies = SET(SUBJECT), .is_verified = true},
    [ZTA_GROUP_CLIENT] = {.name = "client", .implies = SET(CLIENT), .is_verified = true},
    [ZTA_GROUP_APIKEY] = {.name = "apikey", .implies = SET(APIKEY), .is_verified = true},
    [ZTA_GROUP_ROUTE] = {.name = "route"},
    [ZTA_GROUP_ALL] = {.name = "all"},
};

static const struct {
    const char *name;
    unsigned takes; /* set of 1u << enum zta_group */
} acts[ZTA_N_ACTS] = {
    [ZTA_ACT_BLOCK] = {.name = "block", .takes = SET(IP) | SET(NET) | SET(SUBJECT)},
    [ZTA_ACT_QUARANTINE] = {.name = "quarantine",
                            .takes = SET(SESSION) | SET(SUBJECT) | SET(CLIENT) | SET(APIKEY)},
    [ZTA_ACT_STEP_UP] = {.name = "step-up", .takes = SET(SESSION) | SET(SUBJECT)},
    [ZTA_ACT_SIGNAL] = {.name = "signal"},
    [ZTA_ACT_LIMIT] = {.name = "limit"},
    [ZTA_ACT_THREAT_LEVEL] = {.name = "threat-level"},
    [ZTA_ACT_NOTIFY] = {.name = "notify"},
};

const struct zta_metric_info *zta_metric_info(unsigned metric)
{
    return metric < ZTA_N_METRICS ? &metrics[metric] : NULL;
}

const char *zta_group_name(enum zta_group group)
{
    return (unsigned)group < ZTA_N_GROUPS ? groups[group].name : "";
}

const char *zta_act_name(enum zta_act act)
{
    return (unsigned)act < ZTA_N_ACTS ? acts[act].name : "";
}

bool zta_group_is_verified(enum zta_group group)
{
    return (unsigned)group < ZTA_N_GROUPS && groups[group].is_verified;
}

bool zta_act_takes(enum zta_act act, enum zta_group target)
{
    return (unsigned)act < ZTA_N_ACTS && (acts[act].takes & 1u << target) != 0;
}

bool zta_group_implies(enum zta_group group, enum zta_group target)
{
    return (unsigned)group < ZTA_N_GROUPS && (groups[group].implies & 1u << target) != 0;
}

size_t zta_respond_count(const struct zta_ruleset *set)
{
    return set->n_responds;
}

const struct zta_respond *zta_respond_get(const struct zta_ruleset *set, size_t number)
{
    return number < set->n_responds ? &set->responds[number].respond : NULL;
}

enum zta_mode zta_respond_mode(const struct zta_ruleset *set, size_t number,
                               const struct zta_stance *stance, int64_t now_s)
{
    const struct zta_rules_view view = {
        .set = set, .force = zta_rules_force_of(stance), .now_s = now_s};
    return number < set->n_responds ? zta_rules_mode(&view, &set->rules[set->responds[number].rule])
                                    : ZTA_MODE_OFF;
}

bool zta_respond_when_holds(const struct zta_ruleset *set, size_t number,
                            const struct zta_facts *facts, int64_t now_s)
{
    const struct zta_rules_view view = {.set = set, .facts = facts, .now_s = now_s};
    return number < set->n_responds &&
           zta_rules_when_holds(&view, &set->rules[set->responds[number].rule]);
}

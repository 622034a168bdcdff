/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the table of hazards. */
#include "shared/hazards.h"

static const struct zta_hazard_info hazards[] = {
#define ZTA_HAZARD(upper, lower, rank, log_tag, line, sense, advice)                               \
    {.name = #lower,                                                                               \
     .severity = ZTA_SEVERITY_##rank,                                                              \
     .tag = (log_tag),                                                                             \
     .title = (line),                                                                              \
     .meaning = (sense),                                                                           \
     .remedy = (advice)},
#include "shared/hazards.def"
#undef ZTA_HAZARD
};

static const char *const severities[ZTA_N_SEVERITIES] = {
    [ZTA_SEVERITY_NOTICE] = "notice",
    [ZTA_SEVERITY_WARNING] = "warning",
    [ZTA_SEVERITY_ERROR] = "error",
};

const struct zta_hazard_info *zta_hazard_info(enum zta_hazard hazard)
{
    return &hazards[hazard < ZTA_N_HAZARDS ? hazard : ZTA_HAZARD_CONFIG_REFUSED];
}

bool zta_hazard_find(struct zta_text name, enum zta_hazard *hazard)
{
    for (unsigned i = 0; i < ZTA_N_HAZARDS; i++) {
        if (zta_text_equal(name, zta_text_of(hazards[i].name))) {
            *hazard = (enum zta_hazard)i;
            return true;
        }
    }
    return false;
}

const char *zta_severity_name(enum zta_severity severity)
{
    return severities[severity < ZTA_N_SEVERITIES ? severity : ZTA_SEVERITY_ERROR];
}

bool zta_severity_find(struct zta_text name, enum zta_severity *severity)
{
    for (unsigned i = 0; i < ZTA_N_SEVERITIES; i++) {
        if (zta_text_equal(name, zta_text_of(severities[i]))) {
            *severity = (enum zta_severity)i;
            return true;
        }
    }
    return false;
}

enum zta_hazard zta_hazard_of_rule(struct zta_text code)
{
    static const struct {
        const char *code;
        enum zta_hazard hazard;
    } rows[] = {
        {.code = "never_applies", .hazard = ZTA_HAZARD_RULE_NEVER_APPLIES},
        {.code = "ended", .hazard = ZTA_HAZARD_RULE_NEVER_APPLIES},
        {.code = "same_as_another", .hazard = ZTA_HAZARD_RULE_SHADOWED},
        {.code = "enforced_nowhere", .hazard = ZTA_HAZARD_RULE_ENFORCED_NOWHERE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (zta_text_equal(code, zta_text_of(rows[i].code))) {
            return rows[i].hazard;
        }
    }
    return ZTA_HAZARD_RULE_DOUBTFUL;
}

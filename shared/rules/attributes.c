/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the attribute and key tables. */
#include "shared/rules/attributes.h"

/* Short names for the columns of the tables, here alone. */
enum {
    ALL_KINDS = 1u << ZTA_RULE_ALLOW | 1u << ZTA_RULE_DENY | 1u << ZTA_RULE_REQUIRE |
                1u << ZTA_RULE_LIMIT | 1u << ZTA_RULE_SIGNAL | 1u << ZTA_RULE_RESPOND,
    /* The helper counts by what every event tells; these stand in records that are kept apart. */
    JUDGED_KINDS = ALL_KINDS & ~(1u << ZTA_RULE_RESPOND),
    CONTEXT_KINDS = ALL_KINDS & ~(1u << ZTA_RULE_ALLOW),
    RISK_KINDS = CONTEXT_KINDS & ~(1u << ZTA_RULE_SIGNAL),
    ZTA_FEATURE_NONE = ZTA_N_FEATURES,
    ZTA_REASON_NONE = ZTA_REASON_UNJUDGED,
    STAGE_NONE = 1,
#define ZTA_FEATURE(upper, lower, stage) STAGE_##upper = (stage),
#include "shared/features.def"
#undef ZTA_FEATURE
};

static const struct zta_attribute_info attributes[ZTA_N_ATTRIBUTES] = {
#define ZTA_ATTRIBUTE(upper, text, needed, value, for_kinds, has_traits, refused_as)               \
    [ZTA_ATTRIBUTE_##upper] = {.name = (text),                                                     \
                               .feature = (enum zta_feature)ZTA_FEATURE_##needed,                  \
                               .type = ZTA_VALUE_##value,                                          \
                               .kinds = (for_kinds),                                               \
                               .traits = (has_traits),                                             \
                               .stage = STAGE_##needed,                                            \
                               .refusal = (enum zta_reason)ZTA_REASON_##refused_as},
#include "shared/rules/attributes.def"
#undef ZTA_ATTRIBUTE
};

static const struct zta_limit_key_info keys[ZTA_N_KEYS] = {
#define ZTA_KEY(upper, text, early, identity)                                                      \
    [ZTA_KEY_##upper] = {.name = (text), .is_early = (early), .is_identity = (identity)},
#include "shared/rules/keys.def"
#undef ZTA_KEY
};

const struct zta_attribute_info *zta_attribute_info(unsigned attribute)
{
    return attribute < ZTA_N_ATTRIBUTES ? &attributes[attribute] : NULL;
}

const struct zta_limit_key_info *zta_limit_key_info(unsigned key)
{
    return key < ZTA_N_KEYS ? &keys[key] : NULL;
}

enum zta_status zta_attribute_find(struct zta_text name, uint16_t *attribute)
{
    for (unsigned i = 0; i < ZTA_N_ATTRIBUTES; i++) {
        if (zta_text_equal(name, zta_text_of(attributes[i].name))) {
            *attribute = (uint16_t)i;
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

enum zta_status zta_limit_key_find(struct zta_text name, uint16_t *key)
{
    for (unsigned i = 0; i < ZTA_N_KEYS; i++) {
        if (zta_text_equal(name, zta_text_of(keys[i].name))) {
            *key = (uint16_t)i;
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

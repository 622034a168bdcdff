/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effective modes of a place, from its stage, its monitor stage and exceptions for single
 * features.
 */
#include "shared/stance.h"

static const struct {
    const char *name;
    uint8_t stage;
} features[ZTA_N_FEATURES] = {
#define ZTA_FEATURE(upper, lower, first_stage)                                                     \
    [ZTA_FEATURE_##upper] = {.name = #lower, .stage = (first_stage)},
#include "shared/features.def"
#undef ZTA_FEATURE
};

static const char *const modes[] = {
    [ZTA_MODE_OFF] = "off",
    [ZTA_MODE_MONITOR] = "monitor",
    [ZTA_MODE_ENFORCE] = "enforce",
};
enum {
    N_MODES = sizeof modes / sizeof modes[0]
};

const char *zta_mode_name(enum zta_mode mode)
{
    unsigned i = (unsigned)mode;
    return i < N_MODES ? modes[i] : "unknown";
}

const char *zta_feature_name(enum zta_feature feature)
{
    unsigned i = (unsigned)feature;
    return i < ZTA_N_FEATURES ? features[i].name : "unknown";
}

/* Beyond the table: a stage that no place reaches. */
uint8_t zta_feature_stage(enum zta_feature feature)
{
    unsigned i = (unsigned)feature;
    return i < ZTA_N_FEATURES ? features[i].stage : ZTA_STAGE_MAX + 1;
}

enum zta_status zta_mode_parse(struct zta_text text, enum zta_mode *mode)
{
    for (unsigned i = 0; i < N_MODES; i++) {
        if (zta_text_equal(text, zta_text_of(modes[i]))) {
            *mode = (enum zta_mode)i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

enum zta_status zta_feature_parse(struct zta_text text, enum zta_feature *feature)
{
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        if (zta_text_equal(text, zta_text_of(features[i].name))) {
            *feature = (enum zta_feature)i;
            return ZTA_OK;
        }
    }
    return ZTA_INVALID;
}

/* What a feature is in a place that says nothing of it. */
static uint8_t mode_at(unsigned feature, unsigned stage, unsigned monitor)
{
    if (features[feature].stage <= stage) {
        return ZTA_MODE_ENFORCE;
    }
    return features[feature].stage <= monitor ? ZTA_MODE_MONITOR : ZTA_MODE_OFF;
}

enum zta_status zta_stance_make(unsigned stage, unsigned monitor,
                                const int8_t overrides[ZTA_N_FEATURES], struct zta_stance *stance)
{
    if (stage > ZTA_STAGE_MAX || monitor > ZTA_STAGE_MAX) {
        return ZTA_INVALID;
    }
    struct zta_stance made = {
        .stage = (uint8_t)stage,
        .monitor = (uint8_t)(monitor > stage ? monitor : stage),
    };
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        const uint8_t mode = mode_at(i, made.stage, made.monitor);
        if (overrides[i] < -1 || overrides[i] > ZTA_MODE_ENFORCE) {
            return ZTA_INVALID;
        }
        made.modes[i] = overrides[i] >= 0 ? (uint8_t)overrides[i] : mode;
    }
    if (stage >= 1 && made.modes[ZTA_FEATURE_CREDENTIAL] != ZTA_MODE_ENFORCE) {
        return ZTA_INVALID;
    }
    *stance = made;
    return ZTA_OK;
}

void zta_stance_raise(const struct zta_stance *stance, unsigned stage, struct zta_stance *out)
{
    struct zta_stance raised = *stance;
    raised.stage = (uint8_t)(stage > stance->stage ? stage : stance->stage);
    raised.monitor = raised.stage > stance->monitor ? raised.stage : stance->monitor;
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        if (stance->modes[i] == mode_at(i, stance->stage, stance->monitor)) {
            raised.modes[i] = mode_at(i, raised.stage, raised.monitor);
        }
    }
    /* A place with a credential in monitor mode has none of that above stage 0. */
    if (raised.stage > 0) {
        raised.modes[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_ENFORCE;
    }
    *out = raised;
}

static uint8_t greater(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

void zta_stance_step_back(struct zta_stance *stance)
{
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        if (features[i].stage > 1 && stance->modes[i] == ZTA_MODE_ENFORCE) {
            stance->modes[i] = ZTA_MODE_MONITOR;
        }
    }
    stance->stage = stance->stage > 1 ? 1 : stance->stage;
}

void zta_stance_stricter(const struct zta_stance *a, const struct zta_stance *b,
                         struct zta_stance *out)
{
    struct zta_stance both = {
        .stage = greater(a->stage, b->stage),
        .monitor = greater(a->monitor, b->monitor),
        .allows_by_default = a->allows_by_default && b->allows_by_default,
    };
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        both.modes[i] = greater(a->modes[i], b->modes[i]);
    }
    *out = both; /* only now: out may be one of the two */
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a place (server, Location) is switched on: a mode for each feature, from stage, monitor
 * and exceptions.
 */
#ifndef ZTA_STANCE_H
#define ZTA_STANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define ZTA_STAGE_MAX 4

/* Ordered: the weakest of several decides, so the smaller value wins. */
enum zta_mode {
    ZTA_MODE_OFF = 0,
    ZTA_MODE_MONITOR,
    ZTA_MODE_ENFORCE,
};

enum zta_feature {
#define ZTA_FEATURE(upper, lower, stage) ZTA_FEATURE_##upper,
#include "shared/features.def"
#undef ZTA_FEATURE
    ZTA_N_FEATURES
};

/* Effective modes of one place; modes[] holds enum zta_mode. Plain value, comparable by memcmp. */
struct zta_stance {
    uint8_t stage;             /* enforced, 0..4 */
    uint8_t monitor;           /* evaluated up to, >= stage */
    uint8_t allows_by_default; /* ZTADefault allow */
    uint8_t modes[ZTA_N_FEATURES];
};

const char *zta_mode_name(enum zta_mode mode);
const char *zta_feature_name(enum zta_feature feature);
uint8_t zta_feature_stage(enum zta_feature feature);
enum zta_status zta_mode_parse(struct zta_text text, enum zta_mode *mode) ZTA_MUST_CHECK;
enum zta_status zta_feature_parse(struct zta_text text, enum zta_feature *feature) ZTA_MUST_CHECK;

/*
 * Fills *stance: a feature is enforced up to `stage`, monitored up to max(stage, monitor), off
 * above; overrides[f] (-1 none, else enum zta_mode) replaces that for feature f. ZTA_INVALID when
 * a stage is above ZTA_STAGE_MAX, or credential is overridden to less than enforce while stage >=
 * 1.
 */
enum zta_status zta_stance_make(unsigned stage, unsigned monitor,
                                const int8_t overrides[ZTA_N_FEATURES],
                                struct zta_stance *stance) ZTA_MUST_CHECK;

/* What stages above 1 enforce is monitored; credentials and limits stay. */
void zta_stance_step_back(struct zta_stance *stance);

/*
 * The same place with `stage` enforced, unless it is so already: what ZTAFeature says of a feature
 * stays, as far as it can be told from the modes.
 */
void zta_stance_raise(const struct zta_stance *stance, unsigned stage, struct zta_stance *out);

/*
 * The stricter of two: per feature the stronger mode, the higher stages, default allow only if
 * both say so.
 */
void zta_stance_stricter(const struct zta_stance *a, const struct zta_stance *b,
                         struct zta_stance *out);

#endif

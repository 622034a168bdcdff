/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of continuous risk, and how their names are read. */
#include "shared/risk_signals.h"

#include <stddef.h>

static const struct zta_risk_signal_info infos[ZTA_N_RISK_SIGNALS] = {
#define ZTA_RISK_SIGNAL(upper, signal, points, half, seen, kept, trait_set, says)                  \
    [ZTA_RISK_##upper] = {.name = (signal),                                                        \
                          .weight = (points),                                                      \
                          .half_life_s = (half),                                                   \
                          .seen_by = ZTA_RISK_SEEN_BY_##seen,                                      \
                          .kept_for = ZTA_RISK_KEPT_FOR_##kept,                                    \
                          .traits = (trait_set),                                                   \
                          .text = (says)},
#include "shared/risk_signals.def"
};

static const char *const levels[ZTA_N_THREAT_LEVELS] = {"normal", "elevated", "high", "critical"};

const struct zta_risk_signal_info *zta_risk_signal_info(unsigned signal)
{
    return signal < ZTA_N_RISK_SIGNALS ? &infos[signal] : NULL;
}

enum zta_status zta_risk_signal_find(struct zta_text name, enum zta_risk_signal *signal)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        if (zta_text_equal(name, zta_text_of(infos[i].name))) {
            *signal = (enum zta_risk_signal)i;
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

const char *zta_threat_level_name(enum zta_threat_level level)
{
    return (unsigned)level < ZTA_N_THREAT_LEVELS ? levels[level] : NULL;
}

enum zta_status zta_threat_level_parse(struct zta_text text, enum zta_threat_level *level)
{
    for (unsigned i = 0; i < ZTA_N_THREAT_LEVELS; i++) {
        if (zta_text_equal(text, zta_text_of(levels[i]))) {
            *level = (enum zta_threat_level)i;
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

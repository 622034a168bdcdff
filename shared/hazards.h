/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what a configuration may say that is dangerous: found by the module while it reads
 * it, and by ztactl in what was recorded. "Finding" for operators; that word is risk's in the code.
 */
#ifndef ZTA_HAZARDS_H
#define ZTA_HAZARDS_H

#include <stdbool.h>

#include "shared/base/bytes.h"

/* Ordered: the worse is the greater. */
enum zta_severity {
    ZTA_SEVERITY_NOTICE = 0,
    ZTA_SEVERITY_WARNING,
    ZTA_SEVERITY_ERROR,
    ZTA_N_SEVERITIES,
};

enum zta_hazard {
#define ZTA_HAZARD(upper, lower, severity, tag, title, meaning, remedy) ZTA_HAZARD_##upper,
#include "shared/hazards.def"
#undef ZTA_HAZARD
    ZTA_N_HAZARDS
};

struct zta_hazard_info {
    const char *name;
    enum zta_severity severity;
    const char *tag; /* of the log; NULL: not logged by itself */
    const char *title;
    const char *meaning;
    const char *remedy;
};

const struct zta_hazard_info *zta_hazard_info(enum zta_hazard hazard);
/* False: there is none of that name. */
bool zta_hazard_find(struct zta_text name, enum zta_hazard *hazard);

const char *zta_severity_name(enum zta_severity severity);
bool zta_severity_find(struct zta_text name, enum zta_severity *severity);

/* The hazard that a warning of zta_rules_warn is about, by its code. */
enum zta_hazard zta_hazard_of_rule(struct zta_text code);

#endif

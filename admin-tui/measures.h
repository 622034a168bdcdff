/* SPDX-License-Identifier: Apache-2.0 */
/* Measures as operators find them: copies that outlive the view they were read in. */
#ifndef CTL_MEASURES_H
#define CTL_MEASURES_H

#include <stdbool.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/decision.h"
#include "shared/store/measures.h"

/* One with its texts. */
struct ctl_measure {
    struct zta_measure measure; /* points into the fields below */
    bool is_lifted;
    char rule[ZTA_SUBJECT_MAX + 1];
    char reason[ZTA_MEASURE_REASON_MAX + 1];
    char issuer[ZTA_NAME_MAX + 1];
    char name[ZTA_SUBJECT_MAX + 1];
    char acr[ZTA_ACR_TEXT_MAX];
    char limit[ZTA_NAME_MAX + 1];
};

/* By "m7", "h7" or "f7"; ZTA_INVALID: no such word, ZTA_NOT_FOUND. */
enum zta_status ctl_measure_find(struct zta_store *store, const char *id,
                                 struct ctl_measure *found) ZTA_MUST_CHECK;
/* One that holds now against this very target, of this kind (0: of any). ZTA_NOT_FOUND: none. */
enum zta_status ctl_measure_next(struct zta_store *store, const struct zta_target *target,
                                 enum zta_measure_kind kind,
                                 struct ctl_measure *found) ZTA_MUST_CHECK;
bool ctl_measure_is_id(const char *word);

#endif

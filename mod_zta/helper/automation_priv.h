/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of automation share: who counts, who decides, and who writes and tells. */
#ifndef MOD_ZTA_HELPER_AUTOMATION_PRIV_H
#define MOD_ZTA_HELPER_AUTOMATION_PRIV_H

#include "mod_zta/helper/automation.h"
#include "mod_zta/helper/occurrence.h"
#include "shared/risk/threat.h"
#include "shared/risk/trigger.h"
#include "shared/rules/respond.h"
#include "shared/store/fleet_threat.h"
#include "shared/store/measures.h"
#include "shared/store/responses.h"

#define MOD_ZTA_PENDING_MAX 256 /* decisions of one batch */

/* One decision, with copies of its texts. */
struct mod_zta_pending {
    enum zta_response_result result;
    bool has_measure;
    struct zta_measure measure;
    struct zta_measure_placed placed;
    char rule[ZTA_NAME_MAX];
    char issuer[ZTA_NAME_MAX];
    char name[ZTA_SUBJECT_MAX];
    char acr[ZTA_ACR_TEXT_MAX];
    char limit[ZTA_NAME_MAX];
    char notify[ZTA_NAME_MAX + 1]; /* whom to tell; "": nobody */
    bool has_raise;                /* of a signal, to be handed over */
    struct mod_zta_automation_raise raise;
    char what[ZTA_RESPONSE_TEXT_MAX + 1];
    char target[ZTA_RESPONSE_TEXT_MAX + 1];
    char evidence[ZTA_RESPONSE_TEXT_MAX + 1];
    int64_t time_ns;
};

struct mod_zta_automation {
    struct zta_siphash_key key;
    struct mod_zta_automation_options options;
    struct zta_governor *governor;
    struct mod_zta_notify *notify;
    struct zta_trigger *trigger;
    const struct zta_ruleset *set;
    uint64_t version;
    size_t n_rules;
    int64_t clock_ns;                /* newest event */
    int64_t now_ns;                  /* real time, as the event at hand is counted */
    struct zta_threat threat;        /* as it is measured here */
    enum zta_threat_level own_level; /* of that and measures: without what other nodes measured */
    struct zta_fleet_threat_said said;
    int64_t held_back_s;
    char held_back[640];
    uint64_t n_lost_decisions;
    char lost[128];
    size_t n_pending;
    size_t n_told; /* of committed ones, whose lines were handed over */
    size_t n_committed;
    char line[640];
    struct mod_zta_occurrence occurrence;
    struct mod_zta_pending pending[MOD_ZTA_PENDING_MAX];
};

/* Decides on what a rule does about the occurrence at hand. True: a measure is among it. */
bool mod_zta_automation_respond(struct mod_zta_automation *automation, struct zta_store *store,
                                const struct zta_respond *respond, enum zta_mode mode,
                                const struct zta_triggered *triggered);

#endif

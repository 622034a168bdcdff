/* SPDX-License-Identifier: Apache-2.0 */
/* One side of a request, (uri, place), on its way to a decision. */
#ifndef MOD_ZTA_JUDGEMENT_H
#define MOD_ZTA_JUDGEMENT_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/child.h"
#include "mod_zta/measures.h"
#include "mod_zta/request.h"
#include "shared/decision.h"
#include "shared/stance.h"

struct mod_zta_judgement {
    request_rec *r;
    struct mod_zta_request *request;
    const struct mod_zta_dir *dir;
    struct zta_stance stance;
    struct mod_zta_look look;
    int64_t now_s;
    bool has_reached_rules; /* nothing before them refused */
    bool is_noted;          /* a monitored check before the rules would have refused */
    uint64_t live_version;
    bool is_waiting;              /* for the login of a browser: judged again in fixups */
    struct zta_decision decision; /* verdict: enforced; monitor: everything that is evaluated */
    struct mod_zta_measures measures;
};

/* The checks in order of precedence; the first enforced refusal ends them. */
void mod_zta_judgement_make(struct mod_zta_judgement *j);

#endif

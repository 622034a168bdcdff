/* SPDX-License-Identifier: Apache-2.0 */
/* Risk as ztactl finds it: live records, and scores rebuilt from recorded events alone. */
#ifndef CTL_RISK_VIEW_H
#define CTL_RISK_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/base/ulid.h"
#include "shared/risk/score.h"
#include "shared/store/fleet_risks.h"
#include "shared/store/risks.h"

/* A session's factors as its recorded events raised them, one after the other. */
struct ctl_rebuilt {
    struct zta_risk risk;
    struct zta_ulid raised_by[ZTA_N_RISK_SIGNALS]; /* the request of what stands */
    uint64_t n_events;
    int64_t oldest_s; /* of all recorded requests; 0: there is none */
};

/* Zeroed where nothing is kept. */
enum zta_status ctl_risk_find(struct zta_view *view, const struct zta_risk_owner *owner,
                              struct zta_risk_record *record) ZTA_MUST_CHECK;
/* A factor that another node of the fleet raised. */
struct ctl_heard_factor {
    struct zta_risk_factor factor;
    char node[ZTA_NAME_MAX + 1]; /* "": of no node that is known */
};
/* What others raised that counts, and all of it joined. */
struct ctl_risk_heard {
    struct ctl_heard_factor *items;
    size_t n;
    struct zta_risk_others others;
};
/* None in a store that is in no fleet. ctl_risk_heard_close in any case. */
enum zta_status ctl_risk_heard_open(struct zta_view *view, const struct zta_risk_owner *owner,
                                    int64_t now_s, struct ctl_risk_heard *heard) ZTA_MUST_CHECK;
void ctl_risk_heard_close(struct ctl_risk_heard *heard);
/* The score of both. */
uint8_t ctl_risk_score(const struct zta_risk *own, const struct zta_risk_others *others,
                       int64_t now_s);

/* The score of a session at that time; 0 where nothing is kept. */
enum zta_status ctl_risk_of_session(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                    int64_t now_s, uint8_t *score) ZTA_MUST_CHECK;
enum zta_status ctl_risk_rebuild(struct zta_view *view, const uint8_t session[ZTA_SESSION_ID_SIZE],
                                 struct ctl_rebuilt *rebuilt) ZTA_MUST_CHECK;
/* What a score is made of is the same: signal, weight, floor, half-life and when. NULL: is none. */
bool ctl_risk_is_same(const struct zta_risk_factor *a, const struct zta_risk_factor *b);

#endif

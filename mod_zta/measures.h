/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What measures of operators, automation and transmitters say of one request, by the modes of its
 * place: what is only monitored is kept apart.
 */
#ifndef MOD_ZTA_MEASURES_H
#define MOD_ZTA_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/measure.h"
#include "shared/stance.h"
#include "shared/step_up.h"
#include "shared/store/env.h"

#define MOD_ZTA_TIGHTENED_MAX 8

/* The limit of a name has to hold to no more than this. */
struct mod_zta_tightened {
    char name[ZTA_NAME_MAX + 1];
    uint64_t count;
    uint64_t window_s;
};

/* All that holds in one mode. */
struct mod_zta_held_back {
    bool is_blocked;
    bool is_quarantined;
    bool is_stepped_up;
    bool is_throttled;
    char rule[ZTA_NAME_MAX + 1]; /* of the block or quarantine, else of what was found first */
    struct zta_step_up step_up;  /* is_stepped_up: merged */
    uint64_t count;              /* is_throttled: requests a window of the address */
    uint64_t window_s;
};

struct mod_zta_measures {
    struct mod_zta_held_back enforced;
    struct mod_zta_held_back monitored; /* what is enforced is not repeated here */
    size_t n_tightened;                 /* of enforced ones */
    struct mod_zta_tightened tightened[MOD_ZTA_TIGHTENED_MAX];
};

void mod_zta_measures_init(struct mod_zta_measures *measures);
/*
 * Adds what holds against everyone and the address; against the identity. Of ZTA_OK alone all is
 * known.
 */
enum zta_status mod_zta_measures_of_addr(struct zta_view *view, const struct zta_addr *addr,
                                         const struct zta_stance *stance, int64_t now_s,
                                         struct mod_zta_measures *measures) ZTA_MUST_CHECK;
enum zta_status mod_zta_measures_of_identity(struct zta_view *view,
                                             const struct zta_identity *identity,
                                             const struct zta_stance *stance, int64_t now_s,
                                             struct mod_zta_measures *measures) ZTA_MUST_CHECK;
/* How the acr values of its issuer compare (ZTAAcr); NULL: they do not. */
const struct zta_acr_order *mod_zta_measures_acrs(const struct zta_identity *identity);
/* Lowers the rate of the limit of that name; true when it did. */
bool mod_zta_measures_tighten(const struct mod_zta_measures *measures, const char *limit,
                              uint64_t *count, uint64_t *window_s, uint64_t *burst);

#endif

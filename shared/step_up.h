/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step-up authentication (RFC 9470): what several demands come to, and whether a credential meets
 * them. Pure; only the acr and auth_time of the request's own credential count, so that a stolen
 * older token never rides on a later login of its owner.
 */
#ifndef ZTA_STEP_UP_H
#define ZTA_STEP_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/identity.h"

#define ZTA_ACRS_MAX 16 /* values in the order of one issuer */

#define ZTA_STEP_UP_CALM_S   60 /* risk that comes back sooner was not ended by the login */
#define ZTA_STEP_UP_BRIEF_S  10 /* an age below it is over before a login's way back is */
#define ZTA_STEP_UP_VAIN_MAX 3
#define ZTA_STEP_UP_SLACK_S  60 /* between our clock and that of who issues tokens */

/* The acr values of one issuer that can be compared (ZTAAcr), weakest first. Borrowed. */
struct zta_acr_order {
    const struct zta_text *values;
    size_t n;
};

/* Whether a challenge can carry it (RFC 6750 section 3) and a demand hold it. */
bool zta_acr_is_well_formed(struct zta_text acr);
/* A demand for nothing; order may be NULL everywhere: no values can be compared. */
void zta_step_up_init(struct zta_step_up *step_up);
/* has is wanted or stronger. What has no place in the order equals itself alone. */
bool zta_acr_is_at_least(const struct zta_acr_order *order, struct zta_text has,
                         struct zta_text wanted);
/*
 * Adds a demand: strongest acr, smallest max_age, latest newer_than. Of two acr values that cannot
 * be compared the one in the order stays, else the one that was there.
 */
void zta_step_up_merge(const struct zta_acr_order *order, const struct zta_step_up *more,
                       struct zta_step_up *step_up);
/* A user stands behind this credential who can log in anew: a token or a browser's session. */
bool zta_step_up_is_possible(const struct zta_identity *identity);
/*
 * Nothing is left to ask for. An age of max_age_s exactly is young enough, a login that the
 * issuer's clock puts into the future is one of now, and one without a time is of no age. A login
 * in the very second of newer_than_s may have been before it.
 */
bool zta_step_up_is_met(const struct zta_acr_order *order, const struct zta_step_up *step_up,
                        const struct zta_identity *identity, int64_t now_s);

/* What is remembered of the last challenge for one demand to one user of one client. */
struct zta_step_up_past {
    int64_t asked_s; /* real time of it, or of the login that was asked if later; 0: none */
    /* Of the token that was issued last among those that were asked: when, 12 bits of its id. */
    int64_t issued_s;
    uint16_t token;
    uint8_t n_vain; /* tokens issued since that bring no newer login, one behind the other */
};

/*
 * Whether another challenge can change anything for a login that does not meet the demand; true
 * updates what is remembered. A login newer than the last challenge that is still too weak, or that
 * risk met within ZTA_STEP_UP_CALM_S again, ends it, and so do ZTA_STEP_UP_VAIN_MAX new tokens
 * without a new login, from an issuer that ignores what it is asked. A login that merely grew too
 * old is asked for anew.
 */
bool zta_step_up_is_worth_asking(const struct zta_acr_order *order,
                                 const struct zta_step_up *step_up,
                                 const struct zta_identity *identity, int64_t now_s,
                                 struct zta_step_up_past *past);
/* max_age of the challenge: of the demand, and such that only a login behind newer_than_s will do.
 * -1: none. */
int64_t zta_step_up_max_age(const struct zta_step_up *step_up, int64_t now_s);

#endif

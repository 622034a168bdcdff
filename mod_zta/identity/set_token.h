/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security event tokens (RFC 8417) of transmitters of signals, as SSF 1.0 wants them: judged as
 * strictly as access tokens, and nothing else that an issuer signs passes for one. What a good one
 * says becomes a notice. httpd-free, no I/O.
 */
#ifndef MOD_ZTA_IDENTITY_SET_TOKEN_H
#define MOD_ZTA_IDENTITY_SET_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/signed_jwt.h"
#include "shared/base/bytes.h"
#include "shared/notice.h"

/* Without exp its age is all there is: older ones are refused, younger ones are remembered. */
#define MOD_ZTA_SET_AGE_MAX_S (INT64_C(7) * 86400)

/* What is told with invalid_state, of a verification that was not asked for (SSF 1.0). */
#define MOD_ZTA_SET_BAD_STATE "its state is not the one that was asked with, or came too late"

/* Members of a complex subject (SSF 1.0 section 3.2). */
enum mod_zta_set_member {
    MOD_ZTA_SET_USER = 0,
    MOD_ZTA_SET_SESSION,
    MOD_ZTA_SET_DEVICE,
    MOD_ZTA_SET_APPLICATION,
    MOD_ZTA_SET_TENANT,
    MOD_ZTA_SET_ORG_UNIT,
    MOD_ZTA_SET_GROUP,
    MOD_ZTA_SET_N_MEMBERS
};

/* <ZTATransmitter>, as far as tokens go; immutable. */
struct mod_zta_transmitter {
    const struct mod_zta_issuer
        *issuer; /* its own name, iss, keys, audiences: it issues no other */
    const struct mod_zta_issuer *const *speaks_for;
    size_t n_speaks_for;
    unsigned critical; /* set of 1u << enum mod_zta_set_member: must be looked at, or discarded */
    bool is_legacy;    /* drafts: subject in the event, milliseconds, reasons as plain text */
};

/* "org_unit"; NULL beyond the enum. */
const char *mod_zta_set_member_name(enum mod_zta_set_member member);

enum mod_zta_set_verdict {
    MOD_ZTA_SET_REFUSED = 0,
    MOD_ZTA_SET_UNAVAILABLE, /* the keys are not there, or nothing could be checked */
    MOD_ZTA_SET_ACCEPTED,
};

struct mod_zta_set_result {
    enum mod_zta_set_verdict verdict;
    const char *err;                               /* refused: the code of RFC 8935 section 2.4 */
    const struct mod_zta_transmitter *transmitter; /* as soon as iss matched; NULL before */
    bool is_key_unknown;              /* refused, but with newer keys it could be good */
    char detail[MOD_ZTA_DETAIL_SIZE]; /* for the operator, safe text */
    struct zta_notice notice;         /* when accepted; texts point into text */
    char text[2 * ZTA_NOTICE_SIZE_MAX];
};

/* The transmitters are distinct by iss. */
void mod_zta_set_judge(struct zta_text token, const struct mod_zta_transmitter *const *transmitters,
                       size_t n_transmitters, int64_t now_s, struct mod_zta_set_result *result);

#endif

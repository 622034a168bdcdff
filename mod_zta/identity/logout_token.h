/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6): which session, or whose
 * logins, an issuer declares over. Judged as strictly as access tokens; nothing else that an issuer
 * signs passes for one. httpd-free, no I/O.
 */
#ifndef MOD_ZTA_IDENTITY_LOGOUT_TOKEN_H
#define MOD_ZTA_IDENTITY_LOGOUT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/signed_jwt.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/signals.h"

/* A message of the moment: longer ones would have to be remembered for as long. */
#define MOD_ZTA_LOGOUT_LIFE_MAX_S 3600

/* An issuer whose logout tokens are taken. */
struct mod_zta_logout_issuer {
    const struct mod_zta_issuer *issuer;
    const struct zta_text *clients; /* whose client ids aud may hold: ZTALogoutAudience */
    size_t n_clients;
};

enum mod_zta_logout_verdict {
    MOD_ZTA_LOGOUT_REFUSED = 0,
    MOD_ZTA_LOGOUT_UNAVAILABLE, /* its keys are not there, or nothing could be checked */
    MOD_ZTA_LOGOUT_ACCEPTED,
};

struct mod_zta_logout_result {
    enum mod_zta_logout_verdict verdict;
    const struct mod_zta_issuer *issuer; /* known as soon as iss matched; NULL before */
    bool is_key_unknown;                 /* refused, but with newer keys it could be good */
    char detail[MOD_ZTA_DETAIL_SIZE];    /* for the operator, safe text; never the token */
    struct zta_signal_message message;   /* when accepted; texts point into text */
    char text[2 * ZTA_SUBJECT_MAX];
};

/* The issuers are distinct; issuers without clients are none. */
void mod_zta_logout_judge(struct zta_text token, const struct mod_zta_logout_issuer *issuers,
                          size_t n_issuers, int64_t now_s, struct mod_zta_logout_result *result);

/*
 * The one logout_token of a form (application/x-www-form-urlencoded, NUL-terminated), decoded in
 * place. Other parameters are ignored. ZTA_NOT_FOUND; ZTA_INVALID: more than one, or badly encoded.
 */
enum zta_status mod_zta_logout_form(char *form, size_t len, struct zta_text *token) ZTA_MUST_CHECK;

#endif

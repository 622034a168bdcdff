/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the running server would judge a token: by the module's own code, with the issuers, places
 * and keys that the server has published. Nothing is sent, nothing is written.
 */
#ifndef CTL_TOKEN_JUDGE_H
#define CTL_TOKEN_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/stance.h"
#include "shared/store/acceptance.h"
#include "shared/store/env.h"

#define CTL_TOKEN_DETAIL_MAX 256

enum ctl_token_outcome {
    CTL_TOKEN_REFUSED = 0,
    CTL_TOKEN_UNDECIDED, /* the issuer would be asked about it */
    CTL_TOKEN_ACCEPTED,
};

enum ctl_token_signature {
    CTL_SIGNATURE_UNCHECKED = 0,
    CTL_SIGNATURE_BAD,
    CTL_SIGNATURE_GOOD,
};

/* What one place would say. Limits, rules and blocked addresses are not asked: they need a request.
 */
struct ctl_token_place {
    const struct zta_accepting_place *place;
    enum ctl_token_outcome outcome;
    enum zta_reason reason; /* ok, or why not */
    bool needs_proof;       /* ACCEPTED with a DPoP proof by the key it is bound to */
    bool needs_certificate; /* ACCEPTED with the client certificate it is bound to */
    bool asks_for_keys;     /* the key is unknown: newer ones are asked for, once in a while */
    struct zta_text issuer; /* configured name, once it is known; else absent */
    char detail[CTL_TOKEN_DETAIL_MAX]; /* may hold text of the token, cut */
};

/* What the token says of itself, verified or not; absent and 0 where it does not. */
struct ctl_token_said {
    struct zta_text alg;
    struct zta_text kid;
    struct zta_text typ;
    struct zta_text issuer;
    struct zta_text subject;
    struct zta_texts audiences;
    int64_t expires_s;
    int64_t issued_s;
    int64_t not_before_s;
    int64_t auth_time_s;
};

/* Keys of the issuer, as the server has them. */
struct ctl_token_keys {
    struct zta_text from; /* as configured; absent: nothing is known of them */
    int64_t fetched_s;    /* 0: never */
    int64_t stale_s;      /* they serve for so long; 0: for ever */
    bool is_fetched;      /* else they stand in a file, or there are none */
    bool differs;         /* the file does not hold any more what the server has read */
};

struct ctl_token_judgement {
    struct ctl_token_place *places;
    size_t n_places;
    size_t n_accepting;
    const struct ctl_token_place *best; /* of all places, the one where it gets furthest */
    struct ctl_token_said said;
    struct ctl_token_keys keys; /* of the best place's issuer */
    enum ctl_token_signature signature;
    /* Whose it is, also where it has expired or is for another audience. NULL: not verified. */
    const struct zta_identity *identity;
    const char *revoked_by; /* NULL: by nothing, or that was not asked */
    bool is_blocked;        /* its subject is */
};

/*
 * ZTA_NOT_FOUND: no server has published its places in this store, or none of them asks for a
 * credential. Texts point into the judgement. token may hold anything.
 */
enum zta_status ctl_token_judge(struct zta_view *view, struct zta_text token, int64_t now_s,
                                struct ctl_token_judgement **judgement,
                                struct zta_error *error) ZTA_MUST_CHECK;
void ctl_token_judgement_close(struct ctl_token_judgement **judgement);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose tokens the running server accepts, and where: what `ztactl token` judges by. One record in
 * state/, written whole by the helper at each (re)start; nothing secret is in it.
 */
#ifndef ZTA_STORE_ACCEPTANCE_H
#define ZTA_STORE_ACCEPTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/stance.h"
#include "shared/store/env.h"

struct zta_texts {
    const struct zta_text *items;
    size_t n;
};

/* What claims are read for. */
enum zta_accepted_claim {
    ZTA_ACCEPTED_SUBJECT = 0,
    ZTA_ACCEPTED_CLIENT,
    ZTA_ACCEPTED_ROLES,
    ZTA_ACCEPTED_GROUPS,
    ZTA_ACCEPTED_SCOPE,
    ZTA_ACCEPTED_SESSION,
    ZTA_ACCEPTED_DEVICE,
    ZTA_ACCEPTED_ACR,
    ZTA_N_ACCEPTED_CLAIMS
};

/* One <ZTAIssuer>; its keys stand in keysets.h under the same name. */
struct zta_accepted_issuer {
    struct zta_text name;
    struct zta_text url;
    struct zta_text token_type;
    struct zta_text keys_file; /* absolute; absent: its keys are fetched, or it has none */
    struct zta_texts algs;     /* names of RFC 7518 */
    struct zta_texts audiences;
    struct zta_texts acrs;                         /* that can be compared, weakest first */
    struct zta_text claims[ZTA_N_ACCEPTED_CLAIMS]; /* canonical names; absent: from none */
    int64_t leeway_s;
    bool is_introspected; /* opaque tokens are asked about */
    bool asks_about_jwts; /* and its JWTs, too: it has no keys */
};

/* Where a place looks for tokens; a set. */
enum zta_token_source {
    ZTA_TOKEN_IN_AUTHORIZATION = 1,
    ZTA_TOKEN_IN_COOKIE = 2,
    ZTA_TOKEN_IN_QUERY = 4,
};

/* A server or Location that asks for a credential, with all sections merged that hold there. */
struct zta_accepting_place {
    struct zta_text server; /* "api.example.com:443" */
    struct zta_text path;
    struct zta_texts issuers;   /* names */
    struct zta_texts audiences; /* none: the issuers' own */
    enum zta_mode mode;         /* of credentials */
    unsigned sources;           /* set of enum zta_token_source */
    uint32_t header_max;        /* LimitRequestFieldSize: longer headers do not come in */
    bool takes_dpop;
    bool requires_dpop;
};

struct zta_acceptance {
    const struct zta_accepted_issuer *issuers;
    size_t n_issuers;
    const struct zta_accepting_place *places;
    size_t n_places;
    struct zta_texts claims;                /* kept of tokens for rules and headers; sorted */
    struct zta_acceptance_storage *storage; /* of one that was opened; else NULL */
};

/*
 * Replaces what was published. A text of 64 KiB and more is cut: none can equal anything in a
 * token.
 */
enum zta_status zta_acceptance_put(struct zta_change *change,
                                   const struct zta_acceptance *acceptance) ZTA_MUST_CHECK;
/* A copy, closed by zta_acceptance_close. ZTA_NOT_FOUND: no server has published it. */
enum zta_status zta_acceptance_open(struct zta_view *view,
                                    struct zta_acceptance **acceptance) ZTA_MUST_CHECK;
void zta_acceptance_close(struct zta_acceptance **acceptance);

#endif

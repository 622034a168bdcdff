/* SPDX-License-Identifier: Apache-2.0 */
/* One judgement under way: token_judge.c prepares it, token_place.c does it place by place. */
#ifndef CTL_TOKEN_JUDGE_PRIV_H
#define CTL_TOKEN_JUDGE_PRIV_H

#include "admin-tui/token_judge.h"

#include "mod_zta/identity/credential.h"
#include "mod_zta/identity/introspection.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/limits.h"
#include "shared/store/keysets.h"

#define BEARER      "Bearer "
#define FIELD_START "Authorization: " BEARER

/* One issuer as the module has it. */
struct ctl_known_issuer {
    struct mod_zta_issuer issuer;
    struct mod_zta_introspection introspection;
    struct zta_keyset_record record; /* of its keys; name absent: there is none */
    void *record_storage;
    struct zta_text keys_file;
};

/* A judgement and all that it points to. */
struct ctl_token_judging {
    struct ctl_token_judgement out; /* first: its address is that of the whole */
    struct zta_view *view;
    struct zta_text token;
    int64_t now_s;
    struct zta_acceptance *acceptance;
    struct ctl_known_issuer *issuers;
    const struct mod_zta_issuer **accepted; /* of the place at hand; as many as there are issuers */
    char *field;                            /* "Bearer ..."; NULL: no header could hold the token */
    json_t *header;
    json_t *claims;
    struct zta_text *audiences;
    struct zta_identity identity; /* of out, and in turn of each place */
    struct zta_identity tried;
    char identity_storage[ZTA_IDENTITY_SIZE_MAX];
    char tried_storage[ZTA_IDENTITY_SIZE_MAX];
    char revoked_by[96];
};

/* NULL: the server published none of that name. */
const struct ctl_known_issuer *ctl_known_issuer_find(const struct ctl_token_judging *judging,
                                                     struct zta_text name);
/* What the module's own reader takes the token for where these entries are looked at. */
enum mod_zta_presented ctl_token_present(const struct ctl_token_judging *judging,
                                         const struct zta_accepting_place *where,
                                         const char **detail);
/* Fills places, n_places, n_accepting and best of the judgement. ZTA_NO_MEMORY. */
enum zta_status ctl_token_judge_places(struct ctl_token_judging *judging) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque tokens (RFC 7662): which are worth a question, the question, and what an answer is worth.
 * What is no clear answer says nothing about the token. httpd-free, no I/O.
 */
#ifndef MOD_ZTA_IDENTITY_INTROSPECTION_H
#define MOD_ZTA_IDENTITY_INTROSPECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/client_auth.h"
#include "mod_zta/identity/issuer.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/decision.h"
#include "shared/identity.h"

/* RFC 6749 section 10.10 wants tokens nobody can guess: what is shorter is none. */
#define MOD_ZTA_OPAQUE_MIN 16
#define MOD_ZTA_ANSWER_MAX 65536
#define MOD_ZTA_KEEP_S     60    /* an active token's identity serves for so long at most */
#define MOD_ZTA_FORM_SIZE  49152 /* the largest token, every character escaped, and who asks */

/* <ZTAIssuer>'s ZTAIntrospect: plain data, immutable while requests run. */
struct mod_zta_introspection {
    const char *url; /* NULL: as the issuer's metadata say */
    struct mod_zta_client client;
    bool asks_about_jwts; /* the issuer has no keys here: its JWTs are asked about as well */
    uint64_t hash;        /* of all of it but secrets: stands for the keys in a token's cache key */
};

/* Sets hash; never 0. */
void mod_zta_introspection_seal(struct mod_zta_introspection *introspection);

/*
 * Is this issuer to be asked about the token? Not about what is too short, too long or no token68,
 * and not about a JWT, but one that names this issuer if it has no keys: whose it is, it says.
 */
bool mod_zta_introspection_asks(const struct mod_zta_issuer *issuer, struct zta_text token);

/* Body and Authorization value (empty: none) of the question. As mod_zta_client_authenticate. */
enum zta_status mod_zta_introspection_write(const struct mod_zta_issuer *issuer,
                                            struct zta_text token, int64_t now_s,
                                            struct zta_buffer *form,
                                            struct zta_buffer *authorization) ZTA_MUST_CHECK;

struct mod_zta_introspection_answer {
    const struct mod_zta_issuer *issuer; /* with introspection */
    struct zta_text token;
    long http_status;
    struct zta_text body;
    const struct zta_text *claims; /* that are kept, as in mod_zta_token_request */
    size_t n_claims;
    int64_t now_s;
};

enum mod_zta_introspection_outcome {
    MOD_ZTA_INTROSPECTION_UNREADABLE = 0, /* it says nothing that can be relied on */
    MOD_ZTA_INTROSPECTION_REFUSED,        /* the issuer does not take our credentials */
    MOD_ZTA_INTROSPECTION_VERDICT,        /* about the token: reason says which */
};

struct mod_zta_introspection_result {
    enum mod_zta_introspection_outcome outcome;
    enum zta_reason reason; /* issuer_unavailable unless it is a verdict */
    int64_t keep_until_s;   /* of a good one; real time */
    char detail[160];       /* for the operator, safe text; never the token */
};

/*
 * On reason ok *identity is filled as from a JWT; its text points into storage (size bytes,
 * ZTA_IDENTITY_SIZE_MAX suffices). Whose it is, when and for whom was checked but for the audience,
 * which is the place's: mod_zta_token_has_audience. A token without sub has its client as subject.
 * The token id of an opaque one is that of its bytes.
 */
void mod_zta_introspection_judge(const struct mod_zta_introspection_answer *answer, char *storage,
                                 size_t size, struct zta_identity *identity,
                                 struct mod_zta_introspection_result *result);

#endif

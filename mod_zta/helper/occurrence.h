/* SPDX-License-Identifier: Apache-2.0 */
/* One recorded request as automation looks at it: its facts again, what it was, and whose. */
#ifndef MOD_ZTA_HELPER_OCCURRENCE_H
#define MOD_ZTA_HELPER_OCCURRENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/base64.h"
#include "shared/base/hash.h"
#include "shared/context.h"
#include "shared/event.h"
#include "shared/facts.h"
#include "shared/identity.h"
#include "shared/measure.h"
#include "shared/risk/governor.h"
#include "shared/rules/respond.h"

struct mod_zta_occurrence {
    const struct zta_event *event;
    struct zta_stance stance;
    bool is_verified; /* an identity was verified and entered */
    bool is_let_in;   /* and was allowed */
    bool is_failed;   /* a credential was not accepted, by us or by the API */
    bool is_denied;   /* refused for what it asked for; not by a measure */
    bool is_server_error;
    uint64_t groups[ZTA_N_GROUPS]; /* keyed hash of the value; 0: it has none */
    struct zta_governor_party party;
    struct zta_facts facts;
    struct zta_context context;
    struct zta_risk_facts risk;
    struct zta_identity identity;
    char certificate[ZTA_BASE64URL_LEN(ZTA_SHA256_SIZE) + 1];
};

/* Borrows from the event. What it does not record is unknown. */
void mod_zta_occurrence_make(const struct zta_event *event, const struct zta_siphash_key *key,
                             struct mod_zta_occurrence *occurrence);
/* The same hash of who stands in a session's record, for what was seen before a restart. */
uint64_t mod_zta_occurrence_hash(const struct zta_siphash_key *key, enum zta_group group,
                                 struct zta_text issuer, struct zta_text name);
uint64_t mod_zta_occurrence_hash_network(const struct zta_siphash_key *key, enum zta_group group,
                                         const struct zta_addr *addr);
/* Whom a measure of that group is held against; false: it has no such one. */
bool mod_zta_occurrence_target(const struct mod_zta_occurrence *occurrence, enum zta_group group,
                               struct zta_target *target);
/* What it adds to a line; responses are counted by who takes them. */
uint64_t mod_zta_occurrence_adds(const struct mod_zta_occurrence *occurrence,
                                 const struct zta_respond_on *on, uint64_t *base);

#endif

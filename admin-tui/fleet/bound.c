/* SPDX-License-Identifier: Apache-2.0 */
/* From a statement to whom it hits, and from there to the governor. */
#include "admin-tui/fleet/bound.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/random.h"
#include "shared/decision.h"
#include "shared/measure.h"
#include "shared/risk/governor.h"
#include "shared/store/fleet_held.h"
#include "shared/store/published_governor.h"
#include "shared/store/sessions.h"

#define REFRESH_S 60

/* As ZTAGovernor is where nothing is said, and where no server has run. */
static const struct zta_governor_limits defaults = {.percent = 5, .window_s = 3600, .min = 5};

/* What a governor tells apart by its hashes. */
enum party {
    PARTY_SUBJECT = 1,
    PARTY_IP,
    PARTY_NET,
    PARTY_CLIENT,
    PARTY_APIKEY,
    PARTY_OTHER,
};

struct ctl_bound {
    struct zta_governor *governor;
    struct zta_siphash_key key;
    struct zta_published_governor published; /* its networks are the governor's */
    int64_t now_s;
    int64_t refreshed_s;
};

enum zta_status ctl_bound_open(struct ctl_bound **bound)
{
    struct ctl_bound *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_random_bytes((uint8_t *)&opened->key, sizeof opened->key);
    const enum zta_status status = zta_governor_open(&defaults, &opened->key, &opened->governor);
    if (status != ZTA_OK) {
        free(opened);
        return status;
    }
    *bound = opened;
    return ZTA_OK;
}

void ctl_bound_close(struct ctl_bound **bound)
{
    if (*bound != NULL) {
        zta_governor_close(&(*bound)->governor);
        free(*bound);
        *bound = NULL;
    }
}

/* 0: there is nobody of that name. */
static uint64_t hash_of(const struct ctl_bound *bound, enum party party, struct zta_text issuer,
                        struct zta_text name)
{
    const char kind = (char)party;
    const struct zta_text parts[] = {{.data = &kind, .len = 1}, issuer, name};
    struct zta_sha256 digest;
    if (name.len == 0) {
        return 0;
    }
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    const uint64_t hash = zta_siphash(&bound->key, digest.bytes, sizeof digest.bytes);
    return hash == 0 ? 1 : hash;
}

static uint64_t hash_network(const struct ctl_bound *bound, enum party party,
                             const struct zta_addr *addr)
{
    const struct zta_cidr network =
        party == PARTY_IP ? zta_addr_network(addr, 32, 64) : zta_addr_network(addr, 24, 48);
    const struct zta_text bytes = {.data = (const char *)network.addr.bytes,
                                   .len = sizeof network.addr.bytes};
    return addr->family == 0 ? 0 : hash_of(bound, party, (struct zta_text){.data = NULL}, bytes);
}

static bool note_session(void *context, const struct zta_session *session)
{
    const struct ctl_bound *bound = context;
    const struct zta_text none = {.data = NULL};
    const struct zta_text issuer = zta_text_of(session->issuer);
    if (session->last_s + ZTA_GOVERNOR_SEEN_S > bound->now_s &&
        session->last_reason == ZTA_REASON_OK) {
        const struct zta_governor_party party = {
            .subject = hash_of(bound, PARTY_SUBJECT, issuer, zta_text_of(session->subject)),
            .ip = hash_network(bound, PARTY_IP, &session->addr),
            .net = hash_network(bound, PARTY_NET, &session->addr),
            .client = hash_of(bound, PARTY_CLIENT, issuer, zta_text_of(session->client)),
            .apikey = hash_of(bound, PARTY_APIKEY, none, zta_text_of(session->apikey)),
        };
        zta_governor_note(bound->governor, &party, session->last_s);
    }
    return true;
}

/* The server's own. What cannot be read changes nothing. */
static void read_limits(struct ctl_bound *bound, struct zta_view *view)
{
    const int64_t former_s = bound->published.limits.window_s;
    struct zta_published_governor found;
    if (zta_published_get_governor(view, &found) != ZTA_OK) {
        return;
    }
    bound->published = found;
    bound->published.limits.never = bound->published.never;
    zta_governor_limit(bound->governor, &bound->published.limits);
    if (found.limits.window_s != former_s) {
        bound->refreshed_s = 0; /* who is active is counted by parts of the window */
    }
}

void ctl_bound_refresh(struct ctl_bound *bound, struct zta_store *store, int64_t now_s)
{
    struct zta_view *view = NULL;
    bound->now_s = now_s;
    if (zta_view_begin(store, &view) != ZTA_OK) {
        return;
    }
    read_limits(bound, view);
    if (bound->refreshed_s + REFRESH_S <= now_s || bound->refreshed_s > now_s) {
        /* What cannot be read makes the bound no wider. */
        bound->refreshed_s = zta_session_each(view, note_session, bound) == ZTA_OK ? now_s : 0;
    }
    zta_view_end(&view);
}

/* Wider than what automation itself would ever block is for an operator. */
static bool admits_network(struct ctl_bound *bound, const struct zta_cidr *network)
{
    const uint8_t widest = network->addr.family == 4 ? 24 : 48;
    const uint8_t one = network->addr.family == 4 ? 32 : 64;
    const enum party party = network->prefix >= one ? PARTY_IP : PARTY_NET;
    return network->prefix >= widest &&
           zta_governor_ask_network(bound->governor, ZTA_GOVERNOR_TRANSMITTER,
                                    hash_network(bound, party, &network->addr), network,
                                    bound->now_s) == ZTA_GOVERNED_GO;
}

static bool admits_one(struct ctl_bound *bound, uint64_t hash)
{
    return zta_governor_ask_subject(bound->governor, ZTA_GOVERNOR_TRANSMITTER, hash,
                                    bound->now_s) == ZTA_GOVERNED_GO;
}

static bool admits_crowd(struct ctl_bound *bound, uint64_t hash)
{
    return admits_one(bound, hash) &&
           zta_governor_ask_crowd(bound->governor, ZTA_GOVERNOR_TRANSMITTER, hash, bound->now_s) ==
               ZTA_GOVERNED_GO;
}

bool ctl_bound_admits(void *context, const struct zta_statement *statement, bool extends)
{
    struct ctl_bound *bound = context;
    const struct zta_text none = {.data = NULL};
    struct zta_target target;
    if (zta_fleet_target(statement, &target) != ZTA_OK) {
        return false;
    }
    if (extends) {
        /* It hits nobody anew; whom automation never touches is told since. */
        return target.kind != ZTA_TARGET_NETWORK ||
               !zta_governor_is_never(bound->governor, &target.network);
    }
    switch (target.kind) {
    case ZTA_TARGET_NETWORK:
        return admits_network(bound, &target.network);
    case ZTA_TARGET_SUBJECT:
        return admits_one(bound, hash_of(bound, PARTY_SUBJECT, target.issuer, target.name));
    case ZTA_TARGET_SESSION:
        return admits_one(bound, hash_of(bound, PARTY_OTHER, none,
                                         (struct zta_text){.data = (const char *)target.session,
                                                           .len = sizeof target.session}));
    case ZTA_TARGET_CLIENT:
        return admits_crowd(bound, hash_of(bound, PARTY_CLIENT, target.issuer, target.name));
    case ZTA_TARGET_APIKEY:
        return admits_crowd(bound, hash_of(bound, PARTY_APIKEY, none, target.name));
    case ZTA_TARGET_EVERYONE:
    case ZTA_N_TARGET_KINDS:
        break;
    }
    return false;
}

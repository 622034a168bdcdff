/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept for continuous risk: one record a session, address, API key or subject in state/,
 * written by the observer alone, read by every request that is judged by its risk.
 *
 * A session has its factors and the agent that it came with; an address and an API key have their
 * factors, which are in no user's score. A subject has its last place, and when what its sessions
 * show was first seen: a new session of a subject begins with what is known of it already.
 */
#ifndef ZTA_STORE_RISKS_H
#define ZTA_STORE_RISKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/risk/place.h"
#include "shared/risk/score.h"
#include "shared/store/env.h"
#include "shared/store/prune.h"

enum zta_risk_kind {
    ZTA_RISK_OF_SESSION = 1,
    ZTA_RISK_OF_ADDRESS = 2, /* IPv4 /32, IPv6 /64 */
    ZTA_RISK_OF_APIKEY = 3,
    ZTA_RISK_OF_SUBJECT = 4,
};

/* Of whom; text is borrowed. */
struct zta_risk_owner {
    enum zta_risk_kind kind;
    uint8_t session[ZTA_SESSION_ID_SIZE];
    struct zta_addr addr;
    struct zta_text issuer; /* of the subject */
    struct zta_text name;   /* of the subject, or id of the API key */
};

struct zta_risk_record {
    int64_t last_s; /* real time of the last request that is counted in */
    struct zta_risk risk;
    struct zta_risk_agent agent;                       /* zeroed: none seen */
    struct zta_risk_place places[ZTA_N_RISK_FAMILIES]; /* when_s 0: none seen */
};

struct zta_risk_owner zta_risk_owner_session(const uint8_t id[ZTA_SESSION_ID_SIZE]);
struct zta_risk_owner zta_risk_owner_address(const struct zta_addr *addr);
struct zta_risk_owner zta_risk_owner_apikey(struct zta_text id);
struct zta_risk_owner zta_risk_owner_subject(struct zta_text issuer, struct zta_text subject);

/*
 * ZTA_NOT_FOUND: nothing is known, also of an owner that no record can have (an address of unknown
 * family, no name or a longer one). ZTA_CORRUPT for a record that put does not write.
 */
enum zta_status zta_risks_get(struct zta_view *view, const struct zta_risk_owner *owner,
                              struct zta_risk_record *record) ZTA_MUST_CHECK;
/* That record will be asked for soon. */
void zta_risks_expect(struct zta_view *view, const struct zta_risk_owner *owner);
/* As zta_risks_get, seen from inside a change. */
enum zta_status zta_risks_load(struct zta_change *change, const struct zta_risk_owner *owner,
                               struct zta_risk_record *record) ZTA_MUST_CHECK;
enum zta_status zta_risks_put(struct zta_change *change, const struct zta_risk_owner *owner,
                              const struct zta_risk_record *record) ZTA_MUST_CHECK;
/*
 * Before the first record of an address is put: removes another where the table has `most` already,
 * since strangers make these. Of a few that stand behind it, which are most likely its neighbours,
 * the one that is worth least goes, the one seen longest ago of such.
 */
enum zta_risks_room {
    ZTA_RISKS_ROOM_NONE = 0, /* the new one is worth less than any of them */
    ZTA_RISKS_ROOM_MADE,
    ZTA_RISKS_ROOM_LEFT,
};
enum zta_status zta_risks_make_room(struct zta_change *change, const struct zta_risk_owner *address,
                                    const struct zta_risk_record *record, uint64_t most,
                                    enum zta_risks_room *room) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND. */
enum zta_status zta_risks_remove(struct zta_change *change,
                                 const struct zta_risk_owner *owner) ZTA_MUST_CHECK;

/* Those of a kind one after the other; returning false ends the walk. */
typedef bool (*zta_risks_fn)(void *context, const struct zta_risk_owner *owner,
                             const struct zta_risk_record *record);
enum zta_status zta_risks_each(struct zta_view *view, enum zta_risk_kind kind, zta_risks_fn fn,
                               void *context) ZTA_MUST_CHECK;

/*
 * Removes records whose owner was last seen before before_s, looking at no more than most records
 * from place on; place moves on and is zeroed at the end. *n removed ones.
 */
enum zta_status zta_risks_prune(struct zta_change *change, struct zta_prune_place *place,
                                int64_t before_s, size_t most, uint64_t *n) ZTA_MUST_CHECK;
/* The same of addresses, which stand apart. */
enum zta_status zta_risks_prune_addresses(struct zta_change *change, struct zta_prune_place *place,
                                          int64_t before_s, size_t most,
                                          uint64_t *n) ZTA_MUST_CHECK;
/* The same of addresses whose factors are worth nothing at now_s: strangers make these records. */
enum zta_status zta_risks_prune_spent_addresses(struct zta_change *change,
                                                struct zta_prune_place *place, int64_t now_s,
                                                size_t most, uint64_t *n) ZTA_MUST_CHECK;

/* The record's value by itself; what a fuzzer and the deep check look at. ZTA_TOO_LARGE never. */
size_t zta_risk_record_encode(const struct zta_risk_record *record, uint8_t *out, size_t size);
enum zta_status zta_risk_record_decode(const void *data, size_t size,
                                       struct zta_risk_record *record) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is there: one record a session in state/, at most 500 bytes, written by the observer alone.
 */
#ifndef ZTA_STORE_SESSIONS_H
#define ZTA_STORE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/store/env.h"

#define ZTA_SESSION_RECORD_MAX 500

struct zta_session {
    uint8_t id[ZTA_SESSION_ID_SIZE];
    enum zta_session_kind kind;
    enum zta_credential credential;
    enum zta_binding binding;
    int64_t first_s;
    int64_t last_s;
    int64_t expires_s; /* of the latest credential seen; 0 unknown */
    uint64_t n_requests;
    uint64_t n_denied;
    struct zta_addr addr;                  /* last */
    uint8_t last_reason;                   /* enum zta_reason */
    uint8_t token_id[ZTA_SESSION_ID_SIZE]; /* of the latest credential */
    struct zta_login_tag login;            /* what signals of its issuer are compared with */
    char issuer[ZTA_NAME_MAX + 1];
    char subject[160]; /* cut at 159 bytes; id and login are over the whole */
    char client[96];
    char apikey[ZTA_NAME_MAX + 1];
    char agent[64]; /* the first to be cut when the record is full */
    /*
     * Place of the last event that is counted in (events.h): counting the same event again is seen.
     */
    uint64_t segment_created_ns;
    uint64_t sequence;
};

enum zta_status zta_session_get(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                struct zta_session *session) ZTA_MUST_CHECK;
/* As above, seen from inside a change. */
enum zta_status zta_session_load(struct zta_change *change, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                 struct zta_session *session) ZTA_MUST_CHECK;
enum zta_status zta_session_put(struct zta_change *change,
                                const struct zta_session *session) ZTA_MUST_CHECK;
enum zta_status zta_session_remove(struct zta_change *change,
                                   const uint8_t id[ZTA_SESSION_ID_SIZE]) ZTA_MUST_CHECK;
typedef bool (*zta_session_fn)(void *context, const struct zta_session *session);
/* In order of id; returning false ends the walk. */
enum zta_status zta_session_each(struct zta_view *view, zta_session_fn fn,
                                 void *context) ZTA_MUST_CHECK;
/*
 * The same for no more than most records from place on (zeroed: from the start); place moves on and
 * is zeroed at the end.
 */
enum zta_status zta_session_each_from(struct zta_view *view, uint8_t place[ZTA_SESSION_ID_SIZE],
                                      size_t most, zta_session_fn fn, void *context) ZTA_MUST_CHECK;
/*
 * Removes sessions that were last seen before before_s, looking at no more than most records from
 * place on (zeroed: from the start); place moves on and is zeroed at the end. *n removed ones.
 */
enum zta_status zta_sessions_prune(struct zta_change *change, uint8_t place[ZTA_SESSION_ID_SIZE],
                                   int64_t before_s, size_t most, uint64_t *n) ZTA_MUST_CHECK;
enum zta_status zta_session_count(struct zta_view *view, uint64_t *n) ZTA_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocations that token issuers ask for (logouts), in state/: they can only restrict. Written by
 * the helper, read on the request path. An operator lifts one by a release in policy/, which holds
 * until the issuer says it anew.
 */
#ifndef ZTA_STORE_SIGNALS_H
#define ZTA_STORE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/store/env.h"
#include "shared/store/sessions.h"

#define ZTA_SIGNAL_KEY_SIZE (1 + ZTA_SHA256_SIZE)
/* Encoded for the helper; texts are at most ZTA_SUBJECT_MAX bytes, the issuer ZTA_NAME_MAX. */
#define ZTA_SIGNAL_SIZE_MAX 1024

/* What it is about; (issuer, sid) and (issuer, subject) are exact, case and all. */
enum zta_signal_kind {
    ZTA_SIGNAL_SESSION = 1,     /* the issuer's session, whoever's it is */
    ZTA_SIGNAL_SUBJECT_SESSION, /* that session if it is of that subject */
    ZTA_SIGNAL_SUBJECT,         /* all of the subject's logins up to a watermark */
};

struct zta_signal {
    enum zta_signal_kind kind;
    struct zta_text issuer;  /* configured name */
    struct zta_text sid;     /* absent for SUBJECT */
    struct zta_text subject; /* absent for SESSION */
    int64_t watermark_s;     /* SUBJECT: a login at or before it + leeway is refused */
    /* Real time, raised above what an operator released: one that comes anew restricts anew. */
    int64_t received_ns;
};

/* A signal on its way: which message brought it, so that the message counts once. */
struct zta_signal_message {
    struct zta_signal signal;
    struct zta_sha256 id; /* of issuer and jti */
    int64_t expires_s;    /* after that the message is refused for its age */
};

/* ZTA_INVALID for what has not the texts of its kind. */
enum zta_status zta_signal_message_encode(const struct zta_signal_message *message, void *out,
                                          size_t size, size_t *out_size) ZTA_MUST_CHECK;
/* Texts point into data. ZTA_CORRUPT for anything that encode does not write. */
enum zta_status zta_signal_message_decode(const void *data, size_t size,
                                          struct zta_signal_message *message) ZTA_MUST_CHECK;

/* How a message came: the letter that brought it, and what was known then. */
struct zta_signal_delivery {
    uint64_t segment_id;
    uint64_t letter;     /* of zta_mailbox_take */
    int64_t released_ns; /* zta_signal_released */
    int64_t now_ns;
};

/*
 * state/. Adds or renews the record and remembers the message. ZTA_EXISTS: another letter brought
 * it before, nothing is changed. The same letter again, of a helper that died behind its commit, is
 * ZTA_OK. A watermark never goes back.
 */
enum zta_status zta_signal_put(struct zta_change *change, const struct zta_signal_message *message,
                               const struct zta_signal_delivery *delivery) ZTA_MUST_CHECK;
/* Up to which received_ns an operator lifted this one; 0: never. */
enum zta_status zta_signal_released(struct zta_view *view, const struct zta_signal *signal,
                                    int64_t *released_ns) ZTA_MUST_CHECK;
/* Removes up to `most` messages that expired before now_s. */
enum zta_status zta_signals_forget(struct zta_change *change, int64_t now_s, size_t most,
                                   uint64_t *n) ZTA_MUST_CHECK;
/*
 * Removes records of single sessions received before before_ns, looking at no more than `most` from
 * place on (zeroed: from the start); place moves on and is zeroed at the end.
 */
enum zta_status zta_signals_prune(struct zta_change *change, uint8_t place[ZTA_SIGNAL_KEY_SIZE],
                                  int64_t before_ns, size_t most, uint64_t *n) ZTA_MUST_CHECK;

/*
 * The request path's question. leeway_s is the issuer's; an unknown auth_time is refused by a
 * SUBJECT record until it is released. Three look-ups, no allocation.
 */
enum zta_status zta_signal_find(struct zta_view *view, const struct zta_identity *identity,
                                int64_t leeway_s, bool *is_revoked,
                                enum zta_signal_kind *hit) ZTA_MUST_CHECK;

/* Records are valid for the call, is_released with them; returning false ends the walk. */
typedef bool (*zta_signal_fn)(void *context, const struct zta_signal *signal, bool is_released);
enum zta_status zta_signal_each(struct zta_view *view, zta_signal_fn fn,
                                void *context) ZTA_MUST_CHECK;
/* Is the signal about this session: itself, or its subject? */
bool zta_signal_hits_session(const struct zta_signal *signal, const struct zta_session *session);

/* policy/. Lifts the record as it stands; a later signal restricts anew. */
enum zta_status zta_signal_release(struct zta_change *change, const struct zta_signal *signal,
                                   uint64_t action_id) ZTA_MUST_CHECK;

const char *zta_signal_kind_name(enum zta_signal_kind kind);

#endif

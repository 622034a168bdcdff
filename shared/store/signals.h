/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocations that token issuers (logouts) and transmitters of signals ask for, in state/: they can
 * only restrict. Written by the helper, read on the request path. An operator lifts one by a
 * release in policy/, which holds until it is said anew.
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

/* What it is about; names are exact, case and all. A watermark is on logins but for TOKENS. */
enum zta_signal_kind {
    ZTA_SIGNAL_SESSION = 1,     /* the issuer's session, whoever's it is */
    ZTA_SIGNAL_SUBJECT_SESSION, /* that session if it is of that subject */
    ZTA_SIGNAL_SUBJECT,         /* all of the subject's logins up to a watermark */
    ZTA_SIGNAL_TOKEN,           /* the token of that jti */
    ZTA_SIGNAL_SUBJECT_TOKENS,  /* the subject's tokens issued up to a watermark */
    ZTA_SIGNAL_DEVICE,          /* logins on a device, up to a watermark */
    ZTA_SIGNAL_SUBJECT_DEVICE,  /* the subject's logins on it; "": on a device nobody names */
    ZTA_SIGNAL_SUBJECT_CLIENT,  /* the subject's logins by a client; "": by one nobody names */
    ZTA_SIGNAL_END
};

struct zta_signal {
    enum zta_signal_kind kind;
    bool is_from_transmitter; /* no logout: in force where the feature `signals` is */
    struct zta_text issuer;   /* configured name */
    struct zta_text sid;      /* of SESSION and SUBJECT_SESSION */
    struct zta_text subject;  /* of all that have it in their name */
    struct zta_text name;     /* device, client, jti: of those whose names say so */
    int64_t watermark_s;      /* a login at or before it + leeway is refused; 0: of none */
    /* Real time, raised above what an operator released: one that comes anew restricts anew. */
    int64_t received_ns;
};

/* A signal on its way: which message brought it, so that the message counts once. */
struct zta_signal_message {
    struct zta_signal signal;
    struct zta_sha256 id; /* of issuer and jti */
    int64_t expires_s;    /* after that the message is refused for its age */
};

/* A logout's letter. ZTA_INVALID for what has not the texts of its kind. */
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
/* The two halves of it: the message alone, *is_again for the same letter; and the record alone. */
enum zta_status zta_signal_note(struct zta_change *change, const struct zta_sha256 *id,
                                int64_t expires_s, const struct zta_signal_delivery *delivery,
                                bool *is_again) ZTA_MUST_CHECK;
enum zta_status zta_signal_renew(struct zta_change *change, const struct zta_signal *signal,
                                 const struct zta_signal_delivery *delivery) ZTA_MUST_CHECK;
/* What note would say, changing nothing: ZTA_OK for the same letter, ZTA_EXISTS, ZTA_NOT_FOUND. */
enum zta_status zta_signal_seen(struct zta_change *change, const struct zta_sha256 *id,
                                const struct zta_signal_delivery *delivery) ZTA_MUST_CHECK;
/* Up to which received_ns an operator lifted this one; 0: never. */
enum zta_status zta_signal_released(struct zta_view *view, const struct zta_signal *signal,
                                    int64_t *released_ns) ZTA_MUST_CHECK;
/* Removes up to `most` messages that expired before now_s. */
enum zta_status zta_signals_forget(struct zta_change *change, int64_t now_s, size_t most,
                                   uint64_t *n) ZTA_MUST_CHECK;
/*
 * Removes records without a watermark received before before_ns, looking at a few from place on
 * (zeroed: from the start); place moves on and is zeroed at the end.
 */
enum zta_status zta_signals_prune(struct zta_change *change, uint8_t place[ZTA_SIGNAL_KEY_SIZE],
                                  int64_t before_ns, uint64_t *n) ZTA_MUST_CHECK;

/* Who says that an identity is revoked: bits. */
enum zta_signal_source {
    ZTA_SIGNAL_BY_LOGOUT = 1,
    ZTA_SIGNAL_BY_TRANSMITTER = 2,
};

struct zta_signal_hit {
    unsigned by;               /* set of enum zta_signal_source; 0: it is not revoked */
    enum zta_signal_kind kind; /* the first that was found, a logout before others */
};

/*
 * The request path's question. leeway_s is the issuer's; an unknown auth_time is refused by a
 * watermark until it is released. A look-up for each kind that there is, no allocation.
 */
enum zta_status zta_signal_find(struct zta_view *view, const struct zta_identity *identity,
                                int64_t leeway_s, struct zta_signal_hit *hit) ZTA_MUST_CHECK;

/* Records are valid for the call, is_released with them; returning false ends the walk. */
typedef bool (*zta_signal_fn)(void *context, const struct zta_signal *signal, bool is_released);
enum zta_status zta_signal_each(struct zta_view *view, zta_signal_fn fn,
                                void *context) ZTA_MUST_CHECK;
/* Is it known by issuer, session and subject alone, which a session's record has? */
bool zta_signal_is_of_login(enum zta_signal_kind kind);
/* Is the signal about this session: itself, or its subject? */
bool zta_signal_hits_session(const struct zta_signal *signal, const struct zta_session *session);

/* policy/. Lifts the record as it stands; a later signal restricts anew. */
enum zta_status zta_signal_release(struct zta_change *change, const struct zta_signal *signal,
                                   uint64_t action_id) ZTA_MUST_CHECK;

const char *zta_signal_kind_name(enum zta_signal_kind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a transmitter of signals told (SSF 1.0): one security event, read and judged, on its way to
 * the helper and as it is kept. Texts are borrowed.
 */
#ifndef ZTA_NOTICE_H
#define ZTA_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"

#define ZTA_NOTICE_CAEP "https://schemas.openid.net/secevent/caep/event-type/"
#define ZTA_NOTICE_RISC "https://schemas.openid.net/secevent/risc/event-type/"
#define ZTA_NOTICE_SSF  "https://schemas.openid.net/secevent/ssf/event-type/"

enum zta_notice_kind {
    ZTA_NOTICE_UNKNOWN = 0, /* an event that is none of ours: its type alone is kept */
#define ZTA_NOTICE(upper, family, name, effect, text) ZTA_NOTICE_##upper,
#include "shared/notices.def"
    ZTA_N_NOTICES
};

enum zta_notice_effect {
    ZTA_NOTICE_NOTE = 0,   /* none: it is kept, and that is all */
    ZTA_NOTICE_END_LOGINS, /* logins up to its time are refused, a new one is not */
    ZTA_NOTICE_END_TOKENS, /* tokens issued up to its time are refused, newer ones are not */
    ZTA_NOTICE_DEVICE,     /* a device's compliance; level: enum zta_notice_compliance */
    ZTA_NOTICE_RISK,       /* what the issuer thinks; level: enum zta_notice_risk */
    ZTA_NOTICE_STREAM,     /* about the stream itself; level: enum zta_notice_stream */
    ZTA_NOTICE_STEP_UP,    /* a newer login is asked for */
};

enum zta_notice_risk {
    ZTA_NOTICE_RISK_LOW = 1,
    ZTA_NOTICE_RISK_MEDIUM,
    ZTA_NOTICE_RISK_HIGH,
};

/* The greater restricts more, as with risk. */
enum zta_notice_compliance {
    ZTA_NOTICE_COMPLIANT = 1,
    ZTA_NOTICE_NOT_COMPLIANT,
};

enum zta_notice_stream {
    ZTA_NOTICE_VERIFIED = 0,
    ZTA_NOTICE_ENABLED,
    ZTA_NOTICE_PAUSED,
    ZTA_NOTICE_DISABLED,
};

/* Whom it is about, as far as that is known here. */
enum zta_notice_reach {
    ZTA_NOTICE_NOBODY = 0,  /* nobody is known here by what it names */
    ZTA_NOTICE_ONE,         /* one session, subject, device or token: see the names */
    ZTA_NOTICE_MANY,        /* an application, a tenant, a group, or simply everybody */
    ZTA_NOTICE_UNPROCESSED, /* it names what cannot be looked at, so that nothing may be done */
};

/*
 * Names are ANDed, an absent one is any. device is an id of the inventory, the others belong to
 * the issuer.
 */
struct zta_notice {
    enum zta_notice_kind kind;
    enum zta_notice_effect effect;
    enum zta_notice_reach reach;
    uint8_t level;
    struct zta_text transmitter; /* configured name */
    struct zta_text issuer;      /* configured name of the token issuer it is about */
    struct zta_text sid;
    struct zta_text subject;
    struct zta_text client;
    struct zta_text device;
    struct zta_text token;  /* jti of an access token */
    struct zta_text jti;    /* of the event itself, perhaps cut; id is over the whole */
    struct zta_text type;   /* last part of the event's URI, perhaps cut */
    struct zta_text detail; /* what else there is to know, for the operator */
    struct zta_text state;  /* of a verification: the one that was asked with; absent: unasked */
    int64_t event_s;        /* when it happened, by the transmitter's clock */
    int64_t issued_s;
    int64_t expires_s;    /* after that the message is refused for its age */
    struct zta_sha256 id; /* of transmitter and jti */
};

#define ZTA_NOTICE_SIZE_MAX   1280 /* encoded; a letter */
#define ZTA_NOTICE_SHORT_MAX  64   /* bytes that are kept of jti and type */
#define ZTA_NOTICE_DETAIL_MAX 96

/* "session-revoked"; NULL for UNKNOWN and beyond the table. */
const char *zta_notice_kind_name(enum zta_notice_kind kind);
const char *zta_notice_kind_text(enum zta_notice_kind kind);
enum zta_notice_effect zta_notice_kind_effect(enum zta_notice_kind kind);
/* By the whole URI, exactly. UNKNOWN for any other. */
enum zta_notice_kind zta_notice_kind_find(struct zta_text uri);
/* "high", "not-compliant", "paused", ...: what level means for that effect; NULL for nothing. */
const char *zta_notice_level_name(enum zta_notice_effect effect, uint8_t level);

/* Does the first byte say that this is one, and no other letter? */
bool zta_notice_is_one(const void *data, size_t size);
/* ZTA_TOO_LARGE: its names together are too long. ZTA_INVALID: what lacks what its effect needs. */
enum zta_status zta_notice_encode(const struct zta_notice *notice, void *out, size_t size,
                                  size_t *out_size) ZTA_MUST_CHECK;
/* Texts point into data. ZTA_CORRUPT for anything that encode does not write. */
enum zta_status zta_notice_decode(const void *data, size_t size,
                                  struct zta_notice *notice) ZTA_MUST_CHECK;

#endif

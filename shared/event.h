/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One finished request as it is recorded. The struct is what a ring slot carries: fixed width, no
 * pointers, text cut to its field with a flag. The store keeps it in the compact encoding.
 */
#ifndef ZTA_EVENT_H
#define ZTA_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/base/ulid.h"
#include "shared/event_risk.h"
#include "shared/login_tag.h"
#include "shared/stance.h"

#define ZTA_EVENT_SIZE 864 /* a ring slot of 896 bytes less its header */

enum zta_event_flags {
    ZTA_EVENT_MONITORED = 1,    /* monitor_* are set */
    ZTA_EVENT_CUT = 2,          /* some text was longer than its field */
    ZTA_EVENT_TOKEN_CACHED = 4, /* the credential's verification came from the cache */
    ZTA_EVENT_HTTP2 = 8,
    ZTA_EVENT_TLS = 16,
    ZTA_EVENT_PREFLIGHT = 32,
    ZTA_EVENT_PEER_ID = 64, /* a trusted peer's X-Request-Id was kept as parent */
    ZTA_EVENT_STALE = 128,  /* judged under ZTAFailure stale */
};

/* What a second judgement of the recorded request can rest on (shared/evidence/replay.h). */
enum zta_event_replay {
    ZTA_REPLAY_RECORDED = 1,      /* all of this is set; an older release recorded nothing */
    ZTA_REPLAY_REACHED_RULES = 2, /* whatever comes before the rules let it pass */
    ZTA_REPLAY_NOTED = 4,         /* monitor_* is of a monitored check before the rules */
    ZTA_REPLAY_SEVERAL = 8,       /* judged in several places, of which one is recorded */
    ZTA_REPLAY_DEFAULT_ALLOW = 16,
    ZTA_REPLAY_IDENTITY = 32, /* a verified identity entered; without it: only seen, or none */
    ZTA_REPLAY_CONTEXT = 64,  /* its circumstances were gathered */
    ZTA_REPLAY_RISK = 128,    /* its risk was judged */
};

/* The circumstances that are no text, as in struct zta_context. */
struct zta_event_context {
    char country[2]; /* zeros: unknown */
    uint8_t traits_known;
    uint8_t traits_yes;
    uint8_t usual_known;
    uint8_t usual_yes;
    uint8_t sources[4]; /* enum zta_fact_source of country, network, device, behaviour */
    uint32_t ages_s[4];
    uint32_t asn;
};

/* Texts of an event share one area; each is behind its length, absent and empty are the same. */
enum zta_event_text {
    ZTA_EVENT_METHOD = 0,
    ZTA_EVENT_HOST,
    ZTA_EVENT_PATH,
    ZTA_EVENT_ROUTE,
    ZTA_EVENT_RULE,
    ZTA_EVENT_MONITOR_RULE,
    ZTA_EVENT_ISSUER,
    ZTA_EVENT_SUBJECT,
    ZTA_EVENT_CLIENT,
    ZTA_EVENT_APIKEY,  /* name of the key */
    ZTA_EVENT_MISSING, /* first unmet need; for limits the limit's key */
    ZTA_EVENT_NEAREST, /* nearest allow */
    ZTA_EVENT_DETAIL,  /* operator's detail: "signature does not verify", "aud holds x" */
    ZTA_EVENT_PARENT,  /* request id of the trusted peer */
    ZTA_EVENT_AGENT,   /* User-Agent */
    ZTA_EVENT_CONTENT_TYPE,
    ZTA_EVENT_DEVICE,   /* its id */
    ZTA_EVENT_OS,       /* "macos", or with its version "macos 14.2.1" */
    ZTA_EVENT_TRACE,    /* the trace that the client named, in hex; none: that of its own id */
    ZTA_EVENT_EVIDENCE, /* of what was raised, a line each; the last, so that more can be added */
    ZTA_N_EVENT_TEXTS
};

struct zta_event {
    int64_t time_ns; /* real time at which the request arrived */
    struct zta_ulid id;
    struct zta_addr addr;
    uint8_t session[ZTA_SESSION_ID_SIZE];  /* zero: none */
    uint8_t token_id[ZTA_SESSION_ID_SIZE]; /* first 128 bits of the token id; zero: none */
    uint16_t account; /* whose a refused credential claims to be (record.h); 0: unknown. For the
                         observer alone: the compact form leaves it out */
    uint32_t latency_us;
    uint32_t rules_generation; /* which configuration */
    uint32_t live_version;     /* of the live layer over it; 0: none, or not recorded */
    uint64_t bytes_out;
    uint64_t expires_s;                   /* of the credential; 0 none */
    int64_t content_length;               /* -1 unknown */
    uint8_t inputs[ZTA_INPUTS_NAME_SIZE]; /* zero: none */
    uint8_t certificate[ZTA_SHA256_SIZE]; /* thumbprint of the connection's; zero: none */
    uint32_t modes;                       /* two bits a feature, as in struct zta_stance */
    uint32_t inexact; /* set of 1u << enum zta_event_text: cut, or of an empty one: not absent */
    struct zta_event_context context;
    struct zta_event_risk risk;
    uint32_t rule_line;
    uint16_t rule_source;
    uint16_t http_status;
    uint8_t outcome; /* enum zta_outcome */
    uint8_t reason;  /* enum zta_reason */
    uint8_t monitor_outcome;
    uint8_t monitor_reason;
    uint8_t stage;
    uint8_t credential; /* enum zta_credential */
    uint8_t binding;
    uint8_t session_kind;
    uint8_t flags;
    uint8_t monitor;                     /* stage that was evaluated up to */
    uint8_t replay;                      /* set of enum zta_event_replay */
    uint8_t text_len[ZTA_N_EVENT_TEXTS]; /* of each text, in order, inside texts[] */
    char texts[480];
    struct zta_login_tag login; /* for the session's record alone: the compact form leaves it out */
};

_Static_assert(sizeof(struct zta_event) <= ZTA_EVENT_SIZE, "an event fits its ring slot");

/*
 * Sets texts in the order of the enum (each at most once, ascending). Fields have fair shares: a
 * long path is cut before it displaces a later field. Cut text keeps its head and sets
 * ZTA_EVENT_CUT.
 */
void zta_event_set_texts(struct zta_event *event, const struct zta_text texts[ZTA_N_EVENT_TEXTS]);
/* Adds to the text that is last of all, cut to the room that is left. */
void zta_event_append_evidence(struct zta_event *event, struct zta_text text);
/* Borrowed from the event; empty when absent. */
struct zta_text zta_event_text(const struct zta_event *event, enum zta_event_text which);

/* The modes of a stance as two bits each, and back; bits that say nothing are off. */
uint32_t zta_event_pack_modes(const struct zta_stance *stance);
/* The stance that decided, as recorded. */
void zta_event_stance(const struct zta_event *event, struct zta_stance *stance);

/* Compact form for the store: a version byte, then fields; only the used part of texts. */
enum zta_status zta_event_encode(const struct zta_event *event, void *out, size_t size,
                                 size_t *out_size) ZTA_MUST_CHECK;
/*
 * ZTA_CORRUPT for anything encode does not write; hostile bytes are safe. *used is what one event
 * took.
 */
enum zta_status zta_event_decode(const void *data, size_t size, struct zta_event *event,
                                 size_t *used) ZTA_MUST_CHECK;

#endif

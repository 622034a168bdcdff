/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module knows of one HTTP request, from post_read_request to log_transaction: in r->pool,
 * found through request_config. An internal redirect goes on with the state of the request it came
 * from, a subrequest with a copy: one client request has one id, one identity and one record.
 */
#ifndef MOD_ZTA_REQUEST_H
#define MOD_ZTA_REQUEST_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/config.h"
#include "mod_zta/identity/credential.h"
#include "mod_zta/identity/token.h"
#include "mod_zta/open/registry.h"
#include "shared/base/path.h"
#include "shared/base/ulid.h"
#include "shared/context.h"
#include "shared/decision.h"
#include "shared/facts.h"
#include "shared/identity.h"
#include "shared/live/limits.h"
#include "shared/rules/decide.h"
#include "shared/store/env.h"

#define MOD_ZTA_SIDES_MAX 8 /* judged (uri, method, place) of one request; more are refused */

/* The tightest limit that was charged: what the RateLimit fields tell. */
struct mod_zta_told_limit {
    char name[ZTA_NAME_MAX + 1];
    uint64_t count;
    uint64_t window_s;
    struct zta_limit_state state;
    bool is_set;
};

/* What a challenge of the DPoP scheme says of a binding that failed. */
enum mod_zta_dpop_error {
    MOD_ZTA_DPOP_ERROR_TOKEN = 0, /* invalid_token */
    MOD_ZTA_DPOP_ERROR_PROOF,     /* invalid_dpop_proof */
    MOD_ZTA_DPOP_ERROR_NONCE,     /* use_dpop_nonce, with one */
};

struct mod_zta_measures;
struct mod_zta_possession;
struct zta_risk;
struct mod_zta_rules;

/* One judgement: of which path, in which place, with what result. */
struct mod_zta_side {
    const char *uri;
    int method_number; /* a redirect can turn a POST or a preflight into a GET */
    const struct mod_zta_dir *dir;
    int http_status; /* DECLINED to go on, or an HTTP error */
    bool is_waiting; /* for a login: to be judged again before any handler */
};

/* How the judgement whose decision is the request's came about: recorded, to be made again. */
struct mod_zta_judged {
    struct zta_stance stance;
    bool has_reached_rules; /* nothing before them refused */
    bool is_noted;          /* a monitored check before them would have refused */
    uint64_t live_version;  /* of the live layer among them */
};

struct mod_zta_request {
    struct zta_ulid id;
    char id_text[ZTA_ULID_TEXT_LEN + 1];
    int64_t arrived_ns; /* real time */
    int64_t started_ns; /* monotonic */
    int64_t judged_ns;  /* monotonic, when its first side was; 0: not yet */

    /* The external request, as the client sent it. */
    const char *path; /* normal form; "" while unknown or refused */
    size_t path_len;
    const char *raw_path; /* as sent, for a second reading under other flags */
    enum zta_path_fault path_fault;
    bool has_too_many_headers; /* the header block is above ZTA_HEADER_BLOCK_MAX */
    const char *parent_id;     /* X-Request-Id of a trusted peer, else NULL */
    const char *own_trace;     /* traceparent as we set it, of a trace that began here; or NULL */
    bool is_preflight;
    bool answers_preflight; /* ZTAPreflight answer: our handler says 204 */
    struct zta_facts facts;
    char host[ZTA_HOST_MAX + 1];
    struct zta_context context; /* facts.context, once gathered for the side that is judged */
    char country[3];            /* context.country */
    struct zta_risk_facts risk; /* facts.risk, likewise */
    struct zta_risk *raised;    /* what it raised, for its record; NULL: nothing */

    /* The credential, once read; the identity, once verified. */
    bool is_authenticated;                  /* authentication was done, whatever came out */
    const struct mod_zta_dir *auth_dir;     /* the place that said where to look */
    apr_table_t *peer_certificates;         /* a trusted peer's ZTAClientCertHeader, or NULL */
    apr_table_t *postures;                  /* headers of ZTATrustedPosture, or NULL */
    const struct mod_zta_cert *certificate; /* of certificate_header, once read */
    const char *certificate_header;
    struct mod_zta_credential credential;
    struct mod_zta_token_result token;
    struct zta_sha256 token_digest;  /* of its bytes; zeros: another credential, or none */
    struct zta_identity *spare;      /* room for the first that is tried; NULL: it was taken */
    struct zta_identity *identity;   /* NULL: nothing verified that may enter */
    const struct zta_identity *seen; /* verified, be it revoked or out of place: for the record */
    enum zta_reason auth_reason;     /* ok, or why there is no identity */
    int64_t leeway_s;
    int64_t fleet_s;        /* the least that a side of it enforces; 0: any age */
    int64_t retry_after_s;  /* when a 503 may be over; 0: not known, -1: never */
    bool is_awaiting_login; /* nothing was presented; mod_auth_openidc may yet find a login */
    bool is_login_settled;  /* its turn is over */
    const request_rec *login_expected_in; /* whose environment was cleared for its claims */
    bool is_provisional; /* the decision is that of a request whose login is awaited */
    struct mod_zta_possession *possession; /* binding.c's; of the request that the client sent */
    enum mod_zta_dpop_error dpop_error;
    bool is_proof_replayed;
    bool is_undecided; /* only its issuer could say, who is not asked where it is monitored */
    bool is_from_cache;
    bool is_stale;         /* judged while the store could not be read */
    const char *signalled; /* a transmitter of signals ended it, and how; NULL: none did */
    const struct mod_zta_rules *rules;       /* during a judgement, else NULL */
    const struct mod_zta_measures *measures; /* likewise */
    struct zta_decision decision; /* of the request as a whole: the most severe of its sides */
    struct mod_zta_judged judged;
    struct zta_generations generations; /* of the last judgement; signals count as revocations */
    const char *detail;                 /* for the operator */
    bool is_unlogged;              /* refused because a mandatory log takes nothing: no event */
    const char *step_up_cookies;   /* the Cookie header before ours were hidden; NULL: as it is */
    uint16_t refused_account;      /* whose a refused credential claims to be (event.h) */
    struct zta_stance stance;      /* strictest that was judged */
    const struct mod_zta_dir *dir; /* place that governs answers: realm, forward */
    struct mod_zta_side sides[MOD_ZTA_SIDES_MAX];
    size_t n_sides;
    uint64_t charged[ZTA_LIMIT_CHARGES_MAX]; /* tags, so that a second side does not charge again */
    size_t n_charged;
    struct mod_zta_told_limit told;
    const request_rec *refused_by; /* the (sub)request that we refused: what is answered is ours */
    struct mod_zta_open open;      /* of the request that the client sent, once a handler has it */
    bool is_subrequest;            /* a copy for a subrequest: judged by itself, never recorded */
    bool is_recorded;
};

/* The state of r or of the request it came from; NULL when the module is inert here. */
struct mod_zta_request *mod_zta_request_of(const request_rec *r);
/* Makes the state of a main request. */
struct mod_zta_request *mod_zta_request_create(request_rec *r);
/* Lets r (a subrequest or redirect) share the state of where it came from; that, or NULL. */
struct mod_zta_request *mod_zta_request_adopt(request_rec *r);

#endif

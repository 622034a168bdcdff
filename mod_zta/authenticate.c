/* SPDX-License-Identifier: Apache-2.0 */
/* Cache, then cryptography, then the store; every failure has its reason, none is silent. */
#include "mod_zta/authenticate.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/apikey.h"
#include "mod_zta/binding.h"
#include "mod_zta/browser.h"
#include "mod_zta/inputs.h"
#include "mod_zta/introspect.h"
#include "mod_zta/keys.h"
#include "mod_zta/open/standing.h"
#include "mod_zta/present.h"
#include "mod_zta/rules.h"
#include "mod_zta/tls.h"
#include "shared/base/clock.h"
#include "shared/identity.h"
#include "shared/live/token_cache.h"

/* A refresh of keys that was just asked for is there by then. */
#define RETRY_KEYS_S 1

/*
 * How an entry of the token cache says for which revocations it was cleared, an operator's and
 * those of signals; 0 is never. Both only rise, the first by nanoseconds, the second by ones, so
 * their sum rises with either and is the same only when both are.
 */
static uint64_t cleared_at(const struct mod_zta_look *look)
{
    return look->generations.revocations + look->signals + 1;
}

/* One token on its way to an identity. */
struct trial {
    request_rec *r;
    struct mod_zta_request *request;
    const struct mod_zta_dir *dir;
    const struct mod_zta_accept *accept;
    struct mod_zta_look *look;
    struct zta_text token;
    struct zta_sha256 digest;
    int64_t now_s;
    struct zta_identity *identity;
};

/* keys: hash of the set that verified it, or would. */
static struct zta_token_key cache_key(const struct trial *trial,
                                      const struct mod_zta_issuer *issuer, uint64_t keys)
{
    return (struct zta_token_key){.token = trial->digest,
                                  .issuer = issuer->config_hash,
                                  .keys = keys ^ trial->request->rules->claims_hash};
}

/*
 * What stands for the keys of an identity that its issuer told: the answer and the stretch of time
 * it came in, by the clock that is never set. Found in its own stretch and the next, it serves for
 * KEEP_S at most, whatever becomes of real time meanwhile.
 */
static uint64_t answer_keys(const struct mod_zta_issuer *issuer, int64_t stretch)
{
    const uint64_t spread = UINT64_C(0x9e3779b97f4a7c15); /* so that stretches differ in all bits */
    return issuer->introspection->hash ^ ((uint64_t)stretch * spread);
}

static int64_t stretch_now(void)
{
    return zta_clock_monotonic_ns() / ZTA_NS_PER_S / (MOD_ZTA_KEEP_S / 2);
}

/* What one set of keys refused the next may take. */
static struct zta_token_key bad_key(const struct trial *trial)
{
    uint64_t keys = 0;
    for (size_t i = 0; i < trial->accept->n_issuers; i++) {
        keys = keys * 31 + mod_zta_keyring_hash(trial->accept->issuers[i]->keyring, trial->now_s);
    }
    return (struct zta_token_key){
        .token = trial->digest, .issuer = trial->accept->cache_hash, .keys = keys};
}

static bool has_audience(const struct mod_zta_accept *accept, const struct mod_zta_issuer *issuer,
                         const struct zta_identity *identity)
{
    if (accept->audiences != NULL && accept->audiences->nelts > 0) {
        return mod_zta_token_has_audience(
            identity, (const struct zta_text *)(const void *)accept->audiences->elts,
            (size_t)accept->audiences->nelts);
    }
    return mod_zta_token_has_audience(identity, issuer->audiences, issuer->n_audiences);
}

static const struct mod_zta_issuer *accepted_issuer(const struct mod_zta_accept *accept,
                                                    struct zta_text name)
{
    for (size_t i = 0; i < accept->n_issuers; i++) {
        if (zta_text_equal(accept->issuers[i]->name, name)) {
            return accept->issuers[i];
        }
    }
    return NULL;
}

/*
 * Is the identity revoked, as far as it is not known to be clear already? Without the store only
 * what was cleared at the last look passes (ZTAFailure stale).
 */
static enum zta_reason check_revoked(struct trial *trial, uint64_t cleared, bool *is_cleared)
{
    char hit[MOD_ZTA_STANDING_TEXT_MAX];
    bool is_signalled;
    *is_cleared = false;
    if (cleared == cleared_at(trial->look)) {
        trial->request->is_stale = trial->look->view == NULL;
        return ZTA_REASON_OK;
    }
    if (trial->look->view == NULL ||
        mod_zta_standing_revoked(trial->look->view, trial->identity, trial->request->leeway_s, hit,
                                 &is_signalled) != ZTA_OK) {
        trial->request->detail = "whether it is revoked cannot be read from the store";
        return ZTA_REASON_STORE_UNAVAILABLE;
    }
    if (hit[0] != '\0' && !is_signalled) {
        trial->request->detail = apr_pstrdup(trial->r->pool, hit);
        return ZTA_REASON_REVOKED;
    }
    /* What a transmitter said holds in some places only: it is looked for each time. */
    trial->request->signalled = is_signalled ? apr_pstrdup(trial->r->pool, hit) : NULL;
    *is_cleared = !is_signalled;
    return ZTA_REASON_OK;
}

/* What an identity that was verified before, or by its issuer, has to pass here and now. */
static enum zta_reason check_identity(struct trial *trial, const struct mod_zta_issuer *issuer,
                                      uint64_t cleared, bool *is_cleared)
{
    *is_cleared = false;
    trial->request->seen = trial->identity;
    trial->request->leeway_s = issuer->leeway_s;
    trial->request->token.issuer = issuer;
    if (mod_zta_token_is_expired(trial->identity, issuer->leeway_s, trial->now_s)) {
        return ZTA_REASON_EXPIRED_CREDENTIAL;
    }
    if (!has_audience(trial->accept, issuer, trial->identity)) {
        trial->request->detail = "the token is for another audience";
        return ZTA_REASON_WRONG_AUDIENCE;
    }
    enum zta_reason reason =
        mod_zta_binding_check(trial->r, trial->request, trial->dir, trial->identity);
    return reason == ZTA_REASON_OK ? check_revoked(trial, cleared, is_cleared) : reason;
}

static enum zta_reason accept_cached(struct trial *trial, const struct mod_zta_issuer *issuer,
                                     uint64_t cleared, const struct zta_token_place *place)
{
    bool is_cleared;
    trial->request->is_from_cache = true;
    enum zta_reason reason = check_identity(trial, issuer, cleared, &is_cleared);
    if (reason == ZTA_REASON_OK && is_cleared) {
        zta_token_cache_clear_at(mod_zta_segment(), place, cleared_at(trial->look));
    }
    return reason;
}

/* True when the cache has the token as these keys verified it; then *reason is set. */
static bool find_cached(struct trial *trial, const struct mod_zta_issuer *issuer, uint64_t keys,
                        enum zta_reason *reason)
{
    char found[ZTA_IDENTITY_SIZE_MAX]; /* what the request keeps is much less */
    struct zta_token_key key = cache_key(trial, issuer, keys);
    struct zta_token_place place;
    uint64_t cleared;
    size_t size;
    if (keys == 0 ||
        zta_token_cache_get(mod_zta_segment(), &key, trial->now_s, found, sizeof(found), &size,
                            &cleared, &place) != ZTA_OK ||
        zta_identity_decode(apr_pmemdup(trial->r->pool, found, size), size, trial->identity) !=
            ZTA_OK) {
        return false;
    }
    *reason = accept_cached(trial, issuer, cleared, &place);
    return true;
}

/* The same of an identity that its issuer told. */
static bool find_told(struct trial *trial, const struct mod_zta_issuer *issuer,
                      enum zta_reason *reason)
{
    if (issuer->introspection == NULL) {
        return false;
    }
    const int64_t stretch = stretch_now();
    return find_cached(trial, issuer, answer_keys(issuer, stretch), reason) ||
           find_cached(trial, issuer, answer_keys(issuer, stretch - 1), reason);
}

/* True when the cache knew the token, good or bad; then *reason is set. */
static bool try_cache(struct trial *trial, enum zta_reason *reason)
{
    for (size_t i = 0; i < trial->accept->n_issuers; i++) {
        const struct mod_zta_issuer *issuer = trial->accept->issuers[i];
        mod_zta_keys_look(issuer, trial->look->view);
        uint64_t keys = mod_zta_keyring_hash(issuer->keyring, trial->now_s);
        if (find_cached(trial, issuer, keys, reason) || find_told(trial, issuer, reason)) {
            return true;
        }
    }
    struct zta_token_key key = bad_key(trial);
    if (zta_token_cache_is_bad(mod_zta_segment(), &key, zta_clock_monotonic_ns())) {
        trial->request->detail = "the same token was refused before";
        *reason = ZTA_REASON_BAD_CREDENTIAL;
        return true;
    }
    return false;
}

/* keys: what verified it. */
static void remember(struct trial *trial, const struct mod_zta_issuer *issuer, uint64_t keys,
                     int64_t until_s, bool is_cleared)
{
    char blob[ZTA_IDENTITY_SIZE_MAX];
    size_t size;
    struct zta_token_key key = cache_key(trial, issuer, keys);
    mod_zta_inputs_name(trial->identity, trial->request->rules);
    if (zta_identity_encode(trial->identity, blob, sizeof(blob), &size) != ZTA_OK ||
        zta_token_cache_put(mod_zta_segment(), mod_zta_child_incarnation(), &key, blob, size,
                            until_s, is_cleared ? cleared_at(trial->look) : 0) != ZTA_OK) {
        /* A lost chance, no more: the next request verifies again. */
        return;
    }
}

static enum zta_reason verify(struct trial *trial)
{
    struct mod_zta_token_result *result = &trial->request->token;
    struct mod_zta_token_request question = {
        .token = trial->token,
        .issuers = trial->accept->issuers,
        .n_issuers = trial->accept->n_issuers,
        .claims = trial->request->rules->claims,
        .n_claims = trial->request->rules->n_claims,
        .now_s = trial->now_s,
    };
    if (trial->accept->audiences != NULL) {
        question.audiences = (const struct zta_text *)(const void *)trial->accept->audiences->elts;
        question.n_audiences = (size_t)trial->accept->audiences->nelts;
    }
    mod_zta_token_judge(&question, apr_palloc(trial->r->pool, ZTA_IDENTITY_SIZE_MAX),
                        ZTA_IDENTITY_SIZE_MAX, trial->identity, result);
    if (result->is_verified) {
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_VERIFIED, 1);
    }
    if (result->is_key_unknown && mod_zta_keys_ask(result->issuer, zta_clock_monotonic_ns())) {
        trial->request->detail = "the key is unknown, newer keys are being fetched";
        trial->request->retry_after_s = RETRY_KEYS_S;
        return ZTA_REASON_ISSUER_UNAVAILABLE;
    }
    if (result->reason != ZTA_REASON_OK) {
        trial->request->detail = result->detail;
        trial->request->refused_account = result->account;
        if (result->is_bad_for_good) {
            struct zta_token_key key = bad_key(trial);
            zta_counter_add(mod_zta_segment(), ZTA_COUNTER_VERIFY_FAILED, 1);
            zta_token_cache_put_bad(mod_zta_segment(), &key, zta_clock_monotonic_ns());
        }
        return result->reason;
    }
    bool is_cleared = false;
    trial->request->seen = trial->identity;
    trial->request->leeway_s = result->issuer->leeway_s;
    enum zta_reason reason =
        mod_zta_binding_check(trial->r, trial->request, trial->dir, trial->identity);
    if (reason == ZTA_REASON_OK) {
        reason = check_revoked(trial, 0, &is_cleared);
    }
    /* What the token says holds, whoever sends it. */
    if (reason != ZTA_REASON_STORE_UNAVAILABLE) {
        remember(trial, result->issuer, result->keys_hash,
                 trial->identity->expires_s + result->issuer->leeway_s, is_cleared);
    }
    return reason;
}

/* ---- opaque tokens ---- */

/* Before those look for it who wait for the answer. */
static void keep_answer(struct trial *trial, const struct mod_zta_issuer *issuer,
                        const struct mod_zta_introspection_result *result)
{
    if (result->reason == ZTA_REASON_OK) {
        remember(trial, issuer, answer_keys(issuer, stretch_now()), result->keep_until_s, false);
    }
    else if (result->outcome == MOD_ZTA_INTROSPECTION_VERDICT) {
        struct zta_token_key key = bad_key(trial);
        zta_token_cache_put_bad(mod_zta_segment(), &key, zta_clock_monotonic_ns());
    }
}

static enum zta_reason ask_issuer(struct trial *trial, struct mod_zta_question *question)
{
    struct mod_zta_introspection_result result;
    bool is_cleared;
    trial->request->token.issuer = question->issuer;
    mod_zta_introspect_ask(question, trial->identity, &result);
    keep_answer(trial, question->issuer, &result);
    mod_zta_introspect_end(question, &result);
    if (result.reason != ZTA_REASON_OK) {
        trial->request->detail = apr_pstrdup(trial->r->pool, result.detail);
        return result.reason;
    }
    return check_identity(trial, question->issuer, 0, &is_cleared);
}

/* Its issuer says what it is worth (RFC 7662). What is only monitored never waits for that. */
static enum zta_reason introspect(struct trial *trial, const struct mod_zta_issuer *issuer)
{
    struct mod_zta_question question = {
        .r = trial->r,
        .request = trial->request,
        .issuer = issuer,
        .token = trial->token,
        .digest = &trial->digest,
        .look = trial->look,
    };
    enum zta_reason reason = ZTA_REASON_ISSUER_UNAVAILABLE;
    bool is_known = false;
    if (trial->dir->stance.modes[ZTA_FEATURE_CREDENTIAL] != ZTA_MODE_ENFORCE) {
        trial->request->detail = "its issuer is not asked where the credential is only monitored";
        trial->request->is_undecided = true;
        return reason;
    }
    while (!is_known) {
        switch (mod_zta_introspect_begin(&question)) {
        case MOD_ZTA_QUESTION_REFUSED:
            is_known = true;
            break;
        case MOD_ZTA_QUESTION_LEADS:
            reason = ask_issuer(trial, &question);
            is_known = true;
            break;
        case MOD_ZTA_QUESTION_WAITED:
            is_known = try_cache(trial, &reason);
            break;
        }
    }
    if (!mod_zta_introspect_is_read(&question)) {
        trial->request->detail = "the store cannot be read";
        return ZTA_REASON_STORE_UNAVAILABLE;
    }
    return reason;
}

static enum zta_reason judge_token(struct trial *trial)
{
    enum zta_reason reason;
    if (trial->accept->n_issuers == 0) {
        trial->request->detail = "no token issuer is accepted here";
        return ZTA_REASON_UNKNOWN_ISSUER;
    }
    mod_zta_child_digest(trial->token, &trial->digest);
    trial->request->token_digest = trial->digest;
    bool is_known = try_cache(trial, &reason);
    zta_counter_add(mod_zta_segment(),
                    trial->request->is_from_cache ? ZTA_COUNTER_TOKEN_CACHE_HITS
                                                  : ZTA_COUNTER_TOKEN_CACHE_MISSES,
                    1);
    if (is_known) {
        return reason;
    }
    const struct mod_zta_issuer *issuer = mod_zta_introspect_issuer(trial->accept, trial->token);
    return issuer != NULL ? introspect(trial, issuer) : verify(trial);
}

static enum zta_reason judge_key(struct trial *trial)
{
    bool is_cleared;
    if (!trial->accept->has_local) {
        trial->request->detail = "API keys are not accepted here";
        return ZTA_REASON_UNKNOWN_ISSUER;
    }
    enum zta_reason reason =
        mod_zta_apikey_identify(trial->r, trial->request, trial->look, trial->identity);
    if (reason != ZTA_REASON_OK) {
        return reason;
    }
    trial->request->seen = trial->identity;
    return check_revoked(trial, 0, &is_cleared);
}

/* A second place: does it accept the identity that the first one verified? */
static enum zta_reason accept_again(request_rec *r, struct mod_zta_request *request,
                                    const struct mod_zta_dir *dir)
{
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    if (request->auth_reason != ZTA_REASON_OK) {
        return request->auth_reason;
    }
    /* What is public or only monitored there asks for no entry of its own. */
    if (dir->stance.modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE &&
        !mod_zta_present_is_taken(request, dir)) {
        request->detail = "what opened the first place is no entry of the second (ZTACredentials)";
        return ZTA_REASON_NO_CREDENTIAL;
    }
    if (request->identity->credential == ZTA_CREDENTIAL_APIKEY) {
        return accept->has_local ? ZTA_REASON_OK : ZTA_REASON_UNKNOWN_ISSUER;
    }
    if (request->identity->credential == ZTA_CREDENTIAL_CERTIFICATE) {
        /* There another field could name the subject, or another sender the certificate. */
        bool is_alike = dir->mtls_subject == request->auth_dir->mtls_subject &&
                        dir->client_cert_header == request->auth_dir->client_cert_header;
        return accept->has_mtls && is_alike ? ZTA_REASON_OK : ZTA_REASON_UNKNOWN_ISSUER;
    }
    const struct mod_zta_issuer *issuer = accepted_issuer(accept, request->identity->issuer);
    if (issuer == NULL) {
        return ZTA_REASON_UNKNOWN_ISSUER;
    }
    /* A login is for the site, which is its client, not for an audience. */
    return request->identity->credential == ZTA_CREDENTIAL_BROWSER ||
                   has_audience(accept, issuer, request->identity)
               ? mod_zta_binding_check(r, request, dir, request->identity)
               : ZTA_REASON_WRONG_AUDIENCE;
}

bool mod_zta_is_verified_here(request_rec *r, struct mod_zta_request *request)
{
    const struct mod_zta_dir *dir = mod_zta_dir_of(r);
    const char *detail = request->detail;
    bool is_verified = request->is_authenticated && request->identity != NULL &&
                       dir->stance.modes[ZTA_FEATURE_CREDENTIAL] != ZTA_MODE_OFF &&
                       accept_again(r, request, dir) == ZTA_REASON_OK;
    request->detail = detail; /* of the decision, which this is none of */
    return is_verified;
}

/* To be asked for a nonce is part of the protocol, and each client's first answer. */
bool mod_zta_is_failed_verification(const struct mod_zta_request *request, enum zta_reason reason)
{
    return reason == ZTA_REASON_BAD_CREDENTIAL || reason == ZTA_REASON_UNKNOWN_ISSUER ||
           (reason == ZTA_REASON_BINDING_FAILED && request->dpop_error != MOD_ZTA_DPOP_ERROR_NONCE);
}

/* Nothing in the request itself: the certificate of its sender, then the login of his browser. */
static enum zta_reason judge_unsaid(struct trial *trial)
{
    const struct mod_zta_credential_sources *sources = mod_zta_sources_of(trial->dir);
    struct mod_zta_request *request = trial->request;
    enum zta_reason reason = ZTA_REASON_NO_CREDENTIAL;
    bool is_cleared;
    if (sources->has_mtls) {
        reason = mod_zta_tls_identify(trial->r, request, trial->dir, trial->now_s, trial->identity);
    }
    if (reason == ZTA_REASON_NO_CREDENTIAL && sources->has_openidc) {
        request->is_awaiting_login = mod_zta_browser_may_wait(trial->r, request, trial->dir);
        if (request->is_awaiting_login) {
            return ZTA_REASON_NO_CREDENTIAL;
        }
        reason =
            mod_zta_browser_identify(trial->r, request, trial->dir, trial->now_s, trial->identity);
    }
    if (reason != ZTA_REASON_OK) {
        return reason;
    }
    request->seen = trial->identity;
    return check_revoked(trial, 0, &is_cleared);
}

static enum zta_reason judge_presented(struct trial *trial)
{
    struct mod_zta_credential *credential = &trial->request->credential;
    trial->token = credential->value;
    switch (credential->presented) {
    case MOD_ZTA_PRESENTED_NONE:
        return judge_unsaid(trial);
    case MOD_ZTA_PRESENTED_BAD:
        trial->request->detail = credential->detail;
        return ZTA_REASON_BAD_REQUEST;
    case MOD_ZTA_PRESENTED_DPOP:
    case MOD_ZTA_PRESENTED_TOKEN:
        return judge_token(trial);
    case MOD_ZTA_PRESENTED_APIKEY:
        return judge_key(trial);
    }
    return ZTA_REASON_BAD_CREDENTIAL;
}

static struct zta_identity *take_room(const request_rec *r, struct mod_zta_request *request)
{
    struct zta_identity *room = request->spare;
    request->spare = NULL;
    return room != NULL ? room : apr_palloc(r->pool, sizeof(*room));
}

enum zta_reason mod_zta_authenticate(request_rec *r, struct mod_zta_request *request,
                                     const struct mod_zta_dir *dir, struct mod_zta_look *look)
{
    if (request->is_authenticated) {
        return accept_again(r, request, dir);
    }
    if (request->is_awaiting_login && !mod_zta_sources_of(dir)->has_openidc) {
        return ZTA_REASON_NO_CREDENTIAL;
    }
    struct trial trial = {
        .r = r,
        .request = request,
        .dir = dir,
        .accept = mod_zta_dir_accept(dir),
        .look = look,
        .now_s = request->arrived_ns / ZTA_NS_PER_S,
        .identity = take_room(r, request),
    };
    if (!request->is_awaiting_login) {
        mod_zta_present_read(r, request, dir);
    }
    zta_identity_init(trial.identity);
    request->is_undecided = false;
    request->auth_reason = judge_presented(&trial);
    /* A place that enforces may still ask what a monitored one did not. */
    request->is_authenticated = !request->is_awaiting_login && !request->is_undecided;
    if (request->auth_reason == ZTA_REASON_OK) {
        mod_zta_inputs_name(trial.identity, request->rules);
        mod_zta_inputs_offer(trial.identity, request->rules, trial.now_s);
        /* Whatever the credential, rules may ask for the certificate beside it. */
        trial.identity->certificate = zta_text_of(mod_zta_client_cert_thumbprint(r));
        request->identity = trial.identity;
        request->facts.identity = trial.identity;
    }
    return request->auth_reason;
}

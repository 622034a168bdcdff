/* SPDX-License-Identifier: Apache-2.0 */
/* Scheme, then certificate, then proof; what a proof showed is kept for the client's request. */
#include "mod_zta/binding.h"

#include <apr_strings.h>

#include "mod_zta/child.h"
#include "mod_zta/identity/dpop.h"
#include "mod_zta/identity/dpop_nonce.h"
#include "mod_zta/origin.h"
#include "mod_zta/tls.h"
#include "shared/base/clock.h"

/* Shared by a client's request and all that it leads to. */
struct mod_zta_possession {
    bool is_judged;
    struct mod_zta_dpop_result proof;
    /* What using it up gave, apart for places that only monitor: they must not use it up. */
    bool is_used[ZTA_MODE_ENFORCE + 1];
    enum zta_status uses[ZTA_MODE_ENFORCE + 1];
};

/* Of this child; NULL: none are kept. */
static struct mod_zta_proof_keys *proof_keys;

static apr_status_t close_keys(void *unused)
{
    mod_zta_proof_keys_close(&proof_keys);
    return APR_SUCCESS;
}

void mod_zta_binding_child_begin(apr_pool_t *pchild)
{
    if (mod_zta_proof_keys_open(&proof_keys) != ZTA_OK) {
        proof_keys = NULL; /* each proof's key is read anew */
        return;
    }
    apr_pool_cleanup_register(pchild, NULL, close_keys, apr_pool_cleanup_null);
}

/* It stands with the request that the client sent, where all that comes of it finds it. */
static struct mod_zta_possession *possession_of(const request_rec *r,
                                                struct mod_zta_request *request)
{
    const request_rec *sent = mod_zta_origin_request(r);
    struct mod_zta_request *first = mod_zta_request_of(sent);
    if (first == NULL) {
        first = request;
    }
    if (first->possession == NULL) {
        first->possession = apr_pcalloc(sent->pool, sizeof(*first->possession));
    }
    return first->possession;
}

static enum zta_reason refuse(struct mod_zta_request *request, enum mod_zta_dpop_error error,
                              const char *detail)
{
    request->dpop_error = error;
    request->detail = detail;
    return ZTA_REASON_BINDING_FAILED;
}

static enum zta_reason refuse_scheme(struct mod_zta_request *request, const char *detail)
{
    request->detail = detail;
    return ZTA_REASON_BAD_CREDENTIAL;
}

const char *mod_zta_binding_nonce(const request_rec *r, const struct mod_zta_request *request)
{
    char *nonce = apr_palloc(r->pool, MOD_ZTA_DPOP_NONCE_LEN + 1);
    mod_zta_dpop_nonce_make(zta_segment_key(mod_zta_segment()), request->started_ns, nonce);
    return nonce;
}

static void judge_proof(request_rec *r, const struct mod_zta_request *request,
                        const struct mod_zta_dir *dir, const struct zta_identity *identity,
                        struct mod_zta_dpop_result *result)
{
    struct mod_zta_dpop_request question = {
        .proof = zta_text_of(apr_table_get(r->headers_in, "DPoP")),
        .method = zta_text_of(mod_zta_origin_request(r)->method),
        .token = request->credential.value,
        .jkt = identity->jkt,
        .needs_nonce = (dir->dpop & MOD_ZTA_DPOP_NONCE) != 0,
        .nonce_key = zta_segment_key(mod_zta_segment()),
        .now_s = request->arrived_ns / ZTA_NS_PER_S,
        .now_ns = request->started_ns,
        .keys = proof_keys,
    };
    *result = (struct mod_zta_dpop_result){.verdict = MOD_ZTA_DPOP_BAD,
                                           .detail = "the request has no URI that a proof names"};
    if (mod_zta_origin_uri(r, dir, &question.uri) == ZTA_OK) {
        mod_zta_dpop_judge(&question, result);
    }
}

static enum zta_reason say_verdict(struct mod_zta_request *request,
                                   const struct mod_zta_dpop_result *proof)
{
    switch (proof->verdict) {
    case MOD_ZTA_DPOP_GOOD:
        return ZTA_REASON_OK;
    case MOD_ZTA_DPOP_WANTS_NONCE:
        return refuse(request, MOD_ZTA_DPOP_ERROR_NONCE, proof->detail);
    case MOD_ZTA_DPOP_OTHER_KEY:
        return refuse(request, MOD_ZTA_DPOP_ERROR_TOKEN, proof->detail);
    case MOD_ZTA_DPOP_UNKNOWN:
        request->detail = proof->detail;
        return ZTA_REASON_ISSUER_UNAVAILABLE;
    case MOD_ZTA_DPOP_BAD:
        break;
    }
    return refuse(request, MOD_ZTA_DPOP_ERROR_PROOF, proof->detail);
}

/* Once for each mode: what is monitored is counted in books of its own. */
static enum zta_status use_up(struct mod_zta_possession *possession, enum zta_mode mode)
{
    if (!possession->is_used[mode]) {
        struct zta_jti use = possession->proof.use;
        if (mode == ZTA_MODE_MONITOR) {
            const struct zta_text parts[] = {
                ZTA_TEXT("monitor"),
                {.data = (const char *)use.tag.bytes, .len = sizeof(use.tag.bytes)},
            };
            zta_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), &use.tag);
        }
        possession->uses[mode] = zta_jti_use(mod_zta_segment(), &use);
        possession->is_used[mode] = true;
    }
    return possession->uses[mode];
}

static enum zta_reason check_use(struct mod_zta_request *request, const struct mod_zta_dir *dir,
                                 struct mod_zta_possession *possession)
{
    switch (use_up(possession, (enum zta_mode)dir->stance.modes[ZTA_FEATURE_CREDENTIAL])) {
    case ZTA_OK:
        return ZTA_REASON_OK;
    case ZTA_EXISTS:
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_PROOFS_REPLAYED, 1);
        request->is_proof_replayed = true;
        return refuse(request, MOD_ZTA_DPOP_ERROR_PROOF, "the DPoP proof was used before");
    case ZTA_FULL:
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_PROOFS_NO_ROOM, 1);
        return refuse(request, MOD_ZTA_DPOP_ERROR_NONCE,
                      "there is no room to remember DPoP proofs: ZTASharedMemory is too small");
    default:
        return refuse(request, MOD_ZTA_DPOP_ERROR_NONCE,
                      "whether the DPoP proof was used before a restart cannot be known");
    }
}

static enum zta_reason check_proof(request_rec *r, struct mod_zta_request *request,
                                   const struct mod_zta_dir *dir,
                                   const struct zta_identity *identity)
{
    struct mod_zta_possession *possession = possession_of(r, request);
    if (!possession->is_judged) {
        judge_proof(r, request, dir, identity, &possession->proof);
        possession->is_judged = true;
    }
    enum zta_reason reason = say_verdict(request, &possession->proof);
    if (reason != ZTA_REASON_OK) {
        return reason;
    }
    if ((dir->dpop & MOD_ZTA_DPOP_NONCE) != 0 && !possession->proof.has_nonce) {
        return refuse(request, MOD_ZTA_DPOP_ERROR_NONCE, "DPoP proof: it has no nonce");
    }
    return check_use(request, dir, possession);
}

/* Is it the certificate of the token (RFC 8705 section 3)? Who verified it does not matter here. */
static bool has_certificate(request_rec *r, struct mod_zta_request *request,
                            const struct mod_zta_dir *dir, const struct zta_identity *identity)
{
    bool is_verified;
    const struct mod_zta_cert *cert = mod_zta_tls_certificate(r, request, dir, &is_verified);
    return cert != NULL && zta_text_equal(identity->x5t_s256, zta_text_of(cert->thumbprint));
}

enum zta_reason mod_zta_binding_check(request_rec *r, struct mod_zta_request *request,
                                      const struct mod_zta_dir *dir,
                                      const struct zta_identity *identity)
{
    const bool is_dpop_on = dir->dpop != MOD_ZTA_UNSET && dir->dpop != MOD_ZTA_DPOP_OFF;
    const bool is_dpop_scheme = request->credential.presented == MOD_ZTA_PRESENTED_DPOP;
    const bool has_key = !zta_text_is_absent(identity->jkt);
    if (identity->credential != ZTA_CREDENTIAL_TOKEN) {
        return ZTA_REASON_OK;
    }
    if (is_dpop_scheme && !is_dpop_on) {
        return refuse_scheme(request, "DPoP is not switched on here");
    }
    if (!zta_text_is_absent(identity->x5t_s256) && !has_certificate(r, request, dir, identity)) {
        return refuse(request, MOD_ZTA_DPOP_ERROR_TOKEN,
                      "the token is bound to another client certificate than the one that came");
    }
    if (!has_key && is_dpop_scheme) {
        return refuse_scheme(request, "a token of the DPoP scheme that is bound to no key");
    }
    if (!has_key && is_dpop_on && (dir->dpop & MOD_ZTA_DPOP_REQUIRED) != 0) {
        return refuse(request, MOD_ZTA_DPOP_ERROR_TOKEN,
                      "the token is bound to no key, and ZTADPoP is required here");
    }
    if (!has_key) {
        return ZTA_REASON_OK;
    }
    if (!is_dpop_scheme) {
        return refuse(request, MOD_ZTA_DPOP_ERROR_TOKEN,
                      "a token that is bound to a key came without the DPoP scheme");
    }
    return check_proof(r, request, dir, identity);
}

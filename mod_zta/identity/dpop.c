/* SPDX-License-Identifier: Apache-2.0 */
/* Cheap checks first, the signature last, and only by the key that the token is bound to. */
#include "mod_zta/identity/dpop.h"

#include "mod_zta/identity/dpop_nonce.h"
#include "mod_zta/identity/htu.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct judging {
    const struct mod_zta_dpop_request *request;
    struct mod_zta_dpop_result *result;
    struct mod_zta_jws jws;
    json_t *claims;
    struct mod_zta_proof_key *key;
    bool is_new_key; /* not of the table */
};

/* Notes why, with text that is safe to log. Returns false, so that checks read as a list. */
ZTA_PRINTF(3, 4)
static bool refuse(struct judging *judging, enum mod_zta_dpop_verdict verdict, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(judging->result->detail, sizeof judging->result->detail, fmt, args);
    va_end(args);
    judging->result->verdict = verdict;
    return false;
}

static bool refuse_status(struct judging *judging, enum zta_status status, const char *part,
                          const char *fault)
{
    return refuse(judging, status == ZTA_NO_MEMORY ? MOD_ZTA_DPOP_UNKNOWN : MOD_ZTA_DPOP_BAD,
                  "DPoP proof: %s: %s", part, fault);
}

static bool parse(struct judging *judging)
{
    struct zta_text proof = judging->request->proof;
    const char *fault = "";
    if (zta_text_is_absent(proof)) {
        return refuse(judging, MOD_ZTA_DPOP_BAD, "no DPoP proof stands beside the token");
    }
    if (memchr(proof.data, ',', proof.len) != NULL) {
        return refuse(judging, MOD_ZTA_DPOP_BAD, "the DPoP header stands more than once");
    }
    enum zta_status status = mod_zta_jws_split(proof, &judging->jws, &fault);
    if (status != ZTA_OK) {
        return refuse_status(judging, status, "shape", fault);
    }
    status = mod_zta_jws_object(judging->jws.payload, &judging->claims, &fault);
    return status == ZTA_OK || refuse_status(judging, status, "payload", fault);
}

/* ---- claims ---- */

static bool check_method(struct judging *judging)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    struct zta_text htm = mod_zta_json_text(judging->claims, "htm");
    return zta_text_equal(htm, judging->request->method) ||
           refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: htm is '%s', not the method",
                  mod_zta_excerpt(htm, excerpt));
}

static bool check_uri(struct judging *judging)
{
    char normal[MOD_ZTA_HTU_SIZE];
    char found[MOD_ZTA_EXCERPT_SIZE];
    char expected[MOD_ZTA_EXCERPT_SIZE];
    size_t len;
    struct zta_text htu = mod_zta_json_text(judging->claims, "htu");
    if (zta_text_is_absent(htu) ||
        mod_zta_htu_normalise(htu, normal, sizeof normal, &len) != ZTA_OK) {
        return refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: htu '%s' is no http or https URI",
                      mod_zta_excerpt(htu, found));
    }
    struct zta_text uri = {.data = normal, .len = len};
    return zta_text_equal(uri, judging->request->uri) ||
           refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: htu is '%s', expected '%s'",
                  mod_zta_excerpt(uri, found), mod_zta_excerpt(judging->request->uri, expected));
}

/* The access token it was made for (RFC 9449 section 4.2). */
static bool check_token(struct judging *judging)
{
    char ath[MOD_ZTA_THUMBPRINT_LEN + 1];
    const struct zta_text token = judging->request->token;
    mod_zta_thumbprint_of(token.data, token.len, ath);
    return zta_text_equal(mod_zta_json_text(judging->claims, "ath"), zta_text_of(ath)) ||
           refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: ath is not of this token");
}

static bool check_jti(struct judging *judging)
{
    struct zta_text jti = mod_zta_json_text(judging->claims, "jti");
    if (jti.len == 0 || jti.len > MOD_ZTA_DPOP_JTI_MAX) {
        return refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: jti is no text of 1 to %d bytes",
                      MOD_ZTA_DPOP_JTI_MAX);
    }
    const struct zta_text parts[] = {judging->request->jkt, jti, judging->request->uri};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &judging->result->use.tag);
    return true;
}

static bool check_age(struct judging *judging, int64_t earliest_s, int64_t latest_s)
{
    int64_t now_s = judging->request->now_s;
    if (now_s - earliest_s > ZTA_JTI_PAST_S) {
        return refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: made %lld s ago, at most %d are good",
                      (long long)(now_s - earliest_s), ZTA_JTI_PAST_S);
    }
    if (latest_s - now_s > ZTA_JTI_AHEAD_S) {
        return refuse(judging, MOD_ZTA_DPOP_BAD, "DPoP proof: iat lies %lld s ahead",
                      (long long)(latest_s - now_s));
    }
    judging->result->use.clock = ZTA_JTI_BY_IAT;
    judging->result->use.time = earliest_s;
    return true;
}

static bool check_nonce(struct judging *judging, const json_t *nonce)
{
    const struct mod_zta_dpop_request *request = judging->request;
    if (mod_zta_dpop_nonce_check(request->nonce_key, mod_zta_json_text_of(nonce), request->now_ns,
                                 &judging->result->use.time) != ZTA_OK) {
        return refuse(judging, MOD_ZTA_DPOP_WANTS_NONCE,
                      "DPoP proof: its nonce is over, or not from here");
    }
    judging->result->use.clock = ZTA_JTI_BY_NONCE;
    judging->result->has_nonce = true;
    return true;
}

static bool check_time(struct judging *judging)
{
    const json_t *iat = json_object_get(judging->claims, "iat");
    const json_t *nonce = json_object_get(judging->claims, "nonce");
    int64_t earliest_s;
    int64_t latest_s;
    if (mod_zta_date_read(iat, false, &earliest_s) != ZTA_OK ||
        mod_zta_date_read(iat, true, &latest_s) != ZTA_OK) {
        return refuse(judging, MOD_ZTA_DPOP_BAD,
                      "DPoP proof: iat is no number of seconds from 1970 to 9999");
    }
    if (nonce != NULL) {
        return check_nonce(judging, nonce);
    }
    if (judging->request->needs_nonce) {
        return refuse(judging, MOD_ZTA_DPOP_WANTS_NONCE, "DPoP proof: it has no nonce");
    }
    return check_age(judging, earliest_s, latest_s);
}

/* ---- key and signature ---- */

/* What is wrong with a header whatever key it holds; NULL when nothing is. */
static const char *find_header_fault(const json_t *header)
{
    if (!zta_text_equal(mod_zta_json_text(header, "typ"), ZTA_TEXT("dpop+jwt"))) {
        return "typ is not dpop+jwt";
    }
    if (json_object_get(header, "crit") != NULL || json_object_get(header, "b64") != NULL) {
        return "it asks for an extension (crit or b64)";
    }
    if (mod_zta_alg_parse(mod_zta_json_text(header, "alg")) == 0) {
        return "alg is missing, not known, or not asymmetric";
    }
    return json_is_object(json_object_get(header, "jwk")) ? NULL : "jwk is missing or no key";
}

static bool is_of_token(struct judging *judging, struct zta_text thumbprint)
{
    return zta_text_equal(thumbprint, judging->request->jkt) ||
           refuse(judging, MOD_ZTA_DPOP_OTHER_KEY,
                  "the DPoP proof is of another key than the token");
}

static bool read_key(struct judging *judging, const json_t *header, const struct zta_sha256 *digest)
{
    struct mod_zta_jwk jwk;
    struct zta_error error = {.status = ZTA_OK};
    struct mod_zta_evp_verifier *verifier;
    char thumbprint[MOD_ZTA_THUMBPRINT_LEN + 1];
    const char *fault = find_header_fault(header);
    if (fault != NULL) {
        return refuse_status(judging, ZTA_INVALID, "header", fault);
    }
    enum zta_status status = mod_zta_jwk_read(json_object_get(header, "jwk"), &jwk, &error);
    if (status != ZTA_OK) {
        return refuse_status(judging, status, "key", error.text);
    }
    mod_zta_thumbprint_of_key(&jwk, thumbprint);
    if (!is_of_token(judging, zta_text_of(thumbprint))) {
        return false;
    }
    status = mod_zta_evp_verifier_open(zta_text_of(jwk.text),
                                       mod_zta_alg_parse(mod_zta_json_text(header, "alg")),
                                       &verifier, &error);
    if (status != ZTA_OK) {
        return refuse_status(judging, status, "key", error.text);
    }
    status = mod_zta_proof_key_make(digest, thumbprint, verifier, &judging->key);
    if (status != ZTA_OK) {
        mod_zta_evp_verifier_close(&verifier);
        return refuse_status(judging, status, "key", zta_status_text(status));
    }
    judging->is_new_key = true;
    return true;
}

/* By the header's digest: what a header says of a key does not change. */
static bool find_key(struct judging *judging)
{
    struct zta_sha256 digest;
    json_t *header;
    const char *fault = "";
    zta_sha256(judging->jws.header.data, judging->jws.header.len, &digest);
    if (mod_zta_proof_keys_get(judging->request->keys, &digest, &judging->key) == ZTA_OK) {
        return is_of_token(judging, mod_zta_proof_key_thumbprint(judging->key));
    }
    enum zta_status status = mod_zta_jws_object(judging->jws.header, &header, &fault);
    if (status != ZTA_OK) {
        return refuse_status(judging, status, "header", fault);
    }
    bool is_read = read_key(judging, header, &digest);
    json_decref(header);
    return is_read;
}

/* A key is kept only once it has signed something: others would push good ones out. */
static bool check_signature(struct judging *judging)
{
    enum zta_status status = mod_zta_evp_verifier_check(mod_zta_proof_key_verifier(judging->key),
                                                        judging->request->proof);
    if (status != ZTA_OK) {
        return refuse_status(judging, status, "signature", "it is not by its key");
    }
    if (judging->is_new_key) {
        mod_zta_proof_keys_keep(judging->request->keys, judging->key);
    }
    return true;
}

void mod_zta_dpop_judge(const struct mod_zta_dpop_request *request,
                        struct mod_zta_dpop_result *result)
{
    *result = (struct mod_zta_dpop_result){.verdict = MOD_ZTA_DPOP_BAD};
    struct judging judging = {.request = request, .result = result};
    if (parse(&judging) && check_method(&judging) && check_uri(&judging) && check_token(&judging) &&
        check_jti(&judging) && find_key(&judging) && check_time(&judging) &&
        check_signature(&judging)) {
        result->verdict = MOD_ZTA_DPOP_GOOD;
    }
    json_decref(judging.claims);
    mod_zta_proof_key_release(&judging.key);
}

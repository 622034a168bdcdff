/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from files, with the last good ones as a fallback; assertions from what was judged. */
#include "mod_zta/assertion.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/device.h"
#include "mod_zta/identity/assertion_cache.h"
#include "mod_zta/identity/signing_key.h"
#include "mod_zta/load.h"
#include "mod_zta/origin.h"
#include "mod_zta/retained.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"
#include "shared/risk/score.h"

APLOG_USE_MODULE(zta);

/* Of one key in the JWK set, and what stands around them all. */
#define JWK_SIZE 256

static struct mod_zta_assertion_cache *cache; /* of this child; NULL: each one is signed */

/* ---- keys ---- */

static void wipe_pems(struct mod_zta_assertion_config *config)
{
    for (size_t i = 0; i < config->n_files; i++) {
        union {
            const char *c;
            char *v;
        } pem = {.c = config->pems[i].data};
        if (pem.c != NULL) {
            explicit_bzero(pem.v, config->pems[i].len);
        }
        config->pems[i] = (struct zta_text){.data = NULL};
    }
}

static apr_status_t close_keys(void *data)
{
    struct mod_zta_assertion_config *config = data;
    wipe_pems(config);
    mod_zta_signer_close(&config->signer);
    return APR_SUCCESS;
}

static void write_jwks(struct mod_zta_assertion_config *config, apr_pool_t *pool)
{
    const size_t size = JWK_SIZE * (config->n_files + 1);
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, apr_palloc(pool, size), size);
    zta_json_init(&json, &buffer);
    mod_zta_signer_write_keys(config->signer, &json);
    zta_buffer_string(&buffer, "\n");
    config->jwks = (struct zta_text){.data = buffer.data, .len = buffer.len};
}

/* A signer of config->pems; NULL or what is wrong. */
static const char *open_signer(struct mod_zta_assertion_config *config, apr_pool_t *pool)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    size_t bad = 0;
    if (mod_zta_signer_open(config->pems, config->n_files, config->ttl_s, &config->signer, &bad,
                            &error) != ZTA_OK) {
        return apr_psprintf(pool, "%s: %s", config->files[bad], error.text);
    }
    write_jwks(config, pool);
    return NULL;
}

static const char *read_keys(struct mod_zta_assertion_config *config, apr_pool_t *pool)
{
    const char *error = NULL;
    for (size_t i = 0; i < config->n_files; i++) {
        apr_size_t len = 0;
        const char *pem =
            mod_zta_load_secret(pool, config->files[i], MOD_ZTA_SIGNING_PEM_MAX, &len, &error);
        if (pem == NULL) {
            return error;
        }
        config->pems[i] = (struct zta_text){.data = pem, .len = len};
    }
    return open_signer(config, pool);
}

/* All of them as they were: half of a rotation would be neither the old state nor the new one. */
static bool take_retained(struct mod_zta_assertion_config *config, apr_pool_t *pool)
{
    wipe_pems(config);
    config->n_files = 0;
    for (const struct mod_zta_retained_text *item = mod_zta_retained()->signing;
         item != NULL && config->n_files < MOD_ZTA_ASSERTION_KEYS_MAX; item = item->next) {
        config->files[config->n_files] = apr_pstrdup(pool, item->name);
        config->pems[config->n_files++] = zta_text_of(apr_pstrdup(pool, item->text));
    }
    return config->n_files > 0 && open_signer(config, pool) == NULL;
}

int mod_zta_assertion_load(apr_pool_t *pconf, server_rec *s, bool is_running)
{
    struct mod_zta_assertion_config *config = mod_zta_global()->assertion;
    if (config == NULL) {
        return OK;
    }
    apr_pool_cleanup_register(pconf, config, close_keys, apr_pool_cleanup_null);
    const char *error = read_keys(config, pconf);
    if (error == NULL) {
        return OK;
    }
    if (!is_running) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0180: ZTAAssertion: %s", error);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    config->alert = apr_pstrcat(pconf, "ZTAAssertion: ", error, NULL);
    if (take_retained(config, pconf)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "ZTA0181: ZTAAssertion: %s; the last good keys sign on", error);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "ZTA0182: ZTAAssertion: %s; places that forward assertions answer 503", error);
    }
    return OK;
}

void mod_zta_assertion_retain(void)
{
    const struct mod_zta_assertion_config *config = mod_zta_global()->assertion;
    struct mod_zta_retained *retained = mod_zta_retained();
    mod_zta_retained_clear(&retained->signing);
    for (size_t i = 0; config != NULL && config->signer != NULL && i < config->n_files; i++) {
        mod_zta_retained_add(&retained->signing, config->files[i], config->pems[i].data);
    }
}

static apr_status_t close_cache(void *unused)
{
    mod_zta_assertion_cache_close(&cache);
    return APR_SUCCESS;
}

void mod_zta_assertion_child_begin(apr_pool_t *pchild)
{
    struct mod_zta_assertion_config *config = mod_zta_global()->assertion;
    if (config == NULL) {
        return;
    }
    mod_zta_retained_clear(&mod_zta_retained()->signing);
    wipe_pems(config);
    if (mod_zta_assertion_cache_open(&cache) == ZTA_OK) {
        apr_pool_cleanup_register(pchild, NULL, close_cache, apr_pool_cleanup_null);
    }
}

void mod_zta_assertion_forget(void)
{
    mod_zta_retained_clear(&mod_zta_retained()->signing);
    if (mod_zta_global()->assertion != NULL) {
        (void)close_keys(mod_zta_global()->assertion);
    }
}

/* ---- requests ---- */

/* Where no token came in, the session stands for the credential: it is made of issuer, client,
 * subject and the key, the login or the certificate. */
static struct zta_sha256 credential_of(const struct mod_zta_request *request)
{
    struct zta_sha256 digest = request->token_digest;
    if (request->identity->credential != ZTA_CREDENTIAL_TOKEN) {
        memset(digest.bytes, 0, sizeof(digest.bytes));
        memcpy(digest.bytes, request->identity->session, sizeof(request->identity->session));
    }
    return digest;
}

static enum mod_zta_compliance compliance_of(const struct mod_zta_request *request)
{
    const unsigned bit = 1u << ZTA_DEVICE_COMPLIANT;
    if ((request->context.traits.known & bit) == 0) {
        return MOD_ZTA_COMPLIANCE_UNKNOWN;
    }
    return (request->context.traits.yes & bit) != 0 ? MOD_ZTA_COMPLIANCE_YES
                                                    : MOD_ZTA_COMPLIANCE_NO;
}

const char *mod_zta_assertion_of(const request_rec *r, struct mod_zta_request *request,
                                 const struct mod_zta_dir *dir, const char **fault)
{
    const struct mod_zta_assertion_config *config = mod_zta_global()->assertion;
    char text[MOD_ZTA_ASSERTION_SIZE];
    size_t len;
    struct mod_zta_assertion assertion = {
        .audience = zta_text_of(dir->audience),
        .identity = request->identity,
        .credential = credential_of(request),
        .rules = request->generations.rules,
        .revocations = request->generations.revocations,
        .id = request->id_text,
        .now_s = request->arrived_ns / ZTA_NS_PER_S,
    };
    if (request->stance.modes[ZTA_FEATURE_RISK] == ZTA_MODE_ENFORCE &&
        request->facts.risk != NULL) {
        assertion.risk = zta_risk_level_name(zta_risk_level(request->risk.score));
    }
    if (request->stance.modes[ZTA_FEATURE_DEVICE] == ZTA_MODE_ENFORCE) {
        assertion.device = mod_zta_device_of(request);
        assertion.compliance = compliance_of(request);
    }
    *fault = "no usable key for the API's assertion; the error log says why";
    if (config == NULL || config->signer == NULL || dir->audience == NULL ||
        mod_zta_origin_of(r, dir, &assertion.issuer) != ZTA_OK) {
        return NULL;
    }
    switch (mod_zta_assertion_make(config->signer, cache, &assertion, text, &len)) {
    case ZTA_OK:
        return apr_pstrmemdup(r->pool, text, len);
    case ZTA_TOO_LARGE:
        *fault = "the identity is too large for the API's assertion";
        request->retry_after_s = -1;
        return NULL;
    default:
        *fault = "the API's assertion cannot be signed";
        return NULL;
    }
}

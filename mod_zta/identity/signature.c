/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One verifier: a checked key, one algorithm. What liboauth2 leaves open (which alg a key is for,
 * length and range of a signature) is decided here before the library sees the token.
 */
#include "mod_zta/identity/signature.h"

#include "mod_zta/identity/evp_verifier.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jwk.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"

#include <oauth2/cache.h>
#include <oauth2/oauth2.h>

#include <dlfcn.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * liboauth2 keeps results under the bare token, whichever key verified it, so none of its caches
 * may be used. A verifier whose cache has a name that nobody registered has no cache at all; the
 * name is looked up beside each verifier to be sure that it is still nobody's.
 */
#define NO_CACHE "zta-no-cache"
/* Time and names are judged by our own rules. An older version ignores options it does not know. */
#define LIBRARY_OPTIONS                                                                            \
    "verify.cache=" NO_CACHE                                                                       \
    "&verify.exp=skip&verify.iat=skip&verify.nbf=skip&verify.iss=skip&verify.aud=skip"

struct mod_zta_verifier {
    unsigned alg;
    size_t signature_size;
    size_t order_size; /* 0: not EC */
    uint8_t order[MOD_ZTA_EC_ORDER_MAX];
    struct mod_zta_evp_verifier *ed25519; /* of its algorithms, which liboauth2 lacks */
    oauth2_cfg_token_verify_t *library;   /* of all others; only read after it was built */
};

#define EC_ALGS      (MOD_ZTA_ALG_ES256 | MOD_ZTA_ALG_ES384 | MOD_ZTA_ALG_ES512)
#define ED25519_ALGS (MOD_ZTA_ALG_ED25519 | MOD_ZTA_ALG_EDDSA)

/* The library's lists are global and made at first use, which is not safe between threads. */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * Its first verifier makes the library's default cache: shared memory that nothing frees when the
 * last module that uses the library is unloaded, as httpd does at each restart. So it stays loaded.
 * (Registering a small cache of ours instead would give that one to mod_oauth2 as its default.)
 */
static void keep_library_loaded(void)
{
    static bool is_kept;
    Dl_info info;
    if (!is_kept && dladdr((const void *)(uintptr_t)&oauth2_token_verify, &info) != 0) {
        (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
        is_kept = true;
    }
}

static enum zta_status open_library(const char *jwk, oauth2_cfg_token_verify_t **library,
                                    struct zta_error *error)
{
    enum zta_status status = ZTA_OK;
    (void)pthread_mutex_lock(&library_lock);
    keep_library_loaded();
    oauth2_cfg_token_verify_t *made = NULL;
    /* The message may be allocated or not, there is no telling: it is shown and left. */
    const char *fault =
        oauth2_cfg_token_verify_add_options(NULL, &made, "jwk", jwk, LIBRARY_OPTIONS);
    if (fault == NULL && made == NULL) {
        fault = "nothing was made";
    }
    if (fault == NULL && oauth2_cache_obtain(NULL, NO_CACHE) != NULL) {
        fault = "a cache is registered under the reserved name " NO_CACHE;
    }
    if (fault != NULL) {
        status = zta_error_set(error, ZTA_INVALID, "liboauth2: %s", fault);
        oauth2_cfg_token_verify_free(NULL, made);
    }
    else {
        *library = made;
    }
    (void)pthread_mutex_unlock(&library_lock);
    return status;
}

static enum zta_status open_key(struct mod_zta_verifier *verifier, const struct mod_zta_jwk *jwk,
                                struct zta_error *error)
{
    verifier->signature_size = jwk->signature_size;
    if (verifier->alg & EC_ALGS) {
        verifier->order_size = jwk->signature_size / 2;
        memcpy(verifier->order, jwk->order, sizeof verifier->order);
    }
    return (verifier->alg & ED25519_ALGS) != 0
               ? mod_zta_evp_verifier_open(zta_text_of(jwk->text), verifier->alg,
                                           &verifier->ed25519, error)
               : open_library(jwk->text, &verifier->library, error);
}

enum zta_status mod_zta_verifier_open(struct zta_text jwk, unsigned alg,
                                      struct mod_zta_verifier **verifier, struct zta_error *error)
{
    json_t *object;
    const char *fault;
    enum zta_status status = mod_zta_json_load(jwk, &object, &fault);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "the key is no JWK: %s", fault);
    }
    struct mod_zta_jwk key;
    status = mod_zta_jwk_read(object, &key, error);
    json_decref(object);
    if (status != ZTA_OK) {
        return status;
    }
    if (alg == 0 || (alg & (alg - 1)) != 0 || (alg & key.algs) == 0) {
        return zta_error_set(error, ZTA_INVALID, "the key is not for %s", mod_zta_alg_name(alg));
    }
    struct mod_zta_verifier *made = malloc(sizeof *made);
    if (made == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    *made = (struct mod_zta_verifier){.alg = alg};
    status = open_key(made, &key, error);
    if (status != ZTA_OK) {
        mod_zta_verifier_close(&made);
        return status;
    }
    *verifier = made;
    return ZTA_OK;
}

void mod_zta_verifier_close(struct mod_zta_verifier **verifier)
{
    if (*verifier == NULL) {
        return;
    }
    mod_zta_evp_verifier_close(&(*verifier)->ed25519);
    if ((*verifier)->library != NULL) {
        oauth2_cfg_token_verify_free(NULL, (*verifier)->library);
    }
    free(*verifier);
    *verifier = NULL;
}

/*
 * r and s are in [1, n - 1] (FIPS 186-5 section 6.4.2): zero fits any text under a careless
 * verifier.
 */
static bool is_in_range(const struct mod_zta_verifier *verifier, const uint8_t *number)
{
    bool is_zero = true;
    for (size_t i = 0; i < verifier->order_size && is_zero; i++) {
        is_zero = number[i] == 0;
    }
    return !is_zero && memcmp(number, verifier->order, verifier->order_size) < 0;
}

static enum zta_status check_by_library(const struct mod_zta_verifier *verifier,
                                        struct zta_text token)
{
    char copy[ZTA_TOKEN_MAX + 1];
    memcpy(copy, token.data, token.len);
    copy[token.len] = '\0';
    json_t *claims = NULL;
#if ZTA_OAUTH2_HAS_STATUS
    oauth2_http_status_code_t http_status = 0;
    bool is_good = oauth2_token_verify(NULL, NULL, verifier->library, copy, &claims, &http_status);
#else
    bool is_good = oauth2_token_verify(NULL, NULL, verifier->library, copy, &claims);
#endif
    is_good = is_good && claims != NULL;
    json_decref(claims);
    return is_good ? ZTA_OK : ZTA_FORBIDDEN;
}

enum zta_status mod_zta_verifier_check(const struct mod_zta_verifier *verifier,
                                       struct zta_text token)
{
    struct mod_zta_jws jws;
    uint8_t signature[MOD_ZTA_SIGNATURE_MAX];
    if (verifier->ed25519 != NULL) {
        return mod_zta_evp_verifier_check(verifier->ed25519, token);
    }
    /* The library goes by the alg that the token names: it has to be this verifier's. */
    enum zta_status status =
        mod_zta_jws_signature(token, verifier->alg, verifier->signature_size, &jws, signature);
    if (status != ZTA_OK) {
        return status;
    }
    if (verifier->order_size != 0 && (!is_in_range(verifier, signature) ||
                                      !is_in_range(verifier, signature + verifier->order_size))) {
        return ZTA_FORBIDDEN;
    }
    /* A failure leaves errors in the thread's queue, where mod_ssl would take them for its own. */
    ERR_set_mark();
    status = check_by_library(verifier, token);
    ERR_pop_to_mark();
    return status;
}

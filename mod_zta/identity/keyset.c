/* SPDX-License-Identifier: Apache-2.0 */
/* From a JWKS text to the verifiers of its usable keys. */
#include "mod_zta/identity/keyset.h"

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jwk.h"
#include "mod_zta/identity/signature.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/hash.h"
#include "shared/base/limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALGS_OF_ONE_KEY = 6, /* RSA without alg: RS and PS with three digests */
    WARNING_MAX = 320,
};

/*
 * A key serves one algorithm, or, where its issuer did not say which, those of the issuer's that
 * fit its type, each by a verifier of its own.
 */
struct mod_zta_key {
    char kid_text[ZTA_KID_MAX];
    struct zta_text kid; /* absent: it has none */
    unsigned algs[ALGS_OF_ONE_KEY];
    struct mod_zta_verifier *verifiers[ALGS_OF_ONE_KEY];
    size_t n_algs;
};

struct mod_zta_keyset {
    struct mod_zta_key *keys;
    size_t n_keys;
    uint64_t hash;
};

struct loading {
    const json_t *list;
    unsigned algs;
    mod_zta_keyset_warn_fn warn;
    void *context;
    struct mod_zta_keyset *keyset;
    struct zta_sha256 digest; /* over the usable keys so far */
    char first_fault[WARNING_MAX];
};

/* "key 'a'", or by its place when it has no kid that can be shown. */
static void name_key(const struct loading *loading, size_t index, char *out, size_t size)
{
    struct zta_text kid = mod_zta_json_text(json_array_get(loading->list, index), "kid");
    struct zta_buffer name;
    zta_buffer_init(&name, out, size);
    if (zta_text_is_absent(kid)) {
        zta_buffer_printf(&name, "key number %zu", index + 1);
        return;
    }
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    zta_buffer_printf(&name, "key '%s'", mod_zta_excerpt(kid, excerpt));
}

static void warn(struct loading *loading, size_t index, const char *verdict, const char *why)
{
    char name[MOD_ZTA_EXCERPT_SIZE + 16];
    name_key(loading, index, name, sizeof name);
    char text[WARNING_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_buffer_printf(&buffer, "%s %s: %s", name, verdict, why);
    if (loading->first_fault[0] == '\0') {
        memcpy(loading->first_fault, text, sizeof text);
    }
    if (loading->warn != NULL) {
        loading->warn(loading->context, text);
    }
}

static const char *find_kid_fault(const json_t *list, size_t index)
{
    const json_t *object = json_array_get(list, index);
    struct zta_text kid = mod_zta_json_text(object, "kid");
    if (json_object_get(object, "kid") == NULL) {
        return NULL;
    }
    if (zta_text_is_absent(kid) || kid.len == 0 || kid.len > ZTA_KID_MAX) {
        return "its kid is no text of 1 to 256 bytes";
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i != index && zta_text_equal(kid, mod_zta_json_text(json_array_get(list, i), "kid"))) {
            return "another key has the same kid";
        }
    }
    return NULL;
}

static enum zta_status open_verifiers(struct mod_zta_key *key, unsigned algs, struct zta_text jwk,
                                      struct zta_error *error)
{
    for (unsigned left = algs; left != 0; left &= left - 1) {
        unsigned alg = left & -left;
        enum zta_status status =
            mod_zta_verifier_open(jwk, alg, &key->verifiers[key->n_algs], error);
        if (status != ZTA_OK) {
            return status;
        }
        key->algs[key->n_algs++] = alg;
    }
    return ZTA_OK;
}

static void close_key(struct mod_zta_key *key)
{
    for (size_t i = 0; i < key->n_algs; i++) {
        mod_zta_verifier_close(&key->verifiers[i]);
    }
    *key = (struct mod_zta_key){.n_algs = 0};
}

static void add_to_digest(struct loading *loading, struct zta_text kid, unsigned algs,
                          struct zta_text jwk)
{
    uint8_t set[4];
    zta_put_u32(set, algs);
    const struct zta_text parts[] = {
        {.data = (const char *)loading->digest.bytes, .len = sizeof loading->digest.bytes},
        kid,
        {.data = (const char *)set, .len = sizeof set},
        jwk,
    };
    struct zta_sha256 digest;
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    loading->digest = digest;
}

/* Adds the key, or warns why not; only a lack of memory is a failure of the whole. */
static enum zta_status add_key(struct loading *loading, size_t index)
{
    static const char left_out[] = "is not used";
    const json_t *object = json_array_get(loading->list, index);
    struct zta_error error = {.status = ZTA_OK};
    struct mod_zta_jwk jwk;
    const char *fault =
        json_is_object(object) ? find_kid_fault(loading->list, index) : "it is not an object";
    if (fault != NULL) {
        warn(loading, index, left_out, fault);
        return ZTA_OK;
    }
    enum zta_status status = mod_zta_jwk_read(object, &jwk, &error);
    if (status != ZTA_OK) {
        warn(loading, index, left_out, error.text);
        return status == ZTA_INVALID ? ZTA_OK : status;
    }
    unsigned algs = jwk.algs & loading->algs;
    if (algs == 0) {
        warn(loading, index, left_out, "none of its algorithms is accepted for this issuer");
        return ZTA_OK;
    }
    struct mod_zta_key *key = &loading->keyset->keys[loading->keyset->n_keys];
    *key = (struct mod_zta_key){.n_algs = 0};
    status = open_verifiers(key, algs, zta_text_of(jwk.text), &error);
    if (status != ZTA_OK) {
        close_key(key);
        warn(loading, index, left_out, error.text);
        return status == ZTA_INVALID ? ZTA_OK : status;
    }
    struct zta_text kid = mod_zta_json_text(object, "kid");
    if (!zta_text_is_absent(kid)) {
        memcpy(key->kid_text, kid.data, kid.len);
        key->kid = (struct zta_text){.data = key->kid_text, .len = kid.len};
    }
    if (jwk.has_small_exponent) {
        warn(loading, index, "is used, but should be replaced", "its RSA exponent is 3");
    }
    add_to_digest(loading, kid, algs, zta_text_of(jwk.text));
    loading->keyset->n_keys++;
    return ZTA_OK;
}

static enum zta_status add_keys(struct loading *loading, struct zta_error *error)
{
    size_t n = json_array_size(loading->list);
    struct mod_zta_keyset *keyset = loading->keyset;
    keyset->keys = calloc(n, sizeof *keyset->keys);
    if (keyset->keys == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    for (size_t i = 0; i < n; i++) {
        enum zta_status status = add_key(loading, i);
        if (status != ZTA_OK) {
            return zta_error_set(error, status, "%s", loading->first_fault);
        }
    }
    if (keyset->n_keys == 0) {
        return zta_error_set(error, ZTA_INVALID, "none of %zu keys can be used; %s", n,
                             loading->first_fault);
    }
    keyset->hash = zta_get_u64(loading->digest.bytes);
    return ZTA_OK;
}

static enum zta_status load_list(struct loading *loading, struct zta_error *error)
{
    size_t n = json_array_size(loading->list);
    if (n == 0) {
        return zta_error_set(error, ZTA_INVALID, "no JWKS: \"keys\" is not a list of keys");
    }
    if (n > MOD_ZTA_JWKS_KEYS_MAX) {
        return zta_error_set(error, ZTA_TOO_LARGE, "%zu keys, at most %d are read", n,
                             MOD_ZTA_JWKS_KEYS_MAX);
    }
    loading->keyset = calloc(1, sizeof *loading->keyset);
    if (loading->keyset == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory");
    }
    enum zta_status status = add_keys(loading, error);
    if (status != ZTA_OK) {
        mod_zta_keyset_close(&loading->keyset);
    }
    return status;
}

enum zta_status mod_zta_keyset_load(struct zta_text jwks, unsigned algs,
                                    mod_zta_keyset_warn_fn warn_fn, void *context,
                                    struct mod_zta_keyset **keyset, struct zta_error *error)
{
    if (jwks.len > MOD_ZTA_JWKS_SIZE_MAX) {
        return zta_error_set(error, ZTA_TOO_LARGE, "%zu bytes, at most %d are read", jwks.len,
                             MOD_ZTA_JWKS_SIZE_MAX);
    }
    json_t *root;
    const char *fault;
    enum zta_status status = mod_zta_json_load(jwks, &root, &fault);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "no JWKS: %s", fault);
    }
    struct loading loading = {
        .list = json_object_get(root, "keys"),
        .algs = algs,
        .warn = warn_fn,
        .context = context,
    };
    status = load_list(&loading, error);
    json_decref(root);
    if (status == ZTA_OK) {
        *keyset = loading.keyset;
    }
    return status;
}

void mod_zta_keyset_close(struct mod_zta_keyset **keyset)
{
    if (*keyset == NULL) {
        return;
    }
    for (size_t i = 0; i < (*keyset)->n_keys; i++) {
        close_key(&(*keyset)->keys[i]);
    }
    free((*keyset)->keys);
    free(*keyset);
    *keyset = NULL;
}

size_t mod_zta_keyset_n_keys(const struct mod_zta_keyset *keyset)
{
    return keyset->n_keys;
}

uint64_t mod_zta_keyset_hash(const struct mod_zta_keyset *keyset)
{
    return keyset->hash;
}

static const struct mod_zta_verifier *find_verifier(const struct mod_zta_key *key, unsigned alg)
{
    for (size_t i = 0; i < key->n_algs; i++) {
        if (key->algs[i] == alg) {
            return key->verifiers[i];
        }
    }
    return NULL;
}

static enum zta_status find_only(const struct mod_zta_keyset *keyset, unsigned alg,
                                 const struct mod_zta_key **key)
{
    const struct mod_zta_key *found = NULL;
    for (size_t i = 0; i < keyset->n_keys; i++) {
        if (find_verifier(&keyset->keys[i], alg) == NULL) {
            continue;
        }
        if (found != NULL) {
            return ZTA_CONFLICT;
        }
        found = &keyset->keys[i];
    }
    if (found == NULL) {
        return ZTA_NOT_FOUND;
    }
    *key = found;
    return ZTA_OK;
}

enum zta_status mod_zta_keyset_find(const struct mod_zta_keyset *keyset, struct zta_text kid,
                                    unsigned alg, const struct mod_zta_key **key)
{
    if (zta_text_is_absent(kid)) {
        return find_only(keyset, alg, key);
    }
    for (size_t i = 0; i < keyset->n_keys; i++) {
        if (!zta_text_equal(keyset->keys[i].kid, kid)) {
            continue;
        }
        if (find_verifier(&keyset->keys[i], alg) == NULL) {
            return ZTA_FORBIDDEN;
        }
        *key = &keyset->keys[i];
        return ZTA_OK;
    }
    return ZTA_NOT_FOUND;
}

enum zta_status mod_zta_key_check(const struct mod_zta_key *key, unsigned alg,
                                  struct zta_text token)
{
    const struct mod_zta_verifier *verifier = find_verifier(key, alg);
    return verifier != NULL ? mod_zta_verifier_check(verifier, token) : ZTA_FORBIDDEN;
}

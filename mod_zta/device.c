/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up what names a device, in the request's own view, and joins it. */
#include "mod_zta/device.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/identity/device_facts.h"
#include "mod_zta/identity/posture_cache.h"
#include "mod_zta/keys.h"
#include "mod_zta/posture_config.h"
#include "shared/base/base64.h"
#include "shared/base/clock.h"
#include "shared/notice.h"
#include "shared/store/attestations.h"
#include "shared/store/revocations.h"

APLOG_USE_MODULE(zta);

/* Of this child; NULL: each posture is verified anew. */
static struct mod_zta_posture_cache *cache;

static apr_status_t close_cache(void *unused)
{
    mod_zta_posture_cache_close(&cache);
    return APR_SUCCESS;
}

void mod_zta_device_child_begin(apr_pool_t *pchild)
{
    if (mod_zta_global()->postures->nelts > 0 && mod_zta_posture_cache_open(&cache) == ZTA_OK) {
        apr_pool_cleanup_register(pchild, NULL, close_cache, apr_pool_cleanup_null);
    }
}

/* ---- the posture header ---- */

/* What the signature covers, from the cache or verified; true with the posture. */
static bool verify(const struct mod_zta_issuer *issuer, struct zta_text value, int64_t now_s,
                   struct mod_zta_posture *posture, struct mod_zta_posture_fault *fault)
{
    struct zta_held keys;
    struct zta_sha256 digest;
    const uint64_t hash = mod_zta_keyring_hash(issuer->keyring, now_s);
    const struct zta_text parts[] = {
        issuer->url, {.data = (const char *)&hash, .len = sizeof(hash)}, value};
    if (value.len > ZTA_TOKEN_MAX) {
        (void)snprintf(fault->text, sizeof(fault->text), "it is longer than %d bytes",
                       ZTA_TOKEN_MAX);
        return false;
    }
    zta_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), &digest);
    enum zta_status status = mod_zta_posture_cache_get(cache, &digest, now_s, posture, fault);
    if (status != ZTA_NOT_FOUND) {
        return status == ZTA_OK;
    }
    if (mod_zta_keyring_acquire(issuer->keyring, now_s, &keys) != ZTA_OK) {
        (void)mod_zta_keys_ask(issuer, zta_clock_monotonic_ns());
        (void)snprintf(fault->text, sizeof(fault->text), "no keys of its issuer are there");
        return false;
    }
    status = mod_zta_posture_verify(value, issuer->url, issuer->algs, keys.value, posture, fault);
    mod_zta_keyring_release(issuer->keyring, &keys);
    if (status == ZTA_OK) {
        mod_zta_posture_cache_put(cache, &digest, now_s, posture);
    }
    else if (status == ZTA_FORBIDDEN) {
        mod_zta_posture_cache_put_bad(cache, &digest, now_s, fault);
    }
    else if (status == ZTA_NOT_FOUND) {
        (void)mod_zta_keys_ask(issuer, zta_clock_monotonic_ns());
    }
    return status == ZTA_OK;
}

/* Those of the line, else those for which tokens are accepted in this place. */
static void set_audiences(const struct mod_zta_posture_config *config,
                          const struct mod_zta_dir *dir, const struct zta_identity *identity,
                          struct mod_zta_posture_request *question)
{
    const struct mod_zta_accept *accept = mod_zta_dir_accept(dir);
    const apr_array_header_t *named =
        config->audiences->nelts > 0 ? config->audiences : accept->audiences;
    if (named != NULL && named->nelts > 0) {
        question->audiences = (const struct zta_text *)(const void *)named->elts;
        question->n_audiences = (size_t)named->nelts;
        return;
    }
    for (size_t i = 0; i < accept->n_issuers; i++) {
        if (zta_text_equal(accept->issuers[i]->name, identity->issuer)) {
            question->audiences = accept->issuers[i]->audiences;
            question->n_audiences = accept->issuers[i]->n_audiences;
        }
    }
}

static void say_refused(request_rec *r, struct mod_zta_request *request,
                        const struct mod_zta_posture_config *config,
                        const struct mod_zta_posture_fault *fault)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0093: posture in %s is not taken: %s",
                  config->header, fault->text);
    if (request->detail == NULL) {
        request->detail = apr_psprintf(r->pool, "posture header: %s", fault->text);
    }
}

/* The first that is bound to this request, else the first that is about it. */
static const struct mod_zta_posture *find_posture(request_rec *r, struct mod_zta_request *request,
                                                  const struct mod_zta_dir *dir,
                                                  const struct mod_zta_look *look, bool *is_bound)
{
    const apr_array_header_t *configs = mod_zta_global()->postures;
    const struct zta_identity *identity = request->identity;
    const struct mod_zta_posture *found = NULL;
    struct mod_zta_posture_request question = {
        .now_s = request->arrived_ns / ZTA_NS_PER_S,
        .subject = identity->subject,
        .token = request->credential.value,
        .jkt = identity->jkt,
        .x5t_s256 = identity->certificate,
    };
    *is_bound = false;
    for (int i = 0; request->postures != NULL && i < configs->nelts && !*is_bound; i++) {
        const struct mod_zta_posture_config *config =
            APR_ARRAY_IDX(configs, i, struct mod_zta_posture_config *);
        const char *value = apr_table_get(request->postures, config->header);
        if (value == NULL) {
            continue;
        }
        struct mod_zta_posture_fault fault = {.text = ""};
        struct mod_zta_posture *posture = apr_palloc(r->pool, sizeof(*posture));
        bool binds = false;
        set_audiences(config, dir, identity, &question);
        mod_zta_keys_look(&config->keys.issuer, look->view);
        if (!verify(&config->keys.issuer, zta_text_of(value), question.now_s, posture, &fault) ||
            mod_zta_posture_check(posture, &question, &binds, &fault) != ZTA_OK) {
            say_refused(r, request, config, &fault);
        }
        else if (found == NULL || binds) {
            found = posture;
            *is_bound = binds;
        }
    }
    return found;
}

/* ---- the inventory ---- */

struct found {
    struct zta_device device;
    char storage[ZTA_DEVICE_STORAGE_SIZE];
};

/* What look-ups found, NULL for nothing; a failure to look is no device. */
static const struct zta_device *find_id(struct zta_view *view, struct zta_text id,
                                        struct found *found)
{
    return !zta_text_is_absent(id) &&
                   zta_device_get(view, id, found->storage, &found->device) == ZTA_OK
               ? &found->device
               : NULL;
}

static const struct zta_device *find_certificate(struct zta_view *view, struct zta_text thumbprint,
                                                 struct found *found)
{
    struct zta_sha256 digest;
    size_t size;
    if (zta_text_is_absent(thumbprint) ||
        zta_base64url_decode(thumbprint, digest.bytes, sizeof(digest.bytes), &size) != ZTA_OK ||
        size != sizeof(digest.bytes)) {
        return NULL;
    }
    return zta_device_find_certificate(view, &digest, found->storage, &found->device) == ZTA_OK
               ? &found->device
               : NULL;
}

/* Of what was found on the stack the request keeps this much. */
static void keep(request_rec *r, struct zta_text *text)
{
    if (!zta_text_is_absent(*text)) {
        text->data = apr_pstrmemdup(r->pool, text->data, text->len);
    }
}

/* What transmitters say of a device only makes it worse, also of one that no inventory has. */
static void apply_attestation(request_rec *r, struct mod_zta_request *request,
                              const struct mod_zta_dir *dir, struct zta_view *view)
{
    struct zta_context *context = &request->context;
    const struct zta_text id =
        zta_text_is_absent(context->device) ? request->identity->device : context->device;
    struct zta_attestation attestation;
    if (zta_text_is_absent(id) || dir->stance.modes[ZTA_FEATURE_SIGNALS] != ZTA_MODE_ENFORCE ||
        zta_attestation_get(view, ZTA_ATTESTED_COMPLIANCE, (struct zta_text){.data = NULL}, id,
                            request->arrived_ns / ZTA_NS_PER_S, &attestation) != ZTA_OK ||
        attestation.level != ZTA_NOTICE_NOT_COMPLIANT) {
        return;
    }
    context->traits.known |= 1u << ZTA_DEVICE_COMPLIANT;
    context->traits.yes = (uint8_t)(context->traits.yes & ~(1u << ZTA_DEVICE_COMPLIANT));
    if (request->detail == NULL) {
        request->detail =
            apr_psprintf(r->pool, "transmitter %.*s says that the device does not comply",
                         (int)attestation.transmitter.len, attestation.transmitter.data);
    }
}

void mod_zta_device_expect(const struct mod_zta_request *request, const struct zta_stance *stance,
                           const struct mod_zta_look *look)
{
    const struct zta_text id = request->identity->device;
    if (stance->modes[ZTA_FEATURE_DEVICE] != ZTA_MODE_OFF && !zta_text_is_absent(id)) {
        zta_device_expect(look->view, id);
    }
}

void mod_zta_device_gather(request_rec *r, struct mod_zta_request *request,
                           const struct mod_zta_dir *dir, const struct mod_zta_look *look)
{
    const struct zta_identity *identity = request->identity;
    struct zta_context *context = &request->context;
    struct mod_zta_device_sources sources = {.identity = identity,
                                             .now_s = request->arrived_ns / ZTA_NS_PER_S};
    struct found by_certificate;
    struct found by_claim;
    struct found by_posture;
    context->device = context->os = context->os_version = (struct zta_text){.data = NULL};
    context->traits = (struct zta_answers){.known = 0};
    context->device_from = (struct zta_provenance){.source = ZTA_SOURCE_NONE};
    if (identity == NULL || look->view == NULL) {
        return;
    }
    sources.by_certificate = find_certificate(look->view, identity->certificate, &by_certificate);
    sources.by_claim = find_id(look->view, identity->device, &by_claim);
    sources.posture = find_posture(r, request, dir, look, &sources.is_bound);
    if (sources.posture != NULL) {
        sources.by_posture = find_id(look->view, zta_text_of(sources.posture->device), &by_posture);
    }
    if (!mod_zta_device_facts_fill(&sources, context) && request->detail == NULL) {
        request->detail = "certificate, token and posture name different devices";
    }
    keep(r, &context->device);
    keep(r, &context->os);
    keep(r, &context->os_version);
    apply_attestation(r, request, dir, look->view);
}

/* Those that the source of this name gives; an id that no inventory has is asked for as well. */
static enum zta_status find_revoked(const struct mod_zta_request *request,
                                    const struct mod_zta_look *look, struct zta_text id,
                                    const char *source, const char **named_by)
{
    bool is_revoked = false;
    if (id.len == 0 || *named_by != NULL) {
        return ZTA_OK;
    }
    enum zta_status status = zta_revocation_find_device(look->view, id, request->identity,
                                                        request->leeway_s, &is_revoked);
    *named_by = status == ZTA_OK && is_revoked ? source : NULL;
    return status;
}

enum zta_status mod_zta_device_find_revoked(request_rec *r, struct mod_zta_request *request,
                                            const struct mod_zta_dir *dir,
                                            const struct mod_zta_look *look, const char **named_by)
{
    const struct zta_identity *identity = request->identity;
    const char *found = NULL;
    bool is_bound;
    *named_by = NULL;
    if (zta_text_is_absent(identity->certificate) && request->postures == NULL) {
        return ZTA_OK;
    }
    if (look->view == NULL) {
        return look->had_devices ? ZTA_BUSY : ZTA_OK;
    }
    if (!zta_revocation_has_devices(look->view)) {
        return ZTA_OK;
    }
    struct found by_certificate;
    const struct zta_device *device =
        find_certificate(look->view, identity->certificate, &by_certificate);
    enum zta_status status = ZTA_OK;
    if (device != NULL) {
        status = find_revoked(request, look, device->id, "its certificate", &found);
    }
    const struct mod_zta_posture *posture = find_posture(r, request, dir, look, &is_bound);
    if (status == ZTA_OK && posture != NULL) {
        status =
            find_revoked(request, look, zta_text_of(posture->device), "a posture header", &found);
    }
    *named_by = found;
    return status;
}

struct zta_text mod_zta_device_of(const struct mod_zta_request *request)
{
    const struct zta_context *context = &request->context;
    bool is_repeatable = context->device_from.source == ZTA_SOURCE_POSTURE &&
                         (context->traits.yes & 1u << ZTA_DEVICE_ATTESTED) == 0;
    return is_repeatable ? (struct zta_text){.data = NULL} : context->device;
}

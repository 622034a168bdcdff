/* SPDX-License-Identifier: Apache-2.0 */
/* Shape, record, secret; read from the store each time, so that a change holds at once. */
#include "mod_zta/apikey.h"

#include <apr_strings.h>

#include "shared/base/clock.h"
#include "shared/record.h"
#include "shared/store/keys.h"

/*
 * Why a key does not open, for the operator alone: the client gets one answer for all of it. A key
 * that was revoked is told from a wrong secret only to who had the right one.
 */
static enum zta_reason refuse(request_rec *r, struct mod_zta_request *request,
                              const struct zta_key_parts *parts, const struct zta_key *key)
{
    struct zta_sha256 digest;
    const char *why = "unknown";
    zta_key_secret_digest(parts->secret, &digest);
    bool is_secret_right = key != NULL && zta_secret_equal(&digest, &key->secret, sizeof(digest));
    if (is_secret_right) {
        why = key->revoked_s > 0 ? "revoked" : "used from outside its networks";
    }
    else if (key != NULL) {
        why = "presented with a wrong or outdated secret";
    }
    request->detail = apr_psprintf(r->pool, "API key id %s is %s", parts->id, why);
    request->refused_account = zta_record_account(zta_text_of(parts->id));
    return is_secret_right && key->revoked_s > 0 ? ZTA_REASON_REVOKED : ZTA_REASON_BAD_CREDENTIAL;
}

static enum zta_reason refuse_unread(struct mod_zta_request *request)
{
    request->detail = "API keys cannot be read from the store";
    return ZTA_REASON_STORE_UNAVAILABLE;
}

enum zta_reason mod_zta_apikey_identify(request_rec *r, struct mod_zta_request *request,
                                        struct mod_zta_look *look, struct zta_identity *identity)
{
    struct zta_key_parts parts;
    struct zta_key key;
    if (zta_key_parse(request->credential.value, &parts) != ZTA_OK) {
        request->detail = "not the shape of an API key";
        return ZTA_REASON_BAD_CREDENTIAL;
    }
    if (look->view == NULL) {
        return refuse_unread(request);
    }
    char *storage = apr_palloc(r->pool, ZTA_KEY_STORAGE_SIZE);
    enum zta_status status = zta_key_get(look->view, parts.id, storage, ZTA_KEY_STORAGE_SIZE, &key);
    bool is_known = status == ZTA_OK;
    if (is_known) {
        status = zta_key_verify(&key, parts.secret, &request->facts.addr,
                                request->arrived_ns / ZTA_NS_PER_S);
    }
    if (status == ZTA_EXPIRED) {
        request->detail = apr_psprintf(r->pool, "API key id %s is expired", parts.id);
        return ZTA_REASON_EXPIRED_CREDENTIAL;
    }
    if (status == ZTA_NOT_FOUND) {
        return refuse(r, request, &parts, is_known ? &key : NULL);
    }
    if (status != ZTA_OK) {
        return refuse_unread(request);
    }
    if (zta_key_identify(&key, identity) != ZTA_OK) {
        request->detail = "the API key has more roles and scopes than an identity holds";
        return ZTA_REASON_BAD_CREDENTIAL;
    }
    identity->apikey_id = zta_text_of(apr_pstrdup(r->pool, key.id));
    return ZTA_REASON_OK;
}

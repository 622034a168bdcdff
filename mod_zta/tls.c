/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of one connection run in parallel and must not allocate from its pool: what they share
 * was allocated before, the certificate itself is on the heap, and the first of them reads it.
 */
#include "mod_zta/tls.h"

#include <http_log.h>
#include <http_ssl.h>

#include <apr_strings.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mod_zta/connection.h"
#include "shared/identity.h"

APLOG_USE_MODULE(zta);

struct mod_zta_tls_state {
    pthread_mutex_t lock; /* held while the certificate is read */
    atomic_bool is_read;  /* what follows is settled, and never written again */
    bool is_verified;
    struct mod_zta_cert *cert; /* NULL: none, or none that can be read */
};

static apr_status_t free_certificate(void *data)
{
    struct mod_zta_tls_state *state = data;
    free(state->cert);
    pthread_mutex_destroy(&state->lock);
    return APR_SUCCESS;
}

struct mod_zta_tls_state *mod_zta_tls_state_make(apr_pool_t *pool)
{
    struct mod_zta_tls_state *state = apr_pcalloc(pool, sizeof(*state));
    if (pthread_mutex_init(&state->lock, NULL) != 0) {
        return NULL;
    }
    apr_pool_cleanup_register(pool, state, free_certificate, apr_pool_cleanup_null);
    return state;
}

static void read_connection(request_rec *r, conn_rec *c, struct mod_zta_tls_state *state)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    size_t size;
    const char *pem = ap_ssl_var_lookup(r->pool, r->server, c, NULL, "SSL_CLIENT_CERT");
    const char *verify = ap_ssl_var_lookup(r->pool, r->server, c, NULL, "SSL_CLIENT_VERIFY");
    if (pem == NULL || pem[0] == '\0') {
        return;
    }
    struct mod_zta_cert *cert = malloc(sizeof(*cert));
    if (cert == NULL ||
        mod_zta_cert_from_pem(zta_text_of(pem), der, sizeof(der), &size) != ZTA_OK ||
        mod_zta_cert_read(der, size, cert) != ZTA_OK) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c,
                      "ZTA0041: a client certificate cannot be read; it counts as none");
        free(cert);
        return;
    }
    state->cert = cert;
    state->is_verified = verify != NULL && strcmp(verify, "SUCCESS") == 0;
    ap_log_cerror(APLOG_MARK, APLOG_DEBUG, 0, c, "ZTA0042: client certificate %s, verification %s",
                  cert->thumbprint, verify != NULL ? verify : "unknown");
}

static const struct mod_zta_cert *of_connection(request_rec *r, bool *is_verified)
{
    conn_rec *c = r->connection->master != NULL ? r->connection->master : r->connection;
    struct mod_zta_connection *connection = mod_zta_connection_of(c);
    struct mod_zta_tls_state *state = connection == NULL ? NULL : connection->tls;
    if (state == NULL || !ap_ssl_conn_is_ssl(c)) {
        return NULL;
    }
    if (!atomic_load_explicit(&state->is_read, memory_order_acquire)) {
        pthread_mutex_lock(&state->lock);
        if (!atomic_load_explicit(&state->is_read, memory_order_relaxed)) {
            read_connection(r, c, state);
            atomic_store_explicit(&state->is_read, true, memory_order_release);
        }
        pthread_mutex_unlock(&state->lock);
    }
    *is_verified = state->is_verified;
    return state->cert;
}

/* Did a trusted peer send the header that counts here? */
static bool names_certificate(const struct mod_zta_request *request, const struct mod_zta_dir *dir)
{
    return mod_zta_dir_has_cert_header(dir) && request->peer_certificates != NULL &&
           apr_table_get(request->peer_certificates, dir->client_cert_header) != NULL;
}

/* A terminator verified what it names, or it would not be trusted to name it. */
static const struct mod_zta_cert *of_header(request_rec *r, struct mod_zta_request *request,
                                            const char *name)
{
    uint8_t der[MOD_ZTA_CERT_SIZE_MAX];
    size_t size;
    const char *value =
        request->peer_certificates == NULL ? NULL : apr_table_get(request->peer_certificates, name);
    if (value == NULL) {
        return NULL;
    }
    if (request->certificate_header != NULL && strcasecmp(request->certificate_header, name) == 0) {
        return request->certificate;
    }
    struct mod_zta_cert *cert = apr_palloc(r->pool, sizeof(*cert));
    bool is_good =
        mod_zta_cert_from_header(zta_text_of(value), der, sizeof(der), &size) == ZTA_OK &&
        mod_zta_cert_read(der, size, cert) == ZTA_OK;
    request->certificate = is_good ? cert : NULL;
    request->certificate_header = name;
    return request->certificate;
}

const struct mod_zta_cert *mod_zta_tls_certificate(request_rec *r, struct mod_zta_request *request,
                                                   const struct mod_zta_dir *dir, bool *is_verified)
{
    if (mod_zta_dir_has_cert_header(dir)) {
        /* The connection is the terminator's, and so would be its certificate. */
        *is_verified = true;
        return of_header(r, request, dir->client_cert_header);
    }
    return of_connection(r, is_verified);
}

const char *mod_zta_client_cert_thumbprint(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    bool is_verified;
    if (request == NULL || request->auth_dir == NULL) {
        return NULL;
    }
    const struct mod_zta_cert *cert =
        mod_zta_tls_certificate(r, request, request->auth_dir, &is_verified);
    return cert == NULL ? NULL : cert->thumbprint;
}

/* A certificate is one session; another one, be it for the same key, is another. */
static void fill_identity(const struct mod_zta_cert *cert, struct zta_text subject,
                          struct zta_identity *identity)
{
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_CERTIFICATE;
    identity->binding = ZTA_BINDING_MTLS;
    identity->issuer = ZTA_TEXT(ZTA_ISSUER_MTLS);
    identity->subject = subject;
    identity->certificate = zta_text_of(cert->thumbprint);
    identity->expires_s = cert->not_after_s;
    identity->token_id = cert->digest;
    identity->session_kind = ZTA_SESSION_CNF;
    zta_session_id_make(identity, ZTA_SESSION_CNF, identity->certificate, identity->session);
}

enum zta_reason mod_zta_tls_identify(request_rec *r, struct mod_zta_request *request,
                                     const struct mod_zta_dir *dir, int64_t now_s,
                                     struct zta_identity *identity)
{
    bool is_verified = false;
    const struct mod_zta_cert *cert = mod_zta_tls_certificate(r, request, dir, &is_verified);
    if (cert == NULL && names_certificate(request, dir)) {
        request->detail = "what the trusted peer sent as the client certificate is not exactly one";
        return ZTA_REASON_BAD_CREDENTIAL;
    }
    if (cert == NULL) {
        return ZTA_REASON_NO_CREDENTIAL;
    }
    if (!mod_zta_dir_accept(dir)->has_mtls || dir->mtls_subject == MOD_ZTA_UNSET) {
        request->detail = "client certificates are not accepted here";
        return ZTA_REASON_UNKNOWN_ISSUER;
    }
    if (!is_verified) {
        request->detail = "the client certificate was not verified by the server";
        return ZTA_REASON_BAD_CREDENTIAL;
    }
    if (now_s < cert->not_before_s) {
        request->detail = "the client certificate is not valid yet";
        return ZTA_REASON_BAD_CREDENTIAL;
    }
    if (now_s >= cert->not_after_s) {
        request->detail = "the client certificate is expired";
        return ZTA_REASON_EXPIRED_CREDENTIAL;
    }
    const struct mod_zta_cert_value *value = &cert->fields[dir->mtls_subject];
    if (value->fault != NULL) {
        request->detail = apr_psprintf(
            r->pool, "%s of the client certificate, its subject here, %s",
            mod_zta_cert_field_name((enum mod_zta_cert_field)dir->mtls_subject), value->fault);
        return ZTA_REASON_BAD_CREDENTIAL;
    }
    fill_identity(cert, value->text, identity);
    return ZTA_REASON_OK;
}

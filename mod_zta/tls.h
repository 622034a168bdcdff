/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client certificate of a request: that of its TLS connection, read once a connection and kept
 * on the master connection for all streams of HTTP/2; or, where ZTAClientCertHeader says so, that
 * which a trusted terminator names (RFC 9440), read once a request.
 */
#ifndef MOD_ZTA_TLS_H
#define MOD_ZTA_TLS_H

#include <httpd.h>

#include <stdbool.h>

#include "mod_zta/config.h"
#include "mod_zta/identity/client_cert.h"
#include "mod_zta/request.h"

/* Room for the certificate of a client's connection; NULL: there is none to be had. */
struct mod_zta_tls_state *mod_zta_tls_state_make(apr_pool_t *pool);

/*
 * The certificate that counts for r in this place, with whose key its sender (or what a trusted
 * terminator says of it) proved possession; NULL without one. *is_verified: somebody verified who
 * it was issued to, so that it may stand for an identity; otherwise it only proves possession.
 */
const struct mod_zta_cert *mod_zta_tls_certificate(request_rec *r, struct mod_zta_request *request,
                                                   const struct mod_zta_dir *dir,
                                                   bool *is_verified);

/*
 * Its thumbprint as in cnf.x5t#S256 (RFC 8705 section 3.1), in the place by which the credential of
 * r is judged; NULL without a certificate.
 */
const char *mod_zta_client_cert_thumbprint(request_rec *r);

/*
 * The certificate as a credential of its own (ZTACredentials mtls): no_credential without one, else
 * ok with *identity filled, or why it stands for nobody, with request->detail.
 */
enum zta_reason mod_zta_tls_identify(request_rec *r, struct mod_zta_request *request,
                                     const struct mod_zta_dir *dir, int64_t now_s,
                                     struct zta_identity *identity);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes away what a client may not say: our own header names, in every spelling a back end could
 * fold.
 */
#ifndef MOD_ZTA_OUTPUT_SCRUB_H
#define MOD_ZTA_OUTPUT_SCRUB_H

#include <httpd.h>

/*
 * Removes client-sent X-ZTA-* headers (any sign is a '-', case is none), that of ZTAAssertion
 * likewise, and the names of ours from Connection, where they would make a hop drop what we add.
 * At every stage, for main requests. Returns the X-Request-Id of a trusted peer when it is
 * well-formed ([A-Za-z0-9._-]{1,128}), else NULL.
 */
const char *mod_zta_scrub(request_rec *r);
/*
 * Removes what nobody but a terminator or mod_auth_openidc may say: Client-Cert, Client-Cert-Chain
 * and the headers of ZTAClientCertHeader, where logins count also OIDC_*, in all spellings; in
 * servers that enforce anywhere, from trusted peers too. Returns what a trusted peer sent under the
 * exact names of ZTAClientCertHeader, or NULL.
 */
apr_table_t *mod_zta_scrub_proofs(request_rec *r);
/*
 * What came in the headers of ZTATrustedPosture, by their exact names, or NULL. In servers that
 * enforce anywhere mod_zta_scrub_proofs, called after it, removes them in all spellings.
 */
apr_table_t *mod_zta_scrub_postures(request_rec *r);
/* Removes X-ZTA-* and the header of ZTAAssertion in all spellings, whoever set them. */
void mod_zta_scrub_own(request_rec *r);
/* Removes client-sent X-Request-Id headers in all spellings, before ours is set. */
void mod_zta_scrub_request_id(request_rec *r);

#endif

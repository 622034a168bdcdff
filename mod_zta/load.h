/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and compiles what the configuration points to: rules files, key files, the store's
 * soundness.
 */
#ifndef MOD_ZTA_LOAD_H
#define MOD_ZTA_LOAD_H

#include <httpd.h>

#include <stdbool.h>

/*
 * OK or HTTP_INTERNAL_SERVER_ERROR, said in the log. While is_running a bad rules or key file is
 * replaced by the retained last good text, said as an error, and the result is OK.
 */
int mod_zta_load_all(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s, bool is_running);

/* Makes the texts in force the last good ones. In the parent, once a configuration is accepted. */
void mod_zta_load_retain(void);

/* Whole file as a NUL-terminated text, or NULL with *error. */
const char *mod_zta_load_file(apr_pool_t *pool, const char *path, apr_size_t max, apr_size_t *len,
                              const char **error);

/* The same of a secret: a file that everybody can read or write holds none. */
const char *mod_zta_load_secret(apr_pool_t *pool, const char *path, apr_size_t max, apr_size_t *len,
                                const char **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of the configuration by path, for paths that httpd itself matched in another
 * spelling.
 */
#ifndef MOD_ZTA_PLACES_H
#define MOD_ZTA_PLACES_H

#include <httpd.h>

#include "mod_zta/config.h"

#define MOD_ZTA_SERVER_LABEL_SIZE 272

/* "api.example.com:443": how a virtual server is named in what is published. */
void mod_zta_server_label(const server_rec *s, char out[MOD_ZTA_SERVER_LABEL_SIZE]);

/*
 * What the Location sections of r's server say for a normalised path, as httpd's own walk would
 * find it. With ZTAPath parameters "/admin;x/a" is no part of <Location /admin> for httpd, yet
 * the back end reads "/admin/a": that place counts too. Merged in r->pool; `path` is
 * NUL-terminated.
 */
const struct mod_zta_dir *mod_zta_places_at(request_rec *r, const char *path);
/* The same of a server, merged in `pool`. */
const struct mod_zta_dir *mod_zta_places_of(const server_rec *s, apr_pool_t *pool,
                                            const char *path);

/*
 * The uri of the file that r was mapped to, where that is another than r->uri: a RewriteRule
 * without PT changes the file and leaves the uri, so that httpd never looks at the Location of
 * the target. NULL where there is no file, the two agree, or the file lies outside what the
 * server maps uris to.
 */
const char *mod_zta_places_file_uri(request_rec *r);

#endif

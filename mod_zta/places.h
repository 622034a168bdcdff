/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of the configuration by path, for paths that httpd itself matched in another
 * spelling.
 */
#ifndef MOD_ZTA_PLACES_H
#define MOD_ZTA_PLACES_H

#include <httpd.h>

#include "mod_zta/config.h"
#include "shared/store/published.h"

#define MOD_ZTA_SERVER_LABEL_SIZE 272

/* "api.example.com:443": how a virtual server is named in what is published. */
void mod_zta_server_label(const server_rec *s, char out[MOD_ZTA_SERVER_LABEL_SIZE]);

/*
 * A place as it is published, of those that mod_zta_each_place tells; server is its storage for the
 * server's name. False: its server is not governed.
 */
bool mod_zta_places_describe(const server_rec *s, const struct mod_zta_dir *dir,
                             const struct mod_zta_dir *parent,
                             char server[MOD_ZTA_SERVER_LABEL_SIZE],
                             struct zta_published_location *location);

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

/* What a section makes of the place that it is about. */
struct mod_zta_around {
    const struct mod_zta_dir *alone;  /* with what the server says, and no other section */
    const struct mod_zta_dir *place;  /* with all that covers its own path */
    const struct mod_zta_dir *below;  /* with the paths that cover it: all of what lies below it */
    const struct mod_zta_dir *parent; /* the place without the section; NULL: it is the server */
};
/*
 * Of a section of s that has a configuration of ours. For a <Location> with a path, is_url, every
 * section that covers that path counts, in httpd's order; of one with a pattern those that cover
 * everything; of others only what the server says is known. A pattern may cover the path of a
 * section and nothing below: who asks what a server needs asks all three.
 */
void mod_zta_places_around(apr_pool_t *pool, const server_rec *s, ap_conf_vector_t *section,
                           bool is_url, struct mod_zta_around *around);

/*
 * The uri of the file that r was mapped to, where that is another than r->uri: a RewriteRule
 * without PT changes the file and leaves the uri, so that httpd never looks at the Location of
 * the target. NULL where there is no file, the two agree, or the file lies outside what the
 * server maps uris to.
 */
const char *mod_zta_places_file_uri(request_rec *r);

#endif

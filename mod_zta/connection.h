/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is learnt of a client's connection and serves all its requests. Streams of HTTP/2 share that
 * of their master and run in parallel: everything is allocated before the first of them, and each
 * part looks after its own order.
 */
#ifndef MOD_ZTA_CONNECTION_H
#define MOD_ZTA_CONNECTION_H

#include <httpd.h>

#include "mod_zta/open/socket.h"

struct mod_zta_connection {
    struct mod_zta_socket socket;  /* of this very connection, to a client or to a back end */
    struct mod_zta_tls_state *tls; /* NULL: no lock was to be had; no certificate is read */
    struct mod_zta_geo_cache *geo; /* NULL for a connection to a back end */
};

/* pre_connection: room for all of it, and for a stream what the cutter needs of it. */
int mod_zta_connection_begin(conn_rec *c, void *socket);
/* That of the master for a stream; NULL where the module is inert. */
struct mod_zta_connection *mod_zta_connection_of(const conn_rec *c);

#endif

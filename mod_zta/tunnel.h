/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays open: every request from its handler to its end is known to the cutter (cutter.h),
 * with the ways to end it: the socket of its client, that of its back end, and for a stream of
 * HTTP/2, which shares its client's, two filters that let nothing pass any more.
 */
#ifndef MOD_ZTA_TUNNEL_H
#define MOD_ZTA_TUNNEL_H

#include <httpd.h>

#include "mod_zta/request.h"

/* In each pre_config. */
void mod_zta_tunnel_register(void);

/* pre_connection of a stream of HTTP/2: its filters. */
void mod_zta_tunnel_begin_stream(conn_rec *c);

/* insert_filter, right before the handler: from here on the request can be cut. */
void mod_zta_tunnel_begin(request_rec *r);

/* Its end, for log_transaction: what became of it stands in request->open. */
void mod_zta_tunnel_end(struct mod_zta_request *request);

/* mod_proxy's create_req: r waits for the answer of a back end, to which response belongs. */
int mod_zta_tunnel_reach(request_rec *r, request_rec *response);

#endif

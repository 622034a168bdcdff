/* SPDX-License-Identifier: Apache-2.0 */
/* From a request_rec to the facts that rules judge. */
#ifndef MOD_ZTA_FACTS_H
#define MOD_ZTA_FACTS_H

#include <httpd.h>

#include "mod_zta/request.h"

/*
 * Normal form of the external path into request->path, or its fault; once, at post_read_request,
 * while r->uri is still as it was sent. flags: set of enum zta_path_flags.
 */
void mod_zta_facts_read_path(request_rec *r, struct mod_zta_request *request, unsigned flags);

/* Everything of the request that does not depend on the place. */
void mod_zta_facts_gather(request_rec *r, struct mod_zta_request *request);

/*
 * Normal form of a mapped (decoded) uri, from r->pool; absent when it has none. For sides that are
 * not the external one.
 */
struct zta_text mod_zta_facts_mapped_path(request_rec *r, const char *uri, unsigned flags);

/* A peer is trusted when mod_remoteip replaced its address by the client's. */
bool mod_zta_facts_has_trusted_peer(const request_rec *r);

#endif

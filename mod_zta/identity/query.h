/* SPDX-License-Identifier: Apache-2.0 */
/* The access_token parameter of a query (RFC 6750 section 2.3). */
#ifndef MOD_ZTA_IDENTITY_QUERY_H
#define MOD_ZTA_IDENTITY_QUERY_H

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/*
 * Takes the token out of `query` (without '?'). token and rest have strlen(query) + 1 bytes each;
 * rest is the query without every parameter of that name, in all spellings that a reader of queries
 * would decode to it, and is written whatever comes out. ZTA_NOT_FOUND; ZTA_INVALID when it stands
 * more than once or is not well encoded.
 */
enum zta_status mod_zta_query_take(const char *query, char *token, char *rest) ZTA_MUST_CHECK;

#endif

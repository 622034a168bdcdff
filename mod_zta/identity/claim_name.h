/* SPDX-License-Identifier: Apache-2.0 */
/* Dotted names of claims: segments joined by '.', one with a dot or quote in quotes. */
#ifndef MOD_ZTA_IDENTITY_CLAIM_NAME_H
#define MOD_ZTA_IDENTITY_CLAIM_NAME_H

#include <jansson.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* Bytes of one member's name. */
#define MOD_ZTA_CLAIM_SEGMENT_MAX 256

/*
 * Takes the first segment off *rest, which becomes absent behind the last one. The segment points
 * into rest or, when escapes had to go, into storage. ZTA_INVALID for an empty segment, an open
 * quote, or anything between a quote and the next dot.
 */
enum zta_status mod_zta_claim_name_next(struct zta_text *rest,
                                        char storage[MOD_ZTA_CLAIM_SEGMENT_MAX],
                                        struct zta_text *segment) ZTA_MUST_CHECK;

/* The value that a canonical name leads to; NULL when absent, or null, which says as much. */
const json_t *mod_zta_claim_find(const json_t *claims, struct zta_text name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URI of a request as DPoP proofs name it (RFC 9449 section 4.3): without query and fragment,
 * in the one spelling that syntax- and scheme-based normalisation leave (RFC 3986 sections 6.2.2
 * and 6.2.3). The path keeps its case.
 */
#ifndef MOD_ZTA_IDENTITY_HTU_H
#define MOD_ZTA_IDENTITY_HTU_H

#include <stddef.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"

/* A normalised one, with its NUL: a path of the longest kind with each byte written as three. */
#define MOD_ZTA_HTU_SIZE (3 * ZTA_PATH_MAX + ZTA_HOST_MAX + 32)

/*
 * An http or https URI into out, scheme://host[:port]/path. ZTA_INVALID for a relative or other
 * one, user information, and characters that no URI has; ZTA_TOO_LARGE.
 */
enum zta_status mod_zta_htu_normalise(struct zta_text uri, char *out, size_t size,
                                      size_t *len) ZTA_MUST_CHECK;

/* The same of an origin alone: no path but "/", no query, no fragment. out ends without a slash. */
enum zta_status mod_zta_htu_origin(struct zta_text uri, char *out, size_t size,
                                   size_t *len) ZTA_MUST_CHECK;

#endif

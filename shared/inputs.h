/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is recorded of a credential, so that a decision can be made again: the identity reduced to
 * what rules can ask of it, and which claims were kept. Never the credential itself, its id, its
 * session or its key. Recorded once for all requests with the same contents, under a name that is
 * made of them.
 */
#ifndef ZTA_INPUTS_H
#define ZTA_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/status.h"
#include "shared/identity.h"

#define ZTA_INPUTS_SIZE_MAX   8000 /* encoded: fits the largest class of the token cache */
#define ZTA_INPUTS_CLAIMS_MAX 256  /* claims that are looked for in a credential */

struct zta_inputs {
    struct zta_identity identity; /* without certificate and binding, which a request has itself */
    /* Canonical names of the claims that were kept where they were there: of others is not known
     * whether the credential has them. */
    struct zta_text claims[ZTA_INPUTS_CLAIMS_MAX];
    size_t n_claims;
};

/* ZTA_TOO_LARGE when it does not fit; ZTA_INVALID for an identity that no producer makes. */
enum zta_status zta_inputs_encode(const struct zta_identity *identity,
                                  const struct zta_text *claims, size_t n_claims, void *out,
                                  size_t size, size_t *out_size) ZTA_MUST_CHECK;
/* All text points into data. ZTA_CORRUPT for anything that encode does not write. */
enum zta_status zta_inputs_decode(const void *data, size_t size,
                                  struct zta_inputs *inputs) ZTA_MUST_CHECK;
/* The first bytes of SHA-256 over the encoding; never zeros alone. */
void zta_inputs_name(const void *data, size_t size, uint8_t name[ZTA_INPUTS_NAME_SIZE]);

#endif

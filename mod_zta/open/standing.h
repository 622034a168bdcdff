/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether who was let in still stands: the same look-ups on the request path and for requests that
 * are open already.
 */
#ifndef MOD_ZTA_OPEN_STANDING_H
#define MOD_ZTA_OPEN_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/open/registry.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/store/env.h"

#define MOD_ZTA_STANDING_TEXT_MAX 80

/*
 * Is the identity revoked, by an operator, its issuer or a transmitter of signals? text says by
 * whom and what; "": it is not. is_signalled: by a transmitter alone, which holds where the feature
 * `signals` is enforced.
 */
enum zta_status mod_zta_standing_revoked(struct zta_view *view, const struct zta_identity *identity,
                                         int64_t leeway_s, char text[MOD_ZTA_STANDING_TEXT_MAX],
                                         bool *is_signalled) ZTA_MUST_CHECK;

/* Is the credential of an identity enforced there, so that losing it ends what is open? */
bool mod_zta_standing_counts(const struct mod_zta_open *open);

/*
 * Does the entry's client still stand: it and its device not revoked, its key there, neither
 * address nor subject blocked? *reason is ok, or why not, then text says it. Measures are looked up
 * elsewhere.
 */
enum zta_status mod_zta_standing_find(struct zta_view *view, const struct mod_zta_open *open,
                                      int64_t now_s, enum zta_reason *reason,
                                      char text[MOD_ZTA_STANDING_TEXT_MAX]) ZTA_MUST_CHECK;

#endif

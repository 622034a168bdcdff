/* SPDX-License-Identifier: Apache-2.0 */
/* Which scopes clients of a place may need: what its metadata offer (RFC 9728 section 2). */
#ifndef ZTA_RULES_SCOPES_H
#define ZTA_RULES_SCOPES_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"

struct zta_scopes_place {
    struct zta_text host;           /* what clients call it, without a port */
    struct zta_text prefix;         /* path in normal form; "" or "/": all of the host */
    const struct zta_text *issuers; /* names, whose tokens are accepted there */
    size_t n_issuers;
    const struct zta_stance *stance;
    int64_t now_s;
};

typedef void (*zta_scope_fn)(void *context, struct zta_text scope);

/*
 * Calls fn with each scope that an allow or a require in force there asks of a token of one of the
 * issuers, for a path at or below the prefix. A scope may come more than once. Scopes are borrowed
 * from the set.
 */
void zta_ruleset_each_scope(const struct zta_ruleset *set, const struct zta_scopes_place *place,
                            zta_scope_fn fn, void *context);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything known about one request when it is judged: the contract between the module and the
 * core. Absent text and zero families mean "unknown". All text is borrowed for the time of the
 * judgement.
 */
#ifndef ZTA_FACTS_H
#define ZTA_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/net.h"
#include "shared/context.h"
#include "shared/identity.h"
#include "shared/risk_signals.h"

/*
 * Facts that were not recorded, when a request is judged once more. They read as unknown; a
 * judgement that meets one is no judgement, and says so.
 */
struct zta_facts_gaps {
    uint64_t attributes; /* set of 1 << enum zta_attribute */
    bool misses_claims;  /* all but these: nobody looked whether the credential has them */
    const struct zta_text *claims;
    size_t n_claims;
    bool is_asked; /* set by the judgement */
};

struct zta_facts {
    struct zta_text host;         /* name or alias of the vhost that was asked for, lower case */
    struct zta_text path;         /* normal form, external, no query */
    struct zta_text method;       /* as sent, case kept */
    struct zta_text content_type; /* media type without parameters */
    int64_t content_length;       /* bytes; -1 unknown */
    struct zta_text route;        /* governing Location, else ProxyPass prefix, else "other" */
    struct zta_addr addr;         /* of the client, after mod_remoteip */
    const struct zta_identity
        *identity;         /* NULL: nothing verified (before authentication, or anonymous) */
    struct zta_text agent; /* User-Agent as sent */
    const struct zta_context *context; /* NULL: not gathered, all of it is unknown */
    const struct zta_risk_facts *risk; /* NULL: not gathered, all of it is unknown */
    struct zta_facts_gaps *gaps;       /* NULL: there are none, as of every living request */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything known about one request when it is judged: the contract between the module and the
 * core. Absent text and zero families mean "unknown". All text is borrowed for the time of the
 * judgement.
 */
#ifndef ZTA_FACTS_H
#define ZTA_FACTS_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/net.h"
#include "shared/context.h"
#include "shared/identity.h"

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
};

#endif

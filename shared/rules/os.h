/* SPDX-License-Identifier: Apache-2.0 */
/* Operating systems as rules name them: "macos", "windows>=10.0.22631", "ios<17". Pure. */
#ifndef ZTA_RULES_OS_H
#define ZTA_RULES_OS_H

#include <stdbool.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"

struct zta_os {
    struct zta_text name;    /* lower case */
    enum zta_op op;          /* ANY_OF: of any version */
    struct zta_text version; /* absent with ANY_OF */
};

/* Text is borrowed. ZTA_INVALID for anything else than a name, or name, operator and version. */
enum zta_status zta_os_parse(struct zta_text text, struct zta_os *os) ZTA_MUST_CHECK;
/* Decimal numbers parted by dots: 14, 14.2.1. */
bool zta_os_is_version(struct zta_text text);
/* Number by number as memcmp orders; one that is not there is 0. Both are versions. */
int zta_os_compare_versions(struct zta_text a, struct zta_text b);

#endif

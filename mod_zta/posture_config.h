/* SPDX-License-Identifier: Apache-2.0 */
/* A ZTATrustedPosture line: whose statements about devices count. Immutable while requests run. */
#ifndef MOD_ZTA_POSTURE_CONFIG_H
#define MOD_ZTA_POSTURE_CONFIG_H

#include <apr_tables.h>

#include "mod_zta/issuer_config.h"

struct mod_zta_posture_config {
    struct mod_zta_issuer_config keys; /* whose, and where they stand; it issues no tokens */
    const char *header;
    apr_array_header_t *audiences; /* struct zta_text; none: those that the place accepts */
};

#endif

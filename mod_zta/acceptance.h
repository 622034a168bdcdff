/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as `ztactl token` judges by it: issuers, and the places that accept them. */
#ifndef MOD_ZTA_ACCEPTANCE_H
#define MOD_ZTA_ACCEPTANCE_H

#include <httpd.h>

#include "shared/store/acceptance.h"

/* Of the configuration in force, which it points into; the rest is from pool. No secrets. */
const struct zta_acceptance *mod_zta_acceptance_collect(apr_pool_t *pool, server_rec *main_server);

#endif

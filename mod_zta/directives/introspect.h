/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of ZTAIntrospect once the section around it is read. */
#ifndef MOD_ZTA_DIRECTIVES_INTROSPECT_H
#define MOD_ZTA_DIRECTIVES_INTROSPECT_H

#include <httpd.h>
#include <http_config.h>

#include "mod_zta/issuer_config.h"

/* NULL, or what does not fit together. Before the issuer is sealed. */
const char *mod_zta_finish_introspect(cmd_parms *cmd, struct mod_zta_issuer_config *issuer);

#endif

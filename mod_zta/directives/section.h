/* SPDX-License-Identifier: Apache-2.0 */
/* What sections that name a source of signed tokens (issuers, transmitters) have in common. */
#ifndef MOD_ZTA_DIRECTIVES_SECTION_H
#define MOD_ZTA_DIRECTIVES_SECTION_H

#include <httpd.h>
#include <http_config.h>

#include "mod_zta/identity/discovery.h"
#include "mod_zta/issuer_config.h"

/* NAME and URL of "NAME URL>", neither the name of a source that there is. */
const char *mod_zta_section_words(cmd_parms *cmd, const char *args, const char **name,
                                  const char **url);
/* Defaults, before the section is read. */
void mod_zta_section_begin(struct mod_zta_issuer_config *issuer, apr_pool_t *pool, const char *name,
                           const char *url);
/* Behind it: what its keys are, and a ring for them; form is where discovery would look first. */
const char *mod_zta_section_keys(cmd_parms *cmd, struct mod_zta_issuer_config *issuer,
                                 enum mod_zta_discovery_form form);
/* Last: what is derived of the rest. */
void mod_zta_section_end(struct mod_zta_issuer_config *issuer);

#endif

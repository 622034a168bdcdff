/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the check of the configuration found, kept with it: logged once a pass, and printed by
 * dump.h for ztactl. Written while the configuration is checked, by one thread, never afterwards.
 */
#ifndef MOD_ZTA_LINT_FINDINGS_H
#define MOD_ZTA_LINT_FINDINGS_H

#include <httpd.h>
#include <http_config.h>

#include "shared/hazards.h"

struct mod_zta_finding {
    enum zta_hazard hazard;
    enum zta_severity severity; /* set by who keeps it */
    const server_rec *server;
    const char *place; /* path of a section; NULL: the server */
    const char *rule;  /* NULL: about none */
    const char *file;  /* NULL: not known where that stands */
    int line;
    const char *text; /* what was found, in the pool of the configuration */
};

/* Keeps it, and logs it under the tag of its hazard. `line` is where it stands, or NULL. */
void mod_zta_finding_add(struct mod_zta_finding finding, const ap_directive_t *line);
/* Keeps what ends a start, which its finder logs. */
void mod_zta_finding_refuse(struct mod_zta_finding finding);

#endif

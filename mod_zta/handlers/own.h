/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places whose SetHandler is one of ours. Public ones authenticate who calls them by what he
 * sends: they carry stage 0 by themselves, and nothing but that handler answers there. Guarded ones
 * tell about the server: they have the stage of their place and answer only whom a Require beside
 * the SetHandler, or a rule, lets in.
 */
#ifndef MOD_ZTA_HANDLERS_OWN_H
#define MOD_ZTA_HANDLERS_OWN_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>

#include "mod_zta/config.h"

#define MOD_ZTA_HANDLER_JWKS     "zta-jwks"
#define MOD_ZTA_HANDLER_LIVE     "zta-live"
#define MOD_ZTA_HANDLER_LOGOUT   "zta-logout"
#define MOD_ZTA_HANDLER_METADATA "zta-metadata"
#define MOD_ZTA_HANDLER_METRICS  "zta-metrics"
#define MOD_ZTA_HANDLER_READY    "zta-ready"
#define MOD_ZTA_HANDLER_SIGNALS  "zta-signals"
#define MOD_ZTA_HANDLER_STATUS   "zta-status"

/*
 * SetHandler, which httpd tells us, too: a section that names one of ours must be one that has a
 * place.
 */
const char *mod_zta_handlers_note(cmd_parms *cmd, void *place, const char *word);
/* Does a place carry that handler of ours? */
bool mod_zta_handlers_is(const struct mod_zta_dir *dir, const char *name);
/* Does it carry a public one? */
bool mod_zta_handlers_are_public(const struct mod_zta_dir *dir);

/*
 * The handler hook, before all others: a request that came in by stage 0 of a public place goes to
 * that handler or nowhere, and one for a guarded handler is let in or refused.
 */
int mod_zta_handlers_run(request_rec *r);

#endif

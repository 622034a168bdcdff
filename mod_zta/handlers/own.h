/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places whose SetHandler is one of ours: whoever calls them authenticates by what he sends, so
 * they carry stage 0 by themselves, and nothing but that handler answers there.
 */
#ifndef MOD_ZTA_HANDLERS_OWN_H
#define MOD_ZTA_HANDLERS_OWN_H

#include <httpd.h>
#include <http_config.h>

#include <stdbool.h>

#include "mod_zta/config.h"

#define MOD_ZTA_HANDLER_LOGOUT   "zta-logout"
#define MOD_ZTA_HANDLER_METADATA "zta-metadata"
#define MOD_ZTA_HANDLER_SIGNALS  "zta-signals"

/*
 * SetHandler, which httpd tells us, too: where it names one of ours, the section has stage 0, and
 * must be one that has a place.
 */
const char *mod_zta_handlers_note(cmd_parms *cmd, void *place, const char *word);
/* Does a place carry that handler of ours? */
bool mod_zta_handlers_is(const struct mod_zta_dir *dir, const char *name);

/*
 * The handler hook, before all others: a request that came in by stage 0 of such a place goes to
 * that handler or nowhere.
 */
int mod_zta_handlers_run(request_rec *r);

#endif

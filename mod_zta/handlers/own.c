/* SPDX-License-Identifier: Apache-2.0 */
/* The stage is set where SetHandler stands, so that it is merged, listed and shown as any other. */
#include "mod_zta/handlers/own.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/directives/words.h"
#include "mod_zta/handlers/logout.h"
#include "mod_zta/handlers/metadata.h"
#include "mod_zta/handlers/signals.h"

APLOG_USE_MODULE(zta);

/* httpd takes a handler's name in any case. */
static const char *find_own(const char *word)
{
    static const char *const names[] = {MOD_ZTA_HANDLER_LOGOUT, MOD_ZTA_HANDLER_METADATA,
                                        MOD_ZTA_HANDLER_SIGNALS};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(word, names[i]) == 0) {
            return names[i];
        }
    }
    return NULL;
}

const char *mod_zta_handlers_note(cmd_parms *cmd, void *place, const char *word)
{
    struct mod_zta_dir *dir = place;
    const char *name = find_own(word);
    const char *fault = name != NULL ? mod_zta_check_place(cmd) : NULL;
    if (name != NULL && fault == NULL && cmd->path == NULL) {
        fault = apr_psprintf(cmd->pool,
                             "SetHandler %s for a whole server, expected it in a section of its "
                             "own",
                             name);
    }
    if (fault == NULL) {
        dir->handler = name; /* the last one of a section holds */
    }
    return fault;
}

bool mod_zta_handlers_is(const struct mod_zta_dir *dir, const char *name)
{
    return dir->handler != NULL && strcmp(dir->handler, name) == 0;
}

int mod_zta_handlers_run(request_rec *r)
{
    const struct mod_zta_dir *dir = mod_zta_dir_of(r);
    if (mod_zta_handlers_is(dir, MOD_ZTA_HANDLER_METADATA)) {
        return mod_zta_metadata_handle(r);
    }
    if (r->handler != NULL && strcmp(r->handler, MOD_ZTA_HANDLER_LOGOUT) == 0) {
        return mod_zta_logout_handle(r);
    }
    if (r->handler != NULL && strcmp(r->handler, MOD_ZTA_HANDLER_SIGNALS) == 0) {
        return mod_zta_signals_handle(r);
    }
    if (!mod_zta_handlers_is(dir, MOD_ZTA_HANDLER_LOGOUT) &&
        !mod_zta_handlers_is(dir, MOD_ZTA_HANDLER_SIGNALS)) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ZTA0088: this place is open for %s alone, and something else would have "
                  "answered; refused",
                  dir->handler);
    return HTTP_FORBIDDEN;
}

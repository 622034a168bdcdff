/* SPDX-License-Identifier: Apache-2.0 */
/* The stage is set where SetHandler stands, so that it is merged, listed and shown as any other. */
#include "mod_zta/handlers/own.h"

#include <http_log.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/handlers/logout.h"

APLOG_USE_MODULE(zta);

const char *mod_zta_handlers_note(cmd_parms *cmd, void *place, const char *word)
{
    struct mod_zta_dir *dir = place;
    /* Elsewhere it is httpd's alone: the request was judged by the stage of where it went. */
    if (strcmp(word, MOD_ZTA_HANDLER_LOGOUT) != 0 || cmd->path == NULL ||
        mod_zta_check_place(cmd) != NULL) {
        return NULL;
    }
    dir->handler = MOD_ZTA_HANDLER_LOGOUT;
    return NULL;
}

int mod_zta_handlers_run(request_rec *r)
{
    const struct mod_zta_dir *dir = mod_zta_dir_of(r);
    const bool is_logout = r->handler != NULL && strcmp(r->handler, MOD_ZTA_HANDLER_LOGOUT) == 0;
    if (is_logout) {
        return mod_zta_logout_handle(r);
    }
    if (dir->handler == NULL || strcmp(dir->handler, MOD_ZTA_HANDLER_LOGOUT) != 0) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ZTA0088: this place is open for %s alone, and something else would have "
                  "answered; refused",
                  dir->handler);
    return HTTP_FORBIDDEN;
}

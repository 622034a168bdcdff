/* SPDX-License-Identifier: Apache-2.0 */
/* A handler is noted where SetHandler stands, so that it is merged and shown as any other. */
#include "mod_zta/handlers/own.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/directives/words.h"
#include "mod_zta/handlers/jwks.h"
#include "mod_zta/handlers/logout.h"
#include "mod_zta/handlers/metadata.h"
#include "mod_zta/handlers/metrics.h"
#include "mod_zta/handlers/signals.h"
#include "mod_zta/handlers/status.h"
#include "mod_zta/request.h"

APLOG_USE_MODULE(zta);

/* Of all their names. */
#define OWN_PREFIX "zta-"

struct own {
    const char *name;
    bool is_public;
    int (*handle)(request_rec *r);
};

static const struct own owns[] = {
    {.name = MOD_ZTA_HANDLER_JWKS, .is_public = true, .handle = mod_zta_jwks_handle},
    {.name = MOD_ZTA_HANDLER_LIVE, .handle = mod_zta_status_handle_live},
    {.name = MOD_ZTA_HANDLER_LOGOUT, .is_public = true, .handle = mod_zta_logout_handle},
    {.name = MOD_ZTA_HANDLER_METADATA, .is_public = true, .handle = mod_zta_metadata_handle},
    {.name = MOD_ZTA_HANDLER_METRICS, .handle = mod_zta_metrics_handle},
    {.name = MOD_ZTA_HANDLER_READY, .handle = mod_zta_status_handle_ready},
    {.name = MOD_ZTA_HANDLER_SIGNALS, .is_public = true, .handle = mod_zta_signals_handle},
    {.name = MOD_ZTA_HANDLER_STATUS, .handle = mod_zta_status_handle},
};

/* httpd takes a handler's name in any case; NULL: none of ours, which is nearly always. */
static const struct own *find_own(const char *word)
{
    const bool may_be = word != NULL && strncasecmp(word, OWN_PREFIX, sizeof(OWN_PREFIX) - 1) == 0;
    for (size_t i = 0; may_be && i < sizeof(owns) / sizeof(owns[0]); i++) {
        if (strcasecmp(word, owns[i].name) == 0) {
            return &owns[i];
        }
    }
    return NULL;
}

/* Beside the directive, whichever comes first: sections are read whole before they are walked. */
static bool has_require_beside(const ap_directive_t *directive)
{
    const ap_directive_t *node = directive->parent != NULL ? directive->parent->first_child : NULL;
    for (; node != NULL; node = node->next) {
        if (strncasecmp(node->directive, "Require", sizeof("Require") - 1) == 0 ||
            strncasecmp(node->directive, "<Require", sizeof("<Require") - 1) == 0) {
            return true;
        }
    }
    return false;
}

const char *mod_zta_handlers_note(cmd_parms *cmd, void *place, const char *word)
{
    struct mod_zta_dir *dir = place;
    const struct own *own = find_own(word);
    const char *fault = own != NULL ? mod_zta_check_place(cmd) : NULL;
    if (own != NULL && fault == NULL && cmd->path == NULL) {
        fault = apr_psprintf(cmd->pool,
                             "SetHandler %s for a whole server, expected it in a section of its "
                             "own",
                             own->name);
    }
    if (fault == NULL) {
        dir->handler = own != NULL ? own->name : NULL; /* the last one of a section holds */
        dir->has_require = own != NULL && has_require_beside(cmd->directive);
    }
    return fault;
}

bool mod_zta_handlers_is(const struct mod_zta_dir *dir, const char *name)
{
    return dir->handler != NULL && strcmp(dir->handler, name) == 0;
}

bool mod_zta_handlers_are_public(const struct mod_zta_dir *dir)
{
    const struct own *own = find_own(dir->handler);
    return own != NULL && own->is_public;
}

/*
 * An enforced rule that granted the request that the client sent, for what it named: not what a
 * rewrite or a subrequest made of it, nor ZTADefault allow.
 */
static bool is_granted_by_rule(const request_rec *r)
{
    const struct mod_zta_request *request = mod_zta_request_of(r);
    return request != NULL && r->main == NULL && r->prev == NULL && request->n_sides == 1 &&
           request->judged.stance.modes[ZTA_FEATURE_RULES] == ZTA_MODE_ENFORCE &&
           request->decision.verdict.outcome == ZTA_OUTCOME_ALLOW &&
           request->decision.n_granted_by > 0;
}

/* httpd has asked the Require lines already, or it would not be here. */
static int run_guarded(request_rec *r, const struct mod_zta_dir *dir, const struct own *own)
{
    if (!mod_zta_handlers_is(dir, own->name)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "ZTA0150: %s answers only where SetHandler names it; refused", own->name);
        return HTTP_FORBIDDEN;
    }
    if (!dir->has_require && !is_granted_by_rule(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "ZTA0151: %s refused: no Require stands beside its SetHandler, and no "
                      "enforced rule granted the request",
                      own->name);
        return HTTP_FORBIDDEN;
    }
    return own->handle(r);
}

int mod_zta_handlers_run(request_rec *r)
{
    const struct mod_zta_dir *dir = mod_zta_dir_of(r);
    const struct own *own = find_own(r->handler);
    if (mod_zta_handlers_is(dir, MOD_ZTA_HANDLER_METADATA)) {
        return mod_zta_metadata_handle(r);
    }
    if (own != NULL && !own->is_public) {
        return run_guarded(r, dir, own);
    }
    if (own != NULL && strcmp(own->name, MOD_ZTA_HANDLER_METADATA) != 0) {
        return own->handle(r);
    }
    if (!mod_zta_handlers_are_public(dir)) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "ZTA0088: this place is open for %s alone, and something else would have "
                  "answered; refused",
                  dir->handler);
    return HTTP_FORBIDDEN;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_zta: the table of contents. Every hook in the order in which a request meets it, and why it
 * stands there. Start reading at access.c; the decision itself is shared/rules/decide.h.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_protocol.h>
#include <http_request.h>

#include <ap_mpm.h>
#include <mod_proxy.h>
#include <mod_status.h>
#include <mpm_common.h>

#include "mod_zta/access.h"
#include "mod_zta/authn.h"
#include "mod_zta/check.h"
#include "mod_zta/config.h"
#include "mod_zta/connection.h"
#include "mod_zta/enforce.h"
#include "mod_zta/handlers/own.h"
#include "mod_zta/handlers/status.h"
#include "mod_zta/lifecycle.h"
#include "mod_zta/output/ids.h"
#include "mod_zta/output/problem.h"
#include "mod_zta/providers.h"
#include "mod_zta/record.h"
#include "mod_zta/tunnel.h"

static void register_hooks(apr_pool_t *p)
{
    /* The client's address is only known after mod_remoteip. */
    static const char *const after_remoteip[] = {"mod_remoteip.c", "mod_setenvif.c", NULL};
    static const char *const after_dir[] = {"mod_dir.c", NULL};
    /* A firewall's last rules run where requests are logged, and our variables are for the log. */
    static const char *const after_firewall[] = {"mod_security2.c", NULL};
    static const char *const before_logs[] = {"mod_log_config.c", NULL};

    /* Configuration and processes. */
    ap_hook_pre_config(mod_zta_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(mod_zta_check_config, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(mod_zta_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(mod_zta_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_status(mod_zta_child_status, NULL, NULL, APR_HOOK_MIDDLE);
    /* Room for what requests of a connection share, before its streams could want it. */
    ap_hook_pre_connection(mod_zta_connection_begin, NULL, NULL, APR_HOOK_MIDDLE);

    /* 1. Headers are scrubbed and the path is read before anything can act on either. */
    ap_hook_post_read_request(mod_zta_access_begin, after_remoteip, NULL, APR_HOOK_FIRST);

    /* A server that is unsafe after a restart answers 503, before a cache could answer. */
    ap_hook_quick_handler(mod_zta_access_quick, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* 2. The external side, before any rewrite, alias or redirect, and before TRACE and "OPTIONS *"
     * are answered in map_to_storage. pre_translate_name comes first where mod_proxy maps there. */
    ap_hook_pre_translate_name(mod_zta_access_judge, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(mod_zta_access_judge, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* 3. The mapped side, where its place or uri differs; skipped by httpd under `Satisfy Any`. */
    ap_hook_check_access_ex(mod_zta_access_enter, NULL, NULL, APR_HOOK_REALLY_FIRST,
                            AP_AUTH_INTERNAL_PER_CONF);

    /* 4. `AuthType ZTA` with `Require valid-user`: the identity stands already. */
    ap_hook_check_authn(mod_zta_authn, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);

    /* Authorization of httpd's own may ask for what was verified: Require zta-role and others. */
    mod_zta_providers_register(p);

    /* 5. The guard: the one hook that every form of request passes before a handler (measured). */
    ap_hook_fixups(mod_zta_access_guard, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* Again behind mod_dir, which gives a request the uri and the place of an index. */
    ap_hook_fixups(mod_zta_access_guard, after_dir, NULL, APR_HOOK_REALLY_LAST);

    /* From its handler on a request may be open for long; it was refused before, if at all. */
    ap_hook_insert_filter(mod_zta_tunnel_begin, NULL, NULL, APR_HOOK_FIRST);
    APR_OPTIONAL_HOOK(proxy, create_req, mod_zta_tunnel_reach, NULL, NULL, APR_HOOK_MIDDLE);

    /* 6. What we answer ourselves, before a ProxyPass for all paths: ZTAPreflight and ours. */
    ap_hook_handler(mod_zta_enforce_preflight, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mod_zta_handlers_run, NULL, NULL, APR_HOOK_REALLY_FIRST);
    APR_OPTIONAL_HOOK(ap, status_hook, mod_zta_status_page, NULL, NULL, APR_HOOK_MIDDLE);

    /* 7. Our ids are said once. Bodies of refusals; an ErrorDocument of the administrator wins. */
    ap_hook_insert_filter(mod_zta_ids_insert, NULL, NULL, APR_HOOK_LAST);
    ap_hook_insert_error_filter(mod_zta_problem_insert, NULL, NULL, APR_HOOK_LAST);

    /* 8. The event, once the client has its answer. */
    ap_hook_log_transaction(mod_zta_record_event, after_firewall, before_logs, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA zta_module = {
    STANDARD20_MODULE_STUFF, mod_zta_dir_create, mod_zta_dir_merge,   mod_zta_server_create, NULL,
    mod_zta_commands,        register_hooks,     AP_MODULE_FLAG_NONE,
};

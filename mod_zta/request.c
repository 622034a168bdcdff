/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, making and handing on the state of a request. */
#include "mod_zta/request.h"

#include <apr_strings.h>

#include "shared/base/clock.h"

struct mod_zta_request *mod_zta_request_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &zta_module);
}

struct mod_zta_request *mod_zta_request_create(request_rec *r)
{
    struct mod_zta_request *request = apr_pcalloc(r->pool, sizeof(*request));
    request->path = "";
    request->arrived_ns = zta_clock_real_ns();
    request->started_ns = zta_clock_monotonic_ns();
    zta_ulid_make(request->arrived_ns, &request->id);
    zta_ulid_print(&request->id, request->id_text);
    ap_set_module_config(r->request_config, &zta_module, request);
    return request;
}

struct mod_zta_request *mod_zta_request_adopt(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    const request_rec *from = r->main != NULL ? r->main : r->prev;
    if (request != NULL || from == NULL) {
        return request;
    }
    request = mod_zta_request_of(from);
    if (request != NULL && r->main != NULL) {
        /*
         * Its own result must not become the main request's, but identity and charges are shared.
         */
        request = apr_pmemdup(r->pool, request, sizeof(*request));
        request->is_subrequest = true;
        request->n_sides = 0;
    }
    ap_set_module_config(r->request_config, &zta_module, request);
    return request;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, making and handing on the state of a request. */
#include "mod_zta/request.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/block.h"
#include "shared/base/clock.h"

/* What every request that is governed needs. */
struct memory {
    struct mod_zta_request request;
    struct zta_identity identity;
};
_Static_assert(sizeof(struct memory) <= MOD_ZTA_BLOCK_SIZE, "a block has room for it");

struct mod_zta_request *mod_zta_request_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &zta_module);
}

struct mod_zta_request *mod_zta_request_create(request_rec *r)
{
    struct memory *memory = mod_zta_block_take(r->pool);
    struct mod_zta_request *request = &memory->request;
    memset(request, 0, sizeof(*request)); /* the identity's producer fills it */
    request->spare = &memory->identity;
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
        request->spare = NULL;
        request->n_sides = 0;
    }
    ap_set_module_config(r->request_config, &zta_module, request);
    return request;
}

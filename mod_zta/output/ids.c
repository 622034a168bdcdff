/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ours stand in err_headers_out; httpd adds the back end's from headers_out, which would double
 * them.
 */
#include "mod_zta/output/ids.h"

#include <util_filter.h>

#include "mod_zta/request.h"

#define FILTER_NAME "ZTA_IDS"

static apr_status_t remove_foreign(ap_filter_t *filter, apr_bucket_brigade *in)
{
    const struct mod_zta_request *request = mod_zta_request_of(filter->r);
    apr_table_unset(filter->r->headers_out, "X-ZTA-Id");
    apr_table_unset(filter->r->headers_out, "X-Request-Id");
    if (request != NULL && request->credential.place == MOD_ZTA_PLACE_QUERY) {
        /* RFC 6750 section 2.3: the token is part of the address of this answer. */
        apr_table_setn(filter->r->headers_out, "Cache-Control", "private, no-store");
        apr_table_setn(filter->r->headers_out, "Referrer-Policy", "no-referrer");
    }
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, in);
}

static ap_filter_rec_t *registered;

void mod_zta_ids_register(void)
{
    registered = ap_register_output_filter(FILTER_NAME, remove_foreign, NULL, AP_FTYPE_CONTENT_SET);
}

void mod_zta_ids_insert(request_rec *r)
{
    const struct mod_zta_request *request = mod_zta_request_of(r);
    if (request != NULL && r->main == NULL && request->stance.stage > 0) {
        ap_add_output_filter_handle(registered, NULL, r, r->connection);
    }
}

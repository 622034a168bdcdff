/* SPDX-License-Identifier: Apache-2.0 */
/* r->user must be set whenever OK is returned, or httpd answers 500 (AH00027). */
#include "mod_zta/authn.h"

#include <http_core.h>

#include <apr_strings.h>

#include "mod_zta/present.h"
#include "mod_zta/request.h"

int mod_zta_authn(request_rec *r)
{
    const struct mod_zta_request *request = mod_zta_request_of(r);
    const char *type = ap_auth_type(r);
    /* A place for browsers takes other credentials, too: who came with one needs no login. */
    bool is_other_than_login = request != NULL && request->identity != NULL &&
                               mod_zta_sources_of(mod_zta_dir_of(r))->has_openidc && type != NULL &&
                               strcasecmp(type, "openid-connect") == 0;
    if (type == NULL || (strcasecmp(type, "ZTA") != 0 && !is_other_than_login)) {
        return DECLINED;
    }
    if (request == NULL || request->identity == NULL ||
        zta_text_is_absent(request->identity->subject)) {
        return HTTP_UNAUTHORIZED;
    }
    r->user =
        apr_pstrmemdup(r->pool, request->identity->subject.data, request->identity->subject.len);
    r->ap_auth_type = apr_pstrdup(r->pool, "ZTA");
    return OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted headers for the API; they were scrubbed from what the client sent, so they are ours. */
#include "mod_zta/output/upstream.h"

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "mod_zta/assertion.h"
#include "mod_zta/device.h"
#include "mod_zta/output/scrub.h"
#include "mod_zta/present.h"
#include "shared/base/percent.h"
#include "shared/base/trace.h"

/* What another side of the request set does not hold for this one. */
static void forget_others(request_rec *r)
{
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    for (int i = 0; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;
        if (strncasecmp(name, "X-ZTA-", sizeof("X-ZTA-") - 1) == 0) {
            mod_zta_scrub_own(r);
            return;
        }
    }
}

static void set_text(request_rec *r, const char *name, struct zta_text value)
{
    if (zta_text_is_absent(value)) {
        return;
    }
    char *out = apr_palloc(r->pool, ZTA_PERCENT_LEN(value.len) + 1);
    out[zta_percent_encode(value, '\0', out)] = '\0';
    apr_table_addn(r->headers_in, name, out);
}

static void set_roles(request_rec *r, const struct zta_identity *identity)
{
    size_t size = 1;
    for (size_t i = 0; i < identity->roles.n; i++) {
        size += ZTA_PERCENT_LEN(zta_identity_value(identity, &identity->roles, i).len) + 1;
    }
    if (identity->roles.n == 0) {
        return;
    }
    char *out = apr_palloc(r->pool, size);
    size_t at = 0;
    for (size_t i = 0; i < identity->roles.n; i++) {
        if (i > 0) {
            out[at++] = ',';
        }
        at += zta_percent_encode(zta_identity_value(identity, &identity->roles, i), ',', out + at);
    }
    out[at] = '\0';
    apr_table_addn(r->headers_in, "X-ZTA-Roles", out);
}

static void set_identity(request_rec *r, const struct mod_zta_request *request)
{
    const struct zta_identity *identity = request->identity;
    set_text(r, "X-ZTA-Issuer", identity->issuer);
    set_text(r, "X-ZTA-Subject", identity->subject);
    set_text(r, "X-ZTA-Client", identity->client);
    set_roles(r, identity);
    if (request->stance.modes[ZTA_FEATURE_RISK] == ZTA_MODE_ENFORCE &&
        request->facts.risk != NULL) {
        apr_table_addn(r->headers_in, "X-ZTA-Risk", apr_itoa(r->pool, request->risk.score));
    }
    if (request->stance.modes[ZTA_FEATURE_DEVICE] == ZTA_MODE_ENFORCE) {
        set_text(r, "X-ZTA-Device", mod_zta_device_of(request));
    }
}

/*
 * The trace goes on, or begins with the id of the request, which is as good an id of a trace; the
 * span is ours either way (W3C Trace Context sections 3.2 and 4.3).
 */
static void set_trace(request_rec *r, struct mod_zta_request *request)
{
    struct zta_trace trace;
    char *text = apr_palloc(r->pool, ZTA_TRACEPARENT_LEN + 1);
    _Static_assert(sizeof(trace.id) == sizeof(request->id.bytes), "an id of ours is one of theirs");
    if (zta_trace_parse(zta_text_of(apr_table_get(r->headers_in, "traceparent")), &trace) !=
        ZTA_OK) {
        memcpy(trace.id, request->id.bytes, sizeof(trace.id));
        trace.flags = ZTA_TRACE_SAMPLED; /* our part is recorded: the decision */
        apr_table_unset(r->headers_in, "tracestate");
    }
    memcpy(trace.parent, request->id.bytes + sizeof(request->id.bytes) - sizeof(trace.parent),
           sizeof(trace.parent));
    zta_trace_print(&trace, text);
    apr_table_setn(r->headers_in, "traceparent", text);
    request->own_trace = memcmp(trace.id, request->id.bytes, sizeof(trace.id)) == 0 ? text : NULL;
}

const char *mod_zta_upstream_set(request_rec *r, struct mod_zta_request *request,
                                 const struct mod_zta_dir *dir)
{
    const int forward = dir->forward == MOD_ZTA_UNSET ? MOD_ZTA_FORWARD_IDENTITY : dir->forward;
    const char *fault = NULL;

    if (r->main != NULL && r->headers_in == r->main->headers_in) {
        /* What is said to the API of a part is not said to that of the whole. */
        r->headers_in = apr_table_copy(r->pool, r->headers_in);
    }
    forget_others(r);
    mod_zta_scrub_request_id(r);
    apr_table_addn(r->headers_in, "X-ZTA-Id", request->id_text);
    apr_table_addn(r->headers_in, "X-Request-Id",
                   request->parent_id != NULL ? request->parent_id : request->id_text);
    set_trace(r, request);
    if (request->identity == NULL) {
        /* A preflight that passes was not authenticated: what it carries goes no further. */
        mod_zta_present_remove_unread(r, dir);
        return NULL;
    }
    if ((forward & MOD_ZTA_FORWARD_AUTHORIZATION) == 0) {
        /* Only what was read as the credential; another scheme's Authorization is not ours. */
        mod_zta_present_remove(r, request);
    }
    if ((forward & MOD_ZTA_FORWARD_IDENTITY) != 0) {
        set_identity(r, request);
    }
    if ((forward & MOD_ZTA_FORWARD_ASSERTION) != 0) {
        const char *assertion = mod_zta_assertion_of(r, request, dir, &fault);
        if (assertion == NULL) {
            return fault;
        }
        apr_table_setn(r->headers_in, mod_zta_global()->assertion->header, assertion);
    }
    return NULL;
}

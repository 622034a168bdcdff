/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces the text that httpd writes for an error of ours; no auth hook ever writes a body. */
#include "mod_zta/output/problem.h"

#include <http_core.h>
#include <http_protocol.h>
#include <mod_core.h>
#include <util_filter.h>

#include <apr_strings.h>

#include "mod_zta/request.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"
#include "shared/step_up.h"

/* APR's ring macros cast a volatile away where they are expanded. */
#pragma GCC diagnostic ignored "-Wcast-qual"

#define FILTER_NAME "ZTA_PROBLEM"
#define BODY_MAX    1024
#define TYPE_PREFIX "urn:zta:problem:"

/* Registered problem types (RateLimit header fields draft, section "Problem Types"). */
static const char *problem_type(request_rec *r, const struct mod_zta_request *request)
{
    switch (request->decision.verdict.reason) {
    case ZTA_REASON_RATE_LIMITED:
        return "https://iana.org/assignments/http-problem-types#quota-exceeded";
    case ZTA_REASON_STORE_UNAVAILABLE:
    case ZTA_REASON_ISSUER_UNAVAILABLE:
    case ZTA_REASON_FLEET_STALE:
        return "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";
    default:
        return apr_pstrcat(r->pool, TYPE_PREFIX, zta_reason_class(request->decision.verdict.reason),
                           NULL);
    }
}

/* The id as a URN: a ULID has the 128 bits of a UUID (RFC 9562 section 4). */
static const char *instance_urn(request_rec *r, const struct zta_ulid *id)
{
    char hex[2 * ZTA_ULID_SIZE + 1];
    zta_hex_encode(id->bytes, sizeof(id->bytes), hex);
    return apr_psprintf(r->pool, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                        hex + 16, hex + 20);
}

/* As in the challenge, for who reads JSON more easily. */
static void write_step_up(struct zta_json *json, const struct mod_zta_request *request)
{
    const struct zta_step_up *step_up = &request->decision.step_up;
    const int64_t age_s = zta_step_up_max_age(step_up, request->arrived_ns / ZTA_NS_PER_S);
    if (step_up->acr[0] != '\0') {
        zta_json_string(json, "acr_values", step_up->acr);
    }
    if (age_s >= 0) {
        zta_json_int(json, "max_age", age_s);
    }
}

static struct zta_text problem_body(request_rec *r, const struct mod_zta_request *request)
{
    char *data = apr_palloc(r->pool, BODY_MAX);
    struct zta_buffer buffer;
    struct zta_json json;
    enum zta_reason reason = request->decision.verdict.reason;

    zta_buffer_init(&buffer, data, BODY_MAX);
    zta_json_init(&json, &buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_string(&json, "type", problem_type(r, request));
    zta_json_string(&json, "title", zta_reason_title(reason));
    zta_json_int(&json, "status", r->status);
    zta_json_string(&json, "instance", instance_urn(r, &request->id));
    zta_json_string(&json, "request_id", request->id_text);
    if (reason == ZTA_REASON_INSUFFICIENT_SCOPE) {
        zta_json_string(&json, "scope", request->decision.scope);
    }
    if (reason == ZTA_REASON_STEP_UP_REQUIRED) {
        write_step_up(&json, request);
    }
    if (reason == ZTA_REASON_RATE_LIMITED && request->told.is_set) {
        zta_json_begin_array(&json, "violated-policies");
        zta_json_string(&json, NULL, request->told.name);
        zta_json_end_array(&json);
    }
    zta_json_end_object(&json);
    zta_buffer_string(&buffer, "\n");
    return (struct zta_text){.data = buffer.data, .len = buffer.len};
}

static apr_status_t replace_body(ap_filter_t *filter, apr_bucket_brigade *in)
{
    request_rec *r = filter->r;
    const struct mod_zta_request *request = mod_zta_request_of(r);
    apr_bucket *bucket = APR_BRIGADE_FIRST(in);

    while (bucket != APR_BRIGADE_SENTINEL(in)) {
        apr_bucket *next = APR_BUCKET_NEXT(bucket);
        if (!APR_BUCKET_IS_METADATA(bucket)) {
            apr_bucket_delete(bucket);
        }
        bucket = next;
    }
    if (filter->ctx == NULL) {
        struct zta_text body = problem_body(r, request);
        filter->ctx = filter;
        ap_set_content_type(r, "application/problem+json");
        ap_set_content_length(r, (apr_off_t)body.len);
        apr_table_unset(r->headers_out, "Content-Language");
        APR_BRIGADE_INSERT_HEAD(
            in, apr_bucket_pool_create(body.data, body.len, r->pool, filter->c->bucket_alloc));
    }
    return ap_pass_brigade(filter->next, in);
}

void mod_zta_problem_register(void)
{
    ap_register_output_filter(FILTER_NAME, replace_body, NULL, AP_FTYPE_CONTENT_SET);
}

void mod_zta_problem_insert(request_rec *r)
{
    const struct mod_zta_request *request = mod_zta_request_of(r);
    if (request != NULL && request->refused_by != NULL && !ap_is_HTTP_REDIRECT(r->status) &&
        ap_response_code_string(r, ap_index_of_response(r->status)) == NULL) {
        ap_add_output_filter(FILTER_NAME, NULL, r, r->connection);
    }
}

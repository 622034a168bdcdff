/* SPDX-License-Identifier: Apache-2.0 */
/* Form, token, mailbox, answer. Nothing is read of the store while the helper is waited for. */
#include "mod_zta/handlers/logout.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/handlers/message.h"
#include "mod_zta/identity/logout_token.h"
#include "mod_zta/keys.h"
#include "mod_zta/request.h"
#include "mod_zta/throttle.h"
#include "shared/base/clock.h"

APLOG_USE_MODULE(zta);

#define FORM_TYPE  "application/x-www-form-urlencoded"
#define ANSWER_MAX 512

/* What the issuer gets. */
struct answer {
    int status;
    const char *error;  /* NULL: none */
    const char *detail; /* for the operator */
};

static int send_answer(request_rec *r, struct mod_zta_request *request, const struct answer *answer)
{
    char body[ANSWER_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, body, sizeof(body));
    if (answer->error != NULL) {
        zta_buffer_printf(&buffer, "{\"error\":\"%s\"}\n", answer->error);
    }
    const struct mod_zta_message_answer sent = {.status = answer->status,
                                                .body = {.data = body, .len = buffer.len},
                                                .detail = answer->detail};
    return mod_zta_message_answer(r, request, &sent);
}

static const struct answer accepted = {.status = HTTP_OK};

static struct answer bad(const char *detail)
{
    return (struct answer){
        .status = HTTP_BAD_REQUEST, .error = "invalid_request", .detail = detail};
}

static struct answer unavailable(const char *detail)
{
    return (struct answer){
        .status = HTTP_SERVICE_UNAVAILABLE, .error = "temporarily_unavailable", .detail = detail};
}

/* ---- the form ---- */

static struct answer read_token(request_rec *r, struct zta_text *token)
{
    char *body;
    size_t len;
    if (!mod_zta_message_is_type(r, FORM_TYPE)) {
        return bad("the request is no form");
    }
    if (mod_zta_message_read(r, &body, &len) != HTTP_OK) {
        return bad("the form cannot be read or is above 64 KiB");
    }
    switch (mod_zta_logout_form(body, len, token)) {
    case ZTA_OK:
        return accepted;
    case ZTA_NOT_FOUND:
        return bad("the form has no logout_token");
    default:
        return bad("the form has more than one logout_token, or is badly encoded");
    }
}

/* ---- the token ---- */

/* The issuers that may log out anybody; with the newest keys that are there. */
static size_t collect_issuers(request_rec *r, struct mod_zta_logout_issuer **issuers)
{
    const apr_array_header_t *all = mod_zta_global()->issuers;
    struct mod_zta_look look;
    size_t n = 0;
    *issuers = apr_palloc(r->pool, sizeof(**issuers) * (size_t)(all->nelts + 1));
    mod_zta_look_begin(&look, zta_clock_monotonic_ns());
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_issuer_config *config =
            APR_ARRAY_IDX(all, i, struct mod_zta_issuer_config *);
        if (config->logout_clients == NULL) {
            continue;
        }
        mod_zta_keys_look(&config->issuer, look.view);
        (*issuers)[n++] = (struct mod_zta_logout_issuer){
            .issuer = &config->issuer,
            .clients = (const struct zta_text *)(const void *)config->logout_clients->elts,
            .n_clients = (size_t)config->logout_clients->nelts,
        };
    }
    mod_zta_look_end(&look);
    return n;
}

static struct answer judge(request_rec *r, struct zta_text token,
                           struct mod_zta_logout_result *result)
{
    struct mod_zta_logout_issuer *issuers;
    const size_t n = collect_issuers(r, &issuers);
    mod_zta_logout_judge(token, issuers, n, zta_clock_real_ns() / ZTA_NS_PER_S, result);
    switch (result->verdict) {
    case MOD_ZTA_LOGOUT_ACCEPTED:
        return accepted;
    case MOD_ZTA_LOGOUT_UNAVAILABLE:
        return unavailable(result->detail);
    case MOD_ZTA_LOGOUT_REFUSED:
        break;
    }
    if (result->is_key_unknown && mod_zta_keys_ask(result->issuer, zta_clock_monotonic_ns())) {
        return unavailable("the key is unknown, newer keys are being fetched");
    }
    return bad(result->detail);
}

/* ---- the mailbox ---- */

static struct answer deliver(const struct zta_signal_message *message)
{
    const char *detail = NULL;
    uint8_t data[ZTA_SIGNAL_SIZE_MAX];
    size_t size;
    if (zta_signal_message_encode(message, data, sizeof(data), &size) != ZTA_OK) {
        return bad("what the token says cannot be kept");
    }
    switch (mod_zta_message_deliver(data, size, &detail)) {
    case MOD_ZTA_DELIVERED:
        return accepted;
    case MOD_ZTA_DELIVERED_BEFORE:
        return bad("the same logout token came before");
    case MOD_ZTA_DELIVERY_REFUSED:
    case MOD_ZTA_DELIVERY_LATER:
        break;
    }
    return unavailable(detail);
}

/* ---- the request ---- */

static struct answer answer_post(request_rec *r, const struct mod_zta_request *request)
{
    struct mod_zta_logout_result *result = apr_palloc(r->pool, sizeof(*result));
    struct zta_text token;
    struct answer answer = read_token(r, &token);
    if (answer.status == HTTP_OK) {
        answer = judge(r, token, result);
    }
    if (answer.status == HTTP_OK) {
        answer = deliver(&result->message);
    }
    if (answer.status == HTTP_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0086: issuer %s ended a %s, id %s",
                      result->issuer->name.data, zta_signal_kind_name(result->message.signal.kind),
                      request->id_text);
        return answer;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0087: logout refused, %s, id %s", answer.detail,
                  request->id_text);
    if (answer.status == HTTP_BAD_REQUEST) {
        mod_zta_throttle_note_failure(request, ZTA_MODE_ENFORCE);
    }
    return answer;
}

int mod_zta_logout_handle(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    struct answer answer = unavailable("no place of this server has a stage");
    if (r->method_number != M_POST) {
        apr_table_setn(r->headers_out, "Allow", "POST");
        answer = (struct answer){.status = HTTP_METHOD_NOT_ALLOWED, .error = "invalid_request"};
    }
    else if (request != NULL && mod_zta_throttle_has_failed_too_often(request, ZTA_MODE_ENFORCE)) {
        answer = (struct answer){.status = HTTP_TOO_MANY_REQUESTS,
                                 .error = "slow_down",
                                 .detail = "too many bad logout tokens from this address"};
    }
    else if (request != NULL) {
        answer = answer_post(r, request);
    }
    return send_answer(r, request, &answer);
}

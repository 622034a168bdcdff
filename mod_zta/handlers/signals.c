/* SPDX-License-Identifier: Apache-2.0 */
/* Body, event, who may send it, mailbox, answer. */
#include "mod_zta/handlers/signals.h"

#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/handlers/message.h"
#include "mod_zta/identity/set_token.h"
#include "mod_zta/keys.h"
#include "mod_zta/request.h"
#include "mod_zta/throttle.h"
#include "mod_zta/transmitter_config.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/json.h"

APLOG_USE_MODULE(zta);

#define SET_TYPE   "application/secevent+jwt"
#define ANSWER_MAX 512

/* What the transmitter gets. */
struct answer {
    int status;
    const char *err;    /* of 400: the code of RFC 8935 section 2.4 */
    const char *detail; /* for the operator; with err for the transmitter, too */
};

static const struct answer accepted = {.status = HTTP_ACCEPTED};

static struct answer plain(int status, const char *detail)
{
    return (struct answer){.status = status, .detail = detail};
}

static struct answer bad(const char *err, const char *detail)
{
    return (struct answer){.status = HTTP_BAD_REQUEST, .err = err, .detail = detail};
}

static int send_answer(request_rec *r, struct mod_zta_request *request, const struct answer *answer)
{
    char body[ANSWER_MAX];
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, body, sizeof(body));
    if (answer->err != NULL) {
        apr_table_setn(r->headers_out, "Content-Language", "en");
        zta_json_init(&json, &buffer);
        zta_json_begin_object(&json, NULL);
        zta_json_string(&json, "err", answer->err);
        zta_json_string(&json, "description", answer->detail);
        zta_json_end_object(&json);
    }
    const struct mod_zta_message_answer sent = {.status = answer->status,
                                                .body = {.data = body, .len = buffer.len},
                                                .detail = answer->detail};
    return mod_zta_message_answer(r, request, &sent);
}

/* ---- the event ---- */

static struct answer read_set(request_rec *r, struct zta_text *set)
{
    char *body;
    size_t len;
    if (!mod_zta_message_is_type(r, SET_TYPE)) {
        return plain(HTTP_UNSUPPORTED_MEDIA_TYPE, "the body is no " SET_TYPE);
    }
    const int status = mod_zta_message_read(r, &body, &len);
    *set = (struct zta_text){.data = body, .len = len};
    return status == HTTP_OK ? accepted
                             : plain(status, "the body cannot be read or is above 64 KiB");
}

/* With the newest keys that are there. */
static size_t collect(request_rec *r, const struct mod_zta_transmitter ***transmitters)
{
    const apr_array_header_t *all = mod_zta_global()->transmitters;
    struct mod_zta_look look;
    *transmitters = apr_palloc(r->pool, sizeof(**transmitters) * (size_t)(all->nelts + 1));
    mod_zta_look_begin(&look, zta_clock_monotonic_ns());
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_transmitter_config *config =
            APR_ARRAY_IDX(all, i, struct mod_zta_transmitter_config *);
        mod_zta_keys_look(&config->keys.issuer, look.view);
        (*transmitters)[i] = &config->transmitter;
    }
    mod_zta_look_end(&look);
    return (size_t)all->nelts;
}

static const struct mod_zta_transmitter_config *
config_of(const struct mod_zta_transmitter *transmitter)
{
    return (const struct mod_zta_transmitter_config
                *)(const void *)((const char *)transmitter -
                                 offsetof(struct mod_zta_transmitter_config, transmitter));
}

static struct answer judge(request_rec *r, struct zta_text set, struct mod_zta_set_result *result)
{
    const struct mod_zta_transmitter **transmitters;
    const size_t n = collect(r, &transmitters);
    mod_zta_set_judge(set, transmitters, n, zta_clock_real_ns() / ZTA_NS_PER_S, result);
    switch (result->verdict) {
    case MOD_ZTA_SET_ACCEPTED:
        return accepted;
    case MOD_ZTA_SET_UNAVAILABLE:
        return plain(HTTP_SERVICE_UNAVAILABLE, result->detail);
    case MOD_ZTA_SET_REFUSED:
        break;
    }
    if (result->is_key_unknown &&
        mod_zta_keys_ask(result->transmitter->issuer, zta_clock_monotonic_ns())) {
        return plain(HTTP_SERVICE_UNAVAILABLE, "the key is unknown, newer keys are being fetched");
    }
    return bad(result->err, result->detail);
}

/* ---- who sends it ---- */

/* By digests, so that neither text nor length shows in the time it takes. */
static struct answer check_sender(request_rec *r, const struct mod_zta_request *request,
                                  const struct mod_zta_transmitter_config *config)
{
    const char *given = apr_table_get(r->headers_in, "Authorization");
    struct zta_sha256 expected;
    struct zta_sha256 presented;
    if (!zta_text_is_absent(config->authorization)) {
        zta_sha256(config->authorization.data, config->authorization.len, &expected);
        zta_sha256(given != NULL ? given : "", given != NULL ? strlen(given) : 0, &presented);
        if (!zta_secret_equal(expected.bytes, presented.bytes, sizeof(expected.bytes))) {
            return bad("authentication_failed", "the Authorization header is not the agreed one");
        }
    }
    return mod_zta_throttle_transmitter(request, config->keys.issuer.name)
               ? plain(HTTP_TOO_MANY_REQUESTS, "the transmitter sends too much")
               : accepted;
}

static struct answer deliver(const struct zta_notice *notice)
{
    const char *detail = NULL;
    uint8_t data[ZTA_NOTICE_SIZE_MAX];
    size_t size;
    if (zta_notice_encode(notice, data, sizeof(data), &size) != ZTA_OK) {
        return bad("invalid_request", "what the event says cannot be kept");
    }
    switch (mod_zta_message_deliver(data, size, &detail)) {
    case MOD_ZTA_DELIVERED:
    case MOD_ZTA_DELIVERED_BEFORE:
        return accepted;
    case MOD_ZTA_DELIVERY_REFUSED:
        if (notice->kind == ZTA_NOTICE_VERIFICATION) {
            return bad("invalid_state", MOD_ZTA_SET_BAD_STATE);
        }
        break;
    case MOD_ZTA_DELIVERY_LATER:
        break;
    }
    return plain(HTTP_SERVICE_UNAVAILABLE, detail);
}

/* ---- the request ---- */

static struct answer answer_post(request_rec *r, const struct mod_zta_request *request)
{
    struct mod_zta_set_result *result = apr_palloc(r->pool, sizeof(*result));
    struct zta_text set;
    struct answer answer = read_set(r, &set);
    if (answer.status == HTTP_ACCEPTED) {
        answer = judge(r, set, result);
    }
    if (answer.status == HTTP_ACCEPTED) {
        answer = check_sender(r, request, config_of(result->transmitter));
    }
    if (answer.status == HTTP_ACCEPTED) {
        answer = deliver(&result->notice);
    }
    if (answer.status == HTTP_ACCEPTED) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0123: transmitter %s sent %.*s, id %s",
                      result->transmitter->issuer->name.data, (int)result->notice.type.len,
                      result->notice.type.data, request->id_text);
        return answer;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0124: signal not taken, %s%s%s, id %s",
                  answer.err != NULL ? answer.err : "", answer.err != NULL ? ": " : "",
                  answer.detail, request->id_text);
    if (answer.status == HTTP_BAD_REQUEST) {
        mod_zta_throttle_note_failure(request, ZTA_MODE_ENFORCE);
    }
    return answer;
}

int mod_zta_signals_handle(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    struct answer answer = plain(HTTP_SERVICE_UNAVAILABLE, "no place of this server has a stage");
    if (r->method_number != M_POST) {
        apr_table_setn(r->headers_out, "Allow", "POST");
        answer = plain(HTTP_METHOD_NOT_ALLOWED, "signals are pushed by POST");
    }
    else if (request != NULL && mod_zta_throttle_has_failed_too_often(request, ZTA_MODE_ENFORCE)) {
        answer = plain(HTTP_TOO_MANY_REQUESTS, "too many bad signals from this address");
    }
    else if (request != NULL) {
        answer = answer_post(r, request);
    }
    return send_answer(r, request, &answer);
}

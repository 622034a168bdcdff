/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds first, then one call; what goes wrong is the issuer's fault or ours, never the user's. */
#include "mod_zta/introspect.h"

#include <http_log.h>

#include <ap_mpm.h>
#include <apr_strings.h>

#include <openssl/crypto.h>
#include <stdlib.h>

#include "mod_zta/identity/http.h"
#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/live/token_cache.h"
#include "shared/store/keysets.h"

APLOG_USE_MODULE(zta);

#define CALL_MS        2000 /* name, connection, TLS and answer */
#define LEAST_MS       1000 /* who has waited for another asks only if so much of it is left */
#define NS_PER_MS      (ZTA_NS_PER_S / 1000)
#define POLL_US        5000
#define WORKERS_SHARE  20 /* one in so many workers asks */
#define WAITERS_SHARE  4  /* one in so many waits for another's answer */
#define WAITERS_MIN    8
#define RENEWAL_S      3600 /* so long after its last good answer a token is not garbage */
#define RETRY_ROOM_S   1
#define RETRY_ISSUER_S (ZTA_BREAKER_OPEN_NS / ZTA_NS_PER_S)

static uint32_t n_calls = 1;
static uint32_t n_waits = WAITERS_MIN;
static bool is_ready;

static uint32_t share_of(uint32_t workers, uint32_t share, uint32_t least, uint32_t most)
{
    uint32_t n = workers / share;
    if (n < least) {
        n = least;
    }
    return n < most ? n : most;
}

static uint32_t asked_of_mpm(int what)
{
    int n = 0;
    return ap_mpm_query(what, &n) == APR_SUCCESS && n > 0 ? (uint32_t)n : 1;
}

static apr_status_t close_connections(void *unused)
{
    mod_zta_http_close_idle();
    return APR_SUCCESS;
}

void mod_zta_introspect_child_begin(apr_pool_t *pchild, server_rec *s)
{
    bool is_needed = false;
    for (int i = 0; i < mod_zta_global()->issuers->nelts; i++) {
        const struct mod_zta_issuer_config *config =
            APR_ARRAY_IDX(mod_zta_global()->issuers, i, struct mod_zta_issuer_config *);
        is_needed = is_needed || config->issuer.introspection != NULL;
    }
    if (!is_needed || is_ready) {
        return;
    }
    uint32_t workers = asked_of_mpm(AP_MPMQ_MAX_DAEMONS) * asked_of_mpm(AP_MPMQ_MAX_THREADS);
    n_calls = share_of(workers, WORKERS_SHARE, 1, ZTA_FLIGHTS_MAX);
    n_waits = share_of(workers, WAITERS_SHARE, WAITERS_MIN, ZTA_FLIGHT_WAITS_MAX);
    is_ready = mod_zta_http_begin() == ZTA_OK;
    if (!is_ready) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "ZTA0090: libcurl does not begin: opaque tokens get 503");
        return;
    }
    apr_pool_cleanup_register(pchild, NULL, close_connections, apr_pool_cleanup_null);
}

const struct mod_zta_issuer *mod_zta_introspect_issuer(const struct mod_zta_accept *accept,
                                                       struct zta_text token)
{
    for (size_t i = 0; i < accept->n_issuers; i++) {
        if (mod_zta_introspection_asks(accept->issuers[i], token)) {
            return accept->issuers[i];
        }
    }
    return NULL;
}

/* ---- bounds ---- */

static enum mod_zta_question_state refuse(struct mod_zta_question *question, const char *detail,
                                          int64_t retry_s)
{
    question->request->detail = detail;
    question->request->retry_after_s = retry_s;
    return MOD_ZTA_QUESTION_REFUSED;
}

/* Where to ask: as configured, or as the issuer's metadata say, which the helper has fetched. */
static const char *find_url(const struct mod_zta_question *question)
{
    const struct mod_zta_issuer *issuer = question->issuer;
    struct zta_keyset_record record;
    void *storage = NULL;
    const char *url = issuer->introspection->url;
    if (url != NULL || question->look->view == NULL ||
        zta_keyset_get(question->look->view, issuer->name, &record, &storage) != ZTA_OK) {
        return url;
    }
    if (record.introspection_endpoint.len > 0 && zta_text_equal(record.url, issuer->url)) {
        url = apr_pstrmemdup(question->r->pool, record.introspection_endpoint.data,
                             record.introspection_endpoint.len);
    }
    free(storage);
    return url;
}

static void look_again(struct mod_zta_question *question)
{
    mod_zta_look_begin(question->look, zta_clock_monotonic_ns());
}

/* Waits for the request that asks, but not past its own time. */
static enum mod_zta_question_state follow(struct mod_zta_question *question)
{
    enum zta_flight_state state;
    int64_t now_ns;
    mod_zta_look_end(question->look);
    do {
        apr_sleep(POLL_US);
        now_ns = zta_clock_monotonic_ns();
        state = zta_flight_look(mod_zta_segment(), &question->flight, now_ns);
    } while (state == ZTA_FLIGHT_RUNNING && now_ns < question->deadline_ns);
    zta_flight_leave(mod_zta_segment(), &question->flight);
    look_again(question);
    if (state == ZTA_FLIGHT_RUNNING || state == ZTA_FLIGHT_FAILED) {
        return refuse(question, "its issuer did not answer another request about the same token",
                      RETRY_ROOM_S);
    }
    return MOD_ZTA_QUESTION_WAITED;
}

/* ---- tokens that were active lately ---- */

static struct zta_token_key renewal_key(const struct mod_zta_question *question)
{
    return (struct zta_token_key){
        .token = *question->digest,
        .issuer = question->issuer->config_hash,
        .keys = ~question->issuer->introspection->hash, /* never that of a kept answer */
    };
}

/* It lets nobody in: it tells a user's token from garbage, which no answer ever called active. */
static void note_active(const struct mod_zta_question *question)
{
    const struct zta_token_key key = renewal_key(question);
    const int64_t until_s = zta_clock_real_ns() / ZTA_NS_PER_S + RENEWAL_S;
    if (zta_token_cache_put(mod_zta_segment(), mod_zta_child_incarnation(), &key, "", 1, until_s,
                            0) != ZTA_OK) {
        return; /* a lost chance, no more */
    }
}

static bool was_active(const struct mod_zta_question *question)
{
    const struct zta_token_key key = renewal_key(question);
    struct zta_token_place place;
    uint64_t cleared;
    size_t size;
    char note[1];
    return zta_token_cache_get(mod_zta_segment(), &key, zta_clock_real_ns() / ZTA_NS_PER_S, note,
                               sizeof(note), &size, &cleared, &place) == ZTA_OK;
}

static enum mod_zta_question_state take_off(struct mod_zta_question *question, int64_t now_ns)
{
    const struct zta_flight_question flight = {
        .issuer = question->issuer->config_hash,
        .token = *question->digest,
        .addr = question->request->facts.addr,
        .is_renewal = was_active(question),
        .n_calls = n_calls,
        .n_waits = n_waits,
    };
    switch (zta_flight_begin(mod_zta_segment(), mod_zta_child_incarnation(), &flight, now_ns,
                             &question->flight)) {
    case ZTA_OK:
        mod_zta_look_end(question->look);
        return MOD_ZTA_QUESTION_LEADS;
    case ZTA_EXISTS:
        return follow(question);
    case ZTA_BUSY:
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_INTROSPECTIONS_NO_ROOM, 1);
        return refuse(question, "its issuer fails to answer and is not asked for a while",
                      RETRY_ISSUER_S);
    default:
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_INTROSPECTIONS_NO_ROOM, 1);
        return refuse(question, "too many opaque tokens are being asked about", RETRY_ROOM_S);
    }
}

enum mod_zta_question_state mod_zta_introspect_begin(struct mod_zta_question *question)
{
    int64_t now_ns = zta_clock_monotonic_ns();
    if (question->deadline_ns == 0) {
        question->deadline_ns = now_ns + CALL_MS * NS_PER_MS;
        question->was_read = question->look->view != NULL;
    }
    if (now_ns > question->deadline_ns - LEAST_MS * NS_PER_MS) {
        return refuse(question, "its issuer was not asked in time", RETRY_ROOM_S);
    }
    question->url = is_ready ? find_url(question) : NULL;
    if (question->url == NULL) {
        return refuse(question, "where to ask about it is not known", RETRY_ISSUER_S);
    }
    return take_off(question, now_ns);
}

bool mod_zta_introspect_is_read(const struct mod_zta_question *question)
{
    return question->look->view != NULL || !question->was_read;
}

/* ---- the call ---- */

static void judge(const struct mod_zta_question *question, const struct mod_zta_http_answer *got,
                  struct zta_identity *identity, struct mod_zta_introspection_result *result)
{
    const struct mod_zta_introspection_answer answer = {
        .issuer = question->issuer,
        .token = question->token,
        .http_status = got->status,
        .body = {.data = got->body != NULL ? got->body : "", .len = got->body_len},
        .claims = question->request->rules->claims,
        .n_claims = question->request->rules->n_claims,
        .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
    };
    mod_zta_introspection_judge(&answer, apr_palloc(question->r->pool, ZTA_IDENTITY_SIZE_MAX),
                                ZTA_IDENTITY_SIZE_MAX, identity, result);
}

/* ZTA_OK: there is an answer. The form and the header hold secrets: they are wiped. */
static enum zta_status call(const struct mod_zta_question *question,
                            struct mod_zta_http_answer *answer, struct zta_error *error)
{
    char *form_text = apr_palloc(question->r->pool, MOD_ZTA_FORM_SIZE);
    char value[MOD_ZTA_AUTHORIZATION_SIZE];
    struct zta_buffer form;
    struct zta_buffer authorization;
    zta_buffer_init(&form, form_text, MOD_ZTA_FORM_SIZE);
    zta_buffer_init(&authorization, value, sizeof(value));
    enum zta_status status =
        mod_zta_introspection_write(question->issuer, question->token,
                                    zta_clock_real_ns() / ZTA_NS_PER_S, &form, &authorization);
    if (status == ZTA_OK) {
        int64_t left_ms = (question->deadline_ns - zta_clock_monotonic_ns()) / NS_PER_MS;
        const struct mod_zta_http_request request = {
            .url = question->url,
            .ca_file = mod_zta_global()->ca_file,
            .form = form_text,
            .authorization = value,
            .keeps_connection = true,
            .body_max = MOD_ZTA_ANSWER_MAX,
            .timeout_ms = left_ms > 1 ? left_ms : 1,
        };
        status = mod_zta_http_post(&request, answer, error);
    }
    else {
        (void)zta_error_set(error, status, "the question cannot be written: %s",
                            zta_status_text(status));
    }
    OPENSSL_cleanse(form_text, MOD_ZTA_FORM_SIZE);
    OPENSSL_cleanse(value, sizeof(value));
    return status;
}

void mod_zta_introspect_ask(struct mod_zta_question *question, struct zta_identity *identity,
                            struct mod_zta_introspection_result *result)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct mod_zta_http_answer answer = {.status = 0};
    zta_counter_add(mod_zta_segment(), ZTA_COUNTER_INTROSPECTIONS, 1);
    if (call(question, &answer, &error) == ZTA_OK) {
        judge(question, &answer, identity, result);
        free(answer.body);
        if (result->reason == ZTA_REASON_OK) {
            note_active(question);
        }
        return;
    }
    *result = (struct mod_zta_introspection_result){.reason = ZTA_REASON_ISSUER_UNAVAILABLE};
    apr_snprintf(result->detail, sizeof(result->detail), "introspection: %s", error.text);
}

/* Once at the start of each trouble, whose end the helper's alert tells. */
static void complain(const struct mod_zta_question *question,
                     const struct mod_zta_introspection_result *result)
{
    const struct zta_breaker_state before =
        zta_breaker_look(mod_zta_segment(), question->issuer->config_hash);
    const char *name =
        apr_pstrmemdup(question->r->pool, question->issuer->name.data, question->issuer->name.len);
    if (result->outcome == MOD_ZTA_INTROSPECTION_REFUSED &&
        before.fault != ZTA_FLIGHT_END_REFUSED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, question->r,
                      "ZTA0091: issuer %s: %s: look at the client and its secret of ZTAIntrospect",
                      name, result->detail);
    }
    else if (result->outcome == MOD_ZTA_INTROSPECTION_UNREADABLE && before.n_failures == 0) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, question->r, "ZTA0092: issuer %s: %s", name,
                      result->detail);
    }
}

void mod_zta_introspect_end(struct mod_zta_question *question,
                            const struct mod_zta_introspection_result *result)
{
    static const enum zta_flight_end ends[] = {
        [MOD_ZTA_INTROSPECTION_UNREADABLE] = ZTA_FLIGHT_END_UNREACHABLE,
        [MOD_ZTA_INTROSPECTION_REFUSED] = ZTA_FLIGHT_END_REFUSED,
        [MOD_ZTA_INTROSPECTION_VERDICT] = ZTA_FLIGHT_END_VERDICT,
    };
    if (result->outcome != MOD_ZTA_INTROSPECTION_VERDICT) {
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_INTROSPECTIONS_FAILED, 1);
        complain(question, result);
        question->request->retry_after_s = RETRY_ROOM_S;
    }
    zta_flight_end(mod_zta_segment(), &question->flight, ends[result->outcome],
                   zta_clock_monotonic_ns());
    look_again(question);
}

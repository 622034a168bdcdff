/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reading; then a letter, and waiting for the helper's commit. */
#include "mod_zta/handlers/message.h"

#include <http_protocol.h>

#include <apr_strings.h>
#include <apr_time.h>

#include <string.h>

#include "mod_zta/child.h"
#include "shared/base/clock.h"
#include "shared/live/mailbox.h"

#define WAIT_NS (2 * ZTA_NS_PER_S)
#define POLL_US 5000
#define RETRY_S "1"

bool mod_zta_message_is_type(const request_rec *r, const char *type)
{
    const char *given = apr_table_get(r->headers_in, "Content-Type");
    const size_t len = strlen(type);
    return given != NULL && ap_cstr_casecmpn(given, type, len) == 0 &&
           (given[len] == '\0' || given[len] == ';' || given[len] == ' ' || given[len] == '\t');
}

int mod_zta_message_read(request_rec *r, char **body, size_t *len)
{
    int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    *body = apr_pcalloc(r->pool, MOD_ZTA_MESSAGE_MAX + 2);
    *len = 0;
    if (status != OK) {
        return status;
    }
    if (r->remaining > MOD_ZTA_MESSAGE_MAX) {
        r->connection->keepalive = AP_CONN_CLOSE;
        return HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    if (!ap_should_client_block(r)) {
        return HTTP_OK;
    }
    while (*len <= MOD_ZTA_MESSAGE_MAX) {
        const long n =
            ap_get_client_block(r, *body + *len, (apr_size_t)(MOD_ZTA_MESSAGE_MAX + 1 - *len));
        if (n < 0) {
            r->connection->keepalive = AP_CONN_CLOSE;
            return HTTP_BAD_REQUEST;
        }
        if (n == 0) {
            return HTTP_OK;
        }
        *len += (size_t)n;
    }
    r->connection->keepalive = AP_CONN_CLOSE;
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

static enum zta_letter_state wait_for(struct zta_segment *segment, const struct zta_letter *letter)
{
    const int64_t until_ns = zta_clock_monotonic_ns() + WAIT_NS;
    enum zta_letter_state state = zta_mailbox_look(segment, letter);
    while (state == ZTA_LETTER_WAITING && zta_clock_monotonic_ns() < until_ns) {
        apr_sleep(POLL_US);
        state = zta_mailbox_look(segment, letter);
    }
    return state == ZTA_LETTER_WAITING ? zta_mailbox_leave(segment, letter) : state;
}

enum mod_zta_delivery mod_zta_message_deliver(const void *data, size_t size, const char **detail)
{
    struct zta_segment *segment = mod_zta_segment();
    struct zta_letter letter;
    if (!mod_zta_has_whole_store() ||
        zta_mailbox_put(segment, mod_zta_child_incarnation(), data, size, &letter) != ZTA_OK) {
        *detail = "too many signals wait for the helper, or the store is not there";
        return MOD_ZTA_DELIVERY_LATER;
    }
    switch (wait_for(segment, &letter)) {
    case ZTA_LETTER_COMMITTED:
        return MOD_ZTA_DELIVERED;
    case ZTA_LETTER_KNOWN:
        *detail = "the same came before";
        return MOD_ZTA_DELIVERED_BEFORE;
    case ZTA_LETTER_WAITING:
        *detail = "the helper did not write it within 2 s; it will";
        return MOD_ZTA_DELIVERY_LATER;
    case ZTA_LETTER_REFUSED:
        break;
    }
    *detail = "the helper could make nothing of it";
    return MOD_ZTA_DELIVERY_REFUSED;
}

int mod_zta_message_answer(request_rec *r, struct mod_zta_request *request,
                           const struct mod_zta_message_answer *answer)
{
    r->status = answer->status;
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (answer->status == HTTP_SERVICE_UNAVAILABLE || answer->status == HTTP_TOO_MANY_REQUESTS) {
        apr_table_setn(r->headers_out, "Retry-After", RETRY_S);
    }
    if (request != NULL) {
        request->detail = answer->detail;
    }
    ap_set_content_length(r, (apr_off_t)answer->body.len);
    if (answer->body.len > 0) {
        ap_set_content_type(r, "application/json");
        if (!r->header_only) {
            ap_rwrite(answer->body.data, (int)answer->body.len, r);
        }
    }
    return OK;
}

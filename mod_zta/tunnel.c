/* SPDX-License-Identifier: Apache-2.0 */
/* Who can end what: a client's socket by HTTP/1.1, a back end's while it answers this request. */
#include "mod_zta/tunnel.h"

#include <http_config.h>
#include <http_core.h>
#include <util_filter.h>

#include <apr_poll.h>

#include "mod_zta/connection.h"

#define INPUT_NAME  "ZTA_CUT_IN"
#define OUTPUT_NAME "ZTA_CUT_OUT"

/* In the configuration of a stream's own connection. */
struct stream {
    atomic_bool is_over;
};

#define WAIT_US (APR_USEC_PER_SEC / 4)

/* ---- streams ---- */

static bool is_over(const struct stream *stream)
{
    return atomic_load_explicit(&stream->is_over, memory_order_relaxed);
}

/* As mod_http2 would, which itself wakes for nothing but bytes of the client or a timeout. */
static apr_status_t wait_for_bytes(const ap_filter_t *filter, apr_pollfd_t *bytes,
                                   apr_interval_time_t timeout)
{
    const apr_time_t until = apr_time_now() + timeout;
    while (!is_over(filter->ctx)) {
        apr_int32_t n_ready;
        apr_status_t status = apr_poll(bytes, 1, &n_ready, WAIT_US);
        if (!APR_STATUS_IS_TIMEUP(status) && !APR_STATUS_IS_EINTR(status)) {
            return status;
        }
        if (timeout >= 0 && apr_time_now() >= until) {
            return APR_TIMEUP;
        }
    }
    return APR_ECONNABORTED;
}

static apr_status_t read_blocking(const ap_filter_t *filter, apr_bucket_brigade *out,
                                  ap_input_mode_t mode, apr_off_t wanted)
{
    apr_pollfd_t bytes = {.p = filter->c->pool, .desc_type = APR_NO_DESC};
    apr_interval_time_t timeout = -1;
    if (ap_get_pollfd_from_conn(filter->c, &bytes, &timeout) != APR_SUCCESS ||
        bytes.desc_type == APR_NO_DESC) {
        return ap_get_brigade(filter->next, out, mode, APR_BLOCK_READ, wanted);
    }
    bytes.reqevents = APR_POLLIN | APR_POLLHUP;
    apr_status_t status = ap_get_brigade(filter->next, out, mode, APR_NONBLOCK_READ, wanted);
    while (APR_STATUS_IS_EAGAIN(status)) {
        status = wait_for_bytes(filter, &bytes, timeout);
        if (status == APR_SUCCESS) {
            status = ap_get_brigade(filter->next, out, mode, APR_NONBLOCK_READ, wanted);
        }
    }
    return status;
}

static apr_status_t read_unless_over(ap_filter_t *filter, apr_bucket_brigade *out,
                                     ap_input_mode_t mode, apr_read_type_e block, apr_off_t wanted)
{
    const bool is_body = mode == AP_MODE_READBYTES || mode == AP_MODE_SPECULATIVE;
    if (is_over(filter->ctx)) {
        return APR_ECONNABORTED;
    }
    return is_body && block == APR_BLOCK_READ
               ? read_blocking(filter, out, mode, wanted)
               : ap_get_brigade(filter->next, out, mode, block, wanted);
}

/* Without its end: a client that sees the stream reset knows that it has not the whole. */
static apr_status_t pass_unless_over(ap_filter_t *filter, apr_bucket_brigade *in)
{
    if (is_over(filter->ctx)) {
        filter->c->aborted = 1;
        apr_brigade_cleanup(in);
        return APR_ECONNABORTED;
    }
    return ap_pass_brigade(filter->next, in);
}

void mod_zta_tunnel_register(void)
{
    /* Of the connection: those of the request are gone once it is a tunnel. */
    ap_register_input_filter(INPUT_NAME, read_unless_over, NULL, AP_FTYPE_NETWORK - 1);
    ap_register_output_filter(OUTPUT_NAME, pass_unless_over, NULL, AP_FTYPE_NETWORK - 1);
}

void mod_zta_tunnel_begin_stream(conn_rec *c)
{
    struct stream *stream = apr_pcalloc(c->pool, sizeof(*stream));
    ap_set_module_config(c->conn_config, &zta_module, stream);
    ap_add_input_filter(INPUT_NAME, stream, NULL, c);
    ap_add_output_filter(OUTPUT_NAME, stream, NULL, c);
}

/* ---- requests ---- */

static apr_status_t end_open(void *open)
{
    mod_zta_open_end(open);
    return APR_SUCCESS;
}

void mod_zta_tunnel_begin(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    if (request == NULL || r->main != NULL || request->is_recorded) {
        return;
    }
    struct mod_zta_open *open = &request->open;
    const bool is_again = open->is_listed; /* a redirect within the server led to another place */
    mod_zta_open_end(open);
    open->stamp = (struct mod_zta_open_stamp){.signals = 0};
    open->identity = request->identity;
    open->addr = request->facts.addr;
    open->leeway_s = request->leeway_s;
    open->fleet_s = request->fleet_s;
    open->started_ns = request->started_ns;
    open->device = request->context.device;
    open->stance = request->stance;
    open->is_held_to_address = mod_zta_server_of(r->server)->is_enforced;
    if (r->connection->master == NULL) {
        open->client = &mod_zta_connection_of(r->connection)->socket;
    }
    else {
        struct stream *stream = ap_get_module_config(r->connection->conn_config, &zta_module);
        open->is_over = &stream->is_over;
        /* A tunnel of HTTP/2 would wait for its client when the back end's side is cut. */
        if (apr_table_get(r->headers_in, "Upgrade") != NULL) {
            apr_table_setn(r->subprocess_env, "proxy-nohalfclose", "1");
        }
    }
    if (!is_again) {
        apr_pool_cleanup_register(r->pool, open, end_open, apr_pool_cleanup_null);
    }
    mod_zta_open_begin(open);
}

void mod_zta_tunnel_end(struct mod_zta_request *request)
{
    mod_zta_open_end(&request->open);
}

/* ---- back ends ---- */

static apr_status_t leave_origin(void *open)
{
    mod_zta_open_origin_clear(open);
    return APR_SUCCESS;
}

int mod_zta_tunnel_reach(request_rec *r, request_rec *response)
{
    const struct mod_zta_connection *origin =
        ap_get_module_config(response->connection->conn_config, &zta_module);
    struct mod_zta_request *request = mod_zta_request_of(r);
    if (request == NULL || origin == NULL || r->main != NULL) {
        return OK;
    }
    mod_zta_open_origin_set(&request->open, &origin->socket);
    /* mod_proxy destroys it before it closes the connection or lets another request have it. */
    apr_pool_cleanup_register(response->pool, &request->open, leave_origin, apr_pool_cleanup_null);
    return OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One struct in the connection's configuration, made where a client's connection begins. */
#include "mod_zta/connection.h"

#include <http_config.h>

#include <apr_portable.h>

#include "mod_zta/config.h"
#include "mod_zta/geo.h"
#include "mod_zta/tls.h"
#include "mod_zta/tunnel.h"

int mod_zta_connection_begin(conn_rec *c, void *socket)
{
    apr_os_sock_t fd;
    if (!mod_zta_global()->is_governed) {
        return DECLINED;
    }
    if (c->master != NULL) {
        mod_zta_tunnel_begin_stream(c);
        return DECLINED;
    }
    struct mod_zta_connection *connection = apr_pcalloc(c->pool, sizeof(*connection));
    if (socket != NULL && apr_os_sock_get(&fd, socket) == APR_SUCCESS) {
        mod_zta_socket_note(fd, &connection->socket);
    }
    if (!c->outgoing) {
        connection->tls = mod_zta_tls_state_make(c->pool);
        connection->geo = mod_zta_geo_cache_make(c->pool);
    }
    ap_set_module_config(c->conn_config, &zta_module, connection);
    return DECLINED;
}

struct mod_zta_connection *mod_zta_connection_of(const conn_rec *c)
{
    const conn_rec *own = c->master != NULL ? c->master : c;
    return ap_get_module_config(own->conn_config, &zta_module);
}

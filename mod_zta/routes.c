/* SPDX-License-Identifier: Apache-2.0 */
/* Reads mod_proxy's aliases once, so that a request finds its route by comparing prefixes. */
#include "mod_zta/routes.h"

#include <http_config.h>
#include <mod_proxy.h>

#include <stdlib.h>
#include <string.h>

#include "mod_zta/config.h"

static int longest_first(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    size_t left_len = strlen(*left);
    size_t right_len = strlen(*right);
    return left_len == right_len ? strcmp(*left, *right) : left_len < right_len ? 1 : -1;
}

void mod_zta_routes_collect(apr_pool_t *pconf, server_rec *main_server)
{
    module *proxy = ap_find_linked_module("mod_proxy.c");
    unsigned n = 0;
    for (server_rec *s = main_server; proxy != NULL && s != NULL; s = s->next) {
        const proxy_server_conf *conf = ap_get_module_config(s->module_config, proxy);
        apr_array_header_t *routes = apr_array_make(pconf, 8, sizeof(const char *));
        for (int i = 0; i < conf->aliases->nelts && n < ZTA_ROUTES_MAX; i++) {
            const struct proxy_alias *alias = &APR_ARRAY_IDX(conf->aliases, i, struct proxy_alias);
            if (alias->fake != NULL && alias->regex == NULL) {
                APR_ARRAY_PUSH(routes, const char *) = alias->fake;
                n++;
            }
        }
        qsort(routes->elts, (size_t)routes->nelts, sizeof(const char *), longest_first);
        mod_zta_server_of(s)->routes = routes;
    }
}

struct zta_text mod_zta_route_of(const server_rec *s, const char *location, struct zta_text path)
{
    if (location != NULL) {
        return zta_text_of(location);
    }
    const apr_array_header_t *routes = mod_zta_server_of(s)->routes;
    for (int i = 0; routes != NULL && i < routes->nelts; i++) {
        struct zta_text prefix = zta_text_of(APR_ARRAY_IDX(routes, i, const char *));
        if (zta_text_starts_with(path, prefix) &&
            (path.len == prefix.len || prefix.data[prefix.len - 1] == '/' ||
             path.data[prefix.len] == '/')) {
            return prefix;
        }
    }
    return ZTA_TEXT("other");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* mod_remoteip tells nobody whom it trusts: its lines of the configuration do. */
#include "mod_zta/never.h"

#include <http_config.h>
#include <http_log.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/conftree.h"
#include "shared/base/net.h"

#define TEXT_LINE_MAX 512

static void add(apr_array_header_t *never, const struct zta_cidr *cidr)
{
    if (never->nelts < ZTA_GOVERNOR_NEVER_MAX) {
        APR_ARRAY_PUSH(never, struct zta_cidr) = *cidr;
    }
}

/* Names of hosts are left out: mod_remoteip looked them up when httpd started. */
static void add_word(apr_array_header_t *never, const char *word)
{
    struct zta_cidr cidr;
    if (zta_cidr_parse(zta_text_of(word), &cidr, NULL) == ZTA_OK) {
        add(never, &cidr);
    }
}

static void add_words(apr_pool_t *pool, apr_array_header_t *never, const char *words)
{
    while (*words != '\0') {
        const char *word = ap_getword_conf(pool, &words);
        if (word[0] == '#') {
            return;
        }
        add_word(never, word);
    }
}

/* As mod_remoteip reads them: a network or an address a line, comments with '#'. */
static void add_list(apr_pool_t *pool, apr_array_header_t *never, const char *args)
{
    char line[TEXT_LINE_MAX];
    apr_file_t *file;
    const char *path = ap_server_root_relative(pool, ap_getword_conf(pool, &args));
    if (path == NULL ||
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, pool) != APR_SUCCESS) {
        return;
    }
    while (apr_file_gets(line, sizeof(line), file) == APR_SUCCESS) {
        line[strcspn(line, "\r\n")] = '\0';
        add_words(pool, never, line);
    }
    (void)apr_file_close(file);
}

static void add_proxies(apr_pool_t *pool, apr_array_header_t *never)
{
    for (const ap_directive_t *node = ap_conftree; node != NULL;
         node = mod_zta_conftree_next(node)) {
        if (strcasecmp(node->directive, "RemoteIPInternalProxy") == 0 ||
            strcasecmp(node->directive, "RemoteIPTrustedProxy") == 0) {
            add_words(pool, never, node->args);
        }
        else if (strcasecmp(node->directive, "RemoteIPInternalProxyList") == 0 ||
                 strcasecmp(node->directive, "RemoteIPTrustedProxyList") == 0) {
            add_list(pool, never, node->args);
        }
    }
}

static void add_own(apr_array_header_t *never)
{
    struct ifaddrs *interfaces;
    if (getifaddrs(&interfaces) != 0) {
        return;
    }
    for (const struct ifaddrs *at = interfaces; at != NULL; at = at->ifa_next) {
        struct zta_cidr own = {.prefix = 0};
        if (at->ifa_addr == NULL) {
            continue;
        }
        if (at->ifa_addr->sa_family == AF_INET) {
            const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)at->ifa_addr;
            own = (struct zta_cidr){.addr = {.family = 4}, .prefix = 32};
            memcpy(own.addr.bytes, &v4->sin_addr, sizeof(v4->sin_addr));
            add(never, &own);
        }
        else if (at->ifa_addr->sa_family == AF_INET6) {
            const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;
            own = (struct zta_cidr){.addr = {.family = 6}, .prefix = 128};
            memcpy(own.addr.bytes, &v6->sin6_addr, sizeof(v6->sin6_addr));
            add(never, &own);
        }
    }
    freeifaddrs(interfaces);
}

apr_array_header_t *mod_zta_never_collect(apr_pool_t *pool)
{
    apr_array_header_t *never = apr_array_copy(pool, mod_zta_global()->never);
    add_own(never);
    add_proxies(pool, never);
    return never;
}

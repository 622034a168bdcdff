/* SPDX-License-Identifier: Apache-2.0 */
/* URLs are taken apart by hand: what is compared is what is written. */
#include "mod_zta/identity/discovery.h"

#include <string.h>

#include "mod_zta/identity/strict_json.h"

static const struct zta_text https = ZTA_TEXT("https://");
static const struct zta_text http = ZTA_TEXT("http://");

struct parts {
    bool is_plain;
    struct zta_text authority; /* host and perhaps port */
    struct zta_text host;      /* with brackets, where it has them */
    struct zta_text port;      /* absent: the scheme's */
    struct zta_text rest;      /* path and query, may be empty */
};

static bool starts_nocase(struct zta_text text, struct zta_text prefix)
{
    return text.len >= prefix.len &&
           zta_text_equal_nocase((struct zta_text){.data = text.data, .len = prefix.len}, prefix);
}

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Nothing that two readers of URLs could see differently. */
static bool has_clean_bytes(struct zta_text url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] >= 0x7f || is_in(url.data[i], "\"<>\\^`{|}#@")) {
            return false;
        }
    }
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           is_in(c, "-_.");
}

/* Splits "host[:port]"; false when it is none. */
static bool split_authority(struct parts *parts)
{
    const struct zta_text authority = parts->authority;
    size_t n = 0;
    if (authority.len > 0 && authority.data[0] == '[') {
        for (n = 1; n < authority.len && authority.data[n] != ']'; n++) {
            if (zta_hex_digit(authority.data[n]) < 0 && !is_in(authority.data[n], ":.")) {
                return false;
            }
        }
        if (n < 3 || n == authority.len) {
            return false;
        }
        n++;
    }
    else {
        while (n < authority.len && is_name_byte(authority.data[n])) {
            n++;
        }
    }
    parts->host = (struct zta_text){.data = authority.data, .len = n};
    parts->port = (struct zta_text){.data = NULL};
    if (n == 0 || n == authority.len) {
        return n > 0;
    }
    uint64_t port;
    parts->port = (struct zta_text){.data = authority.data + n + 1, .len = authority.len - n - 1};
    return authority.data[n] == ':' && zta_text_to_u64(parts->port, 65535, &port) == ZTA_OK &&
           port > 0;
}

static bool split(struct zta_text url, struct parts *parts)
{
    if (zta_text_is_absent(url) || url.len > MOD_ZTA_URL_MAX || !has_clean_bytes(url)) {
        return false;
    }
    parts->is_plain = !starts_nocase(url, https);
    const struct zta_text scheme = parts->is_plain ? http : https;
    if (!starts_nocase(url, scheme)) {
        return false;
    }
    size_t end = scheme.len;
    while (end < url.len && !is_in(url.data[end], "/?")) {
        end++;
    }
    parts->authority = (struct zta_text){.data = url.data + scheme.len, .len = end - scheme.len};
    parts->rest = (struct zta_text){.data = url.data + end, .len = url.len - end};
    return split_authority(parts);
}

static bool is_loopback(struct zta_text host)
{
    static const struct zta_text names[] = {ZTA_TEXT("127.0.0.1"), ZTA_TEXT("localhost"),
                                            ZTA_TEXT("[::1]")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (zta_text_equal_nocase(host, names[i])) {
            return true;
        }
    }
    return false;
}

bool mod_zta_url_is_fetchable(struct zta_text url)
{
    struct parts parts;
    return split(url, &parts) && (!parts.is_plain || is_loopback(parts.host));
}

bool mod_zta_url_is_plain(struct zta_text url)
{
    return starts_nocase(url, http);
}

static struct zta_text port_of(const struct parts *parts)
{
    if (!zta_text_is_absent(parts->port)) {
        return parts->port;
    }
    return parts->is_plain ? ZTA_TEXT("80") : ZTA_TEXT("443");
}

bool mod_zta_url_is_same_origin(struct zta_text a, struct zta_text b)
{
    struct parts one;
    struct parts other;
    return split(a, &one) && split(b, &other) && one.is_plain == other.is_plain &&
           zta_text_equal_nocase(one.host, other.host) &&
           zta_text_equal(port_of(&one), port_of(&other));
}

enum zta_status mod_zta_discovery_url(struct zta_text issuer, enum mod_zta_discovery_form form,
                                      char *out, size_t size)
{
    static const char *const inserted[MOD_ZTA_N_DISCOVERY_PLACES] = {
        [MOD_ZTA_DISCOVERY_OAUTH] = "oauth-authorization-server",
        [MOD_ZTA_DISCOVERY_SSF] = "ssf-configuration",
        [MOD_ZTA_DISCOVERY_RISC] = "risc-configuration",
    };
    struct parts parts;
    if (!mod_zta_url_is_fetchable(issuer) || !split(issuer, &parts) ||
        memchr(issuer.data, '?', issuer.len) != NULL) {
        return ZTA_INVALID;
    }
    struct zta_text path = parts.rest;
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        path.len--; /* both standards remove one that ends the issuer */
    }
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    zta_buffer_text(&buffer, parts.is_plain ? http : https);
    zta_buffer_text(&buffer, parts.authority);
    if (form == MOD_ZTA_DISCOVERY_OIDC) {
        zta_buffer_text(&buffer, path);
        zta_buffer_string(&buffer, "/.well-known/openid-configuration");
    }
    else {
        zta_buffer_printf(&buffer, "/.well-known/%s", inserted[form]);
        zta_buffer_text(&buffer, path);
    }
    return buffer.is_overflowed || buffer.len > MOD_ZTA_URL_MAX ? ZTA_TOO_LARGE : ZTA_OK;
}

/* May a document of this issuer send us there? */
static bool is_usable(struct zta_text url, struct zta_text issuer)
{
    return mod_zta_url_is_fetchable(url) &&
           (!mod_zta_url_is_plain(url) || mod_zta_url_is_plain(issuer));
}

static void copy(struct zta_text from, char out[MOD_ZTA_URL_MAX + 1])
{
    memcpy(out, from.data, from.len);
    out[from.len] = '\0';
}

static enum zta_status read_document(const json_t *root, struct zta_text issuer,
                                     struct mod_zta_discovery *discovery, struct zta_error *error)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    struct zta_text named = mod_zta_json_text(root, "issuer");
    struct zta_text jwks_uri = mod_zta_json_text(root, "jwks_uri");
    struct zta_text introspection = mod_zta_json_text(root, "introspection_endpoint");
    if (!zta_text_equal(named, issuer)) {
        return zta_error_set(error, ZTA_INVALID, "its issuer is '%s', expected '%.*s'",
                             mod_zta_excerpt(named, excerpt), (int)issuer.len, issuer.data);
    }
    if (!is_usable(jwks_uri, issuer)) {
        return zta_error_set(error, ZTA_INVALID, "its jwks_uri is '%s', expected an https URL",
                             mod_zta_excerpt(jwks_uri, excerpt));
    }
    copy(jwks_uri, discovery->jwks_uri);
    discovery->introspection_endpoint[0] = '\0';
    if (is_usable(introspection, issuer)) {
        copy(introspection, discovery->introspection_endpoint);
    }
    return ZTA_OK;
}

enum zta_status mod_zta_discovery_parse(struct zta_text document, struct zta_text issuer,
                                        struct mod_zta_discovery *discovery,
                                        struct zta_error *error)
{
    json_t *root;
    const char *fault;
    enum zta_status status = mod_zta_json_load_document(document, &root, &fault);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "it cannot be read: %s", fault);
    }
    status = read_document(root, issuer, discovery, error);
    json_decref(root);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisation in two steps: bytes of the path into one spelling, then its dot segments. */
#include "mod_zta/identity/htu.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    PORT_MAX = 65535,
    PORT_DIGITS_MAX = 5,
};

struct uri {
    bool is_https;
    struct zta_text host;
    struct zta_text port; /* absent or empty: of the scheme */
    struct zta_text path; /* may be empty */
    struct zta_text rest; /* query and fragment with their signs */
};

static bool is_alphanumeric(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 3986 section 2.3. */
static bool is_unreserved(char c)
{
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* pchar of RFC 3986 section 3.3, and the slash. */
static bool is_path_char(char c)
{
    return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@/", c) != NULL);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Length up to the first of these characters, or all. */
static size_t span_to(struct zta_text text, const char *stops)
{
    size_t len = 0;
    while (len < text.len && (text.data[len] == '\0' || strchr(stops, text.data[len]) == NULL)) {
        len++;
    }
    return len;
}

static struct zta_text behind(struct zta_text text, size_t n)
{
    return (struct zta_text){.data = text.data + n, .len = text.len - n};
}

static bool starts_with_nocase(struct zta_text text, struct zta_text prefix)
{
    return text.len >= prefix.len &&
           zta_text_equal_nocase((struct zta_text){.data = text.data, .len = prefix.len}, prefix);
}

/* A registered name or IPv4, or an IPv6 address in brackets; no user information, no escapes. */
static bool is_host(struct zta_text host)
{
    bool is_literal = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    struct zta_text name = host;
    if (is_literal) {
        name = (struct zta_text){.data = host.data + 1, .len = host.len - 2};
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (is_literal ? zta_hex_digit(c) < 0 && c != ':' && c != '.'
                       : !is_alphanumeric(c) && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return name.len > 0 && name.len <= ZTA_HOST_MAX;
}

static enum zta_status split_authority(struct zta_text authority, struct uri *uri)
{
    size_t host_len = authority.len > 0 && authority.data[0] == '[' ? span_to(authority, "]") + 1
                                                                    : span_to(authority, ":");
    if (host_len > authority.len) {
        return ZTA_INVALID;
    }
    uri->host = (struct zta_text){.data = authority.data, .len = host_len};
    uri->port = behind(authority, host_len);
    if (uri->port.len > 0) {
        if (uri->port.data[0] != ':') {
            return ZTA_INVALID;
        }
        uri->port = behind(uri->port, 1);
    }
    return is_host(uri->host) ? ZTA_OK : ZTA_INVALID;
}

static enum zta_status split(struct zta_text text, struct uri *uri)
{
    static const struct zta_text http = ZTA_TEXT("http://");
    static const struct zta_text https = ZTA_TEXT("https://");
    uri->is_https = starts_with_nocase(text, https);
    if (!uri->is_https && !starts_with_nocase(text, http)) {
        return ZTA_INVALID;
    }
    text = behind(text, uri->is_https ? https.len : http.len);
    size_t authority_len = span_to(text, "/?#");
    struct zta_text authority = {.data = text.data, .len = authority_len};
    text = behind(text, authority_len);
    uri->path = (struct zta_text){.data = text.data, .len = span_to(text, "?#")};
    uri->rest = behind(text, uri->path.len);
    return split_authority(authority, uri);
}

static enum zta_status put_authority(const struct uri *uri, struct zta_buffer *out)
{
    struct zta_text digits = uri->port;
    while (digits.len > 1 && digits.data[0] == '0') {
        digits = behind(digits, 1);
    }
    uint64_t port = uri->is_https ? 443 : 80;
    const uint64_t usual = port;
    if (digits.len > 0 && (digits.len > PORT_DIGITS_MAX ||
                           zta_text_to_u64(digits, PORT_MAX, &port) != ZTA_OK || port == 0)) {
        return ZTA_INVALID;
    }
    zta_buffer_string(out, uri->is_https ? "https://" : "http://");
    for (size_t i = 0; i < uri->host.len; i++) {
        const char c = lower(uri->host.data[i]);
        zta_buffer_append(out, &c, 1);
    }
    if (port != usual) {
        zta_buffer_printf(out, ":%u", (unsigned)port);
    }
    return ZTA_OK;
}

/*
 * What should have been escaped and often is not ("[", "|"): it has one meaning only, unlike a
 * backslash, which some take for a slash.
 */
static bool is_sloppy(char c)
{
    return c > ' ' && c < 0x7f && c != '\\' && c != '%' && !is_path_char(c);
}

/* Escapes in upper case, and none for what needs none: "%7e" is "~", and "%2e" a dot. */
static enum zta_status put_bytes(struct zta_text path, struct zta_buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.data[i];
        bool is_escaped = is_sloppy(path.data[i]);
        if (c == '%') {
            int high = i + 2 < path.len ? zta_hex_digit(path.data[i + 1]) : -1;
            int low = i + 2 < path.len ? zta_hex_digit(path.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return ZTA_INVALID;
            }
            c = (unsigned char)(high << 4 | low);
            is_escaped = !is_unreserved((char)c);
            i += 2;
        }
        else if (!is_escaped && !is_path_char(path.data[i])) {
            return ZTA_INVALID;
        }
        const char escape[] = {'%', digits[c >> 4], digits[c & 0xf]};
        const char plain = (char)c;
        zta_buffer_append(out, is_escaped ? escape : &plain, is_escaped ? sizeof escape : 1);
    }
    return ZTA_OK;
}

/* RFC 3986 section 5.2.4, in place; path begins with a slash. Returns the new length. */
static size_t remove_dots(char *path, size_t len)
{
    size_t to = 0;
    for (size_t from = 0; from < len;) {
        size_t end = from + 1; /* of the segment behind the slash at from */
        while (end < len && path[end] != '/') {
            end++;
        }
        const size_t n = end - from - 1;
        const bool is_dot = n == 1 && path[from + 1] == '.';
        const bool is_dots = n == 2 && path[from + 1] == '.' && path[from + 2] == '.';
        if (is_dots) {
            while (to > 0 && path[--to] != '/') {
            }
        }
        if (!is_dot && !is_dots) {
            memmove(path + to, path + from, end - from);
            to += end - from;
        }
        else if (end == len) {
            path[to++] = '/';
        }
        from = end;
    }
    return to;
}

enum zta_status mod_zta_htu_normalise(struct zta_text text, char *out, size_t size, size_t *len)
{
    struct uri uri;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    enum zta_status status = split(text, &uri);
    if (status == ZTA_OK) {
        status = put_authority(&uri, &buffer);
    }
    const size_t path_at = buffer.len;
    if (status == ZTA_OK) {
        status = uri.path.len > 0 ? put_bytes(uri.path, &buffer) : ZTA_OK;
    }
    if (uri.path.len == 0) {
        zta_buffer_string(&buffer, "/");
    }
    if (status != ZTA_OK || buffer.is_overflowed) {
        return status != ZTA_OK ? status : ZTA_TOO_LARGE;
    }
    *len = path_at + remove_dots(out + path_at, buffer.len - path_at);
    out[*len] = '\0';
    return ZTA_OK;
}

enum zta_status mod_zta_htu_origin(struct zta_text text, char *out, size_t size, size_t *len)
{
    struct uri uri;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    enum zta_status status = split(text, &uri);
    if (status == ZTA_OK) {
        status = put_authority(&uri, &buffer);
    }
    if (status != ZTA_OK || uri.rest.len > 0 ||
        (uri.path.len > 0 && !zta_text_equal(uri.path, ZTA_TEXT("/")))) {
        return ZTA_INVALID;
    }
    if (buffer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    *len = buffer.len;
    return ZTA_OK;
}
